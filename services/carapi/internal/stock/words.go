package stock

import (
	"context"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// separators are what stands between alternatives, where one is not in stock as it is written.
var (
	separators  = regexp.MustCompile(`(?i)\s*(?:,|;|\||/|\s+(?:or|and)\s+|\s+&\s+)\s*`)
	alternators = regexp.MustCompile(`(?i)\s*(?:,|;|\||/|\s+or\s+)\s*`)
)

// meaning gives the values in stock that a word means: those that are it in any spelling, and those
// that it is another word for. other is whether there are any of the second kind. Of a field with too
// many values to be known it knows none.
func (v view) meaning(ctx context.Context, f *Field, word string) (values []string, other bool, err error) {
	own, known, err := v.vocabulary.resolve(ctx, f, word)
	if err != nil || !known {
		return nil, false, err
	}
	values = slices.Clone(own)
	_, folded, err := v.vocabulary.values(ctx, f)
	if err != nil {
		return nil, false, err
	}
	for _, meant := range v.store.Aliases[f.Name][Fold(word)] {
		for _, value := range folded[meant] {
			if !slices.Contains(values, value) {
				values, other = append(values, value), true
			}
		}
	}
	slices.Sort(values)
	return values, other, nil
}

// words reads what is asked of a field of texts.
func (r *reader) words(ctx context.Context, name string, f *Field, given []string) error {
	values, _, err := r.vocabulary.values(ctx, f)
	if err != nil {
		return err
	}
	if values == nil || slices.Contains(long, f.Name) {
		r.exact[name] = append(r.exact[name], given...)
		return nil
	}
	var read []string
	why := ""
	for _, g := range given {
		items, listed := jsonList(g)
		if !listed {
			items = []string{g}
		}
		for _, item := range items {
			signed := strings.ContainsAny(item[:min(len(item), 1)], "!-") && Fold(item) != ""
			if (signed || negated(strings.Fields(item)) && len(r.values(f.Name, item)) == 0) && !slices.Contains(values, item) {
				r.fail(name, item, "values that are wanted; what is not wanted cannot be said")
				return nil
			}
			if len(items) == 1 && len(given) == 1 && len(r.values(f.Name, item)) == 0 {
				done, err := r.split(ctx, name, f, item)
				if done || err != nil {
					return err
				}
			}
			meant, reason, err := r.alternatives(ctx, f, item)
			if err != nil {
				return err
			}
			if meant == nil {
				meant = []string{item}
			}
			read = append(read, meant...)
			why = orElse(why, reason)
			if listed {
				why = orElse(why, "a list")
			}
		}
	}
	read = compact(read)
	if why != "" {
		r.tell(name, why, url.Values{name: read})
	}
	r.exact[name] = compact(append(r.exact[name], read...))
	return nil
}

// compact leaves out what has been there before.
func compact(all []string) []string {
	var once []string
	for _, s := range all {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	return once
}

// alternatives reads a value, or several with commas, "or" and the like between them. It gives the
// values in stock, and why if they are not what is written; nil, if one of them means nothing in stock.
func (r *reader) alternatives(ctx context.Context, f *Field, given string) ([]string, string, error) {
	values, why, err := r.word(ctx, f, given)
	if values != nil || err != nil {
		return values, why, err
	}
	between := separators
	if f.class() == list || f.Name == "color" { // sunroof and navigation are both wanted, black and white is one thing
		between = alternators
	}
	parts := between.Split(strings.TrimSpace(given), -1)
	if len(parts) < 2 {
		return nil, "", nil
	}
	var all []string
	for _, part := range parts {
		values, reason, err := r.word(ctx, f, part)
		if err != nil {
			return nil, "", err
		}
		if values == nil && len(strings.Split(given, ",")) == len(parts) {
			values = []string{part} // a list, as Parse has it, of which this one is not in stock
		}
		if values == nil {
			return nil, "", nil
		}
		all, why = append(all, values...), orElse(why, reason)
	}
	if strings.Count(given, ",") != len(parts)-1 {
		why = orElse(why, "alternatives in words")
	}
	return all, why, nil
}

// word reads one value.
func (r *reader) word(ctx context.Context, f *Field, given string) (values []string, why string, err error) {
	values, other, err := r.meaning(ctx, f, given)
	switch {
	case err != nil:
		return nil, "", err
	case other:
		return values, "alias", nil
	case len(values) > 0:
		return []string{strings.TrimSpace(given)}, "", nil // Parse finds the same, and tells it as written
	}
	near, err := r.mistyped(ctx, f, given)
	if err != nil || near == nil {
		return nil, "", err
	}
	return near, "spelling", nil
}

// mistyped gives the values in stock that a word with a typing error means: those of the one nearest
// word, if there is no other as near. Digits and the first letter are never taken for errors: F-150 and
// F-250 are two models, and so are Leon and Neon.
func (v view) mistyped(ctx context.Context, f *Field, word string) ([]string, error) {
	_, folded, err := v.vocabulary.values(ctx, f)
	if err != nil {
		return nil, err
	}
	typed := []rune(Fold(word))
	if len(typed) < 5 || len(typed) > 60 || f.Name == "city" && len(typed) < 9 {
		return nil, nil
	}
	best, candidates := 3, map[string][]string{} // by the values, as text
	for _, known := range slices.Concat(slices.Collect(maps.Keys(folded)), slices.Collect(maps.Keys(v.store.Aliases[f.Name]))) {
		letters := []rune(known)
		if len(letters) < 5 || letters[0] != typed[0] || digits(known) != digits(string(typed)) {
			continue
		}
		d := levenshtein.ComputeDistance(string(typed), known)
		if d > best || d > 2 || d == 2 && len(typed) < 12 && !transposed(typed, letters) {
			continue
		}
		if strings.HasPrefix(string(typed), known) && len(strings.Fields(word)) > 1 {
			continue // a word more, such as a trim
		}
		meant, _, err := v.meaning(ctx, f, known)
		if err != nil {
			return nil, err
		}
		if len(meant) == 0 {
			continue // a name of what is not in stock
		}
		if d < best {
			best = d
			clear(candidates)
		}
		candidates[strings.Join(meant, "\x00")] = meant
	}
	if len(candidates) == 1 {
		for _, meant := range candidates {
			return meant, nil
		}
	}
	return nil, nil
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// transposed reports whether two words differ in two neighbors that have changed places.
func transposed(a, b []rune) bool {
	if len(a) != len(b) {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && slices.Equal(a[i+2:], b[i+2:])
}

// split reads a make in front of a model, and a trim behind one: "Toyota Camry XSE" for a make, a model
// or both. All of it must be in stock, and say nothing else than the request's other parameters do.
func (r *reader) split(ctx context.Context, name string, f *Field, given string) (bool, error) {
	if f.Name != "make" && f.Name != "model" {
		return false, nil
	}
	found, err := r.phrase(ctx, given, []string{"make", "model", "trim", "year"})
	if err != nil || len(found) < 2 || found[f.Name] == nil {
		return false, err
	}
	for other, values := range found {
		if said, ok := r.given[other]; ok && other != name && (len(said) != 1 || !agree(said, values) && !slices.Equal(r.values(other, said[0]), values)) {
			return false, nil
		}
	}
	r.tell(name, "several things in one", found)
	for other, values := range found {
		if _, said := r.given[other]; !said || other == name {
			r.exact[other] = compact(append(r.exact[other], values...))
		}
	}
	return true, nil
}

// agree reports whether one value is said twice.
func agree(a, b []string) bool {
	return len(a) == 1 && len(b) == 1 && Fold(a[0]) == Fold(b[0])
}
