package index

import (
	"cmp"
	"math"
	"math/bits"

	"carstock/services/carapi/internal/query"
)

// ordering is an order over columns. Rows are compared by one key for each of them, and at last by their numbers.
type ordering struct {
	columns []orderColumn
	head    int // how many columns' keys together fit into 64 bits, which then decide at once
}

// orderColumn makes keys of a column's ranks. NULL has the highest rank, and the highest key in both directions.
type orderColumn struct {
	*column
	descending bool
	last       uint32 // rank of the last value
	mask       uint32 // as many bits as the keys need
	shift      int    // where the key is in the head
}

// keyset is where a cursor points: the key of its cell in each column.
type keyset struct {
	keys         []uint32
	isExact      bool // rows may have these very keys; otherwise they are those of the first place that comes after
	offsetInTies int  // rows in the place that earlier pages have shown; 0 for all
}

func (x *Index) ordering(order []query.Order) *ordering {
	o := &ordering{columns: make([]orderColumn, len(order))}
	used := 0
	for i, by := range order {
		c := &o.columns[i]
		*c = orderColumn{column: x.rankedColumn(by.Field), descending: by.Descending}
		values := c.values.len()

		width := bits.Len32(uint32(values))
		c.last, c.mask = uint32(values-1), 1<<width-1
		if used += width; used <= 64 && o.head == i {
			c.shift, o.head = 64-used, i+1
		}
	}

	return o
}

func (c *orderColumn) key(rank uint32) uint32 {
	if c.descending {
		return (c.last - rank) & c.mask // of NULL: all bits
	}
	return rank
}

// ranksOf gives the ranks that have keys from low to high: the first one, and how many follow it. Where NULL is one of
// them, which comes first among the ranks of a descending order's keys, it gives all ranks.
func (c *orderColumn) ranksOf(low, high uint32) (lowest, width uint32) {
	switch {
	case !c.descending:
		return low, high - low
	case high >= c.mask:
		return 0, math.MaxUint32
	}
	return c.last - high, high - low
}

// headKey gives the first keys of a row as one number.
func (o *ordering) headKey(row uint32) uint64 {
	var head uint64
	for i := range o.columns[:o.head] {
		c := &o.columns[i]
		head |= uint64(c.key(c.ranks.at(row))) << c.shift
	}
	return head
}

// compare orders two rows, but not those in one place.
func (o *ordering) compare(a, b uint32) int {
	for i := range o.columns {
		c := &o.columns[i]
		if order := cmp.Compare(c.key(c.ranks.at(a)), c.key(c.ranks.at(b))); order != 0 {
			return order
		}
	}
	return 0
}

// compareToKeyset compares a row with a place.
func (o *ordering) compareToKeyset(row uint32, p *keyset) int {
	for i := range o.columns {
		c := &o.columns[i]
		if order := cmp.Compare(c.key(c.ranks.at(row)), p.keys[i]); order != 0 {
			return order
		}
	}
	return 0
}

// findKeyset gives the place of a cursor.
func (o *ordering) findKeyset(after *query.Cursor) *keyset {
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

		// What follows in the other columns is of no account: all rows with this key or a higher one come after.
		p.keys[i], p.isExact = rank, false
		if c.descending {
			p.keys[i] = uint32(c.values.len()) - rank
		}

		break
	}

	return p
}
