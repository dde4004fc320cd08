package search

import (
	"fmt"

	"carstock/services/carapi/internal/catalog"
)

// maxUnderstoodLoss is by how much the share of values that are understood may fall after the columns were bound.
const maxUnderstoodLoss = 0.2

// countUnderstood counts the values of a field that are understood as what it was bound for, of all that there are.
// Both are 0 for a field that takes any value.
func (g *generation) countUnderstood(f *catalog.Field) (count, total int) {
	x := g.index
	switch {
	case f.IsDerived():
		_, total = x.CountTexts(f.Source(), func(string) bool { return false })
		return min(x.CountValues(f), total), total
	case f.HasKnownValues():
		return x.CountTexts(f, f.Recognizes)
	case f.Class() == catalog.Number:
		return x.CountValues(f), x.CountValues(f) + x.CountNotNumbers(f)
	}

	return 0, 0
}

// disagreement says that fewer values of a field are what it was bound for than there were then; empty if they still
// are.
func (g *generation) disagreement(f *catalog.Field) string {
	plan, planned := g.catalog.Plan.Fields[f.Name]
	count, total := g.countUnderstood(f)
	if !planned || total == 0 || float64(count)/float64(total) >= plan.Understood-maxUnderstoodLoss {
		return ""
	}

	return fmt.Sprintf("%d of %d values of column %s are not understood as %s now, and %.0f %% were when the "+
		"columns were "+
		"bound: restart carapi to bind them again, or set CARS_FIELDS",
		total-count, total, f.Column.Name, f.Name, 100*plan.Understood)
}

// disagreements are those of all fields, found once for each generation.
func (g *generation) disagreements() map[string]string {
	g.disagreeOnce.Do(func() {
		g.disagreementsByField = map[string]string{}
		for i := range g.catalog.Fields {
			f := &g.catalog.Fields[i]
			if text := g.disagreement(f); text != "" {
				g.disagreementsByField[f.Name] = text
			}
		}
	})
	return g.disagreementsByField
}
