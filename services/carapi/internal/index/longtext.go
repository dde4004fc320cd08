package index

import (
	"bytes"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/cespare/xxhash/v2"

	"carstock/services/carapi/internal/value"
)

// maxWords is how many bytes the words of a long field may take.
const maxWords = 64 << 20

// longReader collects a field of long texts. It keeps a hash of each text, which is enough to find the whole text, and
// its words.
type longReader struct {
	hashes []uint64
	words  *tokenReader // nil after they took too much memory
	folded []byte
}

// add adds the text of the next row.
func (r *longReader) add(c value.Cell) {
	if c.Type == value.Null {
		r.hashes = append(r.hashes, noText)
	} else {
		r.folded = value.AppendFold(r.folded[:0], c.Form)
		r.hashes = append(r.hashes, hashLong(r.folded, c.Form))
	}

	if r.words == nil {
		return
	}

	if c.Type != value.Null {
		for token := range bytes.FieldsSeq(c.Form) {
			r.words.add(token)
		}
	}

	// Words that take too much memory are given up, and q does not search the field.
	r.words.endRow()
	if r.words.size() > maxWords {
		r.words = nil
	}
}

func (r *longReader) size() int64 {
	size := 8*int64(cap(r.hashes)) + int64(cap(r.folded))
	if r.words != nil {
		size += r.words.size()
	}
	return size
}

// noText is the hash of NULL.
const noText = 0

// hashLong returns the hash that finds a long text in any spelling. A text without letters and digits only finds
// itself.
func hashLong(folded, text []byte) uint64 {
	hash := xxhash.Sum64(folded)
	if len(folded) == 0 {
		hash = ^xxhash.Sum64(text)
	}
	return max(hash, noText+1)
}

// longTexts is a field of long texts.
type longTexts struct {
	hashes   []uint64  // per row
	words    *haystack // distinct words in plain letters; nil if they take too much memory
	postings postings  // rows of each word
}

// finish builds the field. newRow maps rows to their numbers in the index; nil means that they are the same.
func (r *longReader) finish(newRow []uint32) *longTexts {
	rows := len(r.hashes)
	long := &longTexts{hashes: r.hashes}
	if newRow != nil {
		long.hashes = make([]uint64, rows)
		for old, row := range newRow {
			long.hashes[row] = r.hashes[old]
		}
	}

	if r.words == nil {
		return long
	}

	// Free each part as soon as it is not needed any more.
	r.words.slots = nil
	long.postings = r.words.postings(rows, nil, newRow)

	r.words.stream = nil
	long.words = newHaystack(r.words.arena.count, func(b []byte, word uint32) []byte {
		return value.AppendPlainLetters(b, r.words.arena.value(word))
	})
	if long.words.size()+long.postings.size() > maxWords {
		long.words, long.postings = nil, postings{}
	}

	return long
}

func (l *longTexts) size() int64 {
	size := 8*int64(cap(l.hashes)) + l.postings.size()
	if l.words != nil {
		size += l.words.size()
	}
	return size
}

// mentioning returns the rows whose text has a word that contains the given one.
func (l *longTexts) mentioning(word string) *roaring.Bitmap {
	if l.words == nil {
		return roaring.New()
	}
	return l.postings.union(slices.Collect(l.words.find(value.PlainLetters(word))))
}

// hashesOf returns the hashes of texts that equal one of the words.
func hashesOf(words []string) map[uint64]bool {
	hashes := map[uint64]bool{}
	for _, word := range words {
		hashes[hashLong(value.AppendFold(nil, word), []byte(word))] = true
	}
	return hashes
}
