package snapshotfile

import (
	"strings"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
)

// However many changes a table has, a few of them are found by their ids, or by the key of their row.
func TestChangesAreFoundByIndexes(t *testing.T) {
	_, db := dbtest.SQLite(t)
	if err := Create(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	for _, q := range createChanges {
		db.MustExec(q)
	}
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	db.MustExec(`INSERT INTO _sync_history ("table", key, since) VALUES ('v', '["id"]', ?)`, since.Format(timeFormat))
	db.MustExec(`INSERT INTO _sync_changes (run, at, "table", key, op, old, new)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
		SELECT 1, ?, 'v', '{"id":' || i || '}', 'update', '{"price":1}', '{"price":2}' FROM n`, since.Format(timeFormat))

	for query, want := range map[string]string{
		selectByID:                          "USING INTEGER PRIMARY KEY",
		selectOfRow(`'{"id":' || 7 || '}'`): "USING INDEX _sync_changes_key",
	} {
		rows, err := db.Queryx("EXPLAIN QUERY PLAN "+query, "v", since.Format(timeFormat), "[5, 7]", 10)
		if err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		for rows.Next() {
			row, err := rows.SliceScan()
			if err != nil {
				t.Fatal(err)
			}
			plan.WriteString(row[3].(string) + "\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan.String(), want) {
			t.Errorf("%s\nis planned as\n%s", query, plan.String())
		}
	}

	changes, err := ReadChangesByID(t.Context(), db, "v", since, []int64{7, 5, 5000})
	if err != nil || len(changes) != 2 || changes[0].ID != 7 {
		t.Errorf("%v: %+v", err, changes)
	}

	// What a change has not is not there, rather than empty.
	db.MustExec(`INSERT INTO _sync_changes (run, at, "table", key, op, old) VALUES (1, ?, 'v', '{"id":0}', 'delete',
		'{"price":2}')`, since.Format(timeFormat))
	changes, err = ReadRowChanges(t.Context(), db, "v", since, []string{"id"}, [][]any{{int64(0)}}, 0, 10)
	if err != nil || len(changes) != 1 || string(changes[0].Old) != `{"price":2}` || changes[0].New != nil {
		t.Errorf("%v: %+v", err, changes)
	}

	changes, err = ReadRowChanges(t.Context(), db, "v", since, []string{"id"}, [][]any{{int64(9), "9"}}, 0, 10)
	if err != nil || len(changes) != 1 || changes[0].ID != 9 {
		t.Errorf("%v: %+v", err, changes)
	}
	other, err := ReadChangesByID(t.Context(), db, "v", since.Add(time.Second), []int64{7})
	if err != nil || len(other) > 0 {
		t.Errorf("a history that began at another time: %v: %+v", err, other)
	}
}
