// Package stock is the search over the vehicles: its fields, what a request may ask of them, the
// vocabulary of their values, and the SQL. It knows nothing of HTTP.
package stock

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/currency"

	"carstock/pkg/schema"
)

// Field is a column of the table under the name by which requests and answers know it.
type Field struct {
	Name   string
	About  string // in words; empty if the field is no vehicle field and its column has no comment
	Unit   string // "mi", "km" or the code of a currency; empty if it is not known
	Column schema.Column
	Kind   schema.Kind // how its values are written and compared; mostly the column's own

	label    string // "name": as in JSON
	quoted   string // the column's name in SQL
	number   string // the column as a number, to be compared with one
	exact    string // the column as text that is equal and ordered by its bytes, whatever its collation
	indexed  string // the column as it is compared with texts where an index on it is to be used
	single   bool   // holds numbers of single precision
	nullable bool   // may have no value, or none that compares
}

// class is which comparisons a field knows.
type class int

const (
	opaque  class = iota // none
	text                 // is one of
	number               // equal, between, ordered
	instant              // equal, between, ordered; a value stands for as long as it says: a day, a second
	list                 // has one of, among the elements of a JSON array
)

func (f *Field) class() class {
	switch f.Kind {
	case schema.Integer, schema.Bit, schema.Decimal, schema.Float, schema.Double:
		return number
	case schema.Date, schema.DateTime, schema.Timestamp:
		return instant
	case schema.JSON:
		return list
	case schema.Bytes:
		return opaque
	}
	return text
}

// Type is the field's type, as JSON and people know it.
func (f *Field) Type() string {
	switch f.Kind {
	case schema.Integer, schema.Bit:
		return "integer"
	case schema.Decimal, schema.Float, schema.Double:
		return "number"
	case schema.Date:
		return "date"
	case schema.DateTime, schema.Timestamp:
		return "date-time"
	case schema.JSON:
		return "json"
	case schema.Bytes:
		return "bytes"
	}
	return "text"
}

// Sorts reports whether vehicles can be ordered by the field.
func (f *Field) Sorts() bool { return f.class() != opaque && f.class() != list }

// long are the fields of which nearly every vehicle has a value of its own.
var long = []string{"id", "vin", "stock_number", "description", "image_url", "listing_url"}

// Facets reports whether the field's values can be counted.
func (f *Field) Facets() bool {
	counts := f.class() == text || f.Kind == schema.Integer || f.Kind == schema.Bit
	return counts && !f.wide() && !slices.Contains(long, f.Name)
}

// wide reports whether the field's numbers may have more digits than SQLite computes with. syncer
// stores them as texts.
func (f *Field) wide() bool {
	return f.Kind == schema.Integer && f.Column.Unsigned && strings.HasPrefix(strings.ToLower(f.Column.Type), "bigint") ||
		f.Kind == schema.Decimal && f.Column.Digits > 15 || f.Kind == schema.Bit && f.Column.Digits > 63
}

// value is the column as it is ordered by.
func (f *Field) value() string {
	switch f.class() {
	case number:
		return f.number
	case text:
		return f.exact
	}
	return f.quoted
}

// Registry is the table's fields. All names of columns in SQL come from here, and so from the
// database's own catalogue. It does not change: a table that does gets another.
type Registry struct {
	Fields []Field

	table      schema.Table
	from       string // the table in SQL, under the alias by which the columns' names begin
	byName     map[string]*Field
	parameters map[string]parameter
	synonyms   map[string]string // other names of parameters, folded
	dialect    *dialect
}

// Field gives the field of a name; nil if there is none.
func (r *Registry) Field(name string) *Field { return r.byName[name] }

// Binding is what is decided about the table's columns by hand.
type Binding struct {
	Fields map[string]string // name of a field to the column that it is
	Hide   []string          // columns that no request or answer knows of
}

var plainName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// newRegistry binds a table's columns to the vehicle fields. Columns that are no vehicle field keep
// their own names. A table without make and model, or without what tells vehicles apart, is an error
// that lists what it has. A binding that names no column is one at the start; later, the column has gone.
func newRegistry(t schema.Table, d *dialect, b Binding, starting bool) (*Registry, error) {
	r := &Registry{table: t, from: d.quote(t.Name) + " AS t", byName: map[string]*Field{}, dialect: d}
	names, err := b.names(t, starting)
	if err != nil {
		return nil, err
	}
	bound := map[int]string{}
	for name, column := range names {
		if name != "id" || bound[column] == "" {
			bound[column] = name
		}
	}
	canonical := map[string]schema.VehicleField{}
	for _, v := range schema.VehicleFields {
		canonical[v.Name] = v
	}
	add := func(name string, c schema.Column) {
		r.Fields = append(r.Fields, r.field(name, c, canonical[name]))
	}
	if i, ok := names["id"]; ok && bound[i] != "id" {
		add("id", t.Columns[i]) // a stock number or a VIN that serves as the id, and stays a field of its own
	}
	for i, c := range t.Columns {
		if b.hides(c.Name) {
			continue
		}
		name, ok := bound[i]
		if !ok {
			name = c.Name
		}
		add(name, c)
	}
	for i := range r.Fields {
		f := &r.Fields[i]
		if other := r.byName[f.Name]; other != nil {
			return nil, fmt.Errorf("CARS_FIELDS: %s is bound to %s, and a column has that name too: hide it by CARS_HIDE, or bind it to another name", f.Name, other.Column.Name)
		}
		r.byName[f.Name] = f
	}
	for _, name := range []string{"id", "make", "model"} {
		if r.byName[name] == nil {
			return nil, fmt.Errorf("table %s has no column for %s that is shown; bind one by CARS_FIELDS=%s=COLUMN; it has: %s",
				t.Name, name, name, strings.Join(columnNames(t), ", "))
		}
	}
	r.parameters = r.newParameters()
	r.synonyms = r.newSynonyms()
	return r, nil
}

// describe lists the fields with their columns, for the log.
func (r *Registry) describe() []string {
	all := make([]string, len(r.Fields))
	for i, f := range r.Fields {
		all[i] = f.Name
		if f.Column.Name != f.Name {
			all[i] += "=" + f.Column.Name
		}
	}
	return all
}

// names gives the position of the column for each field that is not under its column's own name.
func (b Binding) names(t schema.Table, starting bool) (map[string]int, error) {
	position := func(column string) int {
		return slices.IndexFunc(t.Columns, func(c schema.Column) bool { return strings.EqualFold(c.Name, column) })
	}
	missing := func(setting, column string) error {
		return fmt.Errorf("%s: %s has no column %q; it has: %s", setting, t.Name, column, strings.Join(columnNames(t), ", "))
	}
	for _, h := range b.Hide {
		if starting && position(h) < 0 {
			return nil, missing("CARS_HIDE", h)
		}
	}
	// What is bound or hidden by hand is not looked for by name.
	names, columns := map[string]int{}, slices.Clone(t.Columns)
	for i, c := range columns {
		if b.hides(c.Name) {
			columns[i].Name = ""
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.Fields)) {
		i := position(b.Fields[name])
		if i < 0 && starting {
			return nil, missing("CARS_FIELDS", b.Fields[name])
		}
		if b.hides(b.Fields[name]) {
			return nil, fmt.Errorf("CARS_HIDE: %s is hidden, and CARS_FIELDS binds %s to it: take it out of one of the two", b.Fields[name], name)
		}
		if i >= 0 {
			names[name], columns[i].Name = i, ""
		}
	}
	for name, i := range schema.BindVehicle(columns) {
		if _, byHand := names[name]; !byHand {
			names[name] = i
		}
	}
	if _, ok := names["id"]; !ok {
		names["id"] = b.identity(t, names)
	}
	if names["id"] < 0 {
		delete(names, "id")
	}
	return names, nil
}

func (b Binding) hides(column string) bool {
	return slices.ContainsFunc(b.Hide, func(h string) bool { return strings.EqualFold(h, column) })
}

// identity is the column that tells vehicles apart where none is called id: the primary key if it is
// shown, else the stock number or the VIN; -1 if there is none.
func (b Binding) identity(t schema.Table, names map[string]int) int {
	if len(t.Key) == 1 && !b.hides(t.Key[0]) {
		return slices.IndexFunc(t.Columns, func(c schema.Column) bool { return c.Name == t.Key[0] })
	}
	for _, name := range []string{"stock_number", "vin"} {
		if i, ok := names[name]; ok {
			return i
		}
	}
	return -1
}

func columnNames(t schema.Table) []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// parsePair reads field=column.
func parsePair(pair string) (field, column string, err error) {
	field, column, ok := strings.Cut(pair, "=")
	field, column = strings.TrimSpace(field), strings.TrimSpace(column)
	if !ok || column == "" || !plainName.MatchString(field) {
		return "", "", fmt.Errorf("%q: expected field=column, the field in lower case, as in price=preis_brutto", pair)
	}
	return field, column, nil
}

// NewBinding reads CARS_FIELDS (field=column, separated by commas) and CARS_HIDE (columns).
func NewBinding(fields, hide []string) (Binding, error) {
	b := Binding{Fields: map[string]string{}}
	columns := map[string]bool{}
	for _, pair := range fields {
		field, column, err := parsePair(pair)
		if err != nil {
			return b, fmt.Errorf("CARS_FIELDS: %w", err)
		}
		if _, taken := controls[field]; taken {
			return b, fmt.Errorf("CARS_FIELDS: %q: %s is a parameter of every search; choose another name", pair, field)
		}
		if _, twice := b.Fields[field]; twice || columns[strings.ToLower(column)] {
			return b, fmt.Errorf("CARS_FIELDS: %q: the field or the column is there twice", pair)
		}
		b.Fields[field], columns[strings.ToLower(column)] = column, true
	}
	for _, h := range hide {
		if h = strings.TrimSpace(h); h != "" {
			b.Hide = append(b.Hide, h)
		}
	}
	return b, nil
}

func (r *Registry) field(name string, c schema.Column, v schema.VehicleField) Field {
	f := Field{Name: name, About: v.About, Column: c, Kind: c.Kind, label: string(appendString(nil, name)) + ":", quoted: "t." + r.dialect.quote(c.Name), nullable: c.Nullable}
	if f.About == "" {
		f.About = c.Comment
	}
	open := c.Kind == schema.Text || c.Kind == schema.Unknown
	if open && v.Kind != schema.Unknown {
		f.Kind = v.Kind
	}
	if open && f.class() == number {
		f.number, f.nullable = r.dialect.numberInText(f.quoted), true // a text may be no number
	} else {
		f.number = r.dialect.number(f.quoted, c)
	}
	f.exact, f.indexed = r.dialect.exact(f.quoted, c), f.quoted
	if c.Type == "" || r.dialect.loose {
		f.indexed = f.exact
	}
	f.nullable = f.nullable || r.dialect.loose
	f.single = r.dialect.single && c.Kind == schema.Float
	f.Unit = unit(name, c)
	return f
}

var (
	miles      = regexp.MustCompile(`(?i)(\b|_)(miles?|mi)(\b|_)`)
	kilometres = regexp.MustCompile(`(?i)(\b|_)(kilomet(er|re)s?|kms?|laufleistung_km)(\b|_)`)
	threeBig   = regexp.MustCompile(`\b[A-Z]{3}\b`)
)

// unit is what the column's name and comment tell of its unit.
func unit(name string, c schema.Column) string {
	told := c.Name + " " + c.Comment
	switch name {
	case "mileage":
		inMiles, inKilometres := miles.MatchString(told), kilometres.MatchString(told)
		switch {
		case inMiles && !inKilometres:
			return "mi"
		case inKilometres && !inMiles:
			return "km"
		}
	case "price", "msrp":
		for _, code := range threeBig.FindAllString(c.Comment, -1) {
			if _, err := currency.ParseISO(code); err == nil {
				return code
			}
		}
	}
	return ""
}
