package config

import (
	"testing"
	"time"
)

func TestParseAge(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"1h": time.Hour, "24h": day, "90d": 90 * day, "12w": 84 * day, "2y": 730 * day, "100y": 36500 * day,
		"36500d": 36500 * day,
	} {
		if got, err := ParseAge(text); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}

	for _, text := range []string{
		"", "h", "0d", "-1d", "1.5d", "5", "5m", "5s", "5 d", "d5", "1D", "101y", "36501d", "99999999999999999999d",
	} {
		if got, err := ParseAge(text); err == nil {
			t.Errorf("%q: %s, want an error", text, got)
		}
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	h := HistoryAge(time.Hour)
	if err := h.Decode("off"); err != nil || h != 0 {
		t.Errorf("off: %v, %v", h, err)
	}

	if err := h.Decode("90d"); err != nil || time.Duration(h) != 90*24*time.Hour {
		t.Errorf("90d: %v, %v", h, err)
	}
	if err := h.Decode("on"); err == nil {
		t.Error("on: no error")
	}
}
