package snapshot

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
)

// apply changes the rows that differ, and touches no other page of the file. With keep, rows missing from the source
// stay.
func (t *Table) apply(keep bool) error {
	conn := t.staging.conn
	err := inSavepoint(conn, func() error { return t.applyDifference(keep) })
	var e sqlite3.Error
	if !errors.As(err, &e) || e.ExtendedCode != sqlite3.ErrConstraintUnique || isRolledBack(err) {
		return t.withTriggerHint(err)
	}

	// Two rows that swap values violate a unique index until both are written: drop the user's unique indexes, write the
	// rows, and create the indexes again.
	indexes, err := selectObjects(conn,
		"type = 'index' AND sql LIKE 'CREATE UNIQUE%' AND tbl_name = ? COLLATE NOCASE", t.Name)
	if err != nil {
		return err
	}

	for _, index := range indexes {
		if err := exec(conn, "DROP INDEX main."+schema.QuoteSQLite(index.name)); err != nil {
			return err
		}
	}

	if err := t.applyDifference(keep); err != nil {
		return t.withTriggerHint(err)
	}
	return t.recreateObjects(indexes)
}

// applyDifference writes the staged rows into the table. These are all rows or, if rows were compared while they
// arrived, only those that differ.
func (t *Table) applyDifference(keep bool) error {
	target := "main." + schema.QuoteSQLite(t.Name)
	columns := t.schema.ColumnNames()
	into := quotedList("", columns)
	from := quotedList("s.", columns)

	// Rows match by key or, without one, by their position in the table, which is the rowid.
	//
	// The + keeps SQLite from looking up each row of the target among the few staged ones. That would take long, while
	// the file is locked.
	match := "t." + t.rowid + " = +s." + t.rowid
	switch {
	case len(t.schema.Key) > 0:
		match = t.sameKey("+s.")
	case t.rowid == "": // nothing identifies a row: replace all
		if err := exec(t.staging.conn, "DELETE FROM "+target+" WHERE true"); err != nil {
			return err
		}
		return exec(t.staging.conn, "INSERT INTO "+target+" ("+into+") SELECT "+into+" FROM "+t.staged)
	default:
		into, from = into+", "+t.rowid, from+", s."+t.rowid
	}

	// Deletions come first: they free values of unique columns for the other rows.
	var statements []string
	if missing := t.missingRows(keep); missing != "" {
		statements = append(statements, "DELETE FROM "+target+" AS t WHERE "+missing)
	}

	var set, differs []string
	for _, c := range columns {
		if name := schema.QuoteSQLite(c); !slices.Contains(t.schema.Key, c) {
			set = append(set, name+" = s."+name)
			differs = append(differs, "t."+name+" IS NOT s."+name)
		}
	}

	// Leave equal rows alone: each write changes a page and fires triggers. With compare, no equal row is staged.
	if len(set) > 0 {
		update := "UPDATE " + target + " AS t SET " + strings.Join(set, ", ") + " FROM " + t.staged + " s WHERE " + match
		if !t.compare {
			update += " AND " + schema.AnyConditionSQLite(differs)
		}
		statements = append(statements, update)
	}

	statements = append(statements, "INSERT INTO "+target+" ("+into+") SELECT "+from+" FROM "+t.staged+
		" s WHERE NOT EXISTS (SELECT 1 FROM "+target+" t WHERE "+match+")")

	for _, q := range statements {
		if err := exec(t.staging.conn, q); err != nil {
			return err
		}
	}

	return nil
}

// missingRows is the condition on the rows t of the target that the source no longer has; "" if they stay.
func (t *Table) missingRows(keep bool) string {
	switch {
	case keep:
		return ""
	case t.compare:
		return "t." + t.rowid + " IN (SELECT id FROM " + t.missing + ")"
	case len(t.schema.Key) > 0:
		return "NOT EXISTS (SELECT 1 FROM " + t.staged + " s WHERE " + t.sameKey("s.") + ")"
	}
	return "t." + t.rowid + " NOT BETWEEN 1 AND " + strconv.FormatInt(t.writer.rows, 10)
}
