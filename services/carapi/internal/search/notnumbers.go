package search

import (
	"fmt"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
)

// compared are the fields by which a search filters and sorts.
func compared(q *query.Query) []*catalog.Field {
	var fields []*catalog.Field
	for i := range q.Filters {
		fields = append(fields, q.Filters[i].Field)
	}
	for _, o := range q.Sort {
		fields = append(fields, o.Field)
	}
	return fields
}

// notNumbers counts the values in the whole stock that are not understood as the numbers that their field holds. It is nil
// if all are.
func (g *generation) notNumbers(fields ...*catalog.Field) map[string]int {
	var counts map[string]int
	for _, f := range fields {
		n := g.index.NotNumbers(f)
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

// leastAgreement is the share of values that have to be understood as when the field was bound.
const leastAgreement = 0.5

// disagreement says that most values of a field are no longer what it was bound for; empty if they are.
func (g *generation) disagreement(f *catalog.Field) string {
	rows, wrong := g.index.Rows(), g.index.NotNumbers(f)
	if rows == 0 || float64(wrong) <= leastAgreement*float64(rows) || g.catalog.Plan.Fields[f.Name].Understood < leastAgreement {
		return ""
	}
	return fmt.Sprintf("%d of %d values of column %s are not understood as numbers now; most were when the columns were bound: "+
		"restart carapi to bind them anew, or set CARS_FIELDS", wrong, rows, f.Column.Name)
}

// disagreements are those of all fields.
func (g *generation) disagreements() []string {
	var all []string
	for i := range g.catalog.Fields {
		if text := g.disagreement(&g.catalog.Fields[i]); text != "" {
			all = append(all, text)
		}
	}
	return all
}
