package value

import (
	"strings"
	"unicode"
)

// parseYear returns the only year in a text such as "2015 reg", "03/2015" or "2015-03-01".
func parseYear[T string | []byte](text T) (year string, ok bool) {
	if len(text) > maxNumberText {
		return "", false
	}

	var buf [2 * maxNumberText]byte
	s := strings.TrimSpace(string(appendNumberText(buf[:0], []byte(text))))
	if isYear(s) {
		return s, true
	}

	// Beside the year there may be days and months, and words that belong to a year.
	w := splitWords(s)
	for i := range w.parts {
		key := string(w.key(i, i+1))
		isNumber := isDigits(key)
		switch {
		case isYear(key):
			if year != "" && year != key {
				return "", false
			}
			year = key
		case isNumber && len(key) <= 2, isNumber && strings.Trim(key, "0") == "":
		case !isNumber && numberWords.years[key]:
		default:
			return "", false
		}
	}

	// Other signs may change the meaning.
	if strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.M, unicode.N) && !strings.ContainsRune(" -/.,:()'", r)
	}) {
		return "", false // 2015+, €2015
	}

	return year, year != ""
}
