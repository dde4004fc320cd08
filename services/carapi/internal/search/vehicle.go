package search

import (
	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/value"
)

// vehicle is a row as it was read for an answer. Cell returns what is compared, and shownCell what is shown.
type vehicle struct {
	stored interface {
		Cell(f *catalog.Field) (c value.Cell, whole bool) // as query.Vehicle has it
		Length(f *catalog.Field) int                      // the stored length of a value that was not read whole; otherwise 0
	}
	index *index.Index // has the computed fields; nil if it does not know the vehicle
	row   uint32       // in the index
}

// Cell implements query.Vehicle. It returns the cell as the index understands it.
func (v *vehicle) Cell(f *catalog.Field) (c value.Cell, whole bool) {
	switch {
	case f.IsComputed() && v.index == nil:
		return value.Cell{}, true
	case f.IsComputed():
		return v.index.Cell(f, v.row), true
	case !f.IsUnderstood():
		return v.stored.Cell(f)
	}

	stored, whole := v.stored.Cell(f.Source())
	if !whole {
		return value.Cell{}, false
	}

	unit := value.Cell{}
	if f.UnitIn != nil {
		unit, _ = v.stored.Cell(f.UnitIn)
	}

	c, _ = f.Understand(stored, unit, nil)
	return c, true
}

// shownCell returns the cell as answers show it, and the kind to write it as.
func (v *vehicle) shownCell(f *catalog.Field) (c value.Cell, kind schema.Kind, whole bool) {
	if f.IsComputed() {
		c, whole = v.Cell(f)
		return c, f.Kind, whole
	}

	stored, whole := v.stored.Cell(f.Source())
	c, kind = f.ShownCell(stored)
	return c, kind, whole
}

// storedLength returns the stored length of a value that was not read whole, and otherwise 0.
func (v *vehicle) storedLength(f *catalog.Field) int {
	if f.IsComputed() {
		return 0
	}
	return v.stored.Length(f)
}

// mayBeOlder reports whether the vehicle may have been in the table before catalog.FirstSeen.
func (v *vehicle) mayBeOlder() bool { return v.index != nil && v.index.MayBeOlder(v.row) }
