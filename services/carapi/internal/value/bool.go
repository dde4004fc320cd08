package value

// ParseBool reads yes or no in one of eleven languages, true or false, on or off, 1 or 0.
func ParseBool(text string) (yes, ok bool) {
	yes, ok = booleanWords[Key(text)]
	return yes, ok
}

var booleanWords = func() map[string]bool {
	all := map[string]bool{}
	for _, word := range []string{
		"1", "1.0", "true", "yes", "y", "t", "on", "j", "ja", "wahr", "oui", "vrai", "sí",
		"s", "verdadero", "vero", "sim", "verdadeiro", "waar", "tak", "prawda", "evet", "var", "doğru", "да", "д", "истина",
		"есть", "так", "є", "✓", "✔", "x",
	} {
		all[Key(word)] = true
	}

	for _, word := range []string{
		"0", "0.0", "false", "no", "n", "f", "off", "nein", "falsch", "non", "faux", "falso",
		"não", "nee", "onwaar", "nie", "fałsz", "hayır", "yok", "yanlış", "нет", "ложь", "ні", "немає", "✗", "✘",
	} {
		all[Key(word)] = false
	}

	return all
}()
