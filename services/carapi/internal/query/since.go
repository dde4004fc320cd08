package query

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SinceExpected describes what parseSince reads.
const SinceExpected = "an age such as 7d, 12h or 2w, a day such as 2026-01-31, a time such as 2026-01-31T12:00:00Z, " +
	"or today, yesterday or a day of the week"

// agePattern is a number of hours, days, weeks, months or years.
var agePattern = regexp.MustCompile(`^(\d{1,5}) ?` +
	`(h|hours?|d|days?|w|weeks?|months?|y|years?)(?: ago)?$`)

// pastPattern is what stands before an age or a day to say that it is past.
var pastPattern = regexp.MustCompile(`^(?:(?:(?:in|within|over|during) )?the )?(?:last|past) `)

// weekdays are the days of the week by their names in lower case.
var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// parseSince reads a past time in UTC: a relative one, as ParseRelative does, a day, which means its start, or a time
// with or without a zone.
func parseSince(text string, now time.Time) (time.Time, bool) {
	if t, _, ok := ParseRelative(text, now); ok {
		return t, true
	}

	upper := strings.ToUpper(strings.TrimSpace(text))
	for _, layout := range []string{
		time.DateOnly, time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05",
		"2006-01-02T15:04", "2006-01-02 15:04:05Z07:00", time.DateTime, "2006-01-02 15:04",
	} {
		if t, err := time.Parse(layout, upper); err == nil {
			return t.UTC(), true
		}
	}

	return time.Time{}, false
}

// ParseRelative reads a past time that is named by its distance from now, in UTC: an age (7d, 2 weeks ago), today,
// yesterday, this week, or a day of the week, which means the last one that has begun. isDay reports whether the text
// means the whole day.
func ParseRelative(text string, now time.Time) (t time.Time, isDay, ok bool) {
	now = now.UTC().Truncate(time.Second)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)

	lower := strings.Join(strings.Fields(strings.ToLower(text)), " ")
	lower = pastPattern.ReplaceAllString(strings.TrimPrefix(lower, "since "), "")
	switch lower {
	case "today":
		return today, true, true
	case "yesterday":
		return today.AddDate(0, 0, -1), true, true
	case "week":
		return now.AddDate(0, 0, -7), false, true
	case "month":
		return now.AddDate(0, -1, 0), false, true
	case "this week":
		return lastWeekday(today, time.Monday), false, true
	case "this month":
		return today.AddDate(0, 0, 1-today.Day()), false, true
	}

	// A day of the week may be shortened to three letters.
	isThis := func(day string) bool { return lower == day || len(lower) == 3 && lower == day[:3] }
	if i := slices.IndexFunc(weekdays, isThis); i >= 0 {
		return lastWeekday(today, time.Weekday(i)), true, true
	}

	m := agePattern.FindStringSubmatch(lower)
	if m == nil {
		return t, false, false
	}

	// An age of more than 100 years is a mistake.
	n, _ := strconv.Atoi(m[1])
	const mostYears = 100
	if years := map[byte]int{'h': 24 * 366, 'd': 366, 'w': 53, 'm': 12, 'y': 1}[m[2][0]]; n > mostYears*years {
		return t, false, false
	}

	switch m[2][0] {
	case 'h':
		return now.Add(-time.Duration(n) * time.Hour), false, true
	case 'd':
		return now.AddDate(0, 0, -n), false, true
	case 'w':
		return now.AddDate(0, 0, -7*n), false, true
	case 'm':
		return now.AddDate(0, -n, 0), false, true
	}

	return now.AddDate(-n, 0, 0), false, true
}

// lastWeekday returns the last such day of the week, which may be today.
func lastWeekday(today time.Time, day time.Weekday) time.Time {
	return today.AddDate(0, 0, -int((today.Weekday()-day+7)%7))
}
