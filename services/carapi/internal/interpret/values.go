package interpret

import (
	"cmp"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/value"
)

// What stands between alternatives, where the whole is not in stock as it is written.
var (
	separators = regexp.MustCompile(`(?i)\s*(?:,|;|\||/|\s+(?:or|and)\s+|\s+&\s+)\s*`)

	// In these, "and" joins parts of one thing (black and white), or things that are all wanted (sunroof and navigation).
	alternators = regexp.MustCompile(`(?i)\s*(?:,|;|\||/|\s+or\s+)\s*`)
)

// pick finds a word among texts, in any spelling. A word of signs alone is only itself.
func pick(texts *index.Texts, word string) []string {
	key := value.Fold(word)
	meant := texts.Folded[key]
	if key != "" {
		return meant
	}
	if slices.Contains(meant, word) {
		return []string{word}
	}
	return nil
}

// meaning gives the values in stock that a word means: those that are the word in any spelling, and those that it is
// another word for. isAlias reports whether there are any of the second kind. A field with too many values has none.
func (r *reading) meaning(f *catalog.Field, word string) (values []string, isAlias bool) {
	texts := r.index.Texts(f)
	if texts == nil {
		return nil, false
	}
	values = slices.Clone(pick(texts, word))
	for _, other := range r.vocabulary[f.Name][value.Fold(word)] {
		for _, v := range texts.Folded[other] {
			if !slices.Contains(values, v) {
				values, isAlias = append(values, v), true
			}
		}
	}
	slices.Sort(values)
	return values, isAlias
}

// readTexts reads the values of a field of texts.
func (r *reading) readTexts(name string, f *catalog.Field, given []string) {
	texts := r.index.Texts(f)
	if texts == nil || f.HasOwnValues() {
		r.exact[name] = append(r.exact[name], given...)
		return
	}
	var read []string
	why := ""
	for _, g := range given {
		items, isList := parseList(g)
		if !isList {
			items = []string{g}
		}
		for _, item := range items {
			if r.isNegation(f, item) && !slices.Contains(texts.All, item) {
				r.fail(name, item, "values that are wanted; what is not wanted cannot be said")
				return
			}
			if len(items) == 1 && len(given) == 1 && len(r.matchValues(f.Name, item)) == 0 && r.splitVehicle(name, f, item) {
				return
			}
			meant, reason := r.readAlternatives(f, item)
			if meant == nil {
				meant = []string{item}
			}
			read = append(read, meant...)
			why = cmp.Or(why, reason)
			if isList {
				why = cmp.Or(why, "a list")
			}
		}
	}

	read = unique(read)
	if why != "" {
		r.note(name, why, url.Values{name: read})
	}
	r.exact[name] = unique(append(r.exact[name], read...))
}

// isNegation reports whether a value says what is not wanted.
func (r *reading) isNegation(f *catalog.Field, item string) bool {
	if item != "" && strings.ContainsAny(item[:1], "!-") && value.Fold(item) != "" {
		return true
	}
	return isNegated(strings.Fields(item)) && len(r.matchValues(f.Name, item)) == 0
}

// readAlternatives reads a value, or several with commas, "or" and the like between them. It gives the values in stock, and
// why if they are not what is written; nil if one of them means nothing in stock.
func (r *reading) readAlternatives(f *catalog.Field, given string) (values []string, why string) {
	if values, why = r.readText(f, given); values != nil {
		return values, why
	}
	between := separators
	if f.Class() == catalog.List || f.Name == "color" {
		between = alternators
	}
	parts := between.Split(strings.TrimSpace(given), -1)
	if len(parts) < 2 {
		return nil, ""
	}

	var all []string
	onlyCommas := strings.Count(given, ",") == len(parts)-1
	for _, part := range parts {
		values, reason := r.readText(f, part)
		if values == nil && onlyCommas {
			values = []string{part} // Parse takes it for a list too; this part of it is not in stock
		}
		if values == nil {
			return nil, ""
		}
		all, why = append(all, values...), cmp.Or(why, reason)
	}
	if !onlyCommas {
		why = cmp.Or(why, "alternatives in words")
	}
	return all, why
}

// readText reads one value.
func (r *reading) readText(f *catalog.Field, given string) (values []string, why string) {
	values, isAlias := r.meaning(f, given)
	switch {
	case isAlias:
		return values, "alias"
	case len(values) > 0:
		return []string{strings.TrimSpace(given)}, "" // it resolves to the same, and is repeated as written
	}
	if near := r.correctTypo(f, given); near != nil {
		return near, "spelling"
	}
	return nil, ""
}

// correctTypo gives the values in stock that a word with a typing error means: those of the one nearest word, if no other
// word is as near. Digits and the first letter are never taken for errors: F-150 and F-250 are two models, and so are
// Leon and Neon.
func (r *reading) correctTypo(f *catalog.Field, word string) []string {
	texts := r.index.Texts(f)
	typed := []rune(value.Fold(word))
	if texts == nil || len(typed) < 5 || len(typed) > 60 || f.Name == "city" && len(typed) < 9 {
		return nil
	}
	severalWords, typedDigits := len(strings.Fields(word)) > 1, value.Digits(string(typed))
	best, candidates := 3, map[string][]string{} // by the values, joined
	consider := func(known string) {
		letters := []rune(known)
		if len(letters) < 5 || letters[0] != typed[0] || abs(len(letters)-len(typed)) > 2 || value.Digits(known) != typedDigits {
			return
		}
		d := levenshtein.ComputeDistance(string(typed), known)
		if d > best || d > 2 || d == 2 && len(typed) < 12 && !value.Transposed(typed, letters) {
			return
		}
		if severalWords && strings.HasPrefix(string(typed), known) {
			return // one word more, such as a trim
		}
		meant, _ := r.meaning(f, known)
		if len(meant) == 0 {
			return // a name of something that is not in stock
		}
		if d < best {
			best = d
			clear(candidates)
		}
		candidates[strings.Join(meant, "\x00")] = meant
	}
	for known := range texts.Folded {
		consider(known)
	}
	for known := range r.vocabulary[f.Name] {
		consider(known)
	}

	if len(candidates) != 1 {
		return nil
	}
	return slices.Collect(maps.Values(candidates))[0]
}

func abs(n int) int { return max(n, -n) }

// splitVehicle reads a make before a model, and a trim after one: "Toyota Camry XSE" for a make, a model or both. All of it
// must be in stock, and must not contradict the request's other parameters.
func (r *reading) splitVehicle(name string, f *catalog.Field, given string) bool {
	if f.Name != "make" && f.Name != "model" {
		return false
	}
	found := r.parseFreeText(given, []string{"make", "model", "trim", "year"})
	if len(found) < 2 || found[f.Name] == nil {
		return false
	}
	for other, values := range found {
		elsewhere, ok := r.given[other]
		if !ok || other == name {
			continue
		}
		if len(elsewhere) != 1 || !areSame(elsewhere, values) && !slices.Equal(r.matchValues(other, elsewhere[0]), values) {
			return false
		}
	}

	r.note(name, "several things in one", found)
	for other, values := range found {
		if _, elsewhere := r.given[other]; !elsewhere || other == name {
			r.exact[other] = unique(append(r.exact[other], values...))
		}
	}
	return true
}

// areSame reports whether both are the same single value.
func areSame(a, b []string) bool {
	return len(a) == 1 && len(b) == 1 && value.Fold(a[0]) == value.Fold(b[0])
}

// Meaning gives the values in stock that a word means in a field.
func (in *Interpreter) Meaning(x *index.Index, f *catalog.Field, word string) []string {
	r := reading{Interpreter: in, index: x}
	values, _ := r.meaning(f, word)
	return values
}
