package index

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

func TestMergeSpans(t *testing.T) {
	for _, c := range []struct {
		spans, want []rankSpan
		total       int
	}{
		{nil, nil, 0},
		{[]rankSpan{{3, 3}, {5, 4}}, nil, 0},
		{[]rankSpan{{1, 2}, {2, 3}}, []rankSpan{{1, 3}}, 2},
		{[]rankSpan{{5, 9}, {1, 2}, {6, 7}}, []rankSpan{{1, 2}, {5, 9}}, 5},
		{[]rankSpan{{0, 4}, {2, 6}, {8, 9}}, []rankSpan{{0, 6}, {8, 9}}, 7},
	} {
		spans := slices.Clone(c.spans)
		if got, total := mergeSpans(spans); !slices.Equal(got, c.want) || total != c.total {
			t.Errorf("%v: %v of %d, want %v of %d", c.spans, got, total, c.want, c.total)
		}
	}
}

// A list returns the numbers that were put in, whatever type holds them.
func TestNarrowNumbers(t *testing.T) {
	for _, numbers := range [][]uint32{
		nil,
		{0, math.MaxUint8},
		{7, math.MaxUint8 + 1, 9},
		{1, math.MaxUint16},
		{1, math.MaxUint16 + 1},
		{300, 70_000, 2},
		{math.MaxUint32},
	} {
		var pushed narrowNumbers
		largest := uint32(0)
		for _, n := range numbers {
			pushed.push(n, len(numbers))
			largest = max(largest, n)
		}

		made := makeNarrow(len(numbers), largest)
		places, gathered := make([]uint32, len(numbers)), make([]uint32, len(numbers))
		for i, n := range numbers {
			made.set(i, n)
			places[i] = uint32(i)
			if pushed.at(uint32(i)) != n || made.at(uint32(i)) != n {
				t.Errorf("%v: number %d is %d and %d", numbers, i, pushed.at(uint32(i)), made.at(uint32(i)))
			}
		}

		if pushed.gather(places, gathered); !slices.Equal(gathered, numbers) && len(numbers) > 0 {
			t.Errorf("%v: gathered %v", numbers, gathered)
		}
	}
}

func TestReorder(t *testing.T) {
	r := ranks{narrowNumbers: makeNarrow(3, 3)}
	for row, rank := range []uint32{2, 0, 1} {
		r.set(row, rank)
	}

	if moved := r.reorder([]uint32{1, 2, 0}, 3); !moved.isIdentity {
		t.Error("sorted rows need a list of ranks")
	}

	moved := r.reorder([]uint32{0, 2, 1}, 3)
	got := []uint32{moved.at(0), moved.at(1), moved.at(2)}
	if want := []uint32{2, 1, 0}; moved.isIdentity || !slices.Equal(got, want) {
		t.Errorf("ranks %v, want %v", got, want)
	}
}

func TestMiddleRanks(t *testing.T) {
	for _, c := range []struct {
		ranks     []uint32
		low, high uint32
	}{
		{[]uint32{4}, 4, 4},
		{[]uint32{9, 1}, 1, 9},
		{[]uint32{3, 1, 2}, 2, 2},
		{[]uint32{5, 5, 1, 5}, 5, 5},
		{[]uint32{8, 2, 6, 4}, 4, 6},
	} {
		if low, high := middleRanks(slices.Clone(c.ranks)); low != c.low || high != c.high {
			t.Errorf("%v: %d and %d, want %d and %d", c.ranks, low, high, c.low, c.high)
		}
	}
}

// The quickselects and the radix sort agree with the standard library's sort.
func TestSorting(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		n := 1 + r.IntN(2*maxDirectSort*maxDirectSort)
		values, numbers := make([]sortEntry, n), make([]uint32, n)
		best := newSmallestKeys(n/3, cmp.Compare[uint32])
		for i := range values {
			values[i] = sortEntry{r.Uint64N(1000) << (8 * r.IntN(7)), uint32(i)}
			numbers[i] = uint32(r.IntN(n))
			best.add(values[i])
		}

		want := slices.Clone(values)
		slices.SortStableFunc(want, compareKeys)
		if got := best.sorted(); !slices.Equal(got, want[:n/3]) {
			t.Fatalf("the %d smallest of %d: %v", n/3, n, got)
		}
		if sortByKey(values); !slices.Equal(values, want) {
			t.Fatalf("%d values: %v", n, values)
		}

		place := r.IntN(n)
		sorted := slices.Sorted(slices.Values(numbers))
		if selectNth(numbers, place); numbers[place] != sorted[place] {
			t.Fatalf("number %d of %d is %d, want %d", place, n, numbers[place], sorted[place])
		}
	}
}

func TestEachRun(t *testing.T) {
	var got []string
	eachRun([]sortEntry{{1, 0}, {2, 1}, {2, 2}, {3, 3}, {5, 4}, {5, 5}, {5, 6}}, func(run []sortEntry) {
		got = append(got, fmt.Sprint(run[0].key, " ", len(run)))
	})

	if want := []string{"2 2", "5 3"}; !slices.Equal(got, want) {
		t.Errorf("runs %v, want %v", got, want)
	}
}

// The keys of floating-point numbers sort like the numbers.
func TestFloatKeys(t *testing.T) {
	numbers := []float64{
		math.Inf(-1), -math.MaxFloat64, -1.5, -1, -math.SmallestNonzeroFloat64, 0,
		math.SmallestNonzeroFloat64, 0.1, 1, 1e308, math.Inf(1),
	}
	for i, x := range numbers {
		if back := floatOfKey(floatKey(x)); back != x {
			t.Errorf("%g comes back as %g", x, back)
		}
		if i > 0 && floatKey(x) <= floatKey(numbers[i-1]) {
			t.Errorf("%g is not above %g", x, numbers[i-1])
		}
	}
}

func TestRoundedQuotient(t *testing.T) {
	for _, c := range []struct{ n, by, want int64 }{
		{7, 2, 4}, {-7, 2, -4}, {6, 4, 2}, {5, 4, 1}, {-5, 4, -1}, {0, 3, 0}, {10, 5, 2},
	} {
		if got := roundedQuotient(c.n, c.by); got != c.want {
			t.Errorf("%d / %d: %d, want %d", c.n, c.by, got, c.want)
		}
	}
}

// Values keep their numbers while the table grows. An arena still finds them after it has dropped their starts.
func TestNumbering(t *testing.T) {
	var n valueNumbering
	long := make([]byte, 2*chunkSize)
	values := [][]byte{{}, []byte("a"), long, make([]byte, 0x80), []byte("b")}
	for i := range 1000 {
		values = append(values, binary.BigEndian.AppendUint32(nil, uint32(i)))
	}

	for i, v := range values {
		if number, isNew := n.numberOf(v); number != uint32(i) || !isNew {
			t.Fatalf("value %d has the number %d, new: %t", i, number, isNew)
		}
	}

	null, isNew := n.nullNumber()
	if again, known := n.nullNumber(); !isNew || known || again != null || !n.isNull(null) || n.isNull(0) {
		t.Errorf("NULL has the numbers %d and %d", null, again)
	}

	n.arena.dropStarts()
	n.arena.findStarts()
	for i, v := range values {
		if number, isNew := n.numberOf(v); number != uint32(i) || isNew || string(n.arena.value(number)) != string(v) {
			t.Errorf("value %d has the number %d, new: %t", i, number, isNew)
		}
	}
}

func TestPostings(t *testing.T) {
	const rows = 200
	keysOf := func(row uint32) []uint32 {
		keys := []uint32{0} // a key with many rows has a bitmap
		if row%100 == 7 {
			keys = append(keys, 1, 1)
		}
		return keys
	}
	p := newPostings(3, rows, func(add func(row, key uint32)) {
		for row := range uint32(rows) {
			for _, key := range keysOf(row) {
				add(row, key)
			}
		}
	})

	for key, want := range []int{rows, 2, 0} {
		if got := p.count(uint32(key)); got != want {
			t.Errorf("key %d has %d rows, want %d", key, got, want)
		}
	}

	for _, c := range []struct {
		keys []uint32
		want *roaring.Bitmap
	}{
		{nil, roaring.New()}, {[]uint32{1}, roaring.BitmapOf(7, 107)}, {[]uint32{2, 1}, roaring.BitmapOf(7, 107)},
	} {
		if got := p.union(c.keys); !got.Equals(c.want) {
			t.Errorf("keys %v: rows %v, want %v", c.keys, got, c.want)
		}
	}

	if got := p.union([]uint32{0, 1}); got.GetCardinality() != rows {
		t.Errorf("all keys have %d rows", got.GetCardinality())
	}
}

// Ranges begin at multiples of their width, even below zero. Rows without a number are left out.
func TestDivideNumbers(t *testing.T) {
	r := newValueReader(&catalog.Field{Kind: schema.Decimal}, 0)
	for _, form := range []string{"-12", "-10", "-0.5", "0", "4999.99", "5000", "20000"} {
		r.add(value.Cell{Type: value.Number, Form: []byte(form)})
	}

	var c column
	c.values, c.ranks = r.finish()
	for _, test := range []struct {
		width string
		most  int
		want  []string
	}{
		{"5000", 10, []string{"-5000..0 from 0", "0..5000 from 3", "5000..10000 from 5", "20000..25000 from 6"}},
		{"0.5", 2, nil},
		{"100000", 2, []string{"-100000..0 from 0", "0..100000 from 3"}},
		{"0", 10, nil},
		{"-1", 10, nil},
		{"x", 10, nil},
	} {
		ranges, ok := c.divideNumbers(test.width, test.most)
		var got []string
		for _, n := range ranges {
			got = append(got, fmt.Sprintf("%s..%s from %d", n.span.From.Form, n.span.To.Form, n.first))
		}
		if !slices.Equal(got, test.want) || ok != (test.want != nil) {
			t.Errorf("%s: %v %t, want %v", test.width, got, ok, test.want)
		}
	}
}

// In a descending order, a lower rank has a higher key. NULL comes last in both directions.
func TestOrderColumns(t *testing.T) {
	ascending := orderColumn{last: 3, mask: 7}
	descending := orderColumn{last: 3, mask: 7, descending: true}
	for rank, want := range map[uint32][2]uint32{0: {0, 3}, 3: {3, 0}, 4: {4, 7}} {
		if got := [2]uint32{ascending.key(rank), descending.key(rank)}; got != want {
			t.Errorf("rank %d has the keys %v, want %v", rank, got, want)
		}
	}

	for _, c := range []struct {
		column        *orderColumn
		low, high     uint32
		lowest, width uint32
	}{
		{&ascending, 1, 3, 1, 2}, {&descending, 1, 3, 0, 2}, {&descending, 1, 7, 0, math.MaxUint32},
	} {
		if lowest, width := c.column.ranksOf(c.low, c.high); lowest != c.lowest || width != c.width {
			t.Errorf("keys %d to %d: ranks from %d on, %d more, want %d and %d", c.low, c.high, lowest, width, c.lowest, c.width)
		}
	}
}
