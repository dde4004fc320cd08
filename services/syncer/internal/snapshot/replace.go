package snapshot

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/snapshotfile"
)

// notPulledError says why a file must not be replaced: its contents are not what a pull left there.
type notPulledError struct {
	path   string
	reason string
}

func (n *notPulledError) Error() string {
	return fmt.Sprintf("%s %s: choose another path, or move it away", n.path, n.reason)
}

// Pulled returns the ETag and the last good run of what was last pulled into the file. Both are empty if the file does
// not exist or has no tables. A file that was not pulled, or in which syncer has made runs since, is an error.
func (f *File) Pulled() (etag string, run snapshotfile.Run, err error) {
	if !f.exists() {
		return "", run, nil
	}

	err = f.read(func(db *sqlx.DB) error {
		ctx := context.Background()
		pull, err := snapshotfile.ReadPull(ctx, db)
		if err != nil {
			return err
		}

		// An empty database holds nothing to lose.
		if pull == nil {
			var hasObjects bool
			err := db.GetContext(ctx, &hasObjects, "SELECT count(*) > 0 FROM main.sqlite_schema")
			if err == nil && hasObjects {
				err = &notPulledError{f.path, "is not a snapshot that syncer pull has fetched"}
			}
			return err
		}

		if pull.HasOwnRuns {
			return &notPulledError{f.path, "was pulled once, and syncer has made runs of its own in it since then"}
		}

		history, err := snapshotfile.ReadHistory(ctx, db, 1)
		if err == nil && history.Good != nil {
			etag, run = pull.ETag, *history.Good
		}
		return err
	})
	return etag, run, err
}

// Incoming is the path at which Replace expects the new contents. Lock removes what an earlier process left there.
func (f *File) Incoming() string { return f.staging }

// Partial is the path for an interrupted download. Lock leaves it alone.
func (f *File) Partial() string {
	dir, base := filepath.Split(f.path)
	return filepath.Join(dir, "."+base+".part")
}

// Replace makes the file equal to the one at Incoming, after it has checked that this is a whole snapshot, and records
// the ETag in it. Readers of the file see the old contents until they end their transactions. Replace returns the last
// good run. After an error the file is as it was. The warning is like that of Publish.
func (f *File) Replace(ctx context.Context, etag string) (run snapshotfile.Run, warning string, err error) {
	run, err = f.checkIncoming(etag)
	if err != nil {
		return run, "", fmt.Errorf("check what was received: %w", err)
	}

	if f.exists() {
		warning, err = f.overwrite(ctx)
	} else {
		err = f.installNew()
	}
	if err != nil {
		return run, "", fmt.Errorf("replace %s: %w", f.path, explainSQLite(err))
	}
	return run, warning, f.removeStaging()
}

// checkIncoming checks that what was received is a whole snapshot, and marks it as pulled.
func (f *File) checkIncoming(etag string) (run snapshotfile.Run, err error) {
	conn, err := openConn(f.staging, "mode=rw&_journal_mode=OFF&_synchronous=OFF&_locking_mode=EXCLUSIVE")
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()

	// The server may have sent no digest, so check the database itself.
	if found, err := queryAll(conn, "PRAGMA quick_check(1)"); err != nil {
		return run, err
	} else if len(found) != 1 || found[0][0] != "ok" {
		return run, fmt.Errorf("it is damaged: %v", found)
	}

	good, err := lastGoodRun(conn)
	if err != nil {
		return run, err
	}
	if good == nil {
		return run, errors.New("it is not a snapshot of syncer")
	}

	err = snapshotfile.LendConnection(conn, func(db *sqlx.DB) error {
		return snapshotfile.MarkPulled(context.Background(), db, etag)
	})
	return *good, err
}

// overwrite writes the pages of what was received into the file, in one transaction. A rename would be quicker, but
// readers would keep the old file, and SQLite could mistake its log for that of the new one.
func (f *File) overwrite(ctx context.Context) (warning string, err error) {
	_, logBefore := FileSize(f.path)
	target, err := f.openTarget()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, target.Close()) }()

	source, err := openConn(f.staging, "mode=ro")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, source.Close()) }()

	// In WAL mode, readers go on with the old contents while pages are copied.
	if err := exec(target, "PRAGMA journal_mode = WAL"); err != nil {
		return "", err
	}
	if err := checkPageSize(target, source); err != nil {
		return "", err
	}
	if err := copyPages(ctx, target, source); err != nil {
		return "", err
	}

	// The log now holds the whole file. Do not wait long for a reader that needs it: the next pull empties the log.
	_ = exec(target, "PRAGMA busy_timeout = 1000")
	return f.emptyLog(target, logBefore), nil
}

// checkPageSize returns an error if the pages of the two databases differ in size. SQLite would report that as an
// attempt to write a read-only database.
func checkPageSize(target, source *sqlite3.SQLiteConn) error {
	used, err := queryInt(target, "PRAGMA page_count")
	if err != nil || used == 0 {
		return err
	}

	oldSize, err := queryInt(target, "PRAGMA page_size")
	if err != nil {
		return err
	}

	newSize, err := queryInt(source, "PRAGMA page_size")
	if err == nil && newSize != oldSize {
		err = fmt.Errorf("its pages have %d bytes, and those of the new snapshot %d: "+
			"end the programs that read it, remove it and all beside it, and pull again", oldSize, newSize)
	}
	return err
}

// installNew moves what was received into place if the file does not exist yet. The file appears whole, in WAL mode,
// with its log.
func (f *File) installNew() error {
	conn, err := openConn(f.staging, "mode=rw")
	if err != nil {
		return err
	}

	err = exec(conn, "PRAGMA journal_mode = WAL")
	if err = errors.Join(err, conn.Close()); err != nil {
		return err
	}
	return f.moveIntoPlace()
}
