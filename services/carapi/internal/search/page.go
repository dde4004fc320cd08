package search

import (
	"bytes"
	"slices"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// candidate is a row of the index that the page may show.
type candidate struct {
	row          uint32
	offsetInTies int // how many rows with the same sort key come up to it, itself included
}

// page is the vehicles of an answer. The index decides which rows may be on it, and in which order. The rows, as they
// are now, decide whether they are shown. The page ends at the last candidate taken, shown or not, so no vehicle comes
// twice and none is missing, unless its sort key changes between two pages.
type page struct {
	request    *searchRequest
	candidates []candidate // taken or not
	vehicles   []*vehicle  // of the candidates; nil if the row is gone
	taken      int
	shown      []liveRow // rows of the candidates taken that still match and are in the page's range, in live order
}

type liveRow struct {
	*vehicle
	sortKey []value.Cell
}

// hasMore reports whether candidates follow those taken.
func (p *page) hasMore() bool { return p.taken < len(p.candidates) }

// moreCandidates is how many more candidates are read if rows were dropped, as a multiple of the limit.
const moreCandidates = 4

// readPage reads the vehicles of a page in at most two statements.
func (r *searchRequest) readPage(set index.Set) (*page, error) {
	q := r.query

	// One row more than the limit shows whether there is a next page.
	rows, offsets := r.index().Page(set, q.Sort, q.After, q.Offset+q.Limit+1)

	rows, offsets = rows[min(q.Offset, len(rows)):], offsets[min(q.Offset, len(offsets)):]
	candidates := make([]candidate, len(rows))
	for i := range rows {
		candidates[i] = candidate{rows[i], offsets[i]}
	}

	n := min(len(candidates), q.Limit)
	vehicles, err := r.readVehicles(candidates[:n])
	if err != nil {
		return nil, err
	}

	p := r.newPage(candidates, vehicles, n)
	missing := n - len(p.shown)
	if missing == 0 || !p.hasMore() {
		r.countDropped(missing)
		return p, nil
	}

	// Rows have changed since the index was read, so some were dropped. Read more candidates.
	last := candidates[n-1]
	cursor := &query.Cursor{SortKey: r.index().SortKey(q.Sort, last.row), OffsetInTies: r.offsetAfter(last, candidates[n])}

	rows, offsets = r.index().Page(set, q.Sort, cursor, moreCandidates*q.Limit+1)
	candidates = candidates[:n]
	for i := range rows {
		candidates = append(candidates, candidate{rows[i], offsets[i]})
	}

	further, err := r.readVehicles(candidates[n : n+min(len(rows), moreCandidates*q.Limit)])
	if err != nil {
		return nil, err
	}

	// Take one candidate after another until the page is full.
	vehicles = append(vehicles, further...)
	for n < len(vehicles) {
		n++
		if p = r.newPage(candidates, vehicles, n); len(p.shown) >= q.Limit {
			break
		}
	}

	r.countDropped(n - len(p.shown))
	return p, nil
}

// countDropped reports how many rows no longer matched.
func (r *searchRequest) countDropped(n int) {
	if n > 0 && r.dropped != nil {
		r.dropped(n)
	}
}

// newPage takes the first n candidates. It shows those whose rows still match and lie between the cursor and the last
// candidate.
func (r *searchRequest) newPage(candidates []candidate, vehicles []*vehicle, n int) *page {
	q := r.query
	p := &page{request: r, candidates: candidates, vehicles: vehicles, taken: n}
	var end []value.Cell
	if p.hasMore() {
		end = r.index().SortKey(q.Sort, candidates[n-1].row)
	}

	p.shown = make([]liveRow, 0, n)
	sortKeys := make([]value.Cell, 0, n*len(q.Sort))
	for i, v := range vehicles[:n] {
		if v == nil || !q.Matches(r.generation.catalog, v) {
			continue
		}

		start := len(sortKeys)
		sortKeys = r.appendSortKey(sortKeys, v, candidates[i].row)
		sortKey := sortKeys[start:]

		// Skip a row that moved before the cursor or past the end of the page.
		if q.After != nil {
			c := query.CompareSortKeys(q.Sort, sortKey, q.After.SortKey)
			if c < 0 || c == 0 && q.After.OffsetInTies == 0 {
				continue
			}
		}

		if end != nil && query.CompareSortKeys(q.Sort, sortKey, end) > 0 {
			continue
		}

		p.shown = append(p.shown, liveRow{v, sortKey})
	}

	slices.SortStableFunc(p.shown, func(a, b liveRow) int { return query.CompareSortKeys(q.Sort, a.sortKey, b.sortKey) })
	return p
}

// appendSortKey appends a vehicle's cells in the fields of the order. If a text was not read whole, it takes the
// index's cell: the beginning alone would sort before all texts that begin with it.
func (r *searchRequest) appendSortKey(cells []value.Cell, v *vehicle, row uint32) []value.Cell {
	for _, o := range r.query.Sort {
		cell, whole := v.Cell(o.Field)
		if known := r.index().Cell(o.Field, row); !whole && bytes.HasPrefix(known.Form, cell.Form) {
			cell = known
		}
		cells = append(cells, cell)
	}
	return cells
}

// offsetAfter returns the offset in ties for a cursor after a candidate: 0 if the next candidate has another sort key.
func (r *searchRequest) offsetAfter(last, next candidate) int {
	x, order := r.index(), r.query.Sort
	if query.CompareSortKeys(order, x.SortKey(order, last.row), x.SortKey(order, next.row)) == 0 {
		return last.offsetInTies
	}
	return 0
}

// cursorAfter returns the cursor after the candidates taken.
func (p *page) cursorAfter() query.Cursor {
	r, last := p.request, p.candidates[p.taken-1]
	return query.Cursor{
		SortKey:      r.index().SortKey(r.query.Sort, last.row),
		OffsetInTies: r.offsetAfter(last, p.candidates[p.taken]),
	}
}

// shorten returns the page with fewer candidates taken.
func (p *page) shorten(taken int) *page { return p.request.newPage(p.candidates, p.vehicles, taken) }

// readVehicles reads rows as they are now, in one statement. A row that is gone is nil.
func (r *searchRequest) readVehicles(candidates []candidate) ([]*vehicle, error) {
	vehicles, all := make([]*vehicle, len(candidates)), make([]vehicle, len(candidates))
	if len(candidates) == 0 {
		return vehicles, nil
	}

	g := r.generation

	// Rows that are kept are as old as the index. All others are read as they are now.
	if g.keptRows != nil {
		for i, c := range candidates {
			all[i] = vehicle{stored: g.keptRows.row(g.index.AddedNumber(c.row)), index: g.index, row: c.row}
			vehicles[i] = &all[i]
		}
		return vehicles, nil
	}

	keys := g.keysOf(candidates)
	rows, err := r.source.store.Rows(r.ctx, g.catalog, g.version, keys, neededFields(g.catalog, r.query), r.query.MaxChars)
	if err != nil {
		return nil, err
	}

	for i, row := range rows {
		if row != nil {
			all[i] = vehicle{stored: row, index: g.index, row: candidates[i].row}
			vehicles[i] = &all[i]
		}
	}

	return vehicles, nil
}

// neededFields returns the fields to read for an answer: those that it shows, and those that decide whether a row
// matches.
func neededFields(c *catalog.Catalog, q *query.Query) []*catalog.Field {
	needed := make([]*catalog.Field, 0, len(q.Shown)+len(q.Filters)+len(q.Sort))
	needed = append(needed, q.Shown...)
	for i := range q.Filters {
		needed = append(needed, q.Filters[i].Field)
	}

	for _, o := range q.Sort {
		needed = append(needed, o.Field)
	}

	if len(q.Words) > 0 {
		for _, name := range query.SearchedFields {
			if f := c.TextField(name); f != nil {
				needed = append(needed, f)
			}
		}
	}

	return sourcesOf(needed)
}

// sourcesOf returns the fields that some fields are read from, without repetitions. Computed fields are not read.
func sourcesOf(fields []*catalog.Field) []*catalog.Field {
	sources := make([]*catalog.Field, 0, len(fields))
	for _, f := range fields {
		for _, source := range [...]*catalog.Field{f.Source(), f.UnitIn} {
			if source != nil && !source.IsComputed() && !slices.Contains(sources, source) {
				sources = append(sources, source)
			}
		}
	}
	return sources
}
