package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/netresearch/go-cron"
)

// parser takes the five fields of cron. As cron has it, a day is due if either day or weekday says so,
// where both are given.
var cronParser = cron.MustNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.DowOrDom | cron.Descriptor)

// Timetable is when passes are due.
type Schedule struct {
	due  cron.Schedule
	zone *time.Location
}

// Timetable reads SYNC_SCHEDULE and SYNC_TIMEZONE. The error names what is wrong of them.
func (s *Sync) ParseSchedule() (Schedule, error) {
	var wrong []error
	zone := time.Local
	if s.Timezone != "" {
		var err error
		if zone, err = time.LoadLocation(s.Timezone); err != nil {
			wrong = append(wrong, fmt.Errorf("SYNC_TIMEZONE: %q: expected a name such as UTC or Europe/Berlin", s.Timezone))
		}
	}
	schedule, err := cronParser.Parse(s.Schedule)
	if strings.Contains(s.Schedule, "TZ=") {
		err = errors.New("the time zone is set by SYNC_TIMEZONE")
	}
	if err != nil {
		wrong = append(wrong, fmt.Errorf("SYNC_SCHEDULE: %q: %w; expected @every 15m, @daily, or minute hour day month weekday, such as 30 6 * * MON-FRI", s.Schedule, err))
	}
	if len(wrong) > 0 {
		return Schedule{}, errors.Join(wrong...)
	}
	t := Schedule{schedule, zone}
	if t.Next(time.Now()).IsZero() {
		return Schedule{}, fmt.Errorf("SYNC_SCHEDULE: %q: there is no such day", s.Schedule)
	}
	return t, nil
}

// Next is when a run is due after a moment; zero if there is no such time. Fields of cron are times on the
// wall. One that the clocks skip, as midnight where summer time begins then, comes as much later; one that
// they show twice comes twice.
//
// The library only sees a clock of UTC, which never jumps: with others it leaves days out, or does not
// come to an end.
func (t Schedule) Next(after time.Time) time.Time {
	after = after.In(t.zone)
	if _, fields := t.due.(*cron.SpecSchedule); !fields {
		return t.due.Next(after) // an interval is the same on any clock
	}
	for set := after; ; { // the clock as it is set then, up to its next jump
		begin, end := set.ZoneBounds()
		next, _ := t.nextOn(after, set)
		if before := begin.Add(-1); !begin.IsZero() && wallClock(begin, begin).After(wallClock(begin, before)) {
			skipped, wall := t.nextOn(after, before)
			if !wall.IsZero() && wall.Before(wallClock(begin, begin)) && (next.IsZero() || skipped.Before(next)) {
				next = skipped
			}
		}
		if next.IsZero() || end.IsZero() || next.Before(end) {
			return next
		}
		set = end.In(t.zone)
		after = set.Add(-time.Second) // what is due then counts
	}
}

// nextOn is Next by a clock that stays as it is set at a moment, and what that clock shows then.
func (t Schedule) nextOn(after, set time.Time) (next, wall time.Time) {
	shown := wallClock(after, set)
	if wall = t.due.Next(shown); wall.IsZero() {
		return wall, wall
	}
	return after.Add(wall.Sub(shown)), wall
}

// onWall is what a clock shows at a moment, as a time of UTC, if it is set as it is at another.
func wallClock(moment, set time.Time) time.Time {
	_, offset := set.Zone()
	return moment.UTC().Add(time.Duration(offset) * time.Second)
}

// In is the same moment on the schedule's clock.
func (t Schedule) InZone(moment time.Time) time.Time { return moment.In(t.zone) }

// Zone is the name of the schedule's time zone.
func (t Schedule) ZoneName() string {
	if t.zone == time.Local {
		return "time zone of the system, " + time.Now().Format("MST")
	}
	return t.zone.String()
}
