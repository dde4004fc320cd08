// Package snapshot keeps the SQLite file: it stages rows beside it, compares them with what the
// file has, and publishes the difference of all tables in one transaction, so that whoever reads
// the file sees the last complete snapshot. It does not know where rows come from.
package snapshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"database/sql/driver"

	"github.com/gofrs/flock"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/dbconn"
)

// File is the SQLite file, for as long as this process has the lock beside it.
type File struct {
	path    string
	staging string
	lock    *flock.Flock
}

// Busy is the error of a file at which another syncer is at work.
type Busy struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

func (b *Busy) Error() string {
	if b.PID == 0 { // which it has not written yet
		return "another syncer has just begun to work on it"
	}
	return fmt.Sprintf("another syncer, process %d on %s, has been at work on it since %s", b.PID, b.Host, b.Since.Format(time.RFC3339))
}

// Lock takes the file for this process; its folder is made if it is missing. What an earlier run
// has left behind by being killed is removed. The error is a *Busy if another process has it.
func Lock(path string) (*File, error) {
	// The files beside it belong to the file itself, by whatever link it was named.
	path, err := Resolve(path)
	if err != nil {
		return nil, err
	}
	dir, base := filepath.Split(path)
	if err := os.MkdirAll(filepath.Clean(dir), 0o755); err != nil {
		return nil, fileError("make folder: %w", err)
	}
	f := &File{path: path, staging: filepath.Join(dir, "."+base+".staging")}
	locked, err := f.tryLock()
	if err != nil {
		return nil, fileError("lock %s: %w", path, explainDenied(err, path))
	}
	if !locked {
		busy := &Busy{Host: "this host"}
		if text, err := os.ReadFile(f.lock.Path()); err == nil {
			_ = json.Unmarshal(text, busy) // its holder may not have written it yet
		}
		return nil, busy
	}
	if err := f.claim(); err != nil {
		return nil, errors.Join(fileError("%w", explainDenied(err, path)), f.lock.Unlock())
	}
	return f, nil
}

// tryLock takes the lock if no other process has it. Who may only read the lock can take it too.
func (f *File) tryLock() (locked bool, err error) {
	f.lock = flock.New(lockPath(f.path), flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o644))
	if locked, err = f.lock.TryLock(); !errors.Is(err, fs.ErrPermission) {
		return locked, err
	}
	f.lock = flock.New(lockPath(f.path), flock.SetFlag(os.O_RDONLY))
	locked, readErr := f.lock.TryLock()
	if readErr != nil {
		return false, err
	}
	return locked, nil
}

// begin says in the lock who has it, and removes what is left of an earlier run. The lock gets the file's
// owner and mode, as SQLite does with the file's log, so that whoever may write the file may lock it.
func (f *File) claim() error {
	host, _ := os.Hostname()
	text, err := json.Marshal(Busy{PID: os.Getpid(), Host: host, Since: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	// The lock stays: it is on the file, not on its content, which its owner may keep for itself.
	if err := os.WriteFile(f.lock.Path(), text, 0o644); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	copyOwner(f.lock.Path(), f.path)
	return f.removeStaging()
}

// Unlock gives the file back.
func (f *File) Unlock() error { return f.lock.Unlock() }

func (f *File) exists() bool {
	_, err := os.Stat(f.path)
	return !errors.Is(err, fs.ErrNotExist)
}

// removeStaging also removes what SQLite has beside a file that was to become the target.
func (f *File) removeStaging() error {
	return removeFiles(f.staging, f.staging+"-wal", f.staging+"-shm", f.staging+"-journal")
}

func removeFiles(paths ...string) error {
	var errs []error
	for _, p := range paths {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// busyTimeout is how long another program's lock is waited for, in milliseconds.
const busyTimeout = "5000"

// openTarget opens the file itself.
func (f *File) openTarget() (*sqlite3.SQLiteConn, error) {
	conn, err := openConn(f.path, "_synchronous=NORMAL&_foreign_keys=false&_busy_timeout="+busyTimeout)
	if err == nil {
		// Its log stays beside it when the last one closes it: who may only read there cannot make one.
		err = conn.SetFileControlInt("main", sqlite3.SQLITE_FCNTL_PERSIST_WAL, 1)
	}
	if err == nil {
		_, err = queryInt(conn, "PRAGMA schema_version") // reads it: opening does not
	}
	if err != nil {
		if conn != nil {
			_ = conn.Close()
		}
		return nil, fileError("open %s: %w", f.path, explainSQLite(err))
	}
	return conn, nil
}

// FileError is an error of the file that SYNC_PATH names, or of what is beside it.
type FileError struct{ err error }

func (e *FileError) Error() string { return "SYNC_PATH: " + e.err.Error() }

func (e *FileError) Unwrap() error { return e.err }

func fileError(format string, args ...any) error { return &FileError{fmt.Errorf(format, args...)} }

// explain adds to SQLite's own words what is to be done.
func explainSQLite(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return fmt.Errorf("another program holds a lock on it: end its transaction (%w)", err)
	case sqlite3.ErrNotADB:
		return fmt.Errorf("it is not a SQLite file: choose another path (%w)", err)
	case sqlite3.ErrCorrupt:
		if e.ExtendedCode == sqlite3.ErrCorruptVTab {
			return fmt.Errorf("a full-text or spatial index of yours is out of step with its table: rebuild it, "+
				"as by INSERT INTO name (name) VALUES ('rebuild') (%w)", err)
		}
		return fmt.Errorf("the file is damaged: move it away, and the next pass makes a new one (%w)", err)
	case sqlite3.ErrReadonly, sqlite3.ErrCantOpen, sqlite3.ErrPerm:
		return fmt.Errorf("this user must be able to write it, and in its folder: run syncer as the file's owner, or chown the file and all beside it (%w)", err)
	case sqlite3.ErrFull:
		return fmt.Errorf("the disk is full: a pass needs room for the changed rows twice (%w)", err)
	case sqlite3.ErrIoErr:
		if e.ExtendedCode == sqlite3.ErrIoErrGetTempPath {
			return fmt.Errorf("SQLite needs a folder for temporary files that it may write to: /tmp, or the one of SQLITE_TMPDIR (%w)", err)
		}
		switch e.SystemErrno {
		case syscall.EFBIG, syscall.EDQUOT, syscall.ENOSPC:
			return fmt.Errorf("there is no room for it: a quota, or the limit on a file's size, is reached (%w)", err)
		}
		return fmt.Errorf("the disk fails to read or write (%w)", err)
	}
	return err
}

// open connects to a file by the driver itself: see Table.Write for why.
func openConn(path, parameters string) (*sqlite3.SQLiteConn, error) {
	conn, err := (&sqlite3.SQLiteDriver{}).Open(dbconn.SQLiteDSN(path, parameters))
	if err != nil {
		return nil, err
	}
	return conn.(*sqlite3.SQLiteConn), nil
}

func exec(conn *sqlite3.SQLiteConn, query string, args ...driver.Value) error {
	_, err := conn.Exec(query, args)
	return err
}

// all reads the whole result of a small query.
func queryAll(conn *sqlite3.SQLiteConn, query string, args ...driver.Value) (out [][]driver.Value, err error) {
	rows, err := conn.Query(query, args)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for {
		row := make([]driver.Value, len(rows.Columns()))
		if err := rows.Next(row); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		for i, v := range row {
			if b, ok := v.([]byte); ok {
				row[i] = string(b) // the driver gives some texts as bytes
			}
		}
		out = append(out, row)
	}
}

// one is the single number that a query gives; 0 for none.
func queryInt(conn *sqlite3.SQLiteConn, query string, args ...driver.Value) (int64, error) {
	rows, err := queryAll(conn, query, args...)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	n, _ := rows[0][0].(int64)
	return n, nil
}

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

// rollback is no error where SQLite has already rolled back, as it does when the disk is full.
func rollback(conn *sqlite3.SQLiteConn) error {
	if conn.AutoCommit() {
		return nil
	}
	return exec(conn, "ROLLBACK")
}
