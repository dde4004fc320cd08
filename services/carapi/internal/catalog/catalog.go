// Package catalog describes the vehicles of a table: its fields, the columns that they are bound to, and the key that
// finds one row. It binds columns by their names and by the values in a profile. It knows no SQL and no HTTP.
package catalog

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"carstock/pkg/schema"
)

// Catalog is the fields of a table. It is immutable: a table that changes gets a new one.
type Catalog struct {
	Table  schema.Table
	Fields []Field // those that requests and answers know
	Key    Key

	// KeyFields hold the key's values, in its order. Some may be hidden from requests and answers.
	KeyFields []*Field
	// Indexed are the fields in an index: all that are compared or ordered, and those of the key.
	Indexed []*Field
	// Read are the indexed fields that are read from the table. The others are derived from them, or computed at the end.
	Read []*Field

	Plan    *Plan    // how the columns were bound
	BoundID []string // Binding.ID at the time

	// HistoryKey are the fields that identify a vehicle in the change history; nil without a history.
	HistoryKey []*Field

	source              Source
	byName              map[string]*Field
	missingMarketFields []string // names of the fields without which prices cannot be compared
	noHistoryReason     string   // why there is no change history; empty if there is one
	noPricesReason      string   // why the history has no prices; empty if it has
}

// Key says how to find one row. The zero Key means that rows cannot be found one by one.
type Key struct {
	Columns []int // positions in Table.Columns
	RowID   bool  // SQLite's rowid, instead of columns
	Unique  bool  // the database guarantees unique values; otherwise the rows that were read must show it
}

// Exists reports whether there is a key.
func (k Key) Exists() bool { return k.RowID || len(k.Columns) > 0 }

// Source is what a database says about a table.
type Source struct {
	Table schema.Table
	Keys  [][]string // the columns of each key that is unique and without NULL, the primary key first
	RowID bool       // the table has SQLite's rowid

	Invisible []string // columns that the database hides from SELECT *

	HistoryKey []string // columns that identify a row in the change history; nil without a history
}

// Field returns the field with this name, or nil if no field has it.
func (c *Catalog) Field(name string) *Field { return c.byName[name] }

// TextField returns the field with a name if it holds texts, and otherwise nil.
func (c *Catalog) TextField(name string) *Field { return c.fieldOfClass(name, ClassText) }

// NumberField returns the field with a name if it holds numbers, and otherwise nil.
func (c *Catalog) NumberField(name string) *Field { return c.fieldOfClass(name, ClassNumber) }

func (c *Catalog) fieldOfClass(name string, class Class) *Field {
	if f := c.byName[name]; f != nil && f.Class() == class {
		return f
	}
	return nil
}

// ID returns the field that identifies a vehicle, or nil.
func (c *Catalog) ID() *Field { return c.byName["id"] }

// IDColumns returns the columns that the id is read from, or nil.
func (c *Catalog) IDColumns() []string {
	id := c.ID()
	if id == nil {
		return nil
	}

	names := make([]string, len(id.Columns))
	for i, position := range id.Columns {
		names[i] = c.Table.Columns[position].Name
	}

	return names
}

// IDIsKey reports whether the id is the key, so that a vehicle can be read by its id alone.
func (c *Catalog) IDIsKey() bool {
	id := c.ID()
	return id != nil && c.Key.Unique && !c.Key.RowID && slices.Equal(id.Columns, c.Key.Columns)
}

// Describe lists the fields, each with its column if that has another name.
func (c *Catalog) Describe() []string {
	var all []string
	for _, f := range c.Fields {
		switch {
		case f.isComputed:
		case f.Column.Name != f.Name:
			all = append(all, f.Name+"="+f.Column.Name)
		default:
			all = append(all, f.Name)
		}
	}

	return all
}

// Bind binds the fields of a table by a plan. Columns that are not in the plan keep their own names. A table without
// make and model is an error that lists its columns.
func Bind(source Source, b Binding, plan *Plan) (*Catalog, error) {
	t := source.Table
	c := &Catalog{Table: t, Plan: plan, BoundID: b.ID, source: source, byName: map[string]*Field{}}
	names := plan.columnsByField(t)
	id := b.idColumns(source, names)
	c.Key = rowKey(source, names)

	// A stock number or a VIN that serves as the id stays a field of its own.
	bound := map[int]string{}
	for name, column := range names {
		if name != "id" {
			bound[column] = name
		}
	}

	if len(id) == 1 && bound[id[0]] == "" {
		bound[id[0]] = "id"
	}

	// An id that is joined, or whose column is another field too, is a field in addition to those of the columns.
	if len(id) > 0 && (len(id) > 1 || bound[id[0]] != "id") {
		c.Fields = append(c.Fields, idField(t, id))
	}

	// A column without a field keeps its own name, unless that is taken.
	taken := plan.takenNames(bound, t, len(id) > 0)
	for i, column := range t.Columns {
		name := bound[i]
		if b.excludes(column) && name == "" {
			continue
		}

		if name == "" {
			name = freeName(column.Name, taken)
		}

		c.Fields = append(c.Fields, plan.newField(b, name, column, i))
	}

	// Derived fields follow. Their column may belong to another field too. A copy of the table may lack it.
	for _, name := range plan.sortedFields() {
		p := plan.Fields[name]
		if i := ColumnPosition(t, p.Column); i >= 0 && p.Derivation != asStored && bound[i] != name {
			c.Fields = append(c.Fields, plan.newField(b, name, t.Columns[i], i))
		}
	}

	c.addPriceVsSimilar()
	c.addHistory()

	// No field is added from here on, so that pointers to fields stay valid.
	for i := range c.Fields {
		c.Fields[i].position = i
		c.byName[c.Fields[i].Name] = &c.Fields[i]
	}

	c.connectFields()
	c.bindHistory()
	c.bindKey()

	return c, c.checkVehicle()
}

// checkVehicle returns an error if vehicles have neither a make nor a model.
func (c *Catalog) checkVehicle() error {
	if c.byName["make"] != nil || c.byName["model"] != nil {
		return nil
	}
	return fmt.Errorf("table %s has no column for make or model that is shown, and none whose texts begin with a make; "+
		"bind them by CARS_FIELDS=make=COLUMN,model=COLUMN; it has: %s\n%s",
		c.Table.Name, strings.Join(c.Table.ColumnNames(), ", "), strings.Join(c.Report(), "\n"))
}

// SameSource reports whether the catalog was made from this source.
func (c *Catalog) SameSource(source Source) bool { return reflect.DeepEqual(c.source, source) }

// bindKey finds the fields of the key and gives each indexed field its slot.
func (c *Catalog) bindKey() {
	if c.Key.RowID {
		c.KeyFields = []*Field{{Kind: schema.Integer, Column: schema.Column{Kind: schema.Integer}, position: -1}}
	}

	// A column of the key may be a field too. Otherwise it becomes a hidden field.
	for _, column := range c.Key.Columns {
		i := slices.IndexFunc(c.Fields, func(f Field) bool { return slices.Equal(f.Columns, []int{column}) && f.isPlain() })
		if i >= 0 {
			c.KeyFields = append(c.KeyFields, &c.Fields[i])
			continue
		}

		hidden := newField("", c.Table.Columns[column], column)
		hidden.position = -1
		c.KeyFields = append(c.KeyFields, &hidden)
	}

	// Number the indexed fields: those of the rows, the hidden ones of the key, and then the computed ones.
	hold := func(f *Field) {
		f.slot = len(c.Indexed)
		c.Indexed = append(c.Indexed, f)
	}

	for i := range c.Fields {
		f := &c.Fields[i]
		f.slot = -1
		if !f.isComputed && (f.Class() != ClassOpaque || f.Name == "id" || slices.Contains(c.KeyFields, f)) {
			hold(f)
		}
	}

	for _, f := range c.KeyFields {
		if f.position < 0 {
			hold(f)
		}
	}

	for _, f := range c.Indexed {
		if f.From == nil {
			c.Read = append(c.Read, f)
		}
	}

	for i := range c.Fields { // computed fields come last, because rows do not have them
		if f := &c.Fields[i]; f.isComputed {
			hold(f)
		}
	}
}

// newField returns the field of a column, as its name, type and comment describe it.
func newField(name string, c schema.Column, position int) Field {
	f := Field{Name: name, Column: c, Kind: c.Kind, Stored: c.Kind, Columns: []int{position}}
	v := vehicleField(name)
	f.About = v.About
	if f.About == "" {
		f.About = c.Comment
	}

	// A column type that may hold anything gets the kind of the vehicle field.
	if open := c.Kind == schema.Text || c.Kind == schema.Unknown; open && v.Kind != schema.Unknown {
		f.Kind, f.Stored = v.Kind, v.Kind
	}

	f.Unit = unitOf(name, c)
	return f
}

// idField returns an id that is read from one column, or joined from several.
func idField(t schema.Table, columns []int) Field {
	if len(columns) == 1 {
		return newField("id", t.Columns[columns[0]], columns[0])
	}

	names := make([]string, len(columns))
	for i, position := range columns {
		names[i] = t.Columns[position].Name
	}

	f := newField("id", schema.Column{Name: strings.Join(names, "~"), Kind: schema.Text}, 0)
	f.Columns = columns
	return f
}

// rowKey returns how rows are found: by the rowid, by a key of the database, or, in a view, by the field that
// identifies a vehicle, as long as its values are unique.
func rowKey(source Source, names map[string]int) Key {
	if source.RowID {
		return Key{RowID: true, Unique: true}
	}
	if len(source.Keys) > 0 {
		return Key{Columns: columnPositions(source.Table, source.Keys[0]), Unique: true}
	}

	for _, name := range []string{"id", "stock_number", "vin"} {
		if i, ok := names[name]; ok {
			return Key{Columns: []int{i}}
		}
	}

	return Key{}
}

// ColumnPosition returns the position of the column with this name, ignoring case, or -1 if no column has it.
func ColumnPosition(t schema.Table, name string) int {
	if i := slices.IndexFunc(t.Columns, func(c schema.Column) bool { return c.Name == name }); i >= 0 {
		return i
	}
	return slices.IndexFunc(t.Columns, func(c schema.Column) bool { return strings.EqualFold(c.Name, name) })
}

// columnPositions returns the positions of columns; -1 for one that does not exist.
func columnPositions(t schema.Table, names []string) []int {
	all := make([]int, len(names))
	for i, name := range names {
		all[i] = ColumnPosition(t, name)
	}
	return all
}
