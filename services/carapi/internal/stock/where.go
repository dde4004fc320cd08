package stock

import (
	"context"
	"slices"
	"strings"
)

// clause is a condition in SQL and its values.
type clause struct {
	sql  string
	args []any
}

// searched are the fields in which the words of q are looked for.
var searched = []string{"make", "model", "trim", "engine", "description"}

// conditions are those of the query's filters and words, but for the filters of the field except. The
// words of filters have been resolved to the values in stock that they mean.
func (v view) conditions(ctx context.Context, q *Query, except *Field) ([]clause, error) {
	var all []clause
	for i := range q.Filters {
		if f := &q.Filters[i]; f.Field != except {
			all = append(all, f.clause(v.dialect))
		}
	}
	for _, word := range q.Words {
		c, err := v.mentions(ctx, word)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func (f *Filter) clause(d *dialect) clause {
	if len(f.Spans) > 0 {
		sql, args := f.Field.within(f.Spans, d)
		return clause{sql, args}
	}
	if len(f.Meant) == 0 {
		return clause{sql: "1 = 0"}
	}
	args := make([]any, len(f.Meant))
	for i, m := range f.Meant {
		args[i] = m
	}
	if f.Field.class() == list {
		each := d.has(f.Field.quoted)
		return clause{"(" + each + strings.Repeat(" OR "+each, len(args)-1) + ")", args}
	}
	return clause{among(f.Field.indexed, len(args)), args}
}

func among(column string, n int) string {
	return column + " IN (?" + strings.Repeat(", ?", n-1) + ")"
}

// maxNamed is how many values of a field a statement names for one word of q: databases allow some
// 30,000 in all. A word that more have is mostly a letter or a digit.
const maxNamed = 300

// mentions is the condition that a vehicle has the word in one of the searched fields: as a part of
// one of their values in stock, in any spelling, or of a longer text.
func (v view) mentions(ctx context.Context, word string) (clause, error) {
	var alternatives []string
	var args []any
	for _, name := range searched {
		f := v.byName[name]
		if f == nil || f.class() != text {
			continue
		}
		var all []string
		var folded map[string][]string
		if f.Facets() { // a description is no value to keep
			var err error
			if all, folded, err = v.vocabulary.values(ctx, f); err != nil {
				return clause{}, err
			}
		}
		var found []any
		for _, value := range all {
			if strings.Contains(Fold(value), Fold(word)) {
				found = append(found, value)
			}
		}
		switch {
		case folded == nil || len(found) > maxNamed:
			alternatives, args = append(alternatives, v.dialect.contains(f.indexed)), append(args, v.dialect.needle(word))
		case len(found) > 0:
			alternatives, args = append(alternatives, among(f.indexed, len(found))), append(args, found...)
		}
	}
	if len(alternatives) == 0 {
		return clause{sql: "1 = 0"}, nil
	}
	return clause{"(" + strings.Join(alternatives, " OR ") + ")", args}, nil
}

// resolve finds out which values in stock the texts of the filters are.
func (v view) resolve(ctx context.Context, q *Query) error {
	for i := range q.Filters {
		f := &q.Filters[i]
		f.Meant = nil
		words := slices.Clone(f.Texts)
		for _, given := range f.Texts {
			if strings.Contains(given, ",") {
				words = append(words, parts(given)...)
			}
		}
		meant, err := v.meanings(ctx, f.Field, words)
		if err != nil {
			return err
		}
		for _, given := range f.Texts {
			values := []string{given}
			if len(meant[given]) == 0 && strings.Contains(given, ",") { // no one value that holds commas
				values = parts(given)
			}
			for _, value := range values {
				if f.Meant = append(f.Meant, meant[value]...); len(meant[value]) == 0 {
					q.notes.unmatched(f.Parameter, value)
				}
			}
		}
		slices.Sort(f.Meant)
		f.Meant = slices.Compact(f.Meant)
	}
	return nil
}

func parts(given string) []string {
	all := strings.Split(given, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// meanings gives for each word the values of the field that are it in any spelling. Words of a field
// with too many values to be known are looked for together: there may be a hundred of them.
func (v view) meanings(ctx context.Context, f *Field, words []string) (map[string][]string, error) {
	all := map[string][]string{}
	var unknown []string
	for _, word := range words {
		meant, known, err := v.vocabulary.resolve(ctx, f, word)
		if err != nil {
			return nil, err
		}
		if known {
			all[word] = meant
		} else {
			unknown = append(unknown, word)
		}
	}
	if len(unknown) == 0 {
		return all, nil
	}
	found, err := v.spellings(ctx, f, unknown)
	for _, word := range unknown {
		all[word] = found[Fold(word)]
	}
	return all, err
}

func joined(all []clause, more ...clause) (string, []any) {
	var conditions []string
	var args []any
	for _, c := range append(slices.Clip(all), more...) {
		conditions, args = append(conditions, c.sql), append(args, c.args...)
	}
	if len(conditions) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(conditions, " AND "), args
}
