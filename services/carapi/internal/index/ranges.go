package index

import (
	"math/big"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// numberRange is the numbers of a column from a multiple of some width up to the next one. first is the rank of the
// first of them.
type numberRange struct {
	first uint32
	span  Span
}

// FitsRanges reports whether ranges of a width divide the numbers of a field into at most limit ranges that are not
// empty.
func (x *Index) FitsRanges(f *catalog.Field, width string, limit int) bool {
	c := x.rankedColumn(f)
	if c == nil || !c.values.numbers {
		return false
	}
	_, ok := c.divideNumbers(width, limit)
	return ok
}

// divideNumbers returns the ranges of a width that have numbers. It returns false if there are more than limit.
func (c *column) divideNumbers(width string, limit int) (ranges []numberRange, ok bool) {
	step, isNumber := new(big.Rat).SetString(width)
	if !isNumber || step.Sign() <= 0 {
		return nil, false
	}

	digits := value.FractionDigits([]byte(width))
	multiple := func(n *big.Int) value.Cell {
		product := new(big.Rat).Mul(new(big.Rat).SetInt(n), step)
		form, _ := value.NormalDecimal([]byte(product.FloatString(digits)))
		return value.Cell{Type: value.Number, Form: form}
	}

	for rank := uint32(0); int(rank) < c.values.len(); {
		if len(ranges) == limit {
			return nil, false
		}

		quotient := c.values.rat(rank)
		quotient.Quo(quotient, step)
		n := new(big.Int).Div(quotient.Num(), quotient.Denom()) // rounds down, because the denominator is positive
		span := Span{From: multiple(n), To: multiple(n.Add(n, big.NewInt(1)))}
		ranges = append(ranges, numberRange{rank, span})
		rank, _ = c.values.search(span.To.Form)
	}

	return ranges, true
}
