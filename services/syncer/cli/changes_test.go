package cli_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/snapshotfile"
)

// readRecorded reads the recorded changes of a run from a file.
func readRecorded(t *testing.T, path string, run int64) (out []snapshotfile.RecordedChange) {
	t.Helper()
	db := openFile(t, path)
	defer func() { _ = db.Close() }()
	err := snapshotfile.ReadChanges(t.Context(), db, "", time.Time{}, func(c snapshotfile.RecordedChange) error {
		if c.Run == run || run == 0 {
			out = append(out, c)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	return out
}

// recordedValues decodes a JSON object of the history into values as the file stores them. BLOBs remain hex.
func recordedValues(t *testing.T, object json.RawMessage) map[string]any {
	t.Helper()
	found := map[string]json.RawMessage{}
	if err := json.Unmarshal(object, &found); err != nil {
		t.Fatalf("%s: %v", object, err)
	}
	out := map[string]any{}
	for name, raw := range found {
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}

		if _, number := v.(float64); number {
			v, _ = strconv.ParseFloat(string(raw), 64)
			if !strings.ContainsAny(string(raw), ".eE") {
				v, _ = strconv.ParseInt(string(raw), 10, 64)
			}
		}
		out[name] = v
	}

	return out
}

// sameAsServer compares a recorded value with the server's text of the value.
func sameAsServer(same comparison, v any, server *string) bool {
	if server == nil || v == nil {
		return server == nil && v == nil
	}

	text, isText := v.(string)
	long, isLong := v.(map[string]any)
	switch {
	case same.server == asBytes.server && isLong:
		return long["bytes"] == float64(len(*server)/2) && strings.HasPrefix(*server, fmt.Sprint(long["hex"])) &&
			len(fmt.Sprint(long["hex"])) == 2*snapshotfile.BlobLimit
	case same.server == asBytes.server && isText:
		b, err := hex.DecodeString(text)
		return err == nil && same.equal(b, *server)
	}

	return same.equal(v, *server)
}

// Old and new values of each type equal the server's own texts, and only the changed columns are recorded.
func TestHistoryOfEveryType(t *testing.T) {
	t.Parallel()
	s := newSource(t, "every")
	s.set("SYNC_HISTORY", "90d")
	every := newEveryTable(t, s.mysql)

	for id := range every.count {
		every.set(t, id, 0)
	}
	s.mustSync(t)
	before := every.texts(t)

	seen := map[string]int{}
	for round := 1; round <= 2; round++ {
		for id := range every.count {
			every.set(t, id, round)
		}
		dbtest.MustExec(t, s.mysql, fmt.Sprintf("DELETE FROM every WHERE id = %d", 100*(round-1)),
			fmt.Sprintf("INSERT INTO every (id) VALUES (%d)", 100*round))
		s.mustSync(t)
		after := every.texts(t)

		changed := map[int]bool{}
		for _, c := range readRecorded(t, s.path, int64(round+1)) {
			seen[c.Op]++
			id := int(recordedValues(t, c.Key)["id"].(int64))
			changed[id] = true
			every.requireChange(t, c, before[id], after[id])
		}

		for id := range after {
			if !changed[id] {
				t.Errorf("round %d: the change of %d is not recorded", round, id)
			}
		}
		before = after
	}

	if seen["insert"] != 3 || seen["delete"] != 2 || seen["update"] < every.count {
		t.Errorf("%v", seen)
	}
}

// everyTable is the table every, which has a column of each type that the server supports.
type everyTable struct {
	db       *sqlx.DB
	columns  []string
	same     map[string]comparison
	literals map[string][]string
	count    int // rows needed for each column to have each of its values, and NULL
}

func newEveryTable(t *testing.T, db *sqlx.DB) *everyTable {
	t.Helper()
	var version string
	if err := db.Get(&version, "SELECT VERSION()"); err != nil {
		t.Fatal(err)
	}

	e := &everyTable{db: db, same: map[string]comparison{"id": asInteger}, literals: map[string][]string{}}
	var declared []string
	for i, column := range everyType {
		if knownType(column.declared, version) {
			name := fmt.Sprintf("c%d", i)
			e.columns = append(e.columns, name)
			declared = append(declared, name+" "+column.declared)
			e.same[name], e.literals[name] = column.same, column.literals
			e.count = max(e.count, len(column.literals)+1)
		}
	}

	dbtest.MustExec(t, db,
		"CREATE TABLE every (id INT PRIMARY KEY, "+strings.Join(declared, ", ")+") CHARACTER SET utf8mb4")
	return e
}

// set writes the row id. In each round each column has each of its values, and NULL, in some row.
func (e *everyTable) set(t *testing.T, id, round int) {
	t.Helper()
	var set []string
	for _, c := range e.columns {
		value := "NULL"
		if i := (id + round) % (len(e.literals[c]) + 1); i > 0 {
			value = e.literals[c][i-1]
		}
		set = append(set, c+" = "+value)
	}

	dbtest.MustExec(t, e.db, fmt.Sprintf("INSERT IGNORE INTO every (id) VALUES (%d)", id),
		fmt.Sprintf("UPDATE every SET %s WHERE id = %d", strings.Join(set, ", "), id))
}

// texts returns all rows by id, in the server's text form; NULL is nil.
func (e *everyTable) texts(t *testing.T) map[int]map[string]*string {
	t.Helper()
	var all []string
	for _, c := range append([]string{"id"}, e.columns...) {
		all = append(all, fmt.Sprintf(e.same[c].server, c)+" AS "+c)
	}

	rs, err := e.db.Queryx("SELECT " + strings.Join(all, ", ") + " FROM every")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rs.Close() }()

	out := map[int]map[string]*string{}
	for rs.Next() {
		row := map[string]any{}
		if err := rs.MapScan(row); err != nil {
			t.Fatal(err)
		}
		texts := map[string]*string{}
		for name, v := range row {
			texts[name] = textOrNil(v)
		}
		id, _ := strconv.Atoi(*texts["id"])
		out[id] = texts
	}

	if err := rs.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func textOrNil(v any) *string {
	if v == nil {
		return nil
	}
	text := fmt.Sprint(v)
	if b, ok := v.([]byte); ok {
		text = string(b)
	}
	return &text
}

// requireChange checks a recorded change against the row before and after it; nil means that there was no row.
func (e *everyTable) requireChange(t *testing.T, c snapshotfile.RecordedChange, before, after map[string]*string) {
	t.Helper()
	switch c.Op {
	case "insert":
		if before != nil || after == nil || c.Old != nil || c.New != nil {
			t.Errorf("%+v", c)
		}
	case "delete":
		if after != nil || len(recordedValues(t, c.Old)) != len(before) || c.New != nil {
			t.Errorf("%+v", c)
		}
		e.requireTexts(t, c, c.Old, before)
	case "update":
		e.requireTexts(t, c, c.Old, before)
		e.requireTexts(t, c, c.New, after)

		var differ []string
		for name, v := range before {
			now := after[name]
			if (v == nil) != (now == nil) || v != nil && *v != *now {
				differ = append(differ, name)
			}
		}
		slices.Sort(differ)
		requireRows(t, slices.Sorted(maps.Keys(recordedValues(t, c.Old))), differ)
		requireRows(t, slices.Sorted(maps.Keys(recordedValues(t, c.New))), differ)
	}
}

// requireTexts checks the recorded values of a row against those of the server.
func (e *everyTable) requireTexts(
	t *testing.T, c snapshotfile.RecordedChange, object json.RawMessage, server map[string]*string,
) {
	t.Helper()
	for name, v := range recordedValues(t, object) {
		if !sameAsServer(e.same[name], v, server[name]) {
			t.Errorf("run %d, %s of %s, %s: %.80v, the server had %.80v", c.Run, c.Op, c.Key, name, v, server[name])
		}
	}
}

// Every way of publishing records its changes: the difference, an upsert, a watermark, and --full.
func TestHistoryOfUpserts(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars(id)@changed", "CREATE TABLE cars (id INT PRIMARY KEY, price INT, changed DATETIME(3))",
		"INSERT INTO cars VALUES "+insertValues(1, 5, "(%[1]d, %[1]d, '2026-01-0%[1]d 12:00:00')"))
	s.set("SYNC_STRATEGY", "upsert")
	s.set("SYNC_WATERMARK_OVERLAP", "0s")
	s.set("SYNC_HISTORY", "12w")
	s.mustSync(t)
	dbtest.MustExec(t, s.mysql, "DELETE FROM cars WHERE id = 1", "UPDATE cars SET price = 20 WHERE id = 2",
		"UPDATE cars SET price = 30, changed = '2026-01-06' WHERE id = 3", "INSERT INTO cars VALUES (6, 6, '2026-01-07')")
	s.mustSync(t)

	file := func() []string {
		return queryRows(t, openFile(t, s.path),
			"SELECT run, op, key, old, new FROM _sync_changes WHERE run = (SELECT max(run) FROM _sync_changes)")
	}

	requireRows(t, file(), []string{
		`run="2"|op="update"|key="{\"id\":3}"|old="{\"price\":3,\"changed\":\"2026-01-03 ` +
			`12:00:00.000\"}"|new="{\"price\":30,\"changed\":\"2026-01-06 00:00:00.000\"}"|`,
		`run="2"|op="insert"|key="{\"id\":6}"|old=NULL|new=NULL|`,
	})
	s.report(t, 0, "--full")
	requireRows(t, file(), []string{
		`run="3"|op="delete"|key="{\"id\":1}"|old="{\"id\":1,\"price\":1,\"changed\":\"2026-01-01 12:00:00.000\"}"|new=NULL|`,
		`run="3"|op="update"|key="{\"id\":2}"|old="{\"price\":2}"|new="{\"price\":20}"|`,
	})
	s.report(t, 0, "--dry-run")
	s.mustSync(t)
	if n := len(readRecorded(t, s.path, 0)); n != 4 {
		t.Errorf("%d changes", n)
	}
}

func TestHistorySetting(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a(id)", twoRows...)
	for _, value := range []string{
		"on", "90", "0d", "-1d", "1.5d", "90 d", "90D", "6m", "30s", "d", "101y", "99999999999w", "1d12h", "Off",
	} {
		s.requireUsageError(t, "SYNC_HISTORY", value)
	}

	for _, value := range []string{"off", "1h", "24h", "90d", "12w", "2y", "100y", ""} {
		s.set("SYNC_HISTORY", value)
		s.mustSync(t)
	}
}

func TestChangesCommand(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars(id)=v; log", "CREATE TABLE cars (id INT PRIMARY KEY, name VARCHAR(20), price INT)")
	s.set("SYNC_VIEWS", "cars=v(id, name); log(at)")
	dbtest.MustExec(t, s.mysql, "CREATE TABLE log (at INT)", "INSERT INTO log VALUES (1)",
		"INSERT INTO cars VALUES (1, 'a', 10), (2, '<b>', 20)")
	changes := func(code int, args ...string) string {
		t.Helper()
		got, stdout, stderr := s.run(t, append([]string{"changes"}, args...)...)
		if got != code {
			t.Errorf("%v: exit code %d: %s", args, got, stderr)
		}
		return stdout + stderr
	}

	contains := func(text string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%q is not in: %s", w, text)
			}
		}
	}
	contains(changes(1), "there is no snapshot yet")
	s.mustSync(t)
	contains(changes(0), "SYNC_HISTORY=90d keeps one")
	requireText(t, changes(0, "--json"), "[]\n")
	s.set("SYNC_HISTORY", "90d")
	s.mustSync(t)
	requireText(t, changes(0), "no changes\n")

	dbtest.MustExec(t, s.mysql, "UPDATE cars SET price = 11 WHERE id = 1", "DELETE FROM cars WHERE id = 2",
		"INSERT INTO cars VALUES (3, '\x1b[2J', NULL)",
		"UPDATE log SET at = 2")
	s.mustSync(t)
	text := changes(0, "V")
	contains(text, `v  id=1, name="a"  update  price 10 -> 11`+"\n",
		`v  id=2, name="<b>"  delete  id=2, name="<b>", price=20`+"\n",
		`v  id=3, name="\u001b[2J"  insert`+"\n")
	if n := strings.Count(text, "\n"); n != 3 {
		t.Errorf("%d lines: %s", n, text)
	}

	requireText(t, changes(0, "V", "--since", "1h"), text)
	contains(changes(0), "log  at=1  delete  at=1\n", "log  at=2  insert\n")
	var found []snapshotfile.RecordedChange
	out := changes(0, "log", "--json")
	if err := json.Unmarshal([]byte(out), &found); err != nil || len(found) != 2 || found[0].Run != 3 ||
		found[0].Table != "log" ||
		string(found[0].Key) != `{"at":1}` || string(found[1].New) != "null" {
		t.Errorf("%v: %s", err, out)
	}

	contains(changes(0, "v", "--json"), `"key":{"id":2,"name":"<b>"}`)

	dbtest.MustExec(t, openFile(t, s.path),
		"UPDATE _sync_changes SET at = '2026-01-01T00:00:00.000Z' WHERE \"table\" = 'v'")
	requireText(t, changes(0, "v", "--since", "24h"), "no changes\n")
	requireText(t, changes(0, "v", "--since", "24h", "--json"), "[]\n")
	contains(changes(0, "--since", "24h"), "log  at=2  insert\n")
	contains(changes(2, "--since", "6m"), "--since", "24h, 90d")
	contains(changes(2, "nope"), "nope", "log, v")
	contains(changes(2, "v", "log"), "expected syncer changes [TABLE], got 2 arguments")

	// Very many changes become one line.
	dbtest.MustExec(t, s.mysql, "INSERT INTO log SELECT 10 + a.n + 100 * b.n + 10000 * c.n FROM "+
		numbersTable("a", 100)+", "+numbersTable("b", 100)+", "+numbersTable("c", 2))
	s.mustSync(t)
	contains(changes(0, "log"), "log  bulk  +20,000 ~0 -0\n")
}

// numbersTable is a derived table with n from 0 up to but excluding below.
func numbersTable(alias string, below int) string {
	return "(" + strings.ReplaceAll(insertValues(0, below, "SELECT %d AS n"), ", ", " UNION ALL ") + ") " + alias
}

// The status page shows the size of the history, including after another run.
func TestHistoryOnThePage(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a(id)", twoRows...)
	s.set("SYNC_SCHEDULE", "0 0 1 1 *")
	s.set("SYNC_ON_START", "false")
	s.mustSync(t)
	up := s.serve(t)
	if _, page := up.get(t, "/"); strings.Contains(page, "Change history") {
		t.Error("there is no history yet")
	}

	s.set("SYNC_HISTORY", "90d")
	dbtest.MustExec(t, s.mysql, "UPDATE a SET v = v + 100 WHERE id = 1")
	s.mustSync(t)
	shown := func() string {
		_, page := up.get(t, "/")
		_, after, _ := strings.Cut(page, "<dt>Change history<dd>")
		return strings.SplitN(after, "\n", 2)[0]
	}

	requireText(t, shown(), "1 change, 133 B")
	dbtest.MustExec(t, s.mysql, "DELETE FROM a WHERE id = 1")
	s.mustSync(t)
	if got := shown(); !strings.HasPrefix(got, "2 changes, ") {
		t.Error(got)
	}
}

// A table keeps its age, however many runs of other tables follow.
func TestAgeAfterManyRunsOfOthers(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a(id); b(id)", twoRows...)
	dbtest.MustExec(t, s.mysql, "CREATE TABLE b (id INT PRIMARY KEY)", "INSERT INTO b VALUES (1)")
	s.mustSync(t)

	status := func() (asOf string) {
		t.Helper()
		code, stdout, stderr := s.run(t, "status", "--json")
		var found struct {
			AsOf string `json:"as_of"`
		}
		if err := json.Unmarshal([]byte(stdout), &found); err != nil || code != 0 {
			t.Fatalf("exit code %d, %v: %s", code, err, stderr)
		}

		return found.AsOf
	}

	began := status()
	dbtest.MustExec(t, openFile(t, s.path),
		"WITH n(i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < 1500) "+
			"INSERT INTO _sync_runs (id, started, finished, status, source, strategy) "+
			"SELECT i, '2026-01-01T00:00:00.000Z', finished, status, source, strategy FROM n, _sync_runs WHERE id = 1",
		"INSERT INTO _sync_tables SELECT r.id, table_name, view, keyed, rows, total, inserted, updated, deleted, "+
			"unchanged, bytes, "+
			"seconds, schema_hash, drift, watermark, warnings, lost FROM _sync_tables, _sync_runs AS r "+
			"WHERE run_id = 1 AND table_name = 'b' AND r.id > 1")
	s.report(t, 0, "b")
	requireText(t, status(), began)
	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT min(id) AS first, count(*) AS n FROM _sync_runs"),
		[]string{`first="1"|n="1001"|`})
}

// The SQL in RECIPES.md does what the page says.
func TestHistoryRecipes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../RECIPES.md")
	if err != nil {
		t.Fatal(err)
	}

	recipes := strings.Split(string(text), "```sql\n")[1:]
	if len(recipes) != 3 {
		t.Fatalf("%d recipes: %q", len(recipes), recipes)
	}
	for i := range recipes {
		recipes[i], _, _ = strings.Cut(recipes[i], "```")
	}

	s := newSource(t, "vehicles_view",
		"CREATE TABLE vehicles_view (id INT PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), price DECIMAL(10,2))",
		"INSERT INTO vehicles_view VALUES (1, 'Kia', 'Rio', 9000), (2, 'Kia', 'Soul', 11000.50), (3, 'BMW', 'X1', 30000), "+
			"(4, 'BMW', 'X3', NULL)")
	s.set("SYNC_HISTORY", "90d")
	s.mustSync(t)
	dbtest.MustExec(t, s.mysql, "UPDATE vehicles_view SET price = 8999.5, model = 'Rio 2' WHERE id = 1",
		"UPDATE vehicles_view SET price = 12000 WHERE id = 2",
		"UPDATE vehicles_view SET price = 1 WHERE id = 4", "DELETE FROM vehicles_view WHERE id = 3",
		"INSERT INTO vehicles_view VALUES (5, 'Kia', 'Niro', 1)")
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, "UPDATE _sync_changes SET at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-10 days')")
	cheaper := queryRows(t, file, recipes[0])
	if len(cheaper) != 1 || !strings.HasSuffix(cheaper[0], `id="1"|make="Kia"|model="Rio 2"|was="9000"|now="8999.5"|`) {
		t.Errorf("%q", cheaper)
	}

	sold := queryRows(t, file, recipes[1])
	if len(sold) != 1 || !strings.HasSuffix(sold[0], `make="BMW"|model="X1"|price="30000"|`) {
		t.Errorf("%q", sold)
	}

	requireRows(t, queryRows(t, file, recipes[2]), []string{
		`id="5"|make="Kia"|model="Niro"|days="10"|`, `id="1"|make="Kia"|model="Rio 2"|days=NULL|`,
		`id="2"|make="Kia"|model="Soul"|days=NULL|`, `id="4"|make="BMW"|model="X3"|days=NULL|`,
	})
}
