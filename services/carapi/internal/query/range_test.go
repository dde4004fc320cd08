package query

import (
	"fmt"
	"testing"
)

func TestParseRange(t *testing.T) {
	p := everyParameter(t)
	for _, c := range []struct{ field, given, from, to string }{
		{"mileage", "5", "5", "5"},
		{"mileage", "-0", "0", "0"},
		{"mileage", "007", "7", "7"},
		{"mileage", "10-20", "10", "20"},
		{"mileage", "-20--10", "-20", "-10"},
		{"mileage", "1e5", "100000", "100000"},
		{"mileage", "1e2-2E+2", "100", "200"},
		{"msrp", "25e-4", "0.0025", "0.0025"},
		{"msrp", "21999.100000000002", "21999.100000000002", "21999.100000000002"},
		{"msrp", "100000000000000000000000.5", "100000000000000000000000.5", "100000000000000000000000.5"},
		{"msrp", "1.50-1.5", "1.5", "1.5"},
		{"msrp", "00.10", "0.1", "0.1"},
		{"first_registered", "2024-02-29", "2024-02-29", "2024-03-01"},
		{"first_registered", "9999-12-31", "9999-12-31", ""},
		{"sold_at", "2024-05-01", "2024-05-01 00:00:00", "2024-05-02 00:00:00"},
		{"sold_at", "2024-05-01T10:00", "2024-05-01 10:00:00", "2024-05-01 10:01:00"},
		{"sold_at", "2024-12-31 23:59:59", "2024-12-31 23:59:59", "2025-01-01 00:00:00"},
		{"sold_at", "2024-05-01T10:00:00.50", "2024-05-01 10:00:00.5", "2024-05-01 10:00:00.51"},
		{"updated_at", "2024-05-01T00:30:00+01:00", "2024-04-30 23:30:00", "2024-04-30 23:30:01"},
		{"updated_at", "2024-05-01T10:00Z", "2024-05-01 10:00:00", "2024-05-01 10:01:00"},
	} {
		r, ok := ParseRange(p.Catalog.Field(c.field), c.given)
		if !ok || r.From != c.from || r.To != c.to {
			t.Errorf("%s=%s: got %q to %q, %v, want %q to %q", c.field, c.given, r.From, r.To, ok, c.from, c.to)
		}
	}

	for _, c := range [][2]string{
		{"mileage", ""},
		{"mileage", "20-10"},
		{"mileage", "1e330"},
		{"mileage", "1e"},
		{"mileage", "1,5"},
		{"mileage", "5-"},
		{"mileage", "0x10"},
		{"first_registered", "2023-02-29"},
		{"first_registered", "2024-05-01T10:00"},
		{"sold_at", "2024-05-01T10:00:00Z"},
		{"sold_at", "2024-05-01T10"},
		{"sold_at", "2024-05-01T24:00"},
		{"sold_at", "0000-00-00"},
		{"sold_at", "2024-05-01T10:00.5"},
		{"updated_at", "2024-05-01T10:00+25:00"},
		{"updated_at", "9999-12-31T23:00-02:00"},
	} {
		if r, ok := ParseRange(p.Catalog.Field(c[0]), c[1]); ok {
			t.Errorf("%s=%s became %q to %q", c[0], c[1], r.From, r.To)
		}
	}
}

// The examples in the text fit the field.
func TestDescribeValues(t *testing.T) {
	p := everyParameter(t)
	for field, want := range map[string]string{
		"year": "a number such as 2018, a range such as 2018-2022 with the smaller first, or several of these separated by " +
			"commas",
		"price": "a number such as 20000 or 19999.5, a range such as 20000-30000 with the smaller first, or several of " +
			"these separated by commas",
		"first_registered": "a day such as 2026-01-31",
	} {
		if got := DescribeValues(p.Catalog.Field(field)); got != want {
			t.Errorf("%s: got %q, want %q", field, got, want)
		}
	}

	// Each example is a range that can be sent.
	for name := range exampleRanges {
		low, high := ExampleRange(name)
		if r, ok := ParseRange(p.Catalog.Field("price"), fmt.Sprintf("%d-%d", low, high)); !ok || r.From == r.To {
			t.Errorf("%s: %d-%d is not a range", name, low, high)
		}
	}
}
