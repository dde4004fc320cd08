package snapshot

import (
	"fmt"
	"slices"
	"strings"

	"carstock/pkg/schema"
)

// drift describes how the columns of a view differ from those of its table, "" if they are the same. The result
// recreate reports whether SQLite cannot make that change in the existing table. The order of the columns does not
// matter.
func drift(old *existingTable, now schema.Table) (text string, recreate bool) {
	var changes []string
	for _, c := range now.Columns {
		i := slices.IndexFunc(old.Columns, func(o schema.Column) bool { return strings.EqualFold(o.Name, c.Name) })
		switch {
		case i < 0:
			changes = append(changes, "+"+c.Name+" "+c.SQLiteType())
			continue
		case old.Columns[i].Name != c.Name: // the two differ in case
			changes, recreate = append(changes, old.Columns[i].Name+" -> "+c.Name), true
		}

		if was := old.Columns[i].Type; was != c.SQLiteType() {
			changes, recreate = append(changes, c.Name+" "+was+" -> "+c.SQLiteType()), true
		}
	}

	for _, c := range old.Columns {
		if !containsColumn(now, c.Name) {
			changes = append(changes, "-"+c.Name)
		}
	}

	if !slices.EqualFunc(old.Key, now.Key, strings.EqualFold) {
		recreate = true
		changes = append(changes, "key ("+strings.Join(old.Key, ", ")+") -> ("+strings.Join(now.Key, ", ")+")")
	}
	if old.withoutRowid {
		changes, recreate = append(changes, "WITHOUT ROWID"), true
	}
	return strings.Join(changes, ", "), recreate
}

// checkUserColumns refuses a table whose user columns could not be kept, and warns where they do not stay with their
// rows.
func (t *Table) checkUserColumns() error {
	for _, name := range t.old.userColumnNames(true) {
		if t.hasColumn(name) {
			return fmt.Errorf("the column %s of the table is not syncer's, and the view has a column of that name too: "+
				"rename yours (ALTER TABLE %s RENAME COLUMN %[1]s TO my_%[1]s), or the view's", name, t.Name)
		}
	}

	if n := len(t.schema.Columns) + len(t.old.userColumns); n > maxColumns {
		return fmt.Errorf("with your own it has %d columns, but SQLite allows %d: leave some out of the view", n, maxColumns)
	}

	// With a key, the contents of the user's columns stay with their rows.
	columns := strings.Join(t.old.userColumnNames(false), ", ")
	if columns == "" || len(t.schema.Key) > 0 {
		return nil
	}
	if len(t.old.Key) > 0 {
		return fmt.Errorf("its key was (%s), and it has none now, "+
			"so the contents of your own columns could not stay with their rows: "+
			"move them to a table of your own, or give the view a key in SYNC_VIEWS: %s",
			strings.Join(t.old.Key, ", "), columns)
	}

	t.warnings = append(t.warnings, columns+": without a key, the contents of your own columns stay at their place "+
		"in the table when rows are inserted or deleted before them: give the view a key in SYNC_VIEWS")
	return nil
}

// keepWidened keeps a column of integers as TEXT if an earlier run had to widen it, but not if the source itself
// declared it as text before.
func (t *Table) keepWidened() error {
	recorded, err := syncedColumns(t.staging.conn, t.Name)
	if err != nil {
		return err
	}

	// Only a column of one of these types can have been widened.
	wasInteger := map[string]bool{}
	for _, c := range recorded {
		declared := strings.ToLower(c.Type)
		wasInteger[c.Name] = strings.Contains(declared, "unsigned") && strings.Contains(declared, "int") ||
			strings.HasPrefix(declared, "bit")
	}

	t.schema.Columns = slices.Clone(t.schema.Columns)
	for i, c := range t.schema.Columns {
		canOverflow := c.Kind == schema.Integer && c.Unsigned || c.Kind == schema.Bit
		if !canOverflow || !wasInteger[c.Name] {
			continue
		}
		isText := func(o schema.Column) bool { return o.Name == c.Name && o.Type == "TEXT" }
		if slices.ContainsFunc(t.old.Columns, isText) {
			t.schema.Columns[i].Stored = "TEXT"
		}
	}

	return nil
}
