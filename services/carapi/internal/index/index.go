// Package index holds one generation of the stock in memory: which vehicles match, how many they are, their order, and
// what their values are. It does not change once it is built. It knows no SQL, no HTTP and no way to read a table; it
// does not know what people mean by what they write, and it never shows a vehicle: it gives row numbers, which mean
// nothing outside one generation, and the key and the place of a row.
package index

import (
	"cmp"
	"slices"
	"sync"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// Index is one generation of the stock. It may be used by any number of goroutines.
//
// Rows are numbered in the order of their ids; where ids are missing or repeat, then in the order of all sortable
// fields.
type Index struct {
	catalog      *catalog.Catalog
	rows         int
	columns      []column // in the order of catalog.Indexed
	bytes        int64
	addedNumbers []uint32 // each row's number as it was added; nil if the rows came in their order

	uniqueKeys   lazyBool
	groupResults memo // results of Groups, of all rows

	keyRows    func() *keyRows // made once
	mayBeOlder []uint64        // a bit for each row; nil without a history
}

// Catalog describes the fields.
func (x *Index) Catalog() *catalog.Catalog { return x.catalog }

// Rows is how many vehicles there are.
func (x *Index) Rows() int { return x.rows }

// Bytes is about how much memory the generation takes.
func (x *Index) Bytes() int64 { return x.bytes }

// column gives the field's column; nil if the index does not hold the field.
func (x *Index) column(f *catalog.Field) *column {
	if f == nil || f.Slot() < 0 {
		return nil
	}
	return &x.columns[f.Slot()]
}

// rankedColumn gives the field's column if it has ranks; nil for a long field, a list and one that the index does not
// hold.
func (x *Index) rankedColumn(f *catalog.Field) *column {
	if c := x.column(f); c != nil && c.hasRanks {
		return c
	}
	return nil
}

// Cell gives the stored value of a row: NULL for a text among numbers, and for a long field or a list that is not
// part of the key. It must not be changed.
func (x *Index) Cell(f *catalog.Field, row uint32) value.Cell {
	c := x.rankedColumn(f)
	if c == nil {
		return value.Cell{}
	}
	return c.cell(c.ranks.at(row))
}

// cell gives the value of a rank.
func (c *column) cell(rank uint32) value.Cell {
	if int(rank) >= c.values.len() {
		return value.Cell{}
	}
	return c.values.cell(rank)
}

// CountNotNumbers is how many rows have a text in a field of numbers that is not understood as one.
func (x *Index) CountNotNumbers(f *catalog.Field) int {
	if c := x.rankedColumn(f); c != nil {
		return c.texts
	}
	return 0
}

// CountValues is how many rows have a value in a field: of a field of numbers those that are understood as one.
func (x *Index) CountValues(f *catalog.Field) int {
	if c := x.rankedColumn(f); c != nil {
		return x.rows - c.nulls
	}
	return 0
}

func (x *Index) size() int64 {
	size := int64(4*len(x.addedNumbers) + 8*len(x.mayBeOlder))
	for i := range x.columns {
		size += x.columns[i].size()
	}
	return size
}

// lazyBool is an answer that is found once.
type lazyBool struct {
	once  sync.Once
	value bool
}

// UniqueIDs reports whether every row has an id, and no two the same; false without an id field.
func (x *Index) UniqueIDs() bool {
	id := x.rankedColumn(x.catalog.ID())
	return id != nil && x.isUnique(id)
}

// isUnique reports whether every row has a value of its own in the column.
func (x *Index) isUnique(c *column) bool { return c.nulls == 0 && c.values.len() == x.rows }

// UniqueKeys reports whether every row has a whole key, and no two the same; false without a key.
func (x *Index) UniqueKeys() bool {
	x.uniqueKeys.once.Do(func() { x.uniqueKeys.value = x.areKeysUnique(x.catalog.KeyFields) })
	return x.uniqueKeys.value
}

func (x *Index) areKeysUnique(fields []*catalog.Field) bool {
	oneIs := false
	for _, f := range fields {
		c := x.rankedColumn(f)
		if c == nil || c.nulls > 0 {
			return false
		}
		oneIs = oneIs || x.isUnique(c)
	}

	if oneIs || len(fields) == 0 {
		return oneIs
	}

	// Rows with the same key are neighbors in the order of the key.
	order := make([]uint32, x.rows)
	for row := range order {
		order[row] = uint32(row)
	}

	compare := func(a, b uint32) int {
		for _, f := range fields {
			c := x.rankedColumn(f)
			if order := cmp.Compare(c.ranks.at(a), c.ranks.at(b)); order != 0 {
				return order
			}
		}
		return 0
	}

	slices.SortFunc(order, compare)

	for i := 1; i < len(order); i++ {
		if compare(order[i-1], order[i]) == 0 {
			return false
		}
	}

	return true
}
