package search

import (
	"errors"
	"net/url"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
	"carstock/services/carapi/internal/store"
)

// makeStale makes the index of a source as old as after a night without requests.
func makeStale(s *source) *generation {
	g := s.current.Load()
	old := g.unchanged(g.version, time.Now().Add(-time.Hour))
	s.current.Store(old)
	return old
}

// A failed refresh is not repeated at once, however many requests come, unless the source was away and is back.
func TestFailedRefreshesRest(t *testing.T) {
	s, _ := liveStock(t)
	old := makeStale(s.live)
	s.live.reportRefresh("failed", time.Now().Add(-time.Minute), errors.New("too slow"))

	if g, err := s.live.freshGeneration(t.Context()); err != nil || g != old {
		t.Errorf("read again: %v", err)
	}

	for range maxFailures {
		s.live.noteProbe(errAway)
	}

	s.live.noteProbe(nil)
	if g, err := s.live.freshGeneration(t.Context()); err != nil || g == old {
		t.Errorf("not read again: %v", err)
	}
}

// A table that does not fit into memory is not read again at once, even without an index.
func TestTooLargeTablesRest(t *testing.T) {
	s, _ := liveStock(t)
	s.live.current.Store(nil)
	tooLarge := &tooLargeError{"too large"}
	s.live.reportRefresh("failed", time.Now().Add(-time.Minute), tooLarge)

	if _, err := s.live.freshGeneration(t.Context()); !errors.Is(err, tooLarge) {
		t.Errorf("a request: %v", err)
	}
	if err := s.pingSource(t.Context(), s.live); !errors.Is(err, tooLarge) {
		t.Errorf("a probe: %v", err)
	}
}

// A request waits for a new index up to its time-out, and is then answered from the present one.
func TestRefreshThatHangs(t *testing.T) {
	s, _ := liveStock(t)
	s.live.timeout = 2 * time.Second
	makeStale(s.live)
	s.live.mu.Lock()
	s.live.pending = &refresh{done: make(chan struct{})} // it never ends
	s.live.mu.Unlock()

	a, err := s.Search(t.Context(), url.Values{"id": {"3"}})
	if err != nil || a.Count != 1 {
		t.Fatalf("%+v, %v", a, err)
	}
}

// If syncer keeps replacing the rows, the source cannot answer now. That is not an error of this program.
func TestMovedIsUnavailable(t *testing.T) {
	if !IsUnavailable(store.ErrMoved) {
		t.Error("not unavailable")
	}
}

// Rows are kept in memory only while they cannot be read one by one.
func TestRowsAreKeptWhileNeeded(t *testing.T) {
	c := dbtest.Database(t)
	db := dbtest.Open(t, c)
	dbtest.MustExec(t, db, "CREATE TABLE cars (no INT NOT NULL, make VARCHAR(20), model VARCHAR(20))",
		"INSERT INTO cars VALUES (1, 'Kia', 'Rio'), (2, 'Kia', 'Ceed')",
		"CREATE TABLE base (n INT PRIMARY KEY, id INT)", "INSERT INTO base VALUES (1, 7), (2, 7)",
		"CREATE VIEW listed AS SELECT id, 'Kia' AS make, 'Rio' AS model FROM base")

	for table, cure := range map[string]string{
		"cars":   "ALTER TABLE cars ADD PRIMARY KEY (no)",
		"listed": "UPDATE base SET id = n",
	} {
		src := openService(t, c, table, time.Minute).live
		if src.current.Load().keptRows == nil {
			t.Fatalf("%s: rows that cannot be read one by one are not kept", table)
		}

		dbtest.MustExec(t, db, cure)
		for range 2 { // a view must first be read once to show that no id repeats
			if _, err := src.refreshedAfter(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
		}

		if src.current.Load().keptRows != nil {
			t.Errorf("%s: rows are still kept", table)
		}
	}
}

// The memory limit includes the rows that are kept.
func TestKeptRowsAreWithinTheMemoryLimit(t *testing.T) {
	c := dbtest.Database(t)
	db := dbtest.Open(t, c)
	dbtest.MustExec(t, db,
		"CREATE TABLE cars (make VARCHAR(20), model VARCHAR(20), photo MEDIUMBLOB)",
		"INSERT INTO cars WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT 'Kia', "+
			"'Rio', REPEAT('x', 50000) FROM n")
	src := openService(t, c, "cars", time.Minute).live
	before := debug.SetMemoryLimit(64 << 20)
	defer debug.SetMemoryLimit(before)

	_, err := readGeneration(t.Context(), src.store, FromLive, src.vocabulary, nil, nil)
	var large *tooLargeError
	if !errors.As(err, &large) || !strings.Contains(large.Error(), "memory limit is 32 MiB") {
		t.Errorf("45 MB of rows: %v", err)
	}
}

// A table that was away, and comes back with other columns, is read again.
func TestTableThatComesBackAltered(t *testing.T) {
	s, db := liveStock(t)
	until := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("not %s: %v", what, s.live.unavailableReason())
			}
		}
	}

	dbtest.MustExec(t, db, "RENAME TABLE cars TO hidden")
	until("away", func() bool { return s.live.unavailableReason() != nil })
	dbtest.MustExec(t, db, "ALTER TABLE hidden DROP COLUMN description")
	dbtest.MustExec(t, db, "RENAME TABLE hidden TO cars")
	until("back", func() bool { return s.live.unavailableReason() == nil })

	if a, err := s.Search(t.Context(), url.Values{"id": {"3"}}); err != nil || a.Count != 1 {
		t.Errorf("%+v, %v", a, err)
	}
}
