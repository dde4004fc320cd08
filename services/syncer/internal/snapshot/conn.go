package snapshot

import (
	"database/sql/driver"
	"errors"
	"io"
	"strings"

	"github.com/mattn/go-sqlite3"

	"carstock/pkg/dbconn"
	"carstock/pkg/schema"
)

// busyTimeout is how long SQLite waits for another program's lock, in milliseconds.
const busyTimeout = "5000"

// openConn connects to a file with the driver alone, without database/sql: runStatement says why.
func openConn(path, parameters string) (*sqlite3.SQLiteConn, error) {
	conn, err := (&sqlite3.SQLiteDriver{}).Open(dbconn.SQLiteDSN(path, parameters))
	if err != nil {
		return nil, err
	}
	return conn.(*sqlite3.SQLiteConn), nil
}

// exec executes a statement whose result does not matter.
func exec(conn *sqlite3.SQLiteConn, query string, args ...driver.Value) error {
	_, err := conn.Exec(query, args)
	return err
}

// queryAll reads the whole result of a small query.
func queryAll(conn *sqlite3.SQLiteConn, query string, args ...driver.Value) (all [][]driver.Value, err error) {
	rows, err := conn.Query(query, args)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()

	for {
		row := make([]driver.Value, len(rows.Columns()))
		if err := rows.Next(row); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		for i, v := range row {
			if b, ok := v.([]byte); ok {
				row[i] = string(b) // the driver returns some texts as bytes
			}
		}

		all = append(all, row)
	}
}

// queryInt reads the single number that a query returns; 0 if it returns no row.
func queryInt(conn *sqlite3.SQLiteConn, query string, args ...driver.Value) (int64, error) {
	rows, err := queryAll(conn, query, args...)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	n, _ := rows[0][0].(int64)
	return n, nil
}

// inTx commits what do has changed, or rolls it back if do or the commit returns an error.
func inTx(conn *sqlite3.SQLiteConn, do func() error) error {
	if err := exec(conn, "BEGIN IMMEDIATE"); err != nil {
		return err
	}

	err := do()
	if err == nil {
		err = exec(conn, "COMMIT")
	}
	if err != nil {
		return errors.Join(err, rollback(conn))
	}
	return nil
}

// rollback does nothing if SQLite has rolled back already, as it does when the disk is full.
func rollback(conn *sqlite3.SQLiteConn) error {
	if conn.AutoCommit() {
		return nil
	}
	return exec(conn, "ROLLBACK")
}

// inSavepoint undoes what do has changed if do returns an error.
func inSavepoint(conn *sqlite3.SQLiteConn, do func() error) error {
	if err := exec(conn, "SAVEPOINT part"); err != nil {
		return err
	}

	err := do()
	if err != nil && conn.AutoCommit() {
		return rolledBackError{err}
	}
	if err != nil {
		if rollbackErr := exec(conn, "ROLLBACK TO part"); rollbackErr != nil {
			return errors.Join(err, rollbackErr)
		}
	}

	return errors.Join(err, exec(conn, "RELEASE part"))
}

// errTried ends a savepoint whose changes were only tried.
var errTried = errors.New("a change that was only tried could not be undone alone")

// tryAndUndo calls do in a savepoint, undoes what it has changed, and returns its error.
func tryAndUndo(conn *sqlite3.SQLiteConn, do func() error) error {
	err := inSavepoint(conn, func() error {
		if err := do(); err != nil {
			return err
		}
		return errTried
	})

	if errors.Is(err, errTried) && !isRolledBack(err) {
		return nil
	}
	return err
}

// quoteText is a SQL literal of a text.
func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// quotedList is a SQL list of columns, each after a prefix such as "t.".
func quotedList(prefix string, columns []string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = prefix + schema.QuoteSQLite(c)
	}
	return strings.Join(quoted, ", ")
}
