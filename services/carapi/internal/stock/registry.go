// Package stock is the search over the vehicles: its fields, what a request may ask of them, the
// vocabulary of their values, and the SQL. It knows nothing of HTTP.
package stock

import (
	"fmt"
	"strings"

	"carstock/pkg/schema"
)

// Field is a column of the table under the name by which requests and answers know it.
type Field struct {
	Name   string
	Column schema.Column
	Kind   schema.Kind // how its values are written; mostly the column's own
	quoted string      // the column's name in SQL
}

// Registry is the table's fields. All names of columns in SQL come from here, and so from the
// database's own catalogue.
type Registry struct {
	Table  string // quoted
	Fields []Field
	byName map[string]*Field
}

// NewRegistry binds a table's columns to the vehicle fields. Columns that are no vehicle field keep
// their own names. A table without id, make and model is an error that lists what it has.
func NewRegistry(t schema.Table, quote func(string) string) (*Registry, error) {
	r := &Registry{Table: quote(t.Name), byName: map[string]*Field{}}
	bound := schema.BindVehicle(t.Columns)
	canonical := map[int]schema.VehicleField{}
	for _, f := range schema.VehicleFields {
		if i, ok := bound[f.Name]; ok {
			canonical[i] = f
		}
	}
	r.Fields = make([]Field, len(t.Columns))
	for i, c := range t.Columns {
		f := Field{Name: c.Name, Column: c, Kind: c.Kind, quoted: quote(c.Name)}
		if v, ok := canonical[i]; ok {
			f.Name = v.Name
			if v.Kind != schema.Unknown {
				f.Kind = v.Kind
			}
		}
		r.Fields[i] = f
		r.byName[f.Name] = &r.Fields[i]
	}
	for _, name := range []string{"id", "make", "model"} {
		if r.byName[name] == nil {
			return nil, fmt.Errorf("CARS_TABLE: %s has no column for %s; it has: %s", t.Name, name, strings.Join(columnNames(t), ", "))
		}
	}
	return r, nil
}

func columnNames(t schema.Table) []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}
