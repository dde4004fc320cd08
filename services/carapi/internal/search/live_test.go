package search

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn/dbtest"
)

const (
	liveRows = 600
	// untouched vehicles: every tenth one. All others are inserted, updated and deleted.
	steady = 10
)

type liveCar struct {
	ID    int     `json:"id"`
	Make  string  `json:"make"`
	Year  int     `json:"year"`
	Price float64 `json:"price"`
}

func liveStock(t *testing.T) (*Service, *sqlx.DB) {
	t.Helper()
	c := dbtest.Database(t)
	db := dbtest.Open(t, c)
	for _, q := range []string{
		"CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), year INT, price " +
			"DECIMAL(10,2), description TEXT)",
		"INSERT INTO cars WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) SELECT i, ELT(1 + " +
			"i % 3, 'Kia', 'VW', 'Škoda'), 'Model', 2010 + i % 10, 1000 + i * 37 % 5000, CONCAT('car number ', i) FROM n",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}

	return openService(t, c, "cars", time.Minute), db
}

// changeStock updates, deletes, inserts and reprices vehicles until stop is set.
func changeStock(t *testing.T, db *sqlx.DB, stop *atomic.Bool) {
	for !stop.Load() {
		id := 1 + rand.IntN(liveRows)
		if id%steady == 0 {
			continue
		}

		var err error
		switch rand.IntN(4) {
		case 0:
			_, err = db.Exec("UPDATE cars SET price = ? WHERE id = ?", 1000+rand.IntN(5000), id)
		case 1:
			_, err = db.Exec("UPDATE cars SET make = ELT(?, 'Kia', 'VW', 'Škoda', 'SKODA'), year = ? WHERE id = ?", 1+
				rand.IntN(4), 2010+rand.IntN(10), id)
		case 2:
			_, err = db.Exec("DELETE FROM cars WHERE id = ?", id)
		case 3:
			_, err = db.Exec("REPLACE INTO cars VALUES (?, 'Kia', 'Model', ?, ?, 'a new car')", id, 2010+rand.IntN(10), 1000+
				rand.IntN(5000))
		}

		if err != nil {
			t.Error(err)
			return
		}
	}
}

// The stock changes, and the index is read again every 10 ms. Each vehicle in an answer matches with the values that
// are shown, and every page is sorted by them. No vehicle comes twice, and no unchanged vehicle is missing.
func TestAnswersOfAChangingStock(t *testing.T) {
	s, db := liveStock(t)
	var stop atomic.Bool
	var others, clients sync.WaitGroup
	others.Go(func() { changeStock(t, db, &stop) })
	others.Go(func() {
		for ; !stop.Load(); time.Sleep(10 * time.Millisecond) {
			s.live.requestRefresh()
		}
	})

	var dropped, walks atomic.Int64
	s.Events.Dropped = func(rows int) { dropped.Add(int64(rows)) }

	end := time.Now().Add(5 * time.Second)
	for range 32 {
		clients.Go(func() {
			for time.Now().Before(end) && !t.Failed() {
				checkRandomSearch(t, s)
				walks.Add(1)
			}
		})
	}

	clients.Wait()
	stop.Store(true)
	others.Wait()

	if walks.Load() < 32 || dropped.Load() == 0 {
		t.Errorf("%d searches, %d rows dropped: too few to prove anything", walks.Load(), dropped.Load())
	}

	t.Logf("%d searches, %d rows dropped", walks.Load(), dropped.Load())
}

// checkRandomSearch reads all pages of a random search.
func checkRandomSearch(t *testing.T, s *Service) {
	low := 1000 + rand.IntN(4000)
	high := low + 200 + rand.IntN(2000)
	values := url.Values{
		"price_min": {fmt.Sprint(low)}, "price_max": {fmt.Sprint(high)}, "limit": {"7"},
		"sort": {[]string{"price", "-price", "-year,price", "id", "make,-id"}[rand.IntN(5)]},
	}

	maker := []string{"", "kia", "skoda"}[rand.IntN(3)]
	if maker != "" {
		values.Set("make", maker)
	}

	matches := func(c liveCar) bool {
		isMake := maker == "" || maker == "kia" && c.Make == "Kia" || maker == "skoda" &&
			(c.Make == "Škoda" || c.Make == "SKODA")
		return isMake && c.Price >= float64(low) && c.Price <= float64(high)
	}

	seen := map[int]bool{}
	for next := values; next != nil; {
		a, err := s.Search(t.Context(), next)
		if err != nil {
			t.Errorf("%v: %v", next, err)
			return
		}

		var cars []liveCar
		if err := json.Unmarshal(a.Cars, &cars); err != nil {
			t.Errorf("%v: %s: %v", next, a.Cars, err)
			return
		}

		if !slices.IsSortedFunc(cars, orders[values.Get("sort")]) {
			t.Errorf("%v: not sorted: %v", values, cars)
		}

		for _, c := range cars {
			if !matches(c) {
				t.Errorf("%v: %v does not match", values, c)
			}

			if c.ID%steady == 0 && seen[c.ID] {
				t.Errorf("%v: %d is returned twice", values, c.ID)
			}

			seen[c.ID] = true
		}

		next = a.Next
	}

	for id := steady; id <= liveRows; id += steady {
		c := liveCar{id, []string{"Kia", "VW", "Škoda"}[id%3], 2010 + id%10, float64(1000 + id*37%5000)}
		if matches(c) && !seen[id] {
			t.Errorf("%v: %v is missing", values, c)
		}
	}
}

var orders = map[string]func(a, b liveCar) int{
	"price":  func(a, b liveCar) int { return firstDifference(a.Price-b.Price, float64(a.ID-b.ID)) },
	"-price": func(a, b liveCar) int { return firstDifference(b.Price-a.Price, float64(b.ID-a.ID)) },
	"-year,price": func(a, b liveCar) int {
		return firstDifference(float64(b.Year-a.Year), a.Price-b.Price, float64(a.ID-b.ID))
	},
	"id": func(a, b liveCar) int { return a.ID - b.ID },
	"make,-id": func(a, b liveCar) int {
		if a.Make != b.Make {
			if a.Make < b.Make {
				return -1
			}
			return 1
		}
		return b.ID - a.ID
	},
}

// firstDifference returns the sign of the first difference that is not zero.
func firstDifference(differences ...float64) int {
	for _, d := range differences {
		switch {
		case d < 0:
			return -1
		case d > 0:
			return 1
		}
	}
	return 0
}

// A sold, deleted or repriced vehicle is missing in the next answer, even if the index still has it.
func TestRowsAreLive(t *testing.T) {
	s, db := liveStock(t)
	before := s.live.current.Load()

	if _, err := db.Exec("UPDATE cars SET price = 99999 WHERE id = 1"); err != nil {
		t.Fatal(err)
	}

	if _, err := db.Exec("DELETE FROM cars WHERE id = 2"); err != nil {
		t.Fatal(err)
	}

	src, g := s.live, before
	for _, want := range []struct {
		values url.Values
		ids    []int
	}{
		{url.Values{"id": {"1,2,3,4"}, "price_max": {"6000"}}, []int{3, 4}},
		// two more candidates are examined
		{url.Values{"id": {"1,2,3,4,5,6"}, "price_max": {"6000"}, "limit": {"2"}}, []int{3, 4}},
		{url.Values{"id": {"1,2,3"}, "sort": {"-price"}}, []int{1, 3}},
		{url.Values{"id": {"1,2"}, "price_max": {"6000"}}, nil},
	} {
		q, notes, err := g.interpreter.Interpret(g.index, want.values, searchControls...)
		if err != nil {
			t.Fatal(err)
		}

		r := searchRequest{ctx: t.Context(), source: src, generation: g, query: q}
		a, err := r.search(notes)
		if err != nil {
			t.Fatal(err)
		}

		var cars []liveCar
		if err := json.Unmarshal(a.Cars, &cars); err != nil {
			t.Fatal(err)
		}

		var ids []int
		for _, c := range cars {
			ids = append(ids, c.ID)
		}

		if !slices.Equal(ids, want.ids) || a.Next == nil && a.Total != len(want.ids) || len(ids) == 0 &&
			a.ZeroResults == nil {
			t.Errorf("%v: %v, total %d, no_match %v, want %v", want.values, ids, a.Total, a.ZeroResults, want.ids)
		}
	}
}

// Requests that need no key never trigger a refresh. A request with a key does, as soon as the index is due.
func TestDescriptionsTriggerNoRefresh(t *testing.T) {
	s, _ := liveStock(t)
	last := s.live.current.Load()
	time.Sleep(minRefreshAge + 100*time.Millisecond)

	for range 20 {
		if _, err := s.KnownFields(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}

	if s.live.current.Load() != last {
		t.Error("a description triggered a refresh")
	}

	for deadline := time.Now().Add(time.Minute); s.live.current.Load() == last; time.Sleep(10 * time.Millisecond) {
		if _, err := s.Fields(t.Context()); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("a request does not trigger a refresh")
		}
	}
}
