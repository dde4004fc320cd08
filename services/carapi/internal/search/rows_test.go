package search

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
)

// In a file that syncer does not keep, a replaced row is found by its key, and a new row by its id at once.
func TestReplacedRowsOfAFile(t *testing.T) {
	c, db := dbtest.SQLite(t, "CREATE TABLE cars (stock_number TEXT NOT NULL PRIMARY KEY, make TEXT, model TEXT, "+
		"price INT)",
		"INSERT INTO cars VALUES ('a', 'Kia', 'Rio', 1), ('b', 'Kia', 'Rio', 2)")
	s := openService(t, c, "cars", time.Minute)
	g := s.live.current.Load()
	dbtest.MustExec(t, db, "REPLACE INTO cars VALUES ('a', 'Kia', 'Rio', 3)",
		"INSERT INTO cars VALUES ('c', 'Kia', 'Rio', 4)")

	q, notes, err := g.interpreter.Interpret(g.index, url.Values{"make": {"kia"}}, searchControls...)
	if err != nil {
		t.Fatal(err)
	}

	a, err := (&searchRequest{ctx: t.Context(), source: s.live, generation: g, query: q}).search(notes)
	if err != nil || a.Count != 2 || !strings.Contains(string(a.Cars), `"price":3`) {
		t.Errorf("%+v, %v", a, err)
	}

	s.live.current.Store(g.unchanged(g.version, time.Now())) // not due for a refresh
	if car, err := s.Car(t.Context(), "c", nil); err != nil || !strings.Contains(string(car.Body), `"price":4`) {
		t.Errorf("a new vehicle: %v", err)
	}
}

// A text that was not read completely keeps its place in the order.
func TestOrderByLongTexts(t *testing.T) {
	c := dbtest.Database(t)
	db := dbtest.Open(t, c)
	dbtest.MustExec(t, db,
		"CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), remarks TEXT)",
		"INSERT INTO cars WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) SELECT i, 'Kia', "+
			"'Rio', CONCAT(REPEAT('x', 2500), 100 - i) FROM n")

	s := openService(t, c, "cars", time.Minute)
	g := s.live.current.Load()
	for order, first := range map[string]string{"remarks": `{"id":30},{"id":29}`, "-remarks": `{"id":1},{"id":2}`} {
		q, _, err := g.interpreter.Interpret(g.index, url.Values{"sort": {order}, "fields": {"id"}, "limit": {"10"}},
			searchControls...)
		if err != nil {
			t.Fatal(err)
		}

		q.MaxChars = 2000 // of each text; the answer is not examined here
		r := &searchRequest{ctx: t.Context(), source: s.live, generation: g, query: q}

		ids := ""
		for n := 0; n < 30; {
			p, err := r.readPage(g.index.Match(q, nil))
			if err != nil || len(p.shown) != 10 {
				t.Fatalf("%s: %d vehicles on a page, %v", order, len(p.shown), err)
			}

			_, whole := r.encode(p.shown)
			ids += strings.Trim(string(whole), "[]") + ","

			if n += len(p.shown); n < 30 {
				end := p.cursorAfter()
				q.After = &end
			}
		}

		if !strings.HasPrefix(ids, first) || strings.Count(ids, "id") != 30 {
			t.Errorf("%s: %s", order, ids)
		}
	}
}
