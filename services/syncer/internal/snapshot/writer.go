package snapshot

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
)

// rowWriter stages the rows of a table.
type rowWriter struct {
	*Table
	inserts batchStatements
	finds   batchStatements
	rows    int64
	keys    []driver.NamedValue // of the rows that are being written
}

// newWriter returns a writer that prepares its statements when it needs them.
func newWriter(t *Table) *rowWriter {
	w := &rowWriter{Table: t}
	w.inserts = batchStatements{conn: t.staging.conn, sql: w.insertSQL, prepared: map[int]driver.Stmt{}}
	w.finds = batchStatements{conn: t.staging.conn, sql: w.findSQL, prepared: map[int]driver.Stmt{}}
	return w
}

// batchStatements are prepared for batches of rows, by the number of rows.
type batchStatements struct {
	conn     *sqlite3.SQLiteConn
	sql      func(rows int) string
	prepared map[int]driver.Stmt
}

// prepare returns the statement for a number of rows.
func (s *batchStatements) prepare(rows int) (driver.Stmt, error) {
	if stmt := s.prepared[rows]; stmt != nil {
		return stmt, nil
	}

	stmt, err := s.conn.Prepare(s.sql(rows))
	if err == nil {
		s.prepared[rows] = stmt
	}
	return stmt, err
}

// close closes all statements. They can be prepared again.
func (s *batchStatements) close() error {
	var errs []error
	for _, stmt := range s.prepared {
		errs = append(errs, stmt.Close())
	}
	clear(s.prepared)
	return errors.Join(errs...)
}

// close closes the statements. More rows can be written after it.
func (w *rowWriter) close() error { return errors.Join(w.inserts.close(), w.finds.close()) }

// write stages rows in parts of 128, 64, 32 rows and so on, so that few statements serve batches of any length.
func (w *rowWriter) write(args []driver.NamedValue) error {
	columns := len(w.schema.Columns)
	for len(args) > 0 {
		rows := len(args) / columns
		part := 1 << (bits.Len(uint(rows)) - 1)
		if err := w.writePart(part, slices.Clip(args[:part*columns])); err != nil {
			return err
		}

		args = args[part*columns:]
		for i := range args {
			args[i].Ordinal = i + 1
		}
	}

	return nil
}

// writePart stages n rows. An error about the key names the key that is NULL or not unique.
func (w *rowWriter) writePart(n int, args []driver.NamedValue) error {
	if err := w.checkKeyNotNull(args); err != nil {
		return err
	}

	if refusedBy, err := w.stageRows(n, args); err != nil {
		var e sqlite3.Error
		if errors.As(err, &e) && e.Code == sqlite3.ErrConstraint {
			if duplicate := w.duplicateKey(args, refusedBy); duplicate != "" {
				return fmt.Errorf("%s: the key (%s) is not unique: two rows have %s; choose columns that identify a row",
					w.schema.Name, strings.Join(w.schema.Key, ", "), duplicate)
			}
		}
		return fmt.Errorf("stage %s: %w", w.Name, explainSQLite(err))
	}

	w.rows += int64(n)
	return nil
}

// stageRows stages n rows. With an error it returns the table that has refused them.
func (w *rowWriter) stageRows(n int, args []driver.NamedValue) (refusedBy string, err error) {
	insert, err := w.inserts.prepare(n)
	if err != nil {
		return w.staged, err
	}
	if !w.compare {
		return w.staged, runStatement(insert, args)
	}

	// Without a key, rows match by their position. Arrivals need no note: which positions are missing is known.
	if len(w.schema.Key) == 0 {
		position := driver.NamedValue{Ordinal: len(args) + 1, Value: w.rows}
		return w.staged, runStatement(insert, append(args, position))
	}
	if err := runStatement(insert, args); err != nil {
		return w.staged, err
	}

	// Note which rows of the target have arrived.
	find, err := w.finds.prepare(n)
	if err != nil {
		return w.matched, err
	}

	w.keys = w.keys[:0]
	for row := range n {
		for _, k := range w.keyIndex {
			value := args[row*len(w.schema.Columns)+k].Value
			w.keys = append(w.keys, driver.NamedValue{Ordinal: len(w.keys) + 1, Value: value})
		}
	}

	return w.matched, runStatement(find, w.keys)
}

// runStatement executes a statement by Query instead of Exec: the driver then binds all values and steps in a single
// call into C, where Exec makes one call for each value.
func runStatement(stmt driver.Stmt, args []driver.NamedValue) error {
	rows, err := stmt.(driver.StmtQueryContext).QueryContext(context.Background(), args)
	if err != nil {
		return err
	}
	return rows.Close()
}

// insertSQL stages n rows: all of them, or those that differ from the target's.
func (w *rowWriter) insertSQL(n int) string {
	columns := len(w.schema.Columns)
	if !w.compare {
		return "INSERT INTO " + w.staged + " VALUES " + valuesList(n, columns, "")
	}

	// Join the rows that arrive, v, with the target's, t, and stage those that differ or have no match.
	var conditions []string
	for i, c := range w.schema.Columns {
		conditions = append(conditions, fmt.Sprintf("t.%s IS NOT v.column%d", schema.QuoteSQLite(c.Name), i+1))
	}

	differs := schema.AnyConditionSQLite(conditions)
	target := "main." + schema.QuoteSQLite(w.Name)

	// Without a key, the rowid is the position of a row. The last parameter is how many rows were written before.
	if len(w.schema.Key) == 0 {
		values := valuesList(n, columns, fmt.Sprintf("?%d + ", n*columns+1))
		return "INSERT INTO " + w.staged + " (" + quotedList("", w.schema.ColumnNames()) + ", " + w.rowid + ") " +
			"SELECT v.* FROM (VALUES " + values + ") v " +
			fmt.Sprintf("LEFT JOIN %s t ON t.%s = v.column%d WHERE t.%[2]s IS NULL OR %[4]s",
				target, w.rowid, columns+1, differs)
	}

	return "INSERT INTO " + w.staged + " SELECT v.* FROM (VALUES " + valuesList(n, columns, "") + ") v " +
		"LEFT JOIN " + target + " t ON " + w.matchKey("t", w.keyIndex) + " WHERE t." + w.rowid + " IS NULL OR " + differs
}

// findSQL notes which rows of the target have the keys of n rows.
func (w *rowWriter) findSQL(n int) string {
	if w.keyIsRowid() {
		return "INSERT INTO " + w.matched + " VALUES " + valuesList(n, 1, "")
	}

	positions := make([]int, len(w.keyIndex))
	for i := range positions {
		positions[i] = i
	}

	// CROSS keeps SQLite from reading the whole target for each part, as it does for a key of several columns once it has
	// statistics.
	return "INSERT INTO " + w.matched + " SELECT t." + w.rowid +
		" FROM (VALUES " + valuesList(n, len(positions), "") + ") v " +
		"CROSS JOIN main." + schema.QuoteSQLite(w.Name) + " t ON " + w.matchKey("t", positions)
}

// matchKey is the condition that a row has the key that the values v have at the given positions.
func (w *rowWriter) matchKey(alias string, positions []int) string {
	conditions := make([]string, len(w.schema.Key))
	for i, k := range w.schema.Key {
		conditions[i] = fmt.Sprintf("%s.%s = v.column%d", alias, schema.QuoteSQLite(k), positions[i]+1)
	}
	return strings.Join(conditions, " AND ")
}

// checkKeyNotNull returns an error for a key that is NULL. SQLite does not always: if the key is the rowid, it would
// assign a number.
func (w *rowWriter) checkKeyNotNull(args []driver.NamedValue) error {
	for row := 0; row < len(args); row += len(w.schema.Columns) {
		for i, k := range w.keyIndex {
			if args[row+k].Value == nil {
				return fmt.Errorf("%s: the key column %s is NULL in row %d: choose columns for the key that always have a value",
					w.schema.Name, w.schema.Key[i], w.rows+int64(row/len(w.schema.Columns))+1)
			}
		}
	}
	return nil
}

// duplicateKey returns the key that two rows share, after a table has refused these rows; "" if all keys differ. The
// argument refusedBy is that table, staged or matched, and so holds none of these rows.
func (w *rowWriter) duplicateKey(args []driver.NamedValue, refusedBy string) string {
	inBatch := map[string]bool{}
	for row := 0; len(w.keyIndex) > 0 && row < len(args); row += len(w.schema.Columns) {
		key := make([]driver.Value, len(w.keyIndex))
		parts := make([]string, len(w.keyIndex))
		for i, k := range w.keyIndex {
			key[i] = args[row+k].Value
			parts[i] = w.schema.Key[i] + "=" + schema.FormatValue(key[i], w.schema.Columns[k].Kind)
		}

		// With %#v, the number 1 and the text 1 are two keys.
		whole := fmt.Sprintf("%#v", key)
		if inBatch[whole] || w.isStaged(key, refusedBy) {
			return strings.Join(parts, ", ")
		}
		inBatch[whole] = true
	}

	return ""
}

// isStaged reports whether a row of that key is in a table, which is staged or matched.
func (w *rowWriter) isStaged(key []driver.Value, table string) bool {
	conditions := make([]string, len(key))
	for i, k := range w.schema.Key {
		conditions[i] = "t." + schema.QuoteSQLite(k) + " = ?"
	}

	// The table of matches holds rowids: of the target's rows or, if the key is the rowid, the keys.
	from := w.staged + " t"
	switch {
	case table == w.staged:
	case w.keyIsRowid():
		from, conditions = w.matched+" t", []string{"t.id = ?"}
	default:
		from = w.matched + " s JOIN main." + schema.QuoteSQLite(w.Name) + " t ON t." + w.rowid + " = s.id"
	}

	n, err := queryInt(w.staging.conn,
		"SELECT count(*) FROM "+from+" WHERE "+strings.Join(conditions, " AND "), key...)
	return err == nil && n > 0
}

// valuesList is the list of n rows of numbered parameters for VALUES. With last, each row ends with one more value:
// last, followed by the row's number in the list.
func valuesList(n, columns int, last string) string {
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
