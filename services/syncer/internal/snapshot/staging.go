package snapshot

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
)

// Staging takes the rows of a pass. Where there is no target yet it is a new database that will
// take the target's name. Else it is a disposable file attached to the target, and takes of a table
// the rows that differ from the target's, or all rows if the two cannot be compared.
type Staging struct {
	file          *File
	conn          *sqlite3.SQLiteConn
	fresh         bool
	tables        []*Table
	schemaVersion int64 // the target's schema_version when it was read
	walSize       int64 // bytes in the target's log then
}

// Stage begins the staging.
func (f *File) Stage() (*Staging, error) {
	if err := f.removeStaging(); err != nil {
		return nil, fileError("%w", err)
	}
	s := &Staging{file: f, fresh: !f.exists()}
	_, s.walSize = Size(f.path)
	var err error
	if s.fresh {
		// A crash leaves nothing that is needed. The journal in memory lets a statement fail without
		// harm to the rows before it, and costs next to nothing where pages are new.
		s.conn, err = openConn(f.staging, "_journal_mode=MEMORY&_synchronous=OFF&_locking_mode=EXCLUSIVE")
		if err != nil {
			return nil, fileError("make staging file %s: %w", f.staging, explainSQLite(err))
		}
	} else if s.conn, err = f.openTarget(); err != nil {
		return nil, err
	} else if err = s.attach(); err != nil {
		return nil, errors.Join(fileError("make staging file %s: %w", f.staging, explainSQLite(err)), s.Close())
	}
	// In the target this only reads: others go on writing to it.
	if err := exec(s.conn, "BEGIN"); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if s.schemaVersion, err = queryInt(s.conn, "PRAGMA main.schema_version"); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Staging) attach() error {
	for _, q := range []string{
		"ATTACH " + quoteText(s.file.staging) + " AS staging",
		"PRAGMA staging.journal_mode = MEMORY",
		"PRAGMA staging.synchronous = OFF",
		// A rename would else rewrite, or stumble over, the user's views of the table.
		"PRAGMA legacy_alter_table = ON",
	} {
		if err := exec(s.conn, q); err != nil {
			return err
		}
	}
	return nil
}

// Close gives up what was staged. It is to be called also after Publish.
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

// sealed makes of the fresh database the target.
func (s *Staging) finalize() error {
	for _, q := range []string{"COMMIT", "PRAGMA locking_mode = NORMAL", "PRAGMA journal_mode = WAL"} {
		if err := exec(s.conn, q); err != nil {
			return explainSQLite(err)
		}
	}
	err := s.conn.Close()
	s.conn = nil
	if err != nil {
		return err
	}
	return s.file.moveIntoPlace()
}

// moveIntoPlace gives a finished database at the path for staging the name of the file, where there is none yet.
func (f *File) moveIntoPlace() error {
	if err := syncFile(f.staging); err != nil {
		return err
	}
	if f.exists() { // someone has made it meanwhile
		return ErrChanged
	}

	// The log of a file that someone has removed would be taken for the new one's.
	if err := removeFiles(f.path+"-wal", f.path+"-shm", f.path+"-journal"); err != nil {
		return err
	}
	if err := os.Rename(f.staging, f.path); err != nil {
		return err
	}
	if err := syncFile(filepath.Dir(f.path)); err != nil {
		return err
	}
	copyOwner(f.lock.Path(), f.path)
	conn, err := f.openTarget() // which makes its log
	if err != nil {
		return err
	}
	return conn.Close()
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// quoted is a list of columns, each under a prefix such as "t.".
func quotedList(prefix string, columns []string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = prefix + schema.QuoteSQLite(c)
	}
	return strings.Join(out, ", ")
}
