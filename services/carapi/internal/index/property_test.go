package index

import (
	"math/rand/v2"
	"slices"
	"testing"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// Sizes of the property test. A case is a search of one of the stocks.
const (
	propertyCases = 100_000
	casesPerStock = 200
	mostRows      = 120
)

// TestAgainstLoops compares what the index finds in random stocks with what plain loops over their rows find.
func TestAgainstLoops(t *testing.T) {
	seed, stocks := rand.Uint64(), propertyCases/casesPerStock
	if raced {
		stocks /= 20
	}

	for i := range stocks {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		s := randomStock(t, r, r.IntN(mostRows))
		s.checkStock(t, r)
		s.checkSearches(t, r, casesPerStock)

		if t.Failed() {
			t.Fatalf("seed %d, stock %d of %d rows", seed, i, len(s.rows))
		}
	}
}

// TestAgainstLoopsLarge does the same for stocks with values of more than 16 bits, and too many values to list.
func TestAgainstLoopsLarge(t *testing.T) {
	seed := rand.Uint64()
	for i, rows := range []int{7_000, 70_000} {
		if raced && rows > 10_000 {
			continue
		}

		r := rand.New(rand.NewPCG(seed, uint64(i)))
		s := randomStock(t, r, rows)
		s.checkSearches(t, r, 20)

		if t.Failed() {
			t.Fatalf("seed %d, stock %d", seed, i)
		}
	}
}

// condition is a filter or a word of a search, and the rows that match it.
type condition struct {
	filter query.Filter
	word   string
	holds  []bool
}

// randomConditions returns a filter on each field and a few words, with the rows that loops find.
func (s *stock) randomConditions(r *rand.Rand) []condition {
	var conditions []condition
	for i := range s.catalog.Fields {
		if f := &s.catalog.Fields[i]; f.Class() != catalog.ClassOpaque {
			conditions = append(conditions, condition{filter: s.randomFilter(r, f)})
		}
	}

	for range 5 {
		conditions = append(conditions, condition{word: s.randomWord(r)})
	}

	for i := range conditions {
		c := &conditions[i]
		var q query.Query
		if c.filter.Field != nil {
			q.Filters = []query.Filter{c.filter}
		} else {
			q.Words = []string{c.word}
		}

		for _, row := range s.rows {
			c.holds = append(c.holds, q.Matches(s.catalog, vehicle(row)))
		}
	}

	return conditions
}

// checkSearches makes searches of few filters and words. Loops find the rows of each filter and word only once.
func (s *stock) checkSearches(t *testing.T, r *rand.Rand, searches int) {
	t.Helper()
	conditions := s.randomConditions(r)
	for range searches {
		q, except := query.Query{Sort: s.randomOrder(r)}, (*catalog.Field)(nil)
		if r.IntN(3) == 0 {
			except = &s.catalog.Fields[r.IntN(len(s.catalog.Fields))]
		}

		matches := make([]bool, len(s.rows))
		for i := range matches {
			matches[i] = true
		}

		for range r.IntN(4) {
			c := pick(r, conditions)
			if c.filter.Field != nil {
				q.Filters = append(q.Filters, c.filter)
			} else {
				q.Words = append(q.Words, c.word)
			}

			if c.filter.Field == nil || c.filter.Field != except {
				for i, holds := range c.holds {
					matches[i] = matches[i] && holds
				}
			}
		}

		s.checkSearch(t, r, &q, except, matches)
		if t.Failed() {
			t.Logf("filters %+v, words %q, except %v", q.Filters, q.Words, except)
			return
		}
	}
}

func (s *stock) checkSearch(t *testing.T, r *rand.Rand, q *query.Query, except *catalog.Field, matches []bool) {
	t.Helper()
	set := s.index.Match(q, except)

	var want []uint32
	for row, match := range matches {
		if match {
			want = append(want, uint32(row))
		}
	}

	if got := set.rows(); !slices.Equal(got, want) || set.Count() != len(want) {
		t.Errorf("rows %v, count %d, want %v", got, set.Count(), want)
		return
	}

	s.checkStepwise(t, q, except, set)
	s.checkPages(t, r, q.Sort, set, want)
	f := &s.catalog.Fields[r.IntN(len(s.catalog.Fields))]
	s.checkFacet(t, r, f, set, want)

	if r.IntN(8) == 0 {
		s.checkGroups(t, r, set, want)
	}

	s.checkNumbers(t, r, f, set, want)
}

func (s Set) rows() []uint32 {
	if s.count == 0 {
		return nil
	}
	return s.bitmap.ToArray()
}

// checkStepwise checks that filtering step by step finds the same as intersecting the sets.
func (s *stock) checkStepwise(t *testing.T, q *query.Query, except *catalog.Field, want Set) {
	t.Helper()
	if len(q.Words) > 0 {
		return
	}

	steps, joined := s.index.All(), s.index.All()
	for i := range q.Filters {
		if f := &q.Filters[i]; f.Field != except {
			steps = s.index.Filter(steps, f)
			joined = s.index.Intersect(joined, s.index.Filter(s.index.All(), f))
		}
	}

	if !slices.Equal(steps.rows(), want.rows()) || !slices.Equal(joined.rows(), want.rows()) {
		t.Errorf("filters one by one %v, joined %v, want %v", steps.rows(), joined.rows(), want.rows())
	}
}

// checkStock checks everything that does not depend on a search.
func (s *stock) checkStock(t *testing.T, r *rand.Rand) {
	t.Helper()
	if s.index.Rows() != len(s.rows) || s.index.All().Count() != len(s.rows) || s.index.Bytes() < 0 {
		t.Errorf("%d rows, want %d", s.index.Rows(), len(s.rows))
	}

	for row, cells := range s.rows {
		if read := s.index.AddedNumber(uint32(row)); &s.read[read][0] != &cells[0] {
			t.Errorf("row %d was not read as number %d", row, read)
		}
	}

	for _, f := range s.catalog.Indexed {
		s.checkWithCell(t, r, f)

		for row := range s.rows {
			want := s.stored(f, row)
			if s.index.rankedColumn(f) == nil {
				want = value.Cell{}
			}

			if got := s.index.Cell(f, uint32(row)); !sameCell(got, want) {
				t.Errorf("%s of row %d: %v, want %v", f.Name, row, got, want)
			}
		}

		s.checkTexts(t, r, f)
	}

	unique := func(fields []*catalog.Field) bool {
		seen := map[string]bool{}
		for row := range s.rows {
			var key []value.Cell
			for _, f := range fields {
				key = append(key, s.stored(f, row))
			}

			joined := value.JoinID(key)
			if joined.Type == value.Null || seen[string(joined.Form)] {
				return false
			}

			seen[string(joined.Form)] = true
		}

		return len(fields) > 0
	}
	if id := s.catalog.ID(); s.index.uniqueIDs() != (id != nil && unique([]*catalog.Field{id})) {
		t.Errorf("unique ids: %v", s.index.uniqueIDs())
	}

	if got := s.index.UniqueKeys(); got != unique(s.catalog.KeyFields) {
		t.Errorf("unique keys: %v", got)
	}
}

func (s *stock) checkTexts(t *testing.T, r *rand.Rand, f *catalog.Field) {
	t.Helper()
	texts := map[string]bool{}
	if f.Class() == catalog.ClassText || f.Class() == catalog.ClassList {
		for _, row := range s.rows {
			switch c := row[f.Slot()]; {
			case c.Type == value.Null:
			case f.Class() == catalog.ClassList:
				f.Elements(c.Form, func(element []byte) { texts[string(element)] = true })
			default:
				texts[string(c.Form)] = true
			}
		}
	}

	var all, meant []string
	for text := range texts {
		all = append(all, text)
	}

	slices.Sort(all)
	isListed := !f.IsLong() && (f.Class() == catalog.ClassText || f.Class() == catalog.ClassList)
	if got := s.index.Texts(f); got != nil != isListed {
		t.Errorf("texts of %s: %v", f.Name, got)
	} else if got != nil && !slices.Equal(got.All, all) {
		t.Errorf("texts of %s: %q, want %q", f.Name, got.All, all)
	}

	word := s.randomWord(r)
	if len(all) > 0 && r.IntN(2) == 0 {
		word = pick(r, all)
	}

	for _, text := range all {
		if !f.IsLong() && value.SameText(text, word) || f.IsLong() && value.SameFolded(text, word) {
			meant = append(meant, text)
		}
	}

	if f.IsLong() && meant != nil {
		meant = []string{word}
	}

	if got := s.index.Lookup(f, word); !slices.Equal(got, meant) {
		t.Errorf("lookup of %q in %s: %q, want %q", word, f.Name, got, meant)
	}
}
