package value

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// Key returns the key that identifies a stored text as a value. It ignores case, white space, control characters,
// accents on Latin letters (Citroën is CITROEN, "red " is Red), the dots of ё, and the width of letters and digits.
// Punctuation counts ("4.0 TFSI" is not "40 TFSI", Sport is not Sport+), and so do all other marks (パン is not ハン, й is
// not и).
func Key(s string) string {
	return string(AppendKey(make([]byte, 0, len(s)), s))
}

// SameText reports whether two texts are one value.
func SameText(a, b string) bool {
	return a == b || Key(a) == Key(b)
}

// AppendKey appends the key of a text to b.
func AppendKey[T string | []byte](b []byte, s T) []byte {
	start := len(b)
	for i := 0; i < len(s); {
		// Any byte without a case is white space or a control character, and is left out.
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		case c > ' ' && c < 0x7F:
			b = append(b, c)
		case c >= utf8.RuneSelf:
			// Letters of two bytes are looked up. A text with a longer one, or a mark, is read again from its start.
			if i+1 == len(s) {
				return appendForeignKey(b[:start], string(s))
			}

			key, known := shortKey(c, s[i+1])
			if !known {
				return appendForeignKey(b[:start], string(s))
			}

			b = append(b, key...)
			i++
		}

		i++
	}

	return b
}

// shortKeys are the precomputed keys of two-byte letters, up to the Cyrillic ones.
var shortKeys = func() (keys [0x500]string) {
	for r := rune(utf8.RuneSelf); int(r) < len(keys); r++ {
		keys[r] = string(appendForeignKey(nil, string(r)))
	}
	return keys
}()

// shortKey returns the key of a two-byte letter. It does not know marks, because they belong to the letter before.
func shortKey(first, second byte) (key string, known bool) {
	// Decode two bytes of UTF-8.
	r := rune(first&0x1F)<<6 | rune(second&0x3F)
	if first < 0xC2 || first > 0xDF || second&0xC0 != 0x80 || int(r) >= len(shortKeys) || unicode.Is(unicode.Mn, r) {
		return "", false
	}
	return shortKeys[r], true
}

// appendForeignKey appends the key of a text with letters beyond ASCII. Bytes that are not UTF-8 count too, as U+FFFD
// and their two hex digits.
func appendForeignKey(b []byte, s string) []byte {
	s = norm.NFD.String(width.Fold.String(s))
	var base rune // the letter that the next marks belong to
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		isInvalid := r == utf8.RuneError && size == 1
		switch {
		case isInvalid:
			b = fmt.Appendf(b, "%c%02x", utf8.RuneError, s[0])
		case unicode.IsSpace(r), unicode.Is(unicode.C, r):
		case unicode.Is(unicode.Mn, r):
			if !isIgnoredMark(base, r) {
				b = utf8.AppendRune(b, r)
			}
		default:
			base = r
			b = appendLetter(b, r)
		}

		s = s[size:]
	}

	return b
}

// isIgnoredMark reports whether a mark does not change the identity of its letter: any accent on a Latin letter, and
// the dots of ё.
func isIgnoredMark(base, mark rune) bool {
	const diaeresis = '\u0308'
	return unicode.Is(unicode.Latin, base) || mark == diaeresis && (base == 'е' || base == 'Е')
}

// appendLetter appends a letter in lower case, and a Latin letter without its accents.
func appendLetter(b []byte, r rune) []byte {
	r = unicode.ToLower(unicode.ToUpper(r)) // via upper case, ς becomes σ, and ı becomes i
	if plain, ok := plainLatin[r]; ok {
		return append(b, plain...)
	}
	return utf8.AppendRune(b, r)
}
