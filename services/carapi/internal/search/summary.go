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

// summarized are the fields of which a summary needs the least and the greatest value.
var summarized = []struct {
	name     string
	class    catalog.Class
	skipZero bool // a price of 0 means that there is none
}{
	{"make", catalog.Text, false},
	{"model", catalog.Text, false},
	{"year", catalog.Number, false},
	{"price", catalog.Number, true},
	{"mileage", catalog.Number, false},
}

// ends are the least and the greatest value of a field among some vehicles; both are Null if there are none.
type ends struct {
	field     *catalog.Field
	low, high value.Cell
}

// summaryOfSet says in a sentence what the vehicles of a set are.
func (r *request) summaryOfSet(set index.Set) string {
	return r.summary(set.Count(), func(f *catalog.Field, skipZero bool) ends {
		low, high := r.index().Extremes(set, f, skipZero)
		return ends{f, low, high}
	})
}

// summaryOfRows says in a sentence what the vehicles of a page are, which are newer than the index. Fields that were
// not read are those of the index.
func (r *request) summaryOfRows(rows []liveRow) string {
	read := neededFields(r.generation.catalog, r.query)
	var set index.Set
	return r.summary(len(rows), func(f *catalog.Field, skipZero bool) ends {
		if slices.Contains(read, f.Source()) && (f.UnitIn == nil || slices.Contains(read, f.UnitIn)) {
			return endsOfRows(rows, f, skipZero)
		}

		if set.Count() == 0 {
			set = r.index().Match(r.query, nil)
		}

		low, high := r.index().Extremes(set, f, skipZero)
		return ends{f, low, high}
	})
}

func endsOfRows(rows []liveRow, f *catalog.Field, skipZero bool) ends {
	e := ends{field: f}
	for _, row := range rows {
		c, _ := row.Cell(f)
		isText := f.Class() == catalog.Number && c.Type != value.Number
		if c.Type == value.Null || isText || skipZero && string(c.Form) == "0" {
			continue
		}

		if e.low.Type == value.Null || query.Compare(f, c, e.low) < 0 {
			e.low = c
		}

		if e.high.Type == value.Null || query.Compare(f, c, e.high) > 0 {
			e.high = c
		}
	}

	return e
}

// summary writes the sentence.
func (r *request) summary(total int, find func(f *catalog.Field, skipZero bool) ends) string {
	if total == 0 {
		return "no vehicle matches"
	}

	all := map[string]ends{}
	for _, s := range summarized {
		f := r.generation.catalog.Field(s.name)
		if f == nil || f.Class() != s.class {
			continue
		}

		if only, ok := r.query.SingleValue(f); ok && !s.skipZero {
			cell := value.Cell{Type: value.Text, Form: []byte(only)}
			if s.class == catalog.Number {
				cell.Type = value.Number
			}
			all[s.name] = ends{f, cell, cell}
			continue
		}

		all[s.name] = find(f, s.skipZero)
	}

	what := " vehicles"
	if total == 1 {
		what = " vehicle"
	}

	if name := all["make"].text(); name != "" {
		what = " " + name
		if name := all["model"].text(); name != "" {
			what += " " + name
		}
	}

	s := grouped(strconv.Itoa(total)) + what
	s += all["year"].span(func(c value.Cell) string { return fixedPoint(c, 0) })
	if price := all["price"]; price.field != nil {
		if currency, one := r.query.Currency(price.field); one {
			s += price.span(func(c value.Cell) string { return priced(currency, c) })
		}
	}

	if mileage := all["mileage"]; mileage.low.Type == value.Number {
		s += ", lowest mileage " + strings.TrimSpace(groupedNumber(mileage.low)+" "+mileage.field.Unit)
	}

	return s
}

// text is the one text that both ends are; empty if they differ.
func (e ends) text() string {
	if e.low.Type == value.Null || string(e.low.Form) != string(e.high.Form) {
		return ""
	}
	return value.Clean(string(e.low.Form))
}

// span writes both ends, or one if they are equal; nothing if there are none.
func (e ends) span(write func(value.Cell) string) string {
	if e.low.Type != value.Number {
		return ""
	}

	s := ", " + write(e.low)
	if string(e.low.Form) != string(e.high.Form) { // equal numbers have one form
		s += "-" + strings.TrimPrefix(write(e.high), "price ")
	}

	return s
}

// fixedPoint writes a number with so many digits after the point.
func fixedPoint(c value.Cell, digits int) string {
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

// signs are written before an amount; the codes of other currencies stand after it.
var signs = map[string]string{"USD": "$", "EUR": "€", "GBP": "£"}

func priced(currency string, n value.Cell) string {
	switch sign := signs[currency]; {
	case sign != "":
		return sign + groupedNumber(n)
	case currency != "":
		return groupedNumber(n) + " " + currency
	}
	return "price " + groupedNumber(n)
}

// groupedNumber writes a number with its thousands in groups, and cents if it has any.
func groupedNumber(n value.Cell) string {
	whole, cents, _ := strings.Cut(fixedPoint(n, 2), ".")
	if cents == "00" {
		return grouped(whole)
	}
	return grouped(whole) + "." + cents
}

func grouped(digits string) string {
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
