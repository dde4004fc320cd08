package snapshot

import (
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
)

func carsTable(rows ...[]driver.Value) *sourceTable {
	s := newSourceTable([]string{"id"}, "id int", "price decimal(10,2)", "note text")
	s.rows = rows
	return s
}

// rowOf makes a row of values. An int becomes an int64, like the driver's integers.
func rowOf(values ...any) []driver.Value {
	row := make([]driver.Value, len(values))
	for i, v := range values {
		row[i] = v
		if n, ok := v.(int); ok {
			row[i] = int64(n)
		}
	}
	return row
}

// Each change is recorded with the changed columns and their exact values.
func TestRecordedChanges(t *testing.T) {
	t.Parallel()
	f := newTestFile(t)
	f.publish(t, carsTable(rowOf(1, 5.5, "a"), rowOf(2, 7, nil), rowOf(3, nil, "c")))
	requireEqual(t, f.changes(t, "true"), []string(nil))

	f.publish(t, carsTable(rowOf(1, 5.75, "a"), rowOf(2, 7, "x\"\x00é"), rowOf(4, 0.1, "d")))
	want := []string{
		`delete {"id":3} {"id":3,"price":null,"note":"c"} -`,
		`update {"id":1} {"price":5.5} {"price":5.75}`,
		`update {"id":2} {"note":null} {"note":"x\"\u0000é"}`,
		`insert {"id":4} - -`,
	}

	requireEqual(t, f.changes(t, "true"), want)
	requireEqual(t, f.query(t, `SELECT count(*), count(DISTINCT at) FROM _sync_changes AS c
		JOIN _sync_runs AS r ON r.id = c.run AND r.started = c.at AND r.id = 2 WHERE "table" = 'v'`),
		[][]driver.Value{rowOf(4, 1)})

	// A run without a change records nothing. An upsert deletes nothing.
	f.publish(t, carsTable(rowOf(1, 5.75, "a"), rowOf(2, 7, "x\"\x00é"), rowOf(4, 0.1, "d")))
	requireEqual(t, f.changes(t, "true"), want)
	f.keep = true
	f.publish(t, carsTable(rowOf(1, 5.75, "b"), rowOf(9, nil, nil)))
	requireEqual(t, f.changes(t, "run = 4"), []string{`update {"id":1} {"note":"a"} {"note":"b"}`, `insert {"id":9} - -`})
}

// No changes are recorded for a table that is new, recreated, reshaped or without a key, and none at all if the history
// is off.
func TestUnrecordedChanges(t *testing.T) {
	t.Parallel()
	f := newTestFile(t)
	f.history = 0
	f.publish(t, carsTable(rowOf(1, 5.5, "a")))
	f.publish(t, carsTable(rowOf(1, 6.5, "a")))
	requireEqual(t, f.query(t, "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%changes%'"),
		[][]driver.Value{rowOf(0)})

	f.history = ninetyDays
	f.publish(t, carsTable(rowOf(1, 6.5, "a"))) // nothing to record, and nothing to prune
	other := newSourceTable([]string{"id"}, "id int", "x int")
	other.table.Name, other.rows = "other", [][]driver.Value{rowOf(1, 1)}
	bare := newSourceTable(nil, "id int", "x int")
	bare.table.Name, bare.rows = "bare", [][]driver.Value{rowOf(1, 1)}
	f.publish(t, carsTable(rowOf(1, 6.5, "a")), other, bare)
	wider := newSourceTable([]string{"id"}, "id int", "price decimal(10,2)", "note text", "more int")
	wider.rows = [][]driver.Value{rowOf(1, 7.5, "b", 1), rowOf(2, 7.5, "b", 1)}
	bare.rows = [][]driver.Value{rowOf(2, 2), rowOf(3, 2)}
	f.publish(t, wider, bare)
	wider.table.Columns[1] = schema.NewColumn("price", "text") // recreates the table
	wider.rows[0][1], wider.rows[1][1] = "8.5", "9.5"
	f.publish(t, wider)
	requireEqual(t, f.changes(t, "true"), []string(nil))

	wider.rows[0][1] = "9"
	f.publish(t, wider)
	requireEqual(t, f.changes(t, "true"), []string{`update {"id":1} {"price":"8.5"} {"price":"9"}`})
}

// The user's columns, triggers and unique indexes do not affect the recorded changes.
func TestRecordedBesideUserObjects(t *testing.T) {
	t.Parallel()
	f := newTestFile(t)
	f.publish(t, carsTable(rowOf(1, 5.5, "a"), rowOf(2, 6.5, "b")))
	for _, q := range []string{
		"ALTER TABLE v ADD COLUMN mine TEXT DEFAULT 'x'", "UPDATE v SET mine = 'y'",
		"ALTER TABLE v ADD COLUMN twice AS (price * 2)", "CREATE UNIQUE INDEX one_note ON v (note)",
		"CREATE TABLE log (id)", "CREATE TRIGGER logged AFTER UPDATE ON v BEGIN INSERT INTO log VALUES (old.id); END",
	} {
		f.query(t, q)
	}

	f.publish(t, carsTable(rowOf(1, 5.5, "b"), rowOf(2, 6.5, "a")))
	f.publish(t, carsTable(rowOf(2, 6.5, "a")))
	requireEqual(t, f.changes(t, "true"), []string{
		`update {"id":1} {"note":"a"} {"note":"b"}`, `update {"id":2} {"note":"b"} {"note":"a"}`,
		`delete {"id":1} {"id":1,"price":5.5,"note":"b"} -`,
	})

	requireEqual(t, f.query(t, "SELECT mine FROM v"), [][]driver.Value{{"y"}})
}

// A long BLOB is recorded in part; a key is always complete.
func TestRecordedBlobs(t *testing.T) {
	t.Parallel()
	long := func(n int) []byte { return []byte(strings.Repeat("\xab", n)) }
	f := newTestFile(t)
	s := newSourceTable([]string{"k"}, "k blob", "b blob")
	s.rows = [][]driver.Value{rowOf(long(5000), long(snapshotfile.BlobLimit))}
	f.publish(t, s)
	s.rows[0][1] = long(snapshotfile.BlobLimit + 1)
	f.publish(t, s)
	want := fmt.Sprintf(`update {"k":"%s"} {"b":"%s"} {"b":{"bytes":4097,"hex":"%[2]s"}}`,
		strings.Repeat("AB", 5000), strings.Repeat("AB", snapshotfile.BlobLimit))
	requireEqual(t, f.changes(t, "true"), []string{want})
}

// A table with as many columns as SQLite accepts is recorded.
func TestRecordedColumns(t *testing.T) {
	t.Parallel()
	columns := []string{"id int"}
	only := rowOf(1)
	for i := range maxColumns - 1 {
		columns = append(columns, fmt.Sprintf("c%d int", i))
		only = append(only, int64(i))
	}

	f := newTestFile(t)
	s := newSourceTable([]string{"id"}, columns...)
	s.rows = [][]driver.Value{only}
	f.publish(t, s)
	s.rows = [][]driver.Value{slices.Clone(only)}
	s.rows[0][7], s.rows[0][1998] = int64(-1), nil
	f.publish(t, s)
	requireEqual(t, f.changes(t, "true"), []string{`update {"id":1} {"c6":6,"c1997":1997} {"c6":-1,"c1997":null}`})
	s.rows = [][]driver.Value{append(rowOf(2), only[1:]...)}
	f.publish(t, s)
	old := f.query(t, "SELECT old FROM _sync_changes WHERE op = 'delete'")[0][0]
	requireEqual(t, len(decodeJSON(t, old)), maxColumns)
}

// Many changes of a table are recorded as one bulk change.
func TestBulkChanges(t *testing.T) {
	t.Parallel()
	f := newTestFile(t)
	s := carsTable()
	for i := range 20_000 {
		s.rows = append(s.rows, rowOf(i, i, "a"))
	}

	f.publish(t, s)
	for i := range 9_999 {
		s.rows[i][1] = int64(i + 1)
	}

	s.rows = append(s.rows, rowOf(30_000, nil, nil))
	f.publish(t, s)
	requireEqual(t, f.query(t, "SELECT op, count(*) FROM _sync_changes GROUP BY op ORDER BY op"),
		[][]driver.Value{{"insert", int64(1)}, {"update", int64(9_999)}})

	for i := range 9_999 {
		s.rows[i][1] = int64(i + 2)
	}

	s.rows[0][2], s.rows[1][2] = "b", "b"
	s.rows = append(s.rows[:19_999], s.rows[20_000], rowOf(40_000, nil, nil))
	f.publish(t, s)
	requireEqual(t, f.changes(t, "run = 3"),
		[]string{`bulk - - {"inserted":1,"updated":9999,"deleted":1,"columns":{"note":2,"price":9999}}`})

	// The limit is 10,000 or a tenth of the rows, whichever is greater: here 20,000 of 200,000 rows.
	s = carsTable()
	s.table.Name = "w"
	for i := range 200_000 {
		s.rows = append(s.rows, rowOf(i, i, "a"))
	}

	f.publish(t, s)
	for _, changed := range []int{20_000, 20_001} {
		for i := range changed {
			s.rows[i][1] = int64(-changed)
		}

		f.publish(t, s)
	}

	requireEqual(t, f.query(t, `SELECT op, count(*) FROM _sync_changes WHERE "table" = 'w' GROUP BY op ORDER BY op`),
		[][]driver.Value{{"bulk", int64(1)}, {"update", int64(20_000)}})
}

// recordedOp is an entry of the change history, reduced to what pruning depends on.
type recordedOp struct{ at, key, op string }

// prunedHistory makes runs with random changes, and computes the expected history after each.
type prunedHistory struct {
	*testFile
	table      *sourceTable
	random     *rand.Rand
	pool       [][]driver.Value // possible rows of the source
	inSource   []bool
	known      map[int64]recordedOp
	lastIDs    []int64 // of the changes before the latest run
	kept, gone int     // numbers of old inserts kept, and of changes pruned
}

func newPrunedHistory(t *testing.T, s *sourceTable, random *rand.Rand) *prunedHistory {
	t.Helper()
	h := &prunedHistory{testFile: newTestFile(t), table: s, random: random, known: map[int64]recordedOp{}}
	h.now = time.Now().AddDate(-20, 0, 0)
	h.pool = make([][]driver.Value, 30)
	h.inSource = make([]bool, len(h.pool))
	for i := range h.pool {
		for _, c := range s.table.Columns {
			v := randomValue(random, c)
			switch c.SQLiteType() {
			case "INTEGER":
				v = int64(i)
			case "TEXT":
				v = fmt.Sprintf("%v%d", v, i)
			}
			h.pool[i] = append(h.pool[i], v)
		}
	}

	return h
}

// changeSource adds, updates and deletes rows of the source.
func (h *prunedHistory) changeSource() {
	h.table.rows = nil
	for i := range h.pool {
		if h.random.IntN(10) == 0 {
			h.inSource[i] = !h.inSource[i]
		}
		if h.random.IntN(10) == 0 {
			h.pool[i] = slices.Clone(h.pool[i])
			h.pool[i][1] = int64(h.random.IntN(1000))
		}
		if h.inSource[i] {
			h.table.rows = append(h.table.rows, h.pool[i])
		}
	}
}

// makeOld moves a third of the recorded inserts into the past, like a user who edits the history.
func (h *prunedHistory) makeOld(t *testing.T, run int) {
	t.Helper()
	const old = "2001-01-01T00:00:00.000Z"
	h.query(t, "UPDATE _sync_changes SET at = ? WHERE op = 'insert' AND id % 3 = ?", old, int64(run%3))
	for id, c := range h.known {
		if c.op == "insert" && id%3 == int64(run%3) {
			c.at = old
			h.known[id] = c
		}
	}
}

// addColumn adds a column. The same run then does not record deleted rows.
func (h *prunedHistory) addColumn(run int) {
	column := schema.NewColumn(fmt.Sprintf("more%d", run), "int")
	h.table.table.Columns = append(slices.Clone(h.table.table.Columns), column)
	for i := range h.pool {
		h.pool[i] = append(slices.Clone(h.pool[i]), int64(1))
	}
	for i := range h.table.rows {
		h.table.rows[i] = append(slices.Clone(h.table.rows[i]), int64(1))
	}
}

// publishRun makes a run, some time after the last one.
func (h *prunedHistory) publishRun(t *testing.T, run int) {
	t.Helper()
	h.now = h.now.Add(time.Duration(h.random.IntN(30*24)) * time.Hour)
	h.changeSource()
	h.keep = h.random.IntN(5) == 0
	if h.history = ninetyDays; run%40 > 30 { // a longer history, or a clock set back, loses nothing
		h.history = 2 * ninetyDays
		h.now = h.now.Add(-time.Duration(h.random.IntN(20*24)) * time.Hour)
	}
	if run > 0 && h.random.IntN(10) == 0 {
		h.makeOld(t, run)
	}
	if run%20 == 19 {
		h.addColumn(run)
		h.keep = false
	}
	if run > 0 && h.random.IntN(12) == 0 { // a run with the history off records and deletes nothing
		h.history = 0
	}

	h.publish(t, h.table)
}

// check compares the IDs in the history with the expected ones.
func (h *prunedHistory) check(t *testing.T, run int) {
	t.Helper()
	var ids []int64
	for _, r := range h.query(t, "SELECT id, at, key, op FROM _sync_changes ORDER BY id") {
		id := r[0].(int64)
		ids = append(ids, id)
		h.known[id] = recordedOp{fmt.Sprintf("%s", r[1]), fmt.Sprintf("%s", r[2]), fmt.Sprintf("%s", r[3])}
	}

	want := h.expectedIDs(t)
	if h.history == 0 {
		want = h.lastIDs
	}

	h.lastIDs = ids
	if !slices.Equal(ids, want) {
		t.Fatalf("run %d: changes %v, want %v", run, ids, want)
	}
}

// expectedIDs returns the IDs of the known changes that should be in the history, and forgets the others.
func (h *prunedHistory) expectedIDs(t *testing.T) (want []int64) {
	t.Helper()
	young := h.now.Add(-h.history).UTC().Format("2006-01-02T15:04:05.000Z")
	now := h.stateOf(t, h.table)
	lastInsert := map[string]int64{}
	for id, c := range h.known {
		if c.op == "insert" {
			lastInsert[c.key] = max(lastInsert[c.key], id)
		}
	}

	for id, c := range h.known {
		_, isInTable := now[keyOf(h.table, decodeJSON(t, c.key))]
		switch {
		case h.history == 0, c.at >= young:
		case c.op == "insert" && lastInsert[c.key] == id && isInTable:
			h.kept++
		default:
			delete(h.known, id)
			h.gone++
			continue
		}

		want = append(want, id)
	}

	slices.Sort(want)
	return want
}

// After each run the history has all recent changes. Of the old ones, it has only the last insert of each row that is
// still in the table. That also holds if the clock is set back, or a user edits the history.
func TestPrunedChanges(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*sourceTable{
		"integer": newSourceTable([]string{"id"}, "id int", "x int"),
		"text":    newSourceTable([]string{`i"d'`}, `i"d' varchar(20)`, "x int"),
		"several": newSourceTable([]string{"b", "r", "t"}, "t text", "x int", "r double", "b blob"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			h := newPrunedHistory(t, s, rand.New(rand.NewPCG(seed, 0)))
			for run := range 120 {
				h.publishRun(t, run)
				h.check(t, run)
			}
			if h.kept == 0 || h.gone == 0 {
				t.Errorf("kept %d, gone %d: the test proves nothing", h.kept, h.gone)
			}
		})
	}
}

// The record of a run stays as long as a change refers to it.
func TestRunsOfChanges(t *testing.T) {
	t.Parallel()
	f := newTestFile(t)
	f.now = f.now.Add(-time.Hour)
	f.publish(t, carsTable(rowOf(1, 5.5, "a")))
	f.publish(t, carsTable(rowOf(1, 6.5, "a")))
	f.publish(t, carsTable(rowOf(1, 6.5, "a")))
	f.query(t, `INSERT INTO _sync_runs (id, started, finished, status, source, strategy)
		SELECT id + 2000, started, finished, status, source, strategy FROM _sync_runs WHERE id = 3`)
	f.publish(t, carsTable(rowOf(1, 7.5, "a")))
	requireEqual(t, f.query(t, "SELECT id FROM _sync_runs WHERE id < 2000"), [][]driver.Value{rowOf(2)})
	requireEqual(t, f.query(t, "SELECT count(*) FROM _sync_changes AS c JOIN _sync_runs AS r ON r.id = c.run"),
		[][]driver.Value{rowOf(2)})
}
