// Package index holds one generation of the stock in memory. It finds, counts, sorts and measures the vehicles that
// match, and lists their values. It is immutable once built. It returns row numbers, which mean nothing outside one
// generation, and the keys and sort keys of rows; it never shows a vehicle. It does not interpret what people write,
// and knows no SQL, no HTTP and no way to read a table.
package index

import (
	"cmp"
	"slices"
	"sync"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// Index is one generation of the stock. It is safe for concurrent use.
// Rows are numbered in the order of their ids; if ids are missing or repeat, in the order of all sortable fields.
type Index struct {
	catalog      *catalog.Catalog
	rows         int
	columns      []column // in the order of catalog.Indexed
	bytes        int64
	addedNumbers []uint32 // the number of each row in the order of adding; nil if that is the same

	uniqueKeys   lazyBool
	groupResults resultMemo // results of Groups for all rows

	keyRows    func() *keyRows // made once
	mayBeOlder []uint64        // a bit for each row; nil without a history
}

// Rows returns the number of vehicles.
func (x *Index) Rows() int { return x.rows }

// Bytes returns about how much memory the generation takes.
func (x *Index) Bytes() int64 { return x.bytes }

// column returns the field's column, or nil if the index does not hold the field.
func (x *Index) column(f *catalog.Field) *column {
	if f == nil || f.Slot() < 0 {
		return nil
	}
	c := &x.columns[f.Slot()]
	if c.make != nil {
		c.make()
	}
	return c
}

// rankedColumn returns the field's column if it has ranks. It returns nil for a long field, a list, and a field that
// the index does not hold.
func (x *Index) rankedColumn(f *catalog.Field) *column {
	if c := x.column(f); c != nil && c.hasRanks {
		return c
	}
	return nil
}

// Cell returns the stored value of a row. It is NULL for a text among numbers, and for a long field or a list that is
// not part of the key. It must not be changed.
func (x *Index) Cell(f *catalog.Field, row uint32) value.Cell {
	c := x.rankedColumn(f)
	if c == nil {
		return value.Cell{}
	}
	return c.cell(c.ranks.at(row))
}

// cell returns the value of a rank.
func (c *column) cell(rank uint32) value.Cell {
	if int(rank) >= c.values.len() {
		return value.Cell{}
	}
	return c.values.cell(rank)
}

// CountNotNumbers counts the rows with a text in a number field that is not understood as a number.
func (x *Index) CountNotNumbers(f *catalog.Field) int {
	if c := x.rankedColumn(f); c != nil {
		return c.texts
	}
	return 0
}

// CountValues counts the rows with a value in a field. In a number field it only counts numbers.
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

// lazyBool is computed when it is first needed.
type lazyBool struct {
	once  sync.Once
	value bool
}

// isUnique reports whether every row has its own value in the column.
func (x *Index) isUnique(c *column) bool { return c.nulls == 0 && c.values.len() == x.rows }

// UniqueKeys reports whether every row has a complete key of its own. It returns false without a key.
func (x *Index) UniqueKeys() bool {
	x.uniqueKeys.once.Do(func() { x.uniqueKeys.value = x.areKeysUnique(x.catalog.KeyFields) })
	return x.uniqueKeys.value
}

// areKeysUnique reports whether each row has values in all these fields, and no other row has the same.
func (x *Index) areKeysUnique(fields []*catalog.Field) bool {
	hasUniqueField := false
	for _, f := range fields {
		c := x.rankedColumn(f)
		if c == nil || c.nulls > 0 {
			return false
		}
		hasUniqueField = hasUniqueField || x.isUnique(c)
	}

	if hasUniqueField || len(fields) == 0 {
		return hasUniqueField
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
