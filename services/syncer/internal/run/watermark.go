package run

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/schema"
)

// since is the least watermark to read, when mark is the greatest that was seen.
func startWatermark(mark string, kind schema.Kind, overlap time.Duration) any {
	if mark == "" {
		return nil
	}
	if kind == schema.Integer {
		n, err := strconv.ParseInt(mark, 10, 64)
		if err != nil {
			return nil
		}
		return n
	}
	for _, layout := range []string{"2006-01-02 15:04:05.999999", time.DateOnly} {
		if t, err := time.Parse(layout, mark); err == nil {
			return t.Add(-overlap).Format(layout)
		}
	}
	return mark // a zero date: all rows are after it
}

// clockSlop is how far a watermark may be ahead of the server's clock without a word: a DATETIME is
// often in a local time zone.
const clockTolerance = 24 * time.Hour

// notAfter holds a watermark of times back to now, both as MySQL writes them: from one that is in the
// future no later one would follow. It reports whether that is worth a warning.
func clampWatermark(mark string, kind schema.Kind, now string) (text string, warn bool) {
	if kind == schema.Integer || mark <= now {
		return mark, false
	}
	text = now[:min(len(now), len(mark))] // a DATE is the first part
	if t, err := time.Parse(time.DateTime, now); err == nil {
		warn = mark > t.Add(clockTolerance).Format(time.DateTime)
	}
	return text, warn
}

// laterMark is the later of the watermark before a run and the one that the run found.
func laterWatermark(before, found string) string {
	i, err := strconv.ParseInt(found, 10, 64)
	if err != nil {
		return max(before, found)
	}
	// Numbers are not in the order of their texts.
	if j, err := strconv.ParseInt(before, 10, 64); err == nil {
		return strconv.FormatInt(max(i, j), 10)
	}
	return max(before, found)
}

// hash changes with all that makes a watermark's meaning: source, columns, key and the column itself.
func watermarkHash(db dbconn.Config, view string, t schema.Table, watermark string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q\n", db.Address(), view)
	for _, c := range t.Columns {
		fmt.Fprintf(h, "%q %q %q\n", c.Name, c.Type, c.SQLiteType())
	}
	fmt.Fprintf(h, "%q %q", t.Key, watermark)
	if !strings.EqualFold(db.Timezone, dbconn.ZoneUTC) && db.Timezone != "" {
		fmt.Fprintf(h, " %q", db.Timezone)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
