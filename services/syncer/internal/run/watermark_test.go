package run

import (
	"testing"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/schema"
)

func TestStartWatermark(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		last string
		kind schema.Kind
		want any
	}{
		{"", schema.DateTime, nil},
		{"12", schema.Integer, int64(12)},
		{"x", schema.Integer, nil},
		{"2026-01-02 00:05:00", schema.DateTime, "2026-01-01 23:55:00"},
		{"2026-01-02 00:05:00.25", schema.Timestamp, "2026-01-01 23:55:00.25"},
		{"2026-01-02", schema.Date, "2026-01-01"},
		{"0000-00-00 00:00:00", schema.DateTime, "0000-00-00 00:00:00"},
	} {
		if got := startWatermark(test.last, test.kind, 10*time.Minute); got != test.want {
			t.Errorf("%q: %v, want %v", test.last, got, test.want)
		}
	}
}

func TestClampWatermark(t *testing.T) {
	t.Parallel()
	const now = "2026-01-02 03:04:05"
	for _, test := range []struct {
		watermark string
		kind      schema.Kind
		want      string
		warn      bool
	}{
		{"", schema.DateTime, "", false},
		{"99999999", schema.Integer, "99999999", false},
		{now, schema.DateTime, now, false},
		{"2026-01-02 03:04:04.9", schema.DateTime, "2026-01-02 03:04:04.9", false},
		{"2026-01-02 05:00:00", schema.DateTime, now, false}, // a local time zone
		{"2026-01-03 03:04:06", schema.DateTime, now, true},
		{"2038-01-19 03:14:07.123", schema.Timestamp, now, true},
		{"2026-01-02", schema.Date, "2026-01-02", false},
		{"2026-01-03", schema.Date, "2026-01-02", false},
		{"2026-01-04", schema.Date, "2026-01-02", true},
	} {
		got, warn := clampWatermark(test.watermark, test.kind, now)
		if got != test.want || warn != test.warn {
			t.Errorf("%s: %s, %t, want %s, %t", test.watermark, got, warn, test.want, test.warn)
		}
	}
}

func TestLaterWatermark(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ before, found, want string }{
		{"", "", ""},
		{"", "5", "5"},
		{"5", "", "5"},
		{"9", "10", "10"},
		{"10", "9", "10"},
		{"-10", "-9", "-9"},
		{"2026-01-02", "2025-12-31", "2026-01-02"},
		{"2026-01-02", "2026-01-02 00:00:01", "2026-01-02 00:00:01"},
	} {
		if got := laterWatermark(test.before, test.found); got != test.want {
			t.Errorf("%q, %q: %q, want %q", test.before, test.found, got, test.want)
		}
	}
}

// The hash changes with everything that gives a watermark its meaning, and with nothing else.
func TestWatermarkHash(t *testing.T) {
	t.Parallel()
	db := dbconn.Config{Driver: dbconn.MySQL, Host: "db", Port: 3306, Name: "stock"}

	table := func(key string, columns ...string) schema.Table {
		t := schema.Table{Name: "v", Key: []string{key}}
		for _, c := range columns {
			t.Columns = append(t.Columns, schema.NewColumn(c, "int"))
		}

		return t
	}

	base := watermarkHash(db, "v", table("a", "a", "b"), "b")
	elsewhere, berlin, utc, user := db, db, db, db
	elsewhere.Host, berlin.Timezone, utc.Timezone, user.User = "other", "Europe/Berlin", "utc", "u"
	stored := table("a", "a", "b")
	stored.Columns[1].Stored = "TEXT"
	for name, test := range map[string]struct {
		hash   string
		isSame bool
	}{
		"the same":       {watermarkHash(db, "v", table("a", "a", "b"), "b"), true},
		"UTC":            {watermarkHash(utc, "v", table("a", "a", "b"), "b"), true},
		"user":           {watermarkHash(user, "v", table("a", "a", "b"), "b"), true},
		"server":         {watermarkHash(elsewhere, "v", table("a", "a", "b"), "b"), false},
		"time zone":      {watermarkHash(berlin, "v", table("a", "a", "b"), "b"), false},
		"view":           {watermarkHash(db, "w", table("a", "a", "b"), "b"), false},
		"key":            {watermarkHash(db, "v", table("b", "a", "b"), "b"), false},
		"columns":        {watermarkHash(db, "v", table("a", "a", "b", "c"), "b"), false},
		"type in SQLite": {watermarkHash(db, "v", stored, "b"), false},
		"column":         {watermarkHash(db, "v", table("a", "a", "b"), "a"), false},
	} {
		if (test.hash == base) != test.isSame {
			t.Errorf("%s: %s and %s", name, test.hash, base)
		}
	}
}
