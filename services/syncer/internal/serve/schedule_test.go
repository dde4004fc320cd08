package serve

import (
	"testing"
	"time"

	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
)

func timetable(t *testing.T, schedule, zone string) config.Schedule {
	t.Helper()
	s := config.Sync{Schedule: schedule, Timezone: zone}
	timetable, err := s.ParseSchedule()
	if err != nil {
		t.Fatal(err)
	}
	return timetable
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func TestFollowing(t *testing.T) {
	for name, test := range map[string]struct{ schedule, due, start, want string }{
		"in time":                    {"*/15 * * * *", "2026-03-01T10:00:00Z", "2026-03-01T10:00:07Z", "2026-03-01T10:15:00Z"},
		"many missed, as in a sleep": {"*/15 * * * *", "2026-03-01T10:00:00Z", "2026-03-02T09:50:00Z", "2026-03-02T10:00:00Z"},
		"an interval keeps its beat": {"@every 15m", "2026-03-01T10:00:00Z", "2026-03-01T10:00:20Z", "2026-03-01T10:15:00Z"},
		"asked for between":          {"*/15 * * * *", "2026-03-01T10:15:00Z", "2026-03-01T10:05:00Z", "2026-03-01T10:15:00Z"},
		"day or weekday":             {"0 6 1,15 * MON", "2026-03-01T06:00:00Z", "2026-03-01T06:00:00Z", "2026-03-02T06:00:00Z"},
		"weekdays":                   {"30 6 * * MON-FRI", "2026-02-27T06:30:00Z", "2026-02-27T06:30:00Z", "2026-03-02T06:30:00Z"},
		"late, as after failures":    {"@every 1m", "2026-03-01T10:00:00Z", "2026-03-01T10:59:30Z", "2026-03-01T11:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			got := following(timetable(t, test.schedule, "UTC"), at(t, test.due), at(t, test.start))
			if !got.Equal(at(t, test.want)) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestFirstPass(t *testing.T) {
	now, hourly := at(t, "2026-03-01T10:20:00Z"), timetable(t, "@hourly", "UTC")
	for name, test := range map[string]struct {
		last    string
		onStart bool
		want    string
	}{
		"at once":                    {"", true, "2026-03-01T10:20:00Z"},
		"by the timetable":           {"", false, "2026-03-01T11:00:00Z"},
		"none was missed":            {"2026-03-01T10:00:01Z", false, "2026-03-01T11:00:00Z"},
		"one was missed":             {"2026-03-01T08:30:00Z", false, "2026-03-01T09:00:00Z"},
		"the clock was ahead before": {"2027-01-01T00:00:00Z", false, "2026-03-01T11:00:00Z"},
	} {
		var last time.Time
		if test.last != "" {
			last = at(t, test.last)
		}
		if p := newPlan(hourly, now, last, test.onStart); !p.at.Equal(at(t, test.want)) {
			t.Errorf("%s: %s, want %s", name, p.at, test.want)
		}
	}
}

// Passes that fail come with growing pauses, and at their time again once one goes well.
func TestPausesAfterFailures(t *testing.T) {
	now := at(t, "2026-03-01T10:00:00Z")
	p := newPlan(timetable(t, "@every 1s", "UTC"), now, time.Time{}, true)
	for i, pause := range []time.Duration{10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600} {
		p.ended(now, now, false)
		if got := p.at.Sub(now); got < pause*time.Second*9/10 || got > pause*time.Second*11/10 {
			t.Errorf("after %d failures comes a pause of %s, want %d s", i+1, got, pause)
		}
		now = p.at
	}
	p.ended(now, now, true)
	if got := p.at.Sub(now); got > 2*time.Second {
		t.Errorf("after a good pass comes a pause of %s", got)
	}
	p.ended(now, now, false)
	if got := p.at.Sub(now); got > 11*time.Second {
		t.Errorf("and then, after one failure, one of %s", got)
	}

	// What is due later than that comes when it is due.
	p = newPlan(timetable(t, "@hourly", "UTC"), now, time.Time{}, true)
	p.ended(now, now, false)
	if hour := timetable(t, "@hourly", "UTC").Next(now); p.at.Before(hour) || p.at.After(hour.Add(maxJitter)) {
		t.Errorf("it comes at %s, want %s", p.at, hour)
	}
}

func TestJitter(t *testing.T) {
	now := at(t, "2026-03-01T10:00:00Z")
	for schedule, most := range map[string]time.Duration{"@every 10s": time.Second, "@every 1m": 6 * time.Second, "@every 24h": maxJitter} {
		p, moments := newPlan(timetable(t, schedule, "UTC"), now, time.Time{}, true), map[time.Time]bool{}
		start := now
		for range 20 {
			if late := p.ended(start, start, true); late || p.at.Before(p.due) || p.at.After(p.due.Add(most)) {
				t.Errorf("%s: it comes %s late", schedule, p.at.Sub(p.due))
			}
			start = p.due
			moments[p.at] = true
		}
		if len(moments) < 2 {
			t.Errorf("%s: there is none", schedule)
		}
	}
}

// One pass makes up for all that were due while another was under way.
func TestPassDueMeanwhile(t *testing.T) {
	start := at(t, "2026-03-01T10:00:00Z")
	now := start.Add(5*time.Minute + time.Second)
	p := newPlan(timetable(t, "@every 1m", "UTC"), start, time.Time{}, true)
	if late := p.ended(start, now, true); !late || !p.at.Equal(now) {
		t.Errorf("late: %v, at %s", late, p.at)
	}
	if late := p.ended(now, now.Add(time.Second), true); late || p.at.Before(now.Add(time.Minute)) {
		t.Errorf("late: %v, at %s", late, p.at)
	}
}

// The clock is three hours ahead, and then set right.
func TestClockIsSetBack(t *testing.T) {
	wrong := at(t, "2026-03-01T10:00:00Z")
	right := wrong.Add(-3 * time.Hour)
	p := newPlan(timetable(t, "@every 1m", "UTC"), wrong, time.Time{}, true)
	p.ended(wrong, wrong, true)
	due := p.at
	if p.correct(wrong); !p.at.Equal(due) {
		t.Errorf("nothing was to be corrected, and it is %s", p.at)
	}
	if p.correct(right); p.at.Before(right) || p.at.After(right.Add(time.Minute+maxJitter)) {
		t.Errorf("it comes at %s", p.at)
	}
	for range 20 {
		p.ended(right, right, false)
	}
	paused := p.at
	if p.correct(right); !p.at.Equal(paused) {
		t.Errorf("a pause after failures was cut short: %s", p.at)
	}
}

// The clock of the time zone counts, also where it is put forward and back.
func TestTimezone(t *testing.T) {
	for _, test := range []struct{ schedule, after, want string }{
		{"30 6 * * *", "2026-01-10T00:00:00Z", "2026-01-10T05:30:00Z"},
		{"30 6 * * *", "2026-03-29T00:00:00Z", "2026-03-29T04:30:00Z"},
		{"30 6 * * *", "2026-10-25T00:00:00Z", "2026-10-25T05:30:00Z"},
		// A time that the night skips comes after the gap; one that it has twice comes twice.
		{"30 2 * * *", "2026-03-29T00:00:00Z", "2026-03-29T01:30:00Z"},
		{"30 2 * * *", "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"},
		{"30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
	} {
		if got := timetable(t, test.schedule, "Europe/Berlin").Next(at(t, test.after)); !got.Equal(at(t, test.want)) {
			t.Errorf("%s after %s: %s, want %s", test.schedule, test.after, got, test.want)
		}
	}
}

func TestOutcome(t *testing.T) {
	var o outcome
	for i, step := range []struct {
		status   string
		failures int
	}{
		{snapshotfile.Failed, 1}, {snapshotfile.Refused, 2}, {snapshotfile.Stopped, 2}, {"skipped", 2}, {snapshotfile.Failed, 3}, {snapshotfile.OK, 0},
	} {
		o = o.after(step.status, "why")
		if o.failures != step.failures || (o.failures > 0) != (o.error == "why") {
			t.Errorf("step %d: %+v", i, o)
		}
	}
}

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		400 * time.Millisecond: "0.4 s", 42 * time.Second: "42 seconds", 12 * time.Minute: "12 minutes", 5 * time.Hour: "5 hours", 72 * time.Hour: "3 days", -time.Second: "0.0 s",
	} {
		if got := words(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
