package serve

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/dustin/go-humanize"

	"carstock/pkg/snapshotfile"
)

// durationText writes a duration in one unit. Like agoText it rounds down, so that both state the same age.
func durationText(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", max(0, d.Seconds()))
	case d < 2*time.Minute:
		return fmt.Sprintf("%d seconds", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}

	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// wholeText writes a duration in whole seconds, or in a larger unit: "1 second", "12 minutes".
func wholeText(d time.Duration) string {
	now := time.Now()
	return strings.TrimSpace(humanize.RelTime(now, now.Add(max(d, time.Second)), "", ""))
}

// agoText writes how long before now a time was: "just now", "7 seconds ago". For a time in the future, which a wrong
// clock has made, it writes the time itself.
func agoText(t, now time.Time) string {
	if snapshotfile.InFuture(t, now) {
		return clockText(t, now)
	}
	if now.Sub(t) < time.Second {
		return "just now"
	}
	return humanize.RelTime(t, now, "ago", "from now")
}

// clockText writes a time as briefly as it is unambiguous at now: the time of day, and the date unless it is today.
func clockText(t, now time.Time) string {
	switch {
	case t.Year() == now.Year() && t.YearDay() == now.YearDay():
		return t.Format("15:04:05")
	case t.Year() == now.Year():
		return t.Format("Jan 2, 15:04:05")
	}
	return t.Format("Jan 2, 2006, 15:04:05")
}

// bytesText writes a size: "357 kB".
func bytesText(n int64) string { return humanize.Bytes(uint64(max(0, n))) }

// countText writes a number of things: "1 run", "1,024 runs".
func countText(n int64, singular, plural string) string {
	if n == 1 {
		return "1 " + singular
	}
	return humanize.Comma(n) + " " + plural
}

// printableText replaces control characters, and drops those that change the direction of text: untrusted text could
// otherwise make the page look as if it said something different. Line breaks stay.
func printableText(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		case unicode.IsControl(r):
			return '\uFFFD'
		}
		return r
	}, text)
}
