package snapshotfile

import (
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn/dbtest"
)

// A few changes are found through indexes, by their ids or by the key of their row, however many changes a table has.
func TestChangesAreFoundByIndexes(t *testing.T) {
	_, db := dbtest.SQLite(t)
	if err := CreateTables(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	for _, q := range createChanges {
		db.MustExec(q)
	}
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	db.MustExec(`INSERT INTO _sync_history ("table", key, since) VALUES ('v', '["id"]', ?)`, since.Format(timeFormat))
	db.MustExec(`INSERT INTO _sync_changes (run, at, "table", key, op, old, new)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
		SELECT i / 20, strftime('%Y-%m-%dT%H:%M:%S.000Z', ?, (i / 20) || ' minutes'), 'v', '{"id":' || i || '}',
			CASE i % 10 WHEN 0 THEN 'insert' WHEN 1 THEN 'delete' ELSE 'update' END, '{"price":1}', '{"price":2}' FROM n`,
		since.Format(timeFormat))

	young := since.Add(3 * time.Hour).Format(timeFormat)
	for _, statistics := range []string{"", "ANALYZE"} {
		db.MustExec(statistics)
		for query, want := range map[string]string{
			selectByID:                          "USING INTEGER PRIMARY KEY (rowid=?)",
			selectOfRow(`'{"id":' || 7 || '}'`): "USING INDEX _sync_changes_key",
			selectAfter:                         "USING INTEGER PRIMARY KEY (rowid>?)",
			selectSince:                         "USING COVERING INDEX _sync_changes_at (op=? AND at>?)",
		} {
			args := []any{"v", since.Format(timeFormat), "[5, 7]", 10}
			switch query {
			case selectAfter:
				args = []any{3990, "v", 0}
			case selectSince:
				args = []any{young, "v"}
			}
			if plan := explain(t, db, query, args...); !strings.Contains(plan, want) {
				t.Errorf("%s: %s\nis planned as\n%s", statistics, query, plan)
			}
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
		t.Errorf("a history with another beginning: %v: %+v", err, other)
	}
}

// explain returns how SQLite executes a statement.
func explain(t *testing.T, db *sqlx.DB, query string, args ...any) string {
	t.Helper()
	rows, err := db.Queryx("EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()

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
	return plan.String()
}
