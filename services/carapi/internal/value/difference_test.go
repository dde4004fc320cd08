package value

import (
	"math/big"
	"testing"
)

func TestAppendDifference(t *testing.T) {
	numbers := []string{
		"0", "1", "-1", "0.5", "-0.05", "21995", "20995.5", "999999999999999.99",
		"12345678901234567890.12", "-98765432109876543210", "0.000000000001",
	}
	for _, a := range numbers {
		for _, b := range numbers {
			x, _ := new(big.Rat).SetString(a)
			y, _ := new(big.Rat).SetString(b)
			want, _ := NormalDecimal([]byte(x.Sub(x, y).FloatString(20)))
			if got := AppendDifference(nil, []byte(a), []byte(b)); string(got) != string(want) {
				t.Errorf("%s - %s = %s, want %s", a, b, got, want)
			}
		}
	}
}
