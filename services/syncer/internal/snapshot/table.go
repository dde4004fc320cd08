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
	Drift string // how the columns differ from those of the target; "" if they do not

	staging *Staging
	schema  schema.Table // as the target will have it
	indexes [][]string

	// What the target has.
	old      *existingTable // nil if the target lacks the table
	recreate bool           // SQLite cannot alter the old table in place
	lost     []string       // the user's objects that no longer work, with SQLite's reason
	warnings []string       // about what the user has made

	droppedGenerated []string // the user's generated columns among lost
	rebuildPending   bool     // full-text indexes must still be rebuilt

	// Where rows are staged.
	staged   string // quoted, with its schema
	matched  string // rowids of the target's rows that have arrived; if the key is the rowid, those of new rows too
	missing  string // rowids of the target's rows that have not arrived
	rowid    string // a name for the rowid, in both tables; "" if columns have taken all of its names
	keyIndex []int  // positions of the key's columns
	compare  bool   // only rows that differ from the target's are staged
	changes  Changes
	writer   *rowWriter
}

// Begin prepares to stage the rows of t, which becomes the table name of the target. Each of indexes lists the columns
// of one index to keep on it.
func (s *Staging) Begin(t schema.Table, name string, indexes [][]string) (*Table, error) {
	table := &Table{Name: name, staging: s, schema: t, indexes: indexes}
	if err := table.prepare(); err != nil {
		return nil, fmt.Errorf("stage %s: %w", name, explainSQLite(err))
	}
	table.writer = newWriter(table)
	s.tables = append(s.tables, table)
	return table, nil
}

// prepare checks the view, compares its columns with the target's, and creates the tables that take the rows.
func (t *Table) prepare() error {
	if err := t.validate(); err != nil {
		return err
	}

	for _, k := range t.schema.Key {
		isKey := func(c schema.Column) bool { return c.Name == k }
		t.keyIndex = append(t.keyIndex, slices.IndexFunc(t.schema.Columns, isKey))
	}

	// A new database takes the rows where they will stay.
	if t.staging.fresh {
		t.staged = "main." + schema.QuoteSQLite(t.Name)
		return exec(t.staging.conn, t.schema.CreateSQLite("main", t.Name))
	}

	if err := t.loadExisting(); err != nil {
		return err
	}

	// Rows can be compared as they arrive if the columns are the same, and there is a rowid to note arrivals by.
	t.rowid = rowidName(t.schema, t.old)
	t.compare = t.old != nil && t.Drift == "" && t.rowid != ""

	n := len(t.staging.tables)
	t.staged = fmt.Sprintf("staging.rows_%d", n)
	t.matched, t.missing = fmt.Sprintf("staging.matched_%d", n), fmt.Sprintf("staging.missing_%d", n)
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

// loadExisting reads the table that the target has, if any, and how the view differs from it.
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

// maxColumns is how many columns a table may have: SQLite's limit, less one for the position of a row.
const maxColumns = 1999

// validate returns an error if the view cannot become a table of SQLite.
func (t *Table) validate() error {
	if n := len(t.schema.Columns); n > maxColumns {
		return fmt.Errorf("it has %d columns, but SQLite allows %d: leave some out of the view", n, maxColumns)
	}

	byLower := map[string]string{}
	for _, c := range t.schema.Columns {
		lower := strings.ToLower(c.Name)
		if other, ok := byLower[lower]; ok {
			return fmt.Errorf("the columns %s and %s differ only in case, which SQLite ignores: rename one in the view",
				other, c.Name)
		}
		byLower[lower] = c.Name
	}

	for _, k := range t.schema.Key {
		if !t.hasColumn(k) {
			return fmt.Errorf("SYNC_VIEWS: there is no column %s for the key; available: %s",
				k, strings.Join(t.schema.ColumnNames(), ", "))
		}
	}

	for _, index := range t.indexes {
		for _, c := range index {
			if !t.hasColumn(c) {
				return fmt.Errorf("SYNC_INDEXES: there is no column %s; available: %s",
					c, strings.Join(t.schema.ColumnNames(), ", "))
			}
		}
	}

	return nil
}

// hasColumn reports whether the view has a column.
func (t *Table) hasColumn(name string) bool { return containsColumn(t.schema, name) }

// containsColumn reports whether a table has a column. It ignores case, as SQLite does.
func containsColumn(t schema.Table, name string) bool {
	return slices.ContainsFunc(t.Columns, func(c schema.Column) bool { return strings.EqualFold(c.Name, name) })
}

// Schema returns the table as it will be stored.
func (t *Table) Schema() schema.Table { return t.schema }

// Write stages rows, given as their values one after the other. For rows that the target already has, it only records
// that they have arrived. It renumbers args.
func (t *Table) Write(args []driver.NamedValue) error { return t.writer.write(args) }

// Release frees the memory of the statements that write rows: each keeps the values that were bound to it last.
func (t *Table) Release() error { return t.writer.close() }

// keyIsRowid reports whether SQLite uses the key as the rowid.
func (t *Table) keyIsRowid() bool {
	return len(t.schema.Key) == 1 && t.schema.Columns[t.keyIndex[0]].SQLiteType() == "INTEGER"
}

// sameKey is the condition that a row t of the target has the same key as a staged row, whose columns begin with
// prefix.
func (t *Table) sameKey(prefix string) string {
	return schema.SameColumnsSQLite(t.schema.Key, "t.", prefix)
}
