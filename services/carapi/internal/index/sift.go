package index

import "github.com/RoaringBitmap/roaring/v2"

// siftRows checks each row of a set, and returns those in one of the selections. No selection may be a bitmap.
func siftRows(s Set, selections []filterSelection) Set {
	if s.count == 0 {
		return s
	}

	for i := range selections {
		selections[i].buildMarks()
	}

	rows := newRowCollector(s)
	s.eachBlock(func(block []uint32, b *rowBlock) bool {
		hits := b.spare[:len(block)]
		clear(hits)

		for i := range selections {
			selections[i].markHits(block, b.ranks[:len(block)], hits)
		}

		rows.add(block, hits)
		return true
	})

	return newSet(rows.bitmap())
}

// buildMarks prepares a selection with several spans for checking many rows.
func (sel *filterSelection) buildMarks() {
	if len(sel.spans) < 2 {
		return
	}

	sel.marks = newRankMarks(sel.column.values.len())
	for _, s := range sel.spans {
		for rank := s.low; rank < s.high; rank++ {
			sel.marks.set(rank)
		}
	}
}

// markHits sets hits to 1 for the rows in the selection. ranks is room for their ranks.
func (sel *filterSelection) markHits(rows, ranks, hits []uint32) {
	if sel.hashes != nil {
		for i, row := range rows {
			if sel.hashes[sel.column.long.hashes[row]] {
				hits[i] = 1
			}
		}
		return
	}

	sel.column.ranks.gather(rows, ranks)
	hits = hits[:len(ranks)]
	if marks := sel.marks; marks != nil {
		for i, rank := range ranks {
			hits[i] |= uint32(marks[rank/64]>>(rank%64)) & 1
		}
		return
	}

	// A rank below the span wraps around, so that one comparison checks both ends.
	span := sel.spans[0]
	for i, rank := range ranks {
		if rank-span.low < span.high-span.low {
			hits[i] = 1
		}
	}
}

// denseShare is the largest number of rows per selected row for which one bit per row is faster than a list.
const denseShare = 64

// rowCollector builds a bitmap of rows that come in order.
type rowCollector struct {
	dense []uint64 // a bit for each row; nil if few rows are expected

	few   []uint32
	found *roaring.Bitmap
}

// newRowCollector prepares for some of the rows of a set, which must not be empty.
func newRowCollector(s Set) *rowCollector {
	if last := s.bitmap.Maximum(); s.count > int(last/denseShare) {
		return &rowCollector{dense: make([]uint64, last/64+1)}
	}
	return &rowCollector{found: roaring.New()}
}

// add adds the rows whose hit is 1.
func (c *rowCollector) add(rows, hits []uint32) {
	if c.dense != nil {
		for i, row := range rows {
			c.dense[row/64] |= uint64(hits[i]) << (row % 64)
		}
		return
	}

	c.few = c.few[:0]
	for i, row := range rows {
		if hits[i] != 0 {
			c.few = append(c.few, row)
		}
	}

	c.found.AddMany(c.few)
}

func (c *rowCollector) bitmap() *roaring.Bitmap {
	if c.dense != nil {
		return roaring.FromDense(c.dense, false)
	}
	return c.found
}
