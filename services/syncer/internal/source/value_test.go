package source

import (
	"database/sql/driver"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"carstock/pkg/schema"
)

func TestConverters(t *testing.T) {
	t.Parallel()
	text := func(s string) []byte { return []byte(s) }

	for _, test := range []struct {
		declared, stored string
		how              Values
		value, want      driver.Value
		warning, err     string
	}{
		{declared: "int", value: int64(-7), want: int64(-7)},
		{declared: "bigint unsigned", value: int64(7), want: int64(7)},
		{declared: "bigint unsigned", value: text("9223372036854775808"), err: "beyond 9223372036854775807"},
		{declared: "bigint unsigned", stored: "TEXT", value: text("9223372036854775808"), want: "9223372036854775808"},

		{declared: "bit(1)", value: []byte{1}, want: int64(1)},
		{declared: "bit(16)", value: []byte{1, 2}, want: int64(258)},
		{declared: "bit(64)", value: slices.Repeat([]byte{255}, 8), err: "18446744073709551615 is beyond"},
		{declared: "bit(64)", stored: "TEXT", value: slices.Repeat([]byte{255}, 8), want: "18446744073709551615"},

		{declared: "float", value: float32(0.1), want: 0.1},
		{declared: "float", value: float32(16777216), want: 16777216.0},
		{declared: "float", value: float32(math.MaxFloat32), want: 3.4028235e38},
		{declared: "double", value: 0.1, want: 0.1},

		{declared: "decimal(10,2)", value: text("12.50"), want: 12.5},
		{declared: "decimal(10,2)", value: text("12.00"), want: int64(12)},
		{declared: "decimal(10,2)", value: text("-0.01"), want: -0.01},
		{declared: "decimal(20,2)", value: text("123456789012345678.91"), want: "123456789012345678.91"},
		{
			declared: "decimal(20,2)", stored: "NUMERIC", value: text("123456789012345678.91"),
			want: 123456789012345680.0, warning: "more digits than a REAL holds",
		},
		{declared: "decimal(20,2)", stored: "NUMERIC", value: text("12345678901234567.00"), want: int64(12345678901234567)},

		{declared: "date", value: text("0000-00-00"), want: "0000-00-00"},
		{declared: "date", how: Values{NullZeroDates: true}, value: text("0000-00-00"), warning: "a zero date"},
		{declared: "date", how: Values{NullZeroDates: true}, value: text("2024-00-10"), warning: "a zero date"},
		{declared: "date", how: Values{NullZeroDates: true}, value: text("2024-10-20"), want: "2024-10-20"},
		{declared: "datetime", how: Values{FailZeroDates: true}, value: text("2024-10-00 00:00:00"), err: "is no date"},
		{declared: "timestamp", how: Values{FailZeroDates: true}, value: text("2024-10-20 01:02"), want: "2024-10-20 01:02"},
		{declared: "time", how: Values{FailZeroDates: true}, value: text("00:00:00"), want: "00:00:00"},

		{declared: "varchar(9)", value: text("é"), want: "é"},
		{declared: "varchar(9)", value: nil, want: nil},
		{declared: "blob", value: []byte{0, 255}, want: []byte{0, 255}},
	} {
		column := schema.NewColumn("c", test.declared)
		column.Stored = test.stored
		d := newRowDecoder(Query{Table: schema.Table{Columns: []schema.Column{column}}}, test.how)
		var b Batch
		b.reset(1)
		err := d.decodeRow(&b, []driver.Value{test.value})
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s %v: %v, want %q", test.declared, test.value, err, test.err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(b.Args[0].Value, test.want) {
			t.Errorf("%s %v: %#v, %v, want %#v", test.declared, test.value, b.Args[0].Value, err, test.want)
		}

		if hasWarning := len(d.warnings) > 0; hasWarning != (test.warning != "") ||
			hasWarning && !strings.Contains(d.warnings[0].Text, test.warning) {
			t.Errorf("%s %v: %v, want %q", test.declared, test.value, d.warnings, test.warning)
		}
	}
}

// Warnings of one kind are counted. They name the first row by its key, or otherwise by its number.
func TestRowDecoder(t *testing.T) {
	t.Parallel()
	table := schema.Table{Columns: []schema.Column{
		schema.NewColumn("id", "bit(8)"), schema.NewColumn("day", "date"), schema.NewColumn("odd", "odd"),
		schema.NewColumn("n", "bigint unsigned"),
	}}
	zeroDate := []byte("0000-00-00")
	for _, test := range []struct {
		key   []string
		first string
	}{{nil, "row 2"}, {[]string{"id"}, "id=2"}, {[]string{"id", "day"}, "id=2, day=0000-00-00"}} {
		table.Key = test.key
		d := newRowDecoder(Query{Table: table, Watermark: "day"}, Values{NullZeroDates: true})
		var b Batch
		b.reset(len(table.Columns))
		for i, day := range [][]byte{[]byte("2024-01-31"), zeroDate, zeroDate, []byte("2024-01-02")} {
			if err := d.decodeRow(&b, []driver.Value{[]byte{byte(i + 1)}, day, []byte("x"), int64(1)}); err != nil {
				t.Fatal(err)
			}
		}

		want := []Warning{
			{Column: "odd", Text: "type odd is not known: stored as TEXT"},
			{
				Column: "day", Text: "a zero date: stored as NULL, as SYNC_ZERO_DATES=null asks",
				Count: 2, First: test.first,
			},
		}

		if !reflect.DeepEqual(d.warnings, want) || d.maxWatermark != "2024-01-31" || b.Rows != 4 {
			t.Errorf("%v: %v, %s, %d rows", test.key, d.warnings, d.maxWatermark, b.Rows)
		}

		var overflow *IntegerOverflow
		err := d.decodeRow(&b, []driver.Value{[]byte{9}, zeroDate, nil, []byte("18446744073709551615")})
		if !errors.As(err, &overflow) || overflow.Column != "n" || !strings.Contains(err.Error(), "column n: ") {
			t.Errorf("%v: %v", test.key, err)
		}
	}
}

func TestMaxWatermark(t *testing.T) {
	t.Parallel()
	for want, values := range map[string][]driver.Value{
		"":                    {nil},
		"10":                  {int64(9), int64(10), int64(-1)},
		"-3":                  {int64(-5), int64(-3)},
		"2024-01-02 10:00:00": {[]byte("2024-01-02 10:00:00"), nil, []byte("2023-12-31 23:59:59")},
	} {
		kind := "datetime"
		if _, isInteger := values[0].(int64); isInteger {
			kind = "bigint"
		}

		table := schema.Table{Columns: []schema.Column{schema.NewColumn("w", kind)}}
		d := newRowDecoder(Query{Table: table, Watermark: "w"}, Values{})
		var b Batch
		b.reset(1)
		for _, v := range values {
			if err := d.decodeRow(&b, []driver.Value{v}); err != nil {
				t.Fatal(err)
			}
		}

		if d.maxWatermark != want {
			t.Errorf("%v: %q, want %q", values, d.maxWatermark, want)
		}
	}
}
