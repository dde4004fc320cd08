package snapshot

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
)

// ErrChanged is the error of a target whose tables another program has altered while rows were
// compared with them. The pass may begin again.
var ErrChanged = errors.New("another program has altered the file meanwhile")

// indexPrefix begins the names of the indexes that SYNC_INDEXES asks for.
const indexPrefix = "_sync_index_"

// Publish makes the staged tables those of the target, and records the run, all in one
// transaction: readers go on with the old tables until it commits. Rows missing from the source are
// deleted unless keep is set. Tables that were not staged stay, and so do the columns, indexes, triggers
// and views that the user has made; those that can no longer work are named in the run. The warning is of
// the published file, and "" for none.
func (s *Staging) Publish(keep bool, run *Run) (warning string, err error) {
	for _, t := range s.tables {
		if err := t.close(); err != nil {
			return "", err
		}
	}
	if s.fresh {
		if err = s.publish(keep, run); err == nil {
			err = s.sealed()
		}
	} else {
		// Only now: a run that publishes nothing changes nothing, in anybody's file.
		if err = errors.Join(exec(s.conn, "COMMIT"), exec(s.conn, "PRAGMA main.journal_mode = WAL")); err == nil {
			err = inTx(s.conn, func() error { return s.publish(keep, run) })
		}
	}
	if err != nil {
		return "", fmt.Errorf("publish to %s: %w", s.file.path, explain(err))
	}
	if !s.fresh {
		warning = s.tidy()
	}
	return warning, nil
}

// tidy makes room, once the snapshot is published: a lack of room for that is not a failure any
// more. The log holds the changed pages, and is emptied. A reader who still needs it is not waited for
// long, as the next run empties it. One who has needed it since before this run lets it grow with each run,
// and is warned of; not so a program that replaces SQLite's checkpoints by its own, as Litestream does.
func (s *Staging) tidy() (warning string) {
	_ = exec(s.conn, "DETACH staging")
	_ = s.file.removeStaging()
	_ = exec(s.conn, "PRAGMA busy_timeout = 1000")
	_ = exec(s.conn, "PRAGMA optimize")
	busy, err := one(s.conn, "PRAGMA wal_checkpoint(TRUNCATE)")
	_, log := Size(s.file.path)
	if err != nil || busy == 0 || s.log == 0 || log <= s.log {
		return ""
	}
	return fmt.Sprintf("another program has had a transaction open on the file since before this run, so the log, %s-wal, "+
		"cannot be emptied and has grown to %s: end that transaction, or that program",
		s.file.path, humanize.Bytes(uint64(log)))
}

func (s *Staging) publish(keep bool, run *Run) error {
	if !s.fresh {
		now, err := one(s.conn, "PRAGMA main.schema_version")
		if err != nil {
			return err
		}
		if now != s.schema {
			return ErrChanged
		}
	}
	if err := createTables(s.conn); err != nil {
		return err
	}

	// Columns first: what their change breaks must be out of the way before triggers fire for rows.
	if err := s.reshape(); err != nil {
		return err
	}
	for _, t := range s.tables {
		if err := t.publish(keep); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	for i := range run.Tables {
		r := &run.Tables[i]
		for _, t := range s.tables {
			if t.Name == r.Table {
				r.Lost, r.Warnings = t.lost, append(r.Warnings, t.notes...)
			}
		}
	}
	return insertRun(s.conn, run)
}

// reshape gives the tables whose columns differ from the view's the columns of the view.
func (s *Staging) reshape() error {
	for _, t := range s.tables {
		if t.old == nil || t.Drift == "" {
			continue
		}
		before, err := s.examine(nil)
		if err == nil {
			err = t.reshape()
		}
		if err == nil {
			err = t.broken(before)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return nil
}

func (t *Table) publish(keep bool) error {
	if !t.s.fresh {
		if t.old == nil {
			if err := exec(t.s.conn, t.t.CreateSQLite("main", t.Name)); err != nil {
				return err
			}
		}
		if err := t.apply(keep); err != nil {
			return err
		}
		if t.unindexed {
			if err := t.rebuildFullText(); err != nil {
				return err
			}
		}
	}
	if err := t.recordColumns(); err != nil {
		return err
	}
	return t.keepIndexes()
}

// apply changes the rows that differ, and touches no other page.
func (t *Table) apply(keep bool) error {
	conn := t.s.conn
	err := inSavepoint(conn, func() error { return t.difference(keep) })
	var e sqlite3.Error
	if !errors.As(err, &e) || e.ExtendedCode != sqlite3.ErrConstraintUnique {
		return t.blame(err)
	}

	// A unique index of the user's: the rows may break it on the way only, as two that swap values.
	indexes, err := objects(conn, "type = 'index' AND sql LIKE 'CREATE UNIQUE%' AND tbl_name = ? COLLATE NOCASE", t.Name)
	if err != nil {
		return err
	}
	for _, index := range indexes {
		if err := exec(conn, "DROP INDEX main."+schema.QuoteSQLite(index.name)); err != nil {
			return err
		}
	}
	if err := t.difference(keep); err != nil {
		return t.blame(err)
	}
	return t.restore(indexes)
}

// difference makes the rows of the table those that were staged: all rows, or those that differ where
// they were compared while they arrived.
func (t *Table) difference(keep bool) error {
	target := "main." + schema.QuoteSQLite(t.Name)
	columns := names(t.t)
	into := quoted("", columns)
	from := quoted("s.", columns)
	// The + keeps SQLite from looking each row of the target up in the few that are staged, which
	// would take long, under the lock.
	match := "t." + t.rowid + " = +s." + t.rowid
	switch {
	case len(t.t.Key) > 0:
		match = t.sameKey("+s.")
	case t.rowid == "": // rows cannot be told apart
		return errors.Join(exec(t.s.conn, "DELETE FROM "+target+" WHERE true"),
			exec(t.s.conn, "INSERT INTO "+target+" ("+into+") SELECT "+into+" FROM "+t.staged))
	default:
		into, from = into+", "+t.rowid, from+", s."+t.rowid
	}

	var statements []string
	switch {
	case keep:
	case t.compare:
		statements = append(statements, "DELETE FROM "+target+" WHERE "+t.rowid+" IN (SELECT id FROM "+t.missing+")")
	case len(t.t.Key) > 0:
		statements = append(statements, "DELETE FROM "+target+" AS t WHERE NOT EXISTS (SELECT 1 FROM "+t.staged+" s WHERE "+
			t.sameKey("s.")+")")
	default:
		statements = append(statements, "DELETE FROM "+target+" WHERE "+
			t.rowid+" NOT BETWEEN 1 AND "+strconv.FormatInt(t.rows, 10))
	}

	var set, differ []string
	for _, c := range columns {
		if name := schema.QuoteSQLite(c); !slices.Contains(t.t.Key, c) {
			set = append(set, name+" = s."+name)
			differ = append(differ, "t."+name+" IS NOT s."+name)
		}
	}
	if len(set) > 0 {
		update := "UPDATE " + target + " AS t SET " + strings.Join(set, ", ") + " FROM " + t.staged + " s WHERE " + match
		if !t.compare {
			update += " AND (" + anyOf(differ) + ")"
		}
		statements = append(statements, update)
	}
	statements = append(statements, "INSERT INTO "+target+" ("+into+") SELECT "+from+" FROM "+t.staged+
		" s WHERE NOT EXISTS (SELECT 1 FROM "+target+" t WHERE "+match+")")
	for _, q := range statements {
		if err := exec(t.s.conn, q); err != nil {
			return err
		}
	}
	return nil
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
