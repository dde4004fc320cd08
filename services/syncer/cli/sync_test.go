package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

// selectTexts selects the columns of vehicles_view as the server's texts.
func selectTexts(t *testing.T, db *sqlx.DB, cast string) []string {
	t.Helper()
	var columns []string
	rs, err := db.Query("SELECT * FROM vehicles_view LIMIT 0")
	if err != nil {
		t.Fatal(err)
	}
	names, err := rs.Columns()
	if err := errors.Join(err, rs.Err(), rs.Close()); err != nil {
		t.Fatal(err)
	}

	for _, name := range names {
		expression := fmt.Sprintf("CAST(`%s` AS %s)", name, cast)
		if name == "price" || name == "msrp" { // DECIMAL: compared in cents
			expression = fmt.Sprintf("CAST(ROUND(`%s` * 100) AS %s)", name, cast)
			if cast == "TEXT" {
				expression = fmt.Sprintf("CAST(CAST(ROUND(`%s` * 100) AS INTEGER) AS TEXT)", name)
			}
		}
		columns = append(columns, expression+" AS `"+name+"`")
	}

	return queryRows(t, db, "SELECT "+strings.Join(columns, ", ")+" FROM vehicles_view ORDER BY id")
}

func TestSyncOfTheDemo(t *testing.T) {
	t.Parallel()
	s := newSyncer(t, dbtest.Demo(t), "vehicles_view")
	s.set("DB_USER", "syncer") // may only read the view
	s.set("DB_PASSWORD", "syncer-demo")

	out := s.mustSync(t)
	if !strings.Contains(out, "vehicles_view -> vehicles_view") || !strings.Contains(out, "600 rows") ||
		!strings.Contains(out, s.path) {
		t.Errorf("printed %s", out)
	}
	file := openFile(t, s.path)
	requireRows(t, selectTexts(t, file, "TEXT"), selectTexts(t, s.mysql, "CHAR"))

	dbtest.MustExec(t, s.mysql, "DELETE FROM vehicles_stock WHERE id % 7 = 0",
		"UPDATE vehicles_stock SET price = 12345.67 WHERE id % 5 = 0")
	s.mustSync(t)
	requireRows(t, selectTexts(t, file, "TEXT"), selectTexts(t, s.mysql, "CHAR"))

	left, err := os.ReadDir(filepath.Dir(s.path))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if strings.Contains(f.Name(), "staging") {
			t.Errorf("%s was left behind", f.Name())
		}
	}
}

func TestSyncOverVerifiedTLS(t *testing.T) {
	t.Parallel()
	c := dbtest.Demo(t)
	c.User, c.Password = "syncer", "syncer-demo"
	c.Host, c.SSL = "localhost", dbconn.SSLConfig{Mode: "VERIFY_IDENTITY", CA: dbtest.Shared(t).CA}
	if c.SSL.CA == "" {
		t.Fatal("set TEST_MYSQL_CA to the PEM file of the authority of TEST_MYSQL_DSN's certificate")
	}

	s := newSyncer(t, c, "vehicles_view")
	if out := s.mustSync(t); !strings.Contains(out, "600 rows") {
		t.Errorf("printed %s", out)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for _, compression := range []string{dbconn.CompressionOff, dbconn.CompressionZlib} {
		t.Run(compression, func(t *testing.T) {
			t.Parallel()
			requireValues(t, compression)
		})
	}
}

func requireValues(t *testing.T, compression string) {
	t.Helper()
	s := newSource(t, "v; blobs",
		`CREATE TABLE v (id INT PRIMARY KEY, tiny TINYINT(1), big BIGINT UNSIGNED, bits BIT(10), price DECIMAL(10,2),
			wide DECIMAL(30,10), f FLOAT, d DOUBLE, day DATE, at DATETIME(3), stamp TIMESTAMP NULL, span TIME,
			y YEAR, s VARCHAR(50), l VARCHAR(20) CHARACTER SET latin1, e ENUM('a','b'), j JSON, b VARBINARY(10))`,
		`INSERT INTO v VALUES (1, 2, 9223372036854775807, b'1000000001', 21900.50, '12345678901234567890.1234567890',
			0.1, 0.1, '2026-02-28', '2026-11-21 20:00:00.125', '2026-11-21 20:00:00', '-838:59:59', 2026,
			'it''s 😀 00123', 'Citroën', 'b', '{"a": "00123"}', x'00FF10')`,
		`INSERT INTO v (id, price, s) VALUES (2, 0, '')`,
		`INSERT INTO v (id, price, wide, f, d, s) VALUES (3, -0.01, 7, 16777216, 1e300, '123')`)
	dbtest.MustExec(t, s.mysql, "CREATE TABLE blobs (id INT PRIMARY KEY, b BLOB, n BLOB)",
		"INSERT INTO blobs VALUES (1, '', NULL), (2, 'x', '')")
	s.set("DB_COMPRESSION", compression)
	file := openFile(t, s.path)
	s.mustSync(t)

	// An empty text is not NULL, whether it comes first or later.
	requireRows(t, queryRows(t, file, "SELECT typeof(b) AS b, length(b) AS bl, typeof(n) AS n, length(n) AS nl FROM "+
		"blobs ORDER BY id"),
		[]string{`b="blob"|bl="0"|n="null"|nl=NULL|`, `b="blob"|bl="1"|n="blob"|nl="0"|`})
	requireRows(t, queryRows(t, file, "SELECT * FROM v ORDER BY id"), []string{
		`id="1"|tiny="2"|big="9223372036854775807"|bits="513"|price="21900.5"|wide="12345678901234567890.1234567890"|` +
			`f="0.1"|d="0.1"|day="2026-02-28"|at="2026-11-21 20:00:00.125"|stamp="2026-11-21 20:00:00"|` +
			`span="-838:59:59"|y="2026"|s="it's 😀 00123"|l="Citroën"|e="b"|j="{\"a\": \"00123\"}"|b="\x00\xff\x10"|`,
		`id="2"|tiny=NULL|big=NULL|bits=NULL|price="0"|wide=NULL|f=NULL|d=NULL|` +
			`day=NULL|at=NULL|stamp=NULL|span=NULL|y=NULL|s=""|l=NULL|e=NULL|j=NULL|b=NULL|`,
		`id="3"|tiny=NULL|big=NULL|bits=NULL|price="-0.01"|wide="7.0000000000"|f="1.6777216e+07"|d="1e+300"|` +
			`day=NULL|at=NULL|stamp=NULL|span=NULL|y=NULL|s="123"|l=NULL|e=NULL|j=NULL|b=NULL|`,
	})
	requireRows(t, queryRows(t, file,
		"SELECT typeof(wide) AS w, typeof(s) AS s, typeof(b) AS b, typeof(big) AS big, typeof(day) "+
			"AS day FROM v WHERE id = 1"),
		[]string{`w="text"|s="text"|b="blob"|big="integer"|day="text"|`})

	// A column whose integers no longer fit in SQLite becomes a text column, permanently.
	dbtest.MustExec(t, s.mysql, "UPDATE v SET big = 18446744073709551615 WHERE id = 3")
	if out := s.mustSync(t); !strings.Contains(out, "columns changed: big INTEGER -> TEXT") ||
		!strings.Contains(out, "largest integer, at id=3: the column is kept as TEXT") {
		t.Errorf("printed %s", out)
	}

	asTexts := []string{
		`id="1"|big="9223372036854775807"|t="text"|`, `id="2"|big=NULL|t="null"|`,
		`id="3"|big="18446744073709551615"|t="text"|`,
	}
	requireRows(t, queryRows(t, file, "SELECT id, big, typeof(big) AS t FROM v ORDER BY id"), asTexts)
	dbtest.MustExec(t, s.mysql, "UPDATE v SET big = 7 WHERE id = 3")
	if out := s.mustSync(t); !strings.Contains(out, "+0 ~1 -0") || strings.Contains(out, "columns changed") {
		t.Errorf("printed %s", out)
	}

	asTexts[2] = `id="3"|big="7"|t="text"|`
	requireRows(t, queryRows(t, file, "SELECT id, big, typeof(big) AS t FROM v ORDER BY id"), asTexts)
}

func TestUserObjectsSurvive(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars; other", "CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(20))",
		"INSERT INTO cars VALUES (1, 'Ford'), (2, 'Kia')",
		"CREATE TABLE other (id INT)", "INSERT INTO other VALUES (1)")
	file := openFile(t, s.path)
	s.mustSync(t)
	dbtest.MustExec(t, file, "CREATE INDEX by_make ON cars (make)",
		"CREATE VIEW fords AS SELECT * FROM cars WHERE make = 'Ford'",
		"CREATE TABLE notes (text)", "INSERT INTO notes VALUES ('mine')",
		"CREATE TRIGGER noted AFTER INSERT ON cars BEGIN INSERT INTO notes VALUES ('trigger'); END")

	dbtest.MustExec(t, s.mysql, "INSERT INTO cars VALUES (3, 'Ford')")
	s.mustSync(t)
	requireRows(t, queryRows(t, file, "SELECT id FROM fords ORDER BY id"), []string{`id="1"|`, `id="3"|`})

	// fired by the new row
	requireRows(t, queryRows(t, file, "SELECT text FROM notes"), []string{`text="mine"|`, `text="trigger"|`})
	requireRows(t, queryRows(t, file, "SELECT name FROM sqlite_schema WHERE name IN ('by_make', 'noted') ORDER BY name"),
		[]string{`name="by_make"|`, `name="noted"|`})
	if plan := queryRows(t, file, "EXPLAIN QUERY PLAN SELECT * FROM cars WHERE make = 'Kia'"); !strings.Contains(plan[0],
		"by_make") {
		t.Errorf("the index is not used: %s", plan)
	}

	// A reader in the middle of a read keeps its snapshot.
	reader, err := file.Beginx()
	if err != nil {
		t.Fatal(err)
	}
	var before, during, after int
	if err := reader.Get(&before, "SELECT count(*) FROM cars"); err != nil {
		t.Fatal(err)
	}

	dbtest.MustExec(t, s.mysql, "DELETE FROM cars")
	if code, out := s.output(t, "sync", "--force"); code != 0 {
		t.Fatal(code, out)
	}
	if err := reader.Get(&during, "SELECT count(*) FROM cars"); err != nil {
		t.Fatal(err)
	}

	_ = reader.Rollback()
	if err := file.Get(&after, "SELECT count(*) FROM cars"); err != nil {
		t.Fatal(err)
	}
	if before != 3 || during != 3 || after != 0 {
		t.Errorf("the reader saw %d, then %d; afterwards %d", before, during, after)
	}
}

// Unchanged rows are not written: in a table of hundreds of pages, only the few pages change that record the run.
func TestUnchangedRowsAreNotWritten(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars; same_cars", "CREATE TABLE cars (id INT PRIMARY KEY, text VARCHAR(200))",
		"INSERT INTO cars VALUES "+insertValues(1, 1000, "(%d, REPEAT('x', 200))"),
		"CREATE VIEW same_cars AS SELECT * FROM cars")
	s.mustSync(t)
	s.mustSync(t)
	before := filePages(t, s.path)
	if out := s.mustSync(t); strings.Count(out, "unchanged") != 2 {
		t.Errorf("printed %s", out)
	}

	after := filePages(t, s.path)
	changed := 0
	for i := range after {
		if i >= len(before) || before[i] != after[i] {
			changed++
		}
	}

	// The first page, one page of each table of the history, and what these tables grow by.
	if changed > 8 || len(after) < 100 {
		t.Errorf("%d of %d pages changed", changed, len(after))
	}

	if out := queryRows(t, openFile(t, s.path),
		"SELECT DISTINCT unchanged AS n FROM _sync_tables WHERE run_id > 1"); len(out) != 1 || out[0] != `n="1000"|` {
		t.Errorf("recorded %s", out)
	}
}

func filePages(t *testing.T, path string) (out []string) {
	t.Helper()
	content, err := os.ReadFile(path) // the log is empty after a run
	if err != nil {
		t.Fatal(err)
	}
	for len(content) > 0 {
		out, content = append(out, string(content[:4096])), content[4096:]
	}
	return out
}

func TestAllViewsArePublishedTogether(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a;b", "CREATE TABLE a (id INT)", "INSERT INTO a VALUES (1)", "CREATE TABLE b (id INT)",
		"INSERT INTO b VALUES (1)")
	file := openFile(t, s.path)
	s.mustSync(t)
	dbtest.MustExec(t, s.mysql, "INSERT INTO a VALUES (2)", "DROP TABLE b")
	code, out := s.output(t, "sync")
	if code != 1 || !strings.Contains(out, "b: no such table or view") || !strings.Contains(out, "available: a") {
		t.Errorf("exit code %d: %s", code, out)
	}

	requireRows(t, queryRows(t, file, "SELECT count(*) AS n FROM a"), []string{`n="1"|`})
}

// What is committed while a run reads does not appear in its snapshot, whichever view is read last.
func TestAllViewsAreOfOneInstant(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a; b", append(twoRows, "CREATE TABLE b (id INT PRIMARY KEY)", "INSERT INTO b VALUES (1)")...)
	var once sync.Once
	p := tcpProxy{request: func(packet []byte) {
		if bytes.Contains(packet, []byte("FROM `b`")) { // a has been read
			once.Do(func() { dbtest.MustExec(t, s.mysql, "INSERT INTO a VALUES (3, 30)", "INSERT INTO b VALUES (2)") })
		}
	}}
	p.start(t, s)
	s.mustSync(t)
	const both = "SELECT (SELECT count(*) FROM a) AS a, (SELECT count(*) FROM b) AS b"
	requireRows(t, queryRows(t, openFile(t, s.path), both), []string{`a="2"|b="1"|`})
	s.mustSync(t)
	requireRows(t, queryRows(t, openFile(t, s.path), both), []string{`a="3"|b="2"|`})
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	c := dbtest.Database(t)
	dbtest.MustExec(t, dbtest.Open(t, c), "CREATE TABLE a (id INT)")
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}

	stopped, stop := context.WithCancel(context.Background())
	stop()

	for name, test := range map[string]mistake{
		"no views":   {set: map[string]string{"SYNC_VIEWS": " ; "}, code: 2, want: []string{"SYNC_VIEWS: not set"}},
		"view twice": {set: map[string]string{"SYNC_VIEWS": "a;A"}, code: 2, want: []string{"A is named twice"}},
		"all at once": {
			set: map[string]string{"SYNC_VIEWS": "", "DB_USER": "", "DB_PORT": "x"}, code: 2,
			want: []string{"SYNC_VIEWS", "DB_USER", "DB_PORT"},
		},
		"sqlite": {
			set: map[string]string{"DB_DRIVER": "sqlite", "DB_PATH": "x"}, code: 2, want: []string{"DB_DRIVER"},
		},
		"password": {
			set: map[string]string{"DB_USER": "nobody", "DB_PASSWORD": "hunter2"}, code: 1, want: []string{"DB_PASSWORD"},
		},
		"view missing": {
			set: map[string]string{"SYNC_VIEWS": "nowhere"}, code: 1,
			want: []string{"nowhere: no such table or view", "available: a"},
		},
		"folder": {
			set: map[string]string{"SYNC_PATH": "/dev/null/x.db"}, code: 1, want: []string{"SYNC_PATH", "/dev/null"},
		},
		"path a folder": {
			set: map[string]string{"SYNC_PATH": "/tmp/"}, code: 2, want: []string{"SYNC_PATH", "path of a file"},
		},
		"path in memory": {
			set: map[string]string{"SYNC_PATH": ":memory:"}, code: 2, want: []string{"SYNC_PATH", "path of a file"},
		},
		"no database": {
			set: map[string]string{"SYNC_PATH": text}, code: 1, want: []string{"SYNC_PATH", text, "not a database"},
		},
		"stopped":  {ctx: stopped, code: 1, want: []string{"stopped"}},
		"argument": {args: []string{"sync", "now"}, code: 2, want: []string{"now"}},
		"command":  {args: []string{"snyc"}, code: 2, want: []string{"snyc"}},
		"flag":     {args: []string{"sync", "--now"}, code: 2, want: []string{"--now"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.check(t, newSyncer(t, c, "a"))
		})
	}
}

// mistake is a call of syncer that cannot succeed, and its expected message.
type mistake struct {
	set  map[string]string
	ctx  context.Context // nil for the test's own
	args []string        // nil for sync
	code int
	want []string
}

func (m mistake) check(t *testing.T, s *syncer) {
	t.Helper()
	for name, value := range m.set {
		s.set(name, value)
	}

	ctx, args := m.ctx, m.args
	if ctx == nil {
		ctx = t.Context()
	}
	if args == nil {
		args = []string{"sync"}
	}

	code, stdout, stderr := s.runUntil(t, ctx, args...)
	out := stdout + stderr
	if code != m.code {
		t.Errorf("exit code %d, want %d", code, m.code)
	}

	for _, want := range m.want {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in: %s", want, out)
		}
	}
	if strings.Contains(out, "hunter2") {
		t.Errorf("the password shows: %s", out)
	}
}
