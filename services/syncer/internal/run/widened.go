package run

import (
	"fmt"

	"carstock/pkg/schema"
	"carstock/services/syncer/internal/source"
)

// outgrown remembers, by table and column, the integers that were too big for a column of integers.
// It becomes one of texts then, and the pass begins again.
type widenedColumns map[string]map[string]*source.IntegerOverflow

func (o widenedColumns) add(table string, e *source.IntegerOverflow) {
	if o[table] == nil {
		o[table] = map[string]*source.IntegerOverflow{}
	}
	o[table][e.Column] = e
}

// apply changes the columns of t, and warns.
func (o widenedColumns) apply(t *schema.Table) (warnings []string) {
	for i, c := range t.Columns {
		if e := o[t.Name][c.Name]; e != nil {
			t.Columns[i].Stored = "TEXT"
			warnings = append(warnings, fmt.Sprintf("%s: %s, at %s: the column is kept as TEXT from now on", c.Name, e.Error(), e.Row))
		}
	}
	return warnings
}
