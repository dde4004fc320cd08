package query

import (
	"strings"
	"testing"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

func TestHolds(t *testing.T) {
	p := everyParameter(t)
	for _, c := range []struct {
		field, given string // given is the parameter's value; texts are words separated by |
		holds, not   []any
	}{
		{"mileage", "100-200", []any{100, 150, 200, "00150"}, []any{99, 201, nil, "150 mi", ""}},
		{"msrp", "0.5", []any{"0.5", "0.50"}, []any{"0.51", "0.49999999999", nil}},
		{"serial", "9007199254740993", []any{9007199254740993}, []any{9007199254740992, 9007199254740994}},
		{"electric", "1", []any{1, "1"}, []any{0, nil}},
		{"first_registered", "2024-05-01", []any{"2024-05-01"}, []any{"2024-04-30", "2024-05-02", nil, "0000-00-00"}},
		{"sold_at", "2024-05-01", []any{
			"2024-05-01 00:00:00",
			"2024-05-01 23:59:59.999",
		}, []any{"2024-05-02 00:00:00", "2024-04-30 23:59:59"}},
		{
			"sold_at", "2024-05-01T10:00:00.5",
			[]any{"2024-05-01 10:00:00.500", "2024-05-01 10:00:00.599"},
			[]any{"2024-05-01 10:00:00.600", "2024-05-01 10:00:00.499"},
		},
		{"updated_at", "2024-05-01T10:00:00+02:00", []any{"2024-05-01 08:00:00"}, []any{"2024-05-01 10:00:00"}},
		{"make", "citroen|Kia", []any{"Citroën", "KIA", " k\u0001ia "}, []any{"Kia Motors", "k.i.a.", "", nil}},
		{"make", "-", []any{"-"}, []any{"--", "", nil}},
		{"opens", "08:00:00", []any{"08:00:00"}, []any{"08:00:01", nil}},
		{"features", "sun roof", []any{`["Sunroof"]`, `["a","SUN ROOF"]`}, []any{
			`["Sunroofs"]`, `["SUN-ROOF"]`, `"Sunroof"`,
			`{"Sunroof":1}`, nil,
		}},
		{"photo", "x", nil, []any{"x", nil}},
	} {
		f := p.Catalog.Field(c.field)
		filter := Filter{Field: f}
		switch f.Class() {
		case catalog.ClassNumber, catalog.ClassInstant:
			r, ok := ParseRange(f, c.given)
			if !ok {
				t.Errorf("%s=%s is not parsed", c.field, c.given)
			}
			filter.Ranges = []Range{r}
		default:
			filter.Words = strings.Split(c.given, "|")
		}

		for want, raw := range map[bool][]any{true: c.holds, false: c.not} {
			for _, cell := range cellsOf(f, raw...) {
				if got := filter.Matches(cell); got != want {
					t.Errorf("%s=%s on %q: %v", c.field, c.given, cell.Form, got)
				}
			}
		}
	}
}

func TestOpenRanges(t *testing.T) {
	p := everyParameter(t)
	price, sold := p.Catalog.Field("price"), p.Catalog.Field("sold_at")
	for _, c := range []struct {
		field *catalog.Field
		r     Range
		raw   any
		want  bool
	}{
		{price, Range{From: "10"}, "10.00", true},
		{price, Range{From: "10"}, "9.99", false},
		{price, Range{To: "10"}, "10.00", true},
		{price, Range{To: "10"}, "10.01", false},
		{price, Range{}, "1", true},
		{sold, Range{From: "2024-05-01 00:00:00"}, "2024-05-01 00:00:00.000", true},
		{sold, Range{To: "2024-05-01 00:00:00"}, "2024-05-01 00:00:00", false},
	} {
		cell, _ := value.FromDriver(c.field.Kind, c.raw, nil)
		if got := c.r.contains(c.field, cell); got != c.want {
			t.Errorf("%v on %v: %v", c.r, c.raw, got)
		}
	}
}

// partial is a vehicle that was read with only the beginning of some texts.
type partial map[string]string

func (v partial) Cell(f *catalog.Field) (value.Cell, bool) {
	text, read := v[f.Name]
	if !read {
		return value.Cell{}, true
	}
	cut := len(text) > 0 && text[len(text)-1] == '~'
	return value.Cell{Type: value.Text, Form: []byte(text)}, !cut
}

func TestMatches(t *testing.T) {
	p := everyParameter(t)
	car := partial{"make": "Citroën", "model": "C3 Aircross", "description": "One owner, Ledersitze.\nÜber 5.000 km"}
	for _, c := range []struct {
		words []string
		car   partial
		want  bool
	}{
		{[]string{"citro"}, car, true},
		{[]string{"c3aircross"}, car, true}, // in a model, spaces do not count
		{[]string{"aircross", "OWNER"}, car, true},
		{[]string{"aircross", "owners"}, car, false},
		{[]string{"uber"}, car, true},
		{[]string{"5.000"}, car, true},
		{[]string{"5000"}, car, false}, // in a description, signs count
		{[]string{"one owner"}, car, false},
		{[]string{"anything"}, partial{"make": "Kia", "description": "the beginning~"}, true}, // the index decides
		{[]string{"anything"}, partial{"make": "Kia"}, false},
	} {
		q := Query{Words: c.words}
		if got := q.Matches(p.Catalog, c.car); got != c.want {
			t.Errorf("%q in %v: %v", c.words, c.car, got)
		}
	}

	q := Query{Filters: []Filter{{Field: p.Catalog.Field("make"), Words: []string{"kia"}}}}
	if q.Matches(p.Catalog, car) || !q.Matches(p.Catalog, partial{"make": "cut~"}) {
		t.Error("a filter must check complete values only")
	}
}
