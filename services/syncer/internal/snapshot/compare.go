package snapshot

import (
	"fmt"
	"slices"
	"strings"

	"carstock/pkg/schema"
)

// Changes is what the staged rows change in a table. Without a key, rows are matched by their positions in the table.
// Inserted, Updated and Deleted then count positions, and show only whether anything changes.
type Changes struct {
	Rows, Inserted, Updated, Deleted, Unchanged int64
	Before                                      int64 // rows in the target
	Existed                                     bool  // whether the target has the table
}

// Finish returns what the rows change. Call it after the last Write. With keep, rows of the target that were not
// written stay.
func (t *Table) Finish(keep bool) (Changes, error) {
	c, err := t.finish(keep)
	t.changes = c
	if err != nil {
		return c, fmt.Errorf("compare %s: %w", t.Name, explainSQLite(t.withTriggerHint(err)))
	}
	return c, nil
}

// finish is Finish without the explanation of errors.
func (t *Table) finish(keep bool) (c Changes, err error) {
	c.Rows = t.writer.rows
	if t.old == nil {
		c.Inserted = c.Rows
		return c, nil
	}

	c.Existed = true
	if c.Before, err = queryInt(t.staging.conn, "SELECT count(*) FROM main."+schema.QuoteSQLite(t.Name)); err != nil {
		return c, err
	}

	switch {
	case !t.compare:
		err = t.countUncompared(&c, keep)
	case len(t.schema.Key) == 0:
		err = t.countByPosition(&c)
	default:
		err = t.countByKey(&c, keep)
	}

	return c, err
}

// countByPosition counts the changes of a table without a key. It matches the rows that arrived with the first rows of
// the target.
func (t *Table) countByPosition(c *Changes) error {
	staged, err := queryInt(t.staging.conn, "SELECT count(*) FROM "+t.staged)
	if err != nil {
		return err
	}

	// Staged are the rows that differ from the target's at their position, and those at positions that it lacks.
	c.Inserted = max(0, c.Rows-c.Before)
	c.Updated = staged - c.Inserted
	c.Unchanged = c.Rows - c.Inserted - c.Updated

	// The target's rows at other positions are missing from the source.
	err = exec(t.staging.conn, "INSERT INTO "+t.missing+" SELECT "+t.rowid+" FROM main."+schema.QuoteSQLite(t.Name)+
		" WHERE "+t.rowid+" NOT BETWEEN 1 AND ?", c.Rows)
	if err != nil {
		return err
	}

	c.Deleted, err = queryInt(t.staging.conn, "SELECT count(*) FROM "+t.missing)
	return err
}

// countByKey counts the changes of a table with a key, if only the rows that differ were staged.
func (t *Table) countByKey(c *Changes, keep bool) error {
	conn, target := t.staging.conn, "main."+schema.QuoteSQLite(t.Name)
	staged, err := queryInt(conn, "SELECT count(*) FROM "+t.staged)
	if err != nil {
		return err
	}

	// A staged row differs from the target's row of the same key, or is new.
	c.Updated, err = queryInt(conn,
		"SELECT count(*) FROM "+t.staged+" s CROSS JOIN "+target+" t ON "+t.sameKey("s."))
	if err != nil {
		return err
	}

	c.Inserted = staged - c.Updated
	c.Unchanged = c.Rows - staged

	// Nothing is missing if each row of the target has arrived.
	if keep || c.Unchanged+c.Updated == c.Before {
		return nil
	}

	err = exec(conn, "INSERT INTO "+t.missing+" SELECT "+t.rowid+" FROM "+target+" WHERE "+t.rowid+
		" NOT IN (SELECT id FROM "+t.matched+")")
	if err != nil {
		return err
	}

	c.Deleted, err = queryInt(conn, "SELECT count(*) FROM "+t.missing)
	return err
}

// countUncompared counts the changes of a table if all its rows were staged. It matches rows by the key, if the target
// has that key too.
func (t *Table) countUncompared(c *Changes, keep bool) error {
	// After a change of the key, rows match only if the target has the columns of the new key.
	if !slices.EqualFunc(t.old.Key, t.schema.Key, strings.EqualFold) {
		if keep { // rows that have arrived again cannot be recognized
			return fmt.Errorf("its key was (%s) and is (%s) now, so rows can no longer be matched: make one run with --full",
				strings.Join(t.old.Key, ", "), strings.Join(t.schema.Key, ", "))
		}
		for _, k := range t.schema.Key {
			if !containsColumn(t.old.Table, k) {
				c.Inserted, c.Deleted = c.Rows, c.Before
				return nil
			}
		}
	}

	// Without a key, nothing matches.
	if len(t.schema.Key) == 0 {
		c.Inserted, c.Deleted = c.Rows, c.Before
		return nil
	}

	// A column that the target does not have yet is NULL in all of its rows.
	differs := make([]string, len(t.schema.Columns))
	for i, column := range t.schema.Columns {
		name := schema.QuoteSQLite(column.Name)
		differs[i] = "s." + name + " IS NOT NULL"
		if containsColumn(t.old.Table, column.Name) {
			differs[i] = "t." + name + " IS NOT s." + name
		}
	}

	differ := schema.AnyConditionSQLite(differs)
	rows, err := queryAll(t.staging.conn, "SELECT count(*), coalesce(sum("+differ+"), 0) FROM main."+
		schema.QuoteSQLite(t.Name)+" t CROSS JOIN "+t.staged+" s ON "+t.sameKey("s."))
	if err != nil {
		return err
	}

	matched, _ := rows[0][0].(int64)
	c.Updated, _ = rows[0][1].(int64)
	c.Inserted, c.Unchanged = c.Rows-matched, matched-c.Updated
	if !keep {
		c.Deleted = c.Before - matched
	}
	return nil
}
