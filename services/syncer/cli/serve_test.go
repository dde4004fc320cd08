package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/cli"
)

// service is syncer serve in this process.
type service struct {
	url  string
	log  *dbtest.Log
	stop func() (code int)
}

// waitTimeout limits how long a test waits. It is far longer than necessary.
const waitTimeout = 5 * time.Minute

func (s *syncer) serve(t *testing.T) service {
	t.Helper()
	addr := dbtest.FreeAddress(t)
	s.set("SYNC_HTTP_ADDR", addr)
	ctx, cancel := context.WithCancel(t.Context())
	up := service{url: "http://" + addr, log: &dbtest.Log{}}
	ended := make(chan int, 1)
	args := []string{"serve", "--config", s.config(t)}
	go func() { ended <- cli.Run(ctx, args, io.Discard, up.log) }()
	up.stop = sync.OnceValue(func() int { cancel(); return <-ended })
	t.Cleanup(func() {
		up.stop()
		if t.Failed() {
			t.Log(up.log)
		}
	})
	waitUntil(t, "it answers", func() bool {
		r, err := http.Get(up.url + "/livez")
		if err == nil {
			_ = r.Body.Close()
		}

		return err == nil && r.StatusCode == http.StatusOK
	})
	return up
}

func waitUntil(t *testing.T, what string, is func() bool) {
	t.Helper()
	for start := time.Now(); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Since(start) > waitTimeout {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func (up service) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	r, err := http.Get(up.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}

	return r.StatusCode, string(b)
}

// post requests a run.
func (up service) post(t *testing.T, authorization string) (status int) {
	t.Helper()
	q, err := http.NewRequest(http.MethodPost, up.url+"/sync", nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		q.Header.Set("Authorization", authorization)
	}

	r, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}

	_ = r.Body.Close()
	return r.StatusCode
}

// runs returns the statuses of the last runs, the newest first.
func (up service) runs(t *testing.T) (statuses []string, failures int) {
	t.Helper()
	all, failures := up.listRuns(t)
	for _, r := range all {
		statuses = append(statuses, r.Status)
	}
	return statuses, failures
}

// lastRun returns the newest run; without any, its ID is 0.
func (up service) lastRun(t *testing.T) snapshotfile.Run {
	t.Helper()
	all, _ := up.listRuns(t)
	if len(all) == 0 {
		return snapshotfile.Run{}
	}
	return all[0]
}

// listRuns returns the last runs, the newest first, and the number of failures since the last good run.
func (up service) listRuns(t *testing.T) (all []snapshotfile.Run, failures int) {
	t.Helper()
	status, body := up.get(t, "/runs")
	var answer struct {
		Runs     []snapshotfile.Run
		Failures int `json:"consecutive_failures"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
		t.Fatalf("%d, %v: %s", status, err, body)
	}

	return answer.Runs, answer.Failures
}

// A page that is opened by another name than this machine's own shows no rows.
func TestRowsForOtherHosts(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	up := s.serve(t)
	waitUntil(t, "the first run", func() bool { statuses, _ := up.runs(t); return len(statuses) > 0 })

	const rows = "First 2 rows"
	if _, page := up.get(t, "/"); !strings.Contains(page, rows) {
		t.Errorf("no rows: %s", page)
	}

	q, err := http.NewRequest(http.MethodGet, up.url+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Host = "other.example:9090"
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	page, err := io.ReadAll(r.Body)
	if err != nil || !strings.Contains(string(page), "2 rows") || strings.Contains(string(page), rows) {
		t.Errorf("%v: %s", err, page)
	}
}

// metric returns the value of a series as text, or "" if the series is missing.
func (up service) metric(t *testing.T, series string) string {
	t.Helper()
	return up.metrics(t)[series]
}

// metrics returns the values of all series at one moment, as texts.
func (up service) metrics(t *testing.T) map[string]string {
	t.Helper()
	_, body := up.get(t, "/metrics")
	values := map[string]string{}
	for line := range strings.Lines(body) {
		if i := strings.LastIndexByte(line, ' '); i >= 0 {
			values[line[:i]] = strings.TrimSpace(line[i:])
		}
	}
	return values
}

func TestRunOnASchedule(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	s.set("SYNC_SCHEDULE", "@every 1s")
	up := s.serve(t)
	waitUntil(t, "a third run", func() bool { statuses, _ := up.runs(t); return len(statuses) >= 3 })
	dbtest.MustExec(t, s.mysql, "INSERT INTO a VALUES (3, 30)")
	waitUntil(t, "the new row", func() bool {
		return queryRows(t, openFile(t, s.path), "SELECT count(*) AS n FROM a")[0] == `n="3"|`
	})
	waitUntil(t, "its metric", func() bool { return up.metric(t, `syncer_table_rows{table="a"}`) == "3" })

	if status, body := up.get(t, "/readyz"); status != http.StatusOK || !strings.Contains(body, `"status":"ready"`) ||
		!strings.Contains(body, `"age_seconds"`) {
		t.Errorf("%d: %s", status, body)
	}

	for series, want := range map[string]string{
		"syncer_consecutive_failures":                            "0",
		`syncer_changed_rows_total{change="inserted",table="a"}`: "3",
		`syncer_failures_total{kind="connection"}`:               "0",
		`syncer_changed_rows_total{change="deleted",table="a"}`:  "0",
		"syncer_table_rows{table=\"a\"}":                         "3",
	} {
		if got := up.metric(t, series); got != want || got == "" {
			t.Errorf("%s is %q, want %q", series, got, want)
		}
	}

	for _, series := range []string{"syncer_last_success_timestamp_seconds", "syncer_next_run_timestamp_seconds"} {
		if at, err := strconv.ParseFloat(up.metric(t, series), 64); err != nil ||
			time.Since(time.UnixMilli(int64(at*1000))).Abs() > waitTimeout {
			t.Errorf("%s is %v", series, at)
		}
	}

	if n, err := strconv.Atoi(up.metric(t, `syncer_run_duration_seconds_count{status="ok"}`)); err != nil || n < 3 {
		t.Errorf("%d runs in the histogram", n)
	}
	if age, err := strconv.ParseFloat(up.metric(t, "syncer_snapshot_age_seconds"), 64); err != nil || age < 0 ||
		age > waitTimeout.Seconds() {
		t.Errorf("the age is %v", age)
	}

	if code := up.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	log := up.log.String()
	for _, want := range []string{`"msg":"scheduled"`, `"next":`, `"msg":"published","table":"a"`} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is missing in the log", want)
		}
	}

	// A restarted service knows the earlier runs.
	s.set("SYNC_ON_START", "false")
	s.set("SYNC_SCHEDULE", "0 0 1 1 *")
	up = s.serve(t)
	if status, body := up.get(t, "/readyz"); status != http.StatusOK {
		t.Errorf("%d: %s", status, body)
	}
	s.set("SYNC_MAX_AGE", "1ms")
	up.stop()
	up = s.serve(t)
	if status, body := up.get(t, "/readyz"); status != http.StatusServiceUnavailable ||
		!strings.Contains(body, "more than SYNC_MAX_AGE, 1ms") {
		t.Errorf("%d: %s", status, body)
	}
}

// This test does not run in parallel, because its signal would reach other syncers in this process.
func TestRunOnRequest(t *testing.T) {
	s := newSource(t, "a", twoRows...)
	s.set("SYNC_SCHEDULE", "0 0 1 1 *")
	s.set("SYNC_ON_START", "false")
	up := s.serve(t)
	if status, body := up.get(t, "/readyz"); status != http.StatusServiceUnavailable ||
		!strings.Contains(body, "there is no snapshot of all views yet") {
		t.Errorf("%d: %s", status, body)
	}

	if got := up.metric(t, "syncer_snapshot_age_seconds"); got != "+Inf" {
		t.Errorf("the age is %s", got)
	}
	if status := up.post(t, "Bearer "); status != http.StatusForbidden {
		t.Errorf("without a token in the settings: %d", status)
	}

	up.stop()

	const token = "0123456789abcdef-token"
	s.set("SYNC_HTTP_TOKEN", token)
	up = s.serve(t)
	for authorization, want := range map[string]int{
		"":                      401,
		"Bearer":                401,
		"Bearer " + token + "x": 401,
		"Basic " + token:        401,
		token:                   401,
	} {
		if status := up.post(t, authorization); status != want {
			t.Errorf("%q: %d, want %d", authorization, status, want)
		}
	}

	if status, _ := up.get(t, "/sync"); status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", status)
	}
	if statuses, _ := up.runs(t); len(statuses) > 0 {
		t.Fatalf("no run was requested yet: %v", statuses)
	}
	if status := up.post(t, "Bearer "+token); status != http.StatusAccepted {
		t.Errorf("%d", status)
	}
	waitUntil(t, "the run", func() bool { statuses, _ := up.runs(t); return len(statuses) == 1 })

	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the run of SIGHUP", func() bool { statuses, _ := up.runs(t); return len(statuses) == 2 })
	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT count(*) AS n FROM a"), []string{`n="2"|`})
	if strings.Contains(up.log.String(), token) {
		t.Error("the token is in the log")
	}
}

// received collects what the notification server has received.
type received struct {
	dbtest.Log
	status int
}

func (r *received) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	var n struct {
		Event    string
		Failures int `json:"consecutive_failures"`
		Error    string
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &n); err != nil {
			n.Error = err.Error()
		}
	}

	_, _ = fmt.Fprintf(r, "%s %s %s %d %s\n", q.Method, q.URL.Path, n.Event, n.Failures, n.Error)
	w.WriteHeader(r.status)
}

// shape returns the received requests without reasons. A notification that a slow host answers too late is repeated at
// once, so equal neighbors count once.
func (r *received) shape() (all []string) {
	for line := range strings.Lines(r.String()) {
		words := strings.SplitN(line, " ", 5)
		all = append(all, strings.TrimSpace(strings.Join(words[:4], " ")))
	}
	return slices.Compact(all)
}

func TestFailuresAreReportedOnce(t *testing.T) {
	t.Parallel()
	s := newSource(t, "v(id)", append(twoRows, "CREATE VIEW v AS SELECT * FROM a")...)
	sent := &received{status: http.StatusOK}
	server := httptest.NewServer(sent)
	defer server.Close()
	s.set("SYNC_NOTIFY_URL", server.URL+"/notify/secret-path")
	s.set("SYNC_PING_URL", server.URL+"/ping/secret-uuid")
	s.set("SYNC_SCHEDULE", "0 0 1 1 *")
	s.set("SYNC_HTTP_TOKEN", "0123456789abcdef")
	up := s.serve(t)
	count := 0
	next := func() {
		t.Helper()
		count++
		if count > 1 {
			if status := up.post(t, "Bearer 0123456789abcdef"); status != http.StatusAccepted {
				t.Fatal(status)
			}
		}
		waitUntil(t, "a run", func() bool {
			statuses, _ := up.runs(t)
			return len(statuses) == count && strings.Count(sent.String(), "GET ") >= count
		})
	}

	next()
	dbtest.MustExec(t, s.mysql, "DROP VIEW v")
	next()
	next()
	if _, failures := up.runs(t); failures != 2 || up.metric(t, "syncer_consecutive_failures") != "2" ||
		up.metric(t, `syncer_failures_total{kind="other"}`) != "2" {
		t.Errorf("%d failures, %s in the metrics", failures, up.metric(t, "syncer_consecutive_failures"))
	}

	_, page := up.get(t, "/")
	for _, want := range []string{"The last 2 runs published nothing", "v: no such table or view"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}

	if status, _ := up.get(t, "/readyz"); status != http.StatusOK { // the snapshot is not too old yet
		t.Errorf("%d", status)
	}

	dbtest.MustExec(t, s.mysql, "CREATE VIEW v AS SELECT * FROM a WHERE id > 5")
	next()
	dbtest.MustExec(t, s.mysql, "CREATE OR REPLACE VIEW v AS SELECT * FROM a")
	next()
	next()

	want := []string{
		"GET /ping/secret-uuid  0",
		"GET /ping/secret-uuid/fail  0", "POST /notify/secret-path failed 1",
		"GET /ping/secret-uuid/fail  0", "POST /notify/secret-path refused 3", // the second and the third run
		"GET /ping/secret-uuid  0", "POST /notify/secret-path recovered 3",
		"GET /ping/secret-uuid  0",
	}
	waitUntil(t, "the notices", func() bool { return len(sent.shape()) >= len(want) })
	if code := up.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}

	requireRows(t, sent.shape(), want)
	for line := range strings.Lines(sent.String()) {
		words := strings.SplitN(line, " ", 5)
		if words[2] == "failed" && !strings.Contains(line, "no such table or view") ||
			words[2] == "refused" && !strings.Contains(line, "the view is empty") {
			t.Errorf("without its reason: %s", line)
		}
	}
}

// A notification that nobody receives delays no run, and its URL stays out of the log.
func TestNoticesThatCannotBeSent(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	s.set("SYNC_PING_URL", "http://"+silent.Addr().String()+"/secret-uuid")
	s.set("SYNC_SCHEDULE", "@every 1s")
	up := s.serve(t)
	waitUntil(t, "a word in the log", func() bool {
		return strings.Contains(up.log.String(), "a notice could not be sent")
	})
	if before, _, _ := strings.Cut(up.log.String(), "a notice could not be sent"); strings.Count(before,
		`"msg":"published"`) < 2 {
		t.Errorf("a run waited for a notification:\n%s", before)
	}

	if code := up.stop(); code != 0 { // while notifications are being sent
		t.Errorf("exit code %d", code)
	}

	if log := up.log.String(); strings.Contains(log, "secret-uuid") ||
		!strings.Contains(log, `"setting":"SYNC_PING_URL"`) {
		t.Errorf("%s", log)
	}
}

// A run in progress is canceled when the program stops.
func TestStopDuringARun(t *testing.T) {
	t.Parallel()
	s := newSource(t, "v(id)", smallView)
	s.mustSync(t)
	dbtest.MustExec(t, s.mysql, bigView)
	working := make(chan struct{})
	var once sync.Once
	p := tcpProxy{answer: func(_, sent int) bool {
		if sent > midway {
			once.Do(func() { close(working) })
			<-t.Context().Done()
		}
		return true
	}}
	p.start(t, s)
	before := readContent(t, s.path)
	up := s.serve(t)
	<-working
	if got := up.metric(t, "syncer_running"); got != "1" {
		t.Errorf("running is %s", got)
	}

	start := time.Now()
	if code := up.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}

	if took := time.Since(start); took > time.Minute {
		t.Errorf("it took %s to stop", took)
	}

	requireRows(t, readContent(t, s.path), before)
	requireNoLeftovers(t, s.path)
	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT status FROM _sync_runs ORDER BY id"),
		[]string{`status="ok"|`, `status="stopped"|`})
}

func TestWrongSettingsOfServe(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	for name, value := range map[string]string{
		"SYNC_SCHEDULE": "often", "SYNC_TIMEZONE": "Mars/Base", "SYNC_HTTP_ADDR": "9090", "SYNC_HTTP_TOKEN": "short",
		"SYNC_NOTIFY_URL": "secret.example.com", "SYNC_PING_URL": "ftp://secret.example.com", "SYNC_MAX_AGE": "-1h",
		"SYNC_SHOW_ROWS": "yes",
	} {
		s.set(name, value)
	}

	code, _, stderr := s.run(t, "serve")
	for _, want := range []string{
		"SYNC_SCHEDULE: \"often\"", "SYNC_TIMEZONE: \"Mars/Base\"", "SYNC_HTTP_ADDR: \"9090\": expected host:port",
		"SYNC_HTTP_TOKEN: 5 characters", "SYNC_NOTIFY_URL: expected", "SYNC_PING_URL: expected", "SYNC_MAX_AGE: -1h",
		`SYNC_SHOW_ROWS: "yes": expected local or always or never`,
	} {
		if code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d, and %q is missing", code, want)
		}
	}

	if strings.Contains(stderr, "secret") {
		t.Errorf("a URL shows: %s", stderr)
	}

	for _, addr := range []string{"127.0.0.1:99999", "::1:9090", "999.1.1.1:9090", "http://127.0.0.1:9090"} {
		s.set("SYNC_HTTP_ADDR", addr)
		code, _, stderr := s.run(t, "serve")
		if code != 2 || !strings.Contains(stderr, fmt.Sprintf("SYNC_HTTP_ADDR: %q: expected host:port", addr)) ||
			!strings.Contains(stderr, "127.0.0.1:8080") {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	}

	for name, value := range map[string]string{
		"SYNC_TIMEZONE":   "",
		"SYNC_HTTP_TOKEN": "",
		"SYNC_NOTIFY_URL": "",
		"SYNC_PING_URL":   "",
		"SYNC_MAX_AGE":    "",
		"SYNC_SHOW_ROWS":  "",
	} {
		s.set(name, value)
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for _, address := range []string{"127.0.0.1:99999", "127.0.0.1:-1", "127.0.0.1:no such service"} {
		s.requireUsageError(t, "SYNC_HTTP_ADDR", address)
	}

	s.set("SYNC_HTTP_ADDR", l.Addr().String())
	for schedule, want := range map[string]string{
		"TZ=Asia/Tokyo 0 6 * * *": "the time zone is set by SYNC_TIMEZONE",
		"0 0 30 2 *":              "there is no such day",
	} {
		s.set("SYNC_SCHEDULE", schedule)
		if code, _, stderr := s.run(t, "serve"); code != 2 || !strings.Contains(stderr, "SYNC_SCHEDULE") ||
			!strings.Contains(stderr, want) {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	}

	s.set("SYNC_SCHEDULE", "")
	s.set("SYNC_ON_START", "false")
	if code, _, stderr := s.run(t, "serve"); code != 1 || !strings.Contains(stderr, "SYNC_HTTP_ADDR: ") ||
		!strings.Contains(stderr, "is taken by another program") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}
