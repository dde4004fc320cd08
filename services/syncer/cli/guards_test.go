package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/snapshotfile"
)

// tenCars is a table of ten cars.
var tenCars = []string{
	"CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(20), msrp INT, year INT)",
	"INSERT INTO cars VALUES " + insertValues(1, 10, "(%[1]d, 'Kia', %[1]d000, 2000 + %[1]d)"),
}

func TestGuards(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		left int // rows left out of ten
		set  string
		args []string
		code int
		want string
	}{
		"empty": {
			left: 0, code: 3,
			want: "refused: cars: the view is empty, and the table has 10 rows (SYNC_ALLOW_EMPTY=true allows that); " +
				"syncer sync --force",
		},
		"empty, forced":     {left: 0, args: []string{"--force"}},
		"empty, allowed":    {left: 0, set: "SYNC_ALLOW_EMPTY=true"},
		"empty, shrink 100": {left: 0, set: "SYNC_MAX_SHRINK=100", code: 3, want: "the view is empty"},
		"half is left":      {left: 5},
		"less than half": {
			left: 4, code: 3,
			want: "refused: cars: the view has 4 rows, and the table 10: more than 50 % are gone (SYNC_MAX_SHRINK); " +
				"syncer sync --force",
		},
		"less, forced":         {left: 4, args: []string{"--force"}},
		"less, may be":         {left: 4, set: "SYNC_MAX_SHRINK=60"},
		"less, and more":       {left: 3, set: "SYNC_MAX_SHRINK=60", code: 3, want: "more than 60 %"},
		"none may be gone":     {left: 9, set: "SYNC_MAX_SHRINK=0", code: 3, want: "more than 0 %"},
		"none is gone":         {left: 10, set: "SYNC_MAX_SHRINK=0"},
		"all but one, allowed": {left: 1, set: "SYNC_MAX_SHRINK=100"},
		"a dry run tells too":  {left: 0, args: []string{"--dry-run"}, code: 3, want: "the view is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSource(t, "cars", tenCars...)
			s.mustSync(t)
			dbtest.MustExec(t, s.mysql, fmt.Sprintf("DELETE FROM cars WHERE id > %d", test.left))
			if variable, value, ok := strings.Cut(test.set, "="); ok {
				s.set(variable, value)
			}

			left := test.left
			if test.code != 0 {
				left = 10
				if test.args == nil {
					s.requireFailure(t, test.code, test.want)
				}
			}

			if test.code == 0 || test.args != nil {
				if code, out := s.output(t, append([]string{"sync"}, test.args...)...); code != test.code ||
					!strings.Contains(out, test.want) {
					t.Errorf("exit code %d, want %d: %s", code, test.code, out)
				}
			}

			requireRows(t, queryRows(t, openFile(t, s.path), "SELECT count(*) AS n FROM cars"),
				[]string{fmt.Sprintf(`n="%d"|`, left)})
		})
	}
}

// An empty view is published if it was empty before. In a first run it is refused, because it may read the wrong
// table.
func TestGuardOfTheFirstRun(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars; old", "CREATE TABLE cars (id INT PRIMARY KEY)", "CREATE TABLE old (id INT PRIMARY KEY)")
	s.requireFailure(t, 3, "cars: the view is empty", "old: the view is empty") // both views are named
	if code, out := s.output(t, "sync", "--force"); code != 0 {
		t.Fatal(code, out)
	}
	s.mustSync(t)
}

func TestDrift(t *testing.T) {
	t.Parallel()
	for change, drift := range map[string]string{
		"ADD warranty TEXT":                            "+warranty TEXT",
		"DROP COLUMN msrp":                             "-msrp",
		"MODIFY year VARCHAR(4)":                       "year INTEGER -> TEXT",
		"CHANGE msrp price BIGINT":                     "+price INTEGER, -msrp",
		"ADD vin CHAR(17) FIRST, DROP msrp":            "+vin TEXT, -msrp",
		"DROP PRIMARY KEY":                             "key (id) -> ()",
		"DROP PRIMARY KEY, ADD PRIMARY KEY (make, id)": "key (id) -> (make, id)",
	} {
		t.Run(change, func(t *testing.T) {
			t.Parallel()
			s := newSource(t, "cars", tenCars...)
			s.mustSync(t)
			file := openFile(t, s.path)
			dbtest.MustExec(t, file, "CREATE INDEX by_make ON cars (make)",
				"CREATE VIEW kias AS SELECT id FROM cars WHERE make = 'Kia'")
			dbtest.MustExec(t, s.mysql, "ALTER TABLE cars "+change, "DELETE FROM cars WHERE id = 1")

			s.set("SYNC_DRIFT", "fail")
			s.requireFailure(t, 3, "cars: its columns have changed: "+drift+" (SYNC_DRIFT=fail)")
			s.set("SYNC_DRIFT", "apply")
			r := s.report(t, 0)
			requireText(t, r.Tables[0].Drift, drift)
			if len(r.Tables[0].Lost) > 0 {
				t.Errorf("lost: %v", r.Tables[0].Lost)
			}

			all := "SELECT " + strings.Join(columnNames(t, s.mysql, "cars"), ", ") + " FROM cars ORDER BY id"
			requireRows(t, queryRows(t, file, all), queryRows(t, s.mysql, all))
			requireRows(t, queryRows(t, file, "SELECT count(*) AS n FROM kias"), []string{`n="9"|`})
			requireRows(t, queryRows(t, file, "SELECT name FROM sqlite_schema WHERE name = 'by_make'"),
				[]string{`name="by_make"|`})

			s.set("SYNC_DRIFT", "fail") // nothing drifts now
			requireText(t, tableCounts(t, s.report(t, 0)), "9: +0 ~0 -0 =9")
		})
	}
}

// A new column goes to the end of the copy, whatever its place in the view. Another order of columns is not a change.
func TestOrderOfColumns(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", tenCars...)
	s.mustSync(t)
	dbtest.MustExec(t, s.mysql, "ALTER TABLE cars MODIFY year INT FIRST, MODIFY msrp INT AFTER id")
	s.set("SYNC_DRIFT", "fail")
	requireText(t, tableCounts(t, s.report(t, 0)), "10: +0 ~0 -0 =10")

	s.set("SYNC_DRIFT", "apply")
	dbtest.MustExec(t, s.mysql, "ALTER TABLE cars ADD vin CHAR(17) NOT NULL DEFAULT 'none' FIRST",
		"UPDATE cars SET year = 1999 WHERE id = 4")
	requireText(t, s.report(t, 0).Tables[0].Drift, "+vin TEXT")
	file := openFile(t, s.path)
	requireRows(t, columnNames(t, file, "cars"), []string{"id", "make", "msrp", "year", "vin"})
	const all = "SELECT id, make, msrp, year, vin FROM cars ORDER BY id"
	requireRows(t, queryRows(t, file, all), queryRows(t, s.mysql, all))
}

// columnNames returns the names of a table's columns, in their order.
func columnNames(t *testing.T, db *sqlx.DB, table string) []string {
	t.Helper()
	rs, err := db.Query("SELECT * FROM " + table + " WHERE 1 = 0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rs.Close() }()
	names, err := rs.Columns()
	if err = errors.Join(err, rs.Err()); err != nil {
		t.Fatal(err)
	}

	return names
}

func TestDriftForced(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", tenCars...)
	s.mustSync(t)
	dbtest.MustExec(t, s.mysql, "ALTER TABLE cars ADD warranty TEXT")
	s.set("SYNC_DRIFT", "fail")
	requireText(t, s.report(t, 0, "--force").Tables[0].Drift, "+warranty TEXT")
}

// Objects that used a dropped column are named, however their SQL is written, and the rest survives.
func TestIndexOnADroppedColumn(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", tenCars...)
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, "CREATE INDEX plain ON cars (msrp)", `CREATE INDEX "quo""ted" ON cars (make, "msrp")`,
		"CREATE INDEX partial ON cars (id) WHERE msrp > 0",
		"CREATE UNIQUE INDEX stays ON cars (year)",
		"CREATE TABLE log (id)", "CREATE TRIGGER noted AFTER DELETE ON cars BEGIN INSERT INTO log VALUES (old.id); END",
		"CREATE TRIGGER broken AFTER DELETE ON cars BEGIN INSERT INTO log VALUES (old.msrp); END")
	dbtest.MustExec(t, s.mysql, "ALTER TABLE cars DROP COLUMN msrp")
	lost := s.report(t, 0).Tables[0].Lost
	for _, name := range []string{"plain", `quo"ted`, "partial", "broken"} {
		if text := strings.Join(lost, "\n"); !strings.Contains(text, name+" is gone: no such column: ") {
			t.Errorf("%s is not named: %s", name, text)
		}
	}

	if len(lost) != 4 {
		t.Errorf("lost: %q", lost)
	}

	requireRows(t, queryRows(t, file,
		"SELECT name FROM sqlite_schema WHERE type IN ('index', 'trigger') AND tbl_name = 'cars' "+
			"AND sql IS NOT NULL ORDER BY name"),
		[]string{`name="noted"|`, `name="stays"|`})
	dbtest.MustExec(t, s.mysql, "DELETE FROM cars WHERE id = 3")
	requireText(t, tableCounts(t, s.report(t, 0)), "9: +0 ~0 -1 =9")
	requireRows(t, queryRows(t, file, "SELECT id FROM log"), []string{`id="3"|`})
}

// The user's objects that use a column of another table survive as long as they work.
func TestObjectsOnADroppedColumn(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars; dealers",
		append(tenCars, "CREATE TABLE dealers (id INT PRIMARY KEY, name VARCHAR(20))",
			"INSERT INTO dealers VALUES (1, 'one')")...)
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, "CREATE TABLE notes (note)",
		"CREATE TRIGGER good AFTER UPDATE ON dealers BEGIN INSERT INTO notes SELECT max(id) FROM cars; END",
		"CREATE TRIGGER bad AFTER UPDATE ON dealers BEGIN INSERT INTO notes SELECT max(msrp) FROM cars; END",
		"CREATE VIEW dear AS SELECT * FROM cars WHERE msrp > 5000", "CREATE VIEW new AS SELECT * FROM cars WHERE year > 2005")
	dbtest.MustExec(t, s.mysql, "ALTER TABLE cars DROP COLUMN msrp")
	r := s.report(t, 0)
	lost := strings.Join(r.Tables[0].Lost, "; ")
	if len(r.Tables[0].Lost) != 2 || !strings.Contains(lost, "bad is gone: no such column: msrp") ||
		!strings.Contains(lost, "the view dear no longer works: no such column: msrp") {
		t.Errorf("lost: %s", lost)
	}

	dbtest.MustExec(t, s.mysql, "UPDATE dealers SET name = 'two'")
	s.report(t, 0)
	requireRows(t, queryRows(t, file, "SELECT note FROM notes"), []string{`note="10"|`})

	// What the user breaks later is reported too.
	dbtest.MustExec(t, file, "DROP TABLE notes")
	dbtest.MustExec(t, s.mysql, "UPDATE dealers SET name = 'three'")
	s.requireFailure(t, 1, "no such table: main.notes", "the trigger good cannot work in syncer")
}

// If a text column becomes a number in the view, the copy's column becomes a number too. It stays a text only after an
// integer that was too large for SQLite.
func TestTextBecomesUnsigned(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", "CREATE TABLE cars (id INT PRIMARY KEY, mileage VARCHAR(10))",
		"INSERT INTO cars VALUES (1, '999')")
	s.mustSync(t)
	dbtest.MustExec(t, s.mysql, "ALTER TABLE cars MODIFY mileage INT UNSIGNED")
	requireText(t, s.report(t, 0).Tables[0].Drift, "mileage TEXT -> INTEGER")
	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT mileage > 1000 AS more FROM cars"), []string{`more="0"|`})
}

// SQLite accepts 2,000 columns, but no expression with a term for each of them.
func TestManyColumns(t *testing.T) {
	t.Parallel()
	columns := make([]string, 1010)
	for i := range columns {
		columns[i] = fmt.Sprintf("c%d TINYINT NOT NULL DEFAULT 1", i)
	}

	s := newSource(t, "wide(c0)", "CREATE TABLE wide ("+strings.Join(columns, ", ")+")",
		"INSERT INTO wide (c0) VALUES (1), (2)")
	s.mustSync(t)
	dbtest.MustExec(t, s.mysql, "UPDATE wide SET c1009 = 5 WHERE c0 = 2")
	requireText(t, tableCounts(t, s.report(t, 0)), "2: +0 ~1 -0 =1")
	s.set("SYNC_VIEWS", "wide=w2")
	s.mustSync(t)
	requireText(t, tableCounts(t, s.report(t, 0)), "2: +0 ~0 -0 =2")

	wider := make([]string, 2001)
	for i := range wider {
		wider[i] = fmt.Sprintf("1 AS c%d", i)
	}
	dbtest.MustExec(t, s.mysql, "CREATE VIEW wider AS SELECT "+strings.Join(wider, ", "))
	s.set("SYNC_VIEWS", "wider")
	s.requireFailure(t, 1, "it has 2001 columns, but SQLite allows 1999")
}

func TestUserUniqueIndex(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", tenCars...)
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, "CREATE UNIQUE INDEX one_price ON cars (msrp)")

	// Two cars have the same price for a moment, between the two updates.
	dbtest.MustExec(t, s.mysql, "UPDATE cars SET msrp = CASE id WHEN 1 THEN 2000 WHEN 2 THEN 1000 ELSE msrp END")
	r := s.report(t, 0)
	requireText(t, tableCounts(t, r), "10: +0 ~2 -0 =8")
	requireRows(t, r.Tables[0].Lost, nil)
	requireRows(t, queryRows(t, file, "SELECT id FROM cars WHERE msrp = 2000"), []string{`id="1"|`})
	requireRows(t, queryRows(t, file, "SELECT name FROM sqlite_schema WHERE name = 'one_price'"),
		[]string{`name="one_price"|`})

	// The index is the user's, but the source decides: the index is dropped.
	dbtest.MustExec(t, s.mysql, "UPDATE cars SET msrp = 7000 WHERE id = 8")
	if lost := s.report(t, 0).Tables[0].Lost; len(lost) != 1 || !strings.Contains(lost[0], "one_price is gone") {
		t.Errorf("lost: %q", lost)
	}
	requireRows(t, queryRows(t, file, "SELECT id FROM cars WHERE msrp = 7000 ORDER BY id"), []string{`id="7"|`, `id="8"|`})
}

func TestIndexes(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars; a_b",
		append(tenCars, "ALTER TABLE cars ADD a_b INT, ADD a INT, ADD b INT", "CREATE TABLE a_b (id INT PRIMARY KEY, c INT)",
			"INSERT INTO a_b VALUES (1, 1)")...)
	made := func() string {
		return strings.Join(queryRows(t, openFile(t, s.path),
			`SELECT i.tbl_name AS t, group_concat(c.name) AS c FROM sqlite_schema i, pragma_index_info(i.name) c
			WHERE i.type = 'index' AND i.sql IS NOT NULL GROUP BY i.name ORDER BY 1, 2`), " ")
	}

	for _, test := range []struct{ set, made string }{
		{"cars(make)", `t="cars"|c="make"|`},
		{"cars(make)", `t="cars"|c="make"|`},
		{"cars(make, year); cars(year)", `t="cars"|c="make,year"| t="cars"|c="year"|`},
		{"cars(a_b); cars(a, b); a_b(c)", `t="a_b"|c="c"| t="cars"|c="a,b"| t="cars"|c="a_b"|`},
		{"Cars(year); cars(year)", `t="cars"|c="year"|`},
		{"cars(MAKE)", `t="cars"|c="make"|`},
		{"", ""},
	} {
		s.set("SYNC_INDEXES", test.set)
		s.mustSync(t)
		requireText(t, made(), test.made)
	}

	s.set("SYNC_INDEXES", "cars(make)")
	dbtest.MustExec(t, s.mysql, "ALTER TABLE cars ADD warranty INT") // recreates the table with its index
	s.mustSync(t)
	requireText(t, made(), `t="cars"|c="make"|`)

	s.set("SYNC_INDEXES", "cars(color)")
	s.requireFailure(t, 1, "SYNC_INDEXES: there is no column color")
	code, _, stderr := s.run(t, "check")
	if code != 1 || !strings.Contains(stderr, "SYNC_INDEXES: there is no column color") {
		t.Errorf("check: exit code %d: %s", code, stderr)
	}
	s.requireUsageError(t, "SYNC_INDEXES", "trucks(make); cars")
}

func TestNotationOfViews(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars = autos ( make, id )\n\n base ;",
		append(tenCars, "CREATE TABLE base (n INT PRIMARY KEY, v INT)", "INSERT INTO base VALUES (1, 1)")...)
	s.mustSync(t)
	file := openFile(t, s.path)
	requireRows(t, queryRows(t, file, "SELECT name, pk FROM pragma_table_info('autos') WHERE pk ORDER BY pk"),
		[]string{`name="make"|pk="1"|`, `name="id"|pk="2"|`})
	requireRows(t, queryRows(t, file, "SELECT name, pk FROM pragma_table_info('base') WHERE pk"),
		[]string{`name="n"|pk="1"|`})

	for _, views := range []string{
		"cars()", "cars(id", "cars=", "cars(id,)", "=autos", "cars(id)(make)", "cars(id, ID)", "cars@", "base; cars=BASE",
		"cars=_sync_x", "cars=sqlite_x",
	} {
		s.requireUsageError(t, "SYNC_VIEWS", views)
	}
}

// One view can be synced alone, by its own name or its table's. The others stay as they are.
func TestOneViewOfTwo(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a; b=c", append(twoRows, "CREATE TABLE b (id INT PRIMARY KEY)", "INSERT INTO b VALUES (1)")...)
	s.mustSync(t)
	dbtest.MustExec(t, s.mysql, "INSERT INTO a VALUES (3, 30)", "INSERT INTO b VALUES (2)")
	requireText(t, tableCounts(t, s.report(t, 0, "c")), "2: +1 ~0 -0 =1")
	requireText(t, tableCounts(t, s.report(t, 0, "b", "b", "c")), "2: +0 ~0 -0 =2")
	requireRows(t, queryRows(t, openFile(t, s.path),
		"SELECT (SELECT count(*) FROM a) AS a, (SELECT count(*) FROM c) AS c"),
		[]string{`a="2"|c="2"|`})

	r := s.report(t, 2, "nowhere") // --json reports this too
	requireText(t, r.Status+": "+r.Error, "failed: nowhere is not in SYNC_VIEWS, which has: a, b")
}

func TestWithoutKey(t *testing.T) {
	t.Parallel()
	s := newSource(t, "log", "CREATE TABLE t (n INT PRIMARY KEY, what VARCHAR(20))",
		"CREATE VIEW log AS SELECT what FROM t",
		"INSERT INTO t VALUES "+insertValues(1, 100, "(%[1]d0, 'row %[1]d')"))
	s.mustSync(t)
	file := openFile(t, s.path)
	for _, change := range []string{
		"UPDATE t SET n = n",
		"INSERT INTO t VALUES (505, 'in the middle')",
		"DELETE FROM t WHERE n BETWEEN 300 AND 400",
		"INSERT INTO t VALUES (1, 'before all')",
		"DELETE FROM t ORDER BY n LIMIT 3",
		"INSERT INTO t SELECT n + 100000, what FROM t", // each row twice
		"UPDATE t SET what = NULL WHERE n % 3 = 0",
		"INSERT INTO t VALUES (9999999, '')",
	} {
		dbtest.MustExec(t, s.mysql, change)
		s.mustSync(t)
		requireRows(t, queryRows(t, file, "SELECT what FROM log ORDER BY what IS NULL, what"),
			queryRows(t, s.mysql, "SELECT what FROM log ORDER BY what IS NULL, BINARY what"))
		r := s.report(t, 0) // another run
		if c := r.Tables[0]; c.Inserted+c.Updated+c.Deleted != 0 || c.Unchanged != c.Rows {
			t.Errorf("%s: then %s", change, tableCounts(t, r))
		}
	}
}

// All three of SQLite's names for the rowid are taken.
func TestColumnsNamedAsTheRowid(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "(oid)"} {
		s := newSource(t, "v"+key, "CREATE TABLE t (rowid VARCHAR(5), _rowid_ INT, oid INT)",
			"CREATE VIEW v AS SELECT * FROM t",
			"INSERT INTO t VALUES ('a', 5, 1), ('b', 5, 2)")
		s.mustSync(t)
		dbtest.MustExec(t, s.mysql, "UPDATE t SET _rowid_ = 6 WHERE oid = 2", "INSERT INTO t VALUES ('c', 7, 3)")
		s.mustSync(t)
		requireRows(t, queryRows(t, openFile(t, s.path), "SELECT * FROM v ORDER BY oid"),
			queryRows(t, s.mysql, "SELECT * FROM v ORDER BY oid"))
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ key, columns, insert, update, remove, more string }{
		"text": {
			"(k)", "k VARCHAR(40) COLLATE utf8mb4_bin", "('a'), ('A'), ('é'), (''), ('00123'), ('123'), ('a\\'b\"c')",
			"k = '00123'", "k = '123'", "('1e3')",
		},
		"blob": {
			"(k)", "k VARBINARY(9)", "(x''), (x'00'), (x'00FF'), (x'0000'), ('text')", "k = x'00'", "k = x''", "(x'FF')",
		},
		"composite": {
			"(make, n)", "make VARCHAR(9), n INT", "('Kia', 1), ('Kia', 2), ('Ford', 1), ('', 0)", "make = 'Kia' AND n = 2",
			"make = 'Ford'", "('Ford', 2)",
		},
		"decimal": {"(k)", "k DECIMAL(10, 2)", "(1.10), (1.01), (-3.00), (0)", "k = 1.10", "k = 0", "(7)"},
		"long": {
			"(k)", "k DECIMAL(20, 2)", "(123456789012345678.90), (123456789012345678.91), (7)", "k = 123456789012345678.91",
			"k = 7", "(8)",
		},
		"big": {
			"(k)", "k BIGINT UNSIGNED", "(18446744073709551615), (18446744073709551614), (1), (0)", "k = 18446744073709551615",
			"k = 0", "(2)",
		},
		"date": {
			"(k, at)", "k DATE, at DATETIME(3)",
			"('2026-01-01', '2026-01-01 10:00:00.5'), ('2026-01-01', '2026-01-01 10:00:00.501')", "at LIKE '%.501'",
			"at LIKE '%.500'", "('2026-01-02', '2026-01-01')",
		},
		"float":    {"(k)", "k DOUBLE", "(0.1), (0.2), (1e300), (-0.5)", "k = 0.2", "k = -0.5", "(7)"},
		"negative": {"(k)", "k BIGINT", "(-9223372036854775808), (-1), (0), (9223372036854775807)", "k = -1", "k = 0", "(5)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			columns := strings.Trim(test.key, "()")
			s := newSource(t, "v"+test.key, "CREATE TABLE v ("+test.columns+", x INT DEFAULT 0)",
				"INSERT INTO v ("+columns+") VALUES "+test.insert)
			s.mustSync(t)
			dbtest.MustExec(t, s.mysql, "UPDATE v SET x = 1 WHERE "+test.update)
			if c := s.report(t, 0).Tables[0]; c.Inserted != 0 || c.Updated != 1 || c.Deleted != 0 {
				t.Errorf("updated: %+v", c)
			}

			dbtest.MustExec(t, s.mysql, "DELETE FROM v WHERE "+test.remove, "INSERT INTO v ("+columns+") VALUES "+test.more)
			if c := s.report(t, 0).Tables[0]; c.Inserted != 1 || c.Updated != 0 || c.Deleted != 1 {
				t.Errorf("one for the other: %+v", c)
			}
			if c := s.report(t, 0).Tables[0]; c.Unchanged != c.Rows {
				t.Errorf("once more: %+v", c)
			}

			file := openFile(t, s.path)
			requireRows(t, queryRows(t, file, "SELECT count(*) AS n, sum(x) AS x FROM v"),
				queryRows(t, s.mysql, "SELECT count(*) AS n, sum(x) AS x FROM v"))
		})
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", tenCars...)
	r := s.report(t, 0, "--dry-run")
	if _, err := os.Stat(s.path); r.Status != snapshotfile.RunDry || !os.IsNotExist(err) {
		t.Errorf("%s, and then: %v", r.Status, err)
	}

	s.mustSync(t)
	before, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}

	dbtest.MustExec(t, s.mysql, "UPDATE cars SET year = 1990 WHERE id = 1", "DELETE FROM cars WHERE id = 2")
	requireText(t, tableCounts(t, s.report(t, 0, "--dry-run")), "9: +0 ~1 -1 =8")
	dbtest.MustExec(t, s.mysql, "ALTER TABLE cars ADD vin INT")
	requireText(t, s.report(t, 0, "--dry-run").Tables[0].Drift, "+vin INTEGER")
	s.set("SYNC_VIEWS", "cars; nowhere")
	s.report(t, 1, "--dry-run")
	if after, err := os.ReadFile(s.path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the file has changed: %v", err)
	}
	requireNoLeftovers(t, s.path)
}

func TestReport(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", tenCars...)
	s.mustSync(t)
	dbtest.MustExec(t, s.mysql, "UPDATE cars SET year = 1990 WHERE id IN (1, 2)",
		"INSERT INTO cars VALUES (11, 'Audi', 1, 2)",
		"DELETE FROM cars WHERE id = 3")
	r := s.report(t, 0)
	requireText(t, tableCounts(t, r), "10: +1 ~2 -1 =7")
	if c := r.Tables[0]; r.Status != "ok" || r.File != s.path || r.FileBytes == 0 || r.Attempts != 1 || r.ID != 2 ||
		c.View != "cars" || c.Table != "cars" || !c.Key || c.Bytes == 0 || c.SchemaHash == "" {
		t.Errorf("%+v", r)
	}

	requireRows(t, queryRows(t, openFile(t, s.path),
		"SELECT run_id, table_name, rows, inserted, updated, deleted, unchanged FROM _sync_tables WHERE run_id = 2"),
		[]string{`run_id="2"|table_name="cars"|rows="10"|inserted="1"|updated="2"|deleted="1"|unchanged="7"|`})
	dbtest.MustExec(t, s.mysql, "DROP TABLE cars")
	if r := s.report(t, 1); r.Status != "failed" || !strings.Contains(r.Error, "cars: no such table or view") {
		t.Errorf("%+v", r)
	}

	if code, stdout, stderr := s.run(t, "sync", "--quiet"); code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
}

func TestSecondSyncerIsSkipped(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	working, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p := tcpProxy{request: func(packet []byte) {
		if bytes.Contains(packet, []byte("FROM `a`")) {
			once.Do(func() { close(working); <-goOn })
		}
	}}
	p.start(t, s)
	first := make(chan int)
	go func() {
		code, _, _ := s.run(t, "sync")
		first <- code
	}()
	<-working
	r := s.report(t, 0)
	if r.Status != snapshotfile.RunSkipped || r.Running == nil || r.Running.PID != os.Getpid() {
		t.Errorf("%+v", r)
	}

	code, stdout, _ := s.run(t, "sync")
	if code != 0 || !strings.HasPrefix(stdout, "skipped: ") ||
		!strings.Contains(stdout, fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("exit code %d: %s", code, stdout)
	}

	close(goOn)
	if code := <-first; code != 0 {
		t.Errorf("the first syncer's exit code is %d", code)
	}

	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT status FROM _sync_runs"), []string{`status="ok"|`})
}

// The snapshot is as old as its oldest table.
func TestStatusOfOneViewOfTwo(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a; b=second", append(twoRows, "CREATE TABLE b (id INT PRIMARY KEY)", "INSERT INTO b VALUES (1)")...)
	s.mustSync(t)
	dbtest.MustExec(t, openFile(t, s.path),
		"UPDATE _sync_runs SET started = '2026-01-01T00:00:00.000Z', finished = '2026-01-01T00:00:01.000Z'")
	if code, out := s.output(t, "sync", "a"); code != 0 {
		t.Fatal(out)
	}

	for _, views := range []string{"a; b=second", ""} {
		s.set("SYNC_VIEWS", views)
		code, stdout, stderr := s.run(t, "status", "--max-age", "1h")
		if code != 4 || !strings.Contains(stdout, "b -> second   1 rows   of 2026-01-01T00:00:00Z") {
			t.Errorf("%q: exit code %d: %s%s", views, code, stdout, stderr)
		}
	}

	s.set("SYNC_VIEWS", "a")
	if code, out := s.output(t, "status", "--max-age", "1h"); code != 0 {
		t.Errorf("exit code %d: %s", code, out)
	}

	s.set("SYNC_VIEWS", "a; c")
	if code, _, stderr := s.run(t, "status", "--max-age", "1h"); code != 4 ||
		!strings.Contains(stderr, "there is no snapshot of all tables") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	exits := func(code int, wanted string, args ...string) {
		t.Helper()
		if got, stdout, stderr := s.run(t, append([]string{"status"}, args...)...); got != code ||
			!strings.Contains(stdout+stderr, wanted) {
			t.Errorf("status %v: exit code %d, want %d and %q: %s%s", args, got, code, wanted, stdout, stderr)
		}
	}
	exits(4, "there is no snapshot yet: SYNC_PATH")
	exits(4, "there is no snapshot yet", "--max-age", "1h")
	exits(2, "--max-age", "--max-age", "-1h")

	dbtest.MustExec(t, s.mysql, "RENAME TABLE a TO b")
	s.requireFailure(t, 1, "a: no such table or view")
	exits(4, "has no snapshot yet\n1 run has published nothing; the last run")
	exits(4, "there is no snapshot of all tables", "--max-age", "1h")

	// A good run after failed ones.
	dbtest.MustExec(t, s.mysql, "RENAME TABLE b TO a")
	s.mustSync(t)
	exits(0, "a -> a   2 rows", "--max-age", "1h")
	exits(4, "old, more than 1ns", "--max-age", "1ns")

	dbtest.MustExec(t, s.mysql, "DROP TABLE a")
	s.requireFailure(t, 1, "a: no such table or view")
	exits(0, "1 run since then has published nothing; the last run")
	_, stdout, _ := s.run(t, "status", "--json")
	var status struct {
		Snapshot struct{ Status string }
		Failures int `json:"consecutive_failures"`
		Last     struct{ Status, Error string }
	}
	if err := json.Unmarshal([]byte(stdout), &status); err != nil || status.Snapshot.Status != "ok" ||
		status.Failures != 1 ||
		status.Last.Status != "failed" || status.Last.Error == "" {
		t.Errorf("%v: %s", err, stdout)
	}
}

func TestZeroDates(t *testing.T) {
	t.Parallel()
	s := newSource(t, "v", "CREATE TABLE v (id INT PRIMARY KEY, day DATE, at DATETIME(1))")
	conn, err := s.mysql.Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()

	for _, q := range []string{
		"SET sql_mode = ''",
		"INSERT INTO v VALUES (1, '0000-00-00', '0000-00-00 00:00:00.0'), (2, '2026-02-00', '2026-00-01 10:00:00.5'), (3, " +
			"'2026-02-01', NULL)",
	} {
		if _, err := conn.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}

	last := `id="3"|day="2026-02-01"|at=NULL|`
	for setting, first := range map[string][]string{
		"keep": {
			`id="1"|day="0000-00-00"|at="0000-00-00 00:00:00.0"|`, `id="2"|day="2026-02-00"|at="2026-00-01 10:00:00.5"|`,
		},
		"null": {`id="1"|day=NULL|at=NULL|`, `id="2"|day=NULL|at=NULL|`},
	} {
		s.set("SYNC_ZERO_DATES", setting)
		r := s.report(t, 0)

		// As text, because the driver turns some DATEs into a time.Time.
		requireRows(t, queryRows(t, openFile(t, s.path),
			"SELECT id, CAST(day AS TEXT) AS day, CAST(at AS TEXT) AS at FROM v ORDER BY id"), append(first, last))
		if warnings := strings.Join(r.Tables[0].Warnings, "; "); (setting == "null") != strings.Contains(warnings,
			"day: a zero date: stored as NULL, as SYNC_ZERO_DATES=null asks (2 values, first at id=1)") {
			t.Errorf("%s: warnings %q", setting, warnings)
		}
	}

	s.set("SYNC_ZERO_DATES", "fail")
	s.requireFailure(t, 1, "id=1: column day: 0000-00-00 is not a date")
	s.requireUsageError(t, "SYNC_ZERO_DATES", "never")
}

func TestDecimals(t *testing.T) {
	t.Parallel()
	s := newSource(t, "v", "CREATE TABLE v (id INT PRIMARY KEY, p DECIMAL(10,2), q DECIMAL(20,2))",
		"INSERT INTO v VALUES (1, 1.50, 123456789012345678.90), (2, 7, 7)")
	for _, test := range []struct{ set, first, second string }{
		{"auto", `p="1.5"|tp="real"|q="123456789012345678.90"|tq="text"|`, `p="7"|tp="integer"|q="7.00"|tq="text"|`},
		{"text", `p="1.50"|tp="text"|q="123456789012345678.90"|tq="text"|`, `p="7.00"|tp="text"|q="7.00"|tq="text"|`},
		{"numeric", `p="1.5"|tp="real"|q="1.2345678901234568e+17"|tq="integer"|`, `p="7"|tp="integer"|q="7"|tq="integer"|`},
		{"auto", `p="1.5"|tp="real"|q="123456789012345678.90"|tq="text"|`, `p="7"|tp="integer"|q="7.00"|tq="text"|`},
	} {
		s.set("SYNC_DECIMAL", test.set)
		r := s.report(t, 0)
		got := queryRows(t, openFile(t, s.path), "SELECT p, typeof(p) AS tp, q, typeof(q) AS tq FROM v ORDER BY id")
		if test.set == "numeric" { // SQLite may store a whole REAL as an integer
			if len(r.Tables[0].Warnings) != 1 || !strings.Contains(r.Tables[0].Warnings[0], "q: more digits than a REAL holds") {
				t.Errorf("warnings %q", r.Tables[0].Warnings)
			}

			requireRows(t, got[1:], []string{test.second})
			continue
		}

		requireRows(t, got, []string{test.first, test.second})
	}
}

func TestTableOfTheUser(t *testing.T) {
	t.Parallel()
	s := newSource(t, "other=theirs",
		append(twoRows, "CREATE TABLE other (id INT PRIMARY KEY)", "INSERT INTO other VALUES (1)")...)
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, "CREATE TABLE a (note TEXT)", "INSERT INTO a VALUES ('mine')",
		"CREATE VIEW b AS SELECT 1 AS one")
	dbtest.MustExec(t, s.mysql, "CREATE TABLE b (id INT)", "INSERT INTO b VALUES (1)")
	for _, name := range []string{"a", "A", "b"} {
		s.set("SYNC_VIEWS", "other=theirs; a="+name)
		s.requireFailure(t, 1, "that is not syncer's: rename it, or choose another name in SYNC_VIEWS")
		if code, out := s.output(t, "sync", "--force"); code != 1 { // not even with --force
			t.Errorf("exit code %d: %s", code, out)
		}
	}

	requireRows(t, queryRows(t, file, "SELECT note FROM a"), []string{`note="mine"|`})

	// A file that was never syncer's is used, and the tables in it stay.
	userFile := filepath.Join(t.TempDir(), "own.db")
	s.keep(userFile)
	if err := os.WriteFile(userFile, nil, 0o600); err != nil {
		t.Fatal(err)
	}

	dbtest.MustExec(t, openFile(t, userFile), "CREATE TABLE notes (note TEXT)", "INSERT INTO notes VALUES ('mine')")
	before, err := os.ReadFile(userFile)
	if err != nil {
		t.Fatal(err)
	}

	unchanged := func() {
		t.Helper()
		if now, err := os.ReadFile(userFile); err != nil || !bytes.Equal(now, before) {
			t.Errorf("the file is no longer what it was: %v", err)
		}
		requireNoLeftovers(t, userFile)
	}
	s.set("SYNC_VIEWS", "nowhere") // a run that publishes nothing changes nothing, not even the journal mode
	s.requireError(t, 1, "nowhere: no such table or view")
	unchanged()
	s.set("SYNC_VIEWS", "a")
	if code, out := s.output(t, "sync", "--dry-run"); code != 0 {
		t.Errorf("exit code %d: %s", code, out)
	}
	unchanged()
	s.mustSync(t)
	requireRows(t, queryRows(t, openFile(t, userFile), "SELECT note, (SELECT count(*) FROM a) AS n FROM notes"),
		[]string{`note="mine"|n="2"|`})
}

// Another program may create a file at the path during the first run.
func TestFileAppearsMeanwhile(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	var once sync.Once
	p := tcpProxy{request: func(packet []byte) {
		if bytes.Contains(packet, []byte("FROM `a`")) {
			once.Do(func() {
				if err := os.WriteFile(s.path, nil, 0o600); err != nil {
					t.Error(err)
				}
				dbtest.MustExec(t, openFile(t, s.path), "CREATE TABLE notes (note TEXT)", "INSERT INTO notes VALUES ('mine')")
			})
		}
	}}
	p.start(t, s)
	if code, _, stderr := s.run(t, "sync"); code != 0 ||
		!strings.Contains(stderr, "another program has altered the file meanwhile") {
		t.Errorf("exit code %d: %s", code, stderr)
	}

	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT note, (SELECT count(*) FROM a) AS n FROM notes"),
		[]string{`note="mine"|n="2"|`})
}
