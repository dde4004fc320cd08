package value

import (
	"slices"
	"strings"
)

// currencyOf returns the ISO 4217 code of the currency that a sign, a code or a word stands for. It prefers usual if
// the sign may mean that. It returns "" for anything else.
func currencyOf(sign, usual string) string {
	codes := numberWords.currencies[strings.ReplaceAll(strings.ToLower(strings.TrimSpace(sign)), ".", "")]
	switch {
	case len(codes) == 0:
		return ""
	case slices.Contains(codes, usual):
		return usual
	}
	return codes[0]
}

// sharesCurrency reports whether two signs may mean the same currency.
func sharesCurrency(a, b string) bool {
	return slices.ContainsFunc(numberWords.currencies[a],
		func(code string) bool { return slices.Contains(numberWords.currencies[b], code) })
}
