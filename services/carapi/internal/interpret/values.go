package interpret

import (
	"cmp"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/value"
)

// Separators between alternatives. They count only if the whole text is not in stock as written.
var (
	valueSeparators = regexp.MustCompile(`(?i)\s*(?:,|;|\||/|\s+(?:or|and)\s+|\s+&\s+)\s*`)

	// In colors and lists, "and" joins parts of one value (black and white), or values that are all wanted.
	alternativeSeparators = regexp.MustCompile(`(?i)\s*(?:,|;|\||/|\s+or\s+)\s*`)
)

// aliasValues returns the values in stock that a word is an alias for.
func (r *requestReader) aliasValues(f *catalog.Field, word string) []string {
	var values []string
	for _, other := range r.vocabulary.Aliases(f.Name, word) {
		if other != "" {
			values = append(values, r.index.LookupFolded(f, other)...)
		}
	}
	return r.spellings(f, values)
}

// spellings returns each value that the texts are spellings of, once and in order.
func (r *requestReader) spellings(f *catalog.Field, texts []string) []string {
	if len(texts) < 2 {
		return texts
	}

	var values []string
	for _, v := range r.index.ValuesOf(f, texts) {
		values = append(values, v.Text)
	}

	slices.Sort(values)
	return values
}

// valuesOfWord returns the values that a word stands for. It tries, in this order: the value itself; values that differ
// only in punctuation; aliases; values with the same meaning, for which the word stays as it is.
func (r *requestReader) valuesOfWord(f *catalog.Field, word string) (values []string, reason string) {
	switch found := r.spellings(f, r.index.Lookup(f, word)); {
	case len(found) > 0:
		return found, ""
	case f.HasOwnValues():
		return nil, ""
	}

	if found := r.index.LookupFolded(f, word); len(found) > 0 {
		return r.spellings(f, found), "punctuation"
	}
	if found := r.aliasValues(f, word); len(found) > 0 {
		return found, "alias"
	}
	if r.hasMeaning(f, word) {
		return []string{strings.TrimSpace(word)}, "meaning"
	}

	return nil, ""
}

// hasMeaning reports whether something in stock has a meaning that the word names.
func (r *requestReader) hasMeaning(f *catalog.Field, word string) bool {
	return slices.ContainsFunc(f.NamedMeanings(word),
		func(m string) bool { return len(r.index.TextsWithMeaning(f, m)) > 0 })
}

// beginsModel reports whether models in stock begin with the words of a text.
func (r *requestReader) beginsModel(f *catalog.Field, text string) bool {
	return f.Name == "model" && len(r.index.TextsBeginning(f, text)) > 0
}

// readTexts reads the values of a text field.
func (r *requestReader) readTexts(name string, f *catalog.Field, given []string) {
	texts := r.index.Texts(f)
	if texts == nil || f.HasOwnValues() {
		r.exact[name] = append(r.exact[name], r.withSigns(f, given)...)
		return
	}

	var read []string
	reason := ""
	for _, g := range given {
		items, isList := parseList(g)
		if !isList {
			items = []string{g}
		}

		for _, item := range items {
			// A single value may say more than its field holds.
			isAlone := len(items) == 1 && len(given) == 1 && name == f.Name
			if isAlone && len(r.matchValues(f.Name, item)) == 0 && !r.beginsModel(f, item) && r.splitVehicle(name, f, item) {
				return
			}

			meant, itemReason := r.readAlternatives(f, item)
			if meant == nil {
				meant = []string{item}
			}

			read = append(read, meant...)
			reason = cmp.Or(reason, itemReason)
			if isList {
				reason = cmp.Or(reason, "a list")
			}
		}
	}

	read = uniqueTexts(read)
	if reason != "" {
		r.note(name, reason, url.Values{name: read})
	}

	r.exact[name] = uniqueTexts(append(r.exact[name], read...))
}

// withSigns replaces each value that is not in stock by those that differ only in punctuation.
func (r *requestReader) withSigns(f *catalog.Field, given []string) []string {
	var all []string
	for _, g := range given {
		found := r.index.LookupFolded(f, g)
		if f.IsLong() || len(found) == 0 || len(r.index.Lookup(f, g)) > 0 {
			found = []string{g}
		}
		all = append(all, found...)
	}
	return all
}

// readAlternatives reads one value, or several joined by commas, "or" and the like. It returns the values in stock and
// why they differ from what is written, or nil if one of them means nothing in stock.
func (r *requestReader) readAlternatives(f *catalog.Field, given string) (values []string, reason string) {
	if values, reason = r.readText(f, given); values != nil {
		return values, reason
	}

	between := valueSeparators
	if f.Class() == catalog.ClassList || f.Name == "color" {
		between = alternativeSeparators
	}

	parts := between.Split(strings.TrimSpace(given), -1)
	if len(parts) < 2 {
		return nil, ""
	}

	var all []string
	onlyCommas := strings.Count(given, ",") == len(parts)-1
	for _, part := range parts {
		values, partReason := r.readText(f, part)
		if values == nil && onlyCommas {
			values = []string{part} // Parse reads a list too; this item is not in stock
		}

		if values == nil {
			return nil, ""
		}

		all, reason = append(all, values...), cmp.Or(reason, partReason)
	}

	if !onlyCommas {
		reason = cmp.Or(reason, "alternatives in words")
	}

	return all, reason
}

// readText reads one value.
func (r *requestReader) readText(f *catalog.Field, given string) (values []string, reason string) {
	values, reason = r.valuesOfWord(f, given)
	switch {
	case reason == "alias" || reason == "punctuation":
		return values, reason
	case len(values) > 0, r.beginsModel(f, given):
		return []string{strings.TrimSpace(given)}, "" // keep the text, because it resolves to the same values
	}

	if near := r.correctTypo(f, given); near != nil {
		return near, "spelling"
	}

	return nil, ""
}

// correctTypo returns the values in stock that a mistyped word means: those of the single nearest word. It never
// corrects digits or the first letter: F-150 and F-250 are two models, and so are Leon and Neon.
func (r *requestReader) correctTypo(f *catalog.Field, word string) []string {
	texts := r.index.Texts(f)
	typed := []rune(value.Fold(word))
	if texts == nil || len(typed) < 5 || len(typed) > 60 || f.Name == "city" && len(typed) < 9 {
		return nil
	}

	// consider adds a known word if no other is nearer, and drops those that are farther away.
	severalWords, typedDigits := len(strings.Fields(word)) > 1, value.Digits(string(typed))
	best, candidates := 3, map[string][]string{} // by the values, joined
	consider := func(known string) {
		letters := []rune(known)
		if len(letters) < 5 || letters[0] != typed[0] || absoluteInt(len(letters)-len(typed)) > 2 ||
			value.Digits(known) != typedDigits {
			return
		}

		d := levenshtein.ComputeDistance(string(typed), known)
		if d > best || d > 2 || d == 2 && len(typed) < 12 && !value.IsTransposition(typed, letters) {
			return
		}
		if severalWords && strings.HasPrefix(string(typed), known) {
			return // one word more, such as a trim
		}

		meant := r.spellings(f, append(slices.Clone(texts.Folded[known]), r.aliasValues(f, known)...))
		if len(meant) == 0 {
			return // a name of something that is not in stock
		}

		if d < best {
			best = d
			clear(candidates)
		}

		candidates[strings.Join(meant, "\x00")] = meant
	}

	// Compare with the values in stock, and with their aliases.
	for known := range texts.Folded {
		consider(known)
	}

	for known := range r.vocabulary.AliasWords(f.Name) {
		consider(known)
	}

	if len(candidates) != 1 {
		return nil
	}

	return slices.Collect(maps.Values(candidates))[0]
}

func absoluteInt(n int) int { return max(n, -n) }

// splitVehicle reads a value that says more than its field, such as "Toyota Camry XSE" for a make or "red cars" for a
// color. All of it must be in stock and must not contradict other parameters.
func (r *requestReader) splitVehicle(name string, f *catalog.Field, given string) bool {
	if !slices.Contains(FreeTextFields, f.Name) {
		return false
	}
	if f.Name == "color" && len(valueSeparators.Split(given, -1)) > 1 {
		return false // black and white is one color
	}

	found := r.readWhole(given, FreeTextFields)
	if found[f.Name] == nil || len(found) == 1 && len(strings.Fields(given)) == 1 {
		return false
	}

	// Another parameter must say the same as what was found for it.
	for other, values := range found {
		elsewhere, ok := r.written[other]
		if !ok || other == name {
			continue
		}
		if len(elsewhere) != 1 || !areSame(elsewhere, values) && !slices.Equal(r.matchValues(other, elsewhere[0]), values) {
			return false
		}
	}

	r.note(name, "several things in one", found)
	for other, values := range found {
		if _, elsewhere := r.written[other]; !elsewhere || other == name {
			r.exact[other] = uniqueTexts(append(r.exact[other], values...))
		}
	}

	return true
}

// areSame reports whether both hold the same single value.
func areSame(a, b []string) bool {
	return len(a) == 1 && len(b) == 1 && value.Fold(a[0]) == value.Fold(b[0])
}

// Meaning returns the values in stock that a word means in a field.
func (in *Interpreter) Meaning(x *index.Index, f *catalog.Field, word string) []string {
	r := requestReader{Interpreter: in, index: x}
	if values, reason := r.valuesOfWord(f, word); reason != "meaning" {
		return values
	}

	var texts []string
	for _, m := range f.NamedMeanings(word) {
		texts = append(texts, x.TextsWithMeaning(f, m)...)
	}

	return r.spellings(f, texts)
}
