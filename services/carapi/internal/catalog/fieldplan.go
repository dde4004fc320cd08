package catalog

import (
	"slices"

	"carstock/pkg/schema"
)

// columnsByField returns the position of the column of each field that is read from one.
func (p *Plan) columnsByField(t schema.Table) map[string]int {
	all := map[string]int{}
	for name, f := range p.Fields {
		if i := ColumnPosition(t, f.Column); i >= 0 && (f.Derivation == asStored || f.Derivation == dropMake) {
			all[name] = i
		}
	}
	return all
}

// takenNames returns the names that columns without a field must not have.
func (p *Plan) takenNames(bound map[int]string, t schema.Table, hasID bool) map[string]bool {
	names := map[string]bool{"id": hasID}
	for _, name := range bound {
		names[name] = true
	}

	// A derived field needs its name too.
	for name, f := range p.Fields {
		if ColumnPosition(t, f.Column) >= 0 {
			names[name] = true
		}
	}

	// A renamed column gives up its own name.
	for i, c := range t.Columns {
		if bound[i] == "" && !names[c.Name] {
			names[c.Name] = slices.Contains(p.Renamed, c.Name)
		}
	}

	return names
}

// renamedPrefix precedes the name of a column whose own name is taken.
const renamedPrefix = "column_"

// freeName returns the name of a field for a column without one: the column's name, with renamedPrefix if that is
// taken.
func freeName(column string, taken map[string]bool) string {
	name := column
	for taken[name] {
		name = renamedPrefix + name
	}
	taken[name] = true
	return name
}

// newField returns the field for a column as the plan says.
func (p *Plan) newField(b Binding, name string, c schema.Column, at int) Field {
	// A column without a planned field keeps its own kind.
	plan, isPlanned := p.Fields[name]
	if !isPlanned || plan.Column != c.Name && ColumnPosition(schema.Table{Columns: []schema.Column{c}}, plan.Column) < 0 {
		f := Field{
			Name: name, About: c.Comment, Column: c, Kind: c.Kind, Stored: c.Kind, Columns: []int{at},
			vocabulary: b.Vocabulary,
		}
		if name == "id" {
			f.About = vehicleField("id").About
		}

		f.Flag = slices.Contains(p.Flags, c.Name)
		if slices.Contains(p.Lists, c.Name) {
			f.Kind = schema.JSON
		}

		return f
	}

	// The plan says how the values are understood.
	f := newField(name, c, at)
	f.BoundBy, f.derivation, f.vocabulary = plan.BoundBy, plan.Derivation, b.Vocabulary
	if plan.Derivation == deriveYear {
		f.Stored = c.Kind
		f.Kind = schema.Integer
	}

	if plan.Derivation == deriveCurrency {
		f.numberStyle, f.Stored, f.Kind = plan.Style, c.Kind, schema.Text
	}

	if plan.Numbers {
		f.parsesNumbers, f.numberStyle, f.Stored = true, plan.Style, c.Kind
	}

	f.Unscaled = plan.Unscaled
	if plan.Unit != "" {
		f.Unit, f.Mixed = plan.Unit, plan.Mixed
	}

	if unit := b.Units[name]; unit != "" {
		f.Unit = unit
	}

	return f
}

// connectFields links fields to the fields that they are read from.
func (c *Catalog) connectFields() {
	// byColumn finds the field that has the texts of a column.
	byColumn := func(name string) *Field {
		for i := range c.Fields {
			if f := &c.Fields[i]; f.Column.Name == name && (f.derivation == asStored || f.derivation == dropMake) &&
				!f.IsJoined() {
				return f
			}
		}
		return nil
	}

	// Link derived fields to their texts, and amounts to their units.
	for i := range c.Fields {
		f := &c.Fields[i]
		plan, ok := c.Plan.Fields[f.Name]
		if !ok {
			continue
		}

		if f.derivation != asStored && f.derivation != dropMake {
			f.From, f.Columns = byColumn(plan.Column), nil
		}

		if plan.UnitIn != "" && f.BoundBy != "" {
			f.UnitIn = byColumn(plan.UnitIn)
		}
	}

	// Amounts in several currencies need a text field that names the currency.
	for i := range c.Fields {
		f := &c.Fields[i]
		if !f.Mixed || !f.Measure().IsMoney() {
			continue
		}

		if f.CurrencyIn = f.UnitIn; f.CurrencyIn == nil {
			f.CurrencyIn = c.byName["currency"]
		}

		if f.CurrencyIn != nil && f.CurrencyIn.Class() != ClassText {
			f.CurrencyIn = nil
		}
	}
}

// isPlain reports whether the field's values are those of its column, unchanged.
func (f *Field) isPlain() bool {
	return f.derivation == asStored && !f.parsesNumbers && f.Kind == f.Column.Kind
}
