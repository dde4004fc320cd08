package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	osexec "os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/joho/godotenv"
	_ "github.com/mattn/go-sqlite3"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/program"
	"carstock/pkg/schema"
	"carstock/services/syncer/cli"
	"carstock/services/syncer/internal/run"
)

// runAsSyncer names the environment variable that turns the test binary into syncer: a process that a test can kill or
// start under limits.
const runAsSyncer = "TEST_AS_SYNCER"

func TestMain(m *testing.M) {
	if os.Getenv(runAsSyncer) == "" {
		// The tests write settings into files, and the environment overrides files.
		for _, variable := range os.Environ() {
			if name, _, _ := strings.Cut(variable, "="); isSetting(name) {
				_ = os.Unsetenv(name)
			}
		}
		os.Exit(m.Run())
	}

	signal.Ignore(syscall.SIGXFSZ) // otherwise Go panics where a write beyond `ulimit -f` should just fail
	program.Main(cli.Run)
}

func isSetting(variable string) bool {
	return strings.HasPrefix(variable, "DB_") || strings.HasPrefix(variable, "SYNC_") ||
		strings.HasPrefix(variable, "LOG_")
}

// syncer is the program with its own settings, so that tests can run in parallel.
type syncer struct {
	mysql *sqlx.DB // connection of the administrator
	path  string   // the snapshot file
	env   map[string]string
}

// newSource creates a database with the statements, and a syncer that copies the views into a file of the test.
func newSource(t *testing.T, views string, statements ...string) *syncer {
	t.Helper()
	return newSourceOn(t, dbtest.Shared(t), views, statements...)
}

func newSourceOn(t *testing.T, server *dbtest.Server, views string, statements ...string) *syncer {
	t.Helper()
	s := newSyncer(t, server.Database(t), views)
	dbtest.MustExec(t, s.mysql, statements...)
	return s
}

func newSyncer(t *testing.T, c dbconn.Config, views string) *syncer {
	t.Helper()
	s := &syncer{mysql: dbtest.Open(t, c), env: dbtest.Environ(c)}
	s.set("SYNC_VIEWS", views)
	s.keep(filepath.Join(t.TempDir(), "new folder", "carstock.db"))
	return s
}

// set changes one of syncer's settings for the following calls.
func (s *syncer) set(name, value string) { s.env[name] = value }

// keep sets the path of the snapshot file.
func (s *syncer) keep(path string) {
	s.path = path
	s.set("SYNC_PATH", path)
}

// config writes the settings into a file.
func (s *syncer) config(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "settings")
	if err := godotenv.Write(s.env, file); err != nil {
		t.Fatal(err)
	}
	return file
}

// run runs syncer and returns its two outputs separately.
func (s *syncer) run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return s.runUntil(t, t.Context(), args...)
}

func (s *syncer) runUntil(t *testing.T, ctx context.Context, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = cli.Run(ctx, append(args, "--config", s.config(t)), &out, &err)
	return code, out.String(), err.String()
}

// output runs syncer and returns its two outputs as one text.
func (s *syncer) output(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	code, stdout, stderr := s.run(t, args...)
	return code, stdout + stderr
}

func (s *syncer) mustSync(t *testing.T) string {
	t.Helper()
	code, out := s.output(t, "sync")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, out)
	}
	return out
}

// report runs syncer sync --json, or the given arguments, which must end with the exit code, and parses the report.
func (s *syncer) report(t *testing.T, code int, args ...string) (r run.Report) {
	t.Helper()
	got, stdout, stderr := s.run(t, append([]string{"sync", "--json"}, args...)...)
	if got != code {
		t.Fatalf("exit code %d, want %d: %s", got, code, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	return r
}

// tableCounts returns what the run did to its only table.
func tableCounts(t *testing.T, r run.Report) string {
	t.Helper()
	if len(r.Tables) != 1 {
		t.Fatalf("%d tables, want 1", len(r.Tables))
	}
	c := r.Tables[0]
	return fmt.Sprintf("%d: +%d ~%d -%d =%d", c.Rows, c.Inserted, c.Updated, c.Deleted, c.Unchanged)
}

// requireUsageError checks that syncer refuses a value of a variable and names the variable.
func (s *syncer) requireUsageError(t *testing.T, variable, value string) {
	t.Helper()
	s.set(variable, value)
	if code, _, stderr := s.run(t, "sync"); code != 2 || !strings.Contains(stderr, variable) {
		t.Errorf("%s: exit code %d: %s", value, code, stderr)
	}
}

// requireFailure makes a run that must fail. It checks the exit code, that one sentence contains all of want, that the
// snapshot is unchanged, that nothing is left in the folder, and that the run is recorded.
func (s *syncer) requireFailure(t *testing.T, code int, want ...string) {
	t.Helper()
	before := readContent(t, s.path)
	sentence := s.requireError(t, code, want...)
	requireRows(t, readContent(t, s.path), before)
	status := "failed"
	if code == 3 {
		status = "refused"
	}

	db := openFile(t, s.path)
	defer func() { _ = db.Close() }()
	var last struct{ Status, Error string }
	if err := db.Get(&last, "SELECT status, error FROM _sync_runs ORDER BY id DESC LIMIT 1"); err != nil {
		t.Fatal(err)
	}

	if last.Status != status || "syncer: "+last.Error != sentence {
		t.Errorf("the history has %q: %q, and syncer said %q", last.Status, last.Error, sentence)
	}
}

// requireError checks the same as requireFailure, except for the file, and returns the sentence.
func (s *syncer) requireError(t *testing.T, code int, want ...string) string {
	t.Helper()
	got, stdout, stderr := s.run(t, "sync")
	if got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}

	var lines []string
	for line := range strings.Lines(stderr) {
		if !strings.Contains(line, `"msg":"reading",`) { // a slow run logs its progress
			lines = append(lines, line)
		}
	}
	sentence := strings.TrimSuffix(strings.Join(lines, ""), "\n")
	if !strings.HasPrefix(sentence, "syncer: ") || strings.Contains(sentence, "\n") || stdout != "" {
		t.Errorf("want one sentence, got %q and %q", stderr, stdout)
	}

	for _, w := range want {
		if !strings.Contains(sentence, w) {
			t.Errorf("%q is not in: %s", w, sentence)
		}
	}
	requireNoLeftovers(t, s.path)
	return sentence
}

// child returns a command, not yet started, that runs this syncer in its own or in a child process.
func (s *syncer) child(t *testing.T, command ...string) *osexec.Cmd {
	t.Helper()
	c := osexec.Command(command[0], command[1:]...)
	c.Env = []string{runAsSyncer + "=1", "GORACE=atexit_sleep_ms=0"}
	for _, variable := range os.Environ() {
		if !isSetting(variable) { // skips settings of other tests
			c.Env = append(c.Env, variable)
		}
	}

	for name, value := range s.env {
		c.Env = append(c.Env, name+"="+value)
	}
	return c
}

func openFile(t *testing.T, path string) *sqlx.DB {
	t.Helper()
	db, err := sqlx.Open("sqlite3", dbconn.SQLiteDSN(path, "mode=rw"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// insertValues returns n rows of an INSERT. Each row is the format applied to its number, counted from first.
func insertValues(first, n int, format string) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf(format, first+i)
	}
	return strings.Join(rows, ", ")
}

// queryRows reads a result as texts, one per row; NULL is "NULL".
func queryRows(t *testing.T, db *sqlx.DB, query string) []string {
	t.Helper()
	rs, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rs.Close() }()
	columns, err := rs.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, dest := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		dest[i] = &values[i]
	}

	var out []string
	for rs.Next() {
		if err := rs.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for i, v := range values {
			switch v := v.(type) {
			case nil:
				fmt.Fprintf(&b, "%s=NULL|", columns[i])
			case []byte:
				fmt.Fprintf(&b, "%s=%q|", columns[i], v)
			default:
				fmt.Fprintf(&b, "%s=%q|", columns[i], fmt.Sprint(v))
			}
		}

		out = append(out, b.String())
	}

	if err := rs.Err(); err != nil {
		t.Fatal(err)
	}

	return out
}

// readContent reads everything in the file except syncer's own tables; nil if there is no file.
func readContent(t *testing.T, path string) (out []string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		return nil
	}

	db := openFile(t, path)
	defer func() { _ = db.Close() }()
	const users = "name NOT LIKE '~_sync~_%' ESCAPE '~' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name"
	var tables []string
	if err := db.Select(&tables, "SELECT name FROM sqlite_schema WHERE type = 'table' AND "+users); err != nil {
		t.Fatal(err)
	}

	out = queryRows(t, db, "SELECT type, name, sql FROM sqlite_schema WHERE "+users)
	for _, table := range tables {
		out = append(out, queryRows(t, db, "SELECT * FROM "+schema.QuoteSQLite(table)+" ORDER BY 1")...)
	}
	return out
}

// requireNoLeftovers checks that the folder has only the snapshot file and the files that belong to it.
func requireNoLeftovers(t *testing.T, path string) {
	t.Helper()
	dir, base := filepath.Split(path)
	left, err := os.ReadDir(dir)
	if err != nil {
		if _, err := os.Stat(dir); err == nil {
			t.Error(err)
		}
		return // without a folder nothing can be left
	}

	for _, f := range left {
		if !slices.Contains([]string{base, base + "-wal", base + "-shm", "." + base + ".lock"}, f.Name()) {
			t.Errorf("%s was left behind", f.Name())
		}
	}
}

func requireRows(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("row %d:\n got %s\nwant %s", i, got[i], want[i])
		}
	}
}

func requireText(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
