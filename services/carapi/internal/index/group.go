package index

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"sync"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// Span is a value or, with To, a range of numbers from From up to To, excluding To.
type Span struct{ From, To value.Cell }

// Group is the rows of a set with the same values in some fields.
type Group struct {
	Spans    []Span // one for each field
	Count    int
	Measures []Statistics // one for each measured field
}

// Groups divides a set by the values of fields, and measures other fields in the largest groups: the most frequent
// first, equal counts in the order of their values with NULL first. other is how many rows are in the groups beyond
// most. The result must not be changed. The steps of by must be ones that FitsRanges accepts.
func (x *Index) Groups(s Set, by []query.Group, measured []*catalog.Field, most int) (groups []Group, other int) {
	if s.count < x.rows {
		return x.groups(s, by, measured, most)
	}

	// Results for all rows are kept, because many requests have no filters.
	key := strconv.Itoa(most)
	for _, g := range by {
		key += "," + g.String()
	}

	for _, f := range measured {
		key += "," + f.Name
	}

	type result struct {
		groups []Group
		other  int
	}
	kept := x.groupResults.get(key, func() any {
		groups, other := x.groups(s, by, measured, most)
		return result{groups, other}
	}).(result)

	return kept.groups, kept.other
}

// groups does what Groups does, without keeping the result.
func (x *Index) groups(s Set, by []query.Group, measured []*catalog.Field, most int) (groups []Group, other int) {
	axes := make([]*groupAxis, len(by))
	for i, g := range by {
		c := x.rankedColumn(g.Field)
		if c == nil {
			return nil, s.count
		}
		axes[i] = c.axis(g.Step)
	}

	d := divideSet(s, axes)
	largest := d.largest(axes, most)

	// Only the rows of the largest groups are measured. Collect them one group after another.
	positions := make([]uint32, len(d.counts)) // in largest, by group
	for i := range positions {
		positions[i] = math.MaxUint32
	}

	next, total := make([]int, len(largest)), 0 // where the next row of each group goes
	for position, g := range largest {
		positions[g], next[position] = uint32(position), total
		total += d.counts[g]

		group := Group{Count: d.counts[g]}
		for _, a := range axes {
			group.Spans = append(group.Spans, a.span(a.number(a.column.ranks.at(d.first[g]))))
		}

		groups = append(groups, group)
	}

	measuredRows, at := make([]uint32, total), 0
	s.eachBlock(func(rows []uint32, _ *rowBlock) bool {
		for i, row := range rows {
			if position := positions[d.groupOf[at+i]]; int(position) < len(next) {
				measuredRows[next[position]] = row
				next[position]++
			}
		}

		at += len(rows)
		return true
	})

	x.addMeasures(measuredRows, groups, measured)

	return groups, s.count - total
}

// manyMeasured is how many rows are worth measuring several fields at a time.
const manyMeasured = 16_384

// addMeasures adds the statistics of fields to groups. rows holds their rows one group after another.
func (x *Index) addMeasures(rows []uint32, groups []Group, measured []*catalog.Field) {
	byField := make([][]Statistics, len(measured))
	var fields sync.WaitGroup
	for i, f := range measured {
		if len(rows) < manyMeasured {
			byField[i] = x.measureGroups(rows, groups, f)
			continue
		}
		fields.Go(func() { byField[i] = x.measureGroups(rows, groups, f) })
	}
	fields.Wait()

	for place := range groups {
		for _, statistics := range byField {
			groups[place].Measures = append(groups[place].Measures, statistics[place])
		}
	}
}

// measureGroups returns the statistics of a field for each group. rows holds their rows one group after another.
func (x *Index) measureGroups(rows []uint32, groups []Group, f *catalog.Field) []Statistics {
	c := x.rankedColumn(f)
	ranks, null := make([]uint32, len(rows)), uint32(c.values.len())
	c.ranks.gather(rows, ranks)

	all := make([]Statistics, len(groups))
	for i := range groups {
		ofGroup := ranks[:groups[i].Count]
		ranks = ranks[groups[i].Count:]
		ofGroup = slices.DeleteFunc(ofGroup, func(rank uint32) bool { return rank == null })
		all[i] = c.statisticsOf(ofGroup)
	}

	return all
}

// groupAxis maps the ranks of a column to numbers. Ranks with the same number count as one: spellings of one value, or
// numbers in one range.
type groupAxis struct {
	column  *column
	count   int      // how many numbers there are, including that of NULL
	numbers []uint32 // by rank; nil if no text has several spellings

	// For ranges: firsts has the first rank of each range, and at the end that of NULL. coarse has the range of every
	// 2^shift-th rank, to find a rank's range quickly.
	ranges []numberRange
	firsts []uint32
	coarse []uint32
	shift  int
}

// axis returns the column's axis. step is the width of ranges of numbers, or empty.
func (c *column) axis(step string) *groupAxis {
	a := &groupAxis{column: c, count: c.values.len() + 1}

	// Without a step, each value has a number, which its spellings share.
	if step == "" {
		if c.dictionaryOf() == &c.values && len(c.mainSpellings()) > 0 {
			a.numbers = make([]uint32, a.count)
			for rank := range a.numbers {
				a.numbers[rank] = c.mainSpelling(uint32(rank))
			}
		}
		return a
	}

	// With a step, each range has a number.
	a.ranges, _ = c.divideNumbers(step, math.MaxInt)
	for _, r := range a.ranges {
		a.firsts = append(a.firsts, r.first)
	}

	a.firsts = append(a.firsts, uint32(c.values.len()))
	a.count = len(a.firsts)

	// Note the range of every 2^shift-th rank, so that the search for a range is short.
	const coarseBits = 12
	a.shift = max(0, bits.Len(uint(c.values.len()))-coarseBits)

	a.coarse = make([]uint32, c.values.len()>>a.shift+1)
	at := uint32(0)
	for i := range a.coarse {
		at = a.rangeFrom(at, uint32(i)<<a.shift)
		a.coarse[i] = at
	}

	return a
}

// number returns the number of a rank. NULL has the last number.
func (a *groupAxis) number(rank uint32) uint32 {
	switch {
	case a.firsts != nil:
		return a.rangeFrom(a.coarse[rank>>a.shift], rank)
	case a.numbers != nil:
		return a.numbers[rank]
	}
	return rank
}

// rangeFrom returns the range of a rank. It starts the search at a range that is not after it.
func (a *groupAxis) rangeFrom(at, rank uint32) uint32 {
	for int(at)+1 < len(a.firsts) && a.firsts[at+1] <= rank {
		at++
	}
	return at
}

// tally counts the rows of a set by their numbers, in the order of the numbers.
func (a *groupAxis) tally(s Set) []rankCount {
	counts := make([]uint32, a.count)
	s.eachBlock(func(rows []uint32, b *rowBlock) bool {
		a.column.ranks.gather(rows, b.ranks[:len(rows)])
		for _, rank := range b.ranks[:len(rows)] {
			counts[a.number(rank)]++
		}
		return true
	})

	var all []rankCount
	for number, count := range counts {
		if count > 0 {
			all = append(all, rankCount{uint32(number), count})
		}
	}

	return all
}

// span returns the values of a number.
func (a *groupAxis) span(number uint32) Span {
	switch {
	case a.firsts == nil:
		return Span{From: a.column.cell(number)}
	case int(number) == len(a.ranges):
		return Span{}
	}
	return a.ranges[number].span
}

// order returns the sort position of a number: NULL comes first.
func (a *groupAxis) order(number uint32) uint32 { return (number + 1) % uint32(a.count) }

// setDivision is the rows of a set in groups.
type setDivision struct {
	groupOf []uint32 // the group of each row of the set, in order
	counts  []int    // the number of rows of each group
	first   []uint32 // one row of each group
}

// divideSet puts the rows of a set into groups that have the same number on each axis.
func divideSet(s Set, axes []*groupAxis) setDivision {
	d := setDivision{groupOf: make([]uint32, s.count)}
	groups := 1
	for _, a := range axes {
		groups = a.split(s, d.groupOf, groups)
	}

	d.counts, d.first = make([]int, groups), make([]uint32, groups)
	at := 0
	s.eachBlock(func(rows []uint32, _ *rowBlock) bool {
		for i, row := range rows {
			d.counts[d.groupOf[at+i]]++
			d.first[d.groupOf[at+i]] = row
		}
		at += len(rows)
		return true
	})

	return d
}

// split divides each group by an axis. It changes the groups in groupOf, and returns their new number.
func (a *groupAxis) split(s Set, groupOf []uint32, groups int) int {
	// Groups by combination of old group and number: in a table, or in a map if there are far more combinations than rows.
	// 0 is a combination without rows.
	var table []uint32
	var others map[uint64]uint32
	if combinations := uint64(groups) * uint64(a.count); combinations <= uint64(manyRanks*s.count) {
		table = make([]uint32, combinations)
	} else {
		others = map[uint64]uint32{}
	}

	next, at := uint32(0), 0
	s.eachBlock(func(rows []uint32, b *rowBlock) bool {
		letOthersRun(at)
		a.column.ranks.gather(rows, b.ranks[:len(rows)])

		for i, rank := range b.ranks[:len(rows)] {
			combination := uint64(groupOf[at+i])*uint64(a.count) + uint64(a.number(rank))
			var group uint32
			if table != nil {
				group = table[combination]
			} else {
				group = others[combination]
			}

			if group == 0 {
				next++
				group = next
				if table != nil {
					table[combination] = group
				} else {
					others[combination] = group
				}
			}

			groupOf[at+i] = group - 1
		}

		at += len(rows)
		return true
	})

	return int(next)
}

// largest returns the largest groups.
func (d *setDivision) largest(axes []*groupAxis, most int) []uint32 {
	best := newSmallestKeys(most, func(a, b uint32) int {
		for _, axis := range axes {
			order := func(group uint32) uint32 { return axis.order(axis.number(axis.column.ranks.at(d.first[group]))) }
			if c := cmp.Compare(order(a), order(b)); c != 0 {
				return c
			}
		}
		return 0
	})

	for group, count := range d.counts {
		best.add(candidate{math.MaxUint64 - uint64(count), uint32(group)})
	}

	var groups []uint32
	for _, c := range best.sorted() {
		groups = append(groups, c.number)
	}

	return groups
}

// statisticsOf measures the values of ranks. It reorders the ranks.
func (c *column) statisticsOf(ranks []uint32) Statistics {
	if len(ranks) == 0 {
		return Statistics{}
	}

	result := Statistics{Count: len(ranks), Min: c.cell(slices.Min(ranks)), Max: c.cell(slices.Max(ranks))}
	if c.values.numbers {
		result.Sum = c.values.sumOf(ranks)
		low, high := middleRanks(ranks)
		result.Median = c.values.mean(low, high)
	}

	return result
}

// middleRanks returns the two ranks in the middle, which are the same if their number is odd. It reorders the ranks, of
// which there must be at least one.
func middleRanks(ranks []uint32) (low, high uint32) {
	at := (len(ranks) - 1) / 2
	selectNth(ranks, at)

	low, high = ranks[at], ranks[at]
	if len(ranks)%2 == 0 {
		high = slices.Min(ranks[at+1:])
	}

	return low, high
}

// selectNth moves the number that a sort would put at a place to that place, the smaller ones before it and the greater
// ones after it.
func selectNth(all []uint32, place int) {
	for low, high := 0, len(all)-1; low < high; {
		// Put what is below a pivot before what is above it, and go on in the part that has the place.
		pivot := all[low+(high-low)/2]
		i, j := low, high
		for i <= j {
			for all[i] < pivot {
				i++
			}

			for all[j] > pivot {
				j--
			}

			if i <= j {
				all[i], all[j] = all[j], all[i]
				i, j = i+1, j-1
			}
		}

		switch {
		case place <= j:
			high = j
		case place >= i:
			low = i
		default:
			return
		}
	}
}
