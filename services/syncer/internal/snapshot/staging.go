package snapshot

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/mattn/go-sqlite3"
)

// Staging holds the rows of a run until they are published. If there is no target yet, it is a new database that
// becomes the target. Otherwise it is a disposable file attached to the target. It then takes the rows that differ from
// those of the target, or all rows of a table if the two cannot be compared.
type Staging struct {
	file          *File
	conn          *sqlite3.SQLiteConn
	fresh         bool
	tables        []*Table
	schemaVersion int64 // of the target, when it was read
	walSize       int64 // bytes in the target's log, when staging began
}

// Stage begins the staging.
func (f *File) Stage() (*Staging, error) {
	if err := f.removeStaging(); err != nil {
		return nil, f.fileError("%w", err)
	}

	s := &Staging{file: f, fresh: !f.exists()}
	_, s.walSize = FileSize(f.path)

	var err error
	if s.fresh {
		// The staging need not survive a crash. With a journal in memory a statement can fail without harm to the rows
		// before it. The journal costs next to nothing where pages are new.
		s.conn, err = openConn(f.staging, "_journal_mode=MEMORY&_synchronous=OFF&_locking_mode=EXCLUSIVE")
		if err != nil {
			return nil, f.fileError("create staging file %s: %w", f.staging, explainSQLite(err))
		}
	} else if s.conn, err = f.openTarget(); err != nil {
		return nil, err
	} else if err = s.attach(); err != nil {
		return nil, errors.Join(f.fileError("create staging file %s: %w", f.staging, explainSQLite(err)), s.Close())
	}

	// This transaction only reads the target: others go on writing to it.
	if err := exec(s.conn, "BEGIN"); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if s.schemaVersion, err = queryInt(s.conn, "PRAGMA main.schema_version"); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// attach attaches the staging file to the connection under the name staging.
func (s *Staging) attach() error {
	for _, q := range []string{
		"ATTACH " + quoteText(s.file.staging) + " AS staging",
		"PRAGMA staging.journal_mode = MEMORY",
		"PRAGMA staging.synchronous = OFF",
		// Otherwise a rename would rewrite the user's views of the table, or fail on them.
		"PRAGMA legacy_alter_table = ON",
	} {
		if err := exec(s.conn, q); err != nil {
			return err
		}
	}
	return nil
}

// Close discards what was staged. Call it after Publish too.
func (s *Staging) Close() error {
	var errs []error
	for _, t := range s.tables {
		errs = append(errs, t.Release())
	}

	s.tables = nil
	if s.conn != nil {
		errs = append(errs, rollback(s.conn), s.conn.Close())
		s.conn = nil
	}
	return errors.Join(append(errs, s.file.removeStaging())...)
}

// finalize moves the staged database into place.
func (s *Staging) finalize() error {
	for _, q := range []string{"COMMIT", "PRAGMA locking_mode = NORMAL", "PRAGMA journal_mode = WAL"} {
		if err := exec(s.conn, q); err != nil {
			return err
		}
	}

	err := s.conn.Close()
	s.conn = nil
	if err != nil {
		return err
	}
	return s.file.moveIntoPlace()
}

// moveIntoPlace renames the finished database at the staging path to the path of the file, which must not exist yet.
func (f *File) moveIntoPlace() error {
	if err := syncFile(f.staging); err != nil {
		return err
	}
	if f.exists() { // another program has created it meanwhile
		return ErrChanged
	}

	// SQLite would take the log of a deleted file for the log of the new one.
	if err := RemoveFiles(f.path+"-wal", f.path+"-shm", f.path+"-journal"); err != nil {
		return err
	}
	if err := os.Rename(f.staging, f.path); err != nil {
		return err
	}
	if err := syncFile(filepath.Dir(f.path)); err != nil { // the new name must survive a crash too
		return err
	}

	copyOwner(f.lock.Path(), f.path)
	conn, err := f.openTarget() // creates its log
	if err != nil {
		return err
	}
	return conn.Close()
}

// syncFile waits until a file or folder is on the disk.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
