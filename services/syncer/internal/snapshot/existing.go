package snapshot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
)

// existing is a table of the target: what syncer has put there, and what its user has added.
type existing struct {
	schema.Table // syncer's columns, with their types in SQLite, and the key

	own          []ownColumn // the user's columns
	rules        []string    // the user's constraints of the whole table, as they stand in the CREATE TABLE
	withoutRowid bool
}

// ownColumn is a column that the user has added to a copied table.
type ownColumn struct {
	name       string
	generated  bool   // its values follow from other columns
	definition string // as it stands in the CREATE TABLE
}

// ownNames are the user's columns: those with values of their own, and with generated the others too.
func (e *existing) ownNames(generated bool) (out []string) {
	if e == nil {
		return nil
	}
	for _, c := range e.own {
		if generated || !c.generated {
			out = append(out, c.name)
		}
	}
	return out
}

// readExisting reads a table of the target. It is nil if there is none, and an error if there is one that
// syncer has not made.
func readExisting(conn *sqlite3.SQLiteConn, name string) (*existing, error) {
	found, err := objects(conn, "name = ? COLLATE NOCASE AND type IN ('table', 'view')", name)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	ours, err := ourColumns(conn, name)
	if err != nil {
		return nil, err
	}
	if ours == nil || found[0].kind != "table" {
		return nil, fmt.Errorf("the file has a %s %s that is not syncer's: rename it, "+
			"or choose another name in SYNC_VIEWS, as in %[2]s=copy_of_%[2]s", found[0].kind, name)
	}
	written := definitions(found[0].sql)

	// Hidden are 2 and 3: generated columns, virtual and stored.
	rows, err := all(conn, "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?, 'main') ORDER BY cid", name)
	if err != nil {
		return nil, err
	}
	e := &existing{Table: schema.Table{Name: name}, rules: tableConstraints(found[0].sql)}
	key := map[int64]string{}
	for _, r := range rows {
		column, _ := r[0].(string)
		declared, _ := r[1].(string)
		hidden, _ := r[3].(int64)
		if hidden == 0 && hasFold(ours, column) {
			e.Columns = append(e.Columns, schema.Column{Name: column, Type: declared})
		} else {
			e.own = append(e.own, ownColumn{column, hidden != 0, written[strings.ToLower(column)]})
		}
		if place, _ := r[2].(int64); place > 0 {
			key[place] = column
		}
	}
	for i := range int64(len(key)) {
		e.Key = append(e.Key, key[i+1])
	}

	without, err := one(conn, "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE", name)
	e.withoutRowid = without == 1
	return e, err
}

// ourColumns are the columns that syncer has made in a table; nil if the table is not syncer's.
func ourColumns(conn *sqlite3.SQLiteConn, table string) ([]string, error) {
	n, err := one(conn, "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = ?", schema.ColumnsTable)
	if err != nil || n == 0 {
		return nil, err
	}
	rows, err := all(conn, "SELECT name FROM main."+schema.ColumnsTable+" WHERE table_name = ? COLLATE NOCASE", table)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, r := range rows {
		name, _ := r[0].(string)
		names = append(names, name)
	}
	return names, nil
}

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
		if !contains(now, c.Name) {
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
func (t *Table) checkOwnColumns() error {
	for _, name := range t.old.ownNames(true) {
		if t.has(name) {
			return fmt.Errorf("the column %s of the table is not syncer's, and the view has a column of that name too: "+
				"rename yours (ALTER TABLE %s RENAME COLUMN %[1]s TO my_%[1]s), or give the view's another name", name, t.Name)
		}
	}
	if n := len(t.t.Columns) + len(t.old.own); n > maxColumns {
		return fmt.Errorf("with your own it has %d columns, and SQLite takes %d: leave some out of the view", n, maxColumns)
	}
	own := strings.Join(t.old.ownNames(false), ", ")
	if own == "" || len(t.t.Key) > 0 {
		return nil
	}
	if len(t.old.Key) > 0 {
		return fmt.Errorf("its key was (%s) and there is none now, "+
			"so the contents of your own columns could not stay with their rows: "+
			"move them to a table of your own, or give the view a key in SYNC_VIEWS: %s", strings.Join(t.old.Key, ", "), own)
	}
	t.notes = append(t.notes, own+": without a key, the contents of your own columns stay at their place in the table "+
		"when rows come or go before them: give the view a key in SYNC_VIEWS")
	return nil
}

// rowidName is a name of the rowid that is not a column's; "" if the columns have taken all three.
func rowidName(t schema.Table, old *existing) string {
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		if !contains(t, name) && !hasFold(old.ownNames(true), name) && (old == nil || !contains(old.Table, name)) {
			return name
		}
	}
	return ""
}
