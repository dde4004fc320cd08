package index

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

func TestPacking(t *testing.T) {
	for _, c := range []struct {
		kind   schema.Kind
		values string // in order, separated by |
		want   packingKind
	}{
		{schema.Integer, "-5|0|7|2023", packedDecimals},
		{schema.Decimal, "-100.25|-1.5|0|0.001|1|19999.99", packedDecimals},
		{schema.Decimal, "-999999999999999999|0|999999999999999999", packedDecimals},
		{schema.Decimal, "0.1|9007199254740993", packedDecimals},
		{schema.Decimal, "0.00000000000000001|9007199254740993", unpacked}, // too many digits for one scale
		{schema.Integer, "1|18446744073709551615", unpacked},               // more than a float64 can hold
		{schema.Double, "1|100000000000000000000", packedFloats},
		{schema.Double, "-0.14285714285714285|0.14285714285714285|142857.14285714287", packedFloats},
		{schema.Double, "0.0000000000000000000000000000000000001|1|1000000000000000000000000000000", packedFloats},
		{schema.Double, "0.1000000000000000055511151231257827|1", unpacked},
		{schema.Date, "0000-00-00|1999-12-31|2026-01-31|2026-02-01", packedDigits},
		{schema.DateTime, "2026-01-31 10:11:12|2026-01-31 10:11:13", packedDigits},
		{schema.DateTime, "2026-01-31 10:11:12.000001|2027-12-31 23:59:59.999999", packedDigits},
		{schema.DateTime, "0026-01-31 10:11:12.000001|2127-12-31 23:59:59.999999", packedDigits},
		{schema.DateTime, "2026-01-31|2026-01-31 10:11:12", unpacked},
		{schema.Time, "-10:00:00|10:00:00", unpacked},
		{schema.Text, "A1|A2", packedDigits},
		{schema.Text, "A1|B1", unpacked},
		{schema.Text, "00000000000000000000|99999999999999999999", unpacked}, // 20 digits
		{schema.Text, "0000000000000000000|9999999999999999999", packedDigits},
		{schema.Text, "x", packedDigits},
		{schema.Text, "", packedDigits},
		{schema.Text, "|a", unpacked},
	} {
		r := newValueReader(&catalog.Field{Kind: c.kind}, 0)
		want := strings.Split(c.values, "|")
		for _, v := range slices.Backward(want) {
			cell, _ := value.FromDriver(c.kind, []byte(v), nil)
			r.add(cell)
		}

		d, _ := r.finish()
		if d.packing.kind != c.want || d.len() != len(want) {
			t.Errorf("%s: packing %d, %d values, want %d", c.values, d.packing.kind, d.len(), c.want)
			continue
		}

		for rank, v := range want {
			if got := d.text(uint32(rank)); got != v {
				t.Errorf("%s: value %d is %q, want %q", c.values, rank, got, v)
			}
			if at, found := d.search([]byte(v)); !found || int(at) != rank {
				t.Errorf("%s: %q is found at %d, %v", c.values, v, at, found)
			}
		}
	}
}

func TestDecimals(t *testing.T) {
	for _, c := range []struct {
		form  string
		whole int64
		scale int
	}{
		{"0", 0, 0},
		{"-0.5", -5, 1},
		{"0.05", 5, 2},
		{"12.0625", 120625, 4},
		{"-12345678901234567", -12345678901234567, 0},
		{"0.0000000000000001", 1, 16},
	} {
		whole, scale, ok := parseDecimal([]byte(c.form))
		if !ok || whole != c.whole || scale != c.scale {
			t.Errorf("%s: %d, %d, %v", c.form, whole, scale, ok)
		}

		wider, ok := rescale(whole, scale, 17)
		if back := string(appendDecimal(nil, wider, 17)); ok && back != c.form {
			t.Errorf("%s comes back as %s", c.form, back)
		}

		if back := string(appendDecimal(nil, whole, scale)); back != c.form {
			t.Errorf("%s comes back as %s", c.form, back)
		}
	}

	if _, _, ok := parseDecimal([]byte("1234567890123456789")); ok {
		t.Error("19 digits fit")
	}

	if _, ok := rescale(10, 0, 18); ok {
		t.Error("10 with 18 digits after the point fits")
	}
}

func TestWideSum(t *testing.T) {
	var s wideSum
	want := new(big.Int)
	for _, n := range []int64{math.MaxInt64, math.MinInt64, math.MinInt64, -1, 0, 12345} {
		s.add(n, math.MaxUint32)
		want.Add(want, new(big.Int).Mul(big.NewInt(n), big.NewInt(math.MaxUint32)))
	}

	if got := s.rat(2); got.Cmp(new(big.Rat).SetFrac(want, big.NewInt(100))) != 0 {
		t.Errorf("got %v, want %v / 100", got, want)
	}
}
