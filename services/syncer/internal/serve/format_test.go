package serve

import (
	"testing"
	"time"
)

func TestDurationText(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		400 * time.Millisecond: "0.4 s",
		42 * time.Second:       "42 seconds",
		12 * time.Minute:       "12 minutes",
		899 * time.Second:      "14 minutes",
		5 * time.Hour:          "5 hours",
		72 * time.Hour:         "3 days",
		-time.Second:           "0.0 s",
	} {
		if got := durationText(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

func TestWholeText(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second:           "1 second",
		400 * time.Millisecond: "1 second",
		42 * time.Second:       "42 seconds",
		time.Minute:            "1 minute",
		5 * time.Hour:          "5 hours",
	} {
		if got := wholeText(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

func TestAgoText(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-03-01T10:00:00Z")
	for age, want := range map[time.Duration]string{
		0:                      "just now",
		999 * time.Millisecond: "just now",
		7 * time.Second:        "7 seconds ago",
		3 * time.Minute:        "3 minutes ago",
		49 * time.Hour:         "2 days ago",
		-49 * time.Hour:        "Mar 3, 11:00:00", // a clock is wrong
	} {
		if got := agoText(now.Add(-age), now); got != want {
			t.Errorf("%s: %q, want %q", age, got, want)
		}
	}
}

func TestClockText(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-03-01T10:00:00Z")
	for moment, want := range map[string]string{
		"2026-03-01T09:59:58Z": "09:59:58",
		"2026-02-28T23:00:00Z": "Feb 28, 23:00:00",
		"2025-03-01T09:00:00Z": "Mar 1, 2025, 09:00:00",
	} {
		if got := clockText(at(t, moment), now); got != want {
			t.Errorf("%s: %q, want %q", moment, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Škoda 1.4 TSI\nCombi":       "Škoda 1.4 TSI\nCombi",
		"a\u202Etxt.exe\u2066b":      "atxt.exeb",
		"a\x00b\x1b[31m":             "a\uFFFDb\uFFFD[31m",
		"\U0001F468\u200D\U0001F469": "\U0001F468\u200D\U0001F469", // a joined emoji
	} {
		if got := printableText(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
