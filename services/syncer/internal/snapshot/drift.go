package snapshot

import (
	"fmt"
	"slices"
	"strings"

	"carstock/pkg/schema"
)

// drift says how the columns of a table differ from those of old, and whether SQLite cannot make that
// change in the table that there is. The order of the columns does not matter.
func drift(old *existing, now schema.Table) (text string, remake bool) {
	var changes []string
	for _, c := range now.Columns {
		i := slices.IndexFunc(old.Columns, func(o schema.Column) bool { return strings.EqualFold(o.Name, c.Name) })
		switch {
		case i < 0:
			changes = append(changes, "+"+c.Name+" "+c.SQLiteType())
			continue
		case old.Columns[i].Name != c.Name:
			changes, remake = append(changes, old.Columns[i].Name+" -> "+c.Name), true
		}
		if was := old.Columns[i].Type; was != c.SQLiteType() {
			changes, remake = append(changes, c.Name+" "+was+" -> "+c.SQLiteType()), true
		}
	}
	for _, c := range old.Columns {
		if !containsColumn(now, c.Name) {
			changes = append(changes, "-"+c.Name)
		}
	}
	if !slices.EqualFunc(old.Key, now.Key, strings.EqualFold) {
		remake = true
		changes = append(changes, "key ("+strings.Join(old.Key, ", ")+") -> ("+strings.Join(now.Key, ", ")+")")
	}
	if old.withoutRowid {
		changes, remake = append(changes, "WITHOUT ROWID"), true
	}
	return strings.Join(changes, ", "), remake
}

// checkOwnColumns refuses what the user's columns could not outlive, and warns of what they mean.
func (t *Table) checkUserColumns() error {
	for _, name := range t.old.userColumnNames(true) {
		if t.hasColumn(name) {
			return fmt.Errorf("the column %s of the table is not syncer's, and the view has a column of that name too: "+
				"rename yours (ALTER TABLE %s RENAME COLUMN %[1]s TO my_%[1]s), or give the view's another name", name, t.Name)
		}
	}
	if n := len(t.schema.Columns) + len(t.old.userColumns); n > maxColumns {
		return fmt.Errorf("with your own it has %d columns, and SQLite takes %d: leave some out of the view", n, maxColumns)
	}
	own := strings.Join(t.old.userColumnNames(false), ", ")
	if own == "" || len(t.schema.Key) > 0 {
		return nil
	}
	if len(t.old.Key) > 0 {
		return fmt.Errorf("its key was (%s) and there is none now, "+
			"so the contents of your own columns could not stay with their rows: "+
			"move them to a table of your own, or give the view a key in SYNC_VIEWS: %s", strings.Join(t.old.Key, ", "), own)
	}
	t.warnings = append(t.warnings, own+": without a key, the contents of your own columns stay at their place in the table "+
		"when rows come or go before them: give the view a key in SYNC_VIEWS")
	return nil
}

// inherit keeps a column of integers that once had to become one of texts. One that the source had
// declared as text, and has made a number, is none.
func (t *Table) keepWidened() error {
	kept, err := syncedColumns(t.staging.conn, t.Name)
	if err != nil {
		return err
	}
	outgrown := map[string]bool{}
	for _, c := range kept {
		declared := strings.ToLower(c.Type)
		outgrown[c.Name] = strings.Contains(declared, "unsigned") && strings.Contains(declared, "int") ||
			strings.HasPrefix(declared, "bit")
	}
	t.schema.Columns = slices.Clone(t.schema.Columns)
	for i, c := range t.schema.Columns {
		integer := c.Kind == schema.Integer && c.Unsigned || c.Kind == schema.Bit
		if j := slices.IndexFunc(t.old.Columns, func(o schema.Column) bool { return o.Name == c.Name }); integer && outgrown[c.Name] && j >= 0 && t.old.Columns[j].Type == "TEXT" {
			t.schema.Columns[i].Stored = "TEXT"
		}
	}
	return nil
}
