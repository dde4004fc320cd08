package stock

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// maxTotal is how far vehicles are counted.
const maxTotal = 10_000

// maxCursor is how long a cursor may be, in bytes: it holds what the last vehicle is ordered by, and
// stands in a URL.
const maxCursor = 8 << 10

// Answer is what was found.
type Answer struct {
	Cars    []byte // JSON objects, with commas between them
	Count   int
	Total   int        // -1 if it was not asked for
	Exact   bool       // whether Total is all; else it is how far was counted
	Summary string     // in a sentence; empty if the total was not asked for
	Next    url.Values // the request for the next page; nil on the last
	NoMatch *NoMatch   // why nothing matches, if nothing does
	Cut     *Cut       // what was left out; nil for nothing
	Facets  []byte     // a JSON object; nil if none were asked for
	Applied []byte     // a JSON object: the request as understood
	Notes              // what of it has been read otherwise than it is written
	Origin
}

// searchControls are the parameters of a search that are no filters.
var searchControls = []string{"q", "sort", "limit", "cursor", "fields", "facets", "include_total", "view", "max_chars"}

// Search finds vehicles.
func (s *Store) Search(ctx context.Context, values url.Values) (*Answer, error) {
	return with(ctx, s, func(ctx context.Context, v view) (*Answer, error) {
		q, err := v.request(ctx, values, searchControls...)
		if err != nil {
			return nil, err
		}
		return v.search(ctx, q)
	})
}

func (v view) search(ctx context.Context, q *Query) (*Answer, error) {
	a := &Answer{Total: -1}
	var err error
	if a.Origin, err = v.origin(ctx); err != nil {
		return nil, err
	}
	if err := v.resolve(ctx, q); err != nil {
		return nil, err
	}
	conditions, err := v.conditions(ctx, q, nil)
	if err != nil {
		return nil, err
	}
	p, err := v.page(ctx, q, conditions)
	if err != nil {
		return nil, err
	}
	if q.Total {
		if err := v.survey(ctx, q, conditions, len(p.rows), a); err != nil {
			return nil, err
		}
	}
	if len(q.Facets) > 0 {
		if a.Facets, err = v.facets(ctx, q); err != nil {
			return nil, err
		}
	}
	if len(p.rows) == 0 && q.after == nil {
		if a.NoMatch, err = v.noMatch(ctx, q); err != nil {
			return nil, err
		}
	}
	a.Applied, a.Notes = q.applied(true), q.notes
	q.write(p, a)
	if a.Next != nil && len(a.Next.Get("cursor")) > maxCursor {
		return nil, ParameterErrors{All: []ParameterError{{Parameter: "sort", Received: q.values.Get("sort"),
			Expected: fmt.Sprintf("fields with shorter values: the next page would begin behind one of more than %d bytes", maxCursor)}}}
	}
	return a, nil
}

// page is the vehicles that have been read for an answer.
type page struct {
	*encoder
	rows []row
}

// row is a vehicle of a page.
type row struct {
	end   int    // of its JSON
	place string // in the order
	same  int    // how many vehicles in that place have been shown with it
}

// page reads the vehicles of one page, and one more if there is one. Those without a value in the first
// field of the order come after all others, by a query of their own: that leaves an index on it of use.
func (v view) page(ctx context.Context, q *Query, conditions []clause) (*page, error) {
	first := q.Sort[0].Field
	var parts [][]clause
	position := func(part []clause) []clause {
		if q.after != nil {
			sql, args := q.behind()
			part = append(part, clause{sql, args})
		}
		return part
	}
	compared := false // a filter leaves out the vehicles without a value
	for _, f := range q.Filters {
		compared = compared || f.Field == first
	}
	switch {
	case !first.nullable || compared:
		parts = [][]clause{position(nil)}
	case q.after == nil:
		parts = [][]clause{{{sql: first.value() + " IS NOT NULL"}}, {{sql: first.value() + " IS NULL"}}}
	case q.after[0] != nil:
		parts = [][]clause{position([]clause{{sql: first.value() + " IS NOT NULL"}}), {{sql: first.value() + " IS NULL"}}}
	default:
		parts = [][]clause{position([]clause{{sql: first.value() + " IS NULL"}})}
	}
	p, err := v.read(ctx, q, conditions, parts, q.orderBy(q.skip > 0))
	for i := 1; err == nil && q.skip == 0 && i < len(p.rows); i++ {
		if p.rows[i].place == p.rows[i-1].place { // the page may end among vehicles in one place, whose order must be one that the next page finds again
			return v.read(ctx, q, conditions, parts, q.orderBy(true))
		}
	}
	return p, err
}

// read reads the vehicles of one page, part by part.
func (v view) read(ctx context.Context, q *Query, conditions []clause, parts [][]clause, order string) (*page, error) {
	selected := q.selected()
	for _, o := range q.Sort {
		selected += ", " + v.dialect.selected(o.Field.value())
	}
	p := &page{encoder: newEncoder(q.Shown, q.Limit+1)}
	p.maxChars = q.MaxChars
	place, dest := make([]any, len(q.Sort)), p.cells()
	for i := range place {
		dest = append(dest, &place[i])
	}
	last, same, skip := q.place, q.skip, q.skip
	for _, part := range parts {
		where, args := joined(conditions, part...)
		// One more than is shown tells whether there are more.
		statement := "SELECT " + selected + " FROM " + v.from + where + " ORDER BY " + order + " LIMIT ? OFFSET ?"
		err := v.store.query(ctx, "search", statement, append(args, q.Limit+1-len(p.rows), skip), func(rows *sql.Rows) error {
			p.begin()
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			p.end()
			at := q.placeOf(place)
			if at != last {
				same = 0
			}
			last = at
			same++
			p.rows = append(p.rows, row{len(p.json), at, same})
			return nil
		})
		if err != nil || len(p.rows) > q.Limit {
			return p, err
		}
		skip = 0
	}
	return p, nil
}

// nextPage is the request for the vehicles behind the first n.
func (q *Query) nextPage(rows []row, n int) url.Values {
	next := url.Values{}
	for name, values := range q.values {
		next[name] = values
	}
	last, same := rows[n-1], 0
	if rows[n].place == last.place {
		same = last.same
	}
	next.Set("cursor", q.mark(last.place, same))
	next.Set("match", "exact") // it has been read
	return next
}

// selected are the columns of the fields that are shown.
func (q *Query) selected() string {
	columns := make([]string, len(q.Shown))
	for i, f := range q.Shown {
		columns[i] = q.registry.dialect.selected(f.quoted)
	}
	return strings.Join(columns, ", ")
}

// count counts the vehicles that match, up to one more than maxTotal.
func (v view) count(ctx context.Context, conditions []clause) (n int, err error) {
	where, args := joined(conditions)
	statement := "SELECT COUNT(*) FROM (SELECT 1 FROM " + v.from + where + " LIMIT " + strconv.Itoa(maxTotal+1) + ") AS counted"
	err = v.store.query(ctx, "count", statement, args, func(rows *sql.Rows) error { return rows.Scan(&n) })
	return n, err
}
