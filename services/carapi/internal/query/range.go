package query

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// decimalPattern matches decimals, with an exponent as a DOUBLE may have. strconv would also accept 0x1p-2 and Inf.
const decimalPattern = `-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?(?:[0-9]{1,2}|[12][0-9]{2}|3[0-2][0-9]))?`

var (
	numberPattern      = regexp.MustCompile(`^` + decimalPattern + `$`)
	numberRangePattern = regexp.MustCompile(`^(` + decimalPattern + `)-(` + decimalPattern + `)$`)
	instantPattern     = regexp.MustCompile(
		`^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d)?(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)?)?$`)
)

// ParseRange reads a value of the field, or a range of numbers such as 20000-30000.
func ParseRange(f *catalog.Field, s string) (Range, bool) {
	if f.Class() == catalog.ClassInstant {
		return parseInstant(f, s)
	}
	if numberPattern.MatchString(s) {
		n := normalizeNumber(s)
		return Range{n, n, string(value.AppendExact(nil, f.Kind, n))}, n != ""
	}

	m := numberRangePattern.FindStringSubmatch(s)
	if m == nil {
		return Range{}, false
	}

	low, high := normalizeNumber(m[1]), normalizeNumber(m[2])
	given := s
	if strings.ContainsAny(s, "eE") {
		given = low + "-" + high
	}

	return Range{low, high, string(value.AppendString(nil, given))}, value.CompareDecimals(low, high) <= 0
}

// longestFraction is more digits than the smallest DOUBLE has after its point.
const longestFraction = 1100

// normalizeNumber returns the notation in which numbers are compared. It has no exponent.
func normalizeNumber(s string) string {
	if strings.ContainsAny(s, "eE") {
		n, ok := new(big.Rat).SetString(s)
		if !ok {
			return ""
		}
		s = n.FloatString(longestFraction)
	}

	n, _ := value.NormalDecimal([]byte(s))
	return string(n)
}

// isSingle reports whether the range is a single value.
func (r Range) isSingle(f *catalog.Field) bool {
	return f.Class() == catalog.ClassInstant || r.From == r.To
}

// parseInstant reads a time. It stands for the whole unit that it names: a day, a minute, a second or a part of one.
// Both ends are written without trailing zeros, because times are compared as texts, and a shorter text sorts before
// the texts that begin with it.
func parseInstant(f *catalog.Field, s string) (Range, bool) {
	m := instantPattern.FindStringSubmatch(s)
	if m == nil {
		return Range{}, false
	}

	day, minute, second, fraction, zone := m[1], m[2], m[3], m[4], m[5]

	// A fraction needs a second. A DATE has no time of day, and only a TIMESTAMP has a zone.
	if second == "" && fraction != "" || minute != "" && f.Kind == schema.Date || zone != "" &&
		f.Kind != schema.Timestamp {
		return Range{}, false
	}

	// The precision of the text decides how long the time lasts.
	layout, text, step := time.DateOnly, day, 24*time.Hour
	if minute != "" {
		layout, text, step = layout+" 15:04:05", day+" "+minute+second+fraction, time.Second
		if second == "" {
			text, step = text+":00", time.Minute
		}

		for range max(len(fraction)-1, 0) {
			step /= 10
		}
	}

	t, err := time.Parse(layout, text)
	if err != nil {
		return Range{}, false
	}

	// Convert to UTC.
	if zone != "" && zone != "Z" && zone != "z" {
		offset, err := time.Parse("-07:00", zone)
		if err != nil {
			return Range{}, false
		}
		_, seconds := offset.Zone()
		t = t.Add(-time.Duration(seconds) * time.Second)
	}

	if t.Year() < 1000 || t.Year() > 9999 { // MySQL's range
		return Range{}, false
	}

	r := Range{From: formatInstant(t, f.Kind), JSON: string(value.AppendString(nil, s))}
	if end := t.Add(step); end.Year() <= 9999 { // the last day has an open end
		r.To = formatInstant(end, f.Kind)
	}

	return r, true
}

// formatInstant writes a time without trailing zeros.
func formatInstant(t time.Time, kind schema.Kind) string {
	if kind == schema.Date {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04:05.999999")
}

// endsBefore reports whether the end of a range is before a beginning. An open end never is.
func endsBefore(f *catalog.Field, end, beginning string) bool {
	switch {
	case end == "" || beginning == "":
		return false
	case f.Class() == catalog.ClassInstant:
		return end <= beginning
	}
	return value.CompareDecimals(end, beginning) < 0
}

// exampleRanges are usual ranges of numbers, by the names of their fields.
var exampleRanges = map[string][2]int{
	"year": {2018, 2022}, "cylinders": {4, 6}, "doors": {2, 4}, "seats": {4, 5}, "mileage": {20000, 50000},
	"price": {20000, 30000}, "msrp": {20000, 30000}, catalog.PreviousPrice: {20000, 30000}, catalog.PriceDrop: {500, 2000},
	catalog.DaysListed: {30, 60}, catalog.PriceVsSimilar: {-20, -10},
}

// ExampleRange returns a usual range of numbers of the field with this name, or 10 to 20 for any other name.
func ExampleRange(field string) (low, high int) {
	if usual, ok := exampleRanges[field]; ok {
		return usual[0], usual[1]
	}
	return 10, 20
}

// DescribeValues says what a request may send for a number or time field.
func DescribeValues(f *catalog.Field) string {
	if f.Class() == catalog.ClassInstant {
		return describeSingleValue(f)
	}
	low, high := ExampleRange(f.Name)
	return describeSingleValue(f) + fmt.Sprintf(", a range such as %d-%d with the smaller first, or several of these "+
		"separated by commas", low, high)
}

// describeSingleValue says how to write one number or time of a field.
func describeSingleValue(f *catalog.Field) string {
	switch {
	case f.Kind == schema.Date:
		return "a day such as 2026-01-31"
	case f.Kind == schema.Timestamp:
		return "a day such as 2026-01-31 or a time such as 2026-01-31T15:04:05Z; UTC, where it names no other zone"
	case f.Class() == catalog.ClassInstant:
		return "a day such as 2026-01-31 or a time without a zone such as 2026-01-31T15:04:05"
	}

	low, _ := ExampleRange(f.Name)
	if f.Type() == "number" {
		return fmt.Sprintf("a number such as %d or %d.5", low, low-1)
	}
	return fmt.Sprintf("a number such as %d", low)
}

// contains reports whether the range includes a comparable cell of the field.
func (r Range) contains(f *catalog.Field, c value.Cell) bool {
	if f.Class() == catalog.ClassInstant {
		form := string(c.Form)
		return (r.From == "" || form >= r.From) && (r.To == "" || form < r.To)
	}
	return (r.From == "" || value.CompareDecimals(c.Form, r.From) >= 0) &&
		(r.To == "" || value.CompareDecimals(c.Form, r.To) <= 0)
}
