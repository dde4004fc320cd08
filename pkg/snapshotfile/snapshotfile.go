// Package snapshotfile owns the format of the SQLite file that syncer writes and carapi reads: the tables that record
// the runs, the age of each copied table, the columns as the source declares them, and the change history. Both
// services use it. It does not know how rows are copied, staged or searched.
package snapshotfile

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"
)

// TablePrefix begins the names of all tables and indexes that syncer keeps for itself.
const TablePrefix = "_sync_"

// timeFormat is how the file writes times: in UTC, and so that texts sort as the times do.
const timeFormat = "2006-01-02T15:04:05.000Z"

// createRunTables creates the tables for runs. Those for columns and changes are created when there is something to
// keep in them.
var createRunTables = []string{
	`CREATE TABLE IF NOT EXISTS main._sync_runs (
		id INTEGER PRIMARY KEY, started TEXT NOT NULL, finished TEXT NOT NULL, status TEXT NOT NULL,
		source TEXT NOT NULL, strategy TEXT NOT NULL, error TEXT, history_from TEXT, history_kept INTEGER)`,
	`CREATE TABLE IF NOT EXISTS main._sync_tables (
		run_id INTEGER NOT NULL, table_name TEXT NOT NULL, view TEXT NOT NULL, keyed INTEGER NOT NULL,
		rows INTEGER NOT NULL, total INTEGER NOT NULL, inserted INTEGER NOT NULL, updated INTEGER NOT NULL,
		deleted INTEGER NOT NULL, unchanged INTEGER NOT NULL, bytes INTEGER NOT NULL, seconds REAL NOT NULL,
		schema_hash TEXT NOT NULL, drift TEXT, watermark TEXT, warnings TEXT, lost TEXT,
		PRIMARY KEY (run_id, table_name)) WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS main._sync_gone (
		table_name TEXT PRIMARY KEY COLLATE NOCASE, since TEXT NOT NULL) WITHOUT ROWID`,
}

// columnMigrations add the columns that files of earlier versions lack.
var columnMigrations = []struct{ table, column, add string }{
	{"_sync_runs", "history_from", "ALTER TABLE main._sync_runs ADD COLUMN history_from TEXT"},
	{"_sync_runs", "history_kept", "ALTER TABLE main._sync_runs ADD COLUMN history_kept INTEGER"},
	{"_sync_tables", "total", "ALTER TABLE main._sync_tables ADD COLUMN total INTEGER NOT NULL DEFAULT 0"},
}

// CreateTables creates the tables for runs in the main database, and migrates those of earlier versions. Call it in a
// transaction.
func CreateTables(ctx context.Context, db sqlx.ExtContext) error {
	for _, q := range createRunTables {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return err
		}
	}

	for _, m := range columnMigrations {
		columns, err := columnNames(ctx, db, m.table)
		if err != nil {
			return err
		}
		if slices.Contains(columns, m.column) {
			continue
		}
		if _, err := db.ExecContext(ctx, m.add); err != nil {
			return err
		}

		// Before the column existed there were no upserts: a table had the rows that were read.
		if m.column == "total" {
			if _, err := db.ExecContext(ctx, "UPDATE main._sync_tables SET total = rows"); err != nil {
				return err
			}
		}
	}

	return nil
}

// columnNames returns the names of the columns of a table; none if the file lacks it.
func columnNames(ctx context.Context, q sqlx.QueryerContext, table string) (names []string, err error) {
	err = sqlx.SelectContext(ctx, q, &names, "SELECT name FROM pragma_table_info(?, 'main')", table)
	return names, err
}

// IsSnapshotFile reports whether syncer has recorded runs in a SQLite file.
func IsSnapshotFile(ctx context.Context, q sqlx.QueryerContext) (bool, error) {
	return hasTables(ctx, q, "_sync_runs", "_sync_tables")
}

// hasTables reports whether the file has all of these tables.
func hasTables(ctx context.Context, q sqlx.QueryerContext, names ...string) (bool, error) {
	query, args, err := sqlx.In("SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name IN (?)", names)
	if err != nil {
		return false, err
	}

	var found int
	err = sqlx.GetContext(ctx, q, &found, query, args...)
	return found == len(names), err
}

// LendConnection calls do with a connection that its owner keeps using afterwards. If the owner has a transaction open,
// do works in it.
func LendConnection(conn *sqlite3.SQLiteConn, do func(db *sqlx.DB) error) (err error) {
	db := sqlx.NewDb(sql.OpenDB(lentConnector{conn}), "sqlite3")
	db.SetMaxOpenConns(1)
	defer func() {
		if closing := db.Close(); err == nil {
			err = closing
		}
	}()
	return do(db)
}

// lentConnector always returns the same connection.
type lentConnector struct{ conn *sqlite3.SQLiteConn }

// Connect implements driver.Connector.
func (l lentConnector) Connect(context.Context) (driver.Conn, error) { return lentConn{l.conn}, nil }

// Driver implements driver.Connector.
func (l lentConnector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

// lentConn is a connection that stays open when the pool closes it.
type lentConn struct{ *sqlite3.SQLiteConn }

// Close leaves the connection open.
func (lentConn) Close() error { return nil }

// parseTime parses a time of the file.
func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(timeFormat, text)
	if err != nil {
		return t, fmt.Errorf("read the time of a run: %w", err)
	}
	return t, nil
}

// nullIfEmpty is NULL for an empty text.
func nullIfEmpty(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
