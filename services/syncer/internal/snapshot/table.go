package snapshot

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
)

// Table is a table of the target while its rows are staged.
type Table struct {
	Name  string
	Drift string // how the columns differ from those that the target has; "" for not at all

	s      *Staging
	t      schema.Table // as it will be in the target
	old    *existing    // as the target has it; nil if it has none
	remake bool         // the drift is more than SQLite can alter in place
	lost   []string     // objects of the user's that can no longer work, with SQLite's reason
	notes  []string     // warnings about what the user has made

	dropped   []string // the user's generated columns among lost
	unindexed bool     // full-text indexes are yet to be made again
	indexes   [][]string
	staged    string // quoted, with its schema
	seen      string // rowids of the target's rows that have arrived; of all rows, if the key is the rowid
	missing   string // rowids of those that have not
	rowid     string // a name for the rowid, in both tables
	compare   bool
	rows      int64
	inserts   map[int]driver.Stmt // by number of rows
	finds     map[int]driver.Stmt
	keyIndex  []int
	args      []driver.NamedValue
}

// Changes is what the arrived rows change in a table. Without a key, rows are told apart by their
// place alone, and only Unchanged says something.
type Changes struct {
	Rows, Inserted, Updated, Deleted, Unchanged int64
	Before                                      int64 // rows that the target has
	Existed                                     bool  // whether the target has the table
}

// Begin makes room for the rows of t, which will be the table name of the target, with an index on
// each of the indexes' columns.
func (s *Staging) Begin(t schema.Table, name string, indexes [][]string) (*Table, error) {
	table := &Table{Name: name, s: s, t: t, indexes: indexes, inserts: map[int]driver.Stmt{}, finds: map[int]driver.Stmt{}}
	if err := table.begin(); err != nil {
		return nil, fmt.Errorf("stage %s: %w", name, explain(err))
	}
	s.tables = append(s.tables, table)
	return table, nil
}

func (t *Table) begin() error {
	if err := t.check(); err != nil {
		return err
	}
	for _, k := range t.t.Key {
		t.keyIndex = append(t.keyIndex, slices.IndexFunc(t.t.Columns, func(c schema.Column) bool { return c.Name == k }))
	}
	if t.s.fresh {
		t.staged = "main." + schema.QuoteSQLite(t.Name)
		return exec(t.s.conn, t.t.CreateSQLite("main", t.Name))
	}
	if err := t.meet(); err != nil {
		return err
	}
	t.rowid = rowidName(t.t, t.old)
	t.compare = t.old != nil && t.Drift == "" && t.rowid != ""
	n := len(t.s.tables)
	t.staged = fmt.Sprintf("staging.rows_%d", n)
	t.seen, t.missing = fmt.Sprintf("staging.seen_%d", n), fmt.Sprintf("staging.gone_%d", n)
	for _, q := range []string{
		t.t.CreateSQLite("staging", fmt.Sprintf("rows_%d", n)),
		"CREATE TABLE " + t.seen + " (id INTEGER PRIMARY KEY)",
		"CREATE TABLE " + t.missing + " (id INTEGER PRIMARY KEY)",
	} {
		if err := exec(t.s.conn, q); err != nil {
			return err
		}
	}
	return nil
}

// meet looks at the table that the target has, if any.
func (t *Table) meet() (err error) {
	if t.old, err = readExisting(t.s.conn, t.Name); err != nil || t.old == nil {
		return err
	}
	if err := t.inherit(); err != nil {
		return err
	}
	t.Drift, t.remake = drift(t.old, t.t)
	return t.checkOwnColumns()
}

// maxColumns is how many columns SQLite takes, less one for the place of a row.
const maxColumns = 1999

// check finds what no SQLite table can be.
func (t *Table) check() error {
	if n := len(t.t.Columns); n > maxColumns {
		return fmt.Errorf("it has %d columns, and SQLite takes %d: leave some out of the view", n, maxColumns)
	}
	seen := map[string]string{}
	for _, c := range t.t.Columns {
		lower := strings.ToLower(c.Name)
		if other, ok := seen[lower]; ok {
			return fmt.Errorf("the columns %s and %s differ only in case, which SQLite does not tell apart: give one another name in the view", other, c.Name)
		}
		seen[lower] = c.Name
	}
	for _, k := range t.t.Key {
		if !t.has(k) {
			return fmt.Errorf("SYNC_VIEWS: there is no column %s for the key; there is: %s", k, strings.Join(names(t.t), ", "))
		}
	}
	for _, index := range t.indexes {
		for _, c := range index {
			if !t.has(c) {
				return fmt.Errorf("SYNC_INDEXES: there is no column %s; there is: %s", c, strings.Join(names(t.t), ", "))
			}
		}
	}
	return nil
}

func (t *Table) has(column string) bool { return contains(t.t, column) }

// contains goes by SQLite's rule, to which names are equal but for case.
func contains(t schema.Table, column string) bool {
	return slices.ContainsFunc(t.Columns, func(c schema.Column) bool { return strings.EqualFold(c.Name, column) })
}

// inherit keeps a column of integers that once had to become one of texts. One that the source had
// declared as text, and has made a number, is none.
func (t *Table) inherit() error {
	rows, err := all(t.s.conn, "SELECT name, source_type FROM main."+schema.ColumnsTable+" WHERE table_name = ? COLLATE NOCASE", t.Name)
	if err != nil {
		return err
	}
	outgrown := map[string]bool{}
	for _, r := range rows {
		name, _ := r[0].(string)
		declared, _ := r[1].(string)
		declared = strings.ToLower(declared)
		outgrown[name] = strings.Contains(declared, "unsigned") && strings.Contains(declared, "int") || strings.HasPrefix(declared, "bit")
	}
	t.t.Columns = slices.Clone(t.t.Columns)
	for i, c := range t.t.Columns {
		integer := c.Kind == schema.Integer && c.Unsigned || c.Kind == schema.Bit
		if j := slices.IndexFunc(t.old.Columns, func(o schema.Column) bool { return o.Name == c.Name }); integer && outgrown[c.Name] && j >= 0 && t.old.Columns[j].Type == "TEXT" {
			t.t.Columns[i].Stored = "TEXT"
		}
	}
	return nil
}

// Columns are the table's, as they are stored.
func (t *Table) Columns() schema.Table { return t.t }

// Write stages rows, given as their values one after the other. Those that the target has already
// are only noted.
//
// The statement is run by its Query and not by its Exec: the driver then binds all values and
// steps in a single call into C, where Exec makes one call for each value.
func (t *Table) Write(args []driver.NamedValue) error {
	if err := t.nullInKey(args); err != nil {
		return err
	}
	n := len(args) / len(t.t.Columns)
	if refused, err := t.write(n, args); err != nil {
		var e sqlite3.Error
		if errors.As(err, &e) && e.Code == sqlite3.ErrConstraint {
			if twice := t.twice(args, refused); twice != "" {
				return fmt.Errorf("%s: the key (%s) is not unique: two rows have %s; choose columns that identify a row", t.t.Name, strings.Join(t.t.Key, ", "), twice)
			}
		}
		return fmt.Errorf("stage %s: %w", t.Name, explain(err))
	}
	t.rows += int64(n)
	return nil
}

// write also gives the table that has refused the rows, after an error.
func (t *Table) write(n int, args []driver.NamedValue) (refused string, err error) {
	insert, err := t.statement(t.inserts, n, t.insertSQL)
	if err != nil {
		return t.staged, err
	}
	if !t.compare {
		return t.staged, run(insert, args)
	}
	if len(t.t.Key) == 0 {
		return t.staged, run(insert, append(args, driver.NamedValue{Ordinal: len(args) + 1, Value: t.rows}))
	}
	if err := run(insert, args); err != nil {
		return t.staged, err
	}
	find, err := t.statement(t.finds, n, t.findSQL)
	if err != nil {
		return t.seen, err
	}
	t.args = t.args[:0]
	for row := range n {
		for _, k := range t.keyIndex {
			t.args = append(t.args, driver.NamedValue{Ordinal: len(t.args) + 1, Value: args[row*len(t.t.Columns)+k].Value})
		}
	}
	return t.seen, run(find, t.args)
}

func (t *Table) statement(cache map[int]driver.Stmt, n int, sql func(int) string) (driver.Stmt, error) {
	if stmt := cache[n]; stmt != nil {
		return stmt, nil
	}
	stmt, err := t.s.conn.Prepare(sql(n))
	if err == nil {
		cache[n] = stmt
	}
	return stmt, err
}

func run(stmt driver.Stmt, args []driver.NamedValue) error {
	rows, err := stmt.(driver.StmtQueryContext).QueryContext(context.Background(), args)
	if err != nil {
		return err
	}
	return rows.Close()
}

// insertSQL stages n rows: all of them, or those that are not in the target as they are.
func (t *Table) insertSQL(n int) string {
	columns := len(t.t.Columns)
	if !t.compare {
		return "INSERT INTO " + t.staged + " VALUES " + parameters(n, columns, "")
	}
	var same []string
	for i, c := range t.t.Columns {
		same = append(same, fmt.Sprintf("t.%s IS NOT v.column%d", schema.QuoteSQLite(c.Name), i+1))
	}
	differs := anyOf(same)
	target := "main." + schema.QuoteSQLite(t.Name)
	if len(t.t.Key) == 0 {
		// The place of a row is its rowid. The last parameter is how many have come before.
		return "INSERT INTO " + t.staged + " (" + quoted("", names(t.t)) + ", " + t.rowid + ") SELECT v.* FROM (VALUES " +
			parameters(n, columns, fmt.Sprintf("?%d + ", n*columns+1)) + fmt.Sprintf(") v LEFT JOIN %s t ON t.%s = v.column%d WHERE t.%[2]s IS NULL OR %[4]s",
			target, t.rowid, columns+1, differs)
	}
	return "INSERT INTO " + t.staged + " SELECT v.* FROM (VALUES " + parameters(n, columns, "") + ") v LEFT JOIN " + target +
		" t ON " + t.onKey("t", t.keyIndex) + " WHERE t." + t.rowid + " IS NULL OR " + differs
}

// anyOf is the disjunction of conditions, in groups: a plain chain of a thousand is deeper than
// SQLite lets an expression be.
func anyOf(conditions []string) string {
	const group = 100
	var groups []string
	for c := range slices.Chunk(conditions, group) {
		groups = append(groups, "("+strings.Join(c, " OR ")+")")
	}
	return strings.Join(groups, " OR ")
}

// findSQL notes which rows of the target the keys of n rows are.
func (t *Table) findSQL(n int) string {
	if t.keyIsRowid() {
		return "INSERT INTO " + t.seen + " VALUES " + parameters(n, 1, "")
	}
	place := make([]int, len(t.keyIndex))
	for i := range place {
		place[i] = i
	}
	return "INSERT INTO " + t.seen + " SELECT t." + t.rowid + " FROM (VALUES " + parameters(n, len(place), "") + ") v JOIN main." +
		schema.QuoteSQLite(t.Name) + " t ON " + t.onKey("t", place)
}

// keyIsRowid reports whether SQLite takes the key for the rowid itself.
func (t *Table) keyIsRowid() bool {
	return len(t.t.Key) == 1 && t.t.Columns[t.keyIndex[0]].SQLiteType() == "INTEGER"
}

func (t *Table) onKey(alias string, values []int) string {
	conditions := make([]string, len(t.t.Key))
	for i, k := range t.t.Key {
		conditions[i] = fmt.Sprintf("%s.%s = v.column%d", alias, schema.QuoteSQLite(k), values[i]+1)
	}
	return strings.Join(conditions, " AND ")
}

// parameters is n rows of numbered parameters; each row ends with its number, added to last, if
// that is given.
func parameters(n, columns int, last string) string {
	var b strings.Builder
	for row := range n {
		if row > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(")
		for c := range columns {
			if c > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "?%d", row*columns+c+1)
		}
		if last != "" {
			fmt.Fprintf(&b, ", %s%d", last, row+1)
		}
		b.WriteString(")")
	}
	return b.String()
}

// nullInKey finds a key without a value. SQLite may not: in a key that is the rowid, it would make
// up a number.
func (t *Table) nullInKey(args []driver.NamedValue) error {
	for row := 0; row < len(args); row += len(t.t.Columns) {
		for i, k := range t.keyIndex {
			if args[row+k].Value == nil {
				return fmt.Errorf("%s: the key column %s is NULL in row %d: choose columns for the key that always have a value",
					t.t.Name, t.t.Key[i], t.rows+int64(row/len(t.t.Columns))+1)
			}
		}
	}
	return nil
}

// twice names the key that two rows have, when the table refused, staged or seen, has not taken
// these rows; "" if none is found. Of staged and seen only the one that refused is without them.
func (t *Table) twice(args []driver.NamedValue, refused string) string {
	inBatch := map[string]bool{}
	for row := 0; len(t.keyIndex) > 0 && row < len(args); row += len(t.t.Columns) {
		key := make([]driver.Value, len(t.keyIndex))
		words := make([]string, len(t.keyIndex))
		for i, k := range t.keyIndex {
			key[i] = args[row+k].Value
			words[i] = t.t.Key[i] + "=" + schema.Show(key[i], t.t.Columns[k].Kind)
		}
		whole := fmt.Sprintf("%#v", key)
		if inBatch[whole] || t.arrived(key, refused) {
			return strings.Join(words, ", ")
		}
		inBatch[whole] = true
	}
	return ""
}

// arrived reports whether a row of that key is in staged or seen.
func (t *Table) arrived(key []driver.Value, in string) bool {
	conditions := make([]string, len(key))
	for i, k := range t.t.Key {
		conditions[i] = "t." + schema.QuoteSQLite(k) + " = ?"
	}
	from := t.staged + " t"
	switch {
	case in == t.staged:
	case t.keyIsRowid():
		from, conditions = t.seen+" t", []string{"t.id = ?"}
	default:
		from = t.seen + " s JOIN main." + schema.QuoteSQLite(t.Name) + " t ON t." + t.rowid + " = s.id"
	}
	n, err := one(t.s.conn, "SELECT count(*) FROM "+from+" WHERE "+strings.Join(conditions, " AND "), key...)
	return err == nil && n > 0
}

// Finish says what the rows change, after the last of them. With keep, rows of the target that have
// not arrived stay.
func (t *Table) Finish(keep bool) (Changes, error) {
	c, err := t.finish(keep)
	if err != nil {
		return c, fmt.Errorf("compare %s: %w", t.Name, explain(t.blame(err)))
	}
	return c, nil
}

func (t *Table) finish(keep bool) (c Changes, err error) {
	c.Rows = t.rows
	if t.old == nil {
		c.Inserted = c.Rows
		return c, nil
	}
	c.Existed = true
	target := "main." + schema.QuoteSQLite(t.Name)
	if c.Before, err = one(t.s.conn, "SELECT count(*) FROM "+target); err != nil {
		return c, err
	}
	if !t.compare {
		return c, t.countDrifted(&c, keep)
	}
	if len(t.t.Key) == 0 {
		// The rows of the first places have arrived.
		c.Inserted = max(0, c.Rows-c.Before)
		if c.Updated, err = one(t.s.conn, "SELECT count(*) FROM "+t.staged); err != nil {
			return c, err
		}
		c.Updated -= c.Inserted
		c.Unchanged = c.Rows - c.Inserted - c.Updated
		err = exec(t.s.conn, "INSERT INTO "+t.missing+" SELECT "+t.rowid+" FROM "+target+" WHERE "+t.rowid+" NOT BETWEEN 1 AND ?", c.Rows)
	} else {
		var staged int64
		if staged, err = one(t.s.conn, "SELECT count(*) FROM "+t.staged); err != nil {
			return c, err
		}
		if c.Updated, err = one(t.s.conn, "SELECT count(*) FROM "+t.staged+" s CROSS JOIN "+target+" t ON "+t.sameKey("s.")); err != nil {
			return c, err
		}
		c.Inserted = staged - c.Updated
		c.Unchanged = c.Rows - staged
		if keep || c.Unchanged+c.Updated == c.Before {
			return c, nil
		}
		err = exec(t.s.conn, "INSERT INTO "+t.missing+" SELECT "+t.rowid+" FROM "+target+" WHERE "+t.rowid+" NOT IN (SELECT id FROM "+t.seen+")")
	}
	if err == nil {
		c.Deleted, err = one(t.s.conn, "SELECT count(*) FROM "+t.missing)
	}
	return c, err
}

// sameKey is the condition that a row s that was staged and a row t of the target have one key.
func (t *Table) sameKey(s string) string {
	conditions := make([]string, len(t.t.Key))
	for i, k := range t.t.Key {
		conditions[i] = "t." + schema.QuoteSQLite(k) + " = " + s + schema.QuoteSQLite(k)
	}
	return strings.Join(conditions, " AND ")
}

// countDrifted counts, by the key if the target has it too, where all rows were staged.
func (t *Table) countDrifted(c *Changes, keep bool) error {
	if !slices.EqualFunc(t.old.Key, t.t.Key, strings.EqualFold) {
		if keep { // rows could stay only if it were known which have come again
			return fmt.Errorf("its key was (%s) and is (%s) now, so that rows can no longer be matched: make one run with --full",
				strings.Join(t.old.Key, ", "), strings.Join(t.t.Key, ", "))
		}
		for _, k := range t.t.Key {
			if !contains(t.old.Table, k) {
				c.Inserted, c.Deleted = c.Rows, c.Before
				return nil
			}
		}
	}
	if len(t.t.Key) == 0 {
		c.Inserted, c.Deleted = c.Rows, c.Before
		return nil
	}

	// A column that the target does not have yet is NULL in all of its rows.
	differing := make([]string, len(t.t.Columns))
	for i, column := range t.t.Columns {
		name := schema.QuoteSQLite(column.Name)
		differing[i] = "s." + name + " IS NOT NULL"
		if contains(t.old.Table, column.Name) {
			differing[i] = "t." + name + " IS NOT s." + name
		}
	}
	rows, err := all(t.s.conn, "SELECT count(*), coalesce(sum("+anyOf(differing)+"), 0) FROM main."+
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

// Release gives back the memory of the statements that rows were written by: each keeps the values that
// were bound to it last.
func (t *Table) Release() error { return t.close() }

func (t *Table) close() error {
	var errs []error
	for _, cache := range []map[int]driver.Stmt{t.inserts, t.finds} {
		for _, stmt := range cache {
			errs = append(errs, stmt.Close())
		}
		clear(cache)
	}
	return errors.Join(errs...)
}

func names(t schema.Table) []string {
	out := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = c.Name
	}
	return out
}
