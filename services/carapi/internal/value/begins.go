package value

import "strings"

// BeginsWith reports whether a stored text begins with the whole words of another one, in any spelling: RAV4 XLE with
// rav4, F-150 Lariat with F150, but not CX-5 with CX.
func BeginsWith(stored, words string) bool {
	folded := Fold(words)
	if folded == "" {
		return false
	}

	// Try each beginning that ends with a whole word. The added space makes the whole text one of them.
	for i, r := range stored + " " {
		if !strings.ContainsRune(" \t\n\u00a0_/(,", r) {
			continue
		}

		switch head := Fold(stored[:i]); {
		case head == folded:
			return true
		case len(head) > len(folded):
			return false
		}
	}

	return false
}
