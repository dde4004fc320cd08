package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/snapshotfile"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// AddRow takes the cells of one row, in the order of the requested fields. It must not keep them.
type AddRow = func(cells []value.Cell) error

// BeginRead is called when the columns are known. about is the approximate number of rows, or 0 if unknown. It returns
// the fields to read, and the function that takes their rows.
type BeginRead = func(c *catalog.Catalog, about int) (fields []*catalog.Field, add AddRow, err error)

// Read reads the whole table, its columns and rows in one transaction. The catalog is last if the table's columns and
// keys have not changed. If the table is altered meanwhile, Read starts over once and calls begin again. Only one Read
// may run at a time.
func (s *Store) Read(ctx context.Context, last *catalog.Catalog, begin BeginRead) (
	c *catalog.Catalog, v Version, err error,
) {
	// A lost connection is only tried again before begin is called, because begin may take rows.
	begun := false
	noted := func(c *catalog.Catalog, about int) ([]*catalog.Field, AddRow, error) {
		begun = true
		return begin(c, about)
	}

	read := func(ctx context.Context) error {
		return withLostRetry(ctx, func() (again bool, err error) {
			begun = false
			c, v, err = s.readTable(ctx, last, noted)
			return !begun, err
		})
	}

	err = s.observe(ctx, "index", func(ctx context.Context) error {
		err := read(ctx)
		if begun && isAltered(err) {
			err = read(ctx)
		}
		return err
	})

	return c, v, err
}

// readTable reads the table once, in one transaction.
func (s *Store) readTable(ctx context.Context, last *catalog.Catalog, begin BeginRead) (
	c *catalog.Catalog, v Version, err error,
) {
	conn, release, err := s.acquireReader(ctx)
	if err != nil {
		return nil, v, err
	}

	defer func() { release(err != nil) }()
	tx, err := conn.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, v, err
	}

	defer func() { _ = tx.Rollback() }() // fails if the connection is lost, and the transaction with it

	if v, err = s.versionOf(ctx, tx); err != nil {
		return nil, v, err
	}

	about, err := s.estimate(ctx, tx, v)
	if err != nil {
		return nil, v, err
	}

	source, err := s.describe(ctx, tx, v.Synced)
	if err != nil {
		return nil, v, s.withNoTable(err)
	}
	if source.HistoryKey, err = s.historyKey(ctx, tx, v); err != nil {
		return nil, v, err
	}

	r := tableRead{
		store: s, conn: conn, source: source, binding: s.bindingOf(source), last: last, estimate: about,
		begin: begin,
	}
	c, err = r.read(ctx)
	if !s.isSQLite { // in a transaction of SQLite the columns cannot have changed
		err = s.withNoTable(err)
	}

	return c, v, err
}

// acquireReader returns a connection that can read the whole table. release gives it back.
func (s *Store) acquireReader(ctx context.Context) (conn *sqlx.Conn, release func(failed bool), err error) {
	synced := false
	if s.isSQLite {
		if synced, err = snapshotfile.IsSnapshotFile(ctx, s.rows); err != nil {
			return nil, nil, err
		}

		switch {
		case synced:
			_ = s.follower.close() // it may hold the only connection
		case s.Snapshot:
			return nil, nil, s.notSyncedError()
		default:
			conn, err = s.follower.acquire(ctx, s.rows, s.reads)
			return conn, s.follower.release, err
		}
	}

	if conn, err = s.reads.Connx(ctx); err != nil {
		return nil, nil, err
	}

	return conn, func(bool) { _ = conn.Close() }, nil
}

// versionOf returns the version of the table that the transaction reads. It is called before all reads, so nothing that
// is read is older.
func (s *Store) versionOf(ctx context.Context, tx *sqlx.Tx) (v Version, err error) {
	v.AsOf = time.Now()
	if !s.isSQLite {
		return v, nil
	}

	synced, err := snapshotfile.IsSnapshotFile(ctx, tx)
	switch {
	case err != nil:
	case synced:
		v, err = s.runs.current(ctx, tx, s.Table)
	case s.Snapshot:
		err = s.notSyncedError()
	default:
		v.Data, err = s.follower.dataVersion(ctx, tx)
	}

	return v, err
}

// estimate returns about how many rows the table has, or 0 if unknown, as for a view.
func (s *Store) estimate(ctx context.Context, tx *sqlx.Tx, v Version) (about int, err error) {
	query, args := `SELECT coalesce(max(table_rows), 0) FROM information_schema.tables
		WHERE table_schema = DATABASE() AND table_name = ?`, []any{s.Table}
	switch {
	case v.Synced:
		last, err := snapshotfile.LastTable(ctx, tx, s.Table)
		if err != nil || last == nil {
			return 0, err
		}
		return int(last.Total), nil
	case s.isSQLite:
		// A view is not counted, because that may take as long as reading it.
		var isTable bool
		err := tx.GetContext(ctx, &isTable,
			"SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE", s.Table)
		if err != nil || !isTable {
			return 0, err
		}

		query, args = "SELECT count(*) FROM "+s.quote(s.Table), nil
	}

	if err := tx.GetContext(ctx, &about, query, args...); err != nil {
		return 0, fmt.Errorf("estimate rows of %s: %w", s.Table, err)
	}

	return about, nil
}
