package index

import (
	"cmp"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// comparePrices fills in the computed field with loops over the rows.
func (s *stock) comparePrices() {
	f := s.catalog.Field(catalog.PriceVsSimilar)
	if f == nil {
		return
	}

	price := s.catalog.Field("price")
	hasPrice := func(row []value.Cell) bool {
		c := row[price.Slot()]
		return c.Type == value.Number && rat(c).Cmp(big.NewRat(1, 100)) >= 0
	}

	groupOf := func(row []value.Cell) (key string, ok bool) {
		for _, name := range []string{"make", "model", "year"} {
			field := s.catalog.Field(name)
			c := row[field.Slot()]
			text := string(c.Form)
			if field.Class() == catalog.ClassText {
				text = value.Key(text)
			} else if c.Type != value.Number {
				return "", false
			}

			if c.Type == value.Null || text == "" {
				return "", false
			}

			key += text + "\x00"
		}

		return key, hasPrice(row)
	}

	prices := map[string][]*big.Rat{}
	for _, row := range s.rows {
		if key, ok := groupOf(row); ok {
			prices[key] = append(prices[key], rat(row[price.Slot()]))
		}
	}

	for _, row := range s.rows {
		row[f.Slot()] = value.Cell{}
		key, ok := groupOf(row)
		if all := prices[key]; ok && len(all) >= 5 {
			slices.SortFunc(all, (*big.Rat).Cmp)
			median := new(big.Rat).Add(all[(len(all)-1)/2], all[len(all)/2])
			percent := new(big.Rat).Quo(rat(row[price.Slot()]), median.Mul(median, big.NewRat(1, 2)))
			percent.Sub(percent, big.NewRat(1, 1)).Mul(percent, big.NewRat(100, 1))
			form, _ := value.NormalDecimal([]byte(percent.FloatString(1)))
			row[f.Slot()] = value.Cell{Type: value.Number, Form: form}
		}
	}
}

// randomGroup returns a field to group by, some with ranges.
func (s *stock) randomGroup(r *rand.Rand) query.Group {
	for {
		f := &s.catalog.Fields[r.IntN(len(s.catalog.Fields))]
		switch {
		case f.Class() == catalog.ClassNumber && r.IntN(2) == 0:
			return query.Group{Field: f, Step: pick(r, []string{"1", "0.5", "7", "1000", "0.001", "5000000000"})}
		case s.index.rankedColumn(f) != nil && f.Class() != catalog.ClassOpaque:
			return query.Group{Field: f}
		}
	}
}

// spanOf returns the values of a row in a group's field.
func (s *stock) spanOf(g query.Group, usual map[string]string, row int) Span {
	c := s.stored(g.Field, row)
	switch {
	case c.Type == value.Null:
		return Span{}
	case g.Step != "":
		step, _ := new(big.Rat).SetString(g.Step)
		n := new(big.Rat).Quo(rat(c), step)
		begin := new(big.Rat).SetInt(new(big.Int).Div(n.Num(), n.Denom()))
		form := func(n *big.Rat) value.Cell {
			text, _ := value.NormalDecimal([]byte(n.FloatString(6)))
			return value.Cell{Type: value.Number, Form: text}
		}

		begin.Mul(begin, step)

		return Span{form(begin), form(new(big.Rat).Add(begin, step))}
	case g.Field.Class() == catalog.ClassText:
		return Span{From: value.Cell{Type: value.Text, Form: []byte(usual[value.Key(string(c.Form))])}}
	}

	return Span{From: c}
}

func sameSpan(a, b Span) bool { return sameCell(a.From, b.From) && sameCell(a.To, b.To) }

// checkGroups compares groups of a set with their measures, and facets of ranges, with loops.
func (s *stock) checkGroups(t *testing.T, r *rand.Rand, set Set, rows []uint32) {
	t.Helper()
	by := []query.Group{s.randomGroup(r)}
	if other := s.randomGroup(r); other.Field != by[0].Field && r.IntN(2) == 0 {
		by = append(by, other)
	}

	var measured []*catalog.Field
	if f := s.catalog.NumberField("price"); f != nil {
		measured = append(measured, f)
	}

	all := s.loopGroups(by, rows)
	most := r.IntN(len(all) + 3)
	got, other := s.index.Groups(set, by, measured, most)

	wantOther := 0
	for _, g := range all[min(most, len(all)):] {
		wantOther += len(g.rows)
	}

	all = all[:min(most, len(all))]
	if len(got) != len(all) || other != wantOther {
		t.Errorf("by %v: %d groups and %d others, want %d and %d", by, len(got), other, len(all), wantOther)
		return
	}

	for i, g := range got {
		if !slices.EqualFunc(g.Spans, all[i].spans, sameSpan) || g.Count != len(all[i].rows) {
			t.Errorf("by %v: group %d is %q of %d, want %q of %d", by, i, g.Spans, g.Count, all[i].spans, len(all[i].rows))
			return
		}

		for j, f := range measured {
			s.checkMeasures(t, f, g.Measures[j], all[i].rows)
		}
	}

	if len(by) == 1 {
		counts, other := s.index.Facet(set, by[0], most)
		same := func(c Count, g Group) bool { return c.Count == g.Count && sameSpan(c.Span, g.Spans[0]) }
		if !slices.EqualFunc(counts, got, same) || other != wantOther {
			t.Errorf("facet of %v: %v and %d, want %v and %d", by[0], counts, other, got, wantOther)
		}
	}
}

// loopGroup is a group found by a plain loop.
type loopGroup struct {
	spans []Span
	rows  []uint32
}

// loopGroups groups rows with a plain loop: the largest groups first, equally large ones by their values.
func (s *stock) loopGroups(by []query.Group, rows []uint32) []loopGroup {
	var usual []map[string]string
	for _, g := range by {
		usual = append(usual, s.usual(g.Field))
	}

	var all []loopGroup

	places := map[string]int{}
	for _, row := range rows {
		var spans []Span
		key := ""
		for i, g := range by {
			spans = append(spans, s.spanOf(g, usual[i], int(row)))
			key += fmt.Sprintf("%d %q ", spans[i].From.Type, spans[i].From.Form)
		}

		i, known := places[key]
		if !known {
			i, all = len(all), append(all, loopGroup{spans: spans})
			places[key] = i
		}

		all[i].rows = append(all[i].rows, row)
	}

	slices.SortFunc(all, func(a, b loopGroup) int {
		order := cmp.Compare(len(b.rows), len(a.rows))
		for i, g := range by {
			x, y := a.spans[i].From, b.spans[i].From
			if (x.Type == value.Null) != (y.Type == value.Null) {
				order = cmp.Or(order, cmp.Compare(x.Type, y.Type))
			}
			order = cmp.Or(order, query.CompareCells(g.Field, x, y))
		}
		return order
	})

	return all
}

// checkMeasures compares the statistics of a field with those of some rows.
func (s *stock) checkMeasures(t *testing.T, f *catalog.Field, got Statistics, rows []uint32) {
	t.Helper()
	var cells []value.Cell
	for _, row := range rows {
		if c := s.stored(f, int(row)); c.Type != value.Null {
			cells = append(cells, c)
		}
	}

	slices.SortFunc(cells, func(a, b value.Cell) int { return query.CompareCells(f, a, b) })
	if got.Count != len(cells) || len(cells) > 0 && (!sameCell(got.Min, cells[0]) ||
		!sameCell(got.Max, cells[len(cells)-1])) {
		t.Errorf("%s of a group: %+v, want %d values", f.Name, got, len(cells))
		return
	}

	checkSum(t, got, cells)
}

// A step that makes too many ranges is refused, whatever the numbers are.
func TestRangesAreBounded(t *testing.T) {
	c := textCatalog(t, "price")
	b := NewBuilder(c, 0)
	for i := range 100 {
		cells := texts("Kia", "Rio", "")
		cells[2] = value.Cell{Type: value.Number, Form: []byte(big.NewInt(int64(i * i)).String())}
		if err := b.Add(cells); err != nil {
			t.Fatal(err)
		}
	}

	x, f := b.Build(), c.Field("price")
	for _, test := range []struct {
		width string
		most  int
		ok    bool
	}{
		{"1", 100, true},
		{"1", 99, false},
		{"10000", 1, true},
		{"0.000001", 100, true},
		{"5000", 1, false},
		{"0", 100, false},
		{"-1", 100, false},
		{"x", 100, false},
	} {
		if ok := x.FitsRanges(f, test.width, test.most); ok != test.ok {
			t.Errorf("ranges of %s, at most %d: %v", test.width, test.most, ok)
		}
	}

	if x.FitsRanges(c.Field("make"), "5", 100) {
		t.Error("texts have ranges")
	}
}

// The number of kept results is bounded, and a result that is not kept is right too.
func TestMemoIsBounded(t *testing.T) {
	var m resultMemo
	for range 2 {
		for i := range 2 * maxMemoized {
			if got := m.get(i, func() any { return i }); got != i {
				t.Fatalf("%d: %v", i, got)
			}
		}
	}

	kept := 0
	m.results.Range(func(any, any) bool { kept++; return true })

	if kept != maxMemoized {
		t.Errorf("%d results are cached", kept)
	}
}
