package store

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
	"carstock/services/carapi/internal/value"
)

// A statement that takes longer than its time-out is too slow, and may be stopped by the server. This does not mean
// that the source is away.
func TestTooSlow(t *testing.T) {
	c := dbtest.Database(t)

	// It computes for seconds. A stopped SLEEP would end without an error.
	dbtest.MustExec(t, dbtest.Open(t, c), "CREATE TABLE base (id INT PRIMARY KEY, make VARCHAR(20), model VARCHAR(20))",
		"INSERT INTO base VALUES (1, 'a', 'b'), (2, 'a', 'b')", "CREATE TABLE many (n INT)",
		"INSERT INTO many WITH RECURSIVE m (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM m WHERE n < 400) SELECT n FROM m",
		`CREATE VIEW cars AS SELECT id, make, model,
			(SELECT COUNT(*) FROM many AS a, many AS b, many AS c WHERE a.n + b.n + c.n > base.id) AS slow FROM base`)
	check := func(t *testing.T, err error) {
		if !errors.Is(err, ErrTooSlow) || IsUnavailable(err) || IsPermanent(err) {
			t.Errorf("got %v", err)
		}
	}

	key := [][]value.Cell{numberKey("2")}
	patient := openStore(t, c, Settings{})
	known := catalogOf(t, patient)

	t.Run("given up", func(t *testing.T) {
		s := openStore(t, c, Settings{Timeout: 300 * time.Millisecond})
		_, err := s.Rows(t.Context(), known, Version{}, key, everyField(known), 10)
		check(t, err)
	})

	t.Run("stopped by the server", func(t *testing.T) {
		c := c
		c.QueryTimeout = 300 * time.Millisecond
		s := openStore(t, c, Settings{})
		_, err := s.Rows(t.Context(), known, Version{}, key, everyField(known), 10)
		check(t, err)
	})

	t.Run("caller has gone", func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Hour, nil)
		time.AfterFunc(100*time.Millisecond, cancel)
		_, err := patient.Rows(ctx, known, Version{}, key, everyField(known), 10)
		if !errors.Is(err, context.Canceled) || errors.Is(err, ErrTooSlow) || IsUnavailable(err) {
			t.Errorf("got %v", err)
		}
	})

	t.Run("SQLite", func(t *testing.T) {
		file, _ := dbtest.SQLite(t, `CREATE VIEW cars AS SELECT 1 AS id, 'a' AS make, 'b' AS model,
			(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)
				SELECT count(*) FROM n) AS slow`)
		s := openStore(t, file, Settings{Timeout: 300 * time.Millisecond})
		c := catalogOf(t, s)
		_, err := s.Rows(t.Context(), c, Version{}, [][]value.Cell{numberKey("1")}, everyField(c), 10)
		check(t, err)

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)

		_, err = openStore(t, file, Settings{}).Rows(ctx, c, Version{}, [][]value.Cell{numberKey("1")}, everyField(c), 10)
		if !errors.Is(err, context.Canceled) || errors.Is(err, ErrTooSlow) || IsUnavailable(err) {
			t.Errorf("got %v", err)
		}
	})
}

// A connection that the server has closed is replaced, without an error for the caller.
func TestLostConnection(t *testing.T) {
	server := dbtest.NewServer(t)
	c := server.Database(t)
	db := dbtest.Open(t, c)
	dbtest.MustExec(t, db, "SET GLOBAL innodb_flush_log_at_trx_commit = 1",
		"CREATE TABLE cars (no INT PRIMARY KEY, make VARCHAR(20), model VARCHAR(20))",
		"INSERT INTO cars VALUES (1, 'a', 'b')")
	s := openStore(t, c, Settings{})
	read := readStock(t, s, nil)

	kill := func() {
		var ids []int
		if err := db.Select(&ids, "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND command = "+
			"'Sleep'"); err != nil {
			t.Fatal(err)
		}

		for _, id := range ids {
			_, _ = db.Exec("KILL ?", id) // the connection may be closed already
		}
	}

	for range 5 {
		kill()
		requireSameRows(t, s, read)
		kill()
		if again := readStock(t, s, read.catalog); again.catalog != read.catalog || len(again.rows) != 1 {
			t.Errorf("%d rows", len(again.rows))
		}
	}

	// Once the server is away, the error says so. Once it is back, it answers.
	if err := server.Process(t).Kill(); err != nil {
		t.Fatal(err)
	}

	for range 3 {
		_, err := s.Rows(t.Context(), read.catalog, read.version, read.keys(), nil, 10)
		_, readErr := tryRead(t.Context(), s, read.catalog)
		for _, err := range []error{err, readErr, s.Probe(t.Context(), read.catalog)} {
			if !IsUnavailable(err) {
				t.Errorf("got %v", err)
			}
		}
	}

	server.Restart(t)
	requireSameRows(t, s, read)
}

// A server may be set to cut results and to stop long statements. Reading the whole table is not affected.
func TestServerLimits(t *testing.T) {
	server := dbtest.NewServer(t)
	c := server.Database(t)
	db := dbtest.Open(t, c)
	dbtest.MustExec(t, db, "CREATE TABLE base (id INT PRIMARY KEY, make VARCHAR(20), model VARCHAR(20))",
		"INSERT INTO base VALUES (1, 'a', 'b'), (2, 'a', 'b'), (3, 'a', 'b')",
		"CREATE VIEW cars AS SELECT id, make, model, SLEEP(0.4) AS slow FROM base",
		"SET GLOBAL sql_select_limit = 1", "SET GLOBAL max_join_size = 1", "SET GLOBAL /*M!100101 max_statement_time = 0.3 "+
			"*/ /*!50708 max_execution_time = 300 */")
	s := openStore(t, c, Settings{Table: "base"})

	if slow := readStock(t, openStore(t, c, Settings{}), nil); len(slow.rows) != 3 {
		t.Errorf("%d rows of a slow view", len(slow.rows))
	}

	read := readStock(t, s, nil)
	if got := read.texts("id"); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("rows %q", got)
	}

	requireSameRows(t, s, read)
}
