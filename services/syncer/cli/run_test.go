package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"carstock/services/syncer/cli"
	"carstock/services/syncer/internal/snapshot"
)

// lines is a log that is read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// service is syncer run, in this process.
type service struct {
	url  string
	log  *lines
	stop func() (code int)
}

// patience is how long a test waits for what is to come; it is far more than that takes.
const patience = 90 * time.Second

func serve(t *testing.T) service {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	t.Setenv("SYNC_HTTP_ADDR", addr)
	ctx, cancel := context.WithCancel(t.Context())
	s := service{url: "http://" + addr, log: &lines{}}
	ended := make(chan int, 1)
	go func() { ended <- cli.Run(ctx, []string{"run"}, io.Discard, s.log) }()
	s.stop = sync.OnceValue(func() int { cancel(); return <-ended })
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			t.Log(s.log)
		}
	})
	eventually(t, "it answers", func() bool {
		r, err := http.Get(s.url + "/livez")
		if err == nil {
			_ = r.Body.Close()
		}
		return err == nil && r.StatusCode == http.StatusOK
	})
	return s
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for start := time.Now(); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func (s service) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	r, err := http.Get(s.url + path)
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

// runs are the outcomes of the passes, the newest first.
func (s service) runs(t *testing.T) (statuses []string, failures int) {
	t.Helper()
	status, body := s.get(t, "/runs")
	var answer struct {
		Runs     []snapshot.Run
		Failures int `json:"consecutive_failures"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
		t.Fatalf("%d, %v: %s", status, err, body)
	}
	for _, r := range answer.Runs {
		statuses = append(statuses, r.Status)
	}
	return statuses, answer.Failures
}

// metric is the value of a series, as written; "" if there is none.
func (s service) metric(t *testing.T, series string) string {
	t.Helper()
	_, body := s.get(t, "/metrics")
	for line := range strings.Lines(body) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func TestRunOnASchedule(t *testing.T) {
	mysql, path := source(t, "a", a...)
	t.Setenv("SYNC_SCHEDULE", "@every 1s")
	s := serve(t)
	eventually(t, "a third pass", func() bool { statuses, _ := s.runs(t); return len(statuses) >= 3 })
	exec(t, mysql, "INSERT INTO a VALUES (3, 30)")
	eventually(t, "the new row", func() bool { return rows(t, openFile(t, path), "SELECT count(*) AS n FROM a")[0] == `n="3"|` })
	eventually(t, "its metric", func() bool { return s.metric(t, `syncer_table_rows{table="a"}`) == "3" })

	if status, body := s.get(t, "/readyz"); status != http.StatusOK || !strings.Contains(body, `"status": "ready"`) || !strings.Contains(body, `"age_seconds"`) {
		t.Errorf("%d: %s", status, body)
	}
	for series, want := range map[string]string{
		"syncer_consecutive_failures":                            "0",
		`syncer_changed_rows_total{change="inserted",table="a"}`: "3",
		`syncer_failures_total{kind="connection"}`:               "0",
		`syncer_changed_rows_total{change="deleted",table="a"}`:  "0",
		"syncer_table_rows{table=\"a\"}":                         "3",
	} {
		if got := s.metric(t, series); got != want || got == "" {
			t.Errorf("%s is %q, want %q", series, got, want)
		}
	}
	for _, series := range []string{"syncer_last_success_timestamp_seconds", "syncer_next_run_timestamp_seconds"} {
		if at, err := strconv.ParseFloat(s.metric(t, series), 64); err != nil || time.Since(time.UnixMilli(int64(at*1000))).Abs() > patience {
			t.Errorf("%s is %v", series, at)
		}
	}
	if n, err := strconv.Atoi(s.metric(t, `syncer_run_duration_seconds_count{status="ok"}`)); err != nil || n < 3 {
		t.Errorf("%d passes in the histogram", n)
	}
	if age, err := strconv.ParseFloat(s.metric(t, "syncer_snapshot_age_seconds"), 64); err != nil || age < 0 || age > patience.Seconds() {
		t.Errorf("the age is %v", age)
	}

	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	log := s.log.String()
	for _, want := range []string{"msg=scheduled", "next=", "msg=published table=a"} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is missing in the log", want)
		}
	}
	// What went before is known after a start.
	t.Setenv("SYNC_ON_START", "false")
	t.Setenv("SYNC_SCHEDULE", "0 0 1 1 *")
	s = serve(t)
	if status, body := s.get(t, "/readyz"); status != http.StatusOK {
		t.Errorf("%d: %s", status, body)
	}
	t.Setenv("SYNC_MAX_AGE", "1ms")
	s.stop()
	s = serve(t)
	if status, body := s.get(t, "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "more than SYNC_MAX_AGE, 1ms") {
		t.Errorf("%d: %s", status, body)
	}
}

func TestPassOnRequest(t *testing.T) {
	_, path := source(t, "a", a...)
	t.Setenv("SYNC_SCHEDULE", "0 0 1 1 *")
	t.Setenv("SYNC_ON_START", "false")
	post := func(s service, authorization string) int {
		q, err := http.NewRequest(http.MethodPost, s.url+"/sync", nil)
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
	s := serve(t)
	if status, body := s.get(t, "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "there is no snapshot yet") {
		t.Errorf("%d: %s", status, body)
	}
	if got := s.metric(t, "syncer_snapshot_age_seconds"); got != "+Inf" {
		t.Errorf("the age is %s", got)
	}
	if status := post(s, "Bearer "); status != http.StatusForbidden {
		t.Errorf("without a token in the settings: %d", status)
	}
	s.stop()

	const token = "0123456789abcdef-token"
	t.Setenv("SYNC_HTTP_TOKEN", token)
	s = serve(t)
	for authorization, want := range map[string]int{"": 401, "Bearer": 401, "Bearer " + token + "x": 401, "Basic " + token: 401, token: 401} {
		if status := post(s, authorization); status != want {
			t.Errorf("%q: %d, want %d", authorization, status, want)
		}
	}
	if status, _ := s.get(t, "/sync"); status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", status)
	}
	if statuses, _ := s.runs(t); len(statuses) > 0 {
		t.Fatalf("nobody has asked yet: %v", statuses)
	}
	if status := post(s, "Bearer "+token); status != http.StatusAccepted {
		t.Errorf("%d", status)
	}
	eventually(t, "the pass", func() bool { statuses, _ := s.runs(t); return len(statuses) == 1 })

	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pass of SIGHUP", func() bool { statuses, _ := s.runs(t); return len(statuses) == 2 })
	equal(t, rows(t, openFile(t, path), "SELECT count(*) AS n FROM a"), []string{`n="2"|`})
	if strings.Contains(s.log.String(), token) {
		t.Error("the token is in the log")
	}
}

// received is what a server of notices has been sent.
type received struct {
	lines
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

func TestFailuresAreToldOnce(t *testing.T) {
	mysql, _ := source(t, "v(id)", append(a, "CREATE VIEW v AS SELECT * FROM a")...)
	told := &received{status: http.StatusOK}
	server := httptest.NewServer(told)
	defer server.Close()
	t.Setenv("SYNC_NOTIFY_URL", server.URL+"/notify/secret-path")
	t.Setenv("SYNC_PING_URL", server.URL+"/ping/secret-uuid")
	t.Setenv("SYNC_SCHEDULE", "0 0 1 1 *")
	t.Setenv("SYNC_HTTP_TOKEN", "0123456789abcdef")
	s := serve(t)
	passes := 0
	next := func() {
		t.Helper()
		passes++
		if passes > 1 {
			if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "a pass", func() bool {
			statuses, _ := s.runs(t)
			return len(statuses) == passes && strings.Count(told.String(), "GET ") == passes
		})
	}
	next()
	exec(t, mysql, "DROP VIEW v")
	next()
	next()
	if _, failures := s.runs(t); failures != 2 || s.metric(t, "syncer_consecutive_failures") != "2" || s.metric(t, `syncer_failures_total{kind="other"}`) != "2" {
		t.Errorf("%d failures, %s in the metrics", failures, s.metric(t, "syncer_consecutive_failures"))
	}
	_, page := s.get(t, "/")
	for _, want := range []string{"The last 2 passes have published nothing", "v: no such table or view"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if status, _ := s.get(t, "/readyz"); status != http.StatusOK { // the snapshot is not too old yet
		t.Errorf("%d", status)
	}
	exec(t, mysql, "CREATE VIEW v AS SELECT * FROM a WHERE id > 5")
	next()
	exec(t, mysql, "CREATE OR REPLACE VIEW v AS SELECT * FROM a")
	next()
	next()
	eventually(t, "the notices", func() bool { return strings.Count(told.String(), "POST") == 3 })
	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	var shape []string
	for line := range strings.Lines(told.String()) {
		words := strings.SplitN(line, " ", 5)
		shape = append(shape, strings.TrimSpace(strings.Join(words[:4], " ")))
		if words[2] == "failed" && !strings.Contains(line, "no such table or view") || words[2] == "refused" && !strings.Contains(line, "the view is empty") {
			t.Errorf("without its reason: %s", line)
		}
	}
	equal(t, shape, []string{
		"GET /ping/secret-uuid  0",
		"GET /ping/secret-uuid/fail  0", "POST /notify/secret-path failed 1",
		"GET /ping/secret-uuid/fail  0",
		"GET /ping/secret-uuid/fail  0", "POST /notify/secret-path refused 3",
		"GET /ping/secret-uuid  0", "POST /notify/secret-path recovered 3",
		"GET /ping/secret-uuid  0",
	})
}

// A notice that nobody takes delays no pass, and its URL stays out of the log.
func TestNoticesThatCannotBeSent(t *testing.T) {
	_, _ = source(t, "a", a...)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	t.Setenv("SYNC_PING_URL", "http://"+silent.Addr().String()+"/secret-uuid")
	t.Setenv("SYNC_SCHEDULE", "@every 1s")
	s := serve(t)
	eventually(t, "more passes", func() bool { statuses, _ := s.runs(t); return len(statuses) >= 4 })
	if statuses, _ := s.runs(t); statuses[0] != "ok" {
		t.Errorf("%v", statuses)
	}
	eventually(t, "a word in the log", func() bool { return strings.Contains(s.log.String(), "a notice could not be sent") })
	if log := s.log.String(); strings.Contains(log, "secret-uuid") || !strings.Contains(log, "setting=SYNC_PING_URL") {
		t.Errorf("%s", log)
	}
}

// A pass under way is given up when the program is to end.
func TestStopDuringAPass(t *testing.T) {
	mysql, path := source(t, "v(id)", small)
	mustSync(t)
	exec(t, mysql, big)
	working := make(chan struct{})
	var once sync.Once
	p := proxy{answer: func(_, sent int) bool {
		if sent > midway {
			once.Do(func() { close(working) })
			<-t.Context().Done()
		}
		return true
	}}
	p.start(t)
	before := content(t, path)
	s := serve(t)
	<-working
	if got := s.metric(t, "syncer_running"); got != "1" {
		t.Errorf("running is %s", got)
	}
	start := time.Now()
	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	equal(t, content(t, path), before)
	nothingLeft(t, path)
	equal(t, rows(t, openFile(t, path), "SELECT status FROM _sync_runs ORDER BY id"), []string{`status="ok"|`, `status="stopped"|`})
}

func TestWrongSettingsOfRun(t *testing.T) {
	_, _ = source(t, "a", a...)
	for name, value := range map[string]string{
		"SYNC_SCHEDULE": "often", "SYNC_TIMEZONE": "Mars/Base", "SYNC_HTTP_ADDR": "9090", "SYNC_HTTP_TOKEN": "short",
		"SYNC_NOTIFY_URL": "secret.example.com", "SYNC_PING_URL": "ftp://secret.example.com", "SYNC_MAX_AGE": "-1h",
	} {
		t.Setenv(name, value)
	}
	code, _, stderr := run(t, "run")
	for _, want := range []string{"SYNC_SCHEDULE: \"often\"", "SYNC_TIMEZONE: \"Mars/Base\"", "SYNC_HTTP_ADDR: 9090: expected", "SYNC_HTTP_TOKEN: 5 characters", "SYNC_NOTIFY_URL: expected", "SYNC_PING_URL: expected", "SYNC_MAX_AGE: -1h"} {
		if code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d, and %q is missing", code, want)
		}
	}
	if strings.Contains(stderr, "secret") {
		t.Errorf("a URL is told: %s", stderr)
	}
	for name, value := range map[string]string{"SYNC_SCHEDULE": "0 0 30 2 *", "SYNC_TIMEZONE": "", "SYNC_HTTP_TOKEN": "", "SYNC_NOTIFY_URL": "", "SYNC_PING_URL": "", "SYNC_MAX_AGE": ""} {
		t.Setenv(name, value)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	t.Setenv("SYNC_HTTP_ADDR", l.Addr().String())
	if code, _, stderr := run(t, "run"); code != 2 || !strings.Contains(stderr, "SYNC_SCHEDULE") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	t.Setenv("SYNC_SCHEDULE", "")
	t.Setenv("SYNC_ON_START", "false")
	if code, _, stderr := run(t, "run"); code != 1 || !strings.Contains(stderr, "SYNC_HTTP_ADDR: ") || !strings.Contains(stderr, "is taken by another program") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}
