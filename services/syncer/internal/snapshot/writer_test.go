package snapshot

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"testing"

	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
)

func TestValuesList(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rows, columns int
		last, want    string
	}{
		{1, 1, "", "(?1)"},
		{2, 3, "", "(?1, ?2, ?3), (?4, ?5, ?6)"},
		{2, 1, "?3 + ", "(?1, ?3 + 1), (?2, ?3 + 2)"},
	} {
		if got := valuesList(test.rows, test.columns, test.last); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// SQLite accepts as many conditions as a table can have columns.
func TestAnyCondition(t *testing.T) {
	t.Parallel()
	if got := schema.AnyConditionSQLite([]string{"a", "b"}); got != "((a OR b))" {
		t.Error(got)
	}

	conn := testConn(t, t.TempDir()+"/a.db")
	conditions := make([]string, maxColumns)
	for i := range conditions {
		conditions[i] = fmt.Sprintf("%d = %d", i, i+1)
	}

	for want, last := range map[int64]string{0: "1 = 2", 1: "1 = 1"} {
		conditions[maxColumns-1] = last
		if n, err := queryInt(conn, "SELECT "+schema.AnyConditionSQLite(conditions)); err != nil || n != want {
			t.Errorf("%d, %v, want %d", n, err, want)
		}
	}

	if n := strings.Count(schema.AnyConditionSQLite(conditions), " OR "); n != maxColumns-1 {
		t.Errorf("OR occurs %d times", n)
	}
}

// The rows are looked up by the key of the target, even after ANALYZE.
func TestRowsAreFoundByTheirKeys(t *testing.T) {
	t.Parallel()
	for _, key := range [][]string{{"id"}, {"vin"}, {"id", "b"}, {"b", "vin", "id"}} {
		f := newTestFile(t)
		s := newSourceTable(key, "id int", "vin char(17)", "b varbinary(8)", "price decimal(10,2)")
		for i := range 15_000 {
			s.rows = append(s.rows, []driver.Value{int64(i), fmt.Sprintf("VIN%d", i), fmt.Appendf(nil, "\x00%d", i%7), 5.5})
		}
		f.publish(t, s)
		f.query(t, "ANALYZE")

		table := f.begin(t, s.table)

		for statement, args := range map[string]int{
			table.writer.insertSQL(128): 128 * len(s.table.Columns), table.writer.findSQL(128): 128 * len(key),
		} {
			wantNoScan(t, table.staging.conn, "t", statement, make([]driver.Value, args)...)
		}
	}
}

// begin begins to stage a table, until the end of the test.
func (f *testFile) begin(t *testing.T, s schema.Table) *Table {
	t.Helper()
	file, err := LockFile(f.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Unlock() })

	staging, err := file.Stage()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := staging.Close(); err != nil {
			t.Error(err)
		}
	})

	table, err := staging.Begin(s, s.Name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// wantNoScan checks that a statement finds the rows of a table by an index. Alias is the table's name in the statement.
func wantNoScan(t *testing.T, conn *sqlite3.SQLiteConn, alias, statement string, args ...driver.Value) {
	t.Helper()
	plan, err := queryAll(conn, "EXPLAIN QUERY PLAN "+statement, args...)
	if err != nil {
		t.Fatal(err)
	}

	for _, step := range plan {
		if text := step[3].(string); text == "SCAN "+alias || strings.HasPrefix(text, "SCAN "+alias+" ") {
			t.Errorf("%s: %.200s", text, statement)
		}
	}
}

// Where users have columns of their own, the rows of a table with another key are matched by the old key.
func TestRowsAreFoundByTheirOldKeys(t *testing.T) {
	t.Parallel()
	for _, keys := range [][2][]string{
		{{"id"}, {"vin"}}, {{"vin"}, {"id"}}, {{"b", "id"}, {"vin"}}, {{"id"}, {"b", "id"}},
	} {
		source := func(key []string) *sourceTable {
			return newSourceTable(key, "id int", "vin char(17)", "b varbinary(8)")
		}
		f := newTestFile(t)
		f.publish(t, source(keys[0]))
		f.query(t, "ALTER TABLE v ADD COLUMN mine TEXT")

		table := f.begin(t, source(keys[1]).table)

		statements := table.fillNewKeySQL()
		for _, statement := range statements {
			if strings.HasPrefix(statement, "DELETE") {
				wantNoScan(t, table.staging.conn, "s", statement)
			} else if strings.HasPrefix(statement, "UPDATE") {
				wantNoScan(t, table.staging.conn, "t", statement)
			}
			if err := exec(table.staging.conn, statement); err != nil {
				t.Fatal(err)
			}
		}
		if len(statements) < 3 {
			t.Errorf("%v: %q", keys, statements)
		}
	}
}
