package query

import (
	"cmp"
	"slices"
	"testing"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// cellsOf makes cells of a field: nil becomes NULL, a string a text, an int or a float64 a number.
func cellsOf(f *catalog.Field, raw ...any) []value.Cell {
	all := make([]value.Cell, len(raw))
	for i, r := range raw {
		if n, ok := r.(int); ok {
			r = int64(n)
		}
		c, _ := value.FromDriver(f.Kind, r, nil)
		all[i] = c.Clone()
	}
	return all
}

func TestCompare(t *testing.T) {
	p := everyParameter(t)
	for _, c := range []struct {
		field   string
		inOrder []any // equal values share a list
	}{
		{"mileage", []any{-1, 0, 9, 10, "18446744073709551615", []any{nil, "ask", "9 mi"}}},
		{"price", []any{"-0.5", []any{"0", "0.00"}, "9", []any{"10", "10.0", "010"}, []any{nil, "$18,995", ""}}},
		{"make", []any{"", "10", "9", "Kia", "Z", "kia", "Škoda", nil}},
		{"sold_at", []any{
			"0000-00-00 00:00:00", "2024-05-01 10:00:00", "2024-05-01 10:00:00.5",
			"2024-05-01 10:00:01", nil,
		}},
		{"photo", []any{"\x00", "\xff", nil}},
	} {
		f := p.Catalog.Field(c.field)
		place := map[int]value.Cell{}

		var rank []int
		for i, v := range c.inOrder {
			equal, several := v.([]any)
			if !several {
				equal = []any{v}
			}

			for _, cell := range cellsOf(f, equal...) {
				place[len(rank)] = cell
				rank = append(rank, i)
			}
		}

		for i := range rank {
			for j := range rank {
				want := cmp.Compare(rank[i], rank[j])
				if got := CompareCells(f, place[i], place[j]); got != want {
					t.Errorf("%s: %q and %q: got %d, want %d", c.field, place[i].Form, place[j].Form, got, want)
				}

				// Descending order reverses all cells but those without a value.
				if last := len(c.inOrder) - 1; rank[i] != last && rank[j] != last {
					want = -want
				}

				if got := (Order{f, true}).compare(place[i], place[j]); got != want {
					t.Errorf("-%s: %q and %q: got %d, want %d", c.field, place[i].Form, place[j].Form, got, want)
				}
			}
		}
	}
}

func TestCompareSortKeys(t *testing.T) {
	p := everyParameter(t)
	order := []Order{{p.Catalog.Field("year"), true}, {p.Catalog.Field("price"), false}, {p.Catalog.Field("id"), false}}

	var inOrder [][]value.Cell
	for _, row := range [][]any{
		{2024, 9000, 5},
		{2023, 8000, 2},
		{2023, 9000, 3},
		{2023, 9000, 4},
		{2023, nil, 1},
		{nil, 1000, 6},
		{nil, nil, 0},
	} {
		var place []value.Cell
		for i, o := range order {
			place = append(place, cellsOf(o.Field, row[i])...)
		}
		inOrder = append(inOrder, place)
	}

	if !slices.IsSortedFunc(inOrder, func(a, b []value.Cell) int { return CompareSortKeys(order, a, b) }) {
		t.Error("not in order")
	}

	for i, a := range inOrder {
		for j, b := range inOrder {
			if got := CompareSortKeys(order, a, b); got != cmp.Compare(i, j) {
				t.Errorf("sort keys %d and %d: %d", i, j, got)
			}
		}
	}
}
