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

// incomingName is the name of a new table until it replaces the old one.
const incomingName = "_sync_incoming"

// replaceTable creates a new table in place of the old one, and copies the old rows into it. The statements name main
// explicitly: an unqualified name that main lacks would mean a staged table.
func (t *Table) replaceTable() error {
	conn, name := t.staging.conn, schema.QuoteSQLite(t.Name)
	indexesAndTriggers, err := selectObjects(conn, "type IN ('index', 'trigger') AND tbl_name = ? COLLATE NOCASE", t.Name)
	if err != nil {
		return err
	}
	if err := t.withTriggerHint(t.fillNewKey()); err != nil {
		return err
	}
	if err := t.createIncoming(); err != nil {
		return err
	}

	hasTriggers := slices.ContainsFunc(indexesAndTriggers, func(o schemaObject) bool { return o.kind == "trigger" })
	if err := t.copyRows(hasTriggers); err != nil {
		return err
	}

	for _, q := range []string{"DROP TABLE main." + name, "ALTER TABLE main." + incomingName + " RENAME TO " + name} {
		if err := exec(conn, q); err != nil {
			return err
		}
	}

	if err := t.recreateObjects(indexesAndTriggers); err != nil {
		return err
	}

	// Without triggers, full-text indexes are rebuilt once the new rows are there.
	if t.rebuildPending = !hasTriggers; t.rebuildPending {
		return nil
	}
	return t.rebuildFullText()
}

// fillNewKey gives the old rows the values of the new key, as long as the old key still matches rows. Otherwise the
// contents of the user's columns would be lost for each row whose new key has another value now.
func (t *Table) fillNewKey() error {
	for _, q := range t.fillNewKeySQL() {
		if err := exec(t.staging.conn, q); err != nil {
			return err
		}
	}
	return nil
}

// fillNewKeySQL returns the statements of fillNewKey, and adds the columns that they add to the old table's.
func (t *Table) fillNewKeySQL() []string {
	// Without such columns, or with the same key, nothing would be lost.
	if len(t.old.userColumnNames(false)) == 0 || len(t.old.Key) == 0 || t.hasSameKeyColumns() {
		return nil
	}

	for _, k := range t.old.Key {
		if !t.hasColumn(k) {
			return nil // the view no longer has the old key
		}
	}

	target, sameOldKey := "main."+schema.QuoteSQLite(t.Name), schema.SameColumnsSQLite(t.old.Key, "t.", "s.")
	statements := []string{
		// Otherwise SQLite reads all staged rows for each row of the target.
		"CREATE INDEX " + t.staged + "_old_key ON " + strings.TrimPrefix(t.staged, "staging.") +
			" (" + quotedList("", t.old.Key) + ")",
		"DELETE FROM " + target + " AS t WHERE NOT EXISTS (SELECT 1 FROM " + t.staged + " s WHERE " + sameOldKey + ")",
	}

	// Give each column of the new key its values, after adding it if the target lacks it.
	for _, k := range t.schema.Key {
		name := schema.QuoteSQLite(k)
		if !containsColumn(t.old.Table, k) {
			i := slices.IndexFunc(t.schema.Columns, func(c schema.Column) bool { return c.Name == k })
			c := schema.Column{Name: k, Type: t.schema.Columns[i].SQLiteType()}
			statements = append(statements, "ALTER TABLE "+target+" ADD COLUMN "+name+" "+c.Type)
			t.old.Columns = append(t.old.Columns, c)
		}

		if !sqltext.ContainsName(t.old.Key, k) {
			statements = append(statements, "UPDATE "+target+" AS t SET "+name+" = s."+name+" FROM "+t.staged+" s WHERE "+
				sameOldKey+" AND t."+name+" IS NOT s."+name)
		}
	}

	return statements
}

// createIncoming creates the new table with those of the user's columns and constraints that work in it. A generated
// column or a constraint that does not work is added to lost. A column with values of its own is an error then, since
// its values would be lost.
func (t *Table) createIncoming() error {
	conn, deleted := t.staging.conn, t.deletedColumns()
	create := func(definitions []string) error {
		return exec(conn, t.schema.CreateSQLite("main", incomingName, definitions...))
	}

	try := func(definitions []string) error {
		return tryAndUndo(conn, func() error { return create(strictDefinitions(definitions, deleted)) })
	}

	if err := exec(conn, "DROP TABLE IF EXISTS main."+incomingName); err != nil {
		return err
	}

	// A column may need one that is defined after it, so the rest is tried again as long as one more works.
	var kept []string
	left := t.old.userColumns
	for progress := true; progress && len(left) > 0; {
		progress = false
		var failed []userColumn
		for _, c := range left {
			with := append(slices.Clone(kept), c.definition)
			switch err := try(with); {
			case mustStop(err):
				return err
			case err == nil:
				kept, progress = with, true
			default:
				failed = append(failed, c)
			}
		}

		left = failed
	}

	// What still does not work cannot stay.
	for _, c := range left {
		err := try(append(slices.Clone(kept), c.definition))
		if !c.generated {
			return fmt.Errorf("its columns have changed (%s), and your own column %s cannot stay (%w): "+
				"drop it, or define it again without those columns", t.Drift, c.name, err)
		}
		t.droppedGenerated = append(t.droppedGenerated, c.name)
		t.lost = append(t.lost, fmt.Sprintf("%s is gone: %v", c.name, err))
	}

	for _, constraint := range t.old.userConstraints {
		with := append(slices.Clone(kept), constraint)
		switch err := try(with); {
		case mustStop(err):
			return err
		case err == nil:
			kept = with
		default:
			t.lost = append(t.lost, fmt.Sprintf("%s is gone: %v", constraint, err))
		}
	}

	// Definitions that work with strict quotes are kept as the user has written them.
	return create(kept)
}

// strictDefinitions rewrites definitions so that the given names never count as texts.
func strictDefinitions(definitions, names []string) []string {
	strict := make([]string, len(definitions))
	for i := range definitions {
		strict[i] = sqltext.QuoteStrict(definitions[i], names)
	}
	return strict
}

// copyRows copies the rows of the old table into the new one. If they do not fit the new key, it deletes them from the
// old table instead, which fires its triggers. If that would delete contents of the user's columns, it is an error.
func (t *Table) copyRows(hasTriggers bool) error {
	// Triggers may keep other tables by rowid. If all rowids change, delete and insert the rows, so that triggers fire.
	userColumns := t.old.userColumnNames(false)
	rowidsChange := t.keyIsRowid() && !t.keyWasRowid()
	if rowidsChange && hasTriggers && len(userColumns) == 0 {
		return t.deleteOldRows()
	}

	// Copy the columns that both tables have, and the user's.
	var columns []string
	for _, c := range t.schema.ColumnNames() {
		if containsColumn(t.old.Table, c) {
			columns = append(columns, c)
		} else if slices.Contains(t.schema.Key, c) {
			return t.discardRows(fmt.Errorf("they have no %s", c))
		}
	}

	// The rows keep their rowids, unless the key now sets them.
	into := quotedList("", append(columns, userColumns...))
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
	case isRolledBack(err):
		return err
	case err == nil && rowidsChange && hasTriggers:
		t.warnings = append(t.warnings, "the rowids now follow the new key, and no trigger fired for that: "+
			"refill the tables that your triggers keep by rowid")
	case errors.As(err, &e) && (e.Code == sqlite3.ErrConstraint || e.Code == sqlite3.ErrMismatch):
		return t.discardRows(err)
	}

	return err
}

// discardRows deletes the old rows, which cannot stay for the given reason. If that would delete contents of the user's
// columns, it is an error.
func (t *Table) discardRows(reason error) error {
	if userColumns := t.old.userColumnNames(false); len(userColumns) > 0 {
		return fmt.Errorf("its columns have changed (%s), and its rows do not fit the new ones (%w), "+
			"so the contents of your own columns could not stay with them: move them to a table of your own: %s",
			t.Drift, reason, strings.Join(userColumns, ", "))
	}
	return t.deleteOldRows()
}

// deleteOldRows deletes the old rows. All staged rows are then inserted.
func (t *Table) deleteOldRows() error {
	return t.withTriggerHint(exec(t.staging.conn, "DELETE FROM main."+schema.QuoteSQLite(t.Name)+" WHERE true"))
}

// keyWasRowid reports whether the key of the old table was its rowid, and is still the key.
func (t *Table) keyWasRowid() bool {
	if len(t.old.Key) != 1 || !t.hasSameKeyColumns() || t.old.withoutRowid {
		return false
	}
	return slices.ContainsFunc(t.old.Columns, func(c schema.Column) bool {
		return c.Name == t.old.Key[0] && c.Type == "INTEGER"
	})
}

// hasSameKeyColumns reports whether the key has the same columns as before.
func (t *Table) hasSameKeyColumns() bool {
	return slices.EqualFunc(t.old.Key, t.schema.Key, strings.EqualFold)
}
