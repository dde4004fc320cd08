package snapshotfile_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
)

var firstRun = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

func newFile(t *testing.T, statements ...string) *sqlx.DB {
	t.Helper()
	_, db := dbtest.SQLite(t, statements...)
	if err := snapshotfile.CreateTables(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return db
}

// recordRun records a run that began the given number of minutes after the first one.
func recordRun(t *testing.T, db sqlx.ExtContext, minute int, status string, tables ...string) {
	t.Helper()
	r := snapshotfile.Run{Started: firstRun.Add(time.Duration(minute) * time.Minute), Status: status}
	for _, table := range tables {
		rows := int64(minute)
		r.Tables = append(r.Tables, snapshotfile.TableRun{Table: table, View: table, Rows: rows, Total: rows})
	}
	if err := snapshotfile.InsertRun(t.Context(), db, &r); err != nil {
		t.Fatal(err)
	}
}

// The file keeps the last good run of each table, and the last good run, however many runs follow.
func TestOldRunsAreDeleted(t *testing.T) {
	db := newFile(t, "CREATE TABLE a (x)", "CREATE TABLE b (x)")
	for _, table := range []string{"a", "b"} {
		if err := snapshotfile.SetColumns(t.Context(), db, table, []schema.Column{{Name: "x"}}); err != nil {
			t.Fatal(err)
		}
	}

	tx := db.MustBegin()
	recordRun(t, tx, 0, snapshotfile.RunOK, "A", "b")
	recordRun(t, tx, 1, snapshotfile.RunOK, "a")
	for i := range 1500 {
		recordRun(t, tx, 2+i, snapshotfile.RunOK, "b")
	}

	for i := range 1200 {
		recordRun(t, tx, 2000+i, snapshotfile.RunFailed)
	}

	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}

	var ids []int64
	err := db.Select(&ids, "SELECT id FROM _sync_runs WHERE id <= 1702 ORDER BY id")
	if err != nil || !slices.Equal(ids, []int64{2, 1502}) {
		t.Errorf("runs %v, %v", ids, err)
	}

	tables, err := snapshotfile.ReadContents(t.Context(), db)
	if err != nil || len(tables) != 2 || !tables[0].Synced.Equal(firstRun.Add(time.Minute)) || tables[0].Rows != 1 ||
		!tables[1].Synced.Equal(firstRun.Add(1501*time.Minute)) {
		t.Errorf("%+v, %v", tables, err)
	}
	if asOf := snapshotfile.AsOf(tables, []string{"B", "a"}, nil); !asOf.Equal(firstRun.Add(time.Minute)) {
		t.Errorf("as of %s", asOf)
	}

	h, err := snapshotfile.ReadHistory(t.Context(), db, 3)
	if err != nil || h.Good == nil || h.Good.ID != 1502 || h.Failures != 1000 || len(h.Runs) != 3 {
		t.Errorf("%+v, %v", h, err)
	}
}

// minutesAfter returns the time some minutes after the first run.
func minutesAfter(n time.Duration) time.Time { return firstRun.Add(n * time.Minute) }

// goneFile is a snapshot file with the tables a, b and c.
type goneFile struct{ *sqlx.DB }

func newGoneFile(t *testing.T) goneFile {
	t.Helper()
	db := newFile(t, "CREATE TABLE a (x)", "CREATE TABLE b (x)", "CREATE TABLE c (x)")
	for _, table := range []string{"a", "b", "c"} {
		if err := snapshotfile.SetColumns(t.Context(), db, table, []schema.Column{{Name: "x"}}); err != nil {
			t.Fatal(err)
		}
	}
	return goneFile{db}
}

// run records a run that copies tables, and finds that the views of the tables in gone are missing.
func (f goneFile) run(t *testing.T, minute time.Duration, status string, gone []string, tables ...string) {
	t.Helper()
	r := snapshotfile.Run{Started: minutesAfter(minute), Status: status, Gone: gone}
	for _, table := range tables {
		r.Tables = append(r.Tables, snapshotfile.TableRun{Table: table, View: table})
	}
	if err := snapshotfile.InsertRun(t.Context(), f, &r); err != nil {
		t.Fatal(err)
	}
}

// check checks since when the table a is gone (zero if it is not), and how old the snapshot is.
func (f goneFile) check(t *testing.T, gone, asOf time.Time) {
	t.Helper()
	tables := f.contents(t)
	if !tables[0].Gone.Equal(gone) || !tables[1].Gone.IsZero() || !tables[2].Gone.IsZero() {
		t.Errorf("%+v", tables)
	}
	if got := snapshotfile.AsOf(tables, nil, nil); !got.Equal(asOf) {
		t.Errorf("as of %s, want %s", got, asOf)
	}
}

func (f goneFile) contents(t *testing.T) []snapshotfile.TableContent {
	t.Helper()
	tables, err := snapshotfile.ReadContents(t.Context(), f)
	if err != nil || len(tables) != 3 {
		t.Fatalf("%+v, %v", tables, err)
	}
	return tables
}

// A table whose view is gone is marked. It does not make the snapshot old, unless it is asked for by name.
func TestGone(t *testing.T) {
	f := newGoneFile(t)
	f.run(t, 0, snapshotfile.RunOK, []string{}, "a", "b")
	f.run(t, 1, snapshotfile.RunOK, nil, "c")
	f.check(t, time.Time{}, minutesAfter(0))
	f.run(t, 2, snapshotfile.RunFailed, []string{"a"}) // checked, but published nothing
	f.check(t, time.Time{}, minutesAfter(0))
	f.run(t, 3, snapshotfile.RunOK, []string{"A"}, "b")
	f.run(t, 4, snapshotfile.RunOK, []string{"a"}, "b", "c")
	f.check(t, minutesAfter(3), minutesAfter(4))
	f.run(t, 5, snapshotfile.RunOK, nil, "b") // a run of some views does not check the others
	f.check(t, minutesAfter(3), minutesAfter(4))

	isNotC := func(c snapshotfile.TableContent) bool { return c.Table != "c" }
	if got := snapshotfile.AsOf(f.contents(t), nil, isNotC); !got.Equal(minutesAfter(5)) {
		t.Errorf("of b: %s", got)
	}
	if got := snapshotfile.AsOf(f.contents(t), []string{"A"}, isNotC); !got.Equal(minutesAfter(0)) {
		t.Errorf("of a and b: %s", got)
	}
	if got := snapshotfile.AsOf(f.contents(t), []string{"b", "d"}, nil); !got.IsZero() {
		t.Errorf("without d: %s", got)
	}

	f.run(t, 6, snapshotfile.RunOK, nil, "A")
	f.check(t, time.Time{}, minutesAfter(4))
	f.run(t, 7, snapshotfile.RunOK, []string{"a"}, "b", "c")
	f.check(t, minutesAfter(7), minutesAfter(7))
	f.run(t, 8, snapshotfile.RunOK, []string{}, "b", "c")
	f.check(t, time.Time{}, minutesAfter(6))

	// A file of an earlier version can be read, and records missing views from its next run on.
	f.MustExec("DROP TABLE _sync_gone")
	f.check(t, time.Time{}, minutesAfter(6))
	if err := snapshotfile.CreateTables(t.Context(), f); err != nil {
		t.Fatal(err)
	}

	f.run(t, 9, snapshotfile.RunOK, []string{"a"}, "b", "c")
	f.check(t, minutesAfter(9), minutesAfter(9))
}

// A file of an earlier version can be read unchanged, and the next run migrates it.
func TestEarlierVersion(t *testing.T) {
	_, db := dbtest.SQLite(t,
		`CREATE TABLE _sync_runs (id INTEGER PRIMARY KEY, started TEXT NOT NULL, finished TEXT NOT NULL, status TEXT NOT NULL,
			source TEXT NOT NULL, strategy TEXT NOT NULL, error TEXT)`,
		`CREATE TABLE _sync_tables (
			run_id INTEGER NOT NULL, table_name TEXT NOT NULL, view TEXT NOT NULL, keyed INTEGER NOT NULL,
			rows INTEGER NOT NULL, inserted INTEGER NOT NULL, updated INTEGER NOT NULL, deleted INTEGER NOT NULL,
			unchanged INTEGER NOT NULL, bytes INTEGER NOT NULL, seconds REAL NOT NULL, schema_hash TEXT NOT NULL,
			drift TEXT, watermark TEXT, warnings TEXT, lost TEXT,
			PRIMARY KEY (run_id, table_name)) WITHOUT ROWID`,
		`INSERT INTO _sync_runs
			VALUES (1, '2026-01-02T03:00:00.000Z', '2026-01-02T03:00:01.000Z', 'ok', 's', 'snapshot', NULL)`,
		`INSERT INTO _sync_tables VALUES (1, 'cars', 'v', 1, 7, 7, 0, 0, 0, 9, 0.5, 'h', NULL, '5', '["w"]', NULL)`)

	check := func() {
		t.Helper()
		tables, _, err := snapshotfile.ReadAges(t.Context(), db)
		if err != nil || len(tables) != 1 || tables[0].Rows != 7 || !tables[0].Synced.Equal(firstRun) {
			t.Errorf("%+v, %v", tables, err)
		}

		h, err := snapshotfile.ReadHistory(t.Context(), db, 1)
		if err != nil || h.Runs[0].Tables[0].Total != 7 || !slices.Equal(h.Runs[0].Tables[0].Warnings, []string{"w"}) {
			t.Errorf("%+v, %v", h, err)
		}
	}

	check()
	for range 2 {
		if err := snapshotfile.CreateTables(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		check()
	}

	recordRun(t, db, 5, snapshotfile.RunOK, "cars")
	last, err := snapshotfile.LastTable(t.Context(), db, "Cars")
	if err != nil || last.Total != 5 {
		t.Errorf("%+v, %v", last, err)
	}
}

func TestTable(t *testing.T) {
	table := schema.Table{Name: `t"x`, Key: []string{"b", "a"}, Columns: []schema.Column{
		schema.NewColumn("a", "int(10) unsigned"),
		schema.NewColumn("b", "timestamp"),
		schema.NewColumn(`c"ü`, "decimal(10,2)"),
	}}
	table.Columns[2].Nullable, table.Columns[2].Comment = true, "USD"
	_, db := dbtest.SQLite(t, table.CreateSQLite("main", table.Name), "CREATE VIEW v AS SELECT 1 AS one")
	for range 2 {
		if err := snapshotfile.SetColumns(t.Context(), db, table.Name, table.Columns); err != nil {
			t.Fatal(err)
		}
	}

	got, err := snapshotfile.ReadTable(t.Context(), db, table.Name)
	if err != nil || !slices.Equal(got.Columns, table.Columns) || !slices.Equal(got.Key, table.Key) {
		t.Errorf("%+v, %v", got, err)
	}

	_, err = snapshotfile.ReadTable(t.Context(), db, "w")
	if !errors.Is(err, schema.ErrNoTable) || !strings.HasSuffix(err.Error(), `available: t"x, v`) {
		t.Errorf("got %v", err)
	}
}

// A downloaded file is marked, and shows whether syncer has made runs in it since.
func TestPull(t *testing.T) {
	db := newFile(t)
	check := func(want *snapshotfile.PullRecord) {
		t.Helper()
		got, err := snapshotfile.ReadPull(t.Context(), db)
		if err != nil || (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}

	recordRun(t, db, 0, snapshotfile.RunOK)
	check(nil)
	for _, etag := range []string{`"a"`, `"b"`} { // the second has the record of a server whose own file was pulled
		if err := snapshotfile.MarkPulled(t.Context(), db, etag); err != nil {
			t.Fatal(err)
		}
		check(&snapshotfile.PullRecord{ETag: etag})
	}

	recordRun(t, db, 1, snapshotfile.RunFailed)
	check(&snapshotfile.PullRecord{ETag: `"b"`, HasOwnRuns: true})
	db.MustExec("DELETE FROM _sync_pull")
	check(&snapshotfile.PullRecord{HasOwnRuns: true})
}

// A run whose time cannot be read is an error: its age would otherwise be that of the year 1.
func TestDamagedTime(t *testing.T) {
	for _, column := range []string{"started", "finished"} {
		db := newFile(t)
		recordRun(t, db, 0, snapshotfile.RunOK, "a")
		db.MustExec("UPDATE _sync_runs SET " + column + " = 'yesterday'")
		if h, err := snapshotfile.ReadHistory(t.Context(), db, 1); err == nil {
			t.Errorf("%s: %+v", column, h.Runs)
		}
	}
}
