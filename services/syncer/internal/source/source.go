// Package source reads views of the external MySQL database, all of them as of one instant. It delivers rows as the
// values that SQLite stores, and does not know where they go.
package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/schema"
)

// Reader is one connection with one read-only transaction open on it.
type Reader struct {
	Began    string       // the server's time before the first read, as a DATETIME in UTC
	Received func() int64 // returns how many bytes have come from the network so far; the caller of Begin sets it

	conn *sqlx.Conn
	tx   *sqlx.Tx
	zone string // of the session

	isCompressed bool
}

// Begin opens the transaction in which all views are read. Its first read fixes the instant.
func Begin(ctx context.Context, db *sqlx.DB) (*Reader, error) {
	conn, err := db.Connx(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to source: %w", err)
	}

	tx, err := conn.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("begin source transaction: %w", err), conn.Close())
	}

	r := &Reader{conn: conn, tx: tx}
	if err := tx.GetContext(ctx, &r.zone, "SELECT @@session.time_zone"); err != nil {
		return nil, errors.Join(fmt.Errorf("read the session's time zone: %w", err), r.Close())
	}
	if err := tx.GetContext(ctx, &r.Began, "SELECT CAST(UTC_TIMESTAMP() AS CHAR)"); err != nil {
		return nil, errors.Join(fmt.Errorf("read the server's clock: %w", err), r.Close())
	}
	return r, nil
}

// Table describes a view or table.
func (r *Reader) Table(ctx context.Context, name string) (schema.Table, error) {
	t, err := schema.FromMySQL(ctx, r.tx, name)
	if errors.Is(err, schema.ErrNoTable) {
		if database, view, ok := strings.Cut(name, "."); ok {
			return t, fmt.Errorf("%w; a syncer copies one database: for %s set DB_NAME=%s and SYNC_VIEWS=%s",
				err, name, database, view)
		}
	}
	return t, explainRead(err)
}

// Names lists the views and tables in the catalog, in order. ReadableNames leaves out those that this user may not
// read.
func (r *Reader) Names(ctx context.Context) (names []string, err error) {
	err = sqlx.SelectContext(ctx, r.tx, &names, `SELECT table_name AS name FROM information_schema.tables
		WHERE table_schema = DATABASE() ORDER BY table_name`)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	return names, nil
}

// Estimate returns the server's own estimate of a table's rows; 0 if it has none, as for most views.
func (r *Reader) Estimate(ctx context.Context, name string) (int64, error) {
	var n sql.NullInt64
	err := r.tx.GetContext(ctx, &n,
		"SELECT table_rows FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?", name)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return n.Int64, err
}

// Close ends the transaction and returns the connection to the pool.
func (r *Reader) Close() error {
	_ = r.tx.Rollback() // fails if the connection is lost, and the transaction with it
	return r.conn.Close()
}
