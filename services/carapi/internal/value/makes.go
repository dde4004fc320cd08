package value

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// beforeMakes are words that may precede the make in a title.
var beforeMakes = []string{"new", "used", "certified", "preowned", "cpo", "owned", "pre"}

// makeNames are the names of makes with their spellings.
type makeNames struct {
	byKey   map[string]string // the make by the joined keys of a spelling's words
	longest int               // words in the longest spelling
}

// add adds the spellings of a make. The first one is its name.
func (m *makeNames) add(spellings []string) {
	for _, s := range spellings {
		w := splitWords(s)
		if _, known := m.byKey[w.joined()]; !known {
			m.byKey[w.joined()] = spellings[0]
		}
		m.longest = max(m.longest, len(w.parts))
	}
}

// IsMake reports whether a text is the name of a make in any spelling.
func (v *Vocabulary) IsMake(text string) bool {
	if len(text) > maxMeaningful {
		return false
	}
	w := splitWords(text)
	return v.makes.byKey[w.joined()] != ""
}

// FindMake returns the make at the beginning of a text, in its usual spelling, and the text after it: Mercedes-Benz and
// "C Class 2011 C200" for "Mercedes Benz C Class 2011 C200". A year or a word such as Used may precede the make.
func (v *Vocabulary) FindMake(text string) (name, rest string, ok bool) {
	w := splitWords(text[:min(len(text), maxMeaningful)])
	first, count := 0, len(w.parts)

	// Skip years and words that may precede the make.
	for first < count {
		key := w.key(first, first+1)
		if !isYear(key) && !slices.Contains(beforeMakes, string(key)) {
			break
		}
		first++
	}

	if first == count {
		return "", text, false
	}

	// The longest spelling counts, so that a make is not found by its first word alone.
	for n := min(v.makes.longest, count-first); n > 0; n-- {
		if name, ok = v.makes.byKey[string(w.key(first, first+n))]; ok {
			return name, trimSigns(text[w.parts[first+n-1].end:]), true
		}
	}

	// Chinese and Japanese have no spaces between a make and its model.
	start, end := w.parts[first].start, w.parts[first].end
	for end > start {
		r, size := utf8.DecodeLastRuneInString(text[start:end])
		if !unicode.In(r, unicode.Han, unicode.Katakana, unicode.Hangul) && r != 'ー' {
			break
		}
		if name, ok = v.makes.byKey[Key(text[start:end])]; ok {
			return name, trimSigns(text[end:]), true
		}

		end -= size
	}

	return "", text, false
}

// trimSigns removes the signs and spaces between a make and what follows.
func trimSigns(s string) string {
	return strings.TrimSpace(strings.TrimLeft(s, " \t\r\n\u00a0_-–—/|,.:;·)"))
}

// isYear reports whether digits are a possible year of a vehicle.
func isYear[T string | []byte](digits T) bool {
	return len(digits) == 4 && isDigits(digits) && string(digits) >= "1885" && string(digits) <= "2100"
}
