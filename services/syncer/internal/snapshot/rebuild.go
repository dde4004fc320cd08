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
const incoming = "_sync_incoming"

// replace makes a new table in the place of the old one, and copies the old rows into it. What it says
// of main. matters: an unqualified name that main lacks would mean a staged table.
func (t *Table) replace() error {
	conn, name := t.s.conn, schema.QuoteSQLite(t.Name)
	made, err := objects(conn, "type IN ('index', 'trigger') AND tbl_name = ? COLLATE NOCASE", t.Name)
	if err != nil {
		return err
	}
	if err := t.blame(t.takeNewKey()); err != nil {
		return err
	}
	if err := t.createIncoming(); err != nil {
		return err
	}

	triggered := slices.ContainsFunc(made, func(o object) bool { return o.kind == "trigger" })
	if err := t.copyRows(triggered); err != nil {
		return err
	}
	for _, q := range []string{"DROP TABLE main." + name, "ALTER TABLE main." + incoming + " RENAME TO " + name} {
		if err := exec(conn, q); err != nil {
			return err
		}
	}
	if err := t.restore(made); err != nil {
		return err
	}
	if t.unindexed = !triggered; t.unindexed {
		return nil // full-text indexes are made again when the rows are there
	}
	return t.rebuildFullText()
}

// takeNewKey gives the old rows the new key's values, as long as the old key says which row is which: the
// contents of the user's columns would otherwise go with a row whose new key has another value now.
func (t *Table) takeNewKey() error {
	if len(t.old.ownNames(false)) == 0 || len(t.old.Key) == 0 || t.sameKeyColumns() {
		return nil
	}
	conditions := make([]string, len(t.old.Key))
	for i, k := range t.old.Key {
		if !t.has(k) {
			return nil
		}
		conditions[i] = "t." + schema.QuoteSQLite(k) + " = s." + schema.QuoteSQLite(k)
	}

	target, same := "main."+schema.QuoteSQLite(t.Name), strings.Join(conditions, " AND ")
	statements := []string{
		"DELETE FROM " + target + " AS t WHERE NOT EXISTS (SELECT 1 FROM " + t.staged + " s WHERE " + same + ")",
	}
	for _, k := range t.t.Key {
		name := schema.QuoteSQLite(k)
		if !contains(t.old.Table, k) {
			i := slices.IndexFunc(t.t.Columns, func(c schema.Column) bool { return c.Name == k })
			c := schema.Column{Name: k, Type: t.t.Columns[i].SQLiteType()}
			statements = append(statements, "ALTER TABLE "+target+" ADD COLUMN "+name+" "+c.Type)
			t.old.Columns = append(t.old.Columns, c)
		}
		if !hasFold(t.old.Key, k) {
			statements = append(statements, "UPDATE "+target+" AS t SET "+name+" = s."+name+" FROM "+t.staged+" s WHERE "+
				same+" AND t."+name+" IS NOT s."+name)
		}
	}
	for _, q := range statements {
		if err := exec(t.s.conn, q); err != nil {
			return err
		}
	}
	return nil
}

// createIncoming makes the new table with those of the user's columns that work in it. One that does
// not is named if it is generated; one with values of its own is an error, since they would be lost. The user's
// constraints stay likewise, or are named.
func (t *Table) createIncoming() error {
	conn, gone := t.s.conn, t.gone()
	create := func(own []string) error { return exec(conn, t.t.CreateSQLite("main", incoming, own...)) }
	if err := exec(conn, "DROP TABLE IF EXISTS main."+incoming); err != nil {
		return err
	}
	var kept []string
	left := t.old.own
	for tried := true; tried && len(left) > 0; {
		tried = false
		var not []ownColumn
		for _, c := range left {
			with := append(slices.Clone(kept), c.definition)
			if c.definition != "" && attempt(conn, func() error { return create(strictAll(with, gone)) }) == nil {
				kept, tried = with, true
			} else {
				not = append(not, c)
			}
		}
		left = not
	}
	for _, c := range left {
		with := append(slices.Clone(kept), c.definition)
		err := attempt(conn, func() error { return create(strictAll(with, gone)) })
		if !c.generated {
			return fmt.Errorf("its columns have changed (%s), and your own column %s cannot stay (%w): "+
				"drop it, or define it again without what it says of them", t.Drift, c.name, err)
		}
		t.dropped = append(t.dropped, c.name)
		t.lost = append(t.lost, fmt.Sprintf("%s is gone: %v", c.name, err))
	}
	for _, rule := range t.old.rules {
		with := append(slices.Clone(kept), rule)
		if err := attempt(conn, func() error { return create(strictAll(with, gone)) }); err != nil {
			t.lost = append(t.lost, fmt.Sprintf("%s is gone: %v", rule, err))
		} else {
			kept = with
		}
	}
	return create(kept)
}

func strictAll(sql, names []string) []string {
	out := make([]string, len(sql))
	for i := range sql {
		out[i] = sqltext.Strict(sql[i], names)
	}
	return out
}

// copyRows fills the new table with the old one's rows. Rows that do not fit the new key are deleted
// from the old table instead, for which its triggers fire; that is refused where it would cost the user
// contents.
func (t *Table) copyRows(triggered bool) error {
	own := t.old.ownNames(false)
	moves := t.keyIsRowid() && !t.keyWasRowid()
	if moves && triggered && len(own) == 0 {
		return t.empty()
	}

	var columns []string
	for _, c := range names(t.t) {
		if contains(t.old.Table, c) {
			columns = append(columns, c)
		} else if slices.Contains(t.t.Key, c) {
			return t.misfit(fmt.Errorf("they have no %s", c))
		}
	}
	into := quoted("", append(columns, own...))
	if t.rowid != "" && !t.old.withoutRowid && !t.keyIsRowid() {
		into = strings.TrimSuffix(t.rowid+", "+into, ", ")
	}
	if into == "" {
		return t.empty()
	}
	copying := "INSERT INTO main." + incoming + " (" + into + ") SELECT " + into + " FROM main." +
		schema.QuoteSQLite(t.Name)
	err := inSavepoint(t.s.conn, func() error { return exec(t.s.conn, copying) })
	var e sqlite3.Error
	switch {
	case err == nil && moves && triggered:
		t.notes = append(t.notes, "the rowids are those of the new key now, and triggers did not fire for that: "+
			"fill again what they keep by rowid")
	case errors.As(err, &e) && (e.Code == sqlite3.ErrConstraint || e.Code == sqlite3.ErrMismatch):
		return t.misfit(err)
	}
	return err
}

// misfit deletes the old rows, which cannot stay for the given reason, unless that would cost the user
// contents.
func (t *Table) misfit(why error) error {
	if own := t.old.ownNames(false); len(own) > 0 {
		return fmt.Errorf("its columns have changed (%s), and its rows do not fit that (%w), "+
			"so the contents of your own columns could not stay with them: move them to a table of your own: %s",
			t.Drift, why, strings.Join(own, ", "))
	}
	return t.empty()
}

// empty deletes the old rows; the new ones are all inserted then.
func (t *Table) empty() error {
	return t.blame(exec(t.s.conn, "DELETE FROM main."+schema.QuoteSQLite(t.Name)+" WHERE true"))
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

func (t *Table) sameKeyColumns() bool { return slices.EqualFunc(t.old.Key, t.t.Key, strings.EqualFold) }
