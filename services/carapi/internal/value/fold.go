// Package value understands single values. It folds and compares texts; reads numbers, amounts and their units; defines
// the stored form of each type; splits lists; and knows other words for values. It knows no table, no request and no
// database.
package value

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold reduces a text to what people mean by it: lower case, no accents, no spaces or punctuation. "F-150", "f150" and
// "F 150" fold to the same text, and so do "Citroën" and "CITROEN", "Weiß" and "weiss". A text without letters and
// digits folds to "".
func Fold(s string) string {
	fold := func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1 // including the combining marks from NFKD
	}

	if isASCII(s) {
		return strings.Map(fold, s)
	}

	return plainReplacer.Replace(strings.Map(fold, norm.NFKD.String(s)))
}

// AppendFold appends the folded text to b.
func AppendFold[T string | []byte](b []byte, s T) []byte {
	if !isASCII(s) {
		return append(b, Fold(string(s))...)
	}

	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		case c >= 'a' && c <= 'z', isDigit(c):
			b = append(b, c)
		}
	}

	return b
}

// plainLatin replaces letters that people write plainly although Unicode does not treat them as a letter with an
// accent.
var plainLatin = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th",
	'ı': "i",
}

// plainReplacer applies plainLatin, and turns a final sigma into any other sigma.
var plainReplacer = func() *strings.Replacer {
	pairs := []string{"ς", "σ"}
	for letter, plain := range plainLatin {
		pairs = append(pairs, string(letter), plain)
	}
	return strings.NewReplacer(pairs...)
}()

// SameFolded reports whether a stored text equals a word except for case, accents, spaces and punctuation: F-150 is
// f150. A word without letters and digits only equals itself.
func SameFolded(stored, word string) bool {
	if stored == word {
		return true
	}
	folded := Fold(word)
	return folded != "" && Fold(stored) == folded
}

// PlainLetters returns a text in lower case and without accents, but with its spaces and punctuation. Words are
// searched for in long texts in this form.
func PlainLetters(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}

	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'ß', r == 'ẞ':
			return 's' // a single letter, as in MySQL's utf8mb4_general_ci
		case r == 'ς':
			return 'σ' // lower-casing an upper-case word gives σ at its end
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}

// AppendPlainLetters appends the text in the form of PlainLetters to b.
func AppendPlainLetters[T string | []byte](b []byte, s T) []byte {
	if !isASCII(s) {
		return append(b, PlainLetters(string(s))...)
	}

	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}

	return b
}

// Digits returns the ASCII digits of a text.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// IsTransposition reports whether two words differ only in two swapped neighboring letters.
func IsTransposition(a, b []rune) bool {
	if len(a) != len(b) {
		return false
	}

	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}

	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && slices.Equal(a[i+2:], b[i+2:])
}

// IsClean reports whether a text is certainly unchanged by Clean. It is a quick check that may return false for a clean
// text.
func IsClean(s []byte) bool { return isPlain(s) }

// Clean removes from untrusted text what could affect a screen or a reader: bidirectional overrides, tag characters,
// and control characters other than line ends and tabs.
func Clean(s string) string {
	if isPlain(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if actsOnScreen(r) {
			return -1
		}
		return r
	}, s)
}

// actsOnScreen reports whether a character is a control character other than a line end or a tab, a bidirectional
// override, or a tag.
func actsOnScreen(r rune) bool {
	if r == '\n' || r == '\t' || r == '\r' {
		return false
	}
	return unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r >= 0xE0000 && r <= 0xE007F
}

func isASCII[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// FoldAll folds all texts.
func FoldAll(texts []string) []string {
	folded := make([]string, len(texts))
	for i, text := range texts {
		folded[i] = Fold(text)
	}
	return folded
}
