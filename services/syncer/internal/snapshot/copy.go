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

// pagesPerStep is how many pages are copied before the context is looked at: 4 MiB of SQLite's usual pages.
const backupStepPages = 1024

// ErrNoSnapshot is the error of a file in which no run has published anything yet.
var ErrNoSnapshot = errors.New("there is no snapshot yet")

// Copy copies the snapshot from one file into another, which must be empty, as it is at one moment, and returns
// the last good run in it. Readers of the first file and runs go on meanwhile: a read transaction stops neither.
// The copy is complete in its one file, without a log. The caller removes what an error leaves behind.
func Copy(ctx context.Context, from, to string) (run snapshotfile.Run, err error) {
	err = withReadConn(from, func(source *sqlite3.SQLiteConn) error {
		if err := exec(source, "BEGIN"); err != nil {
			return err
		}
		good, err := lastGood(source)
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

func writeCopy(ctx context.Context, to string, source *sqlite3.SQLiteConn) error {
	// The copy need not outlive this program, so nothing is done for its safety.
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

// leaveWAL makes a database that was copied in WAL mode one that needs no log.
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

		// The driver keeps quiet about a lock that has outlasted SQLite's own waiting.
		if now := backup.Remaining(); err == nil && !done {
			if now == left || backup.PageCount() == 0 {
				err = sqlite3.Error{Code: sqlite3.ErrBusy}
			}
			left = now
		}
	}
	finished := backup.Finish() // it rolls back a copy that is not done, and repeats an error of Step
	if err == nil {
		err = finished
	}
	return splitErrorCode(err)
}

// withCode gives an error of the driver's backup, which mixes up the two codes, both of them.
func splitErrorCode(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) || e.Code <= 0xff {
		return err
	}
	return sqlite3.Error{Code: e.Code & 0xff, ExtendedCode: sqlite3.ErrNoExtended(e.Code)}
}

// IsNoRoom reports whether an error says that a file could not grow: the disk is full, or a limit is reached.
func IsNoRoom(err error) bool {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			return true
		}
	}
	var e sqlite3.Error
	return errors.As(err, &e) && (e.Code == sqlite3.ErrFull || e.ExtendedCode == sqlite3.ErrIoErrWrite)
}

// Free is how many bytes this user may still write to the disk of a folder.
func Free(dir string) (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, fmt.Errorf("%s: %w", dir, err)
	}
	return int64(fs.Bavail * uint64(fs.Bsize)), nil
}
