package cli_test

import (
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"

	"carstock/pkg/dbconn/dbtest"

	"github.com/mattn/go-sqlite3"
)

// syncer finds broken objects by trying each on its own, whatever their SQL; objects that work stay.
func TestBrokenObjectsAreFound(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars; dealers", append(tenCars, "CREATE TABLE dealers (id INT PRIMARY KEY, msrp INT)",
		"INSERT INTO dealers VALUES (1, 1)")...)
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, "PRAGMA foreign_keys = ON",
		`CREATE TABLE log (id ANY, msrp ANY) STRICT`, "CREATE TABLE deep (id INT PRIMARY KEY) WITHOUT ROWID",
		"CREATE TABLE offers (car INT REFERENCES cars (id) ON DELETE CASCADE, n INT)",
		"INSERT INTO offers VALUES (2, 20), (3, 30)",
		`CREATE INDEX "msrp" ON cars (make)`, "CREATE INDEX part ON cars (year) WHERE make = '\"msrp\"'",
		`CREATE INDEX expr ON cars (coalesce(make, "msrp"))`,
		"CREATE INDEX lower_make ON cars (lower(make))", "CREATE VIEW good AS SELECT id, make FROM cars",
		`CREATE VIEW quoted AS SELECT id, "msrp" FROM cars`,
		`CREATE VIEW other AS SELECT id, "msrp" FROM dealers`, "CREATE VIEW upon AS SELECT msrp FROM quoted",
		"CREATE TRIGGER via_good INSTEAD OF INSERT ON good BEGIN INSERT INTO log VALUES (new.id, new.make); END",
		"CREATE TRIGGER via_bad INSTEAD OF INSERT ON good BEGIN INSERT INTO log SELECT id, msrp FROM cars; END",
		"CREATE TRIGGER fine AFTER UPDATE ON cars BEGIN INSERT INTO log VALUES (new.id, 'fine'); END",
		`CREATE TRIGGER text AFTER UPDATE ON cars BEGIN INSERT INTO log SELECT id, "msrp" FROM cars; END`,
		`CREATE TRIGGER theirs AFTER UPDATE ON cars BEGIN INSERT INTO log SELECT id, "msrp" FROM dealers; END`,
		"CREATE TRIGGER cascade AFTER INSERT ON log BEGIN INSERT OR IGNORE INTO deep SELECT msrp FROM cars; END",
		"CREATE TRIGGER aside AFTER INSERT ON deep BEGIN INSERT INTO offers SELECT id, msrp FROM cars; END",
		"CREATE TRIGGER unrelated AFTER DELETE ON offers BEGIN INSERT INTO log SELECT id, msrp FROM cars; END")
	dbtest.MustExec(t, s.mysql, "ALTER TABLE cars DROP COLUMN msrp", "UPDATE cars SET year = 1990 WHERE id = 3",
		"DELETE FROM cars WHERE id = 2")
	lost := s.report(t, 0).Tables[0].Lost
	for _, what := range []string{
		"expr is gone: no such column: msrp", "the view quoted no longer works: no such column: msrp",
		"text is gone: no such column: msrp",
		"cascade is gone: no such column: msrp", "the trigger via_bad on good no longer works: no such column: msrp",
		"the trigger unrelated on offers no longer works: no such column: msrp",
	} {
		if !strings.Contains(strings.Join(lost, "\n")+"\n", what+"\n") {
			t.Errorf("%s: not in %q", what, lost)
		}
	}

	for _, l := range lost {
		for _, name := range []string{
			`"msrp" is`, "msrp is", "part", "lower_make", "good no", "other", "via_good", "fine", "theirs",
		} {
			if strings.HasPrefix(l, name) || strings.Contains(l, "view "+name) {
				t.Error(l)
			}
		}
	}

	requireRows(t, queryRows(t, file,
		"SELECT name FROM sqlite_schema WHERE tbl_name = 'cars' AND type IN ('index', 'trigger') "+
			"AND sql IS NOT NULL ORDER BY name"),
		[]string{`name="fine"|`, `name="lower_make"|`, `name="msrp"|`, `name="part"|`, `name="theirs"|`})
	requireRows(t, queryRows(t, file, "SELECT * FROM log ORDER BY id"),
		[]string{`id="1"|msrp="1"|`, `id="3"|msrp="fine"|`})
	requireRows(t, queryRows(t, file, "SELECT car FROM offers"), []string{
		`car="2"|`,
		`car="3"|`,
	}) // syncer disables foreign key actions
	dbtest.MustExec(t, file, "INSERT INTO offers VALUES (3, 31)") // references the table, which is still there

	dbtest.MustExec(t, s.mysql, "ALTER TABLE cars MODIFY year VARCHAR(4)")
	requireRows(t, s.report(t, 0).Tables[0].Lost, nil)
	dbtest.MustExec(t, file, "INSERT INTO offers VALUES (3, 32)")
}

// If an index uses a function of the user's program, the run fails with the name of the index, and the index stays.
func TestUserFunctions(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", tenCars...)
	s.mustSync(t)
	withFunctions(t, s.path, "CREATE INDEX by_plate ON cars (plate(make))", "CREATE INDEX by_make ON cars (make)")
	for _, change := range []string{
		"UPDATE cars SET year = 1 WHERE id = 1", "UPDATE cars SET make = 'VW' WHERE id = 1", "ALTER TABLE cars DROP msrp",
		"ALTER TABLE cars MODIFY year VARCHAR(9)",
	} {
		dbtest.MustExec(t, s.mysql, change)
		s.requireFailure(t, 1, "the index by_plate cannot work in syncer: unknown function: plate()", "drop it, or change it")
	}

	if code, out := s.output(t, "check"); code != 1 || !strings.Contains(out,
		"the table cars cannot be written: unknown function: plate()") || !strings.Contains(out, "index by_plate") {
		t.Errorf("exit code %d: %s", code, out)
	}

	dbtest.MustExec(t, openFile(t, s.path), "DROP INDEX by_plate", "CREATE TABLE log (x)")
	withFunctions(t, s.path,
		"CREATE TRIGGER plates AFTER UPDATE ON cars BEGIN INSERT INTO log VALUES (plate(new.make)); END",
		"CREATE TRIGGER years AFTER UPDATE ON cars BEGIN INSERT INTO log VALUES (new.year); END")
	s.requireFailure(t, 1, "the trigger plates cannot work in syncer: no such function: plate")
	dbtest.MustExec(t, openFile(t, s.path), "DROP TRIGGER plates")
	requireRows(t, s.report(t, 0).Tables[0].Lost, nil)
	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT x FROM log"), []string{`x="1"|`})
}

// An index with a collation that syncer lacks fails each run, even if nothing changes. The error names the index.
func TestIndexByAnotherProgramsCollation(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", tenCars...)
	s.mustSync(t)
	withFunctions(t, s.path, "CREATE INDEX by_make ON cars (make COLLATE dealers)", "CREATE INDEX by_year ON cars (year)")
	const want = "the index by_make cannot work in syncer: no such collation sequence: dealers: drop it, or change it"
	s.requireFailure(t, 1, want)
	dbtest.MustExec(t, s.mysql, "UPDATE cars SET msrp = 5 WHERE id = 1")
	s.requireFailure(t, 1, want)
	dbtest.MustExec(t, openFile(t, s.path), "DROP INDEX by_make")
	s.mustSync(t)
}

// syncer does not change a view that the user has created in place of a copied table.
func TestViewInThePlaceOfATable(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", tenCars...)
	s.mustSync(t)
	dbtest.MustExec(t, openFile(t, s.path), "ALTER TABLE cars RENAME TO cars_kept",
		"CREATE VIEW cars AS SELECT * FROM cars_kept")

	for _, command := range []string{"sync", "check"} {
		code, _, stderr := s.run(t, command)
		if code != 1 || !strings.Contains(stderr, "the file has a view cars that is not syncer's: rename it") {
			t.Errorf("%s: exit code %d: %s", command, code, stderr)
		}
	}
}

var registerOnce sync.Once

// withFunctions runs statements on the file in a program that defines the function plate.
func withFunctions(t *testing.T, path string, statements ...string) {
	t.Helper()
	registerOnce.Do(func() {
		sql.Register("sqlite3 with plate", &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
			return errors.Join(c.RegisterFunc("plate", strings.ToUpper, true), c.RegisterCollation("dealers", strings.Compare))
		}})
	})
	db, err := sql.Open("sqlite3 with plate", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()

	for _, q := range statements {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// A spatial index whose triggers use rowids stays in step: either rowids stay, or the triggers fire.
func TestSpatialIndex(t *testing.T) {
	t.Parallel()
	s := newSource(t, "places", "CREATE TABLE places (name VARCHAR(9) PRIMARY KEY, id INT NOT NULL, x INT, more INT)",
		"INSERT INTO places VALUES ('a', 50, 1, 1), ('b', 60, 2, 1), ('c', 70, 3, 1)")
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, "CREATE VIRTUAL TABLE near USING rtree(id, low, high)",
		"INSERT INTO near SELECT rowid, x, x FROM places",
		"CREATE TRIGGER near_i AFTER INSERT ON places BEGIN INSERT INTO near VALUES (new.rowid, new.x, new.x); END",
		"CREATE TRIGGER near_d AFTER DELETE ON places BEGIN DELETE FROM near WHERE id = old.rowid; END",
		"CREATE TRIGGER near_u AFTER UPDATE ON places BEGIN UPDATE near SET low = new.x, high = new.x WHERE id = "+
			"old.rowid; END")

	for _, change := range []string{
		"ADD extra INT DEFAULT 5 FIRST", "DROP more", "MODIFY extra VARCHAR(9)",
		"DROP PRIMARY KEY, ADD PRIMARY KEY (id, name)", "DROP PRIMARY KEY, ADD PRIMARY KEY (id)", "DROP PRIMARY KEY",
	} {
		dbtest.MustExec(t, s.mysql, "ALTER TABLE places "+change, "UPDATE places SET x = x + 10 WHERE name = 'b'",
			"DELETE FROM places WHERE name = 'a'", "INSERT INTO places (name, id, x) VALUES ('a', 40, 7)")
		requireRows(t, s.report(t, 0).Tables[0].Lost, nil)
		requireRows(t, queryRows(t, file, "SELECT rowid AS r, x FROM places ORDER BY rowid"), queryRows(t, file,
			"SELECT id AS r, CAST(low AS INT) AS x FROM near ORDER BY id"))
	}
}

// If the user has recreated a copied table in another form, the table is still syncer's, and gets its form back.
func TestTableWithoutRowid(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", tenCars...)
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file,
		"CREATE TABLE c2 (id INTEGER NOT NULL PRIMARY KEY, make TEXT, msrp INTEGER, year INTEGER, note TEXT) "+
			"WITHOUT ROWID", "INSERT INTO c2 SELECT *, 'note ' || id FROM cars",
		"DROP TABLE cars", "ALTER TABLE c2 RENAME TO cars")
	dbtest.MustExec(t, s.mysql, "UPDATE cars SET year = 1990 WHERE id = 3")
	r := s.report(t, 0)
	requireText(t, r.Tables[0].Drift, "WITHOUT ROWID")
	requireRows(t, queryRows(t, file, "SELECT id, year, note FROM cars WHERE id = 3"),
		[]string{`id="3"|year="1990"|note="note 3"|`})
	requireText(t, tableCounts(t, s.report(t, 0)), "10: +0 ~0 -0 =10")
}

// A unique index over a column of the user's and a column of the view survives a swap of values.
func TestUniqueIndexOverAUserColumn(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", tenCars...)
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, "ALTER TABLE cars ADD COLUMN seat", "UPDATE cars SET seat = 'x'",
		"CREATE UNIQUE INDEX one ON cars (seat, msrp)", "CREATE UNIQUE INDEX two ON cars (lower(make), msrp) WHERE year > 0")
	dbtest.MustExec(t, s.mysql, "UPDATE cars SET msrp = CASE id WHEN 1 THEN 2000 WHEN 2 THEN 1000 ELSE msrp END",
		"ALTER TABLE cars ADD z INT, MODIFY year VARCHAR(9)")
	requireRows(t, s.report(t, 0).Tables[0].Lost, nil)
	requireRows(t, queryRows(t, file,
		"SELECT count(*) AS n, (SELECT seat FROM cars WHERE msrp = 2000) AS seat FROM sqlite_schema "+
			"WHERE name IN ('one', 'two')"), []string{`n="2"|seat="x"|`})
}
