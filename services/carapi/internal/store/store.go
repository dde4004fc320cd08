// Package store reads the vehicles of one table from MySQL or from a SQLite file: the whole table for an index, and
// rows by key for a page. It returns every value as a value.Cell, in one form per type, whichever database it comes
// from. It is the only package that knows SQL. It knows no requests, no index and no HTTP.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"carstock/pkg/dbconn"
	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
	"carstock/services/carapi/internal/catalog"
)

// Settings says which table to read, and how.
type Settings struct {
	Table    string
	Setting  string // the variable that names Table, for errors
	Binding  catalog.Binding
	Timeout  time.Duration               // the longest time for one statement of a request
	Snapshot bool                        // the file must be one that syncer keeps
	Strict   bool                        // the first read fails if a column in Binding is missing
	Ping     func(context.Context) error // checks the connection to the database

	// Observe, if set, is called after each operation with its name, duration and error.
	Observe func(operation string, took time.Duration, err error)
}

// Store reads one table. It is safe for concurrent use.
type Store struct {
	Settings
	rows, reads *sqlx.DB
	isSQLite    bool
	quote       func(identifier string) string
	statements  *statementCache // of rows
	selects     *selectCache
	log         *slog.Logger

	follower  follower
	runs      runCache
	changesIn *Store // its file holds the changes of this table; nil for none
	recorded  atomic.Pointer[snapshotfile.Recorded]

	historyAway atomic.Bool // the last History failed

	idColumns atomic.Pointer[[]string]     // see FollowBinding
	plan      atomic.Pointer[catalog.Plan] // see FollowBinding
}

// New returns a store that has read nothing yet. rows is the pool for requests. reads is a separate pool of at least
// one connection for reading whole tables, which may take long.
func New(rows, reads *sqlx.DB, driver string, s Settings, log *slog.Logger) *Store {
	store := &Store{
		Settings: s, rows: rows, reads: reads, isSQLite: driver == dbconn.SQLite, quote: schema.QuoteMySQL,
		statements: newStatementCache(rows.DB), selects: newSelectCache(), log: log,
	}
	if store.isSQLite {
		store.changesIn = store
		store.quote = schema.QuoteSQLite
		reads.SetMaxIdleConns(0) // see follower
	}

	return store
}

// SetHistory says which copy, kept by syncer, holds the changes of this table. It must be called before the first Read.
func (s *Store) SetHistory(copied *Store) { s.changesIn = copied }

// FollowBinding binds this table's columns like those of a table that it is a copy of. Its id is read from the same
// columns, even if the copy lacks their keys.
func (s *Store) FollowBinding(c *catalog.Catalog) {
	id := c.IDColumns()
	s.idColumns.Store(&id)
	s.plan.Store(c.Plan)
}

// WillRebind reports whether the next Read binds the columns differently than a catalog.
func (s *Store) WillRebind(c *catalog.Catalog) bool {
	plan := s.plan.Load()
	return plan != nil && c.Plan != plan
}

// Close releases what the store holds of the pools. The owner of the pools closes them.
func (s *Store) Close() error {
	s.statements.close()
	return s.follower.close()
}

// retryWaits are the waits before a statement is sent again after its connection was lost. The first retry may get
// another idle connection that the server has closed.
var retryWaits = []time.Duration{0, 50 * time.Millisecond, 300 * time.Millisecond}

// query runs a statement of a request and calls read for each row. If the connection is lost, it calls begin and starts
// over; another node of a cluster may answer.
func (s *Store) query(
	ctx context.Context, operation, statement string, args []any, begin func(), read func(*sql.Rows) error,
) error {
	limited, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()

	return s.observe(limited, operation, func(ctx context.Context) error {
		return withLostRetry(ctx, func() (bool, error) {
			begin()
			return true, s.queryOnce(ctx, statement, args, read)
		})
	})
}

// queryOnce runs a statement, and marks the error of a missing table or column.
func (s *Store) queryOnce(ctx context.Context, statement string, args []any, read func(*sql.Rows) error) error {
	err := s.runStatement(ctx, statement, args, read)

	// SQLite has one code for a dropped column and for an error while a view is computed. Preparing the statement again
	// fails only for the former.
	var file sqlite3.Error
	if errors.As(err, &file) && file.Code == sqlite3.ErrError {
		prepared, prepareErr := s.rows.PrepareContext(ctx, statement)
		if prepareErr == nil {
			return errors.Join(err, prepared.Close())
		}
		err = prepareErr
	}

	return s.withNoTable(err)
}

// runStatement runs a prepared statement, and calls read for each row.
func (s *Store) runStatement(ctx context.Context, statement string, args []any, read func(*sql.Rows) error) error {
	prepared, err := s.statements.acquire(ctx, statement)
	if err != nil {
		return err
	}

	defer s.statements.release(prepared)

	rows, err := prepared.QueryContext(ctx, args...)
	if err != nil {
		return err
	}

	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := read(rows); err != nil {
			return err
		}
	}

	return rows.Err()
}

// observe runs one operation in its own span, reports it, and wraps its error with its name.
func (s *Store) observe(ctx context.Context, operation string, run func(context.Context) error) error {
	tracer := trace.SpanFromContext(ctx).TracerProvider().Tracer("carapi")
	ctx, span := tracer.Start(ctx, operation, trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()

	began := time.Now()
	err := withCause(ctx, run(ctx))
	if s.Observe != nil {
		s.Observe(operation, time.Since(began), err)
	}

	if err != nil {
		span.SetStatus(codes.Error, "") // the error's text may contain what the caller sent
		return fmt.Errorf("%s: %w", operation, err)
	}

	return nil
}

// withLostRetry calls run again each time the connection is lost, for as long as run allows that.
func withLostRetry(ctx context.Context, run func() (again bool, err error)) error {
	again, err := run()
	for _, wait := range retryWaits {
		if !again || !dbconn.ConnectionLost(err) {
			break
		}

		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(wait):
			again, err = run()
		}
	}

	return err
}
