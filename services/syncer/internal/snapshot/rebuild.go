package snapshot

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
	"carstock/services/syncer/internal/sqltext"
)

// incoming is the name of a table until it takes its own.
const incomingName = "_sync_incoming"

// replace makes a new table in the place of the old one, and copies the old rows into it. What it says
// of main. matters: an unqualified name that main lacks would mean a staged table.
func (t *Table) replaceTable() error {
	conn, name := t.staging.conn, schema.QuoteSQLite(t.Name)
	made, err := selectObjects(conn, "type IN ('index', 'trigger') AND tbl_name = ? COLLATE NOCASE", t.Name)
	if err != nil {
		return err
	}
	if err := t.withTriggerHint(t.fillNewKey()); err != nil {
		return err
	}
	if err := t.createIncoming(); err != nil {
		return err
	}

	triggered := slices.ContainsFunc(made, func(o schemaObject) bool { return o.kind == "trigger" })
	if err := t.copyRows(triggered); err != nil {
		return err
	}
	for _, q := range []string{"DROP TABLE main." + name, "ALTER TABLE main." + incomingName + " RENAME TO " + name} {
		if err := exec(conn, q); err != nil {
			return err
		}
	}
	if err := t.recreateObjects(made); err != nil {
		return err
	}
	if t.rebuildPending = !triggered; t.rebuildPending {
		return nil // full-text indexes are made again when the rows are there
	}
	return t.rebuildFullText()
}

// takeNewKey gives the old rows the new key's values, as long as the old key says which row is which: the
// contents of the user's columns would otherwise go with a row whose new key has another value now.
func (t *Table) fillNewKey() error {
	if len(t.old.userColumnNames(false)) == 0 || len(t.old.Key) == 0 || t.sameKeyColumns() {
		return nil
	}
	conditions := make([]string, len(t.old.Key))
	for i, k := range t.old.Key {
		if !t.hasColumn(k) {
			return nil
		}
		conditions[i] = "t." + schema.QuoteSQLite(k) + " = s." + schema.QuoteSQLite(k)
	}

	target, same := "main."+schema.QuoteSQLite(t.Name), strings.Join(conditions, " AND ")
	statements := []string{
		"DELETE FROM " + target + " AS t WHERE NOT EXISTS (SELECT 1 FROM " + t.staged + " s WHERE " + same + ")",
	}
	for _, k := range t.schema.Key {
		name := schema.QuoteSQLite(k)
		if !containsColumn(t.old.Table, k) {
			i := slices.IndexFunc(t.schema.Columns, func(c schema.Column) bool { return c.Name == k })
			c := schema.Column{Name: k, Type: t.schema.Columns[i].SQLiteType()}
			statements = append(statements, "ALTER TABLE "+target+" ADD COLUMN "+name+" "+c.Type)
			t.old.Columns = append(t.old.Columns, c)
		}
		if !hasFold(t.old.Key, k) {
			statements = append(statements, "UPDATE "+target+" AS t SET "+name+" = s."+name+" FROM "+t.staged+" s WHERE "+
				same+" AND t."+name+" IS NOT s."+name)
		}
	}
	for _, q := range statements {
		if err := exec(t.staging.conn, q); err != nil {
			return err
		}
	}
	return nil
}

// createIncoming makes the new table with those of the user's columns that work in it. One that does
// not is named if it is generated; one with values of its own is an error, since they would be lost. The user's
// constraints stay likewise, or are named.
func (t *Table) createIncoming() error {
	conn, gone := t.staging.conn, t.deletedColumns()
	create := func(own []string) error { return exec(conn, t.schema.CreateSQLite("main", incomingName, own...)) }
	if err := exec(conn, "DROP TABLE IF EXISTS main."+incomingName); err != nil {
		return err
	}
	var kept []string
	left := t.old.userColumns
	for tried := true; tried && len(left) > 0; {
		tried = false
		var not []userColumn
		for _, c := range left {
			with := append(slices.Clone(kept), c.definition)
			if c.definition != "" && tryAndUndo(conn, func() error { return create(strictDefinitions(with, gone)) }) == nil {
				kept, tried = with, true
			} else {
				not = append(not, c)
			}
		}
		left = not
	}
	for _, c := range left {
		with := append(slices.Clone(kept), c.definition)
		err := tryAndUndo(conn, func() error { return create(strictDefinitions(with, gone)) })
		if !c.generated {
			return fmt.Errorf("its columns have changed (%s), and your own column %s cannot stay (%w): "+
				"drop it, or define it again without what it says of them", t.Drift, c.name, err)
		}
		t.droppedGenerated = append(t.droppedGenerated, c.name)
		t.lost = append(t.lost, fmt.Sprintf("%s is gone: %v", c.name, err))
	}
	for _, rule := range t.old.userConstraints {
		with := append(slices.Clone(kept), rule)
		if err := tryAndUndo(conn, func() error { return create(strictDefinitions(with, gone)) }); err != nil {
			t.lost = append(t.lost, fmt.Sprintf("%s is gone: %v", rule, err))
		} else {
			kept = with
		}
	}
	return create(kept)
}

func strictDefinitions(sql, names []string) []string {
	out := make([]string, len(sql))
	for i := range sql {
		out[i] = sqltext.QuoteStrict(sql[i], names)
	}
	return out
}

// copyRows fills the new table with the old one's rows. Rows that do not fit the new key are deleted
// from the old table instead, for which its triggers fire; that is refused where it would cost the user
// contents.
func (t *Table) copyRows(triggered bool) error {
	own := t.old.userColumnNames(false)
	moves := t.keyIsRowid() && !t.keyWasRowid()
	if moves && triggered && len(own) == 0 {
		return t.deleteOldRows()
	}

	var columns []string
	for _, c := range columnNames(t.schema) {
		if containsColumn(t.old.Table, c) {
			columns = append(columns, c)
		} else if slices.Contains(t.schema.Key, c) {
			return t.discardRows(fmt.Errorf("they have no %s", c))
		}
	}
	into := quotedList("", append(columns, own...))
	if t.rowid != "" && !t.old.withoutRowid && !t.keyIsRowid() {
		into = strings.TrimSuffix(t.rowid+", "+into, ", ")
	}
	if into == "" {
		return t.deleteOldRows()
	}
	copying := "INSERT INTO main." + incomingName + " (" + into + ") SELECT " + into + " FROM main." +
		schema.QuoteSQLite(t.Name)
	err := inSavepoint(t.staging.conn, func() error { return exec(t.staging.conn, copying) })
	var e sqlite3.Error
	switch {
	case err == nil && moves && triggered:
		t.warnings = append(t.warnings, "the rowids are those of the new key now, and triggers did not fire for that: "+
			"fill again what they keep by rowid")
	case errors.As(err, &e) && (e.Code == sqlite3.ErrConstraint || e.Code == sqlite3.ErrMismatch):
		return t.discardRows(err)
	}
	return err
}

// misfit deletes the old rows, which cannot stay for the given reason, unless that would cost the user
// contents.
func (t *Table) discardRows(why error) error {
	if own := t.old.userColumnNames(false); len(own) > 0 {
		return fmt.Errorf("its columns have changed (%s), and its rows do not fit that (%w), "+
			"so the contents of your own columns could not stay with them: move them to a table of your own: %s",
			t.Drift, why, strings.Join(own, ", "))
	}
	return t.deleteOldRows()
}

// empty deletes the old rows; the new ones are all inserted then.
func (t *Table) deleteOldRows() error {
	return t.withTriggerHint(exec(t.staging.conn, "DELETE FROM main."+schema.QuoteSQLite(t.Name)+" WHERE true"))
}

// keyWasRowid reports whether the old table's key was its rowid, and is still its key.
func (t *Table) keyWasRowid() bool {
	if len(t.old.Key) != 1 || !t.sameKeyColumns() || t.old.withoutRowid {
		return false
	}
	return slices.ContainsFunc(t.old.Columns, func(c schema.Column) bool {
		return c.Name == t.old.Key[0] && c.Type == "INTEGER"
	})
}

func (t *Table) sameKeyColumns() bool {
	return slices.EqualFunc(t.old.Key, t.schema.Key, strings.EqualFold)
}
