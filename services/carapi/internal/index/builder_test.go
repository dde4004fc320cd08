package index

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/catalog/catalogtest"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// textCatalog is a table of texts with the given columns besides make and model.
func textCatalog(t *testing.T, names ...string) *catalog.Catalog {
	t.Helper()
	var columns []schema.Column
	for _, name := range append([]string{"make", "model"}, names...) {
		columns = append(columns, schema.NewColumn(name, "text"))
	}

	c := catalogtest.BindByNames(t, catalog.Source{Table: schema.Table{Name: "cars", Columns: columns}},
		catalog.Binding{})

	return c
}

// texts returns a row of texts; an empty text becomes NULL.
func texts(values ...string) []value.Cell {
	cells := make([]value.Cell, len(values))
	for i, v := range values {
		if v != "" {
			cells[i] = value.Cell{Type: value.Text, Form: []byte(v)}
		}
	}
	return cells
}

func TestLimit(t *testing.T) {
	b := NewBuilder(textCatalog(t), 0)
	b.SetLimit(4 << 20)

	for i := range 1_000_000 {
		err := b.Add(texts(fmt.Sprintf("make %d", i), strings.Repeat("model", 100)+fmt.Sprint(i)))
		if err == nil {
			continue
		}

		var limit LimitError
		if !errors.As(err, &limit) || limit.Table != "cars" || limit.Rows > i+1 || limit.Rows < i-2*batchRows ||
			limit.Bytes <= limit.Limit || limit.Bytes > 2*limit.Limit {
			t.Errorf("row %d: %v", i, err)
		}

		if b.size() != limit.Bytes {
			t.Errorf("%d bytes, the error says %d", b.size(), limit.Bytes)
		}

		return
	}

	t.Error("no limit")
}

func TestNoLimitIsReached(t *testing.T) {
	b := NewBuilder(textCatalog(t), 0)
	b.SetLimit(64 << 20)

	for range 100_000 {
		if err := b.Add(texts("Toyota", strings.Repeat("the same long text ", 1000))); err != nil {
			t.Fatal(err)
		}
	}

	if x := b.Build(); x.Rows() != 100_000 || x.Bytes() > 1<<20 {
		t.Errorf("%d rows in %d bytes", x.Rows(), x.Bytes())
	}
}

// TestLongValues adds values longer than a chunk of the arena, among short ones.
func TestLongValues(t *testing.T) {
	c := textCatalog(t)
	b := NewBuilder(c, 0)
	for _, size := range []int{1, 127, 128, chunkSize - 10, chunkSize, chunkSize + 1, 3 * chunkSize, 2} {
		if err := b.Add(texts("Kia", strings.Repeat("x", size))); err != nil {
			t.Fatal(err)
		}
	}

	x := b.Build()
	sizes := map[int]bool{}
	for row := range uint32(x.Rows()) {
		sizes[len(x.Cell(c.Field("model"), row).Form)] = true
	}

	if len(sizes) != 8 || !sizes[3*chunkSize] || !sizes[chunkSize+1] || !sizes[128] || !sizes[2] {
		t.Errorf("sizes %v", sizes)
	}
}

// TestWordsBeyondBound checks that a long field whose words would take too much memory is still compared, but no longer
// searched for words.
func TestWordsBeyondBound(t *testing.T) {
	c := textCatalog(t, "description")
	b := NewBuilder(c, 0)
	for i := range 40_000 {
		words := make([]string, 30)
		for j := range words {
			words[j] = fmt.Sprintf("a-word-longer-than-most-and-a-number-of-%d-%d", i, j)
		}

		if err := b.Add(texts("Kia", "Rio", strings.Join(words, " "))); err != nil {
			t.Fatal(err)
		}
	}

	if err := b.Add(texts("Kia", "Rio", "One owner")); err != nil {
		t.Fatal(err)
	}

	x, f := b.Build(), c.Field("description")
	if x.SearchesWords(f) || x.Bytes() > 2<<20 {
		t.Errorf("words are searched: %v; %d bytes", x.SearchesWords(f), x.Bytes())
	}

	if n := x.Match(&query.Query{Words: []string{"owner"}}, nil).Count(); n != 0 {
		t.Errorf("%d rows with an unknown word", n)
	}

	if n := x.Match(&query.Query{Words: []string{"rio"}}, nil).Count(); n != x.Rows() {
		t.Errorf("%d rows with a model", n)
	}

	if got := x.Lookup(f, "ONE-OWNER"); len(got) != 1 {
		t.Errorf("the text is not found whole: %v", got)
	}
}

func TestEmpty(t *testing.T) {
	c := textCatalog(t, "description", "features", "price")
	x := NewBuilder(c, 0).Build()
	f := c.Field("make")

	if rows, same := x.Page(x.All(), nil, nil, 10); len(rows) != 0 || len(same) != 0 || x.All().Count() != 0 {
		t.Errorf("rows %v", rows)
	}

	if counts, other := x.Facet(x.All(), query.Group{Field: f}, 10); len(counts) != 0 || other != 0 {
		t.Errorf("facet %v, %d", counts, other)
	}

	if s := x.Statistics(x.All(), c.Field("price")); s.Count != 0 || s.Sum != nil {
		t.Errorf("statistics %+v", s)
	}

	q := query.Query{Words: []string{"a"}, Filters: []query.Filter{{Field: f, Words: []string{"Kia"}}}}
	if x.Match(&q, nil).Count() != 0 {
		t.Error("the empty index has a match")
	}

	if (Set{}).Count() != 0 || x.Intersect(Set{}, x.All()).Count() != 0 || len(x.Texts(f).All) != 0 {
		t.Error("the empty set has rows")
	}
}

// TestConcurrentUse is for the race detector: many goroutines use what is computed once.
func TestConcurrentUse(t *testing.T) {
	c := textCatalog(t, "price")
	b := NewBuilder(c, 0)
	for i := range 1000 {
		cells := texts(fmt.Sprintf("make %d", i%50), fmt.Sprintf("model %d", i), "")
		cells[2] = value.Cell{Type: value.Number, Form: fmt.Append(nil, i%70)}
		if err := b.Add(cells); err != nil {
			t.Fatal(err)
		}
	}

	x := b.Build()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for _, name := range []string{"make", "model", "price"} {
				f := c.Field(name)
				x.Texts(f)
				x.Lookup(f, "make 7")
				x.Facet(x.All(), query.Group{Field: f}, 10)
				x.Groups(x.All(), []query.Group{{Field: c.Field("make")}, {Field: f}}, []*catalog.Field{c.Field("price")}, 10)
				x.Statistics(x.All(), f)
				x.Page(x.All(), []query.Order{{Field: f}}, nil, 20)
			}

			x.UniqueKeys()
		})
	}

	all.Wait()
}
