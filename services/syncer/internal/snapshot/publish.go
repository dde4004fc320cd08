package snapshot

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
)

// ErrChanged is the error of a target whose tables another program has altered while rows were
// compared with them. The pass may begin again.
var ErrChanged = errors.New("another program has altered the file meanwhile")

// indexPrefix begins the names of the indexes that SYNC_INDEXES asks for.
const indexPrefix = "_sync_index_"

// Publish makes the staged tables those of the target, and records the run, all in one
// transaction: readers go on with the old tables until it commits. Rows that have not arrived go,
// unless keep. Tables that were not staged stay, and so do indexes, triggers and views that the
// user has made; those that cannot are named in lost.
func (s *Staging) Publish(keep bool, run *Run) (lost []string, err error) {
	for _, t := range s.tables {
		if err := t.close(); err != nil {
			return nil, err
		}
	}
	if s.fresh {
		if _, err = s.publish(keep, run); err == nil {
			err = s.sealed()
		}
	} else {
		// Only now: a pass that publishes nothing changes nothing, in whoever's file it is.
		if err = errors.Join(exec(s.conn, "COMMIT"), exec(s.conn, "PRAGMA main.journal_mode = WAL")); err == nil {
			err = inTx(s.conn, func() error {
				lost, err = s.publish(keep, run)
				return err
			})
		}
	}
	if err != nil {
		return nil, fmt.Errorf("publish to %s: %w", s.file.path, explain(err))
	}
	if !s.fresh {
		s.tidy()
	}
	return lost, nil
}

// tidy makes room, once the snapshot is published: that there is none for it is no failure any
// more. The log holds the changed pages, and is emptied, for which a reader who still needs it is
// not waited for long: the next pass does it.
func (s *Staging) tidy() {
	_ = exec(s.conn, "DETACH staging")
	_ = s.file.removeStaging()
	_ = exec(s.conn, "PRAGMA busy_timeout = 1000")
	_ = exec(s.conn, "PRAGMA optimize")
	_ = exec(s.conn, "PRAGMA wal_checkpoint(TRUNCATE)")
}

func (s *Staging) publish(keep bool, run *Run) (lost []string, err error) {
	if !s.fresh {
		now, err := one(s.conn, "PRAGMA main.schema_version")
		if err != nil {
			return nil, err
		}
		if now != s.schema {
			return nil, ErrChanged
		}
	}
	if err := createTables(s.conn); err != nil {
		return nil, err
	}
	// Tables made anew come first: what that breaks must be out of the way before the others' triggers
	// are compiled.
	for _, compared := range []bool{false, true} {
		for _, t := range s.tables {
			if t.compare != compared {
				continue
			}
			gone, err := t.publish(keep)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.Name, err)
			}
			lost = append(lost, gone...)
		}
		if !compared && s.changed() != "" {
			gone, err := s.broken()
			if err != nil {
				return nil, err
			}
			lost = append(lost, gone...)
		}
	}
	for i := range run.Tables {
		run.Tables[i].Lost = lostOf(lost, run.Tables[i].Table)
	}
	return lost, insertRun(s.conn, run)
}

func (t *Table) publish(keep bool) (lost []string, err error) {
	switch {
	case t.s.fresh:
	case !t.compare:
		lost, err = t.rebuild(keep)
	default:
		lost, err = t.apply(keep)
	}
	if err != nil {
		return nil, err
	}
	if err := t.recordColumns(); err != nil {
		return nil, err
	}
	return lost, t.keepIndexes()
}

// apply changes the rows that differ, and touches no other page.
func (t *Table) apply(keep bool) (lost []string, err error) {
	conn := t.s.conn
	err = inSavepoint(conn, func() error { return t.difference(keep) })
	var e sqlite3.Error
	if !errors.As(err, &e) || e.ExtendedCode != sqlite3.ErrConstraintUnique {
		return nil, t.blame(err)
	}
	// A unique index of the user's: the rows may break it on the way only, as two that swap values.
	indexes, err := all(conn, "SELECT name, sql FROM main.sqlite_schema WHERE type = 'index' AND sql LIKE 'CREATE UNIQUE%' AND tbl_name = ? COLLATE NOCASE", t.Name)
	if err != nil {
		return nil, err
	}
	for _, index := range indexes {
		if err := exec(conn, "DROP INDEX main."+schema.QuoteSQLite(index[0].(string))); err != nil {
			return nil, err
		}
	}
	if err := t.difference(keep); err != nil {
		return nil, err
	}
	return restore(conn, t.Name, indexes, t.remake)
}

func (t *Table) difference(keep bool) error {
	target := "main." + schema.QuoteSQLite(t.Name)
	// The + keeps SQLite from looking each row of the target up in the few that are staged, which
	// would take long, under the lock.
	match := "t." + t.rowid + " = +s." + t.rowid
	columns := names(t.t)
	into := quoted("", columns)
	from := quoted("s.", columns)
	if len(t.t.Key) > 0 {
		match = t.sameKey("+s.")
	} else {
		into, from = into+", "+t.rowid, from+", s."+t.rowid
	}
	var set []string
	for _, c := range columns {
		if !slices.Contains(t.t.Key, c) {
			set = append(set, schema.QuoteSQLite(c)+" = s."+schema.QuoteSQLite(c))
		}
	}
	var statements []string
	if !keep {
		statements = append(statements, "DELETE FROM "+target+" WHERE "+t.rowid+" IN (SELECT id FROM "+t.gone+")")
	}
	if len(set) > 0 {
		statements = append(statements, "UPDATE "+target+" AS t SET "+strings.Join(set, ", ")+" FROM "+t.staged+" s WHERE "+match)
	}
	statements = append(statements, "INSERT INTO "+target+" ("+into+") SELECT "+from+" FROM "+t.staged+" s WHERE NOT EXISTS (SELECT 1 FROM "+target+" t WHERE "+match+")")
	for _, q := range statements {
		if err := exec(t.s.conn, q); err != nil {
			return err
		}
	}
	return nil
}

// blame adds to an error that may be one of the user's triggers their names.
func (t *Table) blame(err error) error {
	if err == nil {
		return nil
	}
	triggers, e := all(t.s.conn, "SELECT name FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE", t.Name)
	if e != nil || len(triggers) == 0 {
		return err
	}
	words := make([]string, len(triggers))
	for i, r := range triggers {
		words[i], _ = r[0].(string)
	}
	return fmt.Errorf("%w; it has triggers, which fire for the rows that differ: if one of them is at fault, mend or drop it: %s", err, strings.Join(words, ", "))
}

// broken finds what new columns have broken elsewhere: triggers on copied tables, which would fail
// each pass and are dropped, and views, which stay, as the column may come back.
func (s *Staging) broken() (lost []string, err error) {
	tables, err := all(s.conn, "SELECT DISTINCT tbl_name FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name IN (SELECT table_name FROM main."+schema.ColumnsTable+")")
	if err != nil {
		return nil, err
	}
	for _, r := range tables {
		table, _ := r[0].(string)
		if fires(s.conn, table) == nil {
			continue
		}
		triggers, err := all(s.conn, "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ?", table)
		if err != nil {
			return nil, err
		}
		for _, m := range triggers {
			if err := exec(s.conn, "DROP TRIGGER main."+schema.QuoteSQLite(m[0].(string))); err != nil {
				return nil, err
			}
		}
		gone, err := restore(s.conn, s.changed(), triggers, func(q string) error { return errors.Join(exec(s.conn, q), fires(s.conn, table)) })
		if err != nil {
			return nil, err
		}
		lost = append(lost, gone...)
	}
	views, err := all(s.conn, "SELECT name FROM main.sqlite_schema WHERE type = 'view'")
	if err != nil {
		return nil, err
	}
	for _, r := range views {
		name, _ := r[0].(string)
		if _, why := all(s.conn, "EXPLAIN SELECT * FROM main."+schema.QuoteSQLite(name)); why != nil {
			lost = append(lost, fmt.Sprintf("%s: the view %s no longer works: %v", s.changed(), name, why))
		}
	}
	return lost, nil
}

// changed is the first table whose columns have changed, under which the report names what that
// broke; "" for none.
func (s *Staging) changed() string {
	for _, t := range s.tables {
		if t.old != nil && t.Drift != "" {
			return t.Name
		}
	}
	return ""
}

// fires reports why a table's triggers cannot fire.
func fires(conn *sqlite3.SQLiteConn, table string) error {
	columns, err := all(conn, "SELECT name FROM pragma_table_info(?, 'main')", table)
	if err != nil {
		return err
	}
	set := make([]string, len(columns))
	for i, c := range columns {
		name, _ := c[0].(string)
		set[i] = schema.QuoteSQLite(name) + " = " + schema.QuoteSQLite(name)
	}
	table = "main." + schema.QuoteSQLite(table)
	for _, change := range []string{"INSERT INTO " + table + " SELECT * FROM " + table, "UPDATE " + table + " SET " + strings.Join(set, ", "), "DELETE FROM " + table} {
		if _, err := all(conn, "EXPLAIN "+change); err != nil {
			return err
		}
	}
	return nil
}

// incoming is the name of a table until it takes its own.
const incoming = "_sync_incoming"

// rebuild makes a new table and puts it in the place of the old one. What it says of main. matters:
// an unqualified name that main lacks would mean a staged table.
func (t *Table) rebuild(keep bool) (lost []string, err error) {
	conn, name := t.s.conn, schema.QuoteSQLite(t.Name)
	made, err := all(conn, "SELECT name, sql FROM main.sqlite_schema WHERE tbl_name = ? COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL", t.Name)
	if err != nil {
		return nil, err
	}
	statements := []string{
		"DROP TABLE IF EXISTS main." + incoming,
		t.t.CreateSQLite("main", incoming),
	}
	statements = append(statements, "INSERT INTO main."+incoming+" SELECT * FROM "+t.staged)
	if keep && t.old != nil {
		var shared []string
		for _, c := range names(t.t) {
			if contains(*t.old, c) {
				shared = append(shared, c)
			}
		}
		columns := quoted("", shared)
		statements = append(statements, "INSERT OR IGNORE INTO main."+incoming+" ("+columns+") SELECT "+columns+" FROM main."+name)
	}
	statements = append(statements,
		"DROP TABLE IF EXISTS main."+name,
		"ALTER TABLE main."+incoming+" RENAME TO "+name)
	for _, q := range statements {
		if err := exec(conn, q); err != nil {
			return nil, err
		}
	}
	return restore(conn, t.Name, made, t.remake)
}

// restore makes indexes and triggers again, and names those that cannot be, with the reason, under
// the table that the change came from.
func restore(conn *sqlite3.SQLiteConn, table string, made [][]driver.Value, remake func(string) error) (lost []string, err error) {
	for _, m := range made {
		name, _ := m[0].(string)
		q, _ := m[1].(string)
		if strings.HasPrefix(name, indexPrefix) {
			continue // made anew by keepIndexes
		}
		if err := inSavepoint(conn, func() error { return remake(q) }); err != nil {
			var e sqlite3.Error
			if errors.As(err, &e) && (e.Code == sqlite3.ErrFull || e.Code == sqlite3.ErrIoErr) {
				return nil, err
			}
			lost = append(lost, fmt.Sprintf("%s: %s is gone: %v", table, name, err))
		}
	}
	return lost, nil
}

// remake makes an index or a trigger again. Not all that they need is looked for by SQLite: in an
// index, a column in "..." that is gone becomes a text; and what a trigger lacks is missed when it
// fires, which would fail each pass from then on.
func (t *Table) remake(q string) error {
	if t.old != nil && !strings.HasPrefix(q, "CREATE TRIGGER") {
		for _, c := range names(*t.old) {
			if !t.has(c) && strings.Contains(strings.ToLower(q), strings.ToLower(schema.QuoteSQLite(c))) {
				return fmt.Errorf("no such column: %s", c)
			}
		}
	}
	if err := exec(t.s.conn, q); err != nil {
		return err
	}
	return fires(t.s.conn, t.Name)
}

func lostOf(lost []string, table string) (out []string) {
	for _, l := range lost {
		if text, ok := strings.CutPrefix(l, table+": "); ok {
			out = append(out, text)
		}
	}
	return out
}

// keepIndexes makes the indexes that SYNC_INDEXES asks for, and drops those that it has asked for.
func (t *Table) keepIndexes() error {
	rows, err := all(t.s.conn, `SELECT name FROM main.sqlite_schema WHERE type = 'index' AND tbl_name = ? COLLATE NOCASE AND name LIKE '~_sync~_index~_%' ESCAPE '~'`, t.Name)
	if err != nil {
		return err
	}
	have := map[string]bool{}
	for _, r := range rows {
		have[r[0].(string)] = true
	}
	wanted := map[string]string{}
	for _, columns := range t.indexes {
		// The brackets tell the column a_b from the columns a and b.
		name := indexPrefix + t.Name + "(" + strings.Join(columns, ",") + ")"
		wanted[name] = "CREATE INDEX main." + schema.QuoteSQLite(name) + " ON " + schema.QuoteSQLite(t.Name) + " (" + quoted("", columns) + ")"
	}
	for name := range have {
		if wanted[name] == "" {
			if err := exec(t.s.conn, "DROP INDEX main."+schema.QuoteSQLite(name)); err != nil {
				return err
			}
		}
	}
	for name, q := range wanted {
		if !have[name] {
			if err := exec(t.s.conn, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// recordColumns keeps how the source declares the columns, where that is not kept already.
func (t *Table) recordColumns() error {
	kept, err := all(t.s.conn, "SELECT name, source_type, nullable, comment FROM main."+schema.ColumnsTable+" WHERE table_name = ? ORDER BY position", t.Name)
	if err != nil {
		return err
	}
	same := len(kept) == len(t.t.Columns)
	for i := 0; same && i < len(kept); i++ {
		c := t.t.Columns[i]
		nullable, _ := kept[i][2].(int64)
		same = kept[i][0] == c.Name && kept[i][1] == c.Type && nullable == 1 == c.Nullable && kept[i][3] == c.Comment
	}
	if same {
		return nil
	}
	if err := exec(t.s.conn, "DELETE FROM main."+schema.ColumnsTable+" WHERE table_name = ? COLLATE NOCASE", t.Name); err != nil {
		return err
	}
	for i, c := range t.t.Columns {
		err := exec(t.s.conn, "INSERT INTO main."+schema.ColumnsTable+" VALUES (?, ?, ?, ?, ?, ?)",
			t.Name, int64(i+1), c.Name, c.Type, c.Nullable, c.Comment)
		if err != nil {
			return err
		}
	}
	return nil
}

func inSavepoint(conn *sqlite3.SQLiteConn, do func() error) error {
	if err := exec(conn, "SAVEPOINT part"); err != nil {
		return err
	}
	err := do()
	if err != nil && conn.AutoCommit() {
		return err // SQLite has rolled all back
	}
	if err != nil {
		if back := exec(conn, "ROLLBACK TO part"); back != nil {
			return errors.Join(err, back)
		}
	}
	return errors.Join(err, exec(conn, "RELEASE part"))
}
