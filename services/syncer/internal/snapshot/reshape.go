package snapshot

import (
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"

	"carstock/pkg/schema"
	"carstock/services/syncer/internal/sqltext"
)

// reshape gives a table of the target the columns of the view. Its rows stay as they are, with their rowids and the
// user's columns, so that afterwards only the differences are written and triggers fire for them alone. Indexes and
// triggers that cannot stay are added to lost.
func (t *Table) reshape() error {
	if err := t.checkIndexes(); err != nil {
		return err
	}

	if !t.recreate {
		err := inSavepoint(t.staging.conn, t.alterTable)
		if err == nil {
			return t.checkFullText()
		}
		if mustStop(err) {
			return err
		}
		t.lost = nil // SQLite cannot alter the table in place, as when a generated column needs a deleted one
	}

	return t.replaceTable()
}

// deletedColumns returns the columns that the table no longer has: those that the view lacks, and the user's generated
// columns that need one of them.
func (t *Table) deletedColumns() (names []string) {
	names = append(names, t.droppedGenerated...)
	for _, c := range t.old.ColumnNames() {
		if !t.hasColumn(c) {
			names = append(names, c)
		}
	}
	return names
}

// alterTable adds and drops columns in place. It creates indexes again that may need a dropped column.
func (t *Table) alterTable() error {
	// Add new columns.
	conn, alter := t.staging.conn, "ALTER TABLE main."+schema.QuoteSQLite(t.Name)
	for _, c := range t.schema.Columns {
		if !containsColumn(t.old.Table, c.Name) {
			if err := exec(conn, alter+" ADD COLUMN "+schema.QuoteSQLite(c.Name)+" "+c.SQLiteType()); err != nil {
				return err
			}
		}
	}

	deleted := t.deletedColumns()
	if len(deleted) == 0 {
		return nil
	}

	// Drop deleted columns. SQLite refuses to while an index needs them.
	indexes, err := t.indexesOn(deleted)
	if err != nil {
		return err
	}

	for _, index := range indexes {
		if err := exec(conn, "DROP INDEX main."+schema.QuoteSQLite(index.name)); err != nil {
			return err
		}
	}

	for _, c := range deleted {
		if err := exec(conn, alter+" DROP COLUMN "+schema.QuoteSQLite(c)); err != nil {
			return err
		}
	}

	return t.recreateObjects(indexes)
}

// indexesOn returns the indexes that need one of the columns, or may need it: those with expressions or a condition.
func (t *Table) indexesOn(columns []string) (found []schemaObject, err error) {
	indexes, err := selectObjects(t.staging.conn, "type = 'index' AND tbl_name = ? COLLATE NOCASE", t.Name)
	if err != nil {
		return nil, err
	}

	const expressionID = int64(-2) // cid of an expression in pragma_index_xinfo
	for _, index := range indexes {
		rows, err := queryAll(t.staging.conn, `SELECT x.name, x.cid, l.partial
			FROM pragma_index_list(?, 'main') l, pragma_index_xinfo(l.name, 'main') x
			WHERE l.name = ? AND x.key`, t.Name, index.name)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(rows, func(r []driver.Value) bool {
			name, _ := r[0].(string)
			return r[1] == expressionID || r[2] == int64(1) || sqltext.ContainsName(columns, name)
		}) {
			found = append(found, index)
		}
	}

	return found, nil
}

// recreateObjects creates indexes and triggers again, and adds to lost those that cannot be created. Whether triggers
// work is checked later, when the schema is complete again.
func (t *Table) recreateObjects(dropped []schemaObject) error {
	var deleted []string
	if t.old != nil {
		deleted = t.deletedColumns()
	}

	for _, o := range dropped {
		if strings.HasPrefix(o.name, indexPrefix) {
			continue // keepIndexes creates it
		}

		// Try an index with strict quotes: SQLite would take the name of a deleted column for a text.
		err := error(nil)
		if q := sqltext.QuoteStrict(o.sql, deleted); o.kind == "index" && q != o.sql {
			err = tryAndUndo(t.staging.conn, func() error { return exec(t.staging.conn, q) })
		}
		if err == nil {
			err = inSavepoint(t.staging.conn, func() error { return exec(t.staging.conn, o.sql) })
		}
		if mustStop(err) {
			return err
		}
		if err != nil {
			t.lost = append(t.lost, fmt.Sprintf("%s is gone: %v", o.name, err))
		}
	}

	return nil
}
