package snapshot

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carstock/pkg/snapshotfile"
)

// runOptions are the options of a run in a test.
type runOptions struct {
	keep    bool
	indexes [][]string
	between func() // called between comparing the tables and publishing them
}

// stageAndPublish makes a run that stages and publishes tables. It returns the changes of the first table, and the run.
func stageAndPublish(
	t *testing.T, path string, o runOptions, tables ...*sourceTable,
) (c Changes, run *snapshotfile.Run, err error) {
	t.Helper()
	file := testLock(t, path)
	defer func() { _ = file.Unlock() }()

	staging, err := file.Stage()
	if err != nil {
		return c, nil, err
	}
	defer func() { err = errors.Join(err, staging.Close()) }()

	run = &snapshotfile.Run{Started: time.Now(), Status: snapshotfile.RunOK}
	for i, s := range tables {
		table, err := staging.Begin(s.table, s.table.Name, o.indexes)
		if err != nil {
			return c, run, err
		}
		for _, row := range s.rows {
			args := make([]driver.NamedValue, len(row))
			for i, v := range row {
				args[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
			}
			if err := table.Write(args); err != nil {
				return c, run, err
			}
		}

		changes, err := table.Finish(o.keep)
		if err != nil {
			return c, run, err
		}
		if i == 0 {
			c = changes
		}
		run.Tables = append(run.Tables, snapshotfile.TableRun{Table: s.table.Name, View: s.table.Name, Drift: table.Drift})
	}

	if o.between != nil {
		o.between()
	}

	_, err = staging.Publish(o.keep, 0, run)
	return c, run, err
}

// mustPublish is stageAndPublish for a run that must succeed.
func mustPublish(t *testing.T, path string, o runOptions, tables ...*sourceTable) (Changes, *snapshotfile.Run) {
	t.Helper()
	c, run, err := stageAndPublish(t, path, o, tables...)
	if err != nil {
		t.Fatal(err)
	}
	return c, run
}

// withRows adds rows to a table. Each is a text such as "1 a"; "-" is NULL.
func withRows(s *sourceTable, rows ...string) *sourceTable {
	s.rows = nil
	for _, text := range rows {
		var row []driver.Value
		for _, field := range strings.Fields(text) {
			var n int64
			switch _, err := fmt.Sscanf(field, "%d", &n); {
			case field == "-":
				row = append(row, nil)
			case err == nil:
				row = append(row, n)
			default:
				row = append(row, field)
			}
		}

		s.rows = append(s.rows, row)
	}

	return s
}

// contentsOf returns the rows of a query as texts such as "1 a".
func contentsOf(t *testing.T, path, query string) string {
	t.Helper()
	conn := testConn(t, path)
	defer func() { _ = conn.Close() }()

	rows, err := queryAll(conn, query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}

	texts := make([]string, len(rows))
	for i, row := range rows {
		fields := make([]string, len(row))
		for j, v := range row {
			fields[j] = fmt.Sprint(v)
			if v == nil {
				fields[j] = "-"
			}
		}

		texts[i] = strings.Join(fields, " ")
	}

	return strings.Join(texts, ", ")
}

// The changes of a second run are counted, and the table has its rows afterwards.
func TestPublishedRows(t *testing.T) {
	t.Parallel()
	byInteger := func() *sourceTable { return newSourceTable([]string{"id"}, "id int", "v text") }
	byText := func() *sourceTable { return newSourceTable([]string{"k"}, "k varchar(9)", "v text") }
	bySeveral := func() *sourceTable { return newSourceTable([]string{"b", "a"}, "a int", "b varchar(9)", "v text") }
	withoutKey := func() *sourceTable { return newSourceTable(nil, "a int", "v text") }
	withoutRowid := func() *sourceTable { return newSourceTable(nil, "rowid int", "_rowid_ text", "oid int") }
	for name, test := range map[string]struct {
		table         func() *sourceTable
		first, second []string
		keep          bool
		want          string // expected inserted, updated, deleted and unchanged rows
		rows          string
	}{
		"nothing changes": {
			table: byInteger, first: []string{"1 a", "2 b"}, second: []string{"2 b", "1 a"},
			want: "0 0 0 2", rows: "1 a, 2 b",
		},
		"one of each": {
			table: byInteger, first: []string{"1 a", "2 b", "3 c"}, second: []string{"1 a", "2 x", "4 d"},
			want: "1 1 1 1", rows: "1 a, 2 x, 4 d",
		},
		"all are deleted": {
			table: byInteger, first: []string{"1 a", "2 b"}, second: nil,
			want: "0 0 2 0", rows: "",
		},
		"upsert": {
			table: byInteger, first: []string{"1 a", "2 b"}, second: []string{"2 x", "3 c"}, keep: true,
			want: "1 1 0 0", rows: "1 a, 2 x, 3 c",
		},
		"upsert of nothing": {
			table: byInteger, first: []string{"1 a"}, second: nil, keep: true,
			want: "0 0 0 0", rows: "1 a",
		},
		"to NULL and back": {
			table: byInteger, first: []string{"1 a", "2 -"}, second: []string{"1 -", "2 b"},
			want: "0 2 0 0", rows: "1 -, 2 b",
		},
		"a text as the key": {
			table: byText, first: []string{"x a", "y b"}, second: []string{"y c", "z d"},
			want: "1 1 1 0", rows: "y c, z d",
		},
		"several columns": {
			table: bySeveral, first: []string{"1 x a", "2 x b"}, second: []string{"1 x a", "1 y c"},
			want: "1 0 1 1", rows: "1 x a, 1 y c",
		},
		"no key": {
			table: withoutKey, first: []string{"1 a", "1 a"}, second: []string{"1 a", "1 b", "2 c"},
			want: "1 1 0 1", rows: "1 a, 1 b, 2 c",
		},
		"no key, shorter": {
			table: withoutKey, first: []string{"1 a", "2 b"}, second: []string{"1 a"},
			want: "0 0 1 1", rows: "1 a",
		},
		"no name for rowids": {
			table: withoutRowid, first: []string{"1 a 1", "2 b 2"}, second: []string{"2 b 2"},
			want: "1 0 2 0", rows: "2 b 2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "cars.db")
			c, _ := mustPublish(t, path, runOptions{}, withRows(test.table(), test.first...))
			if c.Existed || c.Inserted != int64(len(test.first)) || c.Rows != c.Inserted {
				t.Errorf("first run: %+v", c)
			}

			c, run := mustPublish(t, path, runOptions{keep: test.keep}, withRows(test.table(), test.second...))
			got := fmt.Sprintf("%d %d %d %d", c.Inserted, c.Updated, c.Deleted, c.Unchanged)
			if got != test.want || !c.Existed || c.Before != int64(len(test.first)) || c.Rows != int64(len(test.second)) {
				t.Errorf("%s, %+v, want %s", got, c, test.want)
			}
			if rows := contentsOf(t, path, "SELECT * FROM v ORDER BY 1, 2"); rows != test.rows || run.ID != 2 {
				t.Errorf("%s, want %s", rows, test.rows)
			}
		})
	}
}

// The table gets the columns of the view. Its rows stay, and objects that no longer work are named.
func TestReshapedTable(t *testing.T) {
	t.Parallel()
	id := []string{"id"}
	old := func() *sourceTable {
		return withRows(newSourceTable(id, "id int", "make text", "price text"), "1 kia 10", "2 bmw 20")
	}

	for name, test := range map[string]struct {
		setUp []string
		table *sourceTable
		drift string
		query string
		rows  string
		lost  string
	}{
		"a new column": {
			table: withRows(newSourceTable(id, "id int", "make text", "price text", "year int"),
				"1 kia 10 2020", "2 bmw 20 2021"),
			drift: "+year INTEGER", query: "SELECT * FROM v ORDER BY id", rows: "1 kia 10 2020, 2 bmw 20 2021",
		},
		"a column less": {
			setUp: []string{
				"CREATE INDEX by_make ON v (make)", "CREATE INDEX by_price ON v (price)",
				"CREATE VIEW prices AS SELECT price FROM v",
			},
			table: withRows(newSourceTable(id, "id int", "make text"), "1 kia", "2 bmw"),
			drift: "-price", query: "SELECT name FROM sqlite_schema WHERE name LIKE 'by_%'", rows: "by_make",
			lost: "by_price is gone: no such column: price; the view prices no longer works: no such column: price",
		},
		"another type": {
			setUp: []string{"CREATE INDEX by_make ON v (make)", "ALTER TABLE v ADD COLUMN note TEXT DEFAULT 'mine'"},
			table: withRows(newSourceTable(id, "id int", "make text", "price int"), "1 kia 10", "2 bmw 25"),
			drift: "price TEXT -> INTEGER", query: "SELECT id, make, typeof(price), price, note FROM v ORDER BY id",
			rows: "1 kia integer 10 mine, 2 bmw integer 25 mine",
		},
		"another key": {
			setUp: []string{"ALTER TABLE v ADD COLUMN note TEXT", "UPDATE v SET note = 'of ' || make"},
			table: withRows(newSourceTable([]string{"make"}, "id int", "make text", "price text"), "1 kia 10", "2 bmw 20"),
			drift: "key (id) -> (make)", query: "SELECT id, make, note FROM v ORDER BY id",
			rows: "1 kia of kia, 2 bmw of bmw",
		},
		"a generated column": {
			setUp: []string{"ALTER TABLE v ADD COLUMN twice AS (price || price)"},
			table: withRows(newSourceTable(id, "id int", "make text"), "1 kia", "2 bmw"),
			drift: "-price", query: "SELECT * FROM v ORDER BY id", rows: "1 kia, 2 bmw",
			lost: "twice is gone: no such column: price",
		},
		"a trigger": {
			setUp: []string{
				"CREATE TABLE log (text)",
				"CREATE TRIGGER logged AFTER UPDATE ON v BEGIN INSERT INTO log VALUES (new.make || new.price); END",
			},
			table: withRows(newSourceTable(id, "id int", "make text"), "1 kia", "2 BMW"),
			drift: "-price", query: "SELECT count(*) FROM log", rows: "0",
			lost: "logged is gone: no such column: new.price",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "cars.db")
			mustPublish(t, path, runOptions{}, old())
			conn := testConn(t, path)
			mustExec(t, conn, test.setUp...)
			_ = conn.Close()

			checkPreview(t, path, test.table, test.drift, test.lost)
			_, run := mustPublish(t, path, runOptions{}, test.table)
			if r := run.Tables[0]; r.Drift != test.drift || strings.Join(r.Lost, "; ") != test.lost || len(r.Warnings) > 0 {
				t.Errorf("drift %q, lost %q, warnings %q", r.Drift, r.Lost, r.Warnings)
			}
			if rows := contentsOf(t, path, test.query); rows != test.rows {
				t.Errorf("%s, want %s", rows, test.rows)
			}
		})
	}
}

// checkPreview checks that a preview predicts the changes of a run.
func checkPreview(t *testing.T, path string, s *sourceTable, wantDrift, wantLost string) {
	t.Helper()
	preview, err := OpenPreview(path)
	if err != nil {
		t.Fatal(err)
	}
	drift, warnings, err := preview.Table(s.table, s.table.Name, nil, false)
	if err := errors.Join(err, preview.Close()); err != nil || drift != wantDrift {
		t.Errorf("preview: %q, %v", drift, err)
	}

	var lost []string
	for _, w := range warnings {
		lost = append(lost, strings.TrimPrefix(w, "after the next run, "))
	}
	if strings.Join(lost, "; ") != wantLost {
		t.Errorf("preview: %q, want %q", warnings, wantLost)
	}
}

// Triggers fire only for rows that differ, and rows may swap the values of a unique index.
func TestOnlyDifferencesAreWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cars.db")
	table := func() *sourceTable { return newSourceTable([]string{"id"}, "id int", "v text") }
	mustPublish(t, path, runOptions{}, withRows(table(), "1 a", "2 b", "3 c"))
	conn := testConn(t, path)
	mustExec(t, conn, "CREATE TABLE log (text)", "CREATE UNIQUE INDEX by_v ON v (v)",
		"CREATE TRIGGER i AFTER INSERT ON v BEGIN INSERT INTO log VALUES ('+' || new.id); END",
		"CREATE TRIGGER u AFTER UPDATE ON v BEGIN INSERT INTO log VALUES ('~' || new.id); END",
		"CREATE TRIGGER d AFTER DELETE ON v BEGIN INSERT INTO log VALUES ('-' || old.id); END")
	_ = conn.Close()

	mustPublish(t, path, runOptions{}, withRows(table(), "1 b", "2 a", "4 d"))
	if got := contentsOf(t, path, "SELECT text FROM log ORDER BY text"); got != "+4, -3, ~1, ~2" {
		t.Errorf("the triggers saw %s", got)
	}
	if got := contentsOf(t, path, "SELECT count(*) FROM sqlite_schema WHERE name = 'by_v'"); got != "1" {
		t.Error("the unique index is gone")
	}
}

func TestKeptIndexes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cars.db")
	table := func() *sourceTable {
		return withRows(newSourceTable([]string{"id"}, "id int", "a text", "b text"), "1 x y")
	}

	for _, test := range []struct {
		indexes [][]string
		want    string
	}{
		{[][]string{{"a"}, {"a", "b"}}, "_sync_index_v(a), _sync_index_v(a,b)"},
		{[][]string{{"a", "b"}, {"b"}}, "_sync_index_v(a,b), _sync_index_v(b)"},
		{nil, ""},
	} {
		mustPublish(t, path, runOptions{indexes: test.indexes}, table())
		const query = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'v' ORDER BY name"
		if got := contentsOf(t, path, query); got != test.want {
			t.Errorf("%v: %s, want %s", test.indexes, got, test.want)
		}
	}
}

// A run that is refused leaves the file unchanged, and says what to do.
func TestRefusedTables(t *testing.T) {
	t.Parallel()
	byInteger := func(rows ...string) *sourceTable {
		return withRows(newSourceTable([]string{"id"}, "id int", "v text"), rows...)
	}

	byText := func(name string, rows ...string) *sourceTable {
		s := withRows(newSourceTable([]string{"k", "l"}, "k varchar(9)", "l int"), rows...)
		s.table.Name = name
		return s
	}

	for name, test := range map[string]struct {
		setUp string
		o     runOptions
		table *sourceTable
		want  string
	}{
		"a key twice": {
			table: byInteger("1 a", "2 b", "1 c"), want: "the key (id) is not unique: two rows have id=1",
		},
		"unchanged, twice":   {table: byInteger("1 a", "1 a"), want: "two rows have id=1"},
		"a new table, twice": {table: byText("w", "x 1", "x 1"), want: "two rows have k=x, l=1"},
		"NULL in the key":    {table: byInteger("1 a", "- b"), want: "the key column id is NULL in row 2"},
		"another's table": {
			setUp: "CREATE TABLE theirs (a)", table: byText("theirs"), want: "a table theirs that is not syncer's",
		},
		"another's view": {
			setUp: "CREATE VIEW theirs AS SELECT 1", table: byText("theirs"), want: "a view theirs that is not syncer's",
		},
		"a column of both": {
			setUp: "ALTER TABLE v ADD COLUMN more TEXT",
			table: newSourceTable([]string{"id"}, "id int", "v text", "MORE int"), want: "rename yours",
		},
		"an upsert's other key": {
			o: runOptions{keep: true}, table: newSourceTable([]string{"v"}, "id int", "v text"),
			want: "make one run with --full",
		},
		"a trigger that fails": {
			setUp: "CREATE TRIGGER no AFTER INSERT ON v BEGIN SELECT raise(ABORT, 'no'); END",
			table: byInteger("1 a", "3 c"), want: "if one of them is at fault, fix or drop it: no",
		},
		"values without their rows": {
			setUp: "ALTER TABLE v ADD COLUMN note TEXT",
			table: newSourceTable(nil, "id int", "v text"), want: "so the contents of your own columns could not stay",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "cars.db")
			mustPublish(t, path, runOptions{}, byInteger("1 a", "2 b"))
			if test.setUp != "" {
				conn := testConn(t, path)
				mustExec(t, conn, test.setUp)
				_ = conn.Close()
			}
			_, _, err := stageAndPublish(t, path, test.o, test.table)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if rows := contentsOf(t, path, "SELECT id, v FROM v ORDER BY id"); rows != "1 a, 2 b" {
				t.Errorf("the table has %s", rows)
			}
			if files, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*staging*")); err != nil || len(files) > 0 {
				t.Errorf("left over: %v, %v", files, err)
			}
		})
	}
}

// Several tables are published together or not at all.
func TestTablesArePublishedTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cars.db")
	first := func(rows ...string) *sourceTable { return withRows(newSourceTable([]string{"id"}, "id int"), rows...) }
	second := func(rows ...string) *sourceTable {
		s := withRows(newSourceTable([]string{"id"}, "id int"), rows...)
		s.table.Name = "w"
		return s
	}

	mustPublish(t, path, runOptions{}, first("1"), second("1"))
	conn := testConn(t, path)
	mustExec(t, conn, "CREATE TRIGGER no AFTER INSERT ON w BEGIN SELECT raise(ABORT, 'no'); END")
	_ = conn.Close()

	const query = "SELECT (SELECT group_concat(id) FROM v), (SELECT group_concat(id) FROM w), count(*) FROM _sync_runs"
	if _, _, err := stageAndPublish(t, path, runOptions{}, first("1", "2"), second("1", "2")); err == nil {
		t.Error("no error")
	}
	if got := contentsOf(t, path, query); got != "1 1 1" {
		t.Errorf("%s: only a part of the run was published", got)
	}

	mustPublish(t, path, runOptions{}, first("1", "2")) // w does not change
	if got := contentsOf(t, path, query); got != "1,2 1 2" {
		t.Error(got)
	}
}

// If another program has altered the tables since rows were compared, the run may begin again.
func TestAlteredMeanwhile(t *testing.T) {
	t.Parallel()
	table := func() *sourceTable { return withRows(newSourceTable([]string{"id"}, "id int"), "1", "2") }
	for name, exists := range map[string]bool{"an existing file": true, "a new file": false} {
		path := filepath.Join(t.TempDir(), "cars.db")
		if exists {
			mustPublish(t, path, runOptions{}, table())
		}
		alter := func() {
			conn := testConn(t, path)
			mustExec(t, conn, "CREATE TABLE theirs (a)")
			_ = conn.Close()
		}
		if _, _, err := stageAndPublish(t, path, runOptions{between: alter}, table()); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
		if got := contentsOf(t, path, "SELECT count(*) FROM theirs"); got != "0" {
			t.Errorf("%s: the other program's table is gone", name)
		}
	}
}

// Only one process can lock the file. Locking removes the leftovers of a killed process.
func TestLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "cars.db")
	file := testLock(t, path)
	var busy *BusyError
	if _, err := LockFile(path); !errors.As(err, &busy) || busy.PID != os.Getpid() || busy.Since.IsZero() {
		t.Errorf("%v", err)
	}

	for _, name := range []string{file.staging, file.staging + "-journal", file.Partial()} {
		if err := os.WriteFile(name, []byte("left"), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	if err := file.Unlock(); err != nil {
		t.Fatal(err)
	}

	again := testLock(t, path)
	for name, stays := range map[string]bool{
		again.staging: false, again.staging + "-journal": false, again.Partial(): true,
	} {
		if _, err := os.Stat(name); (err == nil) != stays {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A failed run is recorded, unless the file belongs to another program.
func TestRecordFailedRun(t *testing.T) {
	t.Parallel()
	failed := func() *snapshotfile.Run {
		return &snapshotfile.Run{Started: time.Now(), Status: snapshotfile.RunFailed, Error: "the disk is full"}
	}

	path := filepath.Join(t.TempDir(), "cars.db")
	mustPublish(t, path, runOptions{}, withRows(newSourceTable([]string{"id"}, "id int"), "1"))
	if err := testLock(t, path).Record(failed()); err != nil {
		t.Fatal(err)
	}

	h, err := ReadHistory(path, 10)
	if err != nil || len(h.Runs) != 2 || h.Runs[0].Error != "the disk is full" || h.Good.ID != 1 || h.Failures != 1 {
		t.Errorf("%+v, %v", h, err)
	}
	if _, log := FileSize(path); log != 0 {
		t.Errorf("the log has %d bytes", log)
	}

	theirs := filepath.Join(t.TempDir(), "theirs.db")
	mustExec(t, testConn(t, theirs), "CREATE TABLE notes (a)")
	if err := testLock(t, theirs).Record(failed()); err != nil {
		t.Fatal(err)
	}
	if got := contentsOf(t, theirs, "SELECT group_concat(name) FROM sqlite_schema"); got != "notes" {
		t.Errorf("the other program's file has %s", got)
	}
}

// The watermark of a table is valid as long as its hash is the same.
func TestWatermarkOfTable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cars.db")
	table := withRows(newSourceTable([]string{"id"}, "id int"), "1", "2")
	publish := func() {
		file := testLock(t, path)
		defer func() { _ = file.Unlock() }()
		staging, err := file.Stage()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = staging.Close() }()
		if _, err := staging.Begin(table.table, "v", nil); err != nil {
			t.Fatal(err)
		}
		run := &snapshotfile.Run{Started: time.Now(), Status: snapshotfile.RunOK, Tables: []snapshotfile.TableRun{
			{Table: "v", View: "v", SchemaHash: "h", Watermark: "2026-01-02", Rows: 7},
		}}
		if _, err := staging.Publish(true, 0, run); err != nil {
			t.Fatal(err)
		}
	}

	check := func(hash, want string, wantRows int64) {
		t.Helper()
		file := testLock(t, path)
		defer func() { _ = file.Unlock() }()
		staging, err := file.Stage()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = staging.Close() }()
		staged, err := staging.Begin(table.table, "v", nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := staged.Watermark(hash)
		rows, rowsErr := staging.LastRows("v")
		if err := errors.Join(err, rowsErr); err != nil || got != want || rows != wantRows {
			t.Errorf("%s: %q of %d rows, %v, want %q of %d", hash, got, rows, err, want, wantRows)
		}
	}

	check("h", "", 0)
	publish()
	check("h", "2026-01-02", 7)
	check("another", "", 7)
	conn := testConn(t, path)
	mustExec(t, conn, "DROP TABLE v")
	_ = conn.Close()
	check("h", "", 7) // the whole table must be read
}
