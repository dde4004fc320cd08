// Package snapshot keeps the SQLite file: it stages the rows of tables beside it, and publishes
// all of them in one transaction, so that whoever reads the file sees the last complete snapshot.
// It does not know where rows come from.
package snapshot

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/dbconn"
	"carstock/pkg/schema"
)

// Staging is a disposable SQLite file beside the target, into which rows are written as fast as
// they come: without journal and without sync, since a crash only means to begin again.
type Staging struct {
	target string
	path   string
	lock   *flock.Flock
	conn   *sqlite3.SQLiteConn
	tables []schema.Table
}

// Stage begins a staging file for target, whose folder is made if it is missing. What an earlier
// pass has left behind by being killed is removed.
func Stage(target string) (*Staging, error) {
	dir, base := filepath.Split(target)
	if err := os.MkdirAll(filepath.Clean(dir), 0o755); err != nil {
		return nil, fmt.Errorf("make folder of SYNC_PATH: %w", err)
	}
	s := &Staging{target: target, path: filepath.Join(dir, "."+base+".staging"), lock: flock.New(filepath.Join(dir, "."+base+".lock"))}
	locked, err := s.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("SYNC_PATH: lock %s: %w", target, err)
	}
	if !locked {
		return nil, fmt.Errorf("another syncer is at work on %s: wait for its end, or give this one a SYNC_PATH of its own", target)
	}
	if err := errors.Join(check(target), s.remove()); err != nil {
		return nil, errors.Join(err, s.lock.Unlock())
	}
	if s.conn, err = open(s.path, "_journal_mode=OFF&_synchronous=OFF&_locking_mode=EXCLUSIVE"); err != nil {
		return nil, errors.Join(fmt.Errorf("make staging file %s: %w", s.path, err), s.lock.Unlock())
	}
	if err := s.exec("BEGIN"); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// check finds out whether the target can be used before anything is read for it.
func check(target string) error {
	if _, err := os.Lstat(target); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	conn, err := open(target, "mode=rwc")
	if err == nil {
		_, err = texts(conn, "PRAGMA schema_version")
		err = errors.Join(err, conn.Close())
	}
	if err != nil {
		return fmt.Errorf("SYNC_PATH: %s: %w", target, err)
	}
	return nil
}

// open connects to a file by the driver itself; see Writer for why.
func open(path, parameters string) (*sqlite3.SQLiteConn, error) {
	conn, err := (&sqlite3.SQLiteDriver{}).Open(dbconn.SQLiteDSN(path, parameters))
	if err != nil {
		return nil, err
	}
	return conn.(*sqlite3.SQLiteConn), nil
}

func (s *Staging) exec(query string, args ...driver.Value) error {
	return exec(s.conn, query, args...)
}

func exec(conn *sqlite3.SQLiteConn, query string, args ...driver.Value) error {
	_, err := conn.Exec(query, args)
	return err
}

// Writer writes the rows of one table to the staging file.
type Writer struct {
	staging *Staging
	table   schema.Table
	insert  map[int]driver.Stmt // by number of rows
}

// Writer makes a table for rows to be written to.
func (s *Staging) Writer(t schema.Table) (*Writer, error) {
	if err := s.exec(t.CreateSQLite("main", t.Name)); err != nil {
		return nil, fmt.Errorf("stage %s: %w", t.Name, err)
	}
	s.tables = append(s.tables, t)
	return &Writer{staging: s, table: t, insert: map[int]driver.Stmt{}}, nil
}

// Write adds rows, given as their values one after the other.
//
// The statement is run by its Query and not by its Exec: the driver then binds all values and
// steps in a single call into C, where Exec makes one call for each value.
func (w *Writer) Write(args []driver.NamedValue) error {
	n := len(args) / len(w.table.Columns)
	stmt := w.insert[n]
	if stmt == nil {
		var err error
		if stmt, err = w.staging.conn.Prepare(insert(w.table, n)); err != nil {
			return fmt.Errorf("stage %s: %w", w.table.Name, err)
		}
		w.insert[n] = stmt
	}
	rows, err := stmt.(driver.StmtQueryContext).QueryContext(context.Background(), args)
	if err == nil {
		err = rows.Close()
	}
	if err != nil {
		return fmt.Errorf("stage %s: %w", w.table.Name, err)
	}
	return nil
}

// Close ends the writing of the table.
func (w *Writer) Close() error {
	var errs []error
	for _, stmt := range w.insert {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

func insert(t schema.Table, rows int) string {
	row := "(" + strings.TrimSuffix(strings.Repeat("?,", len(t.Columns)), ",") + ")"
	return "INSERT INTO main." + schema.QuoteSQLite(t.Name) + " VALUES " +
		strings.TrimSuffix(strings.Repeat(row+",", rows), ",")
}

// Close gives up the staging file. It is to be called also after Publish, when it has nothing left
// to do but to remove the file.
func (s *Staging) Close() error {
	var err error
	if s.conn != nil {
		err = s.conn.Close()
		s.conn = nil
	}
	return errors.Join(err, s.remove(), s.lock.Unlock())
}

func (s *Staging) remove() error {
	if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove staging file: %w", err)
	}
	return nil
}
