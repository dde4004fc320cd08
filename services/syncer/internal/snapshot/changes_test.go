package snapshot

import (
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
)

const ninetyDays = 90 * 24 * time.Hour

// sourceTable is a table of the source: its columns and its rows.
type sourceTable struct {
	table schema.Table
	rows  [][]driver.Value
}

func newSourceTable(key []string, columns ...string) *sourceTable {
	s := &sourceTable{table: schema.Table{Name: "v", Key: key}}
	for _, c := range columns {
		name, declared, _ := strings.Cut(c, " ")
		s.table.Columns = append(s.table.Columns, schema.NewColumn(name, declared))
	}
	return s
}

// testFile is a snapshot file that a test publishes to.
type testFile struct {
	path    string
	history time.Duration
	keep    bool
	now     time.Time // start of the next run
}

func newTestFile(t *testing.T) *testFile {
	t.Helper()
	return &testFile{path: filepath.Join(t.TempDir(), "cars.db"), history: ninetyDays, now: time.Now().Add(-time.Hour)}
}

// publish makes a run that publishes the tables.
func (f *testFile) publish(t *testing.T, tables ...*sourceTable) {
	t.Helper()
	file, err := LockFile(f.path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Unlock() }()

	staging, err := file.Stage()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := staging.Close(); err != nil {
			t.Error(err)
		}
	}()

	f.now = f.now.Add(time.Second)
	run := &snapshotfile.Run{Started: f.now, Status: snapshotfile.RunOK}
	for _, s := range tables {
		table, err := staging.Begin(s.table, s.table.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		for rows := range slices.Chunk(s.rows, max(1, min(128, 30000/len(s.table.Columns)))) {
			var args []driver.NamedValue
			for _, v := range slices.Concat(rows...) {
				args = append(args, driver.NamedValue{Ordinal: len(args) + 1, Value: v})
			}
			if err := table.Write(args); err != nil {
				t.Fatal(err)
			}
		}

		c, err := table.Finish(f.keep)
		if err != nil {
			t.Fatal(err)
		}
		run.Tables = append(run.Tables, snapshotfile.TableRun{
			Table: s.table.Name, View: s.table.Name, Key: len(s.table.Key) > 0,
			Rows: c.Rows, Inserted: c.Inserted, Updated: c.Updated, Deleted: c.Deleted,
		})
	}

	if _, err := staging.Publish(f.keep, f.history, run); err != nil {
		t.Fatal(err)
	}
}

// query executes a statement in the file, and returns its rows.
func (f *testFile) query(t *testing.T, query string, args ...driver.Value) [][]driver.Value {
	t.Helper()
	conn, err := openConn(f.path, "_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()

	rows, err := conn.Query(query, args)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()

	var out [][]driver.Value
	for {
		row := make([]driver.Value, len(rows.Columns()))
		if err := rows.Next(row); err != nil {
			return out
		}
		for i, v := range row {
			if b, ok := v.([]byte); ok {
				row[i] = slices.Clone(b)
			}
		}

		out = append(out, row)
	}
}

// changes returns op, key, old and new of the recorded changes as texts.
func (f *testFile) changes(t *testing.T, where string) (out []string) {
	t.Helper()
	for _, r := range f.query(t, "SELECT op, key, old, new FROM _sync_changes WHERE "+where+" ORDER BY id") {
		var texts []string
		for _, v := range r {
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			if v == nil {
				v = "-"
			}
			texts = append(texts, v.(string))
		}

		out = append(out, strings.Join(texts, " "))
	}

	return out
}

func requireEqual(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %v\nwant %v", got, want)
	}
}

// tableRows maps keys to rows, and columns to values.
type tableRows map[string]map[string]any

// stateOf reads a table as it is in the file. BLOBs become hex.
func (f *testFile) stateOf(t *testing.T, s *sourceTable) tableRows {
	t.Helper()
	columns := make([]string, len(s.table.Columns))
	for i, c := range s.table.Columns {
		columns[i] = schema.QuoteSQLite(c.Name)
	}

	now := tableRows{}
	for _, r := range f.query(t, "SELECT "+strings.Join(columns, ", ")+" FROM "+schema.QuoteSQLite(s.table.Name)) {
		row := map[string]any{}
		for i, v := range r {
			if b, ok := v.([]byte); ok && s.table.Columns[i].SQLiteType() == "BLOB" {
				v = strings.ToUpper(hex.EncodeToString(b))
			} else if ok {
				v = string(b)
			}
			row[s.table.Columns[i].Name] = v
		}

		now[keyOf(s, row)] = row
	}

	return now
}

func keyOf(s *sourceTable, row map[string]any) string {
	var key []any
	for _, k := range s.table.Key {
		key = append(key, row[k])
	}
	return fmt.Sprintf("%#v", key)
}

// decodeJSON decodes a JSON object of the history. A number with a point or an exponent is a REAL.
func decodeJSON(t *testing.T, text driver.Value) map[string]any {
	t.Helper()
	b, ok := text.([]byte)
	if !ok {
		b = []byte(text.(string))
	}

	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	out := map[string]any{}
	if err := d.Decode(&out); err != nil {
		t.Fatalf("%s: %v", b, err)
	}

	for name, v := range out {
		n, ok := v.(json.Number)
		if !ok {
			continue
		}
		var err error
		if strings.ContainsAny(n.String(), ".eE") {
			out[name], err = strconv.ParseFloat(n.String(), 64)
		} else {
			out[name], err = strconv.ParseInt(n.String(), 10, 64)
		}
		if err != nil {
			t.Fatal(err)
		}
	}

	return out
}

// undo reverts all recorded changes of a table in now, the newest first. It fails the test unless now has the new
// values of each change.
func (f *testFile) undo(t *testing.T, s *sourceTable, now tableRows) {
	t.Helper()
	changes := f.query(t, `SELECT op, key, old, new, id FROM _sync_changes
		WHERE "table" = ? ORDER BY id DESC`, s.table.Name)
	for _, r := range changes {
		op, key := fmt.Sprintf("%s", r[0]), keyOf(s, decodeJSON(t, r[1]))
		if _, there := now[key]; there == (op == "delete") {
			t.Fatalf("change %d: %s of %s, which exists: %t", r[4], op, key, there)
		}
		switch op {
		case "insert":
			delete(now, key)
		case "delete":
			now[key] = decodeJSON(t, r[2])
		case "update":
			old, after := decodeJSON(t, r[2]), decodeJSON(t, r[3])
			for name, v := range after {
				if !reflect.DeepEqual(now[key][name], v) {
					t.Fatalf("change %d: %s is %#v, but was set to %#v", r[4], name, now[key][name], v)
				}
			}
			if len(old) != len(after) || len(old) == 0 {
				t.Fatalf("change %d: %d columns, but %d before", r[4], len(after), len(old))
			}
			maps.Copy(now[key], old)
		default:
			t.Fatalf("change %d: %s", r[4], op)
		}
	}
}

// randomValue makes a value for a column. Some are hostile.
func randomValue(random *rand.Rand, c schema.Column) driver.Value {
	switch c.SQLiteType() {
	case "INTEGER":
		return []int64{0, 1, -1, math.MaxInt64, math.MinInt64, 1<<53 + 1, random.Int64()}[random.IntN(7)]
	case "REAL":
		f := math.Float64frombits(random.Uint64())
		if math.IsNaN(f) || math.IsInf(f, 0) || random.IntN(2) == 0 {
			f = []float64{0.1, 1e300, 5e-324, 1.0 / 3, 1e15, 123456789.125, 2, -2.5e-7}[random.IntN(8)]
		}
		return f
	case "BLOB":
		b := make([]byte, random.IntN(60))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}

	pieces := []string{
		"", "a", `"`, `\`, "'", "\x00", "\x1f", "\n", "é", "車", "🚗", "{}", "null", "</script>", "\u2028", "12", "1e5",
	}

	text := ""
	for range random.IntN(4) {
		text += pieces[random.IntN(len(pieces))]
	}

	return text
}

// changingTable is a source table whose rows change at random.
type changingTable struct {
	*sourceTable
	random  *rand.Rand
	keyed   map[string]bool
	deleted [][]driver.Value
}

// addRow adds a random row, unless its key exists.
func (c *changingTable) addRow() {
	row := make([]driver.Value, len(c.table.Columns))
	key := ""
	for i, column := range c.table.Columns {
		if row[i] = randomValue(c.random, column); slices.Contains(c.table.Key, column.Name) {
			key += fmt.Sprintf("%#v ", row[i])
		} else if c.random.IntN(5) == 0 {
			row[i] = nil
		}
	}
	if !c.keyed[key] {
		c.keyed[key] = true
		c.rows = append(c.rows, row)
	}
}

// change adds, updates and deletes rows, and restores deleted ones.
func (c *changingTable) change() {
	for range c.random.IntN(6) {
		c.addRow()
	}

	rows := slices.Clone(c.deleted[:c.random.IntN(len(c.deleted)+1)]) // rows to restore
	c.deleted = c.deleted[len(rows):]

	for _, row := range c.rows {
		if c.random.IntN(12) == 0 {
			c.deleted = append(c.deleted, row)
			continue
		}
		for i, column := range c.table.Columns {
			if !slices.Contains(c.table.Key, column.Name) && c.random.IntN(12) == 0 {
				row[i] = randomValue(c.random, column)
			}
		}

		rows = append(rows, row)
	}

	c.rows = rows
}

// Undoing all recorded changes, the newest first, restores the first snapshot, whatever the key, the values and the way
// of publishing.
func TestUndoneChangesGiveTheFirstSnapshot(t *testing.T) {
	t.Parallel()
	columns := []string{"i bigint", "r double", "t text", "b blob", `q"'x double`, "k,{} text"}
	wide := []string{"id int"}
	for i := range 450 {
		wide = append(wide, fmt.Sprintf("c%d %s", i, []string{"int", "double", "text", "blob"}[i%4]))
	}

	with := func(more ...string) []string { return append(slices.Clone(columns), more...) }
	for name, s := range map[string]*sourceTable{
		"rowid":              newSourceTable([]string{"id"}, with("id int")...),
		"text":               newSourceTable([]string{"id"}, with("id varchar(40)")...),
		"blob":               newSourceTable([]string{"id"}, with("id varbinary(60)")...),
		"several":            newSourceTable([]string{"z", `y"'`}, with(`y"' varchar(40)`, "z bigint")...),
		"key alone":          newSourceTable([]string{"a", "b"}, "a int", "b text"),
		"no name for rowids": newSourceTable([]string{"rowid"}, with("rowid int", "_rowid_ int", "oid int")...),
		"many columns":       newSourceTable([]string{"id"}, wide...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			c := &changingTable{sourceTable: s, random: rand.New(rand.NewPCG(seed, 0)), keyed: map[string]bool{}}
			checkUndo(t, c, name == "key alone")
		})
	}
}

// checkUndo publishes random changes, undoes the recorded ones, and compares the result with the first snapshot.
func checkUndo(t *testing.T, c *changingTable, withoutUpdates bool) {
	t.Helper()
	f := newTestFile(t)
	for range 40 {
		c.addRow()
	}

	f.publish(t, c.sourceTable)
	first := f.stateOf(t, c.sourceTable)

	for range 12 {
		f.keep = c.random.IntN(3) == 0
		c.change()
		f.publish(t, c.sourceTable)
	}

	// One more run that certainly deletes a row.
	f.keep = false
	c.rows = c.rows[1:]
	f.publish(t, c.sourceTable)

	var counts []string
	for _, r := range f.query(t, "SELECT op, count(*) FROM _sync_changes GROUP BY op ORDER BY op") {
		counts = append(counts, fmt.Sprintf("%s %d", r[0], r[1]))
	}

	t.Log(counts)
	if len(counts) != 3 && !withoutUpdates {
		t.Errorf("%v: expected changes of each kind", counts)
	}

	last := f.stateOf(t, c.sourceTable)
	if reflect.DeepEqual(last, first) {
		t.Fatal("nothing changed")
	}

	f.undo(t, c.sourceTable, last)
	requireEqual(t, last, first)
}
