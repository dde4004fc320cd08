package dbtest

import (
	"path/filepath"
	"testing"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
)

// SQLite creates a file for this test and executes statements in it. It returns the file's settings, and a connection
// that may write until the test ends.
func SQLite(t testing.TB, statements ...string) (dbconn.Config, *sqlx.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	db, err := sqlx.Open("sqlite3", dbconn.SQLiteDSN(path, "mode=rwc&_busy_timeout=60000"))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() { _ = db.Close() })
	MustExec(t, db, statements...)
	return dbconn.Config{Driver: dbconn.SQLite, Path: path}, db
}
