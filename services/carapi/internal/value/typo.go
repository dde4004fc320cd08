package value

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// Nearest returns at most three names that name was perhaps meant to be, the likeliest first.
func Nearest(name string, names []string) []string {
	return nearestNames(name, func(yield func(folded, name string) bool) {
		for _, n := range names {
			if !yield(Fold(n), n) {
				return
			}
		}
	})
}

// NearestFolded does what Nearest does, for folded names with their spellings.
func NearestFolded(name string, names map[string][]string) []string {
	return nearestNames(name, func(yield func(folded, name string) bool) {
		for folded, spellings := range names {
			for _, n := range spellings {
				if !yield(folded, n) {
					return
				}
			}
		}
	})
}

// nearestNames returns at most three of the names, which come in pairs of a folded name and its spelling.
func nearestNames(name string, names iter.Seq2[string, string]) []string {
	const most = 3
	folded := Fold(name)
	letters := utf8.RuneCountInString(folded)
	if len(name) > 100 || letters == 0 {
		return nil
	}

	type candidate struct {
		name     string
		distance int
	}

	// Long names may differ in two letters. A name that contains the other one is always near.
	limit := max(1, min(letters/3, 2))

	var candidates []candidate
	for f, n := range names {
		more := utf8.RuneCountInString(f) - letters
		holds := letters >= 3 && (strings.Contains(f, folded) || letters+more >= 3 && strings.Contains(folded, f))
		if !holds && (more > limit || -more > limit) {
			continue // saves computing the distance
		}

		// Two swapped letters count as one error, and a contained name as two at most.
		d := levenshtein.ComputeDistance(folded, f)
		switch {
		case IsTransposition([]rune(folded), []rune(f)):
			d = 1
		case holds:
			d = min(d, 2)
		}

		if d <= limit {
			candidates = append(candidates, candidate{n, d})
		}
	}

	// The nearest come first; of the spellings of one name, only one.
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
	})

	var found []string
	for _, c := range candidates {
		isSame := func(other string) bool { return SameText(other, c.name) }
		if len(found) < most && !slices.ContainsFunc(found, isSame) {
			found = append(found, c.name)
		}
	}

	return found
}

// IsOneTypo reports whether a name differs from another one by a single typing error. It is false for names of up to
// three letters and names with comparison signs.
func IsOneTypo(name, meant string) bool {
	a, b := Fold(name), Fold(meant)
	if IsTransposition([]rune(a), []rune(b)) {
		return true
	}
	return len(a) > 3 && !strings.ContainsAny(name, "!<>=~") && levenshtein.ComputeDistance(a, b) <= 1
}

// Excerpt returns what a message repeats of a caller's text: at most 100 bytes of valid UTF-8.
func Excerpt(s string) string {
	const most = 100
	return Shorten(s, most)
}

// Shorten returns at most limit bytes of a text as valid UTF-8, with three dots for the rest. Characters that could
// affect a screen become U+FFFD, so that a reader notices them. As JSON, the text takes at most twice as many bytes.
func Shorten(s string, limit int) string {
	const dots = "..."
	if len(s) > 4*limit { // the rest is dropped anyway
		s = s[:4*limit]
	}

	s = strings.Map(func(r rune) rune {
		if actsOnScreen(r) || r == '\u2028' || r == '\u2029' {
			return utf8.RuneError
		}
		return r
	}, s)
	if len(s) <= limit {
		return s
	}

	// Do not cut a character in two.
	end := limit - len(dots)
	for !utf8.RuneStart(s[end]) {
		end--
	}

	return s[:end] + dots
}
