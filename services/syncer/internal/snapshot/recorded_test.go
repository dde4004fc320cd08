package snapshot

import (
	"database/sql/driver"
	"testing"
)

// The file says from which run on each new row is recorded, and whether some came that are not.
func TestRecordedSince(t *testing.T) {
	t.Parallel()
	f := newTestFile(t)
	since := func() []driver.Value {
		rows := f.query(t, `SELECT h.key, (SELECT max(id) FROM _sync_runs AS r WHERE r.started = h.since), h.bulk IS NOT NULL
			FROM _sync_history AS h WHERE "table" = 'V'`)
		if len(rows) == 0 {
			return nil
		}
		return rows[0]
	}
	want := func(run int64, bulk int64) {
		t.Helper()
		requireEqual(t, since(), []driver.Value{`["id"]`, run, bulk})
	}

	f.publish(t, carsTable(rowOf(1, 5.5, "a")))
	want(1, 0)
	f.publish(t, carsTable(rowOf(1, 5.5, "a"), rowOf(2, 5.5, "a")))
	want(1, 0)

	// Other columns, without new rows and with some.
	s := newSourceTable([]string{"id"}, "id int", "price decimal(10,2)", "note text", "color text")
	s.rows = [][]driver.Value{rowOf(1, 5.5, "a", "red"), rowOf(2, 5.5, "a", nil)}
	f.publish(t, s)
	want(1, 0)
	f.publish(t, carsTable(rowOf(1, 5.5, "a"), rowOf(2, 5.5, "a"), rowOf(3, 5.5, "a")))
	want(4, 0)

	// A run without a history that changes nothing, and one that does.
	f.history = 0
	f.publish(t, carsTable(rowOf(1, 5.5, "a"), rowOf(2, 5.5, "a"), rowOf(3, 5.5, "a")))
	want(4, 0)
	f.publish(t, carsTable(rowOf(1, 5.5, "a"), rowOf(2, 5.5, "a")))
	requireEqual(t, since(), []driver.Value(nil))
	f.history = ninetyDays
	f.publish(t, carsTable(rowOf(1, 5.5, "a"), rowOf(2, 5.5, "a")))
	want(7, 0)

	// Too many new rows, and none of them afterwards.
	many := carsTable()
	for i := range 20_000 {
		many.rows = append(many.rows, rowOf(i+1, 5.5, "a"))
	}
	f.publish(t, many)
	want(7, 1)
	f.publish(t, many)
	want(7, 1)

	// Many changed rows alone are not new ones; another key begins again, and a table without a key has no history.
	keyed := newSourceTable([]string{"id", "note"}, "id int", "price decimal(10,2)", "note text")
	keyed.rows = many.rows
	f.publish(t, keyed)
	requireEqual(t, since(), []driver.Value{`["id","note"]`, int64(10), int64(0)})
	for i := range keyed.rows {
		keyed.rows[i][1] = 6.5
	}
	f.publish(t, keyed)
	requireEqual(t, since(), []driver.Value{`["id","note"]`, int64(10), int64(0)})
	keyless := newSourceTable(nil, "id int", "price decimal(10,2)", "note text")
	keyless.rows = keyed.rows
	f.publish(t, keyless)
	requireEqual(t, since(), []driver.Value(nil))
}
