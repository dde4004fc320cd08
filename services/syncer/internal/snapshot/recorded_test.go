package snapshot

import (
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/snapshotfile"
)

// recordedSince returns the key by which the history knows the rows of table V, the run since which each new row is
// recorded, and how many rows bulk runs have added since; nil without a history.
func (f *testFile) recordedSince(t *testing.T) []driver.Value {
	t.Helper()
	rows := f.query(t, `SELECT h.key, (SELECT max(id) FROM _sync_runs AS r WHERE r.started = h.since),
		(SELECT count(*) FROM _sync_bulk_keys AS b WHERE b."table" = h."table") FROM _sync_history AS h WHERE "table" = 'V'`)
	if len(rows) == 0 {
		return nil
	}
	return rows[0]
}

// The file records the run since which each new row is recorded, and how many rows bulk runs have added since.
func TestRecordedSince(t *testing.T) {
	t.Parallel()
	f := newTestFile(t)
	want := func(run, bulk int64) {
		t.Helper()
		requireEqual(t, f.recordedSince(t), []driver.Value{`["id"]`, run, bulk})
	}

	f.publish(t, carsTable(rowOf(1, 5.5, "a")))
	want(1, 0)
	f.publish(t, carsTable(rowOf(1, 5.5, "a"), rowOf(2, 5.5, "a")))
	want(1, 0)

	// Other columns, first without new rows and then with one.
	s := newSourceTable([]string{"id"}, "id int", "price decimal(10,2)", "note text", "color text")
	s.rows = [][]driver.Value{rowOf(1, 5.5, "a", "red"), rowOf(2, 5.5, "a", nil)}
	f.publish(t, s)
	want(1, 0)
	f.publish(t, carsTable(rowOf(1, 5.5, "a"), rowOf(2, 5.5, "a"), rowOf(3, 5.5, "a")))
	want(4, 0)

	// A run with the history off: without changes, and with one.
	f.history = 0
	f.publish(t, carsTable(rowOf(1, 5.5, "a"), rowOf(2, 5.5, "a"), rowOf(3, 5.5, "a")))
	want(4, 0)
	f.publish(t, carsTable(rowOf(1, 5.5, "a"), rowOf(2, 5.5, "a")))
	requireEqual(t, f.recordedSince(t), []driver.Value(nil))
	f.history = ninetyDays
	f.publish(t, carsTable(rowOf(1, 5.5, "a"), rowOf(2, 5.5, "a")))
	want(7, 0)

	// Too many new rows, and then no changes.
	many := carsTable()
	for i := range 20_000 {
		many.rows = append(many.rows, rowOf(i+1, 5.5, "a"))
	}
	f.publish(t, many)
	want(7, 19_998)
	f.publish(t, many)
	want(7, 19_998)

	// These keys are most of the change history.
	var changes, bytes int64
	err := Read(f.path, func(db *sqlx.DB) (err error) {
		changes, bytes, err = snapshotfile.ChangesSize(t.Context(), db)
		return err
	})
	if err != nil || changes != 2 || bytes < 300_000 || bytes > 700_000 {
		t.Errorf("%d changes, %d bytes, %v", changes, bytes, err)
	}

	// The keys of rows that are gone go with the next bulk run.
	few := carsTable()
	few.rows = many.rows[:100]
	f.publish(t, few)
	want(7, 19_998)
	for i := range 20_000 {
		few.rows = append(few.rows, rowOf(30_000+i, 5.5, "a"))
	}
	f.publish(t, few)
	want(7, 20_098)
	f.publish(t, many)

	// Many updates add no new rows. Another key starts again, and a table without a key has no history.
	keyed := newSourceTable([]string{"id", "note"}, "id int", "price decimal(10,2)", "note text")
	keyed.rows = many.rows
	f.publish(t, keyed)
	requireEqual(t, f.recordedSince(t), []driver.Value{`["id","note"]`, int64(13), int64(0)})
	for i := range keyed.rows {
		keyed.rows[i][1] = 6.5
	}
	f.publish(t, keyed)
	requireEqual(t, f.recordedSince(t), []driver.Value{`["id","note"]`, int64(13), int64(0)})
	keyless := newSourceTable(nil, "id int", "price decimal(10,2)", "note text")
	keyless.rows = keyed.rows
	f.publish(t, keyless)
	requireEqual(t, f.recordedSince(t), []driver.Value(nil))
}

// SQLite ignores the case of names, so a table whose name has other capitals goes on with its history.
func TestRecordedUnderOneName(t *testing.T) {
	t.Parallel()
	f := newTestFile(t)
	capital := carsTable(rowOf(1, 6.5, "a"))
	capital.table.Name = "V"
	f.publish(t, carsTable(rowOf(1, 5.5, "a")))
	f.publish(t, capital)
	for i := range 20_000 {
		capital.rows = append(capital.rows, rowOf(i+2, 5.5, "a"))
	}
	f.publish(t, capital)
	f.publish(t, carsTable(rowOf(1, 7.5, "a")))

	requireEqual(t, f.query(t, `SELECT "table", count(*) FROM _sync_changes GROUP BY "table"`),
		[][]driver.Value{{"v", int64(3)}})
	requireEqual(t, f.query(t, `SELECT "table", count(*) FROM _sync_bulk_keys GROUP BY "table"`),
		[][]driver.Value{{"v", int64(20_000)}})
	f.history = 0
	capital.rows = capital.rows[:1]
	f.publish(t, capital)
	requireEqual(t, f.query(t, "SELECT count(*) FROM _sync_bulk_keys"), [][]driver.Value{{int64(0)}})
}

// A file of an earlier version does not have the keys of rows that came in bulk runs.
func TestRecordedWithoutBulkKeys(t *testing.T) {
	t.Parallel()
	f := newTestFile(t)
	f.publish(t, carsTable(rowOf(1, 5.5, "a")))
	f.query(t, "DROP TABLE _sync_bulk_keys")
	recorded := func() (r *snapshotfile.Recorded) {
		t.Helper()
		err := Read(f.path, func(db *sqlx.DB) (err error) {
			r, err = snapshotfile.RecordedOf(t.Context(), db, "v")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}

	if r := recorded(); r != nil {
		t.Errorf("before the first run: %+v", r)
	}
	f.history = 0
	f.publish(t, carsTable(rowOf(1, 5.5, "a"), rowOf(2, 5.5, "a")))
	f.history = ninetyDays
	f.publish(t, carsTable(rowOf(1, 5.5, "a"), rowOf(2, 5.5, "a")))
	if r := recorded(); r == nil || r.Since.Sub(f.now).Abs() > time.Millisecond {
		t.Errorf("%+v, want one since %s", r, f.now)
	}
}

// Changes that are recorded after a bulk change is forgotten count as later than it: a row that came back in one of
// them came in no bulk change.
func TestBulkKeysOutliveTheirChange(t *testing.T) {
	t.Parallel()
	f := newTestFile(t)
	source := carsTable(rowOf(1, 5.5, "a"), rowOf(2, 5.5, "a"), rowOf(3, 5.5, "a"))
	f.publish(t, source)
	source.rows = [][]driver.Value{rowOf(1, 6.5, "a"), rowOf(2, 6.5, "a"), rowOf(3, 6.5, "a")}
	f.publish(t, source)
	for i := range 20_000 {
		source.rows = append(source.rows, rowOf(10+i, 5.5, "a"))
	}
	f.publish(t, source)

	f.now = f.now.Add(2 * ninetyDays)
	f.publish(t, source) // nothing of the history is young
	all := source.rows
	source.rows = all[:len(all)-1]
	f.publish(t, source)
	source.rows = all
	f.publish(t, source)

	requireEqual(t, f.query(t, `SELECT max(c.id) > b.change FROM _sync_bulk_keys AS b JOIN _sync_changes AS c USING (key)
		WHERE c.op = 'insert'`), [][]driver.Value{{int64(1)}})
}

// Whatever runs come and go, the file shows for each row whether it was there at the first run, came in a recorded
// change, or came with so many others that only its key is recorded.
func TestArrivals(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 20))
	f := newTestFile(t)
	const pool = 30_000
	arrival, isIn := map[int]string{}, map[int]bool{}
	for i := range pool / 2 {
		isIn[i], arrival[i] = true, "first"
	}

	sourceRows := func() *sourceTable {
		s := newSourceTable([]string{"id", "b"}, "id int", "b varbinary(8)", "price decimal(10,2)")
		for i := range pool {
			if isIn[i] {
				s.rows = append(s.rows, []driver.Value{int64(i), fmt.Appendf(nil, "\x00%d", i%7), 5.5})
			}
		}
		return s
	}
	f.publish(t, sourceRows())

	for range 8 {
		moved, came := 100+random.IntN(200), "insert"
		if random.IntN(2) == 0 {
			moved, came = 10_001+random.IntN(pool/2), "bulk"
		}
		for _, i := range random.Perm(pool)[:moved] {
			if isIn[i] = !isIn[i]; isIn[i] {
				arrival[i] = came
			}
		}
		f.publish(t, sourceRows())

		counts := map[string]int{}
		for _, r := range f.query(t, `SELECT v.id, CASE
			WHEN coalesce(b.change, 0) > coalesce(max(c.id), 0) THEN 'bulk' WHEN c.id IS NOT NULL THEN 'insert' ELSE 'first' END
			FROM v LEFT JOIN _sync_bulk_keys AS b ON b."table" = 'v' AND b.key = '{"id":' || v.id || ',"b":"' || hex(v.b) || '"}'
			LEFT JOIN _sync_changes AS c ON c."table" = 'v' AND c.op = 'insert'
				AND c.key = '{"id":' || v.id || ',"b":"' || hex(v.b) || '"}' GROUP BY v.id`) {
			id := int(r[0].(int64))
			counts[arrival[id]]++
			if r[1] != arrival[id] {
				t.Fatalf("row %d: %v, want %s", id, r[1], arrival[id])
			}
		}
		t.Log(counts)
	}
}
