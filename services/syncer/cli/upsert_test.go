package cli_test

import (
	"strings"
	"testing"

	"carstock/pkg/dbconn/dbtest"
)

func TestUpsert(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars(id)@changed", "CREATE TABLE cars (id INT PRIMARY KEY, price INT, changed DATETIME(3))",
		"INSERT INTO cars VALUES "+insertValues(1, 5, "(%[1]d, %[1]d, '2026-01-0%[1]d 12:00:00')"))
	s.set("SYNC_STRATEGY", "upsert")
	s.set("SYNC_WATERMARK_OVERLAP", "0s")
	file := func() []string {
		return queryRows(t, openFile(t, s.path),
			"SELECT group_concat(id || '=' || price, ' ') AS cars FROM (SELECT * FROM cars ORDER BY id)")
	}
	requireText(t, tableCounts(t, s.report(t, 0)), "5: +5 ~0 -0 =0")

	dbtest.MustExec(t, s.mysql, "DELETE FROM cars WHERE id = 1", // stays, because an upsert deletes nothing
		"UPDATE cars SET price = 20 WHERE id = 2", // not seen, because its watermark is old
		"UPDATE cars SET price = 30, changed = '2026-01-06' WHERE id = 3",
		"INSERT INTO cars VALUES (6, 6, '2026-01-07')")
	requireText(t, tableCounts(t, s.report(t, 0)), "3: +1 ~1 -0 =1") // the row with the last watermark is read again
	requireRows(t, file(), []string{`cars="1=1 2=2 3=30 4=4 5=5 6=6"|`})

	requireText(t, tableCounts(t, s.report(t, 0)), "1: +0 ~0 -0 =1")
	s.set("SYNC_WATERMARK_OVERLAP", "24h")
	requireText(t, tableCounts(t, s.report(t, 0)), "2: +0 ~0 -0 =2")
	requireRows(t, file(), []string{`cars="1=1 2=2 3=30 4=4 5=5 6=6"|`})

	requireText(t, tableCounts(t, s.report(t, 0, "--full")), "5: +0 ~1 -1 =4")
	requireRows(t, file(), []string{`cars="2=20 3=30 4=4 5=5 6=6"|`})

	// Changed columns: all rows are read again, and rows missing in the source stay.
	dbtest.MustExec(t, s.mysql, "DELETE FROM cars WHERE id = 4", "ALTER TABLE cars ADD vin INT")
	r := s.report(t, 0)
	requireText(t, r.Tables[0].Drift, "+vin INTEGER")
	requireText(t, tableCounts(t, r), "4: +0 ~0 -0 =4")
	requireRows(t, file(), []string{`cars="2=20 3=30 4=4 5=5 6=6"|`})

	dbtest.MustExec(t, s.mysql, "DELETE FROM cars") // an upsert treats this as no changes
	requireText(t, tableCounts(t, s.report(t, 0)), "0: +0 ~0 -0 =0")
	if code, out := s.output(t, "sync", "--full"); code != 3 {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// Integer watermarks are compared as numbers, and a table without a watermark is read completely.
func TestUpsertByNumberAndWithout(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a(id)@v", twoRows...)
	s.set("SYNC_STRATEGY", "upsert")
	s.requireError(t, 1, "a@v: an overlap cannot be taken from a number", "set SYNC_WATERMARK_OVERLAP=0s")
	s.set("SYNC_WATERMARK_OVERLAP", "0s")
	dbtest.MustExec(t, s.mysql, "INSERT INTO a VALUES (3, 9)")
	s.mustSync(t)
	dbtest.MustExec(t, s.mysql, "INSERT INTO a VALUES (4, 100)")
	requireText(t, tableCounts(t, s.report(t, 0)), "2: +1 ~0 -0 =1")
	requireText(t, tableCounts(t, s.report(t, 0)), "1: +0 ~0 -0 =1")
	s.set("SYNC_VIEWS", "a(id)")
	dbtest.MustExec(t, s.mysql, "DELETE FROM a WHERE id = 1")
	requireText(t, tableCounts(t, s.report(t, 0)), "3: +0 ~0 -0 =3")
	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT count(*) AS n FROM a"), []string{`n="4"|`})

	dbtest.MustExec(t, s.mysql, "CREATE VIEW w AS SELECT id, 'x' AS v FROM a")
	s.set("SYNC_VIEWS", "w")
	s.requireFailure(t, 1, "SYNC_STRATEGY=upsert needs a key")
	s.set("SYNC_VIEWS", "w(id)@v")
	s.requireFailure(t, 1, "w@v: the watermark must be a column")
}

// newUpsertSource makes a database with a table that is upserted by a watermark, after a first run.
func newUpsertSource(t *testing.T) *syncer {
	t.Helper()
	s := newSource(t, "cars(id)@changed", "CREATE TABLE cars (id INT PRIMARY KEY, price INT, changed DATETIME NULL)",
		"INSERT INTO cars VALUES "+insertValues(1, 3, "(%[1]d, %[1]d, '2026-01-0%[1]d 12:00:00')"))
	s.set("SYNC_STRATEGY", "upsert")
	s.set("SYNC_WATERMARK_OVERLAP", "0s")
	s.mustSync(t)
	return s
}

// Rows of one key cannot be compared with rows of another. A run with --full is needed, and check says so in advance.
func TestUpsertAfterTheKeyHasChanged(t *testing.T) {
	t.Parallel()
	s := newUpsertSource(t)
	s.set("SYNC_VIEWS", "cars(price)@changed")
	for _, command := range []string{"check", "sync"} {
		if code, _, stderr := s.run(t, command); code != 1 || !strings.Contains(stderr, "make one run with --full") {
			t.Errorf("%s: exit code %d: %s", command, code, stderr)
		}
	}

	s.report(t, 0, "--full")
	requireText(t, tableCounts(t, s.report(t, 0)), "1: +0 ~0 -0 =1")
}

// A table that was dropped from the file is copied again completely.
func TestUpsertOfADroppedTable(t *testing.T) {
	t.Parallel()
	s := newUpsertSource(t)
	dbtest.MustExec(t, openFile(t, s.path), "DROP TABLE cars")
	requireText(t, tableCounts(t, s.report(t, 0)), "3: +3 ~0 -0 =0")
}

// Rows without a watermark, such as rows that were never changed, are read each time.
func TestUpsertWithoutAWatermarkYet(t *testing.T) {
	t.Parallel()
	s := newUpsertSource(t)
	dbtest.MustExec(t, s.mysql, "INSERT INTO cars VALUES (9, 9, NULL)")
	requireText(t, tableCounts(t, s.report(t, 0)), "2: +1 ~0 -0 =1")
	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT changed FROM cars WHERE id = 9"), []string{`changed=NULL|`})
}

// A watermark belongs to one view of one server.
func TestUpsertOfAnotherView(t *testing.T) {
	t.Parallel()
	s := newUpsertSource(t)
	dbtest.MustExec(t, s.mysql, "CREATE VIEW all_cars AS SELECT * FROM cars UNION ALL SELECT 100, 100, CAST('2020-01-01' "+
		"AS DATETIME)")
	s.set("SYNC_VIEWS", "all_cars=cars(id)@changed")
	requireText(t, tableCounts(t, s.report(t, 0)), "4: +1 ~0 -0 =3")
	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT count(*) AS n FROM cars"), []string{`n="4"|`})
}

// A date that means "never" does not hide later changes.
func TestUpsertOfAFarFuture(t *testing.T) {
	t.Parallel()
	s := newUpsertSource(t)
	dbtest.MustExec(t, s.mysql, "INSERT INTO cars VALUES (4, 4, '9999-12-31')")
	r := s.report(t, 0)
	if len(r.Tables[0].Warnings) != 1 ||
		!strings.Contains(r.Tables[0].Warnings[0], "9999-12-31 00:00:00, is in the future") {
		t.Errorf("warnings %q", r.Tables[0].Warnings)
	}

	dbtest.MustExec(t, s.mysql, "INSERT INTO cars VALUES (5, 5, UTC_TIMESTAMP() + INTERVAL 1 SECOND)")
	s.report(t, 0)
	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT price FROM cars WHERE id = 5"), []string{`price="5"|`})
}

// Rows that stay must be known by a key.
func TestUpsertUnderAnotherKey(t *testing.T) {
	t.Parallel()
	s := newUpsertSource(t)
	s.set("SYNC_VIEWS", "cars@changed")
	dbtest.MustExec(t, s.mysql, "DELETE FROM cars WHERE id = 1",
		"ALTER TABLE cars CHANGE id ID INT, CHANGE price Price INT")
	requireText(t, tableCounts(t, s.report(t, 0)), "2: +0 ~0 -0 =2")
	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT group_concat(ID || '=' || Price) AS cars FROM cars"),
		[]string{`cars="1=1,2=2,3=3"|`})

	dbtest.MustExec(t, s.mysql, "ALTER TABLE cars CHANGE ID vehicle_id INT")
	s.requireFailure(t, 1, "its key was (ID) and is (vehicle_id) now", "--full")
	requireText(t, tableCounts(t, s.report(t, 0, "--full")), "2: +2 ~0 -3 =0")
}

func TestFirstUpsertOfAnEmptyView(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows[0])
	s.set("SYNC_STRATEGY", "upsert")
	s.requireFailure(t, 3, "a: the view is empty")
}
