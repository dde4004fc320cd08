package value

import (
	"cmp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest gives the names that one was perhaps meant to be, at most three, the likeliest first.
func Nearest(name string, names []string) []string {
	const most = 3
	folded := Fold(name)
	if len(name) > 100 || folded == "" {
		return nil
	}
	type candidate struct {
		name     string
		distance int
	}
	limit := max(1, min(len(folded)/3, 2))
	var candidates []candidate
	for _, n := range names {
		f := Fold(n)
		d := levenshtein.ComputeDistance(folded, f)
		switch {
		case f == folded:
			d = 0
		case Transposed([]rune(folded), []rune(f)):
			d = 1
		case len(folded) >= 3 && (strings.Contains(f, folded) || strings.Contains(folded, f) && len(f) >= 3):
			d = min(d, 2)
		}
		if d <= limit {
			candidates = append(candidates, candidate{n, d})
		}
	}

	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
	})
	var found []string
	for _, c := range candidates[:min(len(candidates), most)] {
		found = append(found, c.name)
	}
	return found
}

// OneTypo reports whether a name is another one with a single typing error. Names of up to three letters and names with
// comparison signs never are.
func OneTypo(name, meant string) bool {
	a, b := Fold(name), Fold(meant)
	if Transposed([]rune(a), []rune(b)) {
		return true
	}
	return len(a) > 3 && !strings.ContainsAny(name, "!<>=~") && levenshtein.ComputeDistance(a, b) <= 1
}

// Excerpt is what a message repeats of a caller's text: valid UTF-8, and at most about 100 bytes of it.
func Excerpt(s string) string {
	const most = 100
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= most {
		return s
	}
	cut := most
	for s[cut]&0xC0 == 0x80 { // inside a letter
		cut--
	}
	return s[:cut] + "..."
}
