package index

import (
	"cmp"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// checkPages pages through a set to its end, and also begins after a sort key that no row has.
func (s *stock) checkPages(t *testing.T, r *rand.Rand, order []query.Order, set Set, want []uint32) {
	t.Helper()
	place := func(row uint32) []value.Cell { return s.sortKey(order, row) }
	want = slices.Clone(want)
	slices.SortStableFunc(want, func(a, b uint32) int { return query.CompareSortKeys(order, place(a), place(b)) })

	wantSame := make([]int, len(want))
	for i := range want {
		wantSame[i] = 1
		if i > 0 && query.CompareSortKeys(order, place(want[i-1]), place(want[i])) == 0 {
			wantSame[i] += wantSame[i-1]
		}
	}

	size := 1 + r.IntN(20) + len(want)/10
	var after *query.Cursor
	for begin := 0; ; begin += size {
		end := min(begin+size, len(want))
		got, same := s.index.Page(set, order, after, size)
		if !slices.Equal(got, want[begin:end]) {
			t.Errorf("order %v: page after %d: %v, want %v", order, begin, got, want[begin:end])
			return
		}

		for i := range got {
			if same[i] != wantSame[begin+i] {
				t.Errorf("order %v: row %d is number %d of its ties, want %d", order, begin+i, same[i], wantSame[begin+i])
			}
		}

		if end == len(want) {
			break
		}

		last := len(got) - 1
		after = &query.Cursor{SortKey: s.index.SortKey(order, got[last]), OffsetInTies: same[last]}
		for i, o := range order {
			if cell := s.stored(o.Field, int(got[last])); !sameCell(after.SortKey[i], cell) {
				t.Errorf("place of row %d: %v, want %v", got[last], after.SortKey[i], cell)
			}
		}

		if s.index.uniqueIDs() && r.IntN(2) == 0 {
			after.OffsetInTies = 0
		}
	}

	s.checkPageAnywhere(t, r, order, set, want, size)
}

// sortKey returns a row's cells in the sorted fields.
func (s *stock) sortKey(order []query.Order, row uint32) []value.Cell {
	cells := make([]value.Cell, len(order))
	for i, o := range order {
		cells[i] = s.rows[row][o.Field.Slot()]
	}
	return cells
}

// checkPageAnywhere checks the first few rows, and the pages after a sort key that may belong to no row.
func (s *stock) checkPageAnywhere(t *testing.T, r *rand.Rand, order []query.Order, set Set, want []uint32, size int) {
	t.Helper()
	few := 1 + r.IntN(20) // even if the set is large
	if got, _ := s.index.Page(set, order, nil, few); !slices.Equal(got, want[:min(few, len(want))]) {
		t.Errorf("order %v: first %d: %v, want %v", order, few, got, want[:min(few, len(want))])
	}

	after := &query.Cursor{OffsetInTies: r.IntN(3)}
	for _, o := range order {
		cell := randomCell(r, o.Field, false)
		if len(s.rows) > 0 && r.IntN(2) == 0 {
			cell = s.rows[r.IntN(len(s.rows))][o.Field.Slot()]
		}
		after.SortKey = append(after.SortKey, cell)
	}

	want = slices.DeleteFunc(want, func(row uint32) bool {
		return query.CompareSortKeys(order, s.sortKey(order, row), after.SortKey) < 0
	})

	for skipped := 0; len(want) > 0 && (after.OffsetInTies == 0 || skipped < after.OffsetInTies); skipped++ {
		if query.CompareSortKeys(order, s.sortKey(order, want[0]), after.SortKey) > 0 {
			break
		}
		want = want[1:]
	}

	for _, n := range []int{few, size} {
		if got, _ := s.index.Page(set, order, after, n); !slices.Equal(got, want[:min(n, len(want))]) {
			t.Errorf("order %v: page after %v: %v, want %v", order, after, got, want[:min(n, len(want))])
		}
	}
}

func (s *stock) checkFacet(t *testing.T, r *rand.Rand, f *catalog.Field, set Set, rows []uint32) {
	t.Helper()
	if s.index.rankedColumn(f) == nil {
		return
	}

	var all []Count
	usual := s.usual(f)
	for _, row := range rows {
		cell := s.stored(f, int(row))
		if f.Class() == catalog.ClassText && cell.Type != value.Null {
			cell.Form = []byte(usual[value.Key(string(cell.Form))])
		}

		i := slices.IndexFunc(all, func(c Count) bool { return sameCell(c.From, cell) })
		if i < 0 {
			i, all = len(all), append(all, Count{Span: Span{From: cell}})
		}

		all[i].Count++
	}

	slices.SortFunc(all, func(a, b Count) int {
		if a.Count != b.Count || a.From.Type == value.Null || b.From.Type == value.Null {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.From.Type, b.From.Type))
		}
		return query.CompareCells(f, a.From, b.From)
	})

	most := r.IntN(len(all) + 3)
	counts, other := s.index.Facet(set, query.Group{Field: f}, most)

	wantOther := 0
	for _, c := range all[min(most, len(all)):] {
		wantOther += c.Count
	}

	all = all[:min(most, len(all))]
	equal := func(a, b Count) bool { return a.Count == b.Count && sameCell(a.From, b.From) }
	if !slices.EqualFunc(counts, all, equal) || other != wantOther {
		t.Errorf("facet of %s: %v and %d, want %v and %d", f.Name, counts, other, all, wantOther)
	}
}

// usual maps the key of each text in the stock to its most frequent spelling, or to the first of equally frequent ones.
func (s *stock) usual(f *catalog.Field) map[string]string {
	counts := map[string]int{}
	for row := range s.rows {
		if c := s.stored(f, row); c.Type != value.Null {
			counts[string(c.Form)]++
		}
	}

	best := map[string]string{}
	for _, text := range slices.Sorted(maps.Keys(counts)) {
		key := value.Key(text)
		if other, known := best[key]; !known || counts[text] > counts[other] {
			best[key] = text
		}
	}

	return best
}

// checkNumbers checks statistics, minimum and maximum, neighbors and distinct texts.
func (s *stock) checkNumbers(t *testing.T, r *rand.Rand, f *catalog.Field, set Set, rows []uint32) {
	t.Helper()
	if s.index.rankedColumn(f) == nil {
		return
	}

	var cells, nonZero []value.Cell
	for _, row := range rows {
		if c := s.stored(f, int(row)); c.Type != value.Null {
			cells = append(cells, c)
		}
	}

	slices.SortFunc(cells, func(a, b value.Cell) int { return query.CompareCells(f, a, b) })
	isNumber, skipZero := f.Class() == catalog.ClassNumber, r.IntN(2) == 0
	for _, c := range cells {
		if !skipZero || !isNumber || string(c.Form) != "0" {
			nonZero = append(nonZero, c)
		}
	}

	ends := func(cells []value.Cell) (low, high value.Cell) {
		if len(cells) == 0 {
			return value.Cell{}, value.Cell{}
		}
		return cells[0], cells[len(cells)-1]
	}

	low, high := s.index.MinMax(set, f, skipZero)
	if wantLow, wantHigh := ends(nonZero); !sameCell(low, wantLow) || !sameCell(high, wantHigh) {
		t.Errorf("extremes of %s: %q to %q, want %q to %q", f.Name, low.Form, high.Form, wantLow.Form, wantHigh.Form)
	}

	got := s.index.Statistics(set, f)
	wantLow, wantHigh := ends(cells)
	if got.Count != len(cells) || !sameCell(got.Min, wantLow) || !sameCell(got.Max, wantHigh) {
		t.Errorf("statistics of %s: %+v, want %d from %q to %q", f.Name, got, len(cells), wantLow.Form, wantHigh.Form)
	}

	if isNumber {
		checkSum(t, got, cells)
		s.checkNext(t, r, f, set, cells)
	} else if got.Sum != nil || got.Median != nil {
		t.Errorf("%s has a sum of texts", f.Name)
	}

	if f.Class() == catalog.ClassText {
		var texts []string
		for _, c := range cells {
			texts = append(texts, string(c.Form))
		}

		texts = slices.Compact(texts)
		most := r.IntN(10)
		texts = texts[:min(most, len(texts))]
		if got := s.index.DistinctTexts(set, f, most); !slices.Equal(got, texts) {
			t.Errorf("distinct texts of %s: %q, want %q", f.Name, got, texts)
		}
	}
}

func rat(c value.Cell) *big.Rat {
	n, _ := new(big.Rat).SetString(string(c.Form))
	return n
}

func checkSum(t *testing.T, got Statistics, cells []value.Cell) {
	t.Helper()

	if len(cells) == 0 {
		if got.Sum != nil || got.Median != nil {
			t.Errorf("sum %v and median %v of nothing", got.Sum, got.Median)
		}
		return
	}

	sum := new(big.Rat)
	for _, c := range cells {
		sum.Add(sum, rat(c))
	}

	median := new(big.Rat).Add(rat(cells[(len(cells)-1)/2]), rat(cells[len(cells)/2]))
	median.Mul(median, big.NewRat(1, 2))

	if got.Sum.Cmp(sum) != 0 || got.Median.Cmp(median) != 0 {
		t.Errorf("sum %v, median %v, want %v and %v", got.Sum, got.Median, sum, median)
	}
}

func (s *stock) checkNext(t *testing.T, r *rand.Rand, f *catalog.Field, set Set, cells []value.Cell) {
	t.Helper()
	bound, above := randomNumber(r), r.IntN(2) == 0

	var want value.Cell
	for _, c := range cells {
		switch order := value.CompareDecimals(c.Form, bound); {
		case above && order > 0 && want.Type == value.Null, !above && order < 0:
			want = c
		}
	}

	if got, ok := s.index.NearestNumber(set, f, bound, above); !sameCell(got, want) || ok != (want.Type != value.Null) {
		t.Errorf("%s next to %s (above %v): %q %v, want %q", f.Name, bound, above, got.Form, ok, want.Form)
	}
}

func (s *stock) checkWithCell(t *testing.T, r *rand.Rand, f *catalog.Field) {
	t.Helper()
	cell := randomCell(r, f, false)
	if len(s.rows) > 0 && r.IntN(2) == 0 {
		cell = s.rows[r.IntN(len(s.rows))][f.Slot()]
	}

	var want []uint32
	for row := range s.rows {
		stored := s.stored(f, row)
		compares := s.index.rankedColumn(f) != nil && stored.Type != value.Null && cell.Type != value.Null
		if compares && query.CompareCells(f, stored, cell) == 0 {
			want = append(want, uint32(row))
		}
	}

	if got := s.index.RowsWithCell(f, cell).rows(); !slices.Equal(got, want) {
		t.Errorf("rows with %q in %s: %v, want %v", cell.Form, f.Name, got, want)
	}
}
