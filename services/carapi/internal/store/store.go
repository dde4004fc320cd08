// Package store reads the vehicles of one table from MySQL or from a SQLite file: the whole table for an index, and
// rows by key for a page. Every value leaves it as a value.Cell, in one form per type, whichever database it comes
// from. It is the only package that knows SQL. It does not know requests and their interpretation, the index, or HTTP.
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

// Settings says which table is read, and how.
type Settings struct {
	Table    string
	Setting  string // the variable that names Table, for errors
	Binding  catalog.Binding
	Timeout  time.Duration               // longest that one statement of a request may take
	Snapshot bool                        // only a file that syncer keeps will do
	Strict   bool                        // the first read needs all columns that Binding names
	Ping     func(context.Context) error // asks the database for a sign of life

	// Observe, if set, is called after each operation: its name, how long it took, and its error.
	Observe func(operation string, took time.Duration, err error)
}

// Store reads one table. Its methods may be called by several goroutines at once.
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
	changesIn *Store // whose file remembers the changes of this table; nil for none
	recorded  atomic.Pointer[snapshotfile.Recorded]

	historyAway atomic.Bool // the last History failed

	idColumns atomic.Pointer[[]string]     // see Follow
	plan      atomic.Pointer[catalog.Plan] // see Follow
}

// New returns a store that has read nothing yet. rows is the pool for requests. reads is a pool of its own, of at least
// one connection, for reading whole tables: that may take as long as it takes.
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

// SetHistory says whose file remembers the changes of this table: that of a copy which syncer keeps. It is to be called
// before the first Read.
func (s *Store) SetHistory(copied *Store) { s.changesIn = copied }

// FollowBinding makes this table's columns bound as those of another one, of which it is a copy. Its id is read from
// the same columns, whose keys the copy may not have.
func (s *Store) FollowBinding(c *catalog.Catalog) {
	id := c.IDColumns()
	s.idColumns.Store(&id)
	s.plan.Store(c.Plan)
}

// WillRebind reports whether the next Read binds the columns in another way than a catalog has them.
func (s *Store) WillRebind(c *catalog.Catalog) bool {
	plan := s.plan.Load()
	return plan != nil && c.Plan != plan
}

// Close gives back what the store keeps of the pools. The pools are their owner's to close.
func (s *Store) Close() error {
	s.statements.close()
	return s.follower.close()
}

// retryWaits are how long to wait before a statement is sent again whose connection was lost. The first retry may find
// another idle connection that the server has closed.
var retryWaits = []time.Duration{0, 50 * time.Millisecond, 300 * time.Millisecond}

// query runs a statement of a request on the pool for requests and calls read for each row. If the connection is lost,
// it calls begin and starts over; another node of a cluster may answer.
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

func (s *Store) queryOnce(ctx context.Context, statement string, args []any, read func(*sql.Rows) error) error {
	err := s.runStatement(ctx, statement, args, read)

	// SQLite has one code for a column that was dropped and for what fails while a view is computed: preparing the
	// statement again makes the difference.
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

// observe runs one operation under a span of its own, reports it, and names it in its error.
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
		span.SetStatus(codes.Error, "") // the error's text may hold what the caller sent
		return fmt.Errorf("%s: %w", operation, err)
	}

	return nil
}

// withLostRetry calls run until it no longer fails for a lost connection, or says that it must not be tried again.
func withLostRetry(ctx context.Context, run func() (again bool, err error)) error {
	again, err := run()
	for _, wait := range retryWaits {
		if !again || !dbconn.Lost(err) {
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
