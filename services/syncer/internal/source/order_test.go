package source

import (
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// Columns that repeat together compress well if they are next to each other.
func TestCompressibleOrder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var rows [][][]byte
	for range 200 {
		dealer, noise := random.IntN(9), make([]byte, 12)
		for i := range noise {
			noise[i] = byte(random.IntN(256))
		}
		rows = append(rows, [][]byte{
			fmt.Appendf(nil, "dealer number %d", dealer), noise[:4], fmt.Appendf(nil, "city %d of them", dealer*7), noise[4:8],
			fmt.Appendf(nil, "+49 40 %06d", dealer*7919), noise[8:],
		})
	}

	order := compressibleOrder(rows)
	if sorted := slices.Sorted(slices.Values(order)); !slices.Equal(sorted, []int{0, 1, 2, 3, 4, 5}) {
		t.Fatalf("%v is not a permutation of six columns", order)
	}
	at := []int{slices.Index(order, 0), slices.Index(order, 2), slices.Index(order, 4)}
	if slices.Max(at)-slices.Min(at) != 2 {
		t.Errorf("%v: the dealer's columns are not adjacent", order)
	}

	var c compressor
	before, after := c.size(rows, []int{0, 1, 2, 3, 4, 5}), c.size(rows, order)
	if after*10 > before*9 {
		t.Errorf("%d bytes instead of %d", after, before)
	}
}

// No order is returned for no rows, for one column, and for columns that are already in the best order.
func TestCompressibleOrderIsTheTables(t *testing.T) {
	t.Parallel()
	for name, rows := range map[string][][][]byte{
		"no rows": nil, "no columns": {{}, {}}, "one column": {{[]byte("a")}, {[]byte("b")}},
		"two": {{[]byte("same"), []byte("x")}, {[]byte("same"), []byte("y")}}, "NULLs": {{nil, nil, nil}, {nil, nil, nil}},
	} {
		if order := compressibleOrder(rows); order != nil {
			t.Errorf("%s: %v", name, order)
		}
	}
}

func TestOrderedRows(t *testing.T) {
	t.Parallel()
	rows := newOrderedRows(&listedRows{columns: 4, rows: [][]driver.Value{
		{"c", "a", "b", "check"}, {nil, "A", nil, nil},
	}}, []int{2, 0, 1})
	row := make([]driver.Value, 4)
	for _, want := range []string{"[a b c check]", "[A <nil> <nil> <nil>]"} {
		if err := rows.Next(row); err != nil || fmt.Sprint(row) != want {
			t.Errorf("%v, %v, want %s", row, err, want)
		}
	}
}
