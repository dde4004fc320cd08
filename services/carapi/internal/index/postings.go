package index

import (
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// worthBitmap reports whether a bitmap of count rows takes less memory than a list of them.
func worthBitmap(count, rows int) bool { return count >= 50*(1+rows>>16) }

// newBitmap returns a bitmap of rows that are in order.
func newBitmap(rows []uint32) *roaring.Bitmap {
	b := roaring.New()
	b.AddMany(rows)
	b.RunOptimize()
	return b.Clone() // drops spare capacity
}

// postings hold the rows of each key. Keys are numbers from 0, and a row may have several. A key with many rows has a
// bitmap; the others share one list.
type postings struct {
	bitmaps map[uint32]*roaring.Bitmap // by key
	rows    []uint32                   // of the keys without a bitmap
	starts  []uint32                   // where each key begins in rows, and at the end the length of rows
}

// newPostings collects the rows of each key. each is called twice. It must call add for all keys of a row before those
// of another row. A row may have a key more than once.
func newPostings(keys, rows int, each func(add func(row, key uint32))) postings {
	// Count the rows of each key, and reserve room for them.
	counts, last := make([]uint32, keys+1), make([]uint32, keys) // last has the row + 1 where each key came last
	each(func(row, key uint32) {
		if last[key] != row+1 {
			last[key] = row + 1
			counts[key]++
		}
	})

	p := postings{bitmaps: map[uint32]*roaring.Bitmap{}, starts: counts}

	// Turn each count into the place where its key begins.
	total := uint32(0)
	for key := range counts {
		total, counts[key] = total+counts[key], total
	}

	// Place the rows.
	all, next := make([]uint32, total), slices.Clone(counts)
	clear(last)
	each(func(row, key uint32) {
		if last[key] != row+1 {
			last[key] = row + 1
			all[next[key]] = row
			next[key]++
		}
	})

	// Keys with many rows get a bitmap. The others move together in the list.
	kept := uint32(0)
	for key := range keys {
		ofKey := all[p.starts[key]:p.starts[key+1]]
		slices.Sort(ofKey)

		p.starts[key] = kept
		if worthBitmap(len(ofKey), rows) {
			p.bitmaps[uint32(key)] = newBitmap(ofKey)
		} else {
			kept += uint32(copy(all[kept:], ofKey))
		}
	}

	p.starts[keys] = kept
	p.rows = slices.Clip(slices.Clone(all[:kept]))
	return p
}

// union returns the rows with one of the keys.
func (p *postings) union(keys []uint32) *roaring.Bitmap {
	var dense []*roaring.Bitmap
	var sparse []uint32
	for _, key := range keys {
		if b := p.bitmaps[key]; b != nil {
			dense = append(dense, b)
		} else {
			sparse = append(sparse, p.rows[p.starts[key]:p.starts[key+1]]...)
		}
	}

	if len(sparse) > 0 {
		slices.Sort(sparse)
		dense = append(dense, roaring.BitmapOf(sparse...))
	}

	return unionBitmaps(dense)
}

// unionBitmaps returns the rows of several bitmaps. The result must not be changed, because it may be one of them.
func unionBitmaps(bitmaps []*roaring.Bitmap) *roaring.Bitmap {
	switch len(bitmaps) {
	case 0:
		return roaring.New()
	case 1:
		return bitmaps[0]
	}
	return roaring.FastOr(bitmaps...)
}

// count returns how many rows have a key.
func (p *postings) count(key uint32) int {
	if b := p.bitmaps[key]; b != nil {
		return int(b.GetCardinality())
	}
	return int(p.starts[key+1] - p.starts[key])
}

func (p *postings) size() int64 {
	size := 4 * int64(cap(p.rows)+cap(p.starts))
	for _, b := range p.bitmaps {
		size += sizeOfBitmap(b)
	}
	return size
}

// sizeOfBitmap estimates the memory of a bitmap: its rows, and 48 bytes for each block of 65,536 rows that it has a
// part of.
func sizeOfBitmap(b *roaring.Bitmap) int64 {
	if b == nil {
		return 8
	}
	return 100 + int64(b.GetSizeInBytes()) + 48*int64(b.Stats().Containers)
}
