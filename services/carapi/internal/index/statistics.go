package index

import (
	"math/big"
	"strings"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// Statistics are measures of a field's comparable values. Sum and Median are nil if the field does not hold numbers, or
// if there are no values. The median of an even number of values is the mean of the two in the middle.
type Statistics struct {
	Count       int
	Min, Max    value.Cell
	Sum, Median *big.Rat
}

// Statistics measures a field in a set. All numbers are exact. The result must not be changed.
func (x *Index) Statistics(s Set, f *catalog.Field) Statistics {
	c := x.rankedColumn(f)
	if c == nil {
		return Statistics{}
	}
	if s.count < x.rows {
		return c.statistics(s)
	}

	c.statisticsOnce.Do(func() { c.allStatistics = c.statistics(s) })
	return c.allStatistics
}

func (c *column) statistics(s Set) Statistics {
	all, count := c.tallyValues(s)
	if count == 0 {
		return Statistics{}
	}

	result := Statistics{Count: count, Min: c.cell(all[0].rank), Max: c.cell(all[len(all)-1].rank)}
	if c.values.numbers {
		result.Sum, result.Median = c.values.sum(all), c.values.median(all, count)
	}

	return result
}

// sumOf adds up the numbers of ranks.
func (d *dictionary) sumOf(ranks []uint32) *big.Rat {
	if d.packing.kind != packedDecimals {
		all := make([]rankCount, len(ranks))
		for i, rank := range ranks {
			all[i] = rankCount{rank, 1}
		}
		return d.longSum(all)
	}

	var sum wideSum
	for _, rank := range ranks {
		sum.add(int64(d.keys[rank]^signBit), 1)
	}

	return sum.rat(d.packing.scale)
}

// mean returns the mean of two numbers.
func (d *dictionary) mean(a, b uint32) *big.Rat {
	sum := d.rat(a)
	return sum.Mul(sum.Add(sum, d.rat(b)), big.NewRat(1, 2))
}

// sum adds up numbers.
func (d *dictionary) sum(all []rankCount) *big.Rat {
	if d.packing.kind == packedDecimals {
		var sum wideSum
		for _, t := range all {
			sum.add(int64(d.keys[t.rank]^signBit), t.count)
		}
		return sum.rat(d.packing.scale)
	}

	return d.longSum(all)
}

// longSum adds up numbers of any length, as integers with the scale of the longest fraction.
func (d *dictionary) longSum(all []rankCount) *big.Rat {
	var form []byte
	longest := 0
	for _, t := range all {
		form = d.form(t.rank, form)
		longest = max(longest, value.FractionDigits(form))
	}

	sum, part := new(big.Int), new(big.Int)
	for _, t := range all {
		form = d.form(t.rank, form)
		zeros := strings.Repeat("0", longest-value.FractionDigits(form))
		part.SetString(strings.Replace(string(form), ".", "", 1)+zeros, 10)
		sum.Add(sum, part.Mul(part, big.NewInt(int64(t.count))))
	}

	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(longest)), nil)
	return new(big.Rat).SetFrac(sum, scale)
}

// median returns the middle number, or the mean of the two in the middle.
func (d *dictionary) median(all []rankCount, count int) *big.Rat {
	at := func(place int) uint32 {
		for _, t := range all {
			if place -= int(t.count); place < 0 {
				return t.rank
			}
		}
		return 0 // unreachable: count is the sum of all counts
	}
	return d.mean(at((count-1)/2), at(count/2))
}

// MinMax returns the lowest and the highest value of a field in a set, both NULL if it has no value. skipZero ignores
// the number zero.
func (x *Index) MinMax(s Set, f *catalog.Field, skipZero bool) (low, high value.Cell) {
	c := x.rankedColumn(f)
	if c == nil {
		return value.Cell{}, value.Cell{}
	}

	null := uint32(c.values.len())
	zero := null
	if skipZero && c.values.numbers {
		if rank, found := c.values.search([]byte("0")); found {
			zero = rank
		}
	}

	least, greatest := c.minmax(s, x.rows, zero)
	if least >= null {
		return value.Cell{}, value.Cell{}
	}

	return c.cell(least), c.cell(greatest)
}

// minmax returns the lowest and the highest rank of a value in a set, ignoring the rank without. If the set has no
// value, least is the rank of NULL. The set of all rows has every value, so no row is checked.
func (c *column) minmax(s Set, rows int, without uint32) (least, greatest uint32) {
	null := uint32(c.values.len())
	if s.count == rows {
		least, greatest = 0, null-1
		if without == least {
			least++
		}

		if without == greatest {
			greatest--
		}

		return least, greatest
	}

	least = null
	s.eachBlock(func(rows []uint32, b *rowBlock) bool {
		c.ranks.gather(rows, b.ranks[:len(rows)])
		for _, rank := range b.ranks[:len(rows)] {
			if rank != null && rank != without {
				least, greatest = min(least, rank), max(greatest, rank)
			}
		}
		return least > 0 || greatest+1 < null // stop when both are the limits
	})

	return least, greatest
}

// NearestNumber returns the number in a set that is nearest to a bound: the lowest above it, or the highest below it.
// It returns false if the set has no such number.
func (x *Index) NearestNumber(s Set, f *catalog.Field, bound string, above bool) (value.Cell, bool) {
	c := x.rankedColumn(f)
	if c == nil || !c.values.numbers {
		return value.Cell{}, false
	}

	// Ranks are in the order of the numbers: the nearest is the first from this rank on, or the last before it.
	from, found := c.values.search([]byte(bound))
	if above && found {
		from++
	}

	null := uint32(c.values.len())
	next, ok := null, false
	s.eachBlock(func(rows []uint32, b *rowBlock) bool {
		c.ranks.gather(rows, b.ranks[:len(rows)])

		for _, rank := range b.ranks[:len(rows)] {
			switch {
			case above && rank >= from && rank < next:
				next, ok = rank, true
			case !above && rank < from && (!ok || rank > next):
				next, ok = rank, true
			}
		}

		return true
	})

	return c.cell(next), ok
}
