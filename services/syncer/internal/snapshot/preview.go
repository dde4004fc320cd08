package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
)

// Preview shows what a run would find in a file. It writes nothing.
type Preview struct {
	path string
	conn *sqlite3.SQLiteConn // nil if the file does not exist
}

// OpenPreview opens a file to inspect it. The file need not exist.
func OpenPreview(path string) (*Preview, error) {
	path, err := Resolve(path)
	if err != nil {
		return nil, err
	}

	p := &Preview{path: path}
	if !(&File{path: path}).exists() {
		return p, nil
	}

	if p.conn, err = openConn(path, "mode=ro&_busy_timeout="+busyTimeout); err == nil {
		_, err = queryInt(p.conn, "PRAGMA schema_version") // opening reads nothing; this does
	}
	if err != nil {
		if p.conn != nil {
			_ = p.conn.Close()
		}
		return nil, fileError("open %s: %w", path, explainSQLite(err))
	}

	return p, nil
}

// Close closes the file.
func (p *Preview) Close() error {
	if p.conn == nil {
		return nil
	}
	return p.conn.Close()
}

// FileWarnings returns warnings about the file as a whole: its age and its log.
func (p *Preview) FileWarnings() (warnings []string, err error) {
	if p.conn == nil {
		return nil, nil
	}

	var tables []snapshotfile.TableContent
	err = snapshotfile.LendConnection(p.conn, func(db *sqlx.DB) (err error) {
		tables, err = snapshotfile.ReadContents(context.Background(), db)
		return err
	})
	if err != nil {
		return nil, fileError("read %s: %w", p.path, explainSQLite(err))
	}

	for _, t := range tables {
		if snapshotfile.InFuture(t.Synced, time.Now()) {
			warnings = append(warnings, fmt.Sprintf("%s is dated %s, in the future: the clock is wrong, "+
				"or was when it was copied", t.Table, t.Synced.Format(time.RFC3339)))
		}
	}

	if _, log := FileSize(p.path); log > 0 {
		warnings = append(warnings, fmt.Sprintf("%s-wal has %s: another program is writing to the file, "+
			"or has a transaction open, which makes it grow with each run", p.path, humanize.Bytes(uint64(log))))
	}
	return warnings, nil
}

// Table describes how the columns of t differ from those of a table of the file, and warns which of the user's objects
// a run would drop. The error is one that a run would fail with. The argument keep is as in Finish.
func (p *Preview) Table(t schema.Table, name string, indexes [][]string, keep bool) (
	drift string, warnings []string, err error,
) {
	table := &Table{Name: name, staging: &Staging{conn: p.conn}, schema: t, indexes: indexes}
	if err := table.validate(); err != nil || p.conn == nil {
		return "", nil, err
	}
	if err := table.loadExisting(); err != nil || table.old == nil {
		return "", nil, err
	}

	failures, err := compileChanges(p.conn, name)
	if err != nil {
		return "", nil, err
	}

	firstFailure := slices.IndexFunc(failures, func(err error) bool { return err != nil })
	if firstFailure < 0 && table.Drift == "" {
		return "", table.warnings, nil
	}

	// The table can be written, but its columns change: find out what would be lost.
	if firstFailure < 0 {
		lost, err := p.rehearse(t, name, keep)
		for _, text := range lost {
			table.warnings = append(table.warnings, "after the next run, "+text)
		}
		return table.Drift, table.warnings, err
	}

	// The table cannot be written: name the objects that may be at fault.
	found, err := selectObjects(p.conn, "type IN ('index', 'trigger') AND tbl_name = ? COLLATE NOCASE", name)
	var names []string
	for _, o := range found {
		names = append(names, o.kind+" "+o.name)
	}

	if err == nil {
		err = fmt.Errorf("the table %s cannot be written: %w: drop or change the one at fault: %s",
			name, failures[firstFailure], strings.Join(names, ", "))
	}
	return table.Drift, table.warnings, err
}

// rehearse changes the columns of a table in a copy of the file's schema, in memory and without rows. It returns which
// of the user's objects would be lost.
func (p *Preview) rehearse(t schema.Table, name string, keep bool) (lost []string, err error) {
	opened, err := (&sqlite3.SQLiteDriver{}).Open(":memory:")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()

	s := &Staging{file: &File{path: p.path, staging: ":memory:"}, conn: opened.(*sqlite3.SQLiteConn)}
	if err := s.attach(); err != nil {
		return nil, err
	}
	if err := p.copySchema(s.conn); err != nil {
		return nil, err
	}

	if s.schemaVersion, err = queryInt(s.conn, "PRAGMA main.schema_version"); err != nil {
		return nil, err
	}

	table, err := s.Begin(t, name, nil)
	if err != nil {
		return nil, err
	}
	if _, err := table.Finish(keep); err != nil {
		return nil, err
	}

	// Publish no rows, only the new columns.
	run := &snapshotfile.Run{Tables: []snapshotfile.TableRun{{Table: name}}}
	err = inTx(s.conn, func() error { return s.publish(true, 0, run) })
	return run.Tables[0].Lost, err
}

// copySchema creates all that the file has, without its rows. It leaves out what cannot be created, such as a virtual
// table of a module that syncer lacks: that is the same before and after.
func (p *Preview) copySchema(to *sqlite3.SQLiteConn) error {
	// Shadow tables are created with their virtual tables.
	found, err := selectObjects(p.conn, `name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name NOT IN (
		SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow')`)
	if err != nil {
		return err
	}

	// Tables come first: the rest needs them.
	kinds := []string{"table", "index", "view", "trigger"}
	slices.SortStableFunc(found, func(a, b schemaObject) int {
		return slices.Index(kinds, a.kind) - slices.Index(kinds, b.kind)
	})

	for _, o := range found {
		_ = exec(to, o.sql)
	}

	return snapshotfile.LendConnection(p.conn, func(from *sqlx.DB) error {
		return snapshotfile.LendConnection(to, func(to *sqlx.DB) error {
			return snapshotfile.CopyColumns(context.Background(), from, to)
		})
	})
}
