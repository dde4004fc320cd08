package search

import (
	"fmt"

	"carstock/services/carapi/internal/catalog"
)

// maxUnderstoodLoss is how far the share of understood values may fall below the share when the columns were bound.
const maxUnderstoodLoss = 0.2

// countUnderstood counts the values of a field that fit what the field was bound for, and all its values. Both are 0
// for a field that accepts any value.
func (g *generation) countUnderstood(f *catalog.Field) (count, total int) {
	x := g.index
	switch {
	case f.IsDerived():
		_, total = x.CountTexts(f.Source(), func(string) bool { return false })
		return min(x.CountValues(f), total), total
	case f.HasKnownValues():
		return x.CountTexts(f, f.Recognizes)
	case f.Class() == catalog.ClassNumber:
		return x.CountValues(f), x.CountValues(f) + x.CountNotNumbers(f)
	}

	return 0, 0
}

// disagreement says that far fewer values fit a field than when it was bound. It is empty if they still fit.
func (g *generation) disagreement(f *catalog.Field) string {
	plan, planned := g.catalog.Plan.Fields[f.Name]
	count, total := g.countUnderstood(f)
	if !planned || total == 0 || float64(count)/float64(total) >= plan.Understood-maxUnderstoodLoss {
		return ""
	}

	return fmt.Sprintf("%d of %d values of column %s are not understood as %s now; when the columns were bound, "+
		"%.0f %% were understood: restart carapi to bind them again, or set CARS_FIELDS",
		total-count, total, f.Column.Name, f.Name, 100*plan.Understood)
}

// disagreements returns the disagreements of all fields, computed once per generation.
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
