package search

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// summarizedFields are the fields whose minimum and maximum a summary needs.
var summarizedFields = []struct {
	name     string
	class    catalog.Class
	skipZero bool // a price of 0 counts as no price
}{
	{"make", catalog.ClassText, false},
	{"model", catalog.ClassText, false},
	{"year", catalog.ClassNumber, false},
	{"price", catalog.ClassNumber, true},
	{"mileage", catalog.ClassNumber, false},
}

// minmax is the minimum and the maximum of a field among some vehicles; both are Null if none has a value.
type minmax struct {
	field     *catalog.Field
	low, high value.Cell
}

// summaryOfSet summarizes the vehicles of a set in a sentence.
func (r *searchRequest) summaryOfSet(set index.Set) string {
	return r.summaryText(set.Count(), func(f *catalog.Field, skipZero bool) minmax {
		low, high := r.index().MinMax(set, f, skipZero)
		return minmax{f, low, high}
	})
}

// summaryOfRows summarizes the vehicles of a page in a sentence. Their rows are newer than the index, so it only takes
// the fields from there that were not read.
func (r *searchRequest) summaryOfRows(rows []liveRow) string {
	read := neededFields(r.generation.catalog, r.query)
	var set index.Set
	return r.summaryText(len(rows), func(f *catalog.Field, skipZero bool) minmax {
		if slices.Contains(read, f.Source()) && (f.UnitIn == nil || slices.Contains(read, f.UnitIn)) {
			return minmaxOfRows(rows, f, skipZero)
		}

		if set.Count() == 0 {
			set = r.index().Match(r.query, nil)
		}

		low, high := r.index().MinMax(set, f, skipZero)
		return minmax{f, low, high}
	})
}

// minmaxOfRows returns the minimum and the maximum of a field that was read for all rows.
func minmaxOfRows(rows []liveRow, f *catalog.Field, skipZero bool) minmax {
	e := minmax{field: f}
	for _, row := range rows {
		c, _ := row.Cell(f)
		isText := f.Class() == catalog.ClassNumber && c.Type != value.Number
		if c.Type == value.Null || isText || skipZero && string(c.Form) == "0" {
			continue
		}

		if e.low.Type == value.Null || query.CompareCells(f, c, e.low) < 0 {
			e.low = c
		}

		if e.high.Type == value.Null || query.CompareCells(f, c, e.high) > 0 {
			e.high = c
		}
	}

	return e
}

// summaryText writes the sentence.
func (r *searchRequest) summaryText(total int, find func(f *catalog.Field, skipZero bool) minmax) string {
	if total == 0 {
		return "no vehicle matches"
	}

	// Find the range of each field. A filter may already leave a single value.
	all := map[string]minmax{}
	for _, s := range summarizedFields {
		f := r.generation.catalog.Field(s.name)
		if f == nil || f.Class() != s.class {
			continue
		}

		if only, ok := r.query.SingleValue(f); ok && !s.skipZero {
			cell := value.Cell{Type: value.Text, Form: []byte(only)}
			if s.class == catalog.ClassNumber {
				cell.Type = value.Number
			}
			all[s.name] = minmax{f, cell, cell}
			continue
		}

		all[s.name] = find(f, s.skipZero)
	}

	// Name the make and model if all share them.
	what := " vehicles"
	if total == 1 {
		what = " vehicle"
	}

	if name := all["make"].singleText(); name != "" {
		what = " " + name
		if name := all["model"].singleText(); name != "" {
			what += " " + name
		}
	}

	s := groupDigits(strconv.Itoa(total)) + what
	s += all["year"].rangeText(func(c value.Cell) string { return formatDecimals(c, 0) })
	if price := all["price"]; price.field != nil {
		if currency, isSingle := r.query.Currency(price.field); isSingle {
			s += price.rangeText(func(c value.Cell) string { return formatPrice(currency, c) })
		}
	}

	if mileage := all["mileage"]; mileage.low.Type == value.Number {
		s += ", lowest mileage " + strings.TrimSpace(formatNumber(mileage.low)+" "+mileage.field.Unit)
	}

	return s
}

// singleText returns the text that all vehicles share, or "" if they differ.
func (e minmax) singleText() string {
	if e.low.Type == value.Null || string(e.low.Form) != string(e.high.Form) {
		return ""
	}
	return value.Clean(string(e.low.Form))
}

// rangeText writes both ends, or one if they are equal; "" without values.
func (e minmax) rangeText(write func(value.Cell) string) string {
	if e.low.Type != value.Number {
		return ""
	}

	s := ", " + write(e.low)
	if string(e.low.Form) != string(e.high.Form) { // equal numbers have one form
		s += "-" + strings.TrimPrefix(write(e.high), "price ") // price 5-9
	}

	return s
}

// formatDecimals writes a number with so many digits after the point.
func formatDecimals(c value.Cell, digits int) string {
	form := string(c.Form)
	switch _, fraction, hasPoint := strings.Cut(form, "."); {
	case !hasPoint && digits == 0, hasPoint && len(fraction) == digits:
		return form
	case !hasPoint:
		return form + "." + strings.Repeat("0", digits)
	case len(fraction) < digits:
		return form + strings.Repeat("0", digits-len(fraction))
	}

	n, ok := new(big.Rat).SetString(form)
	if !ok {
		return form
	}

	return n.FloatString(digits)
}

// currencySigns are written before an amount. The codes of other currencies follow it.
var currencySigns = map[string]string{"USD": "$", "EUR": "€", "GBP": "£"}

// formatPrice writes an amount with the sign or the code of its currency, or with the word price if that is unknown.
func formatPrice(currency string, n value.Cell) string {
	switch sign := currencySigns[currency]; {
	case sign != "":
		return sign + formatNumber(n)
	case currency != "":
		return formatNumber(n) + " " + currency
	}
	return "price " + formatNumber(n)
}

// formatNumber writes a number with grouped thousands, and with cents if it has any.
func formatNumber(n value.Cell) string {
	whole, cents, _ := strings.Cut(formatDecimals(n, 2), ".")
	if cents == "00" {
		return groupDigits(whole)
	}
	return groupDigits(whole) + "." + cents
}

// groupDigits puts commas between groups of three digits.
func groupDigits(digits string) string {
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
