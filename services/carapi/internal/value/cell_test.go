package value

import (
	"math"
	"slices"
	"testing"

	"carstock/pkg/schema"
)

func TestFromDriver(t *testing.T) {
	text := func(s string) Cell { return Cell{Text, []byte(s)} }
	number := func(s string) Cell { return Cell{Number, []byte(s)} }
	for _, c := range []struct {
		kind schema.Kind
		raw  any
		want Cell
	}{
		{schema.Integer, nil, Cell{}},
		{schema.Integer, int64(-5), number("-5")},
		{schema.Integer, uint64(math.MaxUint64), number("18446744073709551615")},
		{schema.Integer, []byte("007"), number("7")},
		{schema.Integer, "2021 ", text("2021 ")},
		{schema.Integer, true, number("1")},
		{schema.Decimal, []byte("-0.50"), number("-0.5")},
		{schema.Decimal, []byte("$18,995"), text("$18,995")},
		{schema.Decimal, 0.5, number("0.5")},
		{schema.Float, float32(0.1), number("0.1")},
		{schema.Double, 0.1, number("0.1")},
		{schema.Double, math.Inf(-1), Cell{}},
		{schema.Double, math.NaN(), Cell{}},
		{schema.Bit, []byte{1, 0}, number("256")},
		{schema.Bit, []byte{255, 255, 255, 255, 255, 255, 255, 255}, number("18446744073709551615")},
		{schema.Bit, []byte{}, number("0")},
		{schema.Bit, int64(3), number("3")},
		{schema.Bit, "12", number("12")},
		{schema.Text, []byte("007"), text("007")},
		{schema.Text, "", text("")},
		{schema.Text, int64(7), number("7")}, // SQLite may store it
		{schema.JSON, []byte(`["a"]`), text(`["a"]`)},
		{schema.Date, "0000-00-00", text("0000-00-00")},
		{schema.Time, []byte("-838:59:59"), text("-838:59:59")},
		{schema.Bytes, []byte{0, 255}, Cell{Blob, []byte{0, 255}}},
		{schema.Bytes, "x", Cell{Blob, []byte("x")}},
		{schema.Unknown, []byte("x"), text("x")},
	} {
		before := []byte("before")
		got, buf := FromDriver(c.kind, c.raw, before)
		if got.Type != c.want.Type || string(got.Form) != string(c.want.Form) {
			t.Errorf("%v of kind %v: type %v, %q, want %v, %q", c.raw, c.kind, got.Type, got.Form, c.want.Type,
				c.want.Form)
		}

		if string(buf[:len(before)]) != "before" {
			t.Errorf("%v of kind %v overwrote the buffer: %q", c.raw, c.kind, buf)
		}
	}
}

func TestJoin(t *testing.T) {
	for _, c := range []struct {
		parts []string
		want  string
	}{
		{[]string{"12", "1HGCM82633A004352"}, "12~1HGCM82633A004352"},
		{[]string{"", ""}, "~"},
		{[]string{"a~b", "c/d e+f"}, "a%7Eb~c%2Fd%20e%2Bf"},
		{[]string{"Škoda", "100%", "."}, "%C5%A0koda~100%25~."},
		{[]string{"\xff\x00", "?#"}, "%FF%00~%3F%23"},
	} {
		var cells []Cell
		for _, p := range c.parts {
			cells = append(cells, Cell{Text, []byte(p)})
		}

		got := JoinID(cells)
		if got.Type != Text || string(got.Form) != c.want {
			t.Errorf("%q: got %s, want %s", c.parts, got.Form, c.want)
		}

		if parts, ok := SplitID(string(got.Form), len(c.parts)); !ok || !slices.Equal(parts, c.parts) {
			t.Errorf("%s: split into %q, %v", got.Form, parts, ok)
		}
	}

	if got := JoinID([]Cell{{Text, []byte("a")}, {}}); got.Type != Null {
		t.Errorf("an id with a part that is NULL: %s", got.Form)
	}

	for _, wrong := range []string{"a", "a~b~c", "a~%zz", "%~b"} {
		if parts, ok := SplitID(wrong, 2); ok {
			t.Errorf("%s: split into %q", wrong, parts)
		}
	}
}
