package dbtest

import (
	"path/filepath"
	"testing"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
)

// SQLite makes a file for this test, executes the statements in it, and gives its settings and a
// connection that may write and is closed with the test.
func SQLite(t testing.TB, statements ...string) (dbconn.Config, *sqlx.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	db, err := sqlx.Open("sqlite3", dbconn.SQLiteDSN(path, "mode=rwc&_busy_timeout=60000"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, q := range statements {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	return dbconn.Config{Driver: dbconn.SQLite, Path: path}, db
}
