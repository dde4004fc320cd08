package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/netresearch/go-cron"
)

// cronParser parses the five fields of cron. If day and weekday are both given, a day that matches either is due, as
// cron has it.
var cronParser = cron.MustNewParser(
	cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.DowOrDom | cron.Descriptor)

// Schedule says when runs are due.
type Schedule struct {
	due  cron.Schedule
	zone *time.Location
}

// ParseSchedule parses SYNC_SCHEDULE and SYNC_TIMEZONE. The error names what is invalid.
func (s *SyncConfig) ParseSchedule() (Schedule, error) {
	var errs []error
	zone := time.Local
	if s.Timezone != "" {
		var err error
		if zone, err = time.LoadLocation(s.Timezone); err != nil {
			errs = append(errs, fmt.Errorf("SYNC_TIMEZONE: %q: expected a name such as UTC or Europe/Berlin", s.Timezone))
		}
	}

	due, err := cronParser.Parse(s.Schedule)
	if strings.Contains(s.Schedule, "TZ=") { // which the library would accept
		err = errors.New("the time zone is set by SYNC_TIMEZONE")
	}
	if err != nil {
		errs = append(errs, fmt.Errorf("SYNC_SCHEDULE: %q: %w; expected @every 15m, @daily, "+
			"or minute hour day month weekday, such as 30 6 * * MON-FRI", s.Schedule, err))
	}
	if len(errs) > 0 {
		return Schedule{}, errors.Join(errs...)
	}

	// The fields may be valid, and name a day such as February 30.
	schedule := Schedule{due, zone}
	if schedule.Next(time.Now()).IsZero() {
		return Schedule{}, fmt.Errorf("SYNC_SCHEDULE: %q: there is no such day", s.Schedule)
	}
	return schedule, nil
}

// Next returns when a run is due after a moment; zero if there is no such time. The fields of cron are times on the
// wall clock. If the clock skips a time, such as midnight where summer time begins then, the run is due as much later
// as the clock skips. If the clock shows a time twice, a run is due twice.
//
// The library sees only a clock in UTC, which never jumps. With other clocks it leaves days out, or never returns.
func (s Schedule) Next(after time.Time) time.Time {
	after = after.In(s.zone)
	if _, hasFields := s.due.(*cron.SpecSchedule); !hasFields {
		return s.due.Next(after) // an interval is the same on any clock
	}

	// Try the clock as it is set now, then as it is set after its next jump, and so on.
	for set := after; ; {
		begin, end := set.ZoneBounds()
		next, _ := s.nextOn(after, set)

		// A time that the jump at begin has skipped is due by the clock as it was set before.
		if before := begin.Add(-1); !begin.IsZero() && wallClock(begin, begin).After(wallClock(begin, before)) {
			skipped, wall := s.nextOn(after, before)
			if !wall.IsZero() && wall.Before(wallClock(begin, begin)) && (next.IsZero() || skipped.Before(next)) {
				next = skipped
			}
		}

		if next.IsZero() || end.IsZero() || next.Before(end) {
			return next
		}
		set = end.In(s.zone)
		after = set.Add(-time.Second) // a run that is due just then counts
	}
}

// nextOn is Next for a clock that stays as it is set at one moment. It also returns what that clock shows then.
func (s Schedule) nextOn(after, set time.Time) (next, wall time.Time) {
	shown := wallClock(after, set)
	if wall = s.due.Next(shown); wall.IsZero() {
		return wall, wall
	}
	return after.Add(wall.Sub(shown)), wall
}

// wallClock returns what a clock shows at a moment, as a time in UTC, if it is set as at another moment.
func wallClock(moment, set time.Time) time.Time {
	_, offset := set.Zone()
	return moment.UTC().Add(time.Duration(offset) * time.Second)
}

// InZone returns the same moment in the schedule's time zone.
func (s Schedule) InZone(moment time.Time) time.Time { return moment.In(s.zone) }

// ZoneName returns the name of the schedule's time zone.
func (s Schedule) ZoneName() string {
	if s.zone == time.Local {
		return "the system's time zone, " + time.Now().Format("MST")
	}
	return s.zone.String()
}
