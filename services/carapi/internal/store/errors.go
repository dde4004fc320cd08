package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/go-sql-driver/mysql"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/dbconn"
	"carstock/pkg/mysqlerr"
	"carstock/pkg/schema"
)

var (
	// ErrTooSlow says that a statement took longer than QUERY_TIMEOUT and was stopped.
	ErrTooSlow = errors.New("the query took too long")
	// ErrNoTable says that the table or a known column is missing, or may not be read.
	ErrNoTable = errors.New("the table of vehicles is missing")
	// ErrMoved says that syncer has changed the file since the requested version.
	ErrMoved = errors.New("the snapshot has changed")
)

// BindingError says that the settings do not fit the table's columns.
type BindingError struct{ Err error }

func (e BindingError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e BindingError) Unwrap() error { return e.Err }

// IsUnavailable reports whether an error means that the source cannot answer: no connection, permission, table, column
// or free statement. It is false for a query that took too long, and for mistakes of the caller or of this program.
func IsUnavailable(err error) bool {
	var connecting dbconn.ConnectError
	var server *mysql.MySQLError
	var file sqlite3.Error
	switch {
	case err == nil:
		return false
	case errors.As(err, &connecting), errors.Is(err, ErrNoTable):
		return true
	case errors.Is(err, ErrTooSlow), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case dbconn.Transient(err), errors.Is(err, fs.ErrNotExist), isProtocolError(err):
		return true
	case errors.As(err, &server):
		return !isQueryError(server)
	case errors.As(err, &file):
		return file.Code != sqlite3.ErrError
	}

	return false
}

// IsPermanent reports whether waiting does not help after an error of the first read. A server may start later or be
// less busy, and syncer may still write its file.
func IsPermanent(err error) bool {
	var server *mysql.MySQLError
	switch {
	case errors.Is(err, ErrTooSlow):
		return false
	case errors.As(err, &server):
		isGone := mysqlerr.Is(err, mysqlerr.NoSuchTable, mysqlerr.BadField)
		return isGone || mysqlerr.Is(err, accessErrors...) || isQueryError(server)
	}
	return !dbconn.Transient(err) && !errors.Is(err, fs.ErrNotExist)
}

// isProtocolError reports whether the server's answer could not be read.
func isProtocolError(err error) bool {
	return slices.ContainsFunc([]error{mysql.ErrMalformPkt, mysql.ErrPktSync, mysql.ErrPktSyncMul, mysql.ErrBusyBuffer},
		func(known error) bool { return errors.Is(err, known) })
}

// withCause marks the error of a statement that ran out of time or was canceled. A server that cannot be reached in
// time is away, not slow.
func withCause(ctx context.Context, err error) error {
	var connecting dbconn.ConnectError
	switch {
	case err == nil, errors.As(err, &connecting):
		return err
	case errors.Is(ctx.Err(), context.DeadlineExceeded), mysqlerr.Is(err, timeoutErrors...):
		return fmt.Errorf("%w: %w", ErrTooSlow, err)
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()): // SQLite says that it was interrupted
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}

	return err
}

// withNoTable marks an error that names a missing table or column as ErrNoTable.
func (s *Store) withNoTable(err error) error {
	var file sqlite3.Error
	switch {
	case errors.Is(err, ErrNoTable):
	case errors.Is(err, schema.ErrNoTable), isMissing(err),
		errors.As(err, &file) && file.Code == sqlite3.ErrError:
		return fmt.Errorf("%s: %w", s.Setting, noTableError{err})
	}

	return err
}

// noTableError is an ErrNoTable whose text says what is missing.
type noTableError struct{ error }

func (e noTableError) Is(target error) bool { return target == ErrNoTable }

// Unwrap returns the database's own error.
func (e noTableError) Unwrap() error { return e.error }

// isAltered reports whether a read met a table that was altered after its columns were read.
func isAltered(err error) bool {
	var file sqlite3.Error
	return errors.Is(err, ErrNoTable) || isMissing(err) || mysqlerr.Is(err, mysqlerr.TableDefChanged) ||
		errors.As(err, &file) && file.Code == sqlite3.ErrSchema
}
