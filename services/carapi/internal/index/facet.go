package index

import (
	"cmp"
	"math"
	"slices"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
)

// Count is how many rows have a value, or a number in a range.
type Count struct {
	Span
	Count int
}

// Facet counts the values of a field in a set, or its numbers in ranges: the most frequent first, equal counts in the
// order of their values with NULL first. other is the sum of the counts beyond most. The counts must not be changed. A
// step must be one that FitsRanges accepts.
func (x *Index) Facet(s Set, by query.Group, most int) (counts []Count, other int) {
	c := x.rankedColumn(by.Field)
	if c == nil {
		return nil, 0
	}
	if s.count < x.rows {
		return c.facet(s, by.Step, most)
	}

	// Results for all rows are kept, because every request without filters needs them.
	kept := c.facets.get(facetKey{by.Step, most}, func() any {
		counts, other := c.facet(s, by.Step, most)
		return facet{counts, other}
	}).(facet)

	return kept.counts, kept.other
}

// facet counts the values of the column, or its numbers in ranges of a step.
func (c *column) facet(s Set, step string, most int) (counts []Count, other int) {
	null, span := uint32(c.values.len()), func(rank uint32) Span { return Span{From: c.cell(rank)} }
	var all []rankCount
	if step == "" {
		all = c.mergeSpellings(c.tally(s))
	} else {
		ranges := c.axis(step)
		all, null, span = ranges.tally(s), uint32(len(ranges.ranges)), ranges.span
	}

	// The greatest counts have the smallest keys. NULL becomes number 0, and so the first of equals.
	best := newSmallestKeys(most, func(a, b uint32) int { return cmp.Compare(a, b) })
	for _, t := range all {
		number := t.rank + 1
		if t.rank == null {
			number = 0
		}
		best.add(candidate{math.MaxUint64 - uint64(t.count), number})
	}

	other = s.count
	for _, b := range best.sorted() {
		count := Count{Count: int(math.MaxUint64 - b.key)}
		if b.number > 0 {
			count.Span = span(b.number - 1)
		}
		counts = append(counts, count)
		other -= count.Count
	}

	return counts, other
}

// mergeSpellings adds up the counts of texts that are one value, under its most frequent spelling. all and the result
// are in the order of ranks.
func (c *column) mergeSpellings(all []rankCount) []rankCount {
	if c.dictionaryOf() != &c.values || len(c.mainSpellings()) == 0 {
		return all
	}

	kept, others := all[:0], map[uint32]uint32{}
	for _, t := range all {
		if leader, other := c.mainSpellings()[t.rank]; other {
			others[leader] += t.count
		} else {
			kept = append(kept, t)
		}
	}

	for i := range kept {
		kept[i].count += others[kept[i].rank]
		delete(others, kept[i].rank)
	}

	for leader, count := range others { // values whose main spelling is not in the set
		kept = append(kept, rankCount{leader, count})
	}

	slices.SortFunc(kept, func(a, b rankCount) int { return cmp.Compare(a.rank, b.rank) })
	return kept
}

// DistinctTexts returns up to limit distinct values of a text field in a set, the first ones in byte order.
func (x *Index) DistinctTexts(s Set, f *catalog.Field, limit int) []string {
	c := x.rankedColumn(f)
	if c == nil || c.dictionaryOf() != &c.values {
		return nil
	}

	all, _ := c.tallyValues(s)
	var texts []string
	for _, t := range all[:min(limit, len(all))] {
		texts = append(texts, c.values.text(t.rank))
	}

	return texts
}

// rankCount is a rank and how many rows of a set have it.
type rankCount struct{ rank, count uint32 }

// manyRanks is how many times more ranks than rows make a counter for each rank slower than sorting.
const manyRanks = 16

// tally counts the rows of a set by their ranks, in the order of the ranks. NULL comes last.
func (c *column) tally(s Set) []rankCount {
	// For few rows, sorting their ranks is quicker than a counter for each rank.
	ranks := c.values.len() + 1
	if ranks > manyRanks*s.count {
		return c.tallyFew(s)
	}

	counts, different := make([]uint32, ranks), 0
	s.eachBlock(func(rows []uint32, b *rowBlock) bool {
		c.ranks.gather(rows, b.ranks[:len(rows)])
		for _, rank := range b.ranks[:len(rows)] {
			counts[rank]++
		}
		return true
	})

	for _, count := range counts {
		if count > 0 {
			different++
		}
	}

	all := make([]rankCount, 0, different)
	for rank, count := range counts {
		if count > 0 {
			all = append(all, rankCount{uint32(rank), count})
		}
	}

	return all
}

// tallyFew sorts the ranks of few rows.
func (c *column) tallyFew(s Set) []rankCount {
	ranks := make([]uint32, 0, s.count)
	s.eachBlock(func(rows []uint32, _ *rowBlock) bool {
		start := len(ranks)
		ranks = ranks[:start+len(rows)]
		c.ranks.gather(rows, ranks[start:])
		return true
	})

	slices.Sort(ranks)

	var all []rankCount
	for i, rank := range ranks {
		if i == 0 || rank != ranks[i-1] {
			all = append(all, rankCount{rank: rank})
		}
		all[len(all)-1].count++
	}

	return all
}

// tallyValues returns the tally without NULL, and how many rows have a value.
func (c *column) tallyValues(s Set) (all []rankCount, rows int) {
	all = c.tally(s)
	if last := len(all) - 1; last >= 0 && int(all[last].rank) == c.values.len() {
		return all[:last], s.count - int(all[last].count)
	}
	return all, s.count
}
