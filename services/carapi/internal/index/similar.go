package index

import (
	"math/big"
	"sync"
	"time"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/history"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// comparePrices computes the column of catalog.PriceVsSimilar: by what percentage each price is above the median of the
// vehicles of the same make, model and year, to one decimal. Prices in different currencies are not compared.
func (x *Index) comparePrices(f *catalog.Field) {
	price := x.catalog.Field("price")

	// Only vehicles with a price, and with a value in all fields that divide them, are compared.
	s := x.Filter(x.All(), &query.Filter{
		Field: price, Use: query.UseAtLeast,
		Ranges: []query.Range{{From: catalog.LeastPrice}},
	})

	fields := []*catalog.Field{x.catalog.Field("make"), x.catalog.Field("model"), x.catalog.Field("year")}
	if price.IsOfCurrencies() {
		fields = append(fields, price.CurrencyIn)
	}

	var axes []*groupAxis
	for _, field := range fields {
		s = x.Filter(s, &query.Filter{Field: field, Use: query.UsePresent})
		axes = append(axes, x.rankedColumn(field).axis(""))
	}

	// Compute each group's median, and then each row's percentage.
	c := x.rankedColumn(price)
	d := divideSet(s, axes)
	medians := c.medians(s, &d)
	reader, next := newValueReader(f, x.rows), uint32(0)

	// skip gives no value to the rows before another one.
	skip := func(to uint32) {
		for ; next < to; next++ {
			letOthersRun(next)
			reader.add(value.Cell{})
		}
	}

	at := 0
	var form []byte
	s.eachBlock(func(rows []uint32, _ *rowBlock) bool {
		for i, row := range rows {
			skip(row)
			group := d.groupOf[at+i]
			if d.counts[group] < catalog.FewestSimilar {
				continue
			}

			form = c.values.percentAbove(c.ranks.at(row), medians[group], form)
			reader.add(value.Cell{Type: value.Number, Form: form})
			next++
		}

		at += len(rows)
		return true
	})

	skip(uint32(x.rows))

	result := &x.columns[f.Slot()]
	result.hasRanks = true
	result.values, result.ranks = reader.finish()
	result.countNulls(x.rows)
	result.makeBitmaps(x.rows)
}

// medians returns the two middle ranks of each group.
func (c *column) medians(s Set, d *setDivision) [][2]uint32 {
	// Collect the ranks of each group, one group after another.
	next := make([]int, len(d.counts)+1)
	for group, count := range d.counts {
		next[group+1] = next[group] + count
	}

	ranks, at := make([]uint32, s.count), 0
	s.eachBlock(func(rows []uint32, b *rowBlock) bool {
		letOthersRun(at)
		c.ranks.gather(rows, b.ranks[:len(rows)])

		for i, rank := range b.ranks[:len(rows)] {
			group := d.groupOf[at+i]
			ranks[next[group]] = rank
			next[group]++
		}

		at += len(rows)
		return true
	})

	medians := make([][2]uint32, len(d.counts))
	for group, count := range d.counts {
		letOthersRun(group)
		low, high := middleRanks(ranks[next[group]-count : next[group]])
		medians[group] = [2]uint32{low, high}
	}

	return medians
}

// percentAbove appends to buf[:0] by what percentage a positive number is above the mean of two others, to one decimal.
func (d *dictionary) percentAbove(rank uint32, middle [2]uint32, buf []byte) []byte {
	const largest = 1 << 50 // up to here, the computation below fits into an int64
	if d.packing.kind == packedDecimals && int64(d.keys[len(d.keys)-1]^signBit) < largest {
		// All is doubled, so that the mean of two numbers is a whole number. The quotient is in tenths of a percent.
		digits := func(rank uint32) int64 { return int64(d.keys[rank] ^ signBit) }
		doubleMedian := digits(middle[0]) + digits(middle[1])
		above := 1000 * (2*digits(rank) - doubleMedian)
		return appendDecimal(buf[:0], roundedQuotient(above, doubleMedian), 1)
	}

	median := d.mean(middle[0], middle[1])
	percent := new(big.Rat).Sub(d.rat(rank), median)
	percent.Quo(percent, median).Mul(percent, big.NewRat(100, 1))
	form, _ := value.NormalDecimal([]byte(percent.FloatString(1)))

	return append(buf[:0], form...)
}

// roundedQuotient divides by a positive number, and rounds halves away from zero.
func roundedQuotient(n, by int64) int64 {
	quotient, rest := n/by, n%by
	switch {
	case 2*rest >= by:
		return quotient + 1
	case -2*rest >= by:
		return quotient - 1
	}
	return quotient
}

// computeFields builds the columns of the computed fields. It leaves comparing prices to the first request that needs
// them compared: that takes a good part of the time of building an index, and most indexes are replaced before.
func (x *Index) computeFields(log *history.Log, asOf time.Time) {
	if f := x.catalog.Field(catalog.PriceVsSimilar); f != nil && f.IsComputed() {
		x.columns[f.Slot()].make = sync.OnceFunc(func() { x.comparePrices(f) })
	}
	if len(x.catalog.HistoryKey) > 0 {
		x.addHistory(log, asOf)
	}
}

// CountBelow counts the rows of a set with a number below another one.
func (x *Index) CountBelow(s Set, f *catalog.Field, number string) int {
	from := query.Filter{Field: f, Use: query.UseAtLeast, Ranges: []query.Range{{From: number}}}
	return s.count - x.Filter(s, &from).count
}
