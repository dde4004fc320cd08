package search

import (
	"fmt"
	"unsafe"

	"github.com/dustin/go-humanize"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// Limits for the rows in memory.
const (
	maxKeptRows  = 50_000
	maxKeptBytes = 128 << 20
)

// keptRows holds the rows of a table without a key, or whose rows are slow to read one by one. They are as old as the
// index.
type keptRows struct {
	catalog   *catalog.Catalog
	fields    []*catalog.Field // the fields of the index first, then the others
	positions map[*catalog.Field]int
	cells     []keptCell // row after row
	forms     []byte
}

type keptCell struct {
	kind value.Type
	end  uint32 // in forms; it begins where the one before ends
}

// newKeptRows returns room for the rows of a catalog, with all fields that are read from the table.
func newKeptRows(c *catalog.Catalog) *keptRows {
	k := &keptRows{catalog: c, positions: map[*catalog.Field]int{}}
	k.fields = append(k.fields, c.Read...)
	for i := range c.Fields {
		if f := &c.Fields[i]; f.Slot() < 0 && f.From == nil && !f.IsComputed() {
			k.fields = append(k.fields, f)
		}
	}

	for i, f := range k.fields {
		k.positions[f] = i
	}

	return k
}

// add adds a row.
func (k *keptRows) add(cells []value.Cell) error {
	for _, c := range cells {
		k.forms = append(k.forms, c.Form...)
		k.cells = append(k.cells, keptCell{c.Type, uint32(len(k.forms))})
	}

	if rows := len(k.cells) / len(k.fields); rows > maxKeptRows || len(k.forms) > maxKeptBytes {
		return &tooLargeError{fmt.Sprintf("table %s: its rows cannot be read quickly one by one, and it has more "+
			"than the %s rows or %s that are kept in memory: give the table a primary key, or a unique key whose "+
			"columns are NOT NULL; for a view, make its id unique and indexed in the table behind it, "+
			"or copy it with syncer and set SOURCE=snapshot", k.catalog.Table.Name,
			humanize.Comma(maxKeptRows), humanize.IBytes(maxKeptBytes))}
	}

	return nil
}

// bytes returns about how much memory the rows take; 0 for nil.
func (k *keptRows) bytes() int64 {
	if k == nil {
		return 0
	}
	return int64(cap(k.forms)) + int64(cap(k.cells))*int64(unsafe.Sizeof(keptCell{}))
}

// row returns the row with a number.
func (k *keptRows) row(number uint32) *keptRow { return &keptRow{k, int(number) * len(k.fields)} }

type keptRow struct {
	rows  *keptRows
	first int // of its cells
}

// Cell implements query.Vehicle.
func (r *keptRow) Cell(f *catalog.Field) (value.Cell, bool) {
	i := r.first + r.rows.positions[f]
	begin := uint32(0)
	if i > 0 {
		begin = r.rows.cells[i-1].end
	}

	c := r.rows.cells[i]
	return value.Cell{Type: c.kind, Form: r.rows.forms[begin:c.end]}, true
}

// Length implements the interface of vehicle: all rows are whole.
func (r *keptRow) Length(*catalog.Field) int { return 0 }
