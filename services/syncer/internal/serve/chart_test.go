package serve

import (
	"strings"
	"testing"
	"time"

	"carstock/pkg/snapshotfile"
)

// newRuns returns runs that started a minute apart and took one second each, the newest first.
func newRuns(t *testing.T, statuses ...string) (runs []snapshotfile.Run) {
	t.Helper()
	start := at(t, "2026-03-01T10:00:00Z")
	for i, status := range statuses {
		started := start.Add(-time.Duration(i) * time.Minute)
		r := snapshotfile.Run{Started: started, Finished: started.Add(time.Second), Status: status}
		if status == snapshotfile.RunOK {
			r.Tables = []snapshotfile.TableRun{{Total: 400}, {Total: 200}}
		}
		runs = append(runs, r)
	}

	return runs
}

// The bar of a single run is narrow, with its time and its values beside it.
func TestChartOfOneRun(t *testing.T) {
	t.Parallel()
	c := newPageCharts(newRuns(t, snapshotfile.RunOK), at(t, "2026-03-01T12:00:00Z"))
	if len(c.Bars) != 1 || len(c.Dots) != 1 || len(c.Segments) != 0 || c.Bars[0].Width > 10 {
		t.Errorf("%+v", c)
	}
	if len(c.Times) != 1 || c.Times[0].Text != "10:00:00" || c.Times[0].Anchor != "start" ||
		c.Times[0].X.String() != c.Bars[0].X.String() {
		t.Errorf("times %+v", c.Times)
	}

	if c.LastDuration != "1.0 s" || c.LastRows != "600" || c.Rows.Labels[0] != "600" || c.Durations.Labels[0] != "1 s" {
		t.Errorf("%s, %s, axes %v and %v", c.LastDuration, c.LastRows, c.Durations.Labels, c.Rows.Labels)
	}

	if c.DurationSummary != "Duration of the last 1 run: up to 1.0 s. 0 published nothing." {
		t.Error(c.DurationSummary)
	}
}

// A run that published nothing has a bar as long as it took, a band behind it, and no dot.
func TestChartOfManyRuns(t *testing.T) {
	t.Parallel()
	statuses := strings.Fields(strings.Repeat("ok failed stopped refused ", 25))
	c := newPageCharts(newRuns(t, statuses...), at(t, "2026-03-01T12:00:00Z"))
	if len(c.Bars) != 100 || len(c.Dots) != 25 || len(c.Segments) != 24 {
		t.Fatalf("%d bars, %d dots, %d segments", len(c.Bars), len(c.Dots), len(c.Segments))
	}
	for i, b := range c.Bars {
		if b.Height != 100 || b.Y != 0 || b.X < 0 || b.X+b.Width > 100 || b.HasBand != (b.Status != snapshotfile.RunOK) {
			t.Errorf("bar %d: %+v", i, b)
		}
	}

	if last := c.Bars[99]; last.Status != snapshotfile.RunOK || c.Dots[24].X < last.X {
		t.Errorf("the newest run is not at the right: %+v", last)
	}

	if len(c.Times) != 2 || c.Times[0].Text != "08:21:00" || c.Times[1].Text != "10:00:00" ||
		c.Times[1].Anchor != "end" {
		t.Errorf("times %+v", c.Times)
	}
}

// A failed run that took a tenth of the longest one has a bar of a tenth of its height.
func TestChartOfShortFailure(t *testing.T) {
	t.Parallel()
	runs := newRuns(t, snapshotfile.RunFailed, snapshotfile.RunOK)
	runs[0].Finished = runs[0].Started.Add(100 * time.Millisecond)
	c := newPageCharts(runs, at(t, "2026-03-01T12:00:00Z"))
	if b := c.Bars[1]; b.Height.String() != "10.00" || b.Y.String() != "90.00" || !b.HasBand {
		t.Errorf("%+v", b)
	}
}

func TestSecondsText(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[float64]string{
		0: "under 0.01 s", 0.009: "under 0.01 s", 0.01: "0.01 s", 0.354: "0.35 s", 1: "1.0 s", 9.99: "10.0 s",
		42.9: "42 s", 150: "2 min 30 s", 3600: "1 h 0 min", 90_061: "25 h 1 min",
	} {
		if got := secondsText(seconds); got != want {
			t.Errorf("%g s: %s, want %s", seconds, got, want)
		}
	}
}

func TestAxes(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[float64]string{
		0:    "0.01 s, 0.005 s, 0",
		0.35: "0.4 s, 0.2 s, 0",
		5:    "6 s, 3 s, 0",
		119:  "200 s, 100 s, 0",
		150:  "4 min, 2 min, 0",
		9000: "4 h, 2 h, 0",
	} {
		if got := strings.Join(durationAxis(seconds).Labels, ", "); got != want {
			t.Errorf("%g s: %s, want %s", seconds, got, want)
		}
	}

	for rows, want := range map[int64]string{
		0:         "2, 1, 0",
		1:         "2, 1, 0",
		13:        "20, 10, 0",
		542:       "600, 300, 0",
		9999:      "10 k, 5,000, 0",
		1_000_000: "1 M, 500 k, 0",
	} {
		if got := strings.Join(rowsAxis(rows).Labels, ", "); got != want {
			t.Errorf("%d rows: %s, want %s", rows, got, want)
		}
	}
}
