package snapshot

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/snapshotfile"
)

// Record records a run that has published nothing, and sets its ID. The ID is 0 if the run is not recorded: after an
// error, and in a file that another program has made.
func (f *File) Record(r *snapshotfile.Run) (err error) {
	// A transaction that failed may have set an ID, such as that of Publish.
	r.ID = 0
	defer func() {
		if err != nil {
			r.ID = 0
		}
	}()

	if err := f.removeStaging(); err != nil { // the staging may be what has filled the disk
		return err
	}

	conn, err := f.openTarget()
	if err != nil {
		return err
	}

	// A file that another program has made stays as it is until there is something to publish in it.
	isForeign := false
	err = snapshotfile.LendConnection(conn, func(db *sqlx.DB) error {
		ours, err := snapshotfile.IsSnapshotFile(context.Background(), db)
		if err != nil || ours {
			return err
		}
		return db.Get(&isForeign, "SELECT count(*) > 0 FROM main.sqlite_schema")
	})
	if err != nil || isForeign {
		return errors.Join(err, conn.Close())
	}

	err = inTx(conn, func() error {
		return snapshotfile.LendConnection(conn, func(db *sqlx.DB) error {
			if err := snapshotfile.CreateTables(context.Background(), db); err != nil {
				return err
			}
			return snapshotfile.InsertRun(context.Background(), db, r)
		})
	})

	// Empty the log: otherwise it grows with each run that fails, as if a reader held it.
	_ = exec(conn, "PRAGMA busy_timeout = 1000")
	_ = exec(conn, "PRAGMA wal_checkpoint(TRUNCATE)")
	return errors.Join(err, conn.Close())
}

// Watermark returns the greatest watermark that was published for a table under the same hash. It is "" if the table
// must be read whole, as a table must be that the file no longer has.
func (t *Table) Watermark(hash string) (string, error) {
	if t.old == nil {
		return "", nil
	}

	last, err := t.staging.lastTable(t.Name)
	if err != nil || last == nil || last.SchemaHash != hash {
		return "", err
	}
	return last.Watermark, nil
}

// LastRows returns how many rows the last run read for a table; 0 if that is unknown.
func (s *Staging) LastRows(table string) (int64, error) {
	last, err := s.lastTable(table)
	if err != nil || last == nil {
		return 0, err
	}
	return last.Rows, nil
}

// lastTable returns what the last run that published a table did to it; nil if no such run is recorded.
func (s *Staging) lastTable(name string) (last *snapshotfile.TableRun, err error) {
	err = snapshotfile.LendConnection(s.conn, func(db *sqlx.DB) error {
		last, err = snapshotfile.LastTable(context.Background(), db, name)
		return err
	})
	return last, err
}

// ReadHistory reads the last runs of a file, at most limit of them.
func ReadHistory(path string, limit int) (h snapshotfile.History, err error) {
	err = Read(path, func(db *sqlx.DB) error {
		h, err = snapshotfile.ReadHistory(context.Background(), db, limit)
		return err
	})
	return h, err
}

// lastGoodRun returns the last good run in a file; nil if no run was good.
func lastGoodRun(conn *sqlite3.SQLiteConn) (*snapshotfile.Run, error) {
	var h snapshotfile.History
	err := snapshotfile.LendConnection(conn, func(db *sqlx.DB) (err error) {
		h, err = snapshotfile.ReadHistory(context.Background(), db, 1)
		return err
	})
	return h.Good, err
}

// Contents reads which tables a file has, and how old they are.
func Contents(path string) (tables []snapshotfile.TableContent, err error) {
	err = Read(path, func(db *sqlx.DB) error {
		tables, err = snapshotfile.ReadContents(context.Background(), db)
		return err
	})
	return tables, err
}

// Read calls do with a read-only connection to a file.
func Read(path string, do func(*sqlx.DB) error) error {
	return (&File{path: path, setting: pathSetting}).read(do)
}

// read calls do with a read-only connection to the file. It needs no lock.
func (f *File) read(do func(*sqlx.DB) error) error {
	return f.withReadConn(func(conn *sqlite3.SQLiteConn) error { return snapshotfile.LendConnection(conn, do) })
}

// withReadConn calls do with a read-only connection of the driver to the file. It needs no lock.
func (f *File) withReadConn(do func(*sqlite3.SQLiteConn) error) error {
	conn, err := openConn(f.path, "mode=ro&_query_only=true&_busy_timeout="+busyTimeout)
	if err != nil {
		return f.fileError("open %s: %w", f.path, explainSQLite(err))
	}
	defer func() { _ = conn.Close() }()

	if err := do(conn); err != nil {
		return f.fileError("read %s: %w", f.path, explainSQLite(err))
	}
	return nil
}
