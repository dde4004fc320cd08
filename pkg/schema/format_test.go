package schema_test

import (
	"strings"
	"testing"

	"carstock/pkg/schema"
)

func TestFormatValue(t *testing.T) {
	for _, test := range []struct {
		value any
		kind  schema.Kind
		want  string
	}{
		{[]byte("\x00\x1b[2J\xff"), schema.Bytes, "x'001B5B324AFF'"},
		{[]byte{}, schema.Bytes, "x''"},
		{[]byte(strings.Repeat("a", 70)), schema.Bytes, "x'" + strings.Repeat("61", 64) + "...' (70 bytes)"},
		{[]byte("Kia Ceed é 起亚"), schema.Text, "Kia Ceed é 起亚"},
		{"a\x1b[2Jb\n", schema.Text, `"a\x1b[2Jb\n"`},
		{"right\u202eto left", schema.Text, `"right\u202eto left"`},
		{"\u009b31m", schema.Text, `"\u009b31m"`},
		{"\xff", schema.Text, `"\xff"`},
		{strings.Repeat("é", 40), schema.Text, strings.Repeat("é", 32) + "... (80 bytes)"},
		{"x" + strings.Repeat("é", 40), schema.Text, "x" + strings.Repeat("é", 31) + "... (81 bytes)"},
		{int64(-7), schema.Integer, "-7"},
		{nil, schema.Text, "NULL"},
	} {
		if got := schema.FormatValue(test.value, test.kind); got != test.want {
			t.Errorf("%q: %s, want %s", test.value, got, test.want)
		}
	}
}
