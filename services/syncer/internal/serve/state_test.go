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
	c.Sync.Path, c.Sync.Schedule, c.Sync.Timezone, c.Sync.Timeout = filepath.Join(t.TempDir(), "carstock.db"), schedule, "UTC", time.Hour
	s, err := New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// record puts a run into the service's file, as another syncer does.
func (s *Service) record(t *testing.T, status string, tables ...snapshotfile.TableRun) int64 {
	t.Helper()
	f, err := snapshot.Lock(s.config.Sync.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Unlock() }()
	r := snapshotfile.Run{Started: time.Now(), Status: status, Tables: tables}
	if status != snapshotfile.OK {
		r.Error = "why"
	}
	if err := f.Record(&r); err != nil {
		t.Fatal(err)
	}
	return r.ID
}

// What another syncer does to the file counts, and what came before is known after a start.
func TestRunsOfOthers(t *testing.T) {
	s := newService(t, "@every 1m")
	expect := func(status string, failures int, err string) {
		t.Helper()
		s.remember()
		if o := s.state.view().outcome; o != (outcome{status, failures, err}) {
			t.Errorf("%+v, want %q, %d, %q", o, status, failures, err)
		}
	}
	expect("", 0, "")
	for range runsShown + 20 {
		s.record(t, snapshotfile.Failed)
	}
	expect(snapshotfile.Failed, runsShown+20, "why")
	s.record(t, snapshotfile.Stopped)
	expect(snapshotfile.Failed, runsShown+20, "why")
	s.record(t, snapshotfile.OK)
	expect(snapshotfile.OK, 0, "")
	s.record(t, snapshotfile.Refused)
	expect(snapshotfile.Refused, 1, "why")

	// A run of its own that could not be recorded is not forgotten for what the file says.
	s.state.end(run.Report{Run: snapshotfile.Run{Status: snapshotfile.Failed, Error: "the disk is full"}})
	expect(snapshotfile.Failed, 2, "the disk is full")
}

// The runs of a file are numbered upwards. A run that begins anew is in another file, which has no snapshot.
func TestFileTakenAway(t *testing.T) {
	s := newService(t, "@every 1m")
	for _, pass := range []struct {
		id   int64
		of   string
		good bool
	}{{5, snapshotfile.OK, true}, {6, snapshotfile.Failed, true}, {1, snapshotfile.Failed, false}, {2, snapshotfile.Failed, false}, {3, snapshotfile.OK, true}, {1, snapshotfile.OK, true}} {
		s.state.end(run.Report{Run: snapshotfile.Run{ID: pass.id, Status: pass.of, Started: time.Now()}})
		if good := !s.state.view().good.IsZero(); good != pass.good {
			t.Errorf("after run %d, %s: a snapshot is known: %t", pass.id, pass.of, good)
		}
	}
}

func TestReady(t *testing.T) {
	now := time.Now()
	for name, test := range map[string]struct {
		age      time.Duration // of the snapshot; 0 for none
		maxAge   time.Duration
		running  bool
		failures int
		want     string
	}{
		"no snapshot":                       {want: "there is no snapshot yet of all views"},
		"fresh":                             {age: time.Minute},
		"the third pass is not due yet":     {age: 28 * time.Minute},
		"the third pass since is due":       {age: 31 * time.Minute, want: "the snapshot is 31 minutes old: the last passes have brought no new one"},
		"a long pass is under way":          {age: 50 * time.Minute, running: true},
		"one is, after failures":            {age: 50 * time.Minute, running: true, failures: 2, want: "have brought no new one"},
		"failures, but not too old":         {age: 20 * time.Minute, failures: 1},
		"older than SYNC_MAX_AGE":           {age: 6 * time.Minute, maxAge: 5 * time.Minute, want: "the snapshot is 6 minutes old, more than SYNC_MAX_AGE, 5m0s"},
		"older, and a pass is under way":    {age: 6 * time.Minute, maxAge: 5 * time.Minute, running: true, want: "more than SYNC_MAX_AGE"},
		"older than three, but not too old": {age: 50 * time.Minute, maxAge: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, "@every 10m")
			s.record(t, snapshotfile.OK)
			s.config.Sync.MaxAge = test.maxAge
			v := view{outcome: outcome{failures: test.failures}}
			if test.age > 0 {
				v.good = now.Add(-test.age)
			}
			if test.running {
				v.progress = &run.Progress{}
			}
			if got := s.unready(v, now); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// A pass that should long have been given up is a reason to start the process anew.
func TestLive(t *testing.T) {
	s := newService(t, "@every 1m")
	s.state.begin(&run.Progress{})
	for _, test := range []struct {
		taken time.Duration
		want  int
	}{{time.Hour, http.StatusOK}, {time.Hour + 2*lateness, http.StatusServiceUnavailable}} {
		s.state.since = time.Now().Add(-test.taken)
		w := httptest.NewRecorder()
		s.livez(w, nil)
		if w.Code != test.want {
			t.Errorf("after %s: %d, want %d", test.taken, w.Code, test.want)
		}
	}
}

// An event is told of once, and again only where nobody was told.
func TestEventsAreToldOnce(t *testing.T) {
	answer, got := http.StatusOK, []string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.Path)
		if answer == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(answer)
	}))
	defer server.Close()
	n := newNotices(config.Config{}, slog.New(slog.DiscardHandler))
	n.notifyURL = server.URL
	o := outcome{}
	for i, step := range []struct {
		status string
		answer int
		told   bool
	}{
		{snapshotfile.OK, http.StatusOK, false},
		{snapshotfile.Failed, http.StatusNotFound, true}, // nobody is there
		{snapshotfile.Failed, http.StatusFound, true},    // a POST is not to become a GET of another page
		{snapshotfile.Failed, http.StatusOK, true},
		{snapshotfile.Failed, http.StatusOK, false},
		{snapshotfile.Refused, http.StatusOK, true},
		{snapshotfile.OK, http.StatusGone, true},
		{snapshotfile.OK, http.StatusOK, true},
		{snapshotfile.OK, http.StatusOK, false},
	} {
		answer, got, o = step.answer, nil, o.after(step.status, "why")
		n.tell(run.Report{Run: snapshotfile.Run{Status: step.status}}, o)
		if told := len(n.queue) > 0; told != step.told {
			t.Fatalf("step %d: told: %v", i, told)
		}
		if step.told {
			n.deliver(<-n.queue)
			if len(got) != 1 || got[0] != "POST /" {
				t.Errorf("step %d: %q", i, got)
			}
		}
	}
	// A ping is the same wherever it is sent on to.
	answer, got = http.StatusFound, nil
	if err := n.attempt(request{url: server.URL}); err == nil || len(got) != 10 {
		t.Errorf("%v after %d requests", err, len(got))
	}
	if n.failures != 5 {
		t.Errorf("a recovery from %d failures, want 5", n.failures)
	}
}
