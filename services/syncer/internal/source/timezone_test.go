package source

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"testing"

	"carstock/pkg/schema"
)

func TestFormatUTC(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		value driver.Value
		want  string
	}{
		{nil, "<nil>"},
		{int64(0), "0000-00-00 00:00:00"},
		{int64(1), "1970-01-01 00:00:01"},
		{int64(1767323045), "2026-01-02 03:04:05"},
		{[]byte("1767323045"), "2026-01-02 03:04:05"},
		{[]byte("1767323045.1200"), "2026-01-02 03:04:05.1200"},
		{[]byte("0.000"), "0000-00-00 00:00:00.000"},
		{[]byte("0.001"), "1970-01-01 00:00:00.001"},
		{[]byte("2147483647"), "2038-01-19 03:14:07"},
	} {
		got, err := formatUTC(test.value)
		if b, ok := got.([]byte); ok {
			got = string(b)
		}
		if err != nil || fmt.Sprint(got) != test.want {
			t.Errorf("%v: %v, %v, want %s", test.value, got, err, test.want)
		}
	}

	for _, v := range []driver.Value{"text", 1.5, []byte("x"), []byte("")} {
		if got, err := formatUTC(v); err == nil {
			t.Errorf("%v: %v, want an error", v, got)
		}
	}
}

func TestUnixSeconds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ watermark, want any }{
		{"2026-01-02 03:04:05", int64(1767323045 - 3*3600)},
		{"2026-01-02 03:04:05.5", int64(1767323045 - 3*3600)},
		{"1970-01-01 00:00:01", int64(0)},
		{"0000-00-00 00:00:00", nil},
		{int64(7), nil},
		{nil, nil},
	} {
		if got := unixSeconds(test.watermark); got != test.want {
			t.Errorf("%v: %v, want %v", test.watermark, got, test.want)
		}
	}
}

func TestZonesDiffer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		session, server string
		want            bool
	}{
		{"+00:00", "UTC", false},
		{"+00:00", "Etc/Zulu", false},
		{"utc", "GMT", false},
		{"Europe/Berlin", "europe/berlin", false},
		{"+00:00", "CET", true},
		{"+02:00", "UTC", true},
	} {
		if got := (Zones{Session: test.session, Server: test.server}).Differ(); got != test.want {
			t.Errorf("%+v: %t", test, got)
		}
	}
}

func TestSelectRows(t *testing.T) {
	t.Parallel()
	table := schema.Table{Name: "v`1", Columns: []schema.Column{
		schema.NewColumn("id", "int"), schema.NewColumn("at", "timestamp"), schema.NewColumn("n", "int"),
	}}
	table.Columns[2].Nullable = true
	const inUTC, elsewhere = "+00:00", "Europe/Berlin"
	for _, test := range []struct {
		zone       string
		q          RowQuery
		order      []int
		checkHours bool
		want       string
		arg        any
		positions  int
	}{
		{zone: inUTC, want: "SELECT `id`, `at`, `n` FROM `v``1`"},
		{zone: inUTC, q: RowQuery{Watermark: "id"}, want: "SELECT `id`, `at`, `n` FROM `v``1`"},
		{
			zone: inUTC, q: RowQuery{Watermark: "id", Since: int64(7)}, arg: int64(7),
			want: "SELECT `id`, `at`, `n` FROM `v``1` WHERE `id` >= ?",
		},
		{
			zone: inUTC, q: RowQuery{Watermark: "n", Since: int64(7)}, arg: int64(7),
			want: "SELECT `id`, `at`, `n` FROM `v``1` WHERE `n` >= ? OR `n` IS NULL",
		},
		{
			zone: inUTC, q: RowQuery{Watermark: "at", Since: "2026-01-02 03:04:05"}, arg: "2026-01-02 03:04:05",
			want: "SELECT `id`, `at`, `n` FROM `v``1` WHERE `at` >= ?",
		},
		{zone: elsewhere, want: "SELECT `id`, UNIX_TIMESTAMP(`at`), `n` FROM `v``1`", positions: 1},
		{
			zone: elsewhere, q: RowQuery{Watermark: "at", Since: "2026-01-02 03:04:05"}, arg: int64(1767312245), positions: 1,
			want: "SELECT `id`, UNIX_TIMESTAMP(`at`), `n` FROM `v``1` WHERE `at` >= FROM_UNIXTIME(?)",
		},
		{
			zone: elsewhere, q: RowQuery{Watermark: "at", Since: "no time"}, positions: 1,
			want: "SELECT `id`, UNIX_TIMESTAMP(`at`), `n` FROM `v``1`",
		},
		{
			zone: elsewhere, checkHours: true, positions: 1,
			want: "SELECT `id`, UNIX_TIMESTAMP(`at`), `n`, `at` IN (FROM_UNIXTIME(UNIX_TIMESTAMP(`at`) + 1800), " +
				"FROM_UNIXTIME(UNIX_TIMESTAMP(`at`) + 3600), FROM_UNIXTIME(UNIX_TIMESTAMP(`at`) + 7200)) FROM `v``1`",
		},
		{zone: inUTC, order: []int{2, 0, 1}, want: "SELECT `n`, `id`, `at` FROM `v``1`"},
		{
			zone: elsewhere, order: []int{1, 2, 0}, checkHours: true, positions: 1,
			want: "SELECT UNIX_TIMESTAMP(`at`), `n`, `id`, `at` IN (FROM_UNIXTIME(UNIX_TIMESTAMP(`at`) + 1800), " +
				"FROM_UNIXTIME(UNIX_TIMESTAMP(`at`) + 3600), FROM_UNIXTIME(UNIX_TIMESTAMP(`at`) + 7200)) FROM `v``1`",
		},
	} {
		test.q.Table = table
		query, args, utc := (&Reader{zone: test.zone}).selectRows(test.q, test.order, test.checkHours)
		var arg any
		if len(args) > 0 {
			arg = args[0].Value
		}
		if query != test.want || arg != test.arg || len(utc.positions) != test.positions {
			t.Errorf("%s, %v, %v\nwant %s, %v", query, arg, utc.positions, test.want, test.arg)
		}
	}
}

// utcRows converts TIMESTAMPs to UTC, and counts those in a repeated hour.
func TestUTCRows(t *testing.T) {
	t.Parallel()
	table := schema.Table{Columns: []schema.Column{schema.NewColumn("id", "int"), schema.NewColumn("at", "timestamp")}}
	rows := newUTCRows(&listedRows{columns: 3, rows: [][]driver.Value{
		{int64(1), []byte("1767323045"), int64(0)}, {int64(2), []byte("1767323045"), int64(1)}, {int64(3), nil, nil},
	}}, utcColumns{positions: []int{1}, checkHours: true})
	var got []string
	row := make([]driver.Value, 2)
	for rows.Next(row) == nil {
		got = append(got, fmt.Sprintf("%v %s", row[0], row[1]))
	}

	if want := "[1 2026-01-02 03:04:05 2 2026-01-02 03:04:05 3 %!s(<nil>)]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}

	warnings := rows.warnings(table)
	if len(warnings) != 1 || !strings.HasPrefix(warnings[0], "at: 1 values are in the hour that occurs twice") {
		t.Errorf("%v", warnings)
	}
}
