package run

import (
	"fmt"

	"carstock/pkg/schema"
	"carstock/services/syncer/internal/source"
)

// widenedColumns holds, by table and column, an integer that was too big for a column of integers. That column becomes
// TEXT, and the run begins again.
type widenedColumns map[string]map[string]*source.IntegerOverflow

// add notes that a column of a view is too narrow for an integer.
func (w widenedColumns) add(table string, e *source.IntegerOverflow) {
	if w[table] == nil {
		w[table] = map[string]*source.IntegerOverflow{}
	}
	w[table][e.Column] = e
}

// apply changes the columns of t to TEXT, and returns a warning about each.
func (w widenedColumns) apply(t *schema.Table) (warnings []string) {
	for i, c := range t.Columns {
		if e := w[t.Name][c.Name]; e != nil {
			t.Columns[i].Stored = "TEXT"
			warnings = append(warnings,
				fmt.Sprintf("%s: %s, at %s: the column is kept as TEXT from now on", c.Name, e.Error(), e.Row))
		}
	}
	return warnings
}
