package value

import (
	"slices"
	"strings"
)

// CurrencyOf gives the currency that a sign, a code or a word stands for, ISO 4217: the usual one where that is among
// those that it can stand for. It is "" for anything else.
func CurrencyOf(sign, usual string) string {
	codes := numberWords.currencies[strings.ReplaceAll(strings.ToLower(strings.TrimSpace(sign)), ".", "")]
	switch {
	case len(codes) == 0:
		return ""
	case slices.Contains(codes, usual):
		return usual
	}
	return codes[0]
}

// sharesCurrency reports whether two signs can stand for the same currency.
func sharesCurrency(a, b string) bool {
	return slices.ContainsFunc(numberWords.currencies[a],
		func(code string) bool { return slices.Contains(numberWords.currencies[b], code) })
}
