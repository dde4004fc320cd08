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

// startWatermark returns the least watermark to read, given the greatest one of the last run. Nil reads all rows.
func startWatermark(last string, kind schema.Kind, overlap time.Duration) any {
	if last == "" {
		return nil
	}
	if kind == schema.Integer {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil {
			return nil
		}
		return n
	}

	for _, layout := range []string{"2006-01-02 15:04:05.999999", time.DateOnly} {
		if t, err := time.Parse(layout, last); err == nil {
			return t.Add(-overlap).Format(layout)
		}
	}

	return last // a zero date: all rows come after it
}

// clockTolerance is how far a watermark may be ahead of the server's clock before that is reported: a DATETIME is often
// in a local time zone.
const clockTolerance = 24 * time.Hour

// clampWatermark limits a watermark of times to now, both as MySQL writes them: no later watermark would follow one
// that is in the future. Warn reports whether it is far ahead.
func clampWatermark(watermark string, kind schema.Kind, now string) (clamped string, warn bool) {
	if kind == schema.Integer || watermark <= now {
		return watermark, false
	}

	clamped = now[:min(len(now), len(watermark))] // a DATE is the first part
	if t, err := time.Parse(time.DateTime, now); err == nil {
		warn = watermark > t.Add(clockTolerance).Format(time.DateTime)
	}
	return clamped, warn
}

// laterWatermark returns the later of the watermark before a run and the one that the run found.
func laterWatermark(before, found string) string {
	i, err := strconv.ParseInt(found, 10, 64)
	if err != nil {
		return max(before, found)
	}

	// Numbers do not sort as their texts do.
	if j, err := strconv.ParseInt(before, 10, 64); err == nil {
		return strconv.FormatInt(max(i, j), 10)
	}
	return max(before, found)
}

// watermarkHash changes with everything that gives a watermark its meaning: the source, the columns, the key, and the
// watermark's column.
func watermarkHash(db dbconn.Config, view string, t schema.Table, watermark string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q\n", db.Address(), view)
	for _, c := range t.Columns {
		fmt.Fprintf(h, "%q %q %q\n", c.Name, c.Type, c.SQLiteType())
	}

	fmt.Fprintf(h, "%q %q", t.Key, watermark)

	// UTC adds nothing, so the watermarks of files that are older than DB_TIMEZONE still count.
	if !strings.EqualFold(db.Timezone, dbconn.ZoneUTC) && db.Timezone != "" {
		fmt.Fprintf(h, " %q", db.Timezone)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
