package store

import (
	"errors"
	"testing"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/services/carapi/internal/value"
)

// slowViews take longer to read than a test may last.
var slowViews = []string{
	"SELECT id, make, model, SLEEP(600) AS slow FROM base",
	"SELECT MAX(id) AS id, make, model, MAX(SLEEP(600)) AS slow FROM base GROUP BY make, model",
	"SELECT id, make, model, SLEEP(600) AS slow FROM base UNION SELECT id, make, model, 1 FROM base",
	"SELECT id, make, model, (SELECT SUM(SLEEP(600)) FROM base) AS slow FROM base",
	// a view of a single row would be evaluated
	"SELECT id, make, model, 1 AS slow FROM base WHERE SLEEP(600 + id) = 0 ORDER BY make LIMIT 10",
}

// A probe evaluates no row.
func TestProbeOfSlowViews(t *testing.T) {
	const table = "CREATE TABLE base (id INTEGER PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), photo LONGBLOB)"
	const rows = "INSERT INTO base (id, make, model) VALUES (1, 'a', 'b'), (2, 'a', 'c'), (3, 'd', 'e')"
	for _, view := range slowViews {
		t.Run(view, func(t *testing.T) {
			c := dbtest.Database(t)
			dbtest.MustExec(t, dbtest.Open(t, c), table, rows, "CREATE VIEW cars AS "+view)
			s := openStore(t, c, Settings{})
			if err := s.Probe(t.Context(), catalogOf(t, s)); err != nil {
				t.Error(err)
			}
		})
	}

	const endless = "(WITH RECURSIVE n(i) AS (SELECT id UNION ALL SELECT i + 1 FROM n WHERE i < 1e15) SELECT " +
		"count(*) FROM n)"
	for _, view := range []string{
		"SELECT id, make, model, " + endless + " AS slow FROM base",
		"SELECT max(id) AS id, make, model, max(" + endless + ") AS slow FROM base GROUP BY make, model",
		"SELECT id, make, model, " + endless + " AS slow FROM base UNION SELECT id, make, model, 1 FROM base",
		"SELECT id, make, model, 1 AS slow FROM base WHERE " + endless + " = 0 ORDER BY make LIMIT 1",
	} {
		t.Run(view, func(t *testing.T) {
			c, _ := dbtest.SQLite(t, table, rows, "CREATE VIEW cars AS "+view)
			s := openStore(t, c, Settings{})
			if err := s.Probe(t.Context(), catalogOf(t, s)); err != nil {
				t.Error(err)
			}
		})
	}
}

// A probe finds what is missing, and when it is back.
func TestProbe(t *testing.T) {
	c := dbtest.Database(t)
	db := dbtest.Open(t, c)
	user := "u" + c.Name[len(c.Name)-12:] // a name of digits and an e would be parsed as a number
	dbtest.MustExec(t, db, "CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), note TEXT)",
		"INSERT INTO cars VALUES (1, 'a', 'b', 'c')", "CREATE USER "+user+" IDENTIFIED BY 'secret-1'",
		"GRANT SELECT ON cars TO "+user)
	t.Cleanup(func() { dbtest.MustExec(t, db, "DROP USER "+user) })
	reader := c
	reader.User, reader.Password, reader.SSL.Mode = user, "secret-1", dbconn.SSLPreferred

	s := openStore(t, reader, Settings{})
	known := catalogOf(t, s)
	if !known.IDIsKey() {
		t.Error("a user with SELECT alone does not see the key")
	}

	for _, e := range []struct {
		name, breaks, repairs string
	}{
		{"right revoked", "REVOKE SELECT ON cars FROM " + user, "GRANT SELECT ON cars TO " + user},
		{"column dropped", "ALTER TABLE cars DROP COLUMN note", "ALTER TABLE cars ADD note TEXT"},
		{"table dropped", "RENAME TABLE cars TO gone", "RENAME TABLE gone TO cars"},
	} {
		for range 2 {
			if err := s.Probe(t.Context(), known); err != nil {
				t.Fatalf("before %s: %v", e.name, err)
			}
		}

		dbtest.MustExec(t, db, e.breaks)

		for range 2 {
			if err := s.Probe(t.Context(), known); !IsUnavailable(err) {
				t.Errorf("%s: %v", e.name, err)
			}

			if _, err := s.Rows(t.Context(), known, Version{}, [][]value.Cell{numberKey("1")}, everyField(known),
				10); !IsUnavailable(err) {
				t.Errorf("%s: %v", e.name, err)
			}
		}

		dbtest.MustExec(t, db, e.repairs)
	}

	if err := s.Probe(t.Context(), known); err != nil {
		t.Error(err)
	}
}

// The same in SQLite, where a view that cannot be computed does not count as a missing column.
func TestProbeSQLite(t *testing.T) {
	c, db := dbtest.SQLite(t, "CREATE TABLE cars (make TEXT, model TEXT, note TEXT)",
		"INSERT INTO cars VALUES ('a', 'b', 'c')")
	s := openStore(t, c, Settings{})
	known := catalogOf(t, s)
	if err := s.Probe(t.Context(), known); err != nil {
		t.Fatal(err)
	}

	dbtest.MustExec(t, db, "ALTER TABLE cars DROP COLUMN note")
	if err := s.Probe(t.Context(), known); !errors.Is(err, ErrNoTable) {
		t.Errorf("column dropped: %v", err)
	}

	dbtest.MustExec(t, db, "DROP TABLE cars")
	if err := s.Probe(t.Context(), known); !errors.Is(err, ErrNoTable) {
		t.Errorf("table dropped: %v", err)
	}

	dbtest.MustExec(t, db, "CREATE TABLE base (id INTEGER PRIMARY KEY, list TEXT)",
		"INSERT INTO base VALUES (1, 'no JSON')",
		"CREATE VIEW cars AS SELECT id, 'a' AS make, 'b' AS model, json_extract(list, '$[0]') AS list FROM base")
	known = catalogOf(t, s)
	if err := s.Probe(t.Context(), known); err != nil {
		t.Error(err)
	}

	_, err := s.Rows(t.Context(), known, Version{}, [][]value.Cell{numberKey("1")}, everyField(known), 10)
	if err == nil || errors.Is(err, ErrNoTable) || IsUnavailable(err) {
		t.Errorf("got %v", err)
	}

	if _, err := tryRead(t.Context(), s, known); err == nil || errors.Is(err, ErrNoTable) {
		t.Errorf("got %v", err)
	}
}

// FetchCost returns how much longer reading a row of a slow view takes than a ping.
func TestFetchCost(t *testing.T) {
	c := dbtest.Database(t)
	dbtest.MustExec(t, dbtest.Open(t, c), "CREATE TABLE base (id INT PRIMARY KEY, make VARCHAR(20), model VARCHAR(20))",
		"INSERT INTO base VALUES (1, 'a', 'b')", "CREATE VIEW cars AS SELECT id, make, model, SLEEP(0.2) AS slow FROM base")
	fast, slow := openStore(t, c, Settings{Table: "base"}), openStore(t, c, Settings{})

	read := readStock(t, fast, nil)
	quick, err := fast.FetchCost(t.Context(), read.catalog, read.version, read.keys()[0])
	if err != nil {
		t.Fatal(err)
	}

	cost, err := slow.FetchCost(t.Context(), catalogOf(t, slow), Version{}, numberKey("1"))
	if err != nil || cost <= quick || cost < 100*time.Millisecond {
		t.Errorf("%s, %s without sleeping, %v", cost, quick, err)
	}
}
