package snapshot

import (
	"testing"

	"carstock/pkg/snapshotfile"
)

// What the user has made may roll back the whole transaction of a run. Nothing may be written to the file after that.
func TestRollbackByUserObjects(t *testing.T) {
	t.Parallel()
	byID := func(kind string) *sourceTable { return newSourceTable([]string{"id"}, "id int", "v "+kind) }
	for name, test := range map[string]struct {
		before, after *sourceTable
		users         []string // statements of the user's, between the two runs
		rows          string   // after both runs
	}{
		"a trigger on a table whose rows nothing identifies": {
			before: withRows(newSourceTable(nil, "rowid int", "_rowid_ text", "oid int"), "1 a 1"),
			after:  withRows(newSourceTable(nil, "rowid int", "_rowid_ text", "oid int"), "2 b 2"),
			users:  []string{"CREATE TRIGGER x BEFORE DELETE ON v BEGIN SELECT RAISE(ROLLBACK, 'no'); END"},
			rows:   "1 a 1",
		},
		"a unique index that a trigger violates": {
			before: withRows(byID("text"), "1 a", "2 b"),
			after:  withRows(byID("text"), "2 c"),
			users: []string{
				"CREATE TABLE audit (id INTEGER UNIQUE)", "INSERT INTO audit VALUES (2)",
				"CREATE TRIGGER x AFTER UPDATE ON v BEGIN INSERT OR ROLLBACK INTO audit VALUES (new.id); END",
			},
			rows: "1 a, 2 b",
		},
		"a constraint that the rows violate in their new type": {
			before: withRows(byID("text"), "1 x", "2 y"),
			after:  withRows(byID("int"), "1 7", "2 8"),
			users: []string{
				"CREATE TABLE new (id INTEGER NOT NULL, v TEXT, UNIQUE (v) ON CONFLICT ROLLBACK, PRIMARY KEY (id))",
				"INSERT INTO new VALUES (1, '7'), (2, '07')", "DROP TABLE v", "ALTER TABLE new RENAME TO v",
			},
			rows: "1 7, 2 07",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := t.TempDir() + "/stock.db"
			mustPublish(t, path, runOptions{}, test.before)

			conn := testConn(t, path)
			mustExec(t, conn, test.users...)
			if err := conn.Close(); err != nil {
				t.Fatal(err)
			}

			if _, _, err := stageAndPublish(t, path, runOptions{}, test.after); err == nil {
				t.Error("the run published")
			}
			if got := contentsOf(t, path, "SELECT * FROM v ORDER BY 1"); got != test.rows {
				t.Errorf("rows %q, want %q", got, test.rows)
			}
			if got := contentsOf(t, path, "SELECT count(*) FROM _sync_runs"); got != "1" {
				t.Errorf("%s runs, want 1", got)
			}
		})
	}
}

// A run has an ID only if the file records it: by its ID syncer serve recognizes the runs that it has made itself.
func TestUnrecordedRunHasNoID(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/stock.db"
	mustPublish(t, path, runOptions{}, withRows(newSourceTable(nil, "v text"), "a"))
	conn := testConn(t, path)
	mustExec(t, conn, "CREATE TRIGGER x AFTER INSERT ON _sync_runs BEGIN SELECT RAISE(ABORT, 'no'); END")

	_, run, err := stageAndPublish(t, path, runOptions{}, withRows(newSourceTable(nil, "v text"), "b"))
	if err == nil {
		t.Fatal("the run published")
	}

	file := testLock(t, path)
	defer func() { _ = file.Unlock() }()
	run.Status = snapshotfile.RunFailed
	if err := file.Record(run); err == nil || run.ID != 0 {
		t.Errorf("run %d is recorded, with error %v", run.ID, err)
	}

	mustExec(t, conn, "DROP TRIGGER x")
	if err := file.Record(run); err != nil || run.ID != 2 {
		t.Errorf("run %d, want 2, error %v", run.ID, err)
	}

	// A file that another program has made keeps no record of a run that published nothing.
	foreign := t.TempDir() + "/notes.db"
	mustExec(t, testConn(t, foreign), "CREATE TABLE notes (text)")
	other := testLock(t, foreign)
	defer func() { _ = other.Unlock() }()
	if err := other.Record(run); err != nil || run.ID != 0 {
		t.Errorf("run %d is recorded in the file of another program, error %v", run.ID, err)
	}
}
