package index

import (
	"encoding/binary"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"carstock/services/carapi/internal/catalog"
)

// tokenReader collects the tokens of each row: the elements of a list, or the words of a text. It stores the number of
// tokens of a row and then their numbers, each in as few bytes as possible.
type tokenReader struct {
	valueNumbering
	stream  []byte
	pending []uint32 // token numbers of the present row
}

// add adds a token to the present row.
func (r *tokenReader) add(token []byte) {
	number, _ := r.numberOf(token)
	r.pending = append(r.pending, number)
}

// endRow ends the present row.
func (r *tokenReader) endRow() {
	r.stream = binary.AppendUvarint(r.stream, uint64(len(r.pending)))
	for _, number := range r.pending {
		r.stream = binary.AppendUvarint(r.stream, uint64(number))
	}
	r.pending = r.pending[:0]
}

func (r *tokenReader) size() int64 { return r.valueNumbering.size() + int64(cap(r.stream)) }

// postings returns the rows of each token. keyOf maps tokens to keys, and newRow maps rows to their numbers in the
// index; nil means that they are the same.
func (r *tokenReader) postings(rows int, keyOf, newRow []uint32) postings {
	return newPostings(r.arena.count, rows, func(add func(row, key uint32)) {
		// next reads the next number of the stream.
		rest := r.stream
		next := func() uint32 {
			n, width := binary.Uvarint(rest)
			rest = rest[width:]
			return uint32(n)
		}

		for row := range uint32(rows) {
			if newRow != nil {
				row = newRow[row]
			}

			for range next() {
				key := next()
				if keyOf != nil {
					key = keyOf[key]
				}
				add(row, key)
			}
		}
	})
}

// elementLists holds the lists of a field: their distinct elements in order, and the rows with each of them.
type elementLists struct {
	values   dictionary
	postings postings

	emptyOnce sync.Once
	empty     *roaring.Bitmap
}

// withoutElements returns the rows without an element.
func (l *elementLists) withoutElements(rows int) *roaring.Bitmap {
	l.emptyOnce.Do(func() {
		keys := make([]uint32, l.values.len())
		for i := range keys {
			keys[i] = uint32(i)
		}
		l.empty = roaring.Flip(l.postings.union(keys), 0, uint64(rows))
	})
	return l.empty
}

// finishList builds the list from what was read.
func finishList(r *tokenReader, rows int, newRow []uint32) *elementLists {
	// No more tokens come, so the table that finds them can go.
	r.slots = nil
	sorter := newValueReader(&catalog.Field{}, 0)
	sorter.valueNumbering = r.valueNumbering
	d, keyOf := sorter.dictionary()
	return &elementLists{values: d, postings: r.postings(rows, keyOf, newRow)}
}
