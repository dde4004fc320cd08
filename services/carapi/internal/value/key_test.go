package value

import (
	"testing"
	"unicode/utf8"
)

func TestKey(t *testing.T) {
	for _, same := range [][]string{
		{"Red", "RED", "red ", "Red\u0001", "\u200bRed", "r e d", "Ｒｅｄ", "R\u0301ed", "Red\u00a0"},
		{"Citroën", "CITROEN", "Citroe\u0308n", "citroen"},
		{"Weiß", "WEISS", "WEIẞ"},
		{"чёрный", "черный", "ЧЁРНЫЙ", "че\u0308рныи\u0306"},
		{"Sarı", "SARI", "sari", "Sarİ"},
		{"Łódź", "lodz"},
		{"バン", "ﾊﾞﾝ"},
		{"F-150", "f - 150"},
		{"", " ", "\t\u0000"},
		{"ΛΕΥΚΟΣ", "λευκος"},
	} {
		for _, s := range same[1:] {
			if !SameText(same[0], s) {
				t.Errorf("%q and %q are one value, keys %q and %q", same[0], s, Key(same[0]), Key(s))
			}
		}
	}

	for _, two := range [][2]string{
		{"4.0 TFSI", "40 TFSI"},
		{"Sport", "Sport+"},
		{"1.5", "15"},
		{"ハン", "パン"},
		{"バン", "パン"},
		{"ハン", "バン"},
		{"й", "и"},
		{"ї", "і"},
		{"🍺", "🍣"},
		{"F-150", "F150"},
		{"M\xfcller", "M\xe4ller"},
		{"ё", "ё\u0301"},
		{"가", "나"},
		{"カー", "カ"},
		{"!", "?"},
	} {
		if SameText(two[0], two[1]) {
			t.Errorf("%q and %q are two values, both keys %q", two[0], two[1], Key(two[0]))
		}
	}
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{"Citroën", "F-150", "чёрный", "\xff\xfe", "ﾊﾞﾝ", "e\u0301\u0301\u0301"} {
		f.Add(s)
	}

	f.Fuzz(func(t *testing.T, s string) {
		key := Key(s)
		if again := Key(key); again != key && utf8.ValidString(s) {
			t.Errorf("the key of %q is %q, and of that %q", s, key, again)
		}

		if !utf8.ValidString(key) {
			t.Errorf("%q: %q", s, key)
		}

		if slow := string(appendForeignKey(nil, s)); key != slow {
			t.Errorf("%q: %q, letter by letter %q", s, slow, key)
		}

		if string(AppendKey([]byte("x"), []byte(s))) != "x"+key {
			t.Errorf("%q: AppendKey differs", s)
		}
	})
}
