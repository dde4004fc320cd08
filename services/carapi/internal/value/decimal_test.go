package value

import (
	"cmp"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestNormalDecimal(t *testing.T) {
	for given, want := range map[string]string{
		"0": "0", "-0": "0", "00": "0", "0.0": "0", "-0.00": "0", "7": "7", "007": "7", "-007": "-7", "1.50": "1.5",
		"1.00":  "1",
		"-0.50": "-0.5", "00.5": "0.5", "-00.10": "-0.1", "100": "100", "10.010": "10.01",
		"9007199254740993":                  "9007199254740993",
		"123456789012345678901234567890.10": "123456789012345678901234567890.1",
	} {
		if got, ok := NormalDecimal([]byte(given)); !ok || string(got) != want {
			t.Errorf("%s: got %s, %v, want %s", given, got, ok, want)
		}
	}

	for _, given := range []string{
		"", "-", "--1", "-a", "1.", ".5", "-.5", "1e5", "0x10", "+1", " 1", "1 ", "1,5",
		"1.2.3", "Inf", "NaN", "٣",
	} {
		if got, ok := NormalDecimal([]byte(given)); ok {
			t.Errorf("%q became %s", given, got)
		}
	}
}

// A cell's number is appended to a shared buffer, so nothing but the number itself may be changed.
func TestNormalDecimalLeavesWhatItReads(t *testing.T) {
	for _, given := range []string{"-007.50", "0012", "-0", "1.500"} {
		read := []byte(given + "|")
		if _, ok := NormalDecimal(read[:len(given)]); !ok || string(read) != given+"|" {
			t.Errorf("%s became %s", given, read)
		}
	}
}

func TestCompareDecimals(t *testing.T) {
	inOrder := []string{
		"-123456789012345678901234567890.5", "-100", "-99.5", "-99", "-1", "-0.10000000000000000000001", "-0.1",
		"-0.01", "0", "0.00000000000000000001", "0.1", "0.19", "0.2", "1", "1.000000000000000001", "9", "9.5", "10",
		"9007199254740992", "9007199254740993", "18446744073709551615", "123456789012345678901234567890",
	}
	for i, a := range inOrder {
		for j, b := range inOrder {
			if got, want := CompareDecimals(a, []byte(b)), cmp.Compare(i, j); got != want {
				t.Errorf("%s and %s: got %d, want %d", a, b, got, want)
			}
		}
	}
}

// FuzzDecimals compares two numbers, and checks the result with big.Rat.
func FuzzDecimals(f *testing.F) {
	for _, pair := range [][2]string{
		{"-0.5", "00.50"},
		{"1.000", "1"},
		{"99999999999999999999", "-1"},
		{"0.1", "0.09"},
	} {
		f.Add(pair[0], pair[1])
	}

	f.Fuzz(func(t *testing.T, first, second string) {
		a, okA := NormalDecimal([]byte(first))
		b, okB := NormalDecimal([]byte(second))
		if !okA || !okB || len(first)+len(second) > 1000 {
			return
		}

		x, _ := new(big.Rat).SetString(first)
		y, _ := new(big.Rat).SetString(second)
		if got := CompareDecimals(a, b); got != x.Cmp(y) || (got == 0) != (string(a) == string(b)) {
			t.Errorf("%s and %s, in one notation %s and %s: %d", first, second, a, b, got)
		}
	})
}

func TestAppendFloat(t *testing.T) {
	for _, c := range []struct {
		x      float64
		single bool
		want   string
	}{
		{0, false, "0"},
		{math.Copysign(0, -1), false, "0"},
		{0.1, false, "0.1"},
		{float64(float32(0.1)), true, "0.1"},
		{float64(float32(0.1)), false, "0.10000000149011612"},
		{1e22, false, "10000000000000000000000"},
		{-1e-7, false, "-0.0000001"},
		{16777216, true, "16777216"},
		{math.Inf(1), false, ""},
		{math.NaN(), true, ""},
	} {
		if got := string(AppendFloat(nil, c.x, c.single)); got != c.want {
			t.Errorf("%v: got %s, want %s", c.x, got, c.want)
		}
	}

	for range 1000 { // each is normalized
		form := AppendFloat(nil, math.Float64frombits(rand.Uint64()), false)
		if normal, ok := NormalDecimal(form); len(form) > 0 && (!ok || string(normal) != string(form)) {
			t.Errorf("%s is not in the notation of NormalDecimal", form)
		}
	}
}
