package serve

import (
	"testing"
	"time"

	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
)

func timetable(t *testing.T, schedule, zone string) config.Timetable {
	t.Helper()
	s := config.Sync{Schedule: schedule, Timezone: zone}
	timetable, err := s.Timetable()
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

// The clock of the time zone counts, also where it is put forward and back.
func TestTimezone(t *testing.T) {
	berlin := timetable(t, "30 6 * * *", "Europe/Berlin")
	for after, want := range map[string]string{
		"2026-01-10T00:00:00Z": "2026-01-10T05:30:00Z",
		"2026-03-29T00:00:00Z": "2026-03-29T04:30:00Z", // summer time has begun
		"2026-10-25T00:00:00Z": "2026-10-25T05:30:00Z",
	} {
		if got := berlin.Next(at(t, after)); !got.Equal(at(t, want)) {
			t.Errorf("after %s comes %s, want %s", after, got, want)
		}
	}
}

func TestOutcome(t *testing.T) {
	var o outcome
	for i, step := range []struct {
		status   string
		failures int
	}{
		{snapshot.Failed, 1}, {snapshot.Refused, 2}, {snapshot.Stopped, 2}, {"skipped", 2}, {snapshot.Failed, 3}, {snapshot.OK, 0},
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
