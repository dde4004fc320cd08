package snapshot

import (
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"

	"carstock/pkg/schema"
)

// Table is a table of the target while its rows are staged.
type Table struct {
	Name  string
	Drift string // how the columns differ from those that the target has; "" for not at all

	staging *Staging
	schema  schema.Table // as it will be in the target
	indexes [][]string

	// What the target has.
	old      *existing // the table; nil if there is none
	recreate bool      // the drift is more than SQLite can alter in place
	lost     []string  // objects of the user's that can no longer work, with SQLite's reason
	warnings []string  // warnings about what the user has made

	droppedGenerated []string // the user's generated columns among lost
	rebuildPending   bool     // full-text indexes are yet to be made again

	// Where rows are staged.
	staged   string // quoted, with its schema
	matched  string // rowids of the target's rows that have arrived; of all rows, if the key is the rowid
	missing  string // rowids of those that have not
	rowid    string // a name for the rowid, in both tables; "" if the columns have taken all of its names
	keyIndex []int
	compare  bool // only rows that differ from the target's are staged
	changes  Changes
	writer   *writer
}

// Begin makes room for the rows of t, which will be the table name of the target, with an index on
// each of the indexes' columns.
func (s *Staging) Begin(t schema.Table, name string, indexes [][]string) (*Table, error) {
	table := &Table{Name: name, staging: s, schema: t, indexes: indexes}
	if err := table.prepare(); err != nil {
		return nil, fmt.Errorf("stage %s: %w", name, explainSQLite(err))
	}
	table.writer = newWriter(table)
	s.tables = append(s.tables, table)
	return table, nil
}

func (t *Table) prepare() error {
	if err := t.validate(); err != nil {
		return err
	}
	for _, k := range t.schema.Key {
		t.keyIndex = append(t.keyIndex, slices.IndexFunc(t.schema.Columns, func(c schema.Column) bool { return c.Name == k }))
	}

	if t.staging.fresh {
		t.staged = "main." + schema.QuoteSQLite(t.Name)
		return exec(t.staging.conn, t.schema.CreateSQLite("main", t.Name))
	}
	if err := t.loadExisting(); err != nil {
		return err
	}
	t.rowid = rowidName(t.schema, t.old)
	t.compare = t.old != nil && t.Drift == "" && t.rowid != ""

	n := len(t.staging.tables)
	t.staged = fmt.Sprintf("staging.rows_%d", n)
	t.matched, t.missing = fmt.Sprintf("staging.seen_%d", n), fmt.Sprintf("staging.gone_%d", n)
	for _, q := range []string{
		t.schema.CreateSQLite("staging", fmt.Sprintf("rows_%d", n)),
		"CREATE TABLE " + t.matched + " (id INTEGER PRIMARY KEY)",
		"CREATE TABLE " + t.missing + " (id INTEGER PRIMARY KEY)",
	} {
		if err := exec(t.staging.conn, q); err != nil {
			return err
		}
	}
	return nil
}

// meet looks at the table that the target has, if any.
func (t *Table) loadExisting() (err error) {
	if t.old, err = readExisting(t.staging.conn, t.Name); err != nil || t.old == nil {
		return err
	}
	if err := t.keepWidened(); err != nil {
		return err
	}
	t.Drift, t.recreate = drift(t.old, t.schema)
	return t.checkUserColumns()
}

// maxColumns is how many columns SQLite takes, less one for the place of a row.
const maxColumns = 1999

// check finds what no SQLite table can be.
func (t *Table) validate() error {
	if n := len(t.schema.Columns); n > maxColumns {
		return fmt.Errorf("it has %d columns, and SQLite takes %d: leave some out of the view", n, maxColumns)
	}
	seen := map[string]string{}
	for _, c := range t.schema.Columns {
		lower := strings.ToLower(c.Name)
		if other, ok := seen[lower]; ok {
			return fmt.Errorf("the columns %s and %s differ only in case, which SQLite does not tell apart: give one another name in the view", other, c.Name)
		}
		seen[lower] = c.Name
	}
	for _, k := range t.schema.Key {
		if !t.hasColumn(k) {
			return fmt.Errorf("SYNC_VIEWS: there is no column %s for the key; there is: %s", k, strings.Join(columnNames(t.schema), ", "))
		}
	}
	for _, index := range t.indexes {
		for _, c := range index {
			if !t.hasColumn(c) {
				return fmt.Errorf("SYNC_INDEXES: there is no column %s; there is: %s", c, strings.Join(columnNames(t.schema), ", "))
			}
		}
	}
	return nil
}

func (t *Table) hasColumn(column string) bool { return containsColumn(t.schema, column) }

// contains goes by SQLite's rule, to which names are equal but for case.
func containsColumn(t schema.Table, column string) bool {
	return slices.ContainsFunc(t.Columns, func(c schema.Column) bool { return strings.EqualFold(c.Name, column) })
}

// Columns are the table's, as they are stored.
func (t *Table) Columns() schema.Table { return t.schema }

// Write stages rows, given as their values one after the other. Those that the target has already
// are only noted.
func (t *Table) Write(args []driver.NamedValue) error { return t.writer.write(args) }

// Release gives back the memory of the statements that rows were written by: each keeps the values that
// were bound to it last.
func (t *Table) Release() error { return t.writer.close() }

// keyIsRowid reports whether SQLite takes the key for the rowid itself.
func (t *Table) keyIsRowid() bool {
	return len(t.schema.Key) == 1 && t.schema.Columns[t.keyIndex[0]].SQLiteType() == "INTEGER"
}

// sameKey is the condition that a row s that was staged and a row t of the target have one key.
func (t *Table) sameKey(s string) string {
	conditions := make([]string, len(t.schema.Key))
	for i, k := range t.schema.Key {
		conditions[i] = "t." + schema.QuoteSQLite(k) + " = " + s + schema.QuoteSQLite(k)
	}
	return strings.Join(conditions, " AND ")
}

func columnNames(t schema.Table) []string {
	out := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = c.Name
	}
	return out
}
