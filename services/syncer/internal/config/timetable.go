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
var parser = cron.MustNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.DowOrDom | cron.Descriptor)

// Timetable is when passes are due.
type Timetable struct {
	cron cron.Schedule
	zone *time.Location
}

// Timetable reads SYNC_SCHEDULE and SYNC_TIMEZONE. The error names what is wrong of them.
func (s *Sync) Timetable() (Timetable, error) {
	var wrong []error
	zone := time.Local
	if s.Timezone != "" {
		var err error
		if zone, err = time.LoadLocation(s.Timezone); err != nil {
			wrong = append(wrong, fmt.Errorf("SYNC_TIMEZONE: %q: expected a name such as UTC or Europe/Berlin", s.Timezone))
		}
	}
	schedule, err := parser.Parse(s.Schedule)
	if strings.Contains(s.Schedule, "TZ=") {
		err = errors.New("the time zone is set by SYNC_TIMEZONE")
	}
	if err != nil {
		wrong = append(wrong, fmt.Errorf("SYNC_SCHEDULE: %q: %w; expected @every 15m, @daily, or minute hour day month weekday, such as 30 6 * * MON-FRI", s.Schedule, err))
	}
	if len(wrong) > 0 {
		return Timetable{}, errors.Join(wrong...)
	}
	t := Timetable{schedule, zone}
	if t.Next(time.Now()).IsZero() {
		return Timetable{}, fmt.Errorf("SYNC_SCHEDULE: %q: there is no such day", s.Schedule)
	}
	return t, nil
}

// Next is when a pass is due after t.
func (t Timetable) Next(after time.Time) time.Time { return t.cron.Next(after.In(t.zone)) }

// In is the same moment on the schedule's clock.
func (t Timetable) In(moment time.Time) time.Time { return moment.In(t.zone) }

// Zone is the name of the schedule's time zone.
func (t Timetable) Zone() string {
	if t.zone == time.Local {
		return "time zone of the system, " + time.Now().Format("MST")
	}
	return t.zone.String()
}
