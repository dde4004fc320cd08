package index

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// Page returns up to n rows of a set in an order, those after a cursor; nil begins at the start. same[i] is how many
// rows of the set with the same sort key come up to rows[i], itself included: the offset in ties of a cursor there.
// Rows with the same sort key are ordered by all sortable fields, then by the order of reading. An order consists of
// sortable fields and the id.
func (x *Index) Page(s Set, order []query.Order, after *query.Cursor, n int) (rows []uint32, same []int) {
	o := x.ordering(order)
	var from *keyset
	if after != nil {
		from = o.findKeyset(after)
	}

	if o.isRowOrder(x) {
		rows = o.walkRows(x, s, from, n)
	} else {
		rows = o.selectRows(s, from, n)
	}

	// Count the rows before each one that have its sort key, on earlier pages too.
	same = make([]int, len(rows))
	for i, row := range rows {
		switch {
		case i > 0 && o.compare(rows[i-1], row) == 0:
			same[i] = same[i-1] + 1
		case i == 0 && from != nil && from.isExact && o.compareToKeyset(row, from) == 0:
			same[i] = from.offsetInTies + 1
		default:
			same[i] = 1
		}
	}

	return rows, same
}

// SortKey returns a row's cells in the fields of an order.
func (x *Index) SortKey(order []query.Order, row uint32) []value.Cell {
	cells := make([]value.Cell, len(order))
	for i, o := range order {
		cells[i] = x.Cell(o.Field, row)
	}
	return cells
}

// isRowOrder reports whether this is the order of the row numbers.
func (o *rowOrdering) isRowOrder(x *Index) bool {
	if len(o.columns) == 0 {
		return true
	}
	first := &o.columns[0]
	return len(o.columns) == 1 && !first.descending && first.column == x.rankedColumn(x.catalog.ID())
}

// walkRows takes rows in the order of their numbers.
func (o *rowOrdering) walkRows(x *Index, s Set, from *keyset, n int) []uint32 {
	// The row numbers are in this order, so a binary search finds where the page begins.
	first := 0 // index among the set's rows
	if from != nil {
		before := func(end int) int { // counts the set's rows before a row
			if end == 0 || s.count == 0 {
				return 0
			}
			return int(s.bitmap.Rank(uint32(end - 1)))
		}

		first = before(sort.Search(x.rows, func(row int) bool { return o.compareToKeyset(uint32(row), from) >= 0 }))
		if from.isExact {
			end := before(sort.Search(x.rows, func(row int) bool { return o.compareToKeyset(uint32(row), from) > 0 }))
			if from.offsetInTies == 0 {
				first = end
			} else {
				first = min(first+from.offsetInTies, end)
			}
		}
	}

	if first >= s.count {
		return nil
	}

	row, _ := s.bitmap.Select(uint32(first)) // exists, because first < count
	all := s.bitmap.Iterator()
	all.AdvanceIfNeeded(row)

	rows := make([]uint32, 0, min(n, s.count-first))
	for len(rows) < n && all.HasNext() {
		rows = append(rows, all.Next())
	}

	return rows
}

// selectRows checks each row of the set and takes the first n.
func (o *rowOrdering) selectRows(s Set, from *keyset, n int) []uint32 {
	// Rows with a head below that of the cursor were on earlier pages.
	var start uint64
	if from != nil {
		for i := range o.columns[:o.head] {
			start |= uint64(from.keys[i]) << o.columns[i].shift
		}
	}

	best := newSmallestKeys(n, func(a, b uint32) int {
		if o.head < len(o.columns) {
			return cmp.Or(o.compare(a, b), cmp.Compare(a, b))
		}
		return cmp.Compare(a, b)
	})

	best.limit = o.sampleLimit(s, from, start, n)

	first, ties := &o.columns[0], 0
	s.eachBlock(func(rows []uint32, b *rowBlock) bool {
		// The first column alone excludes most rows.
		lowest, width := first.ranksOf(uint32(start>>first.shift), uint32(best.limit>>first.shift))
		first.ranks.gather(rows, b.ranks[:len(rows)])

		// A rank below lowest wraps around and becomes greater than width.
		left := 0
		for i, rank := range b.ranks[:len(rows)] {
			b.spare[left] = rows[i]
			if rank-lowest <= width {
				left++
			}
		}

		for _, row := range b.spare[:left] {
			head := o.headKey(row)
			if head < start || head > best.limit {
				continue
			}

			if from != nil && head == start && !o.isAfterKeyset(row, from, &ties) {
				continue
			}

			best.add(candidate{head, row})
		}

		return true
	})

	chosen := best.sorted()
	rows := make([]uint32, len(chosen))
	for i, c := range chosen {
		rows[i] = c.number
	}

	return rows
}

// isAfterKeyset reports whether a row comes after a cursor. It adds 1 to ties if the row has the cursor's keys.
func (o *rowOrdering) isAfterKeyset(row uint32, from *keyset, ties *int) bool {
	order := o.compareToKeyset(row, from)
	if order == 0 && from.isExact {
		*ties++
		return from.offsetInTies != 0 && *ties > from.offsetInTies
	}
	return order >= 0
}

// sampleLimit estimates from a sample of a large set a head that none of the first n rows exceeds.
func (o *rowOrdering) sampleLimit(s Set, from *keyset, start uint64, n int) uint64 {
	const samples = 1024
	if s.count < 8*samples || n > samples/8 || n == 0 {
		return math.MaxUint64
	}

	heads := make([]uint64, 0, samples)
	step := (s.bitmap.Maximum() + 1) / samples
	for all, i := s.bitmap.Iterator(), uint32(0); i < samples; i++ {
		if all.AdvanceIfNeeded(i * step); !all.HasNext() {
			break
		}
		if head := o.headKey(all.Next()); from == nil || head > start {
			heads = append(heads, head)
		}
	}

	if len(heads) < n {
		return math.MaxUint64
	}

	// The sample alone has n rows up to this head.
	slices.Sort(heads)
	return heads[n-1]
}
