package snapshot

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/mattn/go-sqlite3"
)

// pathSetting is the setting that names the file of a syncer that makes runs.
const pathSetting = "SYNC_PATH"

// FileError is an error of the file, or of the files beside it.
type FileError struct {
	setting string // that names the file; empty if the command line does
	err     error
}

// Error begins with the setting to correct, if there is one.
func (e *FileError) Error() string {
	if e.setting == "" {
		return e.err.Error()
	}
	return e.setting + ": " + e.err.Error()
}

func (e *FileError) Unwrap() error { return e.err }

// fileError returns an error of the file that SYNC_PATH names.
func fileError(format string, args ...any) error {
	return &FileError{pathSetting, fmt.Errorf(format, args...)}
}

// fileError returns an error of this file.
func (f *File) fileError(format string, args ...any) error {
	return &FileError{f.setting, fmt.Errorf(format, args...)}
}

// explainedError is an error of SQLite with what to do about it.
type explainedError struct {
	advice string
	err    error
}

func (e *explainedError) Error() string { return e.advice + " (" + e.err.Error() + ")" }

func (e *explainedError) Unwrap() error { return e.err }

// explainSQLite adds to an error of SQLite what to do about it, unless the error says so already.
func explainSQLite(err error) error {
	var explained *explainedError
	var e sqlite3.Error
	if errors.As(err, &explained) || !errors.As(err, &e) {
		return err
	}
	if advice := sqliteAdvice(e); advice != "" {
		return &explainedError{advice, err}
	}
	return err
}

// sqliteAdvice says what to do about an error of SQLite; "" if that is not known.
func sqliteAdvice(e sqlite3.Error) string {
	switch e.Code {
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return "another program holds a lock on it: end its transaction"
	case sqlite3.ErrNotADB:
		return "it is not a SQLite file: choose another path"
	case sqlite3.ErrCorrupt:
		if e.ExtendedCode == sqlite3.ErrCorruptVTab {
			return "a full-text or spatial index of yours is out of step with its table: rebuild it, " +
				"as by INSERT INTO name (name) VALUES ('rebuild')"
		}
		return "the file is damaged: move it away, and the next run makes a new one"
	case sqlite3.ErrReadonly, sqlite3.ErrCantOpen, sqlite3.ErrPerm:
		return "this user must be able to write it, and in its folder: " +
			"run syncer as the file's owner, or chown the file and all beside it"
	case sqlite3.ErrFull:
		return "the disk is full: a run needs room for the changed rows twice"
	case sqlite3.ErrIoErr:
		return ioAdvice(e)
	}

	return ""
}

// ioAdvice says what to do about an error of reading or writing.
func ioAdvice(e sqlite3.Error) string {
	if e.ExtendedCode == sqlite3.ErrIoErrGetTempPath {
		return "SQLite needs a folder for temporary files that it may write to: /tmp, or the one of SQLITE_TMPDIR"
	}

	switch e.SystemErrno {
	case syscall.EFBIG, syscall.EDQUOT, syscall.ENOSPC:
		return "there is no room for it: a quota, or the limit on a file's size, is reached"
	}
	return "the disk fails to read or write"
}

// rolledBackError is an error after which SQLite has rolled back the whole transaction, as when a trigger of the user's
// demands it. Whatever is written after it would be published at once.
type rolledBackError struct{ error }

func (r rolledBackError) Unwrap() error { return r.error }

// isRolledBack reports whether a savepoint has ended with its whole transaction.
func isRolledBack(err error) bool {
	var r rolledBackError
	return errors.As(err, &r)
}

// mustStop reports whether a run can write nothing more after an error, so that it must not look for another way.
func mustStop(err error) bool { return isDiskError(err) || isRolledBack(err) }

// isDiskError reports whether an error is not the statement's fault: there is no room, no memory, or no working disk.
func isDiskError(err error) bool {
	var e sqlite3.Error
	codes := []sqlite3.ErrNo{sqlite3.ErrFull, sqlite3.ErrIoErr, sqlite3.ErrNomem, sqlite3.ErrCorrupt}
	return errors.As(err, &e) && slices.Contains(codes, e.Code) && e.ExtendedCode != sqlite3.ErrCorruptVTab
}
