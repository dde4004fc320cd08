package serve

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/run"
)

// A headline says in a few words that all is well, or what is wrong and since when.
func TestHeadline(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	failed := func(n int) runOutcome { return runOutcome{snapshotfile.RunFailed, n, "a reason"} }

	for name, test := range map[string]struct {
		status      serviceStatus
		fileMissing bool
		level, want string
		detail      string
	}{
		"fresh": {
			status: serviceStatus{good: ago(7 * time.Second)},
			level:  levelGood, want: "Up to date, 7 seconds ago",
		},
		"just published": {
			status: serviceStatus{good: now},
			level:  levelGood, want: "Up to date, just now",
		},
		"no run yet": {
			level: levelWarning, want: "No data yet", detail: "There is no snapshot of all views yet.",
		},
		"no good run": {
			status: serviceStatus{runOutcome: failed(1), failingSince: ago(3 * time.Second)},
			level:  levelBad, want: "No data: the last run failed, 3 seconds ago",
		},
		"one failure": {
			status: serviceStatus{good: ago(2 * time.Minute), runOutcome: failed(1), failingSince: ago(time.Minute)},
			level:  levelWarning, want: "The last run failed, 1 minute ago",
			detail: "The tables are unchanged since the last good run, 2 minutes ago.",
		},
		"refused": {
			status: serviceStatus{
				good: ago(2 * time.Minute), failingSince: ago(time.Minute),
				runOutcome: runOutcome{snapshotfile.RunRefused, 1, "a reason"},
			},
			level: levelWarning, want: "A guard refused the last run, 1 minute ago",
		},
		"three failures": {
			status: serviceStatus{good: ago(5 * time.Minute), runOutcome: failed(3), failingSince: ago(4 * time.Minute)},
			level:  levelWarning, want: "The last 3 runs failed, since ",
		},
		"stale": {
			status: serviceStatus{good: ago(2 * time.Hour), runOutcome: failed(9), failingSince: ago(time.Hour)},
			level:  levelBad, want: "Out of date, last updated 2 hours ago",
			detail: "The last 9 runs failed, since ",
		},
		"a wrong clock": {
			status: serviceStatus{good: now.Add(time.Hour)},
			level:  levelBad, want: "The clock is wrong", detail: "in the future",
		},
		"no file": {
			status: serviceStatus{good: ago(time.Second)}, fileMissing: true,
			level: levelBad, want: "The snapshot file is missing", detail: "The next run makes it again.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, "@every 10m")
			if !test.fileMissing {
				s.record(t, snapshotfile.RunOK)
			}

			h := s.newHeadline(test.status, now)
			if h.Level != test.level || !strings.HasPrefix(h.Text, test.want) || !strings.Contains(h.Detail, test.detail) {
				t.Errorf("%+v", h)
			}
		})
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	now := time.Now()
	if p := newRunProgress(serviceStatus{}, now); p != nil {
		t.Errorf("without a run: %+v", p)
	}

	under := serviceStatus{progress: &run.Progress{}, since: now.Add(-12 * time.Second)}
	requireProgress(t, under, now, runProgress{Text: "Run under way for 12 seconds: connecting to the source."})
	view := "vehicles_view"
	under.progress.View.Store(&view)
	under.progress.Rows.Store(1200)
	under.progress.Bytes.Store(5_000_000)
	requireProgress(t, under, now, runProgress{
		Text: "Run under way for 12 seconds: reading vehicles_view, 1,200 rows, 5.0 MB received.", Rows: 1200,
	})

	// The expected number is an estimate.
	under.progress.Expected.Store(1000)
	requireProgress(t, under, now, runProgress{
		Text: "Run under way for 12 seconds: reading vehicles_view, 1,200 of about 1,000 rows, 5.0 MB received.",
		Rows: 1200, Max: 1200,
	})

	// A single row reads as one.
	under.progress.Rows.Store(1)
	under.progress.Expected.Store(1)
	requireProgress(t, under, now, runProgress{
		Text: "Run under way for 12 seconds: reading vehicles_view, 1 of about 1 row, 5.0 MB received.", Rows: 1, Max: 1,
	})
}

func requireProgress(t *testing.T, st serviceStatus, now time.Time, want runProgress) {
	t.Helper()
	if p := newRunProgress(st, now); p == nil || *p != want {
		t.Errorf("%+v, want %+v", p, want)
	}
}

// Tables that a run did not change share one line.
func TestRunLines(t *testing.T) {
	t.Parallel()
	lines := runLines([]snapshotfile.TableRun{
		{Table: "a", Key: true, Rows: 5, Bytes: 50},
		{Table: "b", Key: true, Rows: 7, Inserted: 1, Bytes: 70, Warnings: []string{"w"}, Lost: []string{"i"}},
		{Table: "c", Rows: 9, Inserted: 9, Deleted: 8, Bytes: 90},
		{Table: "d", Key: true, Rows: 11, Bytes: 110, Drift: "+x"},
		{Table: "e", Rows: 13, Bytes: 130},
	})

	var got []string
	for _, l := range lines {
		got = append(got, l.Label)
	}
	if strings.Join(got, "; ") != "b; c; d; 2 tables without changes" {
		t.Fatalf("%q", got)
	}
	if b := lines[0]; b.Inserted != 1 || b.NoKey || strings.Join(b.Notes, "; ") != "b: w; b: lost: i" {
		t.Errorf("%+v", b)
	}
	if !lines[1].NoKey || lines[2].Notes[0] != "d: columns changed: +x" {
		t.Errorf("%+v", lines)
	}

	if all := lines[3]; all.Rows != 18 || all.Bytes != 180 {
		t.Errorf("%+v", all)
	}

	if alone := runLines([]snapshotfile.TableRun{{Table: "a", Key: true}}); len(alone) != 1 || alone[0].Label != "a" {
		t.Errorf("%+v", alone)
	}
}

// The page is complete in each state, and escapes untrusted text.
func TestPage(t *testing.T) {
	t.Parallel()
	const hostile = `<img src=x onerror=alert(1)>` + "\u202E\x1b"
	s := newService(t, "@every 10m")
	requirePage(t, s, "<title>No data yet · carstock syncer</title>", "There are no tables yet.")

	s.state.begin(&run.Progress{})
	requirePage(t, s, "<progress", "data-running", "connecting to the source")
	s.state.end(run.Report{Run: snapshotfile.Run{Status: snapshotfile.RunFailed, Started: time.Now(), Error: hostile}})
	requirePage(t, s, "The last run published nothing", "&lt;img src=x onerror=alert(1)&gt;\uFFFD</bdi>")

	s.record(t, snapshotfile.RunOK, snapshotfile.TableRun{Table: hostile, View: "v", Key: true, Total: 3})
	s.record(t, snapshotfile.RunRefused)
	s.loadHistory()
	for range runsOpen {
		s.record(t, snapshotfile.RunStopped)
	}
	page := requirePage(t, s, "2 older runs", `class="bar ok"`, `class="bar refused" fill="url(#hatch)"`,
		`class="bar stopped"`, "by start of the run, in UTC", "&lt;img src=x")
	if strings.Contains(page, "<img src=x") || strings.Contains(page, "\u202E") || strings.Contains(page, "ZgotmplZ") {
		t.Error("untrusted text is not escaped")
	}
}

func requirePage(t *testing.T, s *Service, parts ...string) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	page := w.Body.String()
	if w.Code != http.StatusOK || !bytes.HasSuffix(w.Body.Bytes(), []byte("</html>\n")) {
		t.Fatalf("%d: %s", w.Code, page)
	}

	for _, part := range parts {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	return page
}

// The page needs no token, so it shows rows to other machines only if the setting allows that.
func TestShowsRows(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		setting, address, host string
		want                   bool
	}{
		{config.ShowLocal, "127.0.0.1:9090", "127.0.0.1:9090", true},
		{config.ShowLocal, "[::1]:9090", "[::1]:9090", true},
		{config.ShowLocal, "localhost:9090", "localhost:9090", true},
		{config.ShowLocal, "127.0.0.1:80", "localhost", true},
		{config.ShowLocal, ":9090", "localhost:9090", false},
		{config.ShowLocal, "0.0.0.0:9090", "127.0.0.1:9090", false},
		{config.ShowLocal, "192.0.2.1:9090", "192.0.2.1:9090", false},
		{config.ShowLocal, "cars.example.com:9090", "cars.example.com:9090", false},
		{config.ShowLocal, "127.0.0.1:9090", "", false},
		{config.ShowLocal, "127.0.0.1:9090", "other.example:9090", false}, // whose address is now 127.0.0.1
		{config.ShowLocal, "127.0.0.1:9090", "127.0.0.1.other.example:9090", false},
		{config.ShowAlways, ":9090", "cars.example.com", true},
		{config.ShowNever, "127.0.0.1:9090", "127.0.0.1:9090", false},
	} {
		s := newService(t, "@every 10m")
		s.config.Sync.ShowRows, s.config.Sync.HTTPAddr = test.setting, test.address
		if got := s.showsRows(test.host); got != test.want {
			t.Errorf("%s at %s, request for %q: %t", test.setting, test.address, test.host, got)
		}
	}
}

// A page that cannot read the file says so.
func TestPageOfBrokenFile(t *testing.T) {
	t.Parallel()
	s := newService(t, "@every 10m")
	content := bytes.Repeat([]byte("no SQLite "), 100)
	if err := os.WriteFile(s.config.Sync.Path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	requirePage(t, s, "The snapshot file cannot be read")
}
