package index

import (
	"cmp"
	"slices"
	"sort"

	"github.com/RoaringBitmap/roaring/v2"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// maxUnion is how many bitmaps are united instead of checking the rank of each row.
const maxUnion = 64

// Match returns the rows that match all words and filters of a query, except the filters of one field; nil excepts
// none.
func (x *Index) Match(q *query.Query, except *catalog.Field) Set {
	s := x.All()
	var slow []filterSelection
	for i := range q.Filters {
		if q.Filters[i].Field == except {
			continue
		}

		selected := x.selectFilter(&q.Filters[i])
		if selected.bitmap == nil {
			slow = append(slow, selected)
			continue
		}

		s = x.narrowSet(s, selected)
	}

	// Filters that check row by row come last, when few rows are left.
	for i := range slow {
		s = x.narrowSet(s, slow[i])
	}

	for _, word := range q.Words {
		s = x.filterMentions(s, word)
	}

	return s
}

// Filter returns the rows of a set that also pass a filter.
func (x *Index) Filter(s Set, f *query.Filter) Set { return x.narrowSet(s, x.selectFilter(f)) }

// narrowSet returns the rows of a set that are in a selection or, if it excludes, that are not.
func (x *Index) narrowSet(s Set, selected filterSelection) Set {
	if s.count == 0 {
		return s
	}

	// Without a bitmap, check each row of the set.
	rows := selected.bitmap
	if rows == nil {
		found := siftRows(s, []filterSelection{selected})
		if !selected.excludes {
			return found
		}
		rows = found.bitmap
	}

	if !selected.excludes {
		return x.intersectRows(s, rows)
	}
	if rows.IsEmpty() {
		return s
	}

	return newSet(roaring.AndNot(s.bitmap, rows))
}

// RowsWithCell returns the rows with exactly this value in a field.
func (x *Index) RowsWithCell(f *catalog.Field, cell value.Cell) Set {
	c := x.rankedColumn(f)
	if c == nil || !c.values.isComparable(cell) {
		return Set{}
	}

	rank, found := c.values.search(cell.Form)
	if !found {
		return Set{}
	}

	if c == x.rankedColumn(x.catalog.ID()) { // rows are in the order of ids
		first := sort.Search(x.rows, func(row int) bool { return c.ranks.at(uint32(row)) >= rank })
		end := sort.Search(x.rows, func(row int) bool { return c.ranks.at(uint32(row)) > rank })
		rows := roaring.New()
		rows.AddRange(uint64(first), uint64(end))
		return newSet(rows)
	}

	selected := c.selectRanks([]rankSpan{{rank, rank + 1}})
	if selected.bitmap != nil {
		return newSet(selected.bitmap)
	}

	return siftRows(x.All(), []filterSelection{selected})
}

// filterSelection is what a filter selects: a bitmap of rows, or ranks of a column or hashes of long texts, which must
// be checked row by row.
type filterSelection struct {
	bitmap   *roaring.Bitmap
	excludes bool // the selected rows are removed from a set, and the others stay

	column *column
	spans  []rankSpan
	marks  rankMarks
	hashes map[uint64]bool
}

// rankMarks are ranks, one bit each.
type rankMarks []uint64

func newRankMarks(ranks int) rankMarks { return make(rankMarks, ranks/64+1) }

func (m rankMarks) set(rank uint32) { m[rank/64] |= 1 << (rank % 64) }

// rankSpan is the ranks from low up to high, excluding high.
type rankSpan struct{ low, high uint32 }

// selectFilter says which rows a filter selects or excludes.
func (x *Index) selectFilter(f *query.Filter) filterSelection {
	c := x.column(f.Field)
	var selected filterSelection
	switch {
	case c == nil || f.Field.Class() == catalog.ClassOpaque:
		return filterSelection{bitmap: roaring.New()}
	case f.Use.Compares():
		selected = x.selectValues(c, f)
	default:
		selected = c.selectMissing()
	}

	selected.excludes = f.Use == query.UseExcluded || f.Use == query.UsePresent
	return selected
}

// selectMissing selects the rows without a value in the column, as query.Filter.Matches defines it.
func (c *column) selectMissing() filterSelection {
	switch {
	case c.list != nil:
		return filterSelection{bitmap: c.list.withoutElements(c.rows)}
	case c.long != nil:
		hashes := hashesOf([]string{""})
		hashes[noText] = true
		return filterSelection{column: c, hashes: hashes}
	}

	var spans []rankSpan
	if null := uint32(c.values.len()); c.nulls > 0 {
		spans = append(spans, rankSpan{null, null + 1})
	}

	// A blank text, whose key is empty, is not a value either.
	if d := c.dictionaryOf(); d != nil {
		for _, rank := range c.spellings.find(d, "") {
			spans = append(spans, rankSpan{rank, rank + 1})
		}
	}

	return c.selectRanks(spans)
}

// selectValues selects the rows with a value that one of a filter's words or ranges includes.
func (x *Index) selectValues(c *column, f *query.Filter) filterSelection {
	class := f.Field.Class()
	switch {
	case class == catalog.ClassList:
		return filterSelection{bitmap: x.selectElements(c, f)}
	case c.long != nil:
		return filterSelection{column: c, hashes: hashesOf(f.Words)}
	}

	var spans []rankSpan
	if class == catalog.ClassText {
		for _, rank := range c.matchingRanks(f) {
			spans = append(spans, rankSpan{rank, rank + 1})
		}
	} else {
		for _, r := range f.Ranges {
			spans = append(spans, c.ranksInRange(r))
		}
	}

	return c.selectRanks(spans)
}

// matchingRanks returns the ranks of the texts that match a filter.
func (c *column) matchingRanks(f *query.Filter) []uint32 {
	var ranks []uint32
	for _, word := range f.Words {
		ranks = append(ranks, c.spellings.find(c.dictionaryOf(), word)...)
	}

	for _, meaning := range f.Meanings {
		ranks = append(ranks, c.ranksWithMeaning(meaning)...)
	}

	for _, words := range f.Prefixes {
		ranks = append(ranks, c.ranksBeginning(c.dictionaryOf(), words)...)
	}

	return ranks
}

// selectElements returns the rows of lists with one of the filter's elements, or with all of them.
func (x *Index) selectElements(c *column, f *query.Filter) *roaring.Bitmap {
	var ranks []uint32
	var all []*roaring.Bitmap
	for _, word := range f.Words {
		found := c.spellings.find(&c.list.values, word)
		ranks = append(ranks, found...)
		if f.Use == query.UseHasAll {
			all = append(all, c.list.postings.union(found))
		}
	}

	if f.Use == query.UseHasAll && len(all) > 0 {
		return roaring.FastAnd(all...)
	}

	slices.Sort(ranks)
	return c.list.postings.union(slices.Compact(ranks))
}

// ranksInRange returns the ranks of the numbers or times in a range.
func (c *column) ranksInRange(r query.Range) rankSpan {
	s := rankSpan{0, uint32(c.values.len())}
	if r.From != "" {
		s.low, _ = c.values.search([]byte(r.From))
	}

	if r.To != "" {
		end, found := c.values.search([]byte(r.To))
		if s.high = end; found && c.field.Class() != catalog.ClassInstant { // the upper end of a time is excluded
			s.high++
		}
	}

	return s
}

// selectRanks selects the rows with one of the ranks, as a bitmap if that is quick.
func (c *column) selectRanks(spans []rankSpan) filterSelection {
	spans, total := mergeSpans(spans)
	switch {
	case total == 0:
		return filterSelection{bitmap: roaring.New()}
	case c.ranks.isIdentity: // ranks are row numbers
		rows := roaring.New()
		for _, s := range spans {
			rows.AddRange(uint64(s.low), uint64(s.high))
		}
		return filterSelection{bitmap: rows}
	case c.bitmaps == nil || total > maxUnion:
		return filterSelection{column: c, spans: spans}
	}

	var bitmaps []*roaring.Bitmap
	for _, s := range spans {
		for rank := s.low; rank < s.high; rank++ {
			if c.bitmaps[rank] == nil {
				return filterSelection{column: c, spans: spans}
			}
			bitmaps = append(bitmaps, c.bitmaps[rank])
		}
	}

	return filterSelection{bitmap: unionBitmaps(bitmaps)}
}

// mergeSpans sorts spans and joins those that touch. total is how many ranks they hold.
func mergeSpans(spans []rankSpan) (merged []rankSpan, total int) {
	slices.SortFunc(spans, func(a, b rankSpan) int { return cmp.Compare(a.low, b.low) })

	for _, s := range spans {
		last := len(merged) - 1
		switch {
		case s.high <= s.low:
		case last >= 0 && s.low <= merged[last].high:
			merged[last].high = max(merged[last].high, s.high)
		default:
			merged = append(merged, s)
		}
	}

	for _, s := range merged {
		total += int(s.high - s.low)
	}

	return merged, total
}

// filterMentions returns the rows of a set with a word in one of the searched fields.
func (x *Index) filterMentions(s Set, word string) Set {
	folded := value.Fold(word)
	var parts []*roaring.Bitmap

	var slow []filterSelection
	for _, name := range query.SearchedFields {
		c := x.column(x.catalog.TextField(name))
		switch {
		case c == nil || s.count == 0:
		case c.long != nil:
			parts = append(parts, c.long.mentioning(word))
		default:
			selected, all := c.selectMentions(folded)
			switch {
			case all:
				return s
			case selected.bitmap != nil:
				parts = append(parts, selected.bitmap)
			default:
				slow = append(slow, selected)
			}
		}
	}

	// Fields without bitmaps are checked together, row by row.
	if slow != nil {
		parts = append(parts, siftRows(s, slow).bitmap)
	}

	return x.intersectRows(s, unionBitmaps(parts))
}

// selectMentions selects the rows whose text contains a folded word. all reports that every row does.
func (c *column) selectMentions(word string) (found filterSelection, all bool) {
	marks, count := newRankMarks(c.values.len()), 0
	var few []rankSpan
	for rank := range c.haystack.find(word) {
		marks.set(rank)
		if count++; count <= maxUnion {
			few = append(few, rankSpan{rank, rank + 1})
		}
	}

	// The rows of a few values are united. Otherwise each row is checked.
	switch {
	case count == c.values.len() && c.nulls == 0:
		return filterSelection{}, true
	case count <= maxUnion:
		return c.selectRanks(few), false
	}

	return filterSelection{column: c, marks: marks}, false
}
