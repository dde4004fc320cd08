package store

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
	"carstock/services/carapi/internal/value"
)

// createTables creates the tables in which syncer records its runs.
func createTables(t *testing.T, db *sqlx.DB) {
	t.Helper()
	if err := snapshotfile.CreateTables(t.Context(), db); err != nil {
		t.Fatal(err)
	}
}

// syncedRun is a run of syncer as its file records it.
type syncedRun struct {
	status  string // "" means ok
	table   string // "" means cars
	changes string // inserted, updated, deleted
	hash    string // "" means h
}

// syncedFile is a file of syncer's with the table cars.
type syncedFile struct {
	config dbconn.Config
	db     *sqlx.DB
	runs   int
}

var firstRun = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

func newSyncedFile(t *testing.T) *syncedFile {
	c, db := dbtest.SQLite(t, "PRAGMA journal_mode = WAL", "CREATE TABLE cars (id INTEGER PRIMARY KEY, make TEXT, "+
		"model TEXT)",
		"INSERT INTO cars VALUES (1, 'a', 'b'), (2, 'c', 'd')")
	createTables(t, db)
	return &syncedFile{config: c, db: db}
}

// add adds a run, one minute after the one before. It also makes other changes, in the same transaction.
func (f *syncedFile) add(t *testing.T, added syncedRun, statements ...string) (started time.Time) {
	t.Helper()
	started = firstRun.Add(time.Duration(f.runs) * time.Minute)
	f.runs++
	r := snapshotfile.Run{Started: started, Status: cmp.Or(added.status, snapshotfile.RunOK)}

	table := snapshotfile.TableRun{
		Table: cmp.Or(added.table, "cars"), Key: true, Rows: 2, Total: 2,
		SchemaHash: cmp.Or(added.hash, "h"),
	}
	if added.changes != "" {
		if _, err := fmt.Sscanf(added.changes, "%d, %d, %d", &table.Inserted, &table.Updated, &table.Deleted); err != nil {
			t.Fatal(err)
		}
	}

	r.Tables = []snapshotfile.TableRun{table}
	tx := f.db.MustBegin()
	for _, q := range statements {
		tx.MustExec(q)
	}

	if err := snapshotfile.InsertRun(t.Context(), tx, &r); err != nil {
		t.Fatal(err)
	}

	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}

	return started
}

// Only runs of syncer that changed the table matter. A good run without changes only moves AsOf.
func TestChangedBySyncer(t *testing.T) {
	file := newSyncedFile(t)
	began := file.add(t, syncedRun{changes: "2, 0, 0"})

	s := openStore(t, file.config, Settings{Snapshot: true})
	read := readStock(t, s, nil)
	if v := read.version; !v.Synced || !v.AsOf.Equal(began) || v.Run != 1 || read.about != 2 {
		t.Fatalf("version %+v, about %d rows", v, read.about)
	}

	requireSameRows(t, s, read)

	expect := func(step string, changed bool, asOf time.Time) {
		t.Helper()
		now, got, err := s.CheckChanged(t.Context(), read.version)
		if err != nil || got != changed || !now.AsOf.Equal(asOf) {
			t.Errorf("%s: changed: %t, as of %s, %v", step, got, now.AsOf, err)
		}

		_, err = s.Rows(t.Context(), read.catalog, read.version, read.keys(), everyField(read.catalog), 10)
		if changed != errors.Is(err, ErrMoved) || !changed && err != nil {
			t.Errorf("%s: rows: %v", step, err)
		}

		_, err = s.Rows(t.Context(), read.catalog, read.version, [][]value.Cell{numberKey("99")}, nil, 10)
		if changed != errors.Is(err, ErrMoved) || !changed && err != nil {
			t.Errorf("%s: no rows: %v", step, err)
		}

		if changed {
			read = readStock(t, s, read.catalog)
		}
	}

	expect("nothing", false, began)
	began = file.add(t, syncedRun{})
	expect("a run that changed nothing", false, began)
	file.add(t, syncedRun{status: "failed", changes: "9, 9, 9"})
	expect("a run that failed", false, began)
	file.add(t, syncedRun{table: "trucks", changes: "9, 9, 9"})
	expect("a run of another table", false, began)
	began = file.add(t, syncedRun{changes: "0, 1, 0"}, "UPDATE cars SET make = 'x' WHERE id = 1")
	expect("an update", true, began)
	began = file.add(t, syncedRun{changes: "0, 0, 1"}, "DELETE FROM cars WHERE id = 2")
	expect("a deletion", true, began)
	began = file.add(t, syncedRun{hash: "other"})
	expect("other columns", true, began)
	began = file.add(t, syncedRun{hash: "other"})
	expect("the same columns again", false, began)

	// syncer deletes old runs. After that the table counts as changed once, but not again with each later run.
	dbtest.MustExec(t, file.db, "DELETE FROM _sync_tables WHERE run_id < 8", "DELETE FROM _sync_runs WHERE id < 8")
	began = file.add(t, syncedRun{hash: "other"})
	expect("early runs forgotten", true, began)
	began = file.add(t, syncedRun{hash: "other"})
	expect("nothing after that", false, began)
	began = file.add(t, syncedRun{hash: "other", changes: "1, 0, 0"}, "INSERT INTO cars VALUES (3, 'e', 'f')")
	expect("an insertion", true, began)
	requireSameRows(t, s, read)
}

// A file that syncer has recreated counts its runs from 1 again.
func TestFileMadeAgain(t *testing.T) {
	file := newSyncedFile(t)
	file.add(t, syncedRun{changes: "2, 0, 0"})
	s := openStore(t, file.config, Settings{Snapshot: true})
	read := readStock(t, s, nil)
	dbtest.MustExec(t, file.db, "DELETE FROM _sync_runs", "DELETE FROM _sync_tables")
	file.add(t, syncedRun{changes: "2, 0, 0"}, "UPDATE cars SET make = 'x' WHERE id = 1")

	now, changed, err := s.CheckChanged(t.Context(), read.version)
	if err != nil || !changed || now.Run != read.version.Run {
		t.Errorf("changed: %t, %+v, %v", changed, now, err)
	}

	if _, err := s.Rows(t.Context(), read.catalog, read.version, read.keys(), nil, 10); !errors.Is(err, ErrMoved) {
		t.Errorf("got %v", err)
	}
}

// A view that a user has created in the file is as old as the oldest of its tables, and changes with each of them.
func TestViewInSyncedFile(t *testing.T) {
	file := newSyncedFile(t)
	dbtest.MustExec(t, file.db, "CREATE VIEW mine AS SELECT * FROM cars")
	began := file.add(t, syncedRun{changes: "2, 0, 0"})
	file.add(t, syncedRun{table: "trucks", changes: "1, 0, 0"})

	s := openStore(t, file.config, Settings{Table: "mine", Snapshot: true})
	read := readStock(t, s, nil)
	if !read.version.Synced || !read.version.AsOf.Equal(began) {
		t.Errorf("version %+v", read.version)
	}

	requireSameRows(t, s, read)
	file.add(t, syncedRun{table: "trucks", changes: "0, 1, 0"})

	if _, changed, err := s.CheckChanged(t.Context(), read.version); err != nil || !changed {
		t.Errorf("changed: %t, %v", changed, err)
	}
}

// Only a file that syncer manages is a snapshot.
func TestNoSnapshot(t *testing.T) {
	c, db := dbtest.SQLite(t, "CREATE TABLE cars (make TEXT, model TEXT)")
	s := openStore(t, c, Settings{Snapshot: true})
	if _, err := tryRead(t.Context(), s, nil); err == nil || !IsPermanent(err) {
		t.Errorf("got %v", err)
	}

	if _, _, err := s.CheckChanged(t.Context(), Version{}); err == nil {
		t.Error("no error")
	}

	createTables(t, db)
	if _, err := tryRead(t.Context(), s, nil); err != nil {
		t.Error(err)
	}
}

// A file is followed according to its present state, also if syncer begins or stops to keep it.
func TestBecomesSynced(t *testing.T) {
	c, db := dbtest.SQLite(t, "CREATE TABLE cars (make TEXT, model TEXT)", "INSERT INTO cars VALUES ('a', 'b')")
	s := openStore(t, c, Settings{})
	read := readStock(t, s, nil)
	file := &syncedFile{config: c, db: db}
	createTables(t, db)
	file.add(t, syncedRun{changes: "1, 0, 0"})
	expect := func(synced bool) {
		t.Helper()
		now, changed, err := s.CheckChanged(t.Context(), read.version)
		if err != nil || !changed || now.Synced != synced {
			t.Fatalf("changed: %t, %+v, %v", changed, now, err)
		}

		if read = readStock(t, s, read.catalog); read.version.Synced != synced {
			t.Fatalf("version %+v", read.version)
		}

		requireSameRows(t, s, read)
	}

	expect(true)
	dbtest.MustExec(t, db, "ALTER TABLE _sync_runs RENAME TO gone")
	expect(false)
	dbtest.MustExec(t, db, "ALTER TABLE gone RENAME TO _sync_runs")
	expect(true)
}

// A table keeps its own age, however many runs of other tables follow. If a file no longer records the age, as files of
// earlier versions may not, the age of another table does not replace it.
func TestAgeAfterManyRunsOfOthers(t *testing.T) {
	file := newSyncedFile(t)
	began := file.add(t, syncedRun{changes: "2, 0, 0"})
	s := openStore(t, file.config, Settings{Snapshot: true})
	read := readStock(t, s, nil)

	for range 1100 {
		file.add(t, syncedRun{table: "trucks", changes: "1, 0, 0"})
	}

	now, changed, err := s.CheckChanged(t.Context(), read.version)
	if err != nil || changed || !now.AsOf.Equal(began) {
		t.Errorf("changed: %t, %+v, %v", changed, now, err)
	}

	var runs int
	if err := file.db.Get(&runs, "SELECT count(*) FROM _sync_runs"); err != nil || runs != 1001 {
		t.Errorf("%d runs, %v", runs, err)
	}

	column := schema.NewColumn("id", "int")
	if err := snapshotfile.SetColumns(t.Context(), file.db, "cars", []schema.Column{column}); err != nil {
		t.Fatal(err)
	}

	dbtest.MustExec(t, file.db, "DELETE FROM _sync_tables WHERE table_name = 'cars'")
	file.add(t, syncedRun{table: "trucks"})

	if now, _, err := s.CheckChanged(t.Context(), read.version); err == nil ||
		!strings.Contains(err.Error(), "no longer records when") {
		t.Errorf("%+v, %v", now, err)
	}
}

// MySQL does not report whether a table has changed.
func TestChangedMySQL(t *testing.T) {
	c := dbtest.Demo(t)
	s := openStore(t, c, Settings{Table: "vehicles_stock"})

	read := readStock(t, s, nil)
	now, changed, err := s.CheckChanged(t.Context(), read.version)
	if err != nil || !changed || now.AsOf.Before(read.version.AsOf) {
		t.Errorf("changed: %t, %+v, %v", changed, now, err)
	}
}
