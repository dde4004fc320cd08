package value

import (
	"strings"
	"testing"
)

func TestConvertDistance(t *testing.T) {
	zeros := strings.Repeat("0", 300) // a DOUBLE may be as long
	for _, c := range []struct{ number, from, to, want string }{
		{"100000", "mi", "km", "160934"},
		{"160934", "km", "mi", "100000"},
		{"5", "km", "km", "5"},
		{"0", "mi", "km", "0"},
		{"-0.5", "km", "mi", "0"},
		{"-1.5", "mi", "km", "-2"},
		{"1609344" + zeros, "km", "mi", "1000000" + zeros},
		{"5", "km", "l", ""},
		{"1e9", "km", "mi", ""},
		{"x", "km", "mi", ""},
	} {
		got, ok := ConvertDistance([]byte(c.number), c.from, c.to)
		if string(got) != c.want || ok != (c.want != "") {
			t.Errorf("%s %s is %s %s, want %s", c.number, c.from, got, c.to, c.want)
		}
	}
}
