package query

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"carstock/services/carapi/internal/catalog"
)

func TestParseSince(t *testing.T) {
	now := time.Date(2026, 11, 26, 15, 30, 0, 0, time.UTC) // a Thursday
	for text, want := range map[string]string{
		"7d":                        "2026-11-19T15:30:00Z",
		"7 days":                    "2026-11-19T15:30:00Z",
		"7 days ago":                "2026-11-19T15:30:00Z",
		"last 7 days":               "2026-11-19T15:30:00Z",
		"past week":                 "2026-11-19T15:30:00Z",
		"in the last 7 days":        "2026-11-19T15:30:00Z",
		"2026-01-31T12:00:00+0200":  "2026-01-31T10:00:00Z",
		"2026-01-31T12:00+02:00":    "2026-01-31T10:00:00Z",
		"2026-01-31 12:00:00+02:00": "2026-01-31T10:00:00Z",
		"12h":                       "2026-11-26T03:30:00Z",
		"2w":                        "2026-11-12T15:30:00Z",
		"3 months":                  "2026-08-26T15:30:00Z",
		"1y":                        "2025-11-26T15:30:00Z",
		"today":                     "2026-11-26T00:00:00Z",
		"Yesterday":                 "2026-11-25T00:00:00Z",
		"Monday":                    "2026-11-23T00:00:00Z",
		"last monday":               "2026-11-23T00:00:00Z",
		"thu":                       "2026-11-26T00:00:00Z",
		"friday":                    "2026-11-20T00:00:00Z",
		"this week":                 "2026-11-23T00:00:00Z",
		"last week":                 "2026-11-19T15:30:00Z",
		"this month":                "2026-11-01T00:00:00Z",
		"2026-01-31":                "2026-01-31T00:00:00Z",
		"2026-01-31T12:00:00Z":      "2026-01-31T12:00:00Z",
		"2026-01-31T12:00:00+02:00": "2026-01-31T10:00:00Z",
		"2026-01-31 12:00":          "2026-01-31T12:00:00Z",
	} {
		if got, ok := parseSince(text, now); !ok || got.Format(time.RFC3339) != want {
			t.Errorf("%q is %s, %v, want %s", text, got.Format(time.RFC3339), ok, want)
		}
	}
	for _, text := range []string{
		"", "soon", "7", "-7d", "2026-13-01", "7x", "mon day", "99999999d",
		"last", "in 7 days",
	} {
		if got, ok := parseSince(text, now); ok {
			t.Errorf("%q is %s, want no time", text, got)
		}
	}
}

// The times that name a page are those of the first one, to the fraction of a second.
func TestChangesKeepTheirTime(t *testing.T) {
	now := time.Date(2026, 11, 26, 15, 30, 0, 999_000_000, time.UTC)
	for since, want := range map[string]string{
		"": "2026-11-19T15:30:00Z", "2026-01-31T12:00:00.763Z": "2026-01-31T12:00:00.763Z",
		"0001-01-01": "0001-01-01T00:00:00Z",
	} {
		p := NewParameters(&catalog.Catalog{})
		first, err := p.ParseChanges(url.Values{"since": {since}}, now, "since")
		if err != nil {
			t.Fatal(err)
		}

		next := first.NextPage(ChangesCursor{Change: 7})
		second, err := p.ParseChanges(next, now.Add(time.Hour), "since", "cursor")
		if err != nil || !second.Since.Equal(first.Since) || next.Get("since") != want ||
			!strings.Contains(string(first.Applied()), want) {
			t.Errorf("%q: %v, then %v (%v), want %s", since, first.Since, second.Since, err, want)
		}
	}
}
