// Package snapshot keeps the SQLite file: it stages rows beside it, compares them with those in the file, and publishes
// the difference of all tables in one transaction, so readers always see a complete snapshot. It does not know where
// rows come from.
package snapshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/mattn/go-sqlite3"
)

// File is the SQLite file while this process holds the lock beside it.
type File struct {
	path    string
	staging string
	setting string // that names the file in errors; empty if the command line does
	lock    *flock.Flock
}

// BusyError is the error for a file that another syncer is working on.
type BusyError struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

func (b *BusyError) Error() string {
	if b.PID == 0 { // the other process has not written it yet
		return "another syncer has just begun to work on it"
	}
	return fmt.Sprintf("another syncer, process %d on %s, has been at work on it since %s",
		b.PID, b.Host, b.Since.Format(time.RFC3339))
}

// LockFile locks the file that SYNC_PATH names for this process. It creates the folder if that is missing, and removes
// the staging of a run that was killed. The error is a *BusyError if another process holds the lock, and otherwise a
// *FileError.
func LockFile(path string) (*File, error) { return (&File{setting: pathSetting}).lockAt(path) }

// LockPulled is like LockFile for a file that syncer pull keeps. The command line names it, so its errors name no
// setting.
func LockPulled(path string) (*File, error) { return (&File{}).lockAt(path) }

// lockAt locks the file at path, as LockFile describes.
func (f *File) lockAt(path string) (*File, error) {
	// Lock and staging belong beside the file itself, whatever symbolic link names it.
	path, err := resolve(path)
	if err != nil {
		return nil, f.fileError("%w", err)
	}

	dir, base := filepath.Split(path)
	if err := os.MkdirAll(filepath.Clean(dir), 0o755); err != nil {
		return nil, f.fileError("create folder: %w", err)
	}

	f.path, f.staging = path, filepath.Join(dir, "."+base+".staging")
	locked, err := f.tryLock()
	if err != nil {
		return nil, f.fileError("lock %s: %w", path, explainDenied(err, path))
	}
	if !locked {
		busy := &BusyError{Host: "this host"}
		if text, err := os.ReadFile(f.lock.Path()); err == nil {
			_ = json.Unmarshal(text, busy) // its holder may not have written it yet
		}
		return nil, busy
	}

	if err := f.claim(); err != nil {
		return nil, errors.Join(f.fileError("%w", explainDenied(err, path)), f.lock.Unlock())
	}
	return f, nil
}

// tryLock takes the lock if no other process holds it. A user who may only read the lock file can take it too.
func (f *File) tryLock() (locked bool, err error) {
	f.lock = flock.New(lockPath(f.path), flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o644))
	if locked, err = f.lock.TryLock(); !errors.Is(err, fs.ErrPermission) {
		return locked, err
	}

	// The file exists already, and this user may not write it: lock it for reading.
	f.lock = flock.New(lockPath(f.path), flock.SetFlag(os.O_RDONLY))
	locked, readErr := f.lock.TryLock()
	if readErr != nil {
		return false, err
	}
	return locked, nil
}

// claim writes into the lock file who holds it, and removes the staging of an earlier run. The lock file gets the owner
// and the mode of the file, as SQLite's log does, so every user who may write the file may lock it.
func (f *File) claim() error {
	host, _ := os.Hostname()
	text, err := json.Marshal(BusyError{PID: os.Getpid(), Host: host, Since: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}

	// A user who may not write the lock file still holds the lock, which is on the file and not in its content.
	if err := os.WriteFile(f.lock.Path(), text, 0o644); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}

	copyOwner(f.lock.Path(), f.path)
	return f.removeStaging()
}

// Unlock lets other processes lock the file.
func (f *File) Unlock() error { return f.lock.Unlock() }

// exists reports whether the file is there. One that cannot be examined counts as there.
func (f *File) exists() bool {
	_, err := os.Stat(f.path)
	return !errors.Is(err, fs.ErrNotExist)
}

// removeStaging removes the staging, and what SQLite has created beside it.
func (f *File) removeStaging() error {
	return RemoveFiles(f.staging, f.staging+"-wal", f.staging+"-shm", f.staging+"-journal")
}

// RemoveFiles removes files. A missing file is not an error.
func RemoveFiles(paths ...string) error {
	var errs []error
	for _, p := range paths {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// openTarget opens the file itself.
func (f *File) openTarget() (*sqlite3.SQLiteConn, error) {
	conn, err := openConn(f.path, "_synchronous=NORMAL&_foreign_keys=false&_busy_timeout="+busyTimeout)
	if err == nil {
		// Keep the WAL on close: read-only users cannot create it.
		err = conn.SetFileControlInt("main", sqlite3.SQLITE_FCNTL_PERSIST_WAL, 1)
	}
	if err == nil {
		_, err = queryInt(conn, "PRAGMA schema_version") // opening reads nothing; this does
	}
	if err != nil {
		if conn != nil {
			_ = conn.Close()
		}
		return nil, f.fileError("open %s: %w", f.path, explainSQLite(err))
	}

	return conn, nil
}
