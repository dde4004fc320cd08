package search

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/history"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/interpret"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/store"
	"carstock/services/carapi/internal/value"
)

// generation is the stock as one full read found it. It is immutable, except that it may be confirmed as current again.
type generation struct {
	catalog     *catalog.Catalog
	interpreter *interpret.Interpreter
	index       *index.Index
	changeLog   *history.Log // nil without a history
	keptRows    *keptRows    // the rows themselves, where they cannot be read one by one; otherwise nil
	isSlow      bool         // the rows are kept because reading one of them is slow
	dayCounted  int64        // the day for which days_listed was computed
	version     store.Version
	source      string
	checked     time.Time     // when it was last known to be current
	readTime    time.Duration // to read the table and build the index

	describeOnce         sync.Once
	described            []Description
	disagreeOnce         sync.Once
	disagreementsByField map[string]string // by the name of the field
}

// originOf says where the answer to a request comes from. One that shows or compares what the change history says is as
// old as that.
func (g *generation) originOf(q *query.Query) Origin {
	if !usesHistory(q) {
		return Origin{Source: g.source, AsOf: g.version.AsOf}
	}
	return g.historyOrigin()
}

// historyOrigin returns the origin of an answer from the change history, which may be in another file.
func (g *generation) historyOrigin() Origin {
	o := Origin{Source: g.source, AsOf: g.version.AsOf}
	if g.changeLog != nil && g.changeLog.AsOf.Before(o.AsOf) {
		o.AsOf = g.changeLog.AsOf
	}
	return o
}

// usesHistory reports whether a request shows, compares or counts what the change history says.
func usesHistory(q *query.Query) bool {
	if slices.ContainsFunc(q.Shown, (*catalog.Field).IsHistory) {
		return true
	}
	for i := range q.Filters {
		if q.Filters[i].Field.IsHistory() {
			return true
		}
	}
	isHistory := func(g query.Group) bool { return g.Field.IsHistory() }
	return slices.ContainsFunc(q.Sort, func(o query.Order) bool { return o.Field.IsHistory() }) ||
		slices.ContainsFunc(q.Facets, isHistory) || slices.ContainsFunc(q.By, isHistory)
}

// unchanged returns the same stock, confirmed as current at a later time.
func (g *generation) unchanged(v store.Version, checked time.Time) *generation {
	return &generation{
		catalog: g.catalog, interpreter: g.interpreter, index: g.index,
		changeLog: g.changeLog.Unchanged(v.AsOf, v.RecordedFrom),
		keptRows:  g.keptRows, isSlow: g.isSlow, dayCounted: g.dayCounted, version: v, source: g.source, checked: checked,
		readTime: g.readTime,
	}
}

// slowFetch is how much longer than a ping reading one row may take before the rows are kept in memory.
const slowFetch = 50 * time.Millisecond

// readGeneration reads a whole table. last may be nil, and so may isBusy, which reports whether others need the
// processors.
func readGeneration(ctx context.Context, st *store.Store, name string, vocabulary *value.Vocabulary,
	last *generation, isBusy func() bool,
) (*generation, error) {
	g, err := readTable(ctx, st, name, vocabulary, last, last.mustKeepRows, isBusy)
	if err != nil || g.keptRows != nil {
		return g, err
	}

	// Of a new table, measure whether reading one row by its key is fast enough.
	isNew := last == nil || last.catalog != g.catalog || last.keptRows != nil
	keep, slow := !g.identifiesRows(), false
	if !keep && isNew && g.index.Rows() > 0 {
		cost, err := st.FetchCost(ctx, g.catalog, g.version, g.keyOf(0))
		if err != nil && !errors.Is(err, store.ErrMoved) {
			return nil, err
		}
		slow = cost > slowFetch
	}

	if !keep && !slow {
		return g, nil
	}

	// Read the table again, and keep its rows.
	g, err = readTable(ctx, st, name, vocabulary, g, func(*catalog.Catalog) bool { return true }, isBusy)
	if err == nil {
		g.isSlow = slow
	}

	return g, err
}

// identifiesRows reports whether rows can be found by their key.
func (g *generation) identifiesRows() bool {
	return g.catalog.Key.Exists() && (g.catalog.Key.Unique || g.index.UniqueKeys())
}

// mustKeepRows reports whether the next read of a table must keep its rows in memory, for the same reason as this one.
// g may be nil.
func (g *generation) mustKeepRows(c *catalog.Catalog) bool {
	return g != nil && g.keptRows != nil && g.catalog == c && (g.isSlow || !g.identifiesRows())
}

// indexReader collects the rows of a table for an index.
type indexReader struct {
	mustKeep func(*catalog.Catalog) bool // whether the rows must be kept too
	isBusy   func() bool

	begun    time.Time // after binding, which reads the rows once more if the columns are new
	builder  *index.Builder
	keptRows *keptRows // nil if the rows are not kept
}

// begin implements store.BeginRead.
func (r *indexReader) begin(c *catalog.Catalog, about int) ([]*catalog.Field, func([]value.Cell) error, error) {
	r.begun = time.Now()
	r.builder, r.keptRows = index.NewBuilder(c, about), nil
	r.builder.SetBusy(r.isBusy)

	add := r.builder.Add
	if u := c.NewUnderstander(); u != nil {
		add = func(cells []value.Cell) error { return r.builder.Add(u.Row(cells)) }
	}

	// Rows that are kept have all fields, those of the index first.
	fields, limit := c.Read, memoryLimit()
	if r.mustKeep(c) || !c.Key.Exists() {
		r.keptRows = newKeptRows(c)
		fields = r.keptRows.fields
	}

	r.builder.SetLimit(limit)
	return fields, func(cells []value.Cell) error {
		if r.keptRows != nil {
			if err := r.keptRows.add(cells); err != nil {
				return err
			}
			if limit > 0 { // the limit includes the rows
				r.builder.SetLimit(max(limit-r.keptRows.bytes(), 1))
			}
		}

		err := add(cells[:len(c.Read)])
		var large index.LimitError
		if errors.As(err, &large) {
			large.Bytes, large.Limit = large.Bytes+r.keptRows.bytes(), limit
			return newTooLargeError(large, about)
		}

		return err
	}, nil
}

// readTable reads a table. It keeps the rows too if mustKeep returns true or there is no key.
func readTable(ctx context.Context, st *store.Store, name string, vocabulary *value.Vocabulary, last *generation,
	mustKeep func(*catalog.Catalog) bool, isBusy func() bool,
) (*generation, error) {
	begun := time.Now()
	var lastCatalog *catalog.Catalog
	if last != nil {
		lastCatalog = last.catalog
	}

	r := &indexReader{mustKeep: mustKeep, isBusy: isBusy, begun: begun}
	c, version, err := st.Read(ctx, lastCatalog, r.begin)
	if err != nil {
		return nil, err
	}

	log, err := readLog(ctx, st, c, version, last)
	if err != nil {
		return nil, err
	}

	if log != nil {
		r.builder.SetHistory(log, version.AsOf)
	}

	// Build the index. What depends on the columns alone is taken over.
	g := &generation{
		catalog: c, index: r.builder.Build(), changeLog: log, keptRows: r.keptRows,
		dayCounted: dayOf(version.AsOf), version: version, source: name, checked: begun,
	}
	g.isSlow = last.mustKeepRows(c) && last.isSlow
	if version.Synced {
		g.source = FromSnapshot
	}

	if last != nil && last.catalog == c {
		g.interpreter = last.interpreter
	} else {
		g.interpreter = interpret.New(c, vocabulary)
	}

	g.readTime = time.Since(r.begun)
	return g, nil
}

// isOfToday reports whether days_listed is still right for a version.
func (g *generation) isOfToday(v store.Version) bool {
	return g.changeLog == nil || g.dayCounted == dayOf(v.AsOf)
}

// dayOf numbers the days in UTC.
func dayOf(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }

// keyOf returns the key of a row.
func (g *generation) keyOf(row uint32) []value.Cell {
	return g.keysOf([]candidate{{row: row}})[0]
}

// keysOf returns the keys of rows.
func (g *generation) keysOf(candidates []candidate) [][]value.Cell {
	width := len(g.catalog.KeyFields)
	keys, cells := make([][]value.Cell, len(candidates)), make([]value.Cell, 0, len(candidates)*width)
	for i, c := range candidates {
		for _, f := range g.catalog.KeyFields {
			cells = append(cells, g.index.Cell(f, c.row))
		}
		keys[i] = cells[i*width : (i+1)*width]
	}

	return keys
}

// memoryLimit returns half of GOMEMLIMIT, which follows the container's limit, because a refresh needs two indexes at a
// time. It returns 0 without a limit.
func memoryLimit() int64 {
	limit := debug.SetMemoryLimit(-1) // a negative limit only reads it
	if limit == math.MaxInt64 {
		return 0
	}
	return limit / 2
}

// tooLargeError says that a table's index, or its rows, do not fit into memory.
type tooLargeError struct{ message string }

func (e *tooLargeError) Error() string { return e.message }

// newTooLargeError says that an index does not fit, and estimates how much memory it needs.
func newTooLargeError(e index.LimitError, about int) error {
	estimate := e.Bytes * int64(max(about, e.Rows)) / int64(max(e.Rows, 1))
	return &tooLargeError{fmt.Sprintf("table %s: its index would take about %s, and half of the memory limit is %s: "+
		"give carapi more memory (the container's limit, or GOMEMLIMIT), "+
		"or hide columns by CARS_HIDE", e.Table, humanize.IBytes(uint64(estimate)),
		humanize.IBytes(uint64(e.Limit)))}
}
