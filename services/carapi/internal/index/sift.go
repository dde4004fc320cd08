package index

import "github.com/RoaringBitmap/roaring/v2"

// siftRows looks at each row of a set, and gives those that one of the selections takes in. None of these is a bitmap.
func siftRows(s Set, selections []selection) Set {
	if s.count == 0 {
		return s
	}

	for i := range selections {
		selections[i].buildMarks()
	}

	rows := newRowCollector(s)
	s.eachBlock(func(block []uint32, b *block) bool {
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

// buildMarks prepares the selection of several spans of ranks for looking at many rows.
func (sel *selection) buildMarks() {
	if len(sel.spans) < 2 {
		return
	}

	sel.marks = newMarks(sel.column.values.len())
	for _, s := range sel.spans {
		for rank := s.low; rank < s.high; rank++ {
			sel.marks.set(rank)
		}
	}
}

// markHits sets to 1 what belongs to the rows that the selection takes in. There is room for as many ranks.
func (sel *selection) markHits(rows, ranks, hits []uint32) {
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

	one := sel.spans[0]
	for i, rank := range ranks {
		if rank-one.low < one.high-one.low {
			hits[i] = 1
		}
	}
}

// denseShare is one of how many rows makes a bit for each row quicker than a list.
const denseShare = 64

// rowCollector makes a bitmap of rows that come in order.
type rowCollector struct {
	dense []uint64 // a bit for each row; nil if few rows are expected

	few   []uint32
	found *roaring.Bitmap
}

// newRowCollector expects some of the rows of a set, which is not empty.
func newRowCollector(s Set) *rowCollector {
	if last := s.bitmap.Maximum(); s.count > int(last/denseShare) {
		return &rowCollector{dense: make([]uint64, last/64+1)}
	}
	return &rowCollector{found: roaring.New()}
}

// add adds the rows to which a 1 belongs.
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
