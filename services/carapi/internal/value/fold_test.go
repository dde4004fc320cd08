package value

import (
	"testing"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	for _, c := range []struct{ given, folded, plain string }{
		{"F-150", "f150", "f-150"},
		{"F 150", "f150", "f 150"},
		{"Citroën", "citroen", "citroen"},
		{"CITROEN", "citroen", "citroen"},
		{"Citroe\u0308n", "citroen", "citroen"},
		{"Škoda", "skoda", "skoda"},
		{"Weiß", "weiss", "weis"},
		{"Søren Æ", "sorenae", "søren æ"},
		{"Łada", "lada", "łada"},
		{"3,5 t", "35t", "3,5 t"},
		{"Ⅷ", "viii", "ⅷ"},
		{"ﬃ", "ffi", "ﬃ"},
		{"ハン", "ハン", "ハン"},
		{"---", "", "---"},
		{"", "", ""},
		{"a\x00b", "ab", "a\x00b"},
		{"İ", "i", "i"},
		{"WEIẞ", "weiss", "weis"},
		{"Λευκός", "λευκοσ", "λευκοσ"},
		{"ΛΕΥΚΟΣ", "λευκοσ", "λευκοσ"},
	} {
		if got := Fold(c.given); got != c.folded {
			t.Errorf("%q folds to %q, want %q", c.given, got, c.folded)
		}
		if got := PlainLetters(c.given); got != c.plain {
			t.Errorf("%q in plain letters is %q, want %q", c.given, got, c.plain)
		}
	}
}

func TestSameFolded(t *testing.T) {
	for _, c := range []struct {
		stored, word string
		want         bool
	}{
		{"Citroën", "citroen", true},
		{"F-150", "f 150", true},
		{"F-150", "F-15", false},
		{"-", "-", true},
		{"-", "--", false},
		{"", "-", false},
		{"", "", true},
		{"-", "", false},
		{"a", "", false},
		{"Weiss", "weiß", true},
	} {
		if got := SameFolded(c.stored, c.word); got != c.want {
			t.Errorf("stored %q, word %q: %v", c.stored, c.word, got)
		}
	}
}

// FuzzFold checks that the two ways to fold are one, and that folding again changes nothing.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"F-150", "Citroën", "\xff\xfe", "a\u0301", "Ⅷ ß", "ﬃ", "\U0001F697", "K", "ſ", "ẞ"} {
		f.Add(s)
	}

	f.Fuzz(func(t *testing.T, s string) {
		folded, plain := Fold(s), PlainLetters(s)
		if got := string(AppendFold([]byte("x"), s)); got != "x"+folded {
			t.Errorf("%q: %q appended, %q folded", s, got, folded)
		}

		if got := string(AppendFold(nil, []byte(s))); got != folded {
			t.Errorf("%q: %q of bytes, %q of text", s, got, folded)
		}

		if got := string(AppendPlainLetters(nil, []byte(s))); got != plain {
			t.Errorf("%q: %q appended, %q", s, got, plain)
		}

		if again := Fold(folded); utf8.ValidString(s) && again != folded {
			t.Errorf("%q folds to %q, and that to %q", s, folded, again)
		}
	})
}
