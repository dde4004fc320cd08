package index

import (
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
)

// Set is rows of the index that returned it. It is immutable. The zero Set has no rows.
type Set struct {
	bitmap *roaring.Bitmap // must not be changed, because the index may share it
	count  int
}

func newSet(b *roaring.Bitmap) Set { return Set{b, int(b.GetCardinality())} }

// Count returns how many rows there are.
func (s Set) Count() int { return s.count }

// First returns the first row, or false for an empty set.
func (s Set) First() (row uint32, ok bool) {
	if s.count == 0 {
		return 0, false
	}
	return s.bitmap.Minimum(), true
}

// Without returns the set without one row.
func (s Set) Without(row uint32) Set {
	if s.count == 0 || !s.bitmap.Contains(row) {
		return s
	}
	return newSet(roaring.AndNot(s.bitmap, roaring.BitmapOf(row)))
}

// All returns all rows.
func (x *Index) All() Set {
	b := roaring.New()
	b.AddRange(0, uint64(x.rows))
	return Set{b, x.rows}
}

// Intersect returns the rows that are in both sets.
func (x *Index) Intersect(a, b Set) Set {
	switch {
	case a.count == x.rows || b.count == 0:
		return b
	case b.count == x.rows || a.count == 0:
		return a
	}
	return newSet(roaring.And(a.bitmap, b.bitmap))
}

// intersectRows returns the rows of the set that are in a bitmap.
func (x *Index) intersectRows(s Set, rows *roaring.Bitmap) Set {
	if s.count == 0 {
		return s
	}
	return x.Intersect(s, newSet(rows))
}

// blockSize is how many rows are processed together: few enough for their ranks to stay in the processor's caches.
const blockSize = 2048

// rowBlock is room for the rows of a block and their ranks.
type rowBlock struct{ rows, ranks, spare [blockSize]uint32 }

var blockPool = sync.Pool{New: func() any { return new(rowBlock) }}

// eachBlock calls do with the set's rows in order, one block at a time, and room for their ranks. It ends when do
// returns false.
func (s Set) eachBlock(do func(rows []uint32, b *rowBlock) bool) {
	if s.count == 0 {
		return
	}

	b := blockPool.Get().(*rowBlock)
	defer blockPool.Put(b)

	for all := s.bitmap.ManyIterator(); ; {
		n := all.NextMany(b.rows[:])
		if n == 0 || !do(b.rows[:n], b) {
			return
		}
	}
}
