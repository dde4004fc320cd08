package snapshot

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/sys/unix"

	"carstock/pkg/snapshotfile"
)

// backupStepPages is how many pages are copied before the context is checked: 4 MiB of SQLite's usual pages.
const backupStepPages = 1024

// ErrNoSnapshot is the error for a file in which no run has published anything yet.
var ErrNoSnapshot = errors.New("there is no snapshot yet")

// CopySnapshot copies a snapshot, as it is at one moment, into another file, which must be empty. It returns the last
// good run in it. Readers and runs go on meanwhile: a read transaction stops neither. The copy needs no log beside it.
// After an error the caller removes what is left of the copy.
func CopySnapshot(ctx context.Context, from, to string) (run snapshotfile.Run, err error) {
	err = (&File{path: from, setting: pathSetting}).withReadConn(func(source *sqlite3.SQLiteConn) error {
		// One transaction reads the run and the pages as they are at one moment.
		if err := exec(source, "BEGIN"); err != nil {
			return err
		}
		good, err := lastGoodRun(source)
		if err != nil {
			return err
		}
		if good == nil {
			return ErrNoSnapshot
		}
		run = *good

		if err := writeCopy(ctx, to, source); err != nil {
			return fmt.Errorf("write %s: %w", to, err)
		}
		return nil
	})
	return run, err
}

// writeCopy copies a database into a file, which then needs no log.
func writeCopy(ctx context.Context, to string, source *sqlite3.SQLiteConn) error {
	// The copy need not survive a crash, so it is written without a journal and without syncing.
	target, err := openConn(to, "_journal_mode=OFF&_synchronous=OFF&_locking_mode=EXCLUSIVE")
	if err != nil {
		return err
	}

	err = copyPages(ctx, target, source)
	if err == nil {
		err = leaveWAL(target)
	}
	return errors.Join(err, target.Close())
}

// leaveWAL turns a database that was copied in WAL mode into one that needs no log.
func leaveWAL(conn *sqlite3.SQLiteConn) error {
	// Only a connection that has read the first page knows that the database is in WAL mode.
	if _, err := queryInt(conn, "PRAGMA schema_version"); err != nil {
		return err
	}
	return exec(conn, "PRAGMA journal_mode = DELETE")
}

// copyPages makes one database equal to another, page by page, in one transaction.
func copyPages(ctx context.Context, target, source *sqlite3.SQLiteConn) error {
	backup, err := target.Backup("main", source, "main")
	if err != nil {
		return err
	}

	left := -1
	for done := false; !done && err == nil; {
		if err = ctx.Err(); err != nil {
			break
		}
		done, err = backup.Step(backupStepPages)

		// The driver does not report a lock that outlasts SQLite's own waiting: the step just copies nothing.
		if now := backup.Remaining(); err == nil && !done {
			if now == left || backup.PageCount() == 0 {
				err = sqlite3.Error{Code: sqlite3.ErrBusy}
			}
			left = now
		}
	}

	// Finish rolls back an incomplete copy, and repeats an error of Step.
	if finishErr := backup.Finish(); err == nil {
		err = finishErr
	}
	return splitErrorCode(err)
}

// splitErrorCode sets both codes of an error of the driver's backup, which stores the extended code as the code.
func splitErrorCode(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) || e.Code <= 0xff {
		return err
	}
	return sqlite3.Error{Code: e.Code & 0xff, ExtendedCode: sqlite3.ErrNoExtended(e.Code)}
}

// IsNoRoom reports whether an error means that a file could not grow: the disk is full, or a quota or limit is reached.
func IsNoRoom(err error) bool {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			return true
		}
	}
	var e sqlite3.Error
	return errors.As(err, &e) && (e.Code == sqlite3.ErrFull || e.ExtendedCode == sqlite3.ErrIoErrWrite)
}

// FreeSpace returns how many bytes this user may still write to the disk of a folder.
func FreeSpace(dir string) (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, fmt.Errorf("%s: %w", dir, err)
	}
	return int64(fs.Bavail * uint64(fs.Bsize)), nil
}
