package search

import (
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
)

// comparedFields returns the fields by which a search filters and sorts.
func comparedFields(q *query.Query) []*catalog.Field {
	var fields []*catalog.Field
	for i := range q.Filters {
		fields = append(fields, q.Filters[i].Field)
	}

	for _, o := range q.Sort {
		fields = append(fields, o.Field)
	}

	return fields
}

// notNumbers counts the values in the whole stock that are not understood as numbers, by field. It returns nil if all
// are understood.
func (g *generation) notNumbers(fields ...*catalog.Field) map[string]int {
	var counts map[string]int
	for _, f := range fields {
		n := g.index.CountNotNumbers(f)
		if n == 0 {
			continue
		}

		if counts == nil {
			counts = map[string]int{}
		}

		counts[f.Name] = n
	}

	return counts
}
