package index

import (
	"slices"
	"strings"
	"testing"
)

// A word is found in each text that contains it, whether they are many or few.
func TestHaystack(t *testing.T) {
	var texts []string
	for i := range 1000 {
		texts = append(texts, strings.Repeat("ab", i%7)+strings.Repeat("c", i%31/30)+strings.Repeat("d", i/999))
	}

	h := newHaystack(len(texts), func(b []byte, i uint32) []byte { return append(b, texts[i]...) })

	for _, word := range []string{
		"", "a", "ab", "ba", "abababababab", "abababababababab", "c", "bc", "d", "ca",
		"a\x00a", "x",
	} {
		var want []uint32
		for i, text := range texts {
			if strings.Contains(text, word) {
				want = append(want, uint32(i))
			}
		}

		if got := slices.Collect(h.find(word)); !slices.Equal(got, want) {
			t.Errorf("%q: %d texts, want %d", word, len(got), len(want))
		}
	}
}
