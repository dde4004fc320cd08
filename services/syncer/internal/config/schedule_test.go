package config

import (
	"fmt"
	"testing"
	"time"
)

// Daily runs are a day apart even if the clocks skip midnight, half an hour, two hours or a whole day, or show an hour
// twice.
func TestRunsOfEachDay(t *testing.T) {
	t.Parallel()
	for zone, years := range map[string][2]int{
		"Africa/Cairo":         {2008, 2026},
		"Africa/Casablanca":    {2018, 2026},
		"America/Asuncion":     {2018, 2025},
		"America/Havana":       {2018, 2026},
		"America/Santiago":     {2020, 2026},
		"America/Sao_Paulo":    {2015, 2019},
		"America/Scoresbysund": {2020, 2026},
		"America/St_Johns":     {2005, 2012},
		"Antarctica/Troll":     {2020, 2026},
		"Asia/Amman":           {2010, 2023},
		"Asia/Beirut":          {2020, 2026},
		"Asia/Damascus":        {2010, 2023},
		"Asia/Gaza":            {2018, 2026},
		"Asia/Tehran":          {2016, 2023},
		"Atlantic/Azores":      {2020, 2026},
		"Australia/Lord_Howe":  {2020, 2026},
		"Europe/Berlin":        {2020, 2026},
		"Europe/Dublin":        {2020, 2026},
		"Pacific/Apia":         {2010, 2013},
		"UTC":                  {2024, 2025},
	} {
		for _, text := range []string{
			"@daily", "0 0 * * *", "30 0 * * *", "0 1 * * *", "15 2 * * *", "30 2 * * *", "59 23 * * *", "0 12 * * *",
		} {
			t.Run(zone+" "+text, func(t *testing.T) {
				t.Parallel()
				schedule := newSchedule(t, text, zone)
				end := time.Date(years[1], 1, 1, 0, 0, 0, 0, schedule.zone)
				last := time.Date(years[0], 1, 1, 0, 0, 0, 0, schedule.zone)
				for runs := 0; last.Before(end); runs++ {
					next := schedule.Next(last)
					apart := next.Sub(last)
					mayBeClose := isShownTwice(next) || isShownTwice(last) || isAfterSkippedDay(next)
					if runs > 0 && (apart > 26*time.Hour || apart < 22*time.Hour && !mayBeClose) {
						t.Fatalf("%s comes %s after %s", next, apart, last)
					}
					last = next
				}
			})
		}
	}
}

// isShownTwice reports whether the clocks show this local time twice.
func isShownTwice(at time.Time) bool {
	begin, end := at.ZoneBounds()
	_, now := at.Zone()
	_, before := begin.Add(-1).Zone()
	_, later := end.Zone()
	return at.Sub(begin) < time.Duration(before-now)*time.Second || end.Sub(at) <= time.Duration(now-later)*time.Second
}

// isAfterSkippedDay reports whether a time is in the first day after a skipped one.
func isAfterSkippedDay(at time.Time) bool {
	begin, _ := at.ZoneBounds()
	_, now := at.Zone()
	_, before := begin.Add(-1).Zone()
	return at.Sub(begin) < time.Duration(now-before)*time.Second
}

func newSchedule(t *testing.T, schedule, zone string) Schedule {
	t.Helper()
	s, err := (&SyncConfig{Schedule: schedule, Timezone: zone}).ParseSchedule()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNext(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ schedule, zone, after, want string }{
		{"@daily", "America/Santiago", "2026-09-05T12:00:00-04:00", "2026-09-06T01:00:00-03:00"},
		{"@daily", "America/Santiago", "2026-09-06T01:00:00-03:00", "2026-09-07T00:00:00-03:00"},
		{"@weekly", "America/Santiago", "2026-09-05T12:00:00-04:00", "2026-09-06T01:00:00-03:00"}, // a Sunday
		{"0 0 6 9 *", "America/Santiago", "2025-12-01T00:00:00-03:00", "2026-09-06T01:00:00-03:00"},
		{"0 0 6 * MON", "America/Santiago", "2026-09-05T12:00:00-04:00", "2026-09-06T01:00:00-03:00"},
		{"0 0 7 * *", "America/Santiago", "2026-09-05T12:00:00-04:00", "2026-09-07T00:00:00-03:00"},
		{"*/20 0 * * *", "America/Santiago", "2026-09-05T12:00:00-04:00", "2026-09-06T01:00:00-03:00"},
		{"*/20 0 * * *", "America/Santiago", "2026-09-06T01:00:00-03:00", "2026-09-06T01:20:00-03:00"},
		{"*/20 * * * *", "America/Santiago", "2026-09-05T23:40:00-04:00", "2026-09-06T01:00:00-03:00"},
		{"@hourly", "America/Santiago", "2026-09-05T23:00:00-04:00", "2026-09-06T01:00:00-03:00"},
		{"@every 30m", "America/Santiago", "2026-09-05T23:45:00-04:00", "2026-09-06T01:15:00-03:00"},
		{"30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00+01:00", "2026-03-29T03:30:00+02:00"},
		{"30 2,3 * * *", "Europe/Berlin", "2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"},
		{"15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00+10:30", "2026-10-04T02:45:00+11:00"},
		{"@hourly", "Europe/Berlin", "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"}, // an hour that occurs twice
		{"0 0 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00-10:00", "2011-12-31T00:00:00+14:00"},
		{"30 6 * * MON-FRI", "America/Santiago", "2026-09-04T12:00:00-04:00", "2026-09-07T06:30:00-03:00"},
	} {
		schedule := newSchedule(t, test.schedule, test.zone)
		after, err := time.Parse(time.RFC3339, test.after)
		if err != nil {
			t.Fatal(err)
		}
		if got := schedule.Next(after).Format(time.RFC3339); got != test.want {
			t.Errorf("%s in %s after %s: %s, want %s", test.schedule, test.zone, test.after, got, test.want)
		}
	}

	_, err := (&SyncConfig{Schedule: "0 0 30 2 *", Timezone: "America/Santiago"}).ParseSchedule()
	if want := `SYNC_SCHEDULE: "0 0 30 2 *": there is no such day`; fmt.Sprint(err) != want {
		t.Errorf("%v, want %s", err, want)
	}
}
