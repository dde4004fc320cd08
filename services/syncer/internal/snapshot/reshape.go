package snapshot

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
	"carstock/services/syncer/internal/sqltext"
)

// reshape gives a table of the target the columns of the view. Its rows stay as they are, with their
// rowids and the user's columns, so that afterwards only what differs is written and triggers fire for
// just that. Indexes and triggers that cannot stay are named in lost.
func (t *Table) reshape() error {
	if err := t.checkIndexes(); err != nil {
		return err
	}
	if !t.recreate {
		err := inSavepoint(t.staging.conn, t.alterTable)
		if err == nil {
			return t.checkFullText()
		}
		if isDiskError(err) {
			return err
		}
		t.lost = nil // SQLite cannot do it in place, as where a generated column needs one that is gone
	}
	return t.replaceTable()
}

// gone are the columns that the table no longer has: those that the view lacks, and generated ones of the
// user's that need one of them.
func (t *Table) deletedColumns() (out []string) {
	out = append(out, t.droppedGenerated...)
	for _, c := range columnNames(t.old.Table) {
		if !t.hasColumn(c) {
			out = append(out, c)
		}
	}
	return out
}

// alter adds and drops columns in place. An index that may need a column that goes is made again.
func (t *Table) alterTable() error {
	conn, table := t.staging.conn, "ALTER TABLE main."+schema.QuoteSQLite(t.Name)
	for _, c := range t.schema.Columns {
		if !containsColumn(t.old.Table, c.Name) {
			if err := exec(conn, table+" ADD COLUMN "+schema.QuoteSQLite(c.Name)+" "+c.SQLiteType()); err != nil {
				return err
			}
		}
	}
	gone := t.deletedColumns()
	if len(gone) == 0 {
		return nil
	}

	indexes, err := t.indexesOn(gone)
	if err != nil {
		return err
	}
	for _, index := range indexes {
		if err := exec(conn, "DROP INDEX main."+schema.QuoteSQLite(index.name)); err != nil {
			return err
		}
	}
	for _, c := range gone {
		if err := exec(conn, table+" DROP COLUMN "+schema.QuoteSQLite(c)); err != nil {
			return err
		}
	}
	return t.recreateObjects(indexes)
}

// object is an index, trigger or view of the user's.
type schemaObject struct{ kind, name, table, sql string }

// objects are those that a condition on sqlite_schema selects. SQLite's own indexes are left out.
func selectObjects(conn *sqlite3.SQLiteConn, where string, args ...driver.Value) (out []schemaObject, err error) {
	rows, err := queryAll(conn, "SELECT type, name, tbl_name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL AND "+
		where+" ORDER BY rowid", args...)
	for _, r := range rows {
		var o schemaObject
		o.kind, _ = r[0].(string)
		o.name, _ = r[1].(string)
		o.table, _ = r[2].(string)
		o.sql, _ = r[3].(string)
		out = append(out, o)
	}
	return out, err
}

// indexesOn are the indexes that need one of the columns, or may: those with expressions or a condition.
func (t *Table) indexesOn(columns []string) (out []schemaObject, err error) {
	indexes, err := selectObjects(t.staging.conn, "type = 'index' AND tbl_name = ? COLLATE NOCASE", t.Name)
	if err != nil {
		return nil, err
	}
	for _, index := range indexes {
		rows, err := queryAll(t.staging.conn, `SELECT x.name, x.cid, l.partial
			FROM pragma_index_list(?, 'main') l, pragma_index_xinfo(l.name, 'main') x
			WHERE l.name = ? AND x.key`, t.Name, index.name)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(rows, func(r []driver.Value) bool {
			name, _ := r[0].(string)
			return r[1] == int64(-2) || r[2] == int64(1) || hasFold(columns, name)
		}) {
			out = append(out, index)
		}
	}
	return out, nil
}

// restore makes indexes and triggers again, and names the indexes that cannot be. Whether triggers work
// is looked at when the whole schema is there again.
func (t *Table) recreateObjects(made []schemaObject) error {
	var gone []string
	if t.old != nil {
		gone = t.deletedColumns()
	}
	for _, m := range made {
		if strings.HasPrefix(m.name, indexPrefix) {
			continue // made again by keepIndexes
		}
		err := error(nil)
		if q := sqltext.QuoteStrict(m.sql, gone); m.kind == "index" && q != m.sql {
			err = tryAndUndo(t.staging.conn, func() error { return exec(t.staging.conn, q) })
		}
		if err == nil {
			err = inSavepoint(t.staging.conn, func() error { return exec(t.staging.conn, m.sql) })
		}
		if isDiskError(err) {
			return err
		}
		if err != nil {
			t.lost = append(t.lost, fmt.Sprintf("%s is gone: %v", m.name, err))
		}
	}
	return nil
}

// ofTheDisk reports whether an error says nothing of the statement: there is no room, or no disk.
func isDiskError(err error) bool {
	var e sqlite3.Error
	codes := []sqlite3.ErrNo{sqlite3.ErrFull, sqlite3.ErrIoErr, sqlite3.ErrNomem, sqlite3.ErrCorrupt}
	return errors.As(err, &e) && slices.Contains(codes, e.Code) && e.ExtendedCode != sqlite3.ErrCorruptVTab
}

// errUndo ends a savepoint whose changes were only tried.
var errTried = errors.New("undo")

// attempt tries do in a savepoint, and undoes it whatever comes of it.
func tryAndUndo(conn *sqlite3.SQLiteConn, do func() error) error {
	err := inSavepoint(conn, func() error {
		if err := do(); err != nil {
			return err
		}
		return errTried
	})
	if errors.Is(err, errTried) {
		return nil
	}
	return err
}
