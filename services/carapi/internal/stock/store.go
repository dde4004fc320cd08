package stock

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"carstock/pkg/dbconn"
	"carstock/pkg/schema"
)

// Age at which the table's columns are read anew, behind the request that notices it; and, for a
// request that names what is not there, the age from which it may be new.
const (
	registryMaxAge  = 30 * time.Second
	registryMissAge = 2 * time.Second
)

// startTimeout is how long the columns may take at the start, when no request waits for them.
const startTimeout = 30 * time.Second

// Store answers searches from one database. MySQL and SQLite take the same statements.
type Store struct {
	Settings
	db         *sqlx.DB
	driver     string
	statements *statementCache
	log        *slog.Logger

	reading sync.Mutex // one reader of the columns at a time
	mu      sync.Mutex // guards what follows
	view    view
	at      time.Time // when the columns were read
	fresh   Origin    // of a file that syncer keeps, as last read
	freshAt time.Time
}

// view is the table as it was when a request began.
type view struct {
	*Registry
	store      *Store
	vocabulary *vocabulary
	extremes   *extremes
	copied     bool // the table is in a file that syncer keeps
}

// Settings is what is to be searched, and how.
type Settings struct {
	Table    string
	Setting  string // the variable that names Table, for errors
	Binding  Binding
	Aliases  Aliases
	Timeout  time.Duration               // longest that a request may take
	Snapshot bool                        // only a file that syncer keeps will do
	Strict   bool                        // all columns that Binding names must be there at the start
	Ping     func(context.Context) error // asks the database whether it is there

	// Observe, if set, is told of each query: what it was for, how long it took, how it ended.
	Observe func(operation string, took time.Duration, err error)
}

// New is a store of which nothing is known before Connect has read its table.
func New(db *sqlx.DB, driver string, c Settings, log *slog.Logger) *Store {
	return &Store{Settings: c, db: db, driver: driver, statements: newStatementCache(db.DB), log: log}
}

// Connect asks the database whether it is there, and has what every search needs. Of errors at the
// first time it says which variable to look at.
func (s *Store) Connect(ctx context.Context) error {
	if v, _ := s.state(); v.Registry != nil {
		return s.ready(ctx)
	}
	if err := s.Ping(ctx); err != nil {
		return err
	}
	return s.reload(ctx, 0)
}

// bindingError says that the settings do not fit the table's columns.
type bindingError struct{ error }

func (e bindingError) Unwrap() error { return e.error }

// ErrNotConnected says that the database has not answered since the start.
var ErrNotConnected = errors.New("the database has not answered yet")

// reload reads the table's columns, unless that has been done less than age ago.
func (s *Store) reload(ctx context.Context, age time.Duration) error {
	s.reading.Lock()
	defer s.reading.Unlock()
	was, at := s.state()
	if !at.IsZero() && time.Since(at) < age {
		return nil
	}
	timeout := s.Timeout
	if was.Registry == nil {
		timeout = max(timeout, startTimeout)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	read, dialect := schema.FromMySQL, mysqlDialect
	if s.driver == dbconn.SQLite {
		read, dialect = schema.FromSQLite, sqliteDialect
	}
	t, err := read(ctx, s.db, s.Table)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Setting, err)
	}
	copied := false
	if s.driver == dbconn.SQLite {
		if err := s.db.GetContext(ctx, &copied, "SELECT count(*) = 2 FROM sqlite_schema WHERE type = 'table' AND name IN ('_sync_runs', '_sync_tables')"); err != nil {
			return err
		}
		if !copied && s.Snapshot {
			return fmt.Errorf("%s: the file is not one that syncer keeps: it has no history of runs", s.Setting)
		}
		if !copied {
			dialect = looseDialect
		}
	}
	now := time.Now()
	if was.Registry != nil && copied == was.copied && reflect.DeepEqual(t, was.table) {
		s.set(was, now)
		return nil
	}
	r, err := newRegistry(t, dialect, s.Binding, s.Strict && was.Registry == nil)
	if err != nil {
		return bindingError{err}
	}
	next := view{Registry: r, store: s, extremes: &extremes{}, copied: copied}
	next.vocabulary = newVocabulary(next.distinct)
	s.set(next, now)
	message := "columns of the table have changed"
	if was.Registry == nil {
		message = "columns of the table are bound"
	}
	s.log.Info(message, "table", t.Name, "fields", r.describe())
	return nil
}

func (s *Store) state() (view, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view, s.at
}

func (s *Store) set(v view, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view, s.at = v, at
}

// current is the table as it is known. If that is old, it is read anew for the requests to come.
func (s *Store) current(ctx context.Context) view {
	v, at := s.state()
	if time.Since(at) > registryMaxAge && s.reading.TryLock() {
		s.reading.Unlock()
		go func() {
			if err := s.reload(context.WithoutCancel(ctx), registryMaxAge); err != nil {
				s.log.Warn("the table's columns cannot be read", "error", err)
				s.set(v, time.Now()) // no sooner again
			}
		}()
	}
	return v
}

// with answers a request from the table as it is known, and once more if it turns out to be another
// by now: when a column has gone, or a request names one that may be new.
func with[T any](ctx context.Context, s *Store, answer func(context.Context, view) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	was := s.current(ctx)
	if was.Registry == nil {
		var none T
		return none, ErrNotConnected
	}
	a, err := answer(ctx, was)
	age := registryMissAge
	var wrong ParameterErrors
	switch {
	case err == nil, !columnGone(err) && !errors.As(err, &wrong):
		return a, err
	case columnGone(err):
		age = 0
	}
	if e := s.reload(ctx, age); e != nil {
		if columnGone(err) { // who asks tells the log
			return a, fmt.Errorf("%w: %w", ErrNoTable, e)
		}
		s.log.WarnContext(ctx, "the table's columns cannot be read", "error", e)
	}
	now, _ := s.state()
	if now.Registry == was.Registry { // else this request has noticed it, or another beside it
		return a, err
	}
	return answer(ctx, now)
}

// ErrNoTable says that the table, or a column that every search needs, is no longer there.
var ErrNoTable = errors.New("the table of vehicles is not there")

// columnGone reports whether a statement has named a column or a table that is not there.
func columnGone(err error) bool {
	var server *mysql.MySQLError
	if errors.As(err, &server) {
		return server.Number == 1054 || server.Number == 1146 || server.Number == 1356 // ER_BAD_FIELD_ERROR, ER_NO_SUCH_TABLE, ER_VIEW_INVALID
	}
	var file sqlite3.Error
	return errors.As(err, &file) && file.Code == sqlite3.ErrError
}

// ErrTooSlow says that a query took longer than it may, and has been stopped.
var ErrTooSlow = errors.New("the query took too long")

// lostWaits are the times after which a query whose connection was lost is put again. The first may find
// another that is lost too, and not known to be.
var lostWaits = []time.Duration{0, 50 * time.Millisecond, 300 * time.Millisecond}

// query runs a statement and hands its rows to read. What no request waits for is under the time-out too.
func (s *Store) query(ctx context.Context, operation, statement string, args []any, read func(*sql.Rows) error) error {
	if all, ok := ctx.Value(askedKey{}).(*[]asked); ok {
		*all = append(*all, asked{operation, statement, args})
	}
	// Below the request's span; without one it is nothing.
	ctx, span := trace.SpanFromContext(ctx).TracerProvider().Tracer("carapi").Start(ctx, operation, trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	limited := ctx
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, s.Timeout)
		defer cancel()
	}
	begun, seen := time.Now(), false
	once := func() error {
		prepared, err := s.statements.acquire(limited, statement)
		if err != nil {
			return err
		}
		defer s.statements.release(prepared)
		rows, err := prepared.QueryContext(limited, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			seen = true
			if err := read(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	err := once()
	for _, wait := range lostWaits { // of a cluster another node may answer
		if !dbconn.Lost(err) || seen {
			break
		}
		select {
		case <-limited.Done():
		case <-time.After(wait):
			err = once()
		}
	}
	if err != nil && (errors.Is(limited.Err(), context.DeadlineExceeded) || stopped(err)) {
		err = fmt.Errorf("%w: %w", ErrTooSlow, err)
	}
	if s.Observe != nil {
		s.Observe(operation, time.Since(begun), err)
	}
	if err != nil {
		span.SetStatus(codes.Error, "") // what it says may hold what the caller has sent
		return fmt.Errorf("%s: %w", operation, err)
	}
	return nil
}

// stopped reports whether the server has stopped a query by its own clock.
func stopped(err error) bool {
	var server *mysql.MySQLError
	return errors.As(err, &server) && (server.Number == 3024 || server.Number == 1969) // ER_QUERY_TIMEOUT, ER_STATEMENT_TIMEOUT
}

// ready reports whether the database answers, and has what every search needs.
func (s *Store) ready(ctx context.Context) error {
	_, err := with(ctx, s, func(ctx context.Context, v view) (struct{}, error) {
		statement := "SELECT " + v.byName["id"].quoted + ", " + v.byName["make"].quoted + ", " + v.byName["model"].quoted + " FROM " + v.from + " LIMIT 1"
		return struct{}{}, s.query(ctx, "ready", statement, nil, func(*sql.Rows) error { return nil })
	})
	return err
}
