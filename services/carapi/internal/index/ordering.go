package index

import (
	"cmp"
	"math"
	"math/bits"

	"carstock/services/carapi/internal/query"
)

// rowOrdering is an order over columns. It compares rows by one key for each column.
type rowOrdering struct {
	columns []orderColumn
	head    int // how many columns have keys that together fit into 64 bits, to be compared at once
}

// orderColumn turns a column's ranks into keys. NULL has the highest rank, and the highest key in both directions.
type orderColumn struct {
	*column
	descending bool
	last       uint32 // the rank of the last value
	mask       uint32 // the bits of a key
	shift      int    // the position of the key in the head
}

// keyset is the position of a cursor: the key of its cell in each column.
type keyset struct {
	keys         []uint32
	isExact      bool // rows may have these keys; otherwise they are the first keys after the cursor
	offsetInTies int  // rows with these keys on earlier pages; 0 for all
}

// ordering returns the order over the columns of its fields.
func (x *Index) ordering(order []query.Order) *rowOrdering {
	o := &rowOrdering{columns: make([]orderColumn, len(order))}
	used := 0
	for i, by := range order {
		c := &o.columns[i]
		*c = orderColumn{column: x.rankedColumn(by.Field), descending: by.Descending}
		values := c.values.len()

		// The head has the columns whose keys fit into 64 bits together, the first one in the highest bits.
		width := bits.Len32(uint32(values))
		c.last, c.mask = uint32(values-1), 1<<width-1
		if used += width; used <= 64 && o.head == i {
			c.shift, o.head = 64-used, i+1
		}
	}

	return o
}

// key returns the key of a rank.
func (c *orderColumn) key(rank uint32) uint32 {
	if c.descending {
		return (c.last - rank) & c.mask // of NULL: all bits
	}
	return rank
}

// ranksOf returns the ranks with keys from low to high: the first one, and how many follow. It returns all ranks if
// NULL is among them in a descending order, where NULL has the highest key and the highest rank.
func (c *orderColumn) ranksOf(low, high uint32) (lowest, width uint32) {
	switch {
	case !c.descending:
		return low, high - low
	case high >= c.mask:
		return 0, math.MaxUint32
	}
	return c.last - high, high - low
}

// headKey returns the first keys of a row as one number.
func (o *rowOrdering) headKey(row uint32) uint64 {
	var head uint64
	for i := range o.columns[:o.head] {
		c := &o.columns[i]
		head |= uint64(c.key(c.ranks.at(row))) << c.shift
	}
	return head
}

// compare orders two rows. Rows with the same keys are equal.
func (o *rowOrdering) compare(a, b uint32) int {
	for i := range o.columns {
		c := &o.columns[i]
		if order := cmp.Compare(c.key(c.ranks.at(a)), c.key(c.ranks.at(b))); order != 0 {
			return order
		}
	}
	return 0
}

// compareToKeyset compares a row to a keyset.
func (o *rowOrdering) compareToKeyset(row uint32, p *keyset) int {
	for i := range o.columns {
		c := &o.columns[i]
		if order := cmp.Compare(c.key(c.ranks.at(row)), p.keys[i]); order != 0 {
			return order
		}
	}
	return 0
}

// findKeyset returns the keyset of a cursor.
func (o *rowOrdering) findKeyset(after *query.Cursor) *keyset {
	p := &keyset{keys: make([]uint32, len(o.columns)), isExact: true, offsetInTies: after.OffsetInTies}
	for i := range o.columns {
		c, cell := &o.columns[i], after.SortKey[i]
		rank, found := uint32(c.values.len()), true
		if c.values.isComparable(cell) {
			rank, found = c.values.search(cell.Form)
		}

		if found {
			p.keys[i] = c.key(rank)
			continue
		}

		// No row has this value, so the other columns do not matter: all rows with this key or a higher one come after.
		p.keys[i], p.isExact = rank, false
		if c.descending {
			p.keys[i] = uint32(c.values.len()) - rank
		}

		break
	}

	return p
}
