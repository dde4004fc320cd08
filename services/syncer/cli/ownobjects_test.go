//go:build sqlite_fts5 && sqlite_math_functions

package cli_test

import (
	"fmt"
	"strings"
	"testing"

	"carstock/pkg/dbconn/dbtest"

	"github.com/jmoiron/sqlx"
)

// mirroredIndex makes an external-content full-text index over words(k, w), and the triggers that keep it in step, as
// in SQLite's manual. The log records what the triggers saw.
var mirroredIndex = []string{
	"CREATE TABLE seen (what)",
	"CREATE VIRTUAL TABLE found USING fts5(w, content='words', content_rowid='rowid')",
	"INSERT INTO found (found) VALUES ('rebuild')",
	`CREATE TRIGGER found_i AFTER INSERT ON words BEGIN
		INSERT INTO found (rowid, w) VALUES (new.rowid, new.w); INSERT INTO seen VALUES ('+' || new.k); END`,
	`CREATE TRIGGER found_d AFTER DELETE ON words BEGIN
		INSERT INTO found (found, rowid, w) VALUES ('delete', old.rowid, old.w);
		INSERT INTO seen VALUES ('-' || old.k); END`,
	`CREATE TRIGGER found_u AFTER UPDATE ON words BEGIN
		INSERT INTO found (found, rowid, w) VALUES ('delete', old.rowid, old.w);
		INSERT INTO found (rowid, w) VALUES (new.rowid, new.w); INSERT INTO seen VALUES ('~' || new.k); END`,
}

// requireMirrored checks that the index finds each word in its row and nowhere else.
func requireMirrored(t *testing.T, file *sqlx.DB) {
	t.Helper()
	if _, err := file.Exec("INSERT INTO found (found, rank) VALUES ('integrity-check', 1)"); err != nil {
		t.Errorf("the full-text index is out of step: %v", err)
	}
	requireRows(t, queryRows(t, file,
		"SELECT t.w, group_concat(f.w) AS hits FROM words t JOIN found f ON found MATCH t.w GROUP "+
			"BY t.k ORDER BY t.k"),
		queryRows(t, file, "SELECT w, w AS hits FROM words ORDER BY k"))
}

// A full-text index and its triggers stay in step through every change of the view's columns.
func TestFullTextIndex(t *testing.T) {
	t.Parallel()
	for change, test := range map[string]struct{ seen, lost string }{
		"ALTER TABLE words ADD extra INT NOT NULL DEFAULT 7 AFTER k": {
			seen: "+k9 -k3 ~k1 ~k2 ~k4 ~k5 ~k6",
		},
		"ALTER TABLE words ADD extra INT":                      {seen: "+k9 -k3 ~k2"},
		"ALTER TABLE words DROP n":                             {seen: "+k9 -k3 ~k2"},
		"ALTER TABLE words DROP n, ADD m INT FIRST, ADD o INT": {seen: "+k9 -k3 ~k2"},
		"ALTER TABLE words MODIFY n VARCHAR(9)":                {seen: "+k9 -k3 ~k2"},
		"ALTER TABLE words MODIFY n VARCHAR(9), ADD m INT DEFAULT 1": {
			seen: "+k9 -k3 ~k1 ~k2 ~k4 ~k5 ~k6",
		},
		"ALTER TABLE words DROP PRIMARY KEY, ADD PRIMARY KEY (k, n)": {seen: "+k9 -k3 ~k2"},
		"ALTER TABLE words DROP PRIMARY KEY, ADD PRIMARY KEY (id)": {
			seen: "+k1 +k2 +k4 +k5 +k6 +k9 -k1 -k2 -k3 -k4 -k5 -k6",
		},
		"ALTER TABLE words DROP PRIMARY KEY, ADD v INT NOT NULL DEFAULT 1, ADD PRIMARY KEY (k, v)": {
			seen: "+k1 +k2 +k4 +k5 +k6 +k9 -k1 -k2 -k3 -k4 -k5 -k6",
		},
		"ALTER TABLE words CHANGE n N INT": {seen: "+k9 -k3 ~k2"},
	} {
		t.Run(change, func(t *testing.T) {
			t.Parallel()
			s := newSource(t, "words",
				"CREATE TABLE words (id INT NOT NULL, k VARCHAR(9) PRIMARY KEY, w VARCHAR(20), n INT NOT NULL)",
				"INSERT INTO words VALUES "+insertValues(1, 6, "(%[1]d0, 'k%[1]d', 'word%[1]d', %[1]d)"))
			s.mustSync(t)
			file := openFile(t, s.path)

			// From here on the rowids have gaps, and differ from the order of the key.
			dbtest.MustExec(t, s.mysql, "DELETE FROM words WHERE k = 'k1'")
			s.mustSync(t)
			dbtest.MustExec(t, s.mysql, "INSERT INTO words VALUES (10, 'k1', 'word1', 1)")
			s.mustSync(t)
			dbtest.MustExec(t, file, mirroredIndex...)
			requireMirrored(t, file)

			dbtest.MustExec(t, s.mysql, "DELETE FROM words WHERE k = 'k3'", "UPDATE words SET w = 'changed' WHERE k = 'k2'",
				"INSERT INTO words (id, k, w, n) VALUES (90, 'k9', 'word9', 9)", change)
			lost := s.report(t, 0).Tables[0].Lost
			requireRows(t, lost, nil)
			requireMirrored(t, file)
			var seen []string
			if err := file.Select(&seen, "SELECT what FROM seen ORDER BY what"); err != nil {
				t.Fatal(err)
			}

			requireText(t, strings.Join(seen, " "), test.seen)
			dbtest.MustExec(t, s.mysql, "UPDATE words SET w = 'later' WHERE k = 'k5'")
			s.mustSync(t)
			requireMirrored(t, file)
		})
	}
}

// An index without triggers is rebuilt if its table is recreated. An index that reads a dropped column is named.
func TestFullTextIndexWithoutTriggers(t *testing.T) {
	t.Parallel()
	s := newSource(t, "words", "CREATE TABLE words (k VARCHAR(9) PRIMARY KEY, w VARCHAR(20), n INT)",
		"INSERT INTO words VALUES ('a', 'one', 1), ('b', 'two', 2)")
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, "CREATE VIEW longer AS SELECT rowid AS id, w || w AS w FROM words",
		"CREATE VIRTUAL TABLE found USING fts5(w, content='words')",
		`CREATE VIRTUAL TABLE doubled USING fts5(w, content = "longer", content_rowid=id)`,
		"CREATE VIRTUAL TABLE lists USING fts5(n, w, content=words)", "INSERT INTO found (found) VALUES ('rebuild')",
		"INSERT INTO doubled (doubled) VALUES ('rebuild')")
	dbtest.MustExec(t, s.mysql, "ALTER TABLE words MODIFY n VARCHAR(9)", "UPDATE words SET w = 'three' WHERE k = 'b'")
	requireRows(t, s.report(t, 0).Tables[0].Lost, nil)
	requireMirrored(t, file)
	requireRows(t, queryRows(t, file, "SELECT w FROM doubled WHERE doubled MATCH 'threethree'"),
		[]string{`w="threethree"|`})

	dbtest.MustExec(t, s.mysql, "ALTER TABLE words DROP n")
	lost := s.report(t, 0).Tables[0].Lost
	requireRows(t, lost, []string{"the full-text index lists no longer works: no such column: n"})
}

// A generated column breaks no objects that use other columns of its table or of other tables.
func TestGeneratedColumnAndATriggerOfAnotherTable(t *testing.T) {
	t.Parallel()
	s := newSource(t, "vt; vo", "CREATE TABLE vt (id INT PRIMARY KEY, price INT, vin VARCHAR(9))",
		"INSERT INTO vt VALUES (1, 10, 'a'), (2, 20, 'b')",
		"CREATE TABLE vo (id INT PRIMARY KEY)", "INSERT INTO vo VALUES (1)")
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, "CREATE TABLE log (id)", "ALTER TABLE vt ADD COLUMN double INT AS (price * 2)",
		"CREATE TRIGGER noted AFTER UPDATE ON vt BEGIN INSERT INTO log VALUES (new.id); END",
		"CREATE UNIQUE INDEX one_vin ON vt (vin)")
	dbtest.MustExec(t, s.mysql, "ALTER TABLE vo ADD x INT", "UPDATE vt SET vin = CASE vin WHEN 'a' THEN 'b' ELSE 'a' END")
	for _, table := range s.report(t, 0).Tables {
		requireRows(t, table.Lost, nil)
		requireRows(t, table.Warnings, nil)
	}

	requireRows(t, queryRows(t, file, "SELECT id, vin, double FROM vt ORDER BY id"), []string{
		`id="1"|vin="b"|double="20"|`,
		`id="2"|vin="a"|double="40"|`,
	})
	requireRows(t, queryRows(t, file, "SELECT name FROM sqlite_schema WHERE name IN ('noted', 'one_vin') ORDER BY name"),
		[]string{`name="noted"|`, `name="one_vin"|`})

	// It survives changes of other columns, and a recreated table.
	dbtest.MustExec(t, s.mysql, "ALTER TABLE vt ADD y INT", "UPDATE vt SET price = 30 WHERE id = 1")
	requireRows(t, s.report(t, 0).Tables[0].Lost, nil)
	dbtest.MustExec(t, s.mysql, "ALTER TABLE vt MODIFY vin VARBINARY(9)")
	requireRows(t, s.report(t, 0).Tables[0].Lost, nil)
	requireRows(t, queryRows(t, file, "SELECT id, vin, double FROM vt ORDER BY id"), []string{
		`id="1"|vin="b"|double="60"|`,
		`id="2"|vin="a"|double="40"|`,
	})
	requireRows(t, queryRows(t, file, "SELECT name FROM sqlite_schema WHERE name IN ('noted', 'one_vin') ORDER BY name"),
		[]string{`name="noted"|`, `name="one_vin"|`})

	// It is dropped with the column that it is computed from, and so are the objects that use it.
	dbtest.MustExec(t, file, `CREATE INDEX by_double ON vt ("double")`, `CREATE VIEW doubles AS SELECT "double" FROM vt`)
	dbtest.MustExec(t, s.mysql, "ALTER TABLE vt DROP price")
	lost := []string{
		"double is gone: no such column: price", "by_double is gone: no such column: double",
		"the view doubles no longer works: no such column: double",
	}
	code, out := s.output(t, "check") // reports it in advance
	for _, text := range lost {
		if code != 0 || !strings.Contains(out, "warning: after the next run, "+text) {
			t.Errorf("check: exit code %d: %s", code, out)
		}
	}

	requireRows(t, s.report(t, 0).Tables[0].Lost, lost)
	dbtest.MustExec(t, s.mysql, "ALTER TABLE vt DROP y")
	requireRows(t, s.report(t, 0).Tables[0].Lost, nil)
}

// A trigger that writes to a view is tried together with the view's triggers. If the view's column is dropped, that
// trigger is at fault, and not the one that fires it.
func TestTriggerThatWritesToAView(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", tenCars...)
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, "CREATE TABLE log (id)", "CREATE VIEW years AS SELECT id, year FROM cars",
		"CREATE TRIGGER to_years INSTEAD OF UPDATE ON years BEGIN INSERT INTO log VALUES (-new.year); END",
		"CREATE TRIGGER logged AFTER INSERT ON log WHEN new.id > 0 BEGIN UPDATE years SET year = 1 WHERE id = new.id; END",
		"CREATE TRIGGER changed AFTER UPDATE ON cars BEGIN INSERT INTO log VALUES (new.id); END")
	dbtest.MustExec(t, s.mysql, "UPDATE cars SET msrp = 5 WHERE id = 1", "ALTER TABLE cars ADD x INT")
	requireRows(t, s.report(t, 0).Tables[0].Lost, nil)
	requireRows(t, queryRows(t, file, "SELECT id FROM log"), []string{`id="1"|`, `id="-1"|`})

	dbtest.MustExec(t, s.mysql, "UPDATE cars SET msrp = 6 WHERE id = 2", "ALTER TABLE cars DROP year")
	requireRows(t, s.report(t, 0).Tables[0].Lost, []string{
		"the view years no longer works: no such column: year",
		"logged is gone: no such column: year",
	})
	requireRows(t, queryRows(t, file, "SELECT id FROM log"), []string{`id="1"|`, `id="-1"|`, `id="2"|`})
}

// A trigger on UPDATE OF a dropped column does no harm, but never fires. It stays, and is named.
func TestTriggerOnADroppedColumn(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", tenCars...)
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, "CREATE TABLE log (x)",
		`CREATE TRIGGER one AFTER UPDATE OF "year" ON cars BEGIN INSERT INTO log VALUES (old.year); END`,
		"CREATE TRIGGER two AFTER UPDATE OF year, msrp ON cars BEGIN INSERT INTO log VALUES (new.msrp); END",
		"CREATE TRIGGER three AFTER UPDATE ON cars BEGIN INSERT INTO log VALUES (new.make); END")
	dbtest.MustExec(t, s.mysql, "ALTER TABLE cars DROP year", "UPDATE cars SET msrp = 5 WHERE id = 1")
	requireRows(t, s.report(t, 0).Tables[0].Lost, []string{"the trigger one no longer fires: no such column: year"})
	dbtest.MustExec(t, s.mysql, "ALTER TABLE cars ADD year INT", "UPDATE cars SET year = 7 WHERE id = 2")
	requireRows(t, s.report(t, 0).Tables[0].Lost, nil)
	requireRows(t, queryRows(t, file, "SELECT count(*) AS n FROM log WHERE x IS NULL OR x = 5"), []string{`n="2"|`})
}

// Columns added by the user keep their contents, whatever happens to the view's columns.
func TestUserColumns(t *testing.T) {
	t.Parallel()
	for change, test := range map[string]struct {
		kept  string // expected notes, by id
		error string
	}{
		"ADD warranty INT FIRST": {kept: "1=first,2=,4=fourth,5="},
		"DROP msrp":              {kept: "1=first,2=,4=fourth,5="},
		"MODIFY msrp VARCHAR(9), ADD warranty INT":     {kept: "1=first,2=,4=fourth,5="},
		"MODIFY id VARCHAR(9)":                         {kept: "1=first,2=,4=fourth,5="},
		"DROP PRIMARY KEY, ADD PRIMARY KEY (make, id)": {kept: "1=first,2=,4=fourth,5="},
		"DROP PRIMARY KEY, ADD PRIMARY KEY (year)":     {kept: "1=first,2=,4=fourth,5="},
		"DROP PRIMARY KEY": {
			error: "give the view a key in SYNC_VIEWS: note",
		},
		"ADD k INT NOT NULL DEFAULT 3, DROP PRIMARY KEY, ADD PRIMARY KEY (id, k)": {kept: "1=first,2=,4=fourth,5="},
		"DROP id, ADD k INT NOT NULL AUTO_INCREMENT PRIMARY KEY": {
			error: "the contents of your own columns could not stay with them: " +
				"move them to a table of your own: note",
		},
		"ADD Note VARCHAR(9)": {
			error: "the column note of the table is not syncer's, and the view has a column of that name too: " +
				"rename yours",
		},
		"DROP make": {error: "your own column note cannot stay"},
	} {
		t.Run(change, func(t *testing.T) {
			t.Parallel()
			s := newSource(t, "cars", tenCars...)
			dbtest.MustExec(t, s.mysql, "DELETE FROM cars WHERE id > 4")
			s.mustSync(t)
			file := openFile(t, s.path)
			dbtest.MustExec(t, file,
				"ALTER TABLE cars ADD COLUMN note TEXT NOT NULL DEFAULT '' COLLATE NOCASE /* mine, (all) */ -- , "+
					"as it is\n CHECK (note <> make)",
				"ALTER TABLE cars ADD COLUMN loud AS (upper(note))",
				"UPDATE cars SET note = CASE id WHEN 1 THEN 'first' WHEN 3 THEN 'third' WHEN 4 THEN 'fourth' ELSE '' END",
				"CREATE INDEX by_note ON cars (note)")
			requireRows(t, s.report(t, 0).Tables[0].Lost, nil) // not a drift
			dbtest.MustExec(t, s.mysql, "DELETE FROM cars WHERE id = 3", "INSERT INTO cars VALUES (5, 'Kia', 5000, 2005)",
				"UPDATE cars SET make = 'VW' WHERE id = 4", "ALTER TABLE cars "+change)
			if test.error != "" {
				code, _, stderr := s.run(t, "check")
				if code != 1 || !strings.Contains(stderr, test.error) {
					t.Errorf("check: exit code %d: %s", code, stderr)
				}

				s.requireFailure(t, 1, test.error)
				requireRows(t, queryRows(t, file, "SELECT note FROM cars WHERE id = 4"), []string{`note="fourth"|`})
				return
			}

			requireRows(t, s.report(t, 0).Tables[0].Lost, nil)
			requireRows(t, queryRows(t, file,
				"SELECT group_concat(id || '=' || note) AS kept FROM (SELECT * FROM cars ORDER BY id)"),
				[]string{fmt.Sprintf("kept=%q|", test.kept)})
			requireRows(t, queryRows(t, file, "SELECT loud FROM cars WHERE note = 'FIRST'"), []string{`loud="FIRST"|`})
			all := "SELECT " + strings.Join(columnNames(t, s.mysql, "cars"), ", ") + " FROM cars ORDER BY year"
			requireRows(t, queryRows(t, file, all), queryRows(t, s.mysql, all))
			if _, err := file.Exec("UPDATE cars SET note = make"); err == nil || !strings.Contains(err.Error(),
				"CHECK constraint failed") {
				t.Errorf("the CHECK of the column is gone: %v", err)
			}

			requireRows(t, queryRows(t, file, "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"),
				[]string{`name="by_note"|`})
			s.set("SYNC_DRIFT", "fail")
			requireText(t, tableCounts(t, s.report(t, 0)), "4: +0 ~0 -0 =4")
		})
	}
}

// Constraints that the user has added by recreating the table survive a new form of the table, or are named.
func TestUserConstraints(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", tenCars...)
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, `CREATE TABLE c2 (id INTEGER NOT NULL PRIMARY KEY, make TEXT, msrp INTEGER, year INTEGER,
		UNIQUE (make, id) -- both, as (they) are
		, CONSTRAINT "a year, at least" CHECK (year > 1900), CHECK (msrp IS NOT NULL))`,
		"INSERT INTO c2 SELECT * FROM cars", "DROP TABLE cars", "ALTER TABLE c2 RENAME TO cars")
	dbtest.MustExec(t, s.mysql, "ALTER TABLE cars DROP msrp, MODIFY make VARBINARY(30)")
	const lost = "CHECK (msrp IS NOT NULL) is gone: no such column: msrp"
	if _, out := s.output(t, "check"); !strings.Contains(out, "after the next run, "+lost) {
		t.Errorf("check says %s", out)
	}

	requireRows(t, s.report(t, 0).Tables[0].Lost, []string{lost})
	for statement, want := range map[string]string{
		"UPDATE cars SET year = 1800":                  "CHECK constraint failed: a year, at least",
		"INSERT INTO cars (id, year) VALUES (1, 2000)": "UNIQUE constraint failed",
	} {
		if _, err := file.Exec(statement); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", statement, err)
		}
	}

	requireRows(t, queryRows(t, file, "SELECT count(*) AS n FROM pragma_index_list('cars') WHERE origin = 'u'"),
		[]string{`n="1"|`})
}

// Without a key it is unknown which row is which. The contents of the user's columns stay at their position, with a
// warning.
func TestUserColumnWithoutAKey(t *testing.T) {
	t.Parallel()
	s := newSource(t, "log", "CREATE TABLE log (what VARCHAR(20))", "INSERT INTO log VALUES ('a'), ('b')")
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, "ALTER TABLE log ADD COLUMN note", "UPDATE log SET note = 'on ' || what")
	dbtest.MustExec(t, s.mysql, "ALTER TABLE log ADD more INT", "INSERT INTO log VALUES ('c', 1)")
	if code, out := s.output(t, "check"); code != 0 || !strings.Contains(out,
		"warning: note: without a key") || !strings.Contains(out, "changes those of the table: +more INTEGER") {
		t.Errorf("exit code %d: %s", code, out)
	}

	r := s.report(t, 0)
	if w := strings.Join(r.Tables[0].Warnings, "; "); !strings.Contains(w,
		"note: without a key, the contents of your own columns stay at their place") {
		t.Errorf("warnings: %s", w)
	}

	requireRows(t, queryRows(t, file, "SELECT what, note FROM log ORDER BY rowid"), []string{
		`what="a"|note="on a"|`,
		`what="b"|note="on b"|`, `what="c"|note=NULL|`,
	})
}

// SQLite's mathematical functions work in indexes, triggers, views and columns.
func TestMathFunctions(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars", tenCars...)
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, "CREATE TABLE log (x)", "CREATE INDEX by_floor ON cars (floor(msrp / 1000.0))",
		"CREATE VIEW roots AS SELECT sqrt(msrp) AS r FROM cars",
		"ALTER TABLE cars ADD COLUMN lg AS (log10(msrp))",
		"CREATE TRIGGER roots_t AFTER UPDATE ON cars BEGIN INSERT INTO log VALUES (sqrt(new.msrp)); END")
	dbtest.MustExec(t, s.mysql, "UPDATE cars SET msrp = 10000 WHERE id = 3")
	s.mustSync(t)
	dbtest.MustExec(t, s.mysql, "ALTER TABLE cars ADD x INT, MODIFY year VARCHAR(4)",
		"UPDATE cars SET msrp = 1000000 WHERE id = 3")
	requireRows(t, s.report(t, 0).Tables[0].Lost, nil)
	requireRows(t, queryRows(t, file, "SELECT x FROM log"), []string{`x="100"|`, `x="1000"|`})
	requireRows(t, queryRows(t, file,
		"SELECT lg, (SELECT max(r) FROM roots) AS r FROM cars WHERE floor(msrp / 1000.0) = 1000"),
		[]string{`lg="6"|r="1000"|`})
}

// SQLite's error for an index out of step sounds as if the file were damaged, so syncer explains it.
func TestFullTextIndexOutOfStep(t *testing.T) {
	t.Parallel()
	s := newSource(t, "words", "CREATE TABLE words (k VARCHAR(9) PRIMARY KEY, w VARCHAR(20))",
		"INSERT INTO words VALUES ('a', 'one'), ('b', 'two')")
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, mirroredIndex...)
	dbtest.MustExec(t, file, "UPDATE found_data SET block = x'00000000FFFFFF' WHERE id = 10")
	dbtest.MustExec(t, s.mysql, "DELETE FROM words WHERE k = 'a'", "UPDATE words SET w = 'three' WHERE k = 'b'")
	s.requireError(t, 1, "a full-text or spatial index of yours is out of step with its table: rebuild it", "found_u")
	dbtest.MustExec(t, file, "INSERT INTO found (found) VALUES ('rebuild')")
	s.mustSync(t)
	requireMirrored(t, file)
}
