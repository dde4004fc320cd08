package query

import (
	"bytes"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// CompareCells orders two cells of the field. A cell that is not comparable comes last: NULL, or a text among numbers.
func CompareCells(f *catalog.Field, a, b value.Cell) int {
	switch aOK, bOK := isComparable(f, a), isComparable(f, b); {
	case !aOK && !bOK:
		return 0
	case !aOK:
		return 1
	case !bOK:
		return -1
	case f.Class() == catalog.ClassNumber:
		return value.CompareDecimals(a.Form, b.Form)
	}

	return bytes.Compare(a.Form, b.Form)
}

// isComparable reports whether a cell takes part in comparisons and orders of its field.
func isComparable(f *catalog.Field, c value.Cell) bool {
	if f.Class() == catalog.ClassNumber {
		return c.Type == value.Number
	}
	return c.Type != value.Null
}

// compare orders two cells of the order's field. Vehicles without a value come last in both directions, so the cheapest
// vehicle is never one without a price.
func (o Order) compare(a, b value.Cell) int {
	c := CompareCells(o.Field, a, b)
	if o.Descending && isComparable(o.Field, a) && isComparable(o.Field, b) {
		return -c
	}
	return c
}

// CompareSortKeys orders two vehicles by their cells in the fields of an order.
func CompareSortKeys(order []Order, a, b []value.Cell) int {
	for i, o := range order {
		if c := o.compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}
