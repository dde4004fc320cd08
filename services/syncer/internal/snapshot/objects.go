package snapshot

import (
	"context"
	"database/sql/driver"
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

// schemaObject is a table, index, trigger or view of the file.
type schemaObject struct{ kind, name, table, sql string }

// selectObjects returns the objects that a condition on sqlite_schema selects. It leaves out SQLite's own indexes.
func selectObjects(conn *sqlite3.SQLiteConn, where string, args ...driver.Value) (found []schemaObject, err error) {
	rows, err := queryAll(conn, "SELECT type, name, tbl_name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL AND "+
		where+" ORDER BY rowid", args...)
	for _, r := range rows {
		var o schemaObject
		o.kind, _ = r[0].(string)
		o.name, _ = r[1].(string)
		o.table, _ = r[2].(string)
		o.sql, _ = r[3].(string)
		found = append(found, o)
	}
	return found, err
}

// objectCheck is a view or trigger with what is wrong with it, nil for what works: for a view the error of reading it,
// for a trigger the errors of an INSERT, an UPDATE and a DELETE that fire it. Each trigger is tried without any other
// trigger, except those that make a view writable.
type objectCheck struct {
	schemaObject
	failures []error
}

// newFailure returns the first failure that the check before did not have.
func (v objectCheck) newFailure(before []objectCheck) error {
	i := slices.IndexFunc(before, func(b objectCheck) bool { return b.kind == v.kind && b.name == v.name })
	for n, err := range v.failures {
		if err != nil && (i < 0 || n >= len(before[i].failures) || before[i].failures[n] == nil) {
			return err
		}
	}
	return nil
}

// checkObjects tries the user's views and triggers, one by one. The names of deleted columns never count as texts.
func (s *Staging) checkObjects(deleted []string) (checks []objectCheck, err error) {
	views, err := selectObjects(s.conn, "type = 'view'")
	if err != nil {
		return nil, err
	}

	triggers, err := selectObjects(s.conn, "type = 'trigger'")
	if err != nil {
		return nil, err
	}

	// A view works if a statement that reads it compiles.
	for _, view := range views {
		check := objectCheck{schemaObject: view}
		err := tryAndUndo(s.conn, func() error {
			failure := s.recreateStrict(view, deleted)
			if failure == nil {
				_, failure = queryAll(s.conn, "EXPLAIN SELECT * FROM main."+schema.QuoteSQLite(view.name))
			}
			check.failures = []error{failure}
			return nil
		})
		if err != nil {
			return nil, err
		}
		checks = append(checks, check)
	}

	// A trigger works if the statements that fire it compile, without the other triggers.
	for _, trigger := range triggers {
		check := objectCheck{schemaObject: trigger}
		err := tryAndUndo(s.conn, func() error {
			if err := s.dropOtherTriggers(trigger, triggers, views); err != nil {
				return err
			}
			check.failures, err = s.compileTriggers(trigger, deleted)
			return err
		})
		if err != nil {
			return nil, err
		}
		checks = append(checks, check)
	}

	return checks, nil
}

// dropOtherTriggers drops all triggers but one, except those that make other views writable.
func (s *Staging) dropOtherTriggers(trigger schemaObject, triggers, views []schemaObject) error {
	for _, other := range triggers {
		isInsteadOf := slices.ContainsFunc(views, func(v schemaObject) bool { return strings.EqualFold(v.name, other.table) })
		if other != trigger && (!isInsteadOf || strings.EqualFold(other.table, trigger.table)) {
			if err := exec(s.conn, "DROP TRIGGER main."+schema.QuoteSQLite(other.name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// compileTriggers returns the errors of compiling the statements that fire a trigger.
func (s *Staging) compileTriggers(trigger schemaObject, deleted []string) ([]error, error) {
	if failure := s.recreateStrict(trigger, deleted); failure != nil {
		return allFail(failure)
	}
	return compileChanges(s.conn, trigger.table)
}

// allFail is the result of compileChanges if one error stops all three statements.
func allFail(failure error) ([]error, error) { return []error{failure, failure, failure}, nil }

// recreateStrict creates a view or trigger again with strict quotes, if that makes a difference.
func (s *Staging) recreateStrict(o schemaObject, deleted []string) error {
	q := sqltext.QuoteStrict(o.sql, deleted)
	if q == o.sql {
		return nil
	}
	if err := exec(s.conn, "DROP "+strings.ToUpper(o.kind)+" main."+schema.QuoteSQLite(o.name)); err != nil {
		return err
	}
	return exec(s.conn, q)
}

// compileChanges returns the errors of compiling an INSERT, an UPDATE and a DELETE of a table or view, with its
// triggers.
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

	// EXPLAIN compiles a statement without executing it.
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

// findBroken adds to lost what the new columns of a table have broken, compared with the check before. Broken views and
// triggers of other tables stay, as the column may come back. Triggers that would fail each run are dropped.
func (t *Table) findBroken(before []objectCheck) error {
	after, err := t.staging.checkObjects(t.deletedColumns())
	if err != nil {
		return err
	}

	// Find what worked before and fails now.
	var triggers []objectCheck
	var views []string
	for _, v := range after {
		failure := v.newFailure(before)
		switch {
		case failure == nil:
		case v.kind == "view":
			views = append(views, v.name)
			t.lost = append(t.lost, fmt.Sprintf("the view %s no longer works: %v", v.name, failure))
		default:
			v.failures = []error{failure}
			triggers = append(triggers, v)
		}
	}

	// Drop the triggers that would fail each run.
	for _, v := range triggers {
		if sqltext.ContainsName(views, v.table) {
			continue // its view is reported
		}

		fails, err := t.staging.failsRuns(v)
		switch {
		case err != nil:
			return err
		case fails:
			t.lost = append(t.lost, fmt.Sprintf("%s is gone: %v", v.name, v.failures[0]))
			if err := exec(t.staging.conn, "DROP TRIGGER main."+schema.QuoteSQLite(v.name)); err != nil {
				return err
			}
		default:
			t.lost = append(t.lost,
				fmt.Sprintf("the trigger %s on %s no longer works: %v", v.name, v.table, v.failures[0]))
		}
	}

	t.lost = append(t.lost, t.neverFiring(after)...)
	return nil
}

// neverFiring describes the table's triggers that work but never fire, because all their columns are deleted.
func (t *Table) neverFiring(after []objectCheck) (descriptions []string) {
	for _, v := range after {
		columns := sqltext.UpdateOfColumns(v.sql)
		if v.kind != "trigger" || !strings.EqualFold(v.table, t.Name) || len(columns) == 0 {
			continue
		}
		stays := func(column string) bool { return !sqltext.ContainsName(t.deletedColumns(), column) }
		if !slices.ContainsFunc(columns, stays) {
			descriptions = append(descriptions,
				fmt.Sprintf("the trigger %s no longer fires: no such column: %s", v.name, strings.Join(columns, ", ")))
		}
	}
	return descriptions
}

// failsRuns reports whether a broken trigger would fail runs: it is on a copied table, or a trigger of a copied table
// changes its table.
func (s *Staging) failsRuns(v objectCheck) (bool, error) {
	var copied []string
	err := snapshotfile.LendConnection(s.conn, func(db *sqlx.DB) (err error) {
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
			continue // the user has dropped the table
		}
		if strings.EqualFold(name, v.table) {
			return true, nil
		}
		if fails, err := s.failsChanges(v, name); err != nil || fails {
			return fails, err
		}
	}

	return false, nil
}

// failsChanges reports whether a change of a table fails because of the trigger: without it the change succeeds, or
// fails with another error.
func (s *Staging) failsChanges(v objectCheck, table string) (bool, error) {
	with, err := compileChanges(s.conn, table)
	if err != nil {
		return false, err
	}

	var without []error
	err = tryAndUndo(s.conn, func() error {
		if err := exec(s.conn, "DROP TRIGGER main."+schema.QuoteSQLite(v.name)); err != nil {
			return err
		}
		without, err = compileChanges(s.conn, table)
		return err
	})
	if err != nil {
		return false, err
	}

	// Look for a statement that fails, and not with the same error without the trigger.
	for i := range with {
		if with[i] != nil && !isSameError(with[i], without[i]) {
			return true, nil
		}
	}

	return false, nil
}

// isSameError reports whether two statements failed with the same error.
func isSameError(a, b error) bool {
	var first, second sqlite3.Error
	return errors.As(a, &first) && errors.As(b, &second) && first == second
}

// withTriggerHint adds to an error of changing the table which of the user's indexes and triggers causes it, or may
// cause it.
func (t *Table) withTriggerHint(err error) error {
	if err == nil || isDiskError(err) {
		return err
	}

	indexesAndTriggers, selectErr := selectObjects(t.staging.conn,
		"type IN ('index', 'trigger') AND tbl_name = ? COLLATE NOCASE", t.Name)
	if selectErr != nil {
		return err
	}

	if faulty := t.faultyObjects(indexesAndTriggers); len(faulty) > 0 {
		return fmt.Errorf("%w; %s: drop it, or change it", err, strings.Join(faulty, "; "))
	}

	// Otherwise name all triggers: one may fail only for certain rows.
	var triggers []string
	for _, o := range indexesAndTriggers {
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

// checkIndexes returns an error if one of the user's indexes can never work in syncer, whatever the columns are. Such
// an index works for the user, so it is not dropped.
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

// faultyObjects describes which of the table's indexes and triggers cannot work in syncer.
func (t *Table) faultyObjects(candidates []schemaObject) (descriptions []string) {
	// As long as statements that change the table compile, nothing is at fault.
	failures, err := compileChanges(t.staging.conn, t.Name)
	if err != nil || !slices.ContainsFunc(failures, func(err error) bool { return err != nil }) {
		return nil
	}

	for _, o := range candidates {
		if fault := t.objectFault(o); fault != nil {
			descriptions = append(descriptions, fmt.Sprintf("the %s %s cannot work in syncer: %v", o.kind, o.name, fault))
		}
	}
	return descriptions
}

// objectFault returns why an index or trigger of the table cannot work, tried without the others.
func (t *Table) objectFault(o schemaObject) (fault error) {
	candidates, err := selectObjects(t.staging.conn,
		"type IN ('index', 'trigger') AND tbl_name = ? COLLATE NOCASE", t.Name)
	if err != nil {
		return nil
	}

	// Compile the statements without the others.
	_ = tryAndUndo(t.staging.conn, func() error {
		for _, other := range candidates {
			if other == o {
				continue
			}
			drop := "DROP " + strings.ToUpper(other.kind) + " main." + schema.QuoteSQLite(other.name)
			if err := exec(t.staging.conn, drop); err != nil {
				return err
			}
		}

		failures, err := compileChanges(t.staging.conn, t.Name)
		if i := slices.IndexFunc(failures, func(err error) bool { return err != nil }); i >= 0 {
			fault = failures[i]
		}
		return err
	})

	return fault
}
