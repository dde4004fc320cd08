package serve

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/run"
	"carstock/services/syncer/internal/snapshot"
)

func newService(t *testing.T, schedule string) *Service {
	t.Helper()
	c := config.Config{}
	c.Sync.Path = filepath.Join(t.TempDir(), "carstock.db")
	c.Sync.Schedule = schedule
	c.Sync.Timezone = "UTC"
	c.Sync.Timeout = time.Hour
	s, err := New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}

	return s
}

// record adds a run to the service's file, like another syncer.
func (s *Service) record(t *testing.T, status string, tables ...snapshotfile.TableRun) {
	t.Helper()
	f, err := snapshot.LockFile(s.config.Sync.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Unlock() }()
	r := snapshotfile.Run{Started: time.Now(), Status: status, Tables: tables}
	if status != snapshotfile.RunOK {
		r.Error = "a reason"
	}

	if err := f.Record(&r); err != nil {
		t.Fatal(err)
	}
}

// Runs of another syncer count, and so do runs before a restart.
func TestRunsOfOthers(t *testing.T) {
	s := newService(t, "@every 1m")
	expect := func(status string, failures int, err string) {
		t.Helper()
		s.loadHistory()
		if o := s.state.status().runOutcome; o != (runOutcome{status, failures, err}) {
			t.Errorf("%+v, want %q, %d, %q", o, status, failures, err)
		}
	}

	expect("", 0, "")
	for range runsShown + 20 {
		s.record(t, snapshotfile.RunFailed)
	}
	expect(snapshotfile.RunFailed, runsShown+20, "a reason")
	s.record(t, snapshotfile.RunStopped)
	expect(snapshotfile.RunFailed, runsShown+20, "a reason")
	s.record(t, snapshotfile.RunOK)
	expect(snapshotfile.RunOK, 0, "")
	s.record(t, snapshotfile.RunRefused)
	expect(snapshotfile.RunRefused, 1, "a reason")

	// A run of this service counts even if it could not be recorded in the file.
	s.state.end(run.Report{Run: snapshotfile.Run{Status: snapshotfile.RunFailed, Error: "the disk is full"}})
	expect(snapshotfile.RunFailed, 2, "the disk is full")
}

// The service knows the first failure in a row, also after a restart and after many failures.
func TestFailingSince(t *testing.T) {
	s := newService(t, "@every 1m")
	s.record(t, snapshotfile.RunFailed)
	s.record(t, snapshotfile.RunOK)
	before := time.Now()
	s.record(t, snapshotfile.RunRefused)
	after := time.Now()
	for range runsShown + 20 {
		s.record(t, snapshotfile.RunFailed)
	}

	s.loadHistory()
	since := s.state.status().failingSince
	if since.Before(before.Truncate(time.Millisecond)) || since.After(after) {
		t.Errorf("after a start: %s, want %s", since, before)
	}

	for _, step := range []struct {
		status  string
		started time.Time
		want    time.Time
	}{
		{snapshotfile.RunStopped, after.Add(1), since},
		{snapshotfile.RunFailed, after.Add(2), since},
		{snapshotfile.RunOK, after.Add(3), time.Time{}},
		{snapshotfile.RunStopped, after.Add(4), time.Time{}},
		{snapshotfile.RunRefused, after.Add(5), after.Add(5).Round(0)},
		{snapshotfile.RunStopped, after.Add(6), after.Add(5).Round(0)},
		{snapshotfile.RunFailed, after.Add(7), after.Add(5).Round(0)},
	} {
		s.state.end(run.Report{Run: snapshotfile.Run{Status: step.status, Started: step.started}})
		if got := s.state.status().failingSince; got != step.want {
			t.Errorf("%s at %s: failing since %s, want %s", step.status, step.started, got, step.want)
		}
	}
}

// A file numbers its runs upwards. Numbers that start again belong to another file, which has no snapshot yet.
func TestFileReplaced(t *testing.T) {
	s := newService(t, "@every 1m")
	for _, ended := range []struct {
		id     int64
		status string
		good   bool
	}{
		{5, snapshotfile.RunOK, true},
		{6, snapshotfile.RunFailed, true},
		{1, snapshotfile.RunFailed, false},
		{2, snapshotfile.RunFailed, false},
		{3, snapshotfile.RunOK, true},
		{1, snapshotfile.RunOK, true},
	} {
		s.state.end(run.Report{Run: snapshotfile.Run{ID: ended.id, Status: ended.status, Started: time.Now()}})
		if good := !s.state.status().good.IsZero(); good != ended.good {
			t.Errorf("after run %d, %s: has a snapshot: %t", ended.id, ended.status, good)
		}
	}
}

func TestReady(t *testing.T) {
	now := time.Now()
	for name, test := range map[string]struct {
		age      time.Duration // of the snapshot; 0 without one
		maxAge   time.Duration
		running  bool
		failures int
		want     string
	}{
		"no snapshot":                  {want: "there is no snapshot of all views yet"},
		"fresh":                        {age: time.Minute},
		"the third run is not due yet": {age: 28 * time.Minute},
		"the third run since is due": {
			age:  31 * time.Minute,
			want: "the snapshot is 31 minutes old: no run has succeeded since",
		},
		"a long run is under way": {age: 50 * time.Minute, running: true},
		"one is under way, after failures": {
			age: 50 * time.Minute, running: true, failures: 2,
			want: "no run has succeeded since",
		},
		"failures, but not too old": {age: 20 * time.Minute, failures: 1},
		"older than SYNC_MAX_AGE": {
			age: 6 * time.Minute, maxAge: 5 * time.Minute,
			want: "the snapshot is 6 minutes old, more than SYNC_MAX_AGE, 5m0s",
		},
		"older, and a run is under way": {
			age: 6 * time.Minute, maxAge: 5 * time.Minute, running: true,
			want: "more than SYNC_MAX_AGE",
		},
		"older than three, but not too old": {age: 50 * time.Minute, maxAge: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, "@every 10m")
			s.record(t, snapshotfile.RunOK)
			s.config.Sync.MaxAge = test.maxAge
			st := serviceStatus{runOutcome: runOutcome{failures: test.failures}}
			if test.age > 0 {
				st.good = now.Add(-test.age)
			}
			if test.running {
				st.progress = &run.Progress{}
			}
			if got := s.unready(st, now); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// If a run exceeds its timeout by far, /livez asks for a restart of the process.
func TestLive(t *testing.T) {
	s := newService(t, "@every 1m")
	s.state.begin(&run.Progress{})

	for _, test := range []struct {
		taken time.Duration
		want  int
	}{{time.Hour, http.StatusOK}, {time.Hour + 2*stuckMargin, http.StatusServiceUnavailable}} {
		s.state.current.since = time.Now().Add(-test.taken)
		w := httptest.NewRecorder()
		s.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/livez", nil))
		if w.Code != test.want {
			t.Errorf("after %s: %d, want %d", test.taken, w.Code, test.want)
		}
	}
}

// A change of state is reported once, and again only if nobody received the report.
func TestNoticeOfEachChange(t *testing.T) {
	answer, got := http.StatusOK, []string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.Path)
		if answer == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}

		w.WriteHeader(answer)
	}))
	defer server.Close()
	n := newNoticeQueue(config.Config{}, slog.New(slog.DiscardHandler))
	n.notifyURL = server.URL
	o := runOutcome{}
	for i, step := range []struct {
		status string
		answer int
		sent   bool
	}{
		{snapshotfile.RunOK, http.StatusOK, false},
		{snapshotfile.RunFailed, http.StatusNotFound, true}, // nobody receives it
		{snapshotfile.RunFailed, http.StatusFound, true},    // a POST must not become a GET of another page
		{snapshotfile.RunFailed, http.StatusOK, true},
		{snapshotfile.RunFailed, http.StatusOK, false},
		{snapshotfile.RunRefused, http.StatusOK, true},
		{snapshotfile.RunOK, http.StatusGone, true},
		{snapshotfile.RunOK, http.StatusOK, true},
		{snapshotfile.RunOK, http.StatusOK, false},
	} {
		answer, got, o = step.answer, nil, o.after(step.status, "a reason")
		n.notify(run.Report{Run: snapshotfile.Run{Status: step.status}}, o)
		if sent := len(n.queue) > 0; sent != step.sent {
			t.Fatalf("step %d: sent: %v", i, sent)
		}

		if step.sent {
			n.deliver(<-n.queue)
			if len(got) != 1 || got[0] != "POST /" {
				t.Errorf("step %d: %q", i, got)
			}
		}
	}

	// A ping follows redirects, up to a limit.
	answer, got = http.StatusFound, nil
	if err := n.attempt(noticeDelivery{url: server.URL}); err == nil || len(got) != 10 {
		t.Errorf("%v after %d requests", err, len(got))
	}

	if n.failures != 5 {
		t.Errorf("a recovery from %d failures, want 5", n.failures)
	}
}
