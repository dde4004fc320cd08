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
	number string      // the column as a number, to be compared with one
	exact  string      // the column as text that is equal and ordered by its bytes, whatever its collation
	single bool        // holds numbers of single precision
}

// Registry is the table's fields. All names of columns in SQL come from here, and so from the
// database's own catalogue.
type Registry struct {
	Table  string // quoted
	Fields []Field
	byName map[string]*Field
}

// dialect is how the two databases differ.
type dialect struct {
	quote  func(identifier string) string
	number func(quoted string, c schema.Column) string
	exact  func(quoted string) string
	single bool // FLOAT is kept in single precision
}

var mysqlDialect = dialect{
	quote:  schema.QuoteMySQL,
	number: func(quoted string, _ schema.Column) string { return quoted },
	exact:  func(quoted string) string { return "CAST(CONVERT(" + quoted + " USING utf8mb4) AS BINARY)" },
	single: true,
}

var sqliteDialect = dialect{
	quote: schema.QuoteSQLite,
	number: func(quoted string, c schema.Column) string {
		numeric := c.Kind == schema.Decimal || c.Kind == schema.Integer || c.Kind == schema.Bit
		if numeric && c.SQLiteType() == "TEXT" {
			return "CAST(" + quoted + " AS NUMERIC)" // "9000.00" is more than "100000.00" as text
		}
		return quoted
	},
	exact: func(quoted string) string { return quoted },
}

// newRegistry binds a table's columns to the vehicle fields. Columns that are no vehicle field keep
// their own names. A table without id, make and model is an error that lists what it has.
func newRegistry(t schema.Table, d dialect) (*Registry, error) {
	r := &Registry{Table: d.quote(t.Name), byName: map[string]*Field{}}
	bound := schema.BindVehicle(t.Columns)
	canonical := map[int]schema.VehicleField{}
	for _, f := range schema.VehicleFields {
		if i, ok := bound[f.Name]; ok {
			canonical[i] = f
		}
	}
	r.Fields = make([]Field, len(t.Columns))
	for i, c := range t.Columns {
		f := Field{Name: c.Name, Column: c, Kind: c.Kind, quoted: d.quote(c.Name)}
		f.number, f.exact = d.number(f.quoted, c), d.exact(f.quoted)
		f.single = d.single && c.Kind == schema.Float
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
