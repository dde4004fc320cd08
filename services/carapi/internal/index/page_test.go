package index

import (
	"fmt"
	"slices"
	"testing"

	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// TestPagesOfLargeSet reads pages of a set that is large enough to be sampled: of rows in the requested order and
// against it, among ties, and in an order by more columns than a head holds.
func TestPagesOfLargeSet(t *testing.T) {
	const rows = 16_000 // values of 14 bits: five columns are 70 bits
	c := textCatalog(t, "up", "down", "mixed", "other", "few", "half")
	b := NewBuilder(c, rows)
	for i := range rows {
		half := ""
		if i%2 == 0 {
			half = fmt.Sprintf("%05d", i)
		}

		if err := b.Add(texts("Kia", "Rio", fmt.Sprintf("%05d", i), fmt.Sprintf("%05d", rows-i),
			fmt.Sprintf("%05d", i*7919%rows), fmt.Sprintf("%05d", i*4001%rows), fmt.Sprint(i*4001%3), half)); err != nil {
			t.Fatal(err)
		}
	}

	x := b.Build()

	for _, names := range [][]string{
		{"up"},
		{"-up"},
		{"down"},
		{"-down"},
		{"mixed"},
		{"-mixed"},
		{"few"},
		{"-few"},
		{"make"},
		{"half"},
		{"-half"},
		{"few", "-up"},
		{"-few", "half"},
		{"make", "model", "few"},
		{"up", "down", "mixed", "other", "half"},
		{"make", "few", "-half", "mixed", "-other", "up", "down"},
	} {
		order := orderBy(x, names...)
		place := func(row uint32) []value.Cell { return x.SortKey(order, row) }

		all := make([]uint32, rows)
		places := make([][]value.Cell, rows)
		for row := range all {
			all[row], places[row] = uint32(row), place(uint32(row))
		}

		slices.SortStableFunc(all, func(a, b uint32) int { return query.CompareSortKeys(order, places[a], places[b]) })

		for _, n := range []int{1, 20, 128, 129} {
			for _, begin := range []int{0, 1, n, rows / 2, rows - 1500, rows - 1} {
				var after *query.Cursor
				if begin > 0 {
					last := all[begin-1]
					after = &query.Cursor{SortKey: places[last], OffsetInTies: 1}
					for i := begin - 2; i >= 0 && query.CompareSortKeys(order, places[all[i]], places[last]) == 0; i-- {
						after.OffsetInTies++
					}
				}

				got, _ := x.Page(x.All(), order, after, n)
				if want := all[begin:min(begin+n, rows)]; !slices.Equal(got, want) {
					t.Errorf("order %v, %d rows after %d: %v, want %v", names, n, begin, got, want)
				}
			}
		}
	}
}

// orderBy makes an order of names, descending after a minus.
func orderBy(x *Index, names ...string) (order []query.Order) {
	for _, name := range names {
		descending := name[0] == '-'
		if descending {
			name = name[1:]
		}
		order = append(order, query.Order{Field: x.catalog.Field(name), Descending: descending})
	}
	return order
}
