package catalog

import (
	"bytes"
	"cmp"
	"strings"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/value"
)

// IsUnderstood reports whether some of the field's values are compared as something other than what is stored.
func (f *Field) IsUnderstood() bool {
	return f.derivation != asStored || f.parsesNumbers || f.UnitIn != nil && f.Measure().IsDistance()
}

// Source returns the field whose stored cell the field is understood from: itself, or the one it is derived from.
func (f *Field) Source() *Field {
	if f.From != nil {
		return f.From
	}
	return f
}

// Sources returns the fields whose stored cells the field is understood from: Source, and the field of its unit.
func (f *Field) Sources() []*Field {
	all := []*Field{f.Source()}
	if f.UnitIn != nil {
		all = append(all, f.UnitIn)
	}
	return all
}

// Understand returns the cell that is compared. stored is the cell of Source, and unit the cell of UnitIn. The result
// may use the memory of these cells; the rest is appended to buf.
func (f *Field) Understand(stored, unit value.Cell, buf []byte) (value.Cell, []byte) {
	switch f.derivation {
	case deriveMake, deriveModel, dropMake, deriveFuel, deriveYear, deriveCurrency:
		return f.derive(stored, buf)
	}

	if f.parsesNumbers {
		return f.number(stored, unit, buf)
	}

	if f.UnitIn != nil && stored.Type == value.Number && f.Measure().IsDistance() {
		if from, ok := distanceUnit(string(unit.Form)); ok && from != f.Unit {
			return convertedCell(stored.Form, from, f.Unit, buf)
		}
	}

	return stored, buf
}

// convertedCell returns a distance in another unit. A distance that cannot be converted stays as it is.
func convertedCell(number []byte, from, to string, buf []byte) (value.Cell, []byte) {
	converted, ok := value.ConvertDistance(number, from, to)
	if !ok {
		return value.Cell{Type: value.Number, Form: number}, buf
	}

	start := len(buf)
	buf = append(buf, converted...)
	return value.Cell{Type: value.Number, Form: buf[start:]}, buf
}

// number reads a text as a number. A text that is not a number stays a text. A blank one becomes NULL.
func (f *Field) number(stored, unit value.Cell, buf []byte) (value.Cell, []byte) {
	switch {
	case stored.Type == value.Null || isBlank(stored.Form):
		return value.Cell{}, buf
	case stored.Type == value.Number && f.UnitIn == nil:
		return stored, buf
	}

	start := len(buf)
	n, ok := f.numberStyle.Parse(stored.Form, buf)
	if !ok {
		return value.Cell{Type: value.Text, Form: stored.Form}, buf
	}

	buf = append(buf, n.Number...)
	if f.Measure().IsDistance() && f.Unit != "" {
		// The unit beside the number wins over the unit in another column.
		from := n.Unit
		if f.UnitIn != nil && from == "" {
			from, _ = distanceUnit(string(unit.Form))
		}

		if from != "" && from != f.Unit {
			return convertedCell(n.Number, from, f.Unit, buf)
		}
	}

	return value.Cell{Type: value.Number, Form: buf[start:]}, buf
}

// derive finds the field's value within the text of another field.
func (f *Field) derive(stored value.Cell, buf []byte) (value.Cell, []byte) {
	if stored.Type == value.Null || isBlank(stored.Form) {
		return value.Cell{}, buf
	}

	// Find the value in the text. The default is the make or the model, in a text that begins with a make.
	text, ok := string(stored.Form), false
	kind := value.Text
	switch f.derivation {
	case deriveYear:
		kind = value.Number
		text, ok = findYear(text)
	case deriveFuel:
		text, ok = findFuel(f.vocabulary, text)
	case deriveCurrency:
		var n value.ParsedNumber
		n, ok = f.numberStyle.Parse(stored.Form, nil)
		text = cmp.Or(n.Currency, f.numberStyle.Currency)
	default:
		name, rest, found := f.vocabulary.FindMake(underscoreReplacer.Replace(text))
		rest = strings.Join(strings.Fields(rest), " ")
		switch {
		case f.derivation == deriveMake:
			text, ok = name, found
		case found && rest != "":
			text, ok = rest, true
		case f.derivation == dropMake:
			ok = true
		}
	}

	if !ok {
		return value.Cell{}, buf
	}

	start := len(buf)
	buf = append(buf, text...)
	return value.Cell{Type: kind, Form: buf[start:]}, buf
}

// ShownCell returns the cell that answers show, and the kind to write it as. It is the stored cell, but a text that is
// a plain number is written as a number.
func (f *Field) ShownCell(stored value.Cell) (value.Cell, schema.Kind) {
	if f.derivation != asStored && f.derivation != dropMake {
		cell, _ := f.Understand(stored, value.Cell{}, nil)
		return cell, f.Kind
	}

	if f.parsesNumbers && stored.Type == value.Text {
		if number, ok := value.NormalDecimal(bytes.Clone(stored.Form)); ok {
			understood, _ := f.Understand(stored, value.Cell{}, nil)
			if bytes.Equal(understood.Form, number) {
				return value.Cell{Type: value.Number, Form: number}, f.Kind
			}
		}
		return stored, schema.Text
	}

	return stored, f.Kind
}

// Understander understands rows one after another.
type Understander struct {
	fields []*Field           // Catalog.Indexed
	from   []int              // index in Catalog.Read of each field's source
	unit   []int              // index in Catalog.Read of its unit; -1 if it has none
	caches []*understoodCache // nil for fields that are compared as they are stored
	cells  []value.Cell
	buf    []byte
}

// NewUnderstander returns one for rows of Catalog.Read, or nil if all cells are compared as they are stored.
func (c *Catalog) NewUnderstander() *Understander {
	u := &Understander{
		fields: c.Indexed, from: make([]int, len(c.Indexed)), unit: make([]int, len(c.Indexed)),
		caches: make([]*understoodCache, len(c.Indexed)), cells: make([]value.Cell, len(c.Indexed)),
	}
	inRead := map[*Field]int{}
	for i, f := range c.Read {
		inRead[f] = i
	}

	// Note where the cells of each field come from.
	some := false
	for i, f := range c.Indexed {
		u.from[i], u.unit[i] = inRead[f.Source()], -1
		if f.IsUnderstood() {
			some = true
			u.caches[i] = newUnderstoodCache()
		}

		if f.UnitIn != nil {
			u.unit[i] = inRead[f.UnitIn]
		}
	}

	if !some {
		return nil
	}

	return u
}

// Row returns the cells of Catalog.Indexed from those of Catalog.Read. They are valid until the next call, but no
// longer than the given cells.
func (u *Understander) Row(read []value.Cell) []value.Cell {
	u.buf = u.buf[:0]
	for i := range u.fields {
		stored := read[u.from[i]]
		if u.caches[i] == nil {
			u.cells[i] = stored
			continue
		}
		u.cells[i] = u.understand(i, stored, read)
	}

	return u.cells
}

// understand returns the cell of an indexed field, from the cache if possible.
func (u *Understander) understand(i int, stored value.Cell, read []value.Cell) value.Cell {
	f, cached := u.fields[i], u.caches[i]
	unit := value.Cell{}
	if u.unit[i] >= 0 {
		unit = read[u.unit[i]]
	}

	// Only texts are cached, and only if the result does not depend on the unit beside them.
	if !cached.isOff && u.unit[i] < 0 {
		if known, ok := cached.cells[string(stored.Form)]; ok && stored.Type == value.Text {
			cached.hits++
			return known
		}
	}

	var cell value.Cell
	cell, u.buf = f.Understand(stored, unit, u.buf)
	if u.unit[i] < 0 && stored.Type == value.Text {
		cached.add(stored, cell)
	}

	return cell
}

// understoodCache remembers what values were understood as. It turns itself off if values seldom repeat.
type understoodCache struct {
	cells map[string]value.Cell
	hits  int
	isOff bool
}

// maxCached is how many values a cache keeps.
const maxCached = 4096

func newUnderstoodCache() *understoodCache { return &understoodCache{cells: map[string]value.Cell{}} }

// add remembers what a stored text was understood as.
func (c *understoodCache) add(stored, understood value.Cell) {
	if c.isOff {
		return
	}

	// A full cache starts again, or is turned off if it has been of little use.
	if len(c.cells) == maxCached {
		c.isOff = c.hits < maxCached
		c.hits = 0
		clear(c.cells)
	}

	if !c.isOff {
		c.cells[string(stored.Form)] = understood.Clone()
	}
}
