package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/sqltext"
)

// verdict is why a view cannot be read, or why a trigger cannot fire on INSERT, UPDATE or DELETE, each
// tried without any other trigger but those that let it write to a view; nil for what works.
type objectCheck struct {
	schemaObject
	failures []error
}

// since is the first failure that was not there before.
func (v objectCheck) newFailure(before []objectCheck) error {
	i := slices.IndexFunc(before, func(b objectCheck) bool { return b.kind == v.kind && b.name == v.name })
	for n, err := range v.failures {
		if err != nil && (i < 0 || n >= len(before[i].failures) || before[i].failures[n] == nil) {
			return err
		}
	}
	return nil
}

// examine tries the user's views and triggers, one by one. The columns in gone are not taken for texts.
func (s *Staging) checkObjects(gone []string) (found []objectCheck, err error) {
	views, err := selectObjects(s.conn, "type = 'view'")
	if err != nil {
		return nil, err
	}
	triggers, err := selectObjects(s.conn, "type = 'trigger'")
	if err != nil {
		return nil, err
	}
	for _, view := range views {
		v := objectCheck{schemaObject: view}
		err := tryAndUndo(s.conn, func() error {
			why := s.recreateStrict(view, gone)
			if why == nil {
				_, why = queryAll(s.conn, "EXPLAIN SELECT * FROM main."+schema.QuoteSQLite(view.name))
			}
			v.failures = []error{why}
			return nil
		})
		if err != nil {
			return nil, err
		}
		found = append(found, v)
	}
	for _, trigger := range triggers {
		v := objectCheck{schemaObject: trigger}
		err := tryAndUndo(s.conn, func() error {
			for _, other := range triggers {
				insteadOf := slices.ContainsFunc(views, func(v schemaObject) bool { return strings.EqualFold(v.name, other.table) })
				if other != trigger && (!insteadOf || strings.EqualFold(other.table, trigger.table)) {
					if err := exec(s.conn, "DROP TRIGGER main."+schema.QuoteSQLite(other.name)); err != nil {
						return err
					}
				}
			}
			v.failures, err = s.compileTriggers(trigger, gone)
			return err
		})
		if err != nil {
			return nil, err
		}
		found = append(found, v)
	}
	return found, nil
}

// fire gives the errors of compiling what fires a trigger.
func (s *Staging) compileTriggers(trigger schemaObject, gone []string) ([]error, error) {
	if why := s.recreateStrict(trigger, gone); why != nil {
		return allFail(why)
	}
	return compileChanges(s.conn, trigger.table)
}

// allFail is the outcome of changes where one reason stops all three.
func allFail(why error) ([]error, error) { return []error{why, why, why}, nil }

// recreate makes a view or trigger again in the strict form, where that is another one.
func (s *Staging) recreateStrict(o schemaObject, gone []string) error {
	q := sqltext.QuoteStrict(o.sql, gone)
	if q == o.sql {
		return nil
	}
	if err := exec(s.conn, "DROP "+strings.ToUpper(o.kind)+" main."+schema.QuoteSQLite(o.name)); err != nil {
		return err
	}
	return exec(s.conn, q)
}

// changes are the errors of compiling an INSERT, an UPDATE and a DELETE of a table or view, with the
// triggers that it has.
func compileChanges(conn *sqlite3.SQLiteConn, table string) ([]error, error) {
	rows, err := queryAll(conn, "SELECT name FROM pragma_table_xinfo(?, 'main') WHERE hidden = 0", table)
	if err != nil {
		return allFail(err) // a view that does not work has no columns
	}
	columns := make([]string, len(rows))
	set := make([]string, len(rows))
	for i, r := range rows {
		columns[i], _ = r[0].(string)
		set[i] = schema.QuoteSQLite(columns[i]) + " = " + schema.QuoteSQLite(columns[i])
	}
	list, target := quotedList("", columns), "main."+schema.QuoteSQLite(table)
	var failures []error
	for _, change := range []string{
		"INSERT INTO " + target + " (" + list + ") SELECT " + list + " FROM " + target,
		"UPDATE " + target + " SET " + strings.Join(set, ", "),
		"DELETE FROM " + target,
	} {
		_, err := queryAll(conn, "EXPLAIN "+change)
		if isDiskError(err) {
			return nil, err
		}
		failures = append(failures, err)
	}
	return failures, nil
}

// broken finds what the new columns of a table have broken, compared with before: views and triggers of
// other tables stay, as the column may come back; triggers that would fail each run are dropped.
func (t *Table) findBroken(before []objectCheck) error {
	after, err := t.staging.checkObjects(t.deletedColumns())
	if err != nil {
		return err
	}
	var triggers []objectCheck
	var views []string
	for _, v := range after {
		why := v.newFailure(before)
		switch {
		case why == nil:
		case v.kind == "view":
			views = append(views, v.name)
			t.lost = append(t.lost, fmt.Sprintf("the view %s no longer works: %v", v.name, why))
		default:
			v.failures = []error{why}
			triggers = append(triggers, v)
		}
	}
	for _, v := range triggers {
		if hasFold(views, v.table) {
			continue // it is the view that is named
		}
		blocks, err := t.staging.failsRuns(v)
		switch {
		case err != nil:
			return err
		case blocks:
			t.lost = append(t.lost, fmt.Sprintf("%s is gone: %v", v.name, v.failures[0]))
			if err := exec(t.staging.conn, "DROP TRIGGER main."+schema.QuoteSQLite(v.name)); err != nil {
				return err
			}
		default:
			t.lost = append(t.lost, fmt.Sprintf("the trigger %s on %s no longer works: %v", v.name, v.table, v.failures[0]))
		}
	}
	t.lost = append(t.lost, t.neverFiring(after)...)
	return nil
}

// idle names the table's triggers that work but never fire, since they are for columns that are gone.
func (t *Table) neverFiring(after []objectCheck) (words []string) {
	for _, v := range after {
		columns := sqltext.UpdateOfColumns(v.sql)
		if v.kind != "trigger" || !strings.EqualFold(v.table, t.Name) || len(columns) == 0 {
			continue
		}
		stays := func(column string) bool { return !hasFold(t.deletedColumns(), column) }
		if !slices.ContainsFunc(columns, stays) {
			words = append(words,
				fmt.Sprintf("the trigger %s no longer fires: no such column: %s", v.name, strings.Join(columns, ", ")))
		}
	}
	return words
}

// blocks reports whether a broken trigger would fail runs: it is on a copied table, or fires when a
// trigger of one changes its table.
func (s *Staging) failsRuns(v objectCheck) (bool, error) {
	var copied []string
	err := snapshotfile.Lend(s.conn, func(db *sqlx.DB) (err error) {
		copied, err = snapshotfile.CopiedTables(context.Background(), db)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, name := range copied {
		found, err := selectObjects(s.conn, "type = 'table' AND name = ? COLLATE NOCASE", name)
		if err != nil {
			return false, err
		}
		if len(found) == 0 {
			continue // someone has dropped it
		}
		if strings.EqualFold(name, v.table) {
			return true, nil
		}
		with, err := compileChanges(s.conn, name)
		if err != nil {
			return false, err
		}
		var without []error
		err = tryAndUndo(s.conn, func() error {
			if err := exec(s.conn, "DROP TRIGGER main."+schema.QuoteSQLite(v.name)); err != nil {
				return err
			}
			without, err = compileChanges(s.conn, name)
			return err
		})
		if err != nil {
			return false, err
		}
		for i := range with {
			if with[i] != nil && !sameError(with[i], without[i]) {
				return true, nil
			}
		}
	}
	return false, nil
}

// sameError reports whether SQLite has given the same error twice.
func sameError(a, b error) bool {
	var first, second sqlite3.Error
	return errors.As(a, &first) && errors.As(b, &second) && first == second
}

// blame adds to an error of changing the table which of the user's indexes and triggers is at fault, or
// may be.
func (t *Table) withTriggerHint(err error) error {
	if err == nil || isDiskError(err) {
		return err
	}
	made, e := selectObjects(t.staging.conn, "type IN ('index', 'trigger') AND tbl_name = ? COLLATE NOCASE", t.Name)
	if e != nil {
		return err
	}
	if faulty := t.faultyObjects(made); len(faulty) > 0 {
		return fmt.Errorf("%w; %s: drop it, or change it", err, strings.Join(faulty, "; "))
	}
	var triggers []string
	for _, o := range made {
		if o.kind == "trigger" {
			triggers = append(triggers, o.name)
		}
	}
	if len(triggers) > 0 {
		return fmt.Errorf("%w; it has triggers, which fire for the rows that differ: "+
			"if one of them is at fault, fix or drop it: %s", err, strings.Join(triggers, ", "))
	}
	return err
}

// checkIndexes refuses to go on where an index cannot work in syncer whatever the columns are: as it
// works for the user it is not dropped.
func (t *Table) checkIndexes() error {
	indexes, err := selectObjects(t.staging.conn, "type = 'index' AND tbl_name = ? COLLATE NOCASE", t.Name)
	if err != nil {
		return err
	}
	if faulty := t.faultyObjects(indexes); len(faulty) > 0 {
		return fmt.Errorf("%s: drop it, or change it", strings.Join(faulty, "; "))
	}
	return nil
}

// faulty says which of the table's indexes and triggers cannot work in syncer, and why.
func (t *Table) faultyObjects(made []schemaObject) (words []string) {
	failures, err := compileChanges(t.staging.conn, t.Name)
	if err != nil || !slices.ContainsFunc(failures, func(err error) bool { return err != nil }) {
		return nil
	}
	for _, o := range made {
		if why := t.objectFault(o); why != nil {
			words = append(words, fmt.Sprintf("the %s %s cannot work in syncer: %v", o.kind, o.name, why))
		}
	}
	return words
}

// fault is why an index or trigger of the table cannot work, tried without the others.
func (t *Table) objectFault(o schemaObject) (why error) {
	made, err := selectObjects(t.staging.conn, "type IN ('index', 'trigger') AND tbl_name = ? COLLATE NOCASE", t.Name)
	if err != nil {
		return nil
	}
	_ = tryAndUndo(t.staging.conn, func() error {
		for _, other := range made {
			if other == o {
				continue
			}
			if err := exec(t.staging.conn, "DROP "+strings.ToUpper(other.kind)+" main."+schema.QuoteSQLite(other.name)); err != nil {
				return err
			}
		}
		failures, err := compileChanges(t.staging.conn, t.Name)
		if i := slices.IndexFunc(failures, func(err error) bool { return err != nil }); i >= 0 {
			why = failures[i]
		}
		return err
	})
	return why
}
