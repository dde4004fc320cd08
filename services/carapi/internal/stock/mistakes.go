package stock

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// ParameterError says what is wrong with one parameter of a request.
type ParameterError struct {
	Parameter   string   `json:"parameter"`
	Received    string   `json:"received"`
	Expected    string   `json:"expected"`
	Suggestions []string `json:"suggestions,omitempty"`

	mended url.Values // the parameters with which it is right, where that is certain; one without values is left out
}

func (e ParameterError) Error() string {
	s := fmt.Sprintf("%s=%s: expected %s", e.Parameter, e.Received, e.Expected)
	if len(e.Suggestions) > 0 {
		s += "; did you mean " + strings.Join(e.Suggestions, ", ") + "?"
	}
	return s
}

// ParameterErrors is every wrong parameter of a request, in the order of their names; the first 20.
type ParameterErrors struct {
	All   []ParameterError
	Retry url.Values // the request as it would be right; nil, if that is not certain
}

func (e ParameterErrors) Error() string {
	texts := make([]string, len(e.All))
	for i := range e.All {
		texts[i] = e.All[i].Error()
	}
	return strings.Join(texts, "; ")
}

// retry is the request without its mistakes, if what was meant by each of them is certain.
func retry(values url.Values, wrong []ParameterError) url.Values {
	mended, seen := maps.Clone(values), map[string]bool{}
	for _, w := range wrong {
		if w.mended == nil || seen[w.Parameter] { // two mistakes in one are not certain to be mended by two
			return nil
		}
		seen[w.Parameter] = true
		for name, values := range w.mended {
			if values == nil {
				delete(mended, name)
			} else {
				mended[name] = values
			}
		}
	}
	return mended
}

// slight reports whether a name is another with one typing error.
func slight(name, meant string) bool {
	a, b := Fold(name), Fold(meant)
	return levenshtein.ComputeDistance(a, b) <= 1 && len(a) > 3 && strings.IndexFunc(name, func(r rune) bool { return strings.ContainsRune("!<>=~", r) }) < 0 ||
		transposed([]rune(a), []rune(b))
}

// shown is what an error repeats of a request: text, and not all of it.
func shown(s string) string {
	const most = 100
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

// nearest are the names that one may have been meant to be, the likeliest first; at most three.
func nearest(name string, names []string) []string {
	const most = 3
	if len(name) > 100 {
		return nil
	}
	type candidate struct {
		name     string
		distance int
	}
	var candidates []candidate
	folded := Fold(name)
	for _, n := range names {
		f := Fold(n)
		d := levenshtein.ComputeDistance(folded, f)
		switch {
		case folded == "":
		case f == folded:
			d = 0
		case transposed([]rune(folded), []rune(f)):
			d = 1
		case len(folded) >= 3 && (strings.Contains(f, folded) || strings.Contains(folded, f) && len(f) >= 3):
			d = min(d, 2)
		}
		if d <= max(1, min(len(folded)/3, 2)) && folded != "" {
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
