package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// tableCase is a table or view named cars, with the key that must find its rows.
type tableCase struct {
	name       string
	statements []string
	key        string // expected columns of the key; "rowid", or "" for none
	unique     bool
}

const makeModel = "make VARCHAR(20), model VARCHAR(20)"

// createCars and insertCars return statements for a MySQL table cars. Its last columns are those of makeModel.
func createCars(columns string) string {
	return "CREATE TABLE cars (" + columns + ", " + makeModel + ")"
}

func insertCars(rows ...string) string {
	return "INSERT INTO cars VALUES (" + strings.Join(rows, "), (") + ")"
}

func mysqlTables() []tableCase {
	return slices.Concat(mysqlKeyTables(), mysqlTypeTables(), mysqlViews())
}

// mysqlKeyTables are tables with different kinds of keys.
func mysqlKeyTables() []tableCase {
	table, insert := createCars, insertCars
	return []tableCase{
		{"primary key", []string{
			table("vin CHAR(17), no INT AUTO_INCREMENT PRIMARY KEY"),
			insert("'V1', 7, 'a', 'b'", "'V2', 8, 'a', 'b'"),
		}, "no", true},
		{"primary key before a shorter one", []string{
			table("dealer INT, no INT, vin CHAR(17) NOT NULL UNIQUE, PRIMARY KEY (dealer, no)"),
			insert("1, 1, 'V1', 'a', 'b'", "1, 2, 'V2', 'a', 'b'", "2, 1, 'V3', 'a', 'b'"),
		}, "dealer no", true},
		{"unique key", []string{table("vin CHAR(17) NOT NULL UNIQUE, no INT"), insert("'V1', 7, 'a', 'b'")}, "vin", true},
		{"shortest unique key", []string{
			table("a INT NOT NULL, b INT NOT NULL, c INT NOT NULL, UNIQUE (a, b), UNIQUE (c)"),
			insert("1, 1, 5, 'a', 'b'", "1, 2, 6, 'a', 'b'"),
		}, "c", true},
		{
			"unique key that may be NULL",
			[]string{table("vin CHAR(17) UNIQUE, no INT"), insert("'V1', 7, 'a', 'b'")},
			"vin", false,
		},
		{"unique key of a part that may be NULL", []string{
			table("dealer INT, no INT NOT NULL, UNIQUE (dealer, no)"),
			insert("1, 7, 'a', 'b'"),
		}, "", false},
		{"unique key of a beginning", []string{
			table("vin CHAR(17) NOT NULL, no INT, UNIQUE (vin(5))"),
			insert("'V1', 7, 'a', 'b'"),
		}, "vin", false},
		{"unique key of floating-point numbers", []string{
			table("size DOUBLE NOT NULL UNIQUE, no FLOAT NOT NULL UNIQUE"),
			insert("1, 7, 'a', 'b'"),
		}, "", false},
		{"names that need quotes", []string{
			table("`a``\"b` INT, `select` INT, PRIMARY KEY (`select`, `a``\"b`)"),
			insert("1, 2, 'a', 'b'"),
		}, "select a`\"b", true},
		{"no key", []string{table("no INT"), insert("1, 'a', 'b'")}, "", false},
	}
}

// mysqlTypeTables are tables whose keys have different types.
func mysqlTypeTables() []tableCase {
	table, insert := createCars, insertCars
	return []tableCase{
		{"case-insensitive texts", []string{
			table("no VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY"),
			insert("'K-1', 'a', 'b'", "'é', 'a', 'b'", "'ハ🍺', 'a', 'b'"),
		}, "no", true},
		{"bytes", []string{table("no BINARY(4) PRIMARY KEY"), insert("x'ff00fe80', 'a', 'b'", "'ab', 'a', 'b'",
			"x'', 'a', 'b'")}, "no", true},
		{
			"variable bytes",
			[]string{table("no VARBINARY(4) PRIMARY KEY"), insert("x'ff00fe', 'a', 'b'", "x'', 'a', 'b'")},
			"no", true,
		},
		{"large integers", []string{
			table("no BIGINT UNSIGNED PRIMARY KEY"),
			insert("18446744073709551615, 'a', 'b'", "18446744073709551614, 'a', 'b'", "9223372036854775808, 'a', 'b'",
				"5, 'a', 'b'"),
		}, "no", true},
		{"decimals", []string{
			table("no DECIMAL(20,2) PRIMARY KEY"),
			insert("123456789012345678.25, 'a', 'b'", "123456789012345678.26, 'a', 'b'", "-5, 'a', 'b'", "0, 'a', 'b'"),
		}, "no", true},
		{"latin1", []string{
			table("no VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_general_cs PRIMARY KEY"),
			insert("'é', 'a', 'b'", "'K', 'a', 'b'", "'?', 'a', 'b'"),
		}, "no", true},
		{"times, bits and enums", []string{
			table("day DATE, at DATETIME(3), t TIME(2), y YEAR, b BIT(12), e ENUM('x','ハ'), s TIMESTAMP, PRIMARY KEY (day, " +
				"at, t, y, b, e, s)"),
			insert("'2026-01-02', '2026-01-02 03:04:05.5', '-12:00:00.5', 2026, 300, 'ハ', '2026-01-02 03:04:05', 'a', 'b'",
				"'2026-01-02', '2026-01-02 03:04:05.5', '-12:00:00.5', 2026, 301, 'ハ', '2026-01-02 03:04:05', 'a', 'b'"),
		}, "day at t y b e s", true},
	}
}

// mysqlViews have no keys, but columns that look like one.
func mysqlViews() []tableCase {
	return []tableCase{
		{"view by its id", []string{
			"CREATE TABLE base (id INT PRIMARY KEY, " + makeModel + ")", "INSERT INTO base VALUES (1, 'a', 'b'), (2, 'a', 'b')",
			"CREATE VIEW cars AS SELECT * FROM base",
		}, "id", false},
		{"view by its stock number", []string{
			"CREATE TABLE base (stock_no VARCHAR(20) PRIMARY KEY, vin CHAR(17), " + makeModel + ")",
			"INSERT INTO base VALUES ('S 1', 'V', 'a', 'b')",
			"CREATE VIEW cars AS SELECT * FROM base",
		}, "stock_no", false},
		{"view by its VIN", []string{
			"CREATE TABLE base (vin CHAR(17) PRIMARY KEY, " + makeModel + ")", "INSERT INTO base VALUES ('V', 'a', 'b')",
			"CREATE VIEW cars AS SELECT CONCAT(vin, '~') AS vin, make, model FROM base",
		}, "vin", false},
	}
}

// longNumbers are the cases in which the source declares the column "no" as a number, and syncer stores it as text.
var longNumbers = map[string]string{
	"long decimals as texts": "decimal(20,2)", "long integers as texts": "bigint(20) unsigned",
}

func sqliteTables() []tableCase {
	table := func(columns, options string) string {
		return "CREATE TABLE cars (" + makeModel + ", " + columns + ") " + options
	}
	return []tableCase{
		{"rowid", []string{table("no INT", ""), "INSERT INTO cars (rowid, no) VALUES (7, 1), (-9223372036854775808, 2), " +
			"(9223372036854775807, 3)"}, "rowid", true},
		{
			"integer primary key",
			[]string{table("no INTEGER PRIMARY KEY", ""), "INSERT INTO cars (no) VALUES (7), (8)"},
			"no", true,
		},
		{"texts", []string{table("no TEXT NOT NULL PRIMARY KEY", ""), "INSERT INTO cars (no) VALUES ('a'), ('A'), (7), " +
			"('é'), ('x' || char(0) || 'y')"}, "no", true},
		{"integers and texts", []string{
			table("d INT NOT NULL, no VARCHAR(9) NOT NULL, UNIQUE (d, no)", ""),
			"INSERT INTO cars (d, no) VALUES (1, 'a'), ('x', 'a'), (1.5, '')",
		}, "d no", true},
		{
			"key with NULL",
			[]string{table("no TEXT PRIMARY KEY", ""), "INSERT INTO cars (no) VALUES ('a'), (NULL)"},
			"rowid", true,
		},
		{
			"integer key with NULL",
			[]string{table("no INT PRIMARY KEY", ""), "INSERT INTO cars (no) VALUES (7), (NULL)"},
			"rowid", true,
		},
		{"key of times", []string{table("at DATETIME NOT NULL UNIQUE", ""), "INSERT INTO cars (at) VALUES ('2026-01-02'), " +
			"(1.5)"}, "rowid", true},
		{"column named rowid", []string{
			table("rowid TEXT, _ROWID_ TEXT", ""),
			"INSERT INTO cars (oid, rowid) VALUES (7, 'x'), (8, 'x')",
		}, "rowid", true},
		{"all names of the rowid taken", []string{
			table("rowid TEXT, _rowid_ TEXT, oid TEXT NOT NULL UNIQUE", ""),
			"INSERT INTO cars (oid) VALUES ('7')",
		}, "oid", true},
		{"without rowid", []string{
			table("dealer INT, no TEXT, PRIMARY KEY (dealer, no)", "WITHOUT ROWID"),
			"INSERT INTO cars (dealer, no) VALUES (1, 'a'), (1, 'A'), (2, 'a~ é')",
		}, "dealer no", true},
		{"without rowid, numbers", []string{
			table("no NUMERIC PRIMARY KEY", "WITHOUT ROWID"),
			"INSERT INTO cars (no) VALUES (1), (2.5), (1e300), ('x')",
		}, "no", true},
		{"without rowid, no type", []string{
			table("no PRIMARY KEY", "WITHOUT ROWID"),
			"INSERT INTO cars (no) VALUES (1), (2.5), ('y')",
		}, "no", true},
		{"long decimals as texts", []string{
			table("no TEXT PRIMARY KEY", "WITHOUT ROWID"), "INSERT INTO cars (no) VALUES ('5.00'), ('123456789012345678.25'), " +
				"('123456789012345678.26')",
		}, "no", true},
		{"long integers as texts", []string{
			table("no TEXT PRIMARY KEY", "WITHOUT ROWID"), "INSERT INTO cars (no) VALUES ('5'), ('18446744073709551615'), " +
				"('18446744073709551614')",
		}, "no", true},
		{"view by its id", []string{
			"CREATE TABLE base (id INTEGER PRIMARY KEY, " + makeModel + ")", "INSERT INTO base (id) VALUES (1), (2)",
			"CREATE VIEW cars AS SELECT * FROM base",
		}, "id", false},
		{"view by a computed VIN", []string{
			"CREATE TABLE base (vin TEXT, " + makeModel + ")", "INSERT INTO base (vin) VALUES ('V'), ('W')",
			"CREATE VIEW cars AS SELECT vin || '~' AS vin, make, model FROM base",
		}, "vin", false},
		{"partial index", []string{
			"CREATE TABLE base (no INT NOT NULL, " + makeModel + ")", "CREATE UNIQUE INDEX i ON base (no) WHERE no > 5",
			"INSERT INTO base (no) VALUES (1)",
			"CREATE VIEW cars AS SELECT * FROM base",
		}, "", false},
	}
}

// The right key is chosen, and finds each row.
func TestKeys(t *testing.T) {
	check := func(t *testing.T, e tableCase, c dbconn.Config) {
		s := openStore(t, c, Settings{})
		read := readStock(t, s, nil)

		key := read.catalog.Key
		var names []string
		for _, i := range key.Columns {
			names = append(names, read.catalog.Table.Columns[i].Name)
		}

		if key.RowID {
			names = []string{"rowid"}
		}

		if got := strings.Join(names, " "); got != e.key || key.Unique != e.unique {
			t.Fatalf("key %q, unique: %t; want %q, %t", got, key.Unique, e.key, e.unique)
		}

		if e.key != "" {
			requireSameRows(t, s, read)
			return
		}

		keys := [][]value.Cell{textKey("x")}
		if _, err := s.Rows(t.Context(), read.catalog, read.version, keys, nil, 1); err == nil {
			t.Error("rows were found without a key")
		}
	}

	for _, e := range mysqlTables() {
		t.Run("MySQL/"+e.name, func(t *testing.T) {
			c := dbtest.Database(t)
			dbtest.MustExec(t, dbtest.Open(t, c), e.statements...)
			check(t, e, c)
		})
	}

	for _, e := range sqliteTables() {
		t.Run("SQLite/"+e.name, func(t *testing.T) {
			c, write := dbtest.SQLite(t, e.statements...)
			if declared := longNumbers[e.name]; declared != "" {
				columns := []schema.Column{schema.NewColumn("no", declared)}
				if err := snapshotfile.SetColumns(t.Context(), write, "cars", columns); err != nil {
					t.Fatal(err)
				}
			}

			check(t, e, c)
		})
	}
}

// An index that the server does not use to find rows is not a key.
func TestUnusedIndexes(t *testing.T) {
	c := dbtest.Database(t)
	db := dbtest.Open(t, c)
	dbtest.MustExec(t, db, "CREATE TABLE cars (vin CHAR(17) NOT NULL, no INT NOT NULL, note TEXT NOT NULL, "+makeModel+
		", UNIQUE z (no, vin))")

	unused := 0
	for _, index := range []string{"(no) INVISIBLE", "(no) IGNORED", "((no + 1))", "(note)"} {
		if _, err := db.Exec(fmt.Sprintf("ALTER TABLE cars ADD UNIQUE INDEX a%d %s", unused, index)); err == nil {
			unused++
		}
	}

	if unused == 0 {
		t.Fatal("the server has no index that is not used")
	}

	source, err := openStore(t, c, Settings{}).describe(t.Context(), db, false)
	if err != nil || len(source.Keys) != 1 || !slices.Equal(source.Keys[0], []string{"no", "vin"}) {
		t.Errorf("keys %q, %v", source.Keys, err)
	}
}

// A key finds only the row with the same bytes, whatever the collation considers equal. Each key gets its own row, in
// the requested order.
func TestRowsByBytes(t *testing.T) {
	c := dbtest.Database(t)
	dbtest.MustExec(t, dbtest.Open(t, c),
		"CREATE TABLE cars (no VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, n INT, "+makeModel+
			", PRIMARY KEY (no))",
		"INSERT INTO cars VALUES ('K-1', 1, 'a', 'b'), ('é', 2, 'a', 'b'), ('x', 3, 'a', 'b')")
	s := openStore(t, c, Settings{})
	read := readStock(t, s, nil)

	keys := [][]value.Cell{
		textKey("x"), textKey("k-1 "), textKey("e"), textKey("K-1"), textKey("x"), {{}}, textKey("é"), textKey("ハ"),
	}
	rows, err := s.Rows(t.Context(), read.catalog, read.version, keys, []*catalog.Field{read.catalog.Field("n")}, 10)
	if err != nil {
		t.Fatal(err)
	}

	for i, want := range []string{"3", "", "", "1", "3", "", "2", ""} {
		got := ""
		if rows[i] != nil {
			cell, _ := rows[i].Cell(read.catalog.Field("n"))
			got = string(cell.Form)
		}

		if got != want {
			t.Errorf("%s: n = %q, want %q", describeCells(keys[i]), got, want)
		}
	}

	if cell, whole := rows[0].Cell(read.catalog.Field("make")); whole || cell.Type != value.Null {
		t.Errorf("a field that was not requested: %q, complete: %t", cell.Form, whole)
	}
}

// Any number of keys can be read, also more than one statement takes.
func TestManyKeys(t *testing.T) {
	c := dbtest.Database(t)
	db := dbtest.Open(t, c)
	dbtest.MustExec(t, db, "CREATE TABLE cars (dealer INT, no INT, "+makeModel+", PRIMARY KEY (dealer, no))")

	var rows []string
	for i := range 1000 {
		rows = append(rows, fmt.Sprintf("(%d, %d, 'm%d', 'b')", i%7, i, i))
	}

	dbtest.MustExec(t, db, "INSERT INTO cars VALUES "+strings.Join(rows, ", "))
	s := openStore(t, c, Settings{})
	read := readStock(t, s, nil)
	field := read.catalog.Field("make")

	all := read.keys()
	for _, n := range []int{0, 1, 2, 3, 20, 22, 101, 400, 402, 1000} {
		got, err := s.Rows(t.Context(), read.catalog, read.version, all[:n], []*catalog.Field{field}, 10)
		if err != nil || len(got) != n {
			t.Fatalf("%d keys: %d rows, %v", n, len(got), err)
		}

		for i, row := range got {
			if cell, _ := row.Cell(field); string(cell.Form) != "m"+string(all[i][1].Form) {
				t.Fatalf("%d keys: row %d is %s", n, i, cell.Form)
			}
		}
	}
}

// A key with letters that the column's character set lacks finds no row, without an error.
func TestForeignLetters(t *testing.T) {
	for _, set := range []string{"latin1", "utf8mb3", "ascii", "cp1251"} {
		t.Run(set, func(t *testing.T) {
			c := dbtest.Database(t)
			dbtest.MustExec(t, dbtest.Open(t, c),
				"CREATE TABLE cars (no VARCHAR(20) CHARACTER SET "+set+" PRIMARY KEY, "+makeModel+")",
				"INSERT INTO cars VALUES ('K', 'a', 'b'), ('?', 'a', 'b')")

			s := openStore(t, c, Settings{})
			read := readStock(t, s, nil)
			for _, keys := range [][][]value.Cell{{textKey("🍺")}, {textKey("🍺"), textKey("K"), textKey("ハ🍺")}} {
				rows, err := s.Rows(t.Context(), read.catalog, read.version, keys, nil, 10)
				if err != nil {
					t.Fatal(err)
				}

				for i, row := range rows {
					if want := string(keys[i][0].Form) == "K"; want != (row != nil) {
						t.Errorf("%s: row %v", keys[i][0].Form, row)
					}
				}
			}
		})
	}
}
