package serve

import (
	"testing"
	"time"

	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
)

func newSchedule(t *testing.T, schedule, zone string) config.Schedule {
	t.Helper()
	s := config.SyncConfig{Schedule: schedule, Timezone: zone}
	parsed, err := s.ParseSchedule()
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func TestNextDue(t *testing.T) {
	for name, test := range map[string]struct{ schedule, due, start, want string }{
		"in time": {
			schedule: "*/15 * * * *",
			due:      "2026-03-01T10:00:00Z", start: "2026-03-01T10:00:07Z", want: "2026-03-01T10:15:00Z",
		},
		"many missed, as in a sleep": {
			schedule: "*/15 * * * *",
			due:      "2026-03-01T10:00:00Z", start: "2026-03-02T09:50:00Z", want: "2026-03-02T10:00:00Z",
		},
		"an interval keeps its beat": {
			schedule: "@every 15m",
			due:      "2026-03-01T10:00:00Z", start: "2026-03-01T10:00:20Z", want: "2026-03-01T10:15:00Z",
		},
		"a run on request in between": {
			schedule: "*/15 * * * *",
			due:      "2026-03-01T10:15:00Z", start: "2026-03-01T10:05:00Z", want: "2026-03-01T10:15:00Z",
		},
		"day or weekday": {
			schedule: "0 6 1,15 * MON",
			due:      "2026-03-01T06:00:00Z", start: "2026-03-01T06:00:00Z", want: "2026-03-02T06:00:00Z",
		},
		"weekdays": {
			schedule: "30 6 * * MON-FRI",
			due:      "2026-02-27T06:30:00Z", start: "2026-02-27T06:30:00Z", want: "2026-03-02T06:30:00Z",
		},
		"late, as after failures": {
			schedule: "@every 1m",
			due:      "2026-03-01T10:00:00Z", start: "2026-03-01T10:59:30Z", want: "2026-03-01T11:00:00Z",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := nextDue(newSchedule(t, test.schedule, "UTC"), at(t, test.due), at(t, test.start))
			if !got.Equal(at(t, test.want)) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestFirstRun(t *testing.T) {
	now := at(t, "2026-03-01T10:20:00Z")
	hourly := newSchedule(t, "@hourly", "UTC")
	for name, test := range map[string]struct {
		last    string
		onStart bool
		want    string
	}{
		"at once":                    {"", true, "2026-03-01T10:20:00Z"},
		"on schedule":                {"", false, "2026-03-01T11:00:00Z"},
		"none was missed":            {"2026-03-01T10:00:01Z", false, "2026-03-01T11:00:00Z"},
		"one was missed":             {"2026-03-01T08:30:00Z", false, "2026-03-01T09:00:00Z"},
		"the clock was ahead before": {"2027-01-01T00:00:00Z", false, "2026-03-01T11:00:00Z"},
	} {
		var last time.Time
		if test.last != "" {
			last = at(t, test.last)
		}
		if p := newRunPlan(hourly, now, last, test.onStart); !p.at.Equal(at(t, test.want)) {
			t.Errorf("%s: %s, want %s", name, p.at, test.want)
		}
	}
}

// After failures the pauses grow; after a good run the next one is on schedule again.
func TestBackoffAfterFailures(t *testing.T) {
	now := at(t, "2026-03-01T10:00:00Z")
	p := newRunPlan(newSchedule(t, "@every 1s", "UTC"), now, time.Time{}, true)
	for i, pause := range []time.Duration{10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600} {
		p.finished(now, now, false)
		if got := p.at.Sub(now); got < pause*time.Second*9/10 || got > pause*time.Second*11/10 {
			t.Errorf("after %d failures: a pause of %s, want %d s", i+1, got, pause)
		}
		now = p.at
	}

	p.finished(now, now, true)
	if got := p.at.Sub(now); got > 2*time.Second {
		t.Errorf("after a good run: a pause of %s", got)
	}
	p.finished(now, now, false)
	if got := p.at.Sub(now); got > 11*time.Second {
		t.Errorf("after one more failure: a pause of %s", got)
	}

	// A run that is due later than the backoff ends comes on schedule.
	p = newRunPlan(newSchedule(t, "@hourly", "UTC"), now, time.Time{}, true)
	p.finished(now, now, false)
	if hour := newSchedule(t, "@hourly", "UTC").Next(now); p.at.Before(hour) || p.at.After(hour.Add(maxJitter)) {
		t.Errorf("next run at %s, want %s", p.at, hour)
	}
}

func TestJitter(t *testing.T) {
	now := at(t, "2026-03-01T10:00:00Z")
	for schedule, longest := range map[string]time.Duration{
		"@every 10s": time.Second,
		"@every 1m":  6 * time.Second,
		"@every 24h": maxJitter,
	} {
		p := newRunPlan(newSchedule(t, schedule, "UTC"), now, time.Time{}, true)
		moments := map[time.Time]bool{}
		start := now
		for range 20 {
			if late := p.finished(start, start, true); late || p.at.Before(p.due) || p.at.After(p.due.Add(longest)) {
				t.Errorf("%s: the run is %s late", schedule, p.at.Sub(p.due))
			}

			start = p.due
			moments[p.at] = true
		}

		if len(moments) < 2 {
			t.Errorf("%s: no jitter", schedule)
		}
	}
}

// If several runs were due while another was under way, one run makes up for them.
func TestRunDueMeanwhile(t *testing.T) {
	start := at(t, "2026-03-01T10:00:00Z")
	now := start.Add(5*time.Minute + time.Second)
	p := newRunPlan(newSchedule(t, "@every 1m", "UTC"), start, time.Time{}, true)
	if late := p.finished(start, now, true); !late || !p.at.Equal(now) {
		t.Errorf("late: %v, at %s", late, p.at)
	}

	if late := p.finished(now, now.Add(time.Second), true); late || p.at.Before(now.Add(time.Minute)) {
		t.Errorf("late: %v, at %s", late, p.at)
	}
}

// The clock is three hours ahead, and is then corrected.
func TestClockSetBack(t *testing.T) {
	wrong := at(t, "2026-03-01T10:00:00Z")
	right := wrong.Add(-3 * time.Hour)
	p := newRunPlan(newSchedule(t, "@every 1m", "UTC"), wrong, time.Time{}, true)
	p.finished(wrong, wrong, true)
	due := p.at
	if p.clampToClock(wrong); !p.at.Equal(due) {
		t.Errorf("the clock is right, but the run was moved to %s", p.at)
	}
	if p.clampToClock(right); p.at.Before(right) || p.at.After(right.Add(time.Minute+maxJitter)) {
		t.Errorf("next run at %s", p.at)
	}

	for range 20 {
		p.finished(right, right, false)
	}

	paused := p.at
	if p.clampToClock(right); !p.at.Equal(paused) {
		t.Errorf("a backoff was cut short: %s", p.at)
	}
}

// The schedule follows the clock of the time zone, also when that is put forward or back.
func TestTimezone(t *testing.T) {
	for _, test := range []struct{ schedule, after, want string }{
		{"30 6 * * *", "2026-01-10T00:00:00Z", "2026-01-10T05:30:00Z"},
		{"30 6 * * *", "2026-03-29T00:00:00Z", "2026-03-29T04:30:00Z"},
		{"30 6 * * *", "2026-10-25T00:00:00Z", "2026-10-25T05:30:00Z"},
		// A skipped time runs after the gap; a repeated time runs twice.
		{"30 2 * * *", "2026-03-29T00:00:00Z", "2026-03-29T01:30:00Z"},
		{"30 2 * * *", "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"},
		{"30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
	} {
		if got := newSchedule(t, test.schedule, "Europe/Berlin").Next(at(t, test.after)); !got.Equal(at(t, test.want)) {
			t.Errorf("%s after %s: %s, want %s", test.schedule, test.after, got, test.want)
		}
	}
}

func TestOutcome(t *testing.T) {
	var o runOutcome
	for i, step := range []struct {
		status   string
		failures int
	}{
		{snapshotfile.RunFailed, 1},
		{snapshotfile.RunRefused, 2},
		{snapshotfile.RunStopped, 2},
		{snapshotfile.RunSkipped, 2},
		{snapshotfile.RunFailed, 3},
		{snapshotfile.RunOK, 0},
	} {
		o = o.after(step.status, "a reason")
		if o.failures != step.failures || (o.failures > 0) != (o.error == "a reason") {
			t.Errorf("step %d: %+v", i, o)
		}
	}
}
