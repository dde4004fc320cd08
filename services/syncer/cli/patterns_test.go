package cli_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"carstock/pkg/dbconn/dbtest"
	"carstock/services/syncer/internal/run"
)

// readStatus parses the output of syncer status --json.
func readStatus(t *testing.T, s *syncer) (code int, age float64, gone []string) {
	t.Helper()
	code, stdout, stderr := s.run(t, "status", "--json", "--max-age", "1h")
	var found struct {
		Age    float64 `json:"age_seconds"`
		Tables []struct {
			Table string
			Gone  *string
		}
	}
	if err := json.Unmarshal([]byte(stdout), &found); err != nil {
		t.Fatalf("%v: %s%s", err, stdout, stderr)
	}

	for _, table := range found.Tables {
		if table.Gone != nil {
			gone = append(gone, table.Table)
		}
	}

	return code, found.Age, gone
}

func formatSelection(r run.Report) string { return fmt.Sprintf("%v", *r.Selection) }

func TestViewsByPattern(t *testing.T) {
	t.Parallel()
	s := newSource(t, "vehicles_view=vehicles(id); *; -audit_*; -base; -nowhere*",
		"CREATE TABLE base (id INT, v VARCHAR(9))", "INSERT INTO base VALUES (1, 'a'), (2, 'b')",
		"CREATE VIEW vehicles_view AS SELECT * FROM base",
		"CREATE VIEW keyless AS SELECT v FROM base", "CREATE TABLE audit_1 (id INT PRIMARY KEY)",
		"CREATE TABLE `odd*; name` (id INT PRIMARY KEY)",
		"INSERT INTO `odd*; name` VALUES (7)")
	r := s.report(t, 0)
	requireText(t, formatSelection(r),
		"{[{* [keyless odd*; name]}] [{-audit_* [audit_1]} {-base [base]} {-nowhere* []}] []}")
	var copied []string
	for _, table := range r.Tables {
		copied = append(copied, fmt.Sprintf("%s=%s %d %t", table.View, table.Table, table.Rows, table.Key))
	}

	requireText(t, strings.Join(copied, "; "),
		"vehicles_view=vehicles 2 true; keyless=keyless 2 false; odd*; name=odd*; name 1 true")
	requireText(t, strings.Join(r.Warnings, "; "),
		"SYNC_VIEWS: -nowhere* leaves nothing out: no pattern finds such a view or table")

	for _, command := range []string{"sync", "check"} {
		_, out := s.output(t, command)
		for _, line := range []string{
			"* matches keyless, odd*; name\n", "-audit_* leaves out audit_1\n", "-nowhere* leaves nothing out",
		} {
			if !strings.Contains(out, line) {
				t.Errorf("%s: %q is not in %s", command, line, out)
			}
		}
	}

	// A new view is copied. The copy of a dropped view stays with a warning, and does not make the snapshot old.
	dbtest.MustExec(t, s.mysql, "CREATE VIEW later AS SELECT id FROM base", "DROP VIEW keyless")
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, "UPDATE _sync_runs SET started = '2026-01-02T03:04:05.000Z'")
	r = s.report(t, 0)
	requireText(t, formatSelection(r),
		"{[{* [later odd*; name]}] [{-audit_* [audit_1]} {-base [base]} {-nowhere* []}] []}")
	if got := strings.Join(r.Warnings, "; "); !strings.Contains(got,
		"keyless: the view is gone, or this user may no longer read it: the table keyless keeps its rows of "+
			"2026-01-02T03:04:05Z") {
		t.Errorf("warnings: %s", got)
	}

	requireRows(t, queryRows(t, file, "SELECT v FROM keyless ORDER BY v"), []string{`v="a"|`, `v="b"|`})
	code, age, gone := readStatus(t, s)
	requireText(t, fmt.Sprint(code, age < 3600, gone), "0 true [keyless]")
	if _, out := s.output(t, "status"); !strings.Contains(out, "of 2026-01-02T03:04:05Z, and its view is gone") {
		t.Errorf("%s", out)
	}

	// A run of selected views does not warn about the others.
	requireText(t, fmt.Sprint(len(s.report(t, 0, "later").Warnings)), "0")
	_, _, gone = readStatus(t, s)
	requireText(t, fmt.Sprint(gone), "[keyless]")
	dbtest.MustExec(t, s.mysql, "CREATE VIEW keyless AS SELECT v FROM base")
	s.report(t, 0, "key*")
	_, _, gone = readStatus(t, s)
	requireText(t, fmt.Sprint(gone), "[]")

	// A view that is no longer selected does not count as gone, and neither does a view that is copied under another name.
	dbtest.MustExec(t, s.mysql, "DROP VIEW later")
	s.report(t, 0)
	s.set("SYNC_VIEWS", "*; -later; -base; keyless=other; -audit*")
	requireText(t, fmt.Sprint(s.report(t, 0).Warnings),
		"[SYNC_VIEWS: -later leaves nothing out: no pattern finds such a view or table]")
	code, _, gone = readStatus(t, s)
	requireText(t, fmt.Sprint(code, gone), "0 []")
}

func TestRunOfViewsByPattern(t *testing.T) {
	t.Parallel()
	s := newSource(t, "*; -tmp_*", "CREATE TABLE a_1 (id INT PRIMARY KEY)", "CREATE TABLE a_2 (id INT PRIMARY KEY)",
		"CREATE TABLE b (id INT PRIMARY KEY)",
		"CREATE TABLE tmp_x (id INT PRIMARY KEY)", "INSERT INTO a_1 VALUES (1)", "INSERT INTO a_2 VALUES (1)",
		"INSERT INTO b VALUES (1)")
	for args, copied := range map[string]int{"": 3, "a_*": 2, "b": 1, "a_1 ?": 2} {
		if r := s.report(t, 0, strings.Fields(args)...); len(r.Tables) != copied {
			t.Errorf("%s: %d tables, want %d", args, len(r.Tables), copied)
		}
	}

	runs := queryRows(t, openFile(t, s.path), "SELECT count(*) AS n FROM _sync_runs")
	for _, name := range []string{"tmp_x", "x*", "A_1"} { // excluded or missing
		if code, out := s.output(t, "sync", name); code != 2 ||
			!strings.Contains(out, name+" is not in SYNC_VIEWS, which has: a_1, a_2, b") {
			t.Errorf("%s: exit code %d: %s", name, code, out)
		}
	}

	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT count(*) AS n FROM _sync_runs"), runs)

	// Useless patterns.
	s.set("SYNC_VIEWS", "zz*")
	s.requireFailure(t, 1, "SYNC_VIEWS", "match no view or table that this user may read", "available: a_1, a_2, b, tmp_x")
	s.set("SYNC_VIEWS", "zz*; b")
	if out := s.mustSync(t); !strings.Contains(out, "warning: SYNC_VIEWS: zz* matches no view") {
		t.Errorf("%s", out)
	}
	s.set("SYNC_INDEXES", "tmp_y(id); b(id)")
	s.set("SYNC_VIEWS", "*")
	dbtest.MustExec(t, s.mysql, "INSERT INTO tmp_x VALUES (1)")
	s.requireUsageError(t, "SYNC_VIEWS", "b*; a_1")
	s.set("SYNC_VIEWS", "*")
	if out := s.mustSync(t); !strings.Contains(out, "warning: SYNC_INDEXES: tmp_y: no view becomes this table") {
		t.Errorf("%s", out)
	}

	// Two views for one table, and an upsert without a key.
	s.set("SYNC_INDEXES", "")
	s.set("SYNC_VIEWS", "a_1=b; *")
	s.requireFailure(t, 1, "SYNC_VIEWS", "the views a_1 and b would both become it")
	dbtest.MustExec(t, s.mysql, "CREATE VIEW v AS SELECT id FROM b")
	s.set("SYNC_VIEWS", "*")
	s.set("SYNC_STRATEGY", "upsert")
	s.requireFailure(t, 1, "v: SYNC_STRATEGY=upsert needs a key")
	s.set("SYNC_VIEWS", "v(id); *")
	s.mustSync(t)

	// A broken view does not count as gone.
	s.set("SYNC_STRATEGY", "snapshot")
	s.set("SYNC_VIEWS", "*")
	dbtest.MustExec(t, s.mysql, "CREATE TABLE c (id INT PRIMARY KEY)", "CREATE OR REPLACE VIEW v AS SELECT id FROM c",
		"DROP TABLE c")
	s.set("SYNC_RETRIES", "0")
	s.requireFailure(t, 1, "SHOW CREATE VIEW")
}

// Patterns match only what the user may read: no tables that the user may only write to or list, and no sequences.
func TestPatternsAndRights(t *testing.T) {
	t.Parallel()
	s := newSource(t, "*", "CREATE TABLE a (id INT PRIMARY KEY, secret INT)",
		"CREATE TABLE partly (id INT PRIMARY KEY, secret INT)", "CREATE TABLE writable (id INT)",
		"CREATE TABLE insertable (id INT, v INT)", "CREATE VIEW known AS SELECT 1 AS x", "CREATE TABLE hidden (id INT)",
		"INSERT INTO a VALUES (1, 2)", "INSERT INTO partly VALUES (1, 2)")
	_, _ = s.mysql.Exec("CREATE SEQUENCE numbers") // only MariaDB has sequences
	admin := s.env["DB_USER"]
	user := s.newUser(t, "right")
	for _, right := range []string{
		"SELECT ON %s.a", "SELECT (id) ON %s.partly", "INSERT ON %s.writable", "INSERT (id) ON %s.insertable",
		"SHOW VIEW ON %s.known",
	} {
		dbtest.MustExec(t, s.mysql, "GRANT "+fmt.Sprintf(right, s.env["DB_NAME"])+" TO "+user)
	}

	s.set("DB_PASSWORD", "right")
	requireText(t, formatSelection(s.report(t, 0)), "{[{* [a partly]}] [] []}")
	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT * FROM partly"), []string{`id="1"|`})

	// A role can grant rights.
	role := "'r" + strings.TrimPrefix(s.env["DB_NAME"], "test_") + "'"
	dbtest.MustExec(t, s.mysql, "CREATE ROLE "+role, "GRANT SELECT ON hidden TO "+role,
		"GRANT SELECT ON writable TO "+role,
		"GRANT "+role+" TO "+user)
	t.Cleanup(func() { _, _ = s.mysql.Exec("DROP ROLE " + role) })
	if _, err := s.mysql.Exec("SET DEFAULT ROLE " + role + " FOR " + user); err != nil { // the syntax of MariaDB
		dbtest.MustExec(t, s.mysql, "SET DEFAULT ROLE "+role+" TO "+user)
	}
	s.set("SYNC_ALLOW_EMPTY", "true")
	requireText(t, formatSelection(s.report(t, 0)), "{[{* [a hidden partly writable]}] [] []}")

	// A right that is taken away is like a view that goes.
	dbtest.MustExec(t, s.mysql, "REVOKE SELECT ON a FROM "+user)
	if out := s.mustSync(t); !strings.Contains(out, "a: the view is gone, or this user may no longer read it") {
		t.Errorf("%s", out)
	}

	s.set("DB_USER", admin)
	s.set("DB_PASSWORD", "")
	requireText(t, formatSelection(s.report(t, 0)), "{[{* [a hidden insertable known partly writable]}] [] []}")
}
