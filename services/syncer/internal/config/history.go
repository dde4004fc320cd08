package config

import (
	"fmt"
	"strconv"
	"time"
)

// HistoryAge is how long changes are kept; 0 for no history.
type HistoryAge time.Duration

// Decode reads the variable, for envconfig.
func (h *HistoryAge) Decode(text string) error {
	if text == SettingOff {
		*h = 0
		return nil
	}

	keep, err := ParseAge(text)
	if err != nil {
		return fmt.Errorf("%w, or off", err)
	}

	*h = HistoryAge(keep)
	return nil
}

// maxYears is the longest age. Many more years do not fit into a time.Duration.
const maxYears = 100

// ParseAge parses an age such as 24h, 90d, 12w or 2y. A year has 365 days. There is no unit m: it could mean minutes or
// months.
func ParseAge(text string) (time.Duration, error) {
	const day = 24 * time.Hour
	units := map[byte]time.Duration{'h': time.Hour, 'd': day, 'w': 7 * day, 'y': 365 * day}
	invalid := fmt.Errorf("%q: expected hours, days, weeks or years, such as 24h, 90d, 12w or 2y", text)
	if text == "" {
		return 0, invalid
	}

	unit := units[text[len(text)-1]]
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	if unit == 0 || err != nil || n == 0 {
		return 0, invalid
	}
	if n > uint64(maxYears*units['y']/unit) {
		return 0, fmt.Errorf("%q: expected at most %d years", text, maxYears)
	}
	return time.Duration(n) * unit, nil
}
