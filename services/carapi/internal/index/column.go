package index

import (
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"carstock/services/carapi/internal/catalog"
)

// maxBitmaps is the largest number of distinct values of a field with bitmaps of their rows.
const maxBitmaps = 10_000

// column is one field of all rows. A long text and a list have no ranks, unless they are the id or part of the key.
type column struct {
	make func() // fills the column when it is first needed; nil for one that is filled when the index is built

	field *catalog.Field
	rows  int

	hasRanks bool
	values   dictionary
	ranks    ranks
	nulls    int // rows without a comparable value; their rank is values.len()
	texts    int // nulls that are texts among numbers
	// the rows of each rank, including NULL's, if they are many; nil if there are too many values
	bitmaps []*roaring.Bitmap

	list *elementLists
	long *longTexts

	spellings  spellings
	spellingOf lazySpellings
	counts     lazyCounts
	meanings   lazyMeanings
	haystack   *haystack // the folded values, if q searches the field

	statisticsOnce sync.Once // guards allStatistics
	allStatistics  Statistics
	facets         resultMemo // results of Facet for all rows
}

// facetKey holds the arguments of Facet, and facet its results.
type (
	facetKey struct {
		step string
		most int
	}
	facet struct {
		counts []Count
		other  int
	}
)

// makeBitmaps makes the bitmaps of the values that many rows have.
func (c *column) makeBitmaps(rows int) {
	values := c.values.len()
	if values > maxBitmaps || c.ranks.isIdentity {
		return
	}

	// Sort the rows by rank: count the rows of each rank, then place each row.
	starts := make([]uint32, values+2)
	for row := range uint32(rows) {
		letOthersRun(row)
		starts[c.ranks.at(row)+1]++
	}

	for rank := range values + 1 {
		starts[rank+1] += starts[rank]
	}

	grouped, next := make([]uint32, rows), append([]uint32(nil), starts...)
	for row := range uint32(rows) {
		letOthersRun(row)
		rank := c.ranks.at(row)
		grouped[next[rank]] = row
		next[rank]++
	}

	c.bitmaps = make([]*roaring.Bitmap, values+1)
	for rank := range c.bitmaps {
		if ofRank := grouped[starts[rank]:starts[rank+1]]; worthBitmap(len(ofRank), rows) {
			c.bitmaps[rank] = newBitmap(ofRank)
		}
	}
}

// size returns about how much memory the column takes, in bytes.
func (c *column) size() int64 {
	size := c.values.size() + c.ranks.size() + c.spellings.size()
	for _, b := range c.bitmaps {
		size += sizeOfBitmap(b)
	}

	if c.list != nil {
		size += c.list.values.size() + c.list.postings.size()
	}

	if c.long != nil {
		size += c.long.size()
	}

	if c.haystack != nil {
		size += c.haystack.size()
	}

	return size
}
