package snapshot

import (
	"fmt"
	"slices"
	"strings"

	"carstock/pkg/schema"
)

// Changes is what the arrived rows change in a table. Without a key, rows are told apart by their
// place alone, and only Unchanged says something.
type Changes struct {
	Rows, Inserted, Updated, Deleted, Unchanged int64
	Before                                      int64 // rows that the target has
	Existed                                     bool  // whether the target has the table
}

// Finish says what the rows change, after the last of them. With keep, rows of the target that have
// not arrived stay.
func (t *Table) Finish(keep bool) (Changes, error) {
	c, err := t.finish(keep)
	t.changes = c
	if err != nil {
		return c, fmt.Errorf("compare %s: %w", t.Name, explainSQLite(t.withTriggerHint(err)))
	}
	return c, nil
}

func (t *Table) finish(keep bool) (c Changes, err error) {
	c.Rows = t.writer.rows
	if t.old == nil {
		c.Inserted = c.Rows
		return c, nil
	}
	c.Existed = true
	target := "main." + schema.QuoteSQLite(t.Name)
	if c.Before, err = queryInt(t.staging.conn, "SELECT count(*) FROM "+target); err != nil {
		return c, err
	}
	if !t.compare {
		err = t.countRebuilt(&c, keep)
		return c, err
	}
	if len(t.schema.Key) == 0 {
		// The rows of the first places have arrived.
		c.Inserted = max(0, c.Rows-c.Before)
		if c.Updated, err = queryInt(t.staging.conn, "SELECT count(*) FROM "+t.staged); err != nil {
			return c, err
		}
		c.Updated -= c.Inserted
		c.Unchanged = c.Rows - c.Inserted - c.Updated
		err = exec(t.staging.conn, "INSERT INTO "+t.missing+" SELECT "+t.rowid+" FROM "+target+" WHERE "+t.rowid+" NOT BETWEEN 1 AND ?", c.Rows)
	} else {
		var staged int64
		if staged, err = queryInt(t.staging.conn, "SELECT count(*) FROM "+t.staged); err != nil {
			return c, err
		}
		if c.Updated, err = queryInt(t.staging.conn, "SELECT count(*) FROM "+t.staged+" s CROSS JOIN "+target+" t ON "+t.sameKey("s.")); err != nil {
			return c, err
		}
		c.Inserted = staged - c.Updated
		c.Unchanged = c.Rows - staged
		if keep || c.Unchanged+c.Updated == c.Before {
			return c, nil
		}
		err = exec(t.staging.conn, "INSERT INTO "+t.missing+" SELECT "+t.rowid+" FROM "+target+" WHERE "+t.rowid+" NOT IN (SELECT id FROM "+t.matched+")")
	}
	if err == nil {
		c.Deleted, err = queryInt(t.staging.conn, "SELECT count(*) FROM "+t.missing)
	}
	return c, err
}

// countRebuilt counts, by the key if the target has it too, where all rows were staged.
func (t *Table) countRebuilt(c *Changes, keep bool) error {
	if !slices.EqualFunc(t.old.Key, t.schema.Key, strings.EqualFold) {
		if keep { // rows could stay only if it were known which have come again
			return fmt.Errorf("its key was (%s) and is (%s) now, so that rows can no longer be matched: make one run with --full",
				strings.Join(t.old.Key, ", "), strings.Join(t.schema.Key, ", "))
		}
		for _, k := range t.schema.Key {
			if !containsColumn(t.old.Table, k) {
				c.Inserted, c.Deleted = c.Rows, c.Before
				return nil
			}
		}
	}
	if len(t.schema.Key) == 0 {
		c.Inserted, c.Deleted = c.Rows, c.Before
		return nil
	}

	// A column that the target does not have yet is NULL in all of its rows.
	differing := make([]string, len(t.schema.Columns))
	for i, column := range t.schema.Columns {
		name := schema.QuoteSQLite(column.Name)
		differing[i] = "s." + name + " IS NOT NULL"
		if containsColumn(t.old.Table, column.Name) {
			differing[i] = "t." + name + " IS NOT s." + name
		}
	}
	rows, err := queryAll(t.staging.conn, "SELECT count(*), coalesce(sum("+anyOf(differing)+"), 0) FROM main."+
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
