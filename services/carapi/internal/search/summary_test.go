package search

import (
	"math/big"
	"testing"

	"carstock/services/carapi/internal/value"
)

// A number that needs no rounding is formatted like math/big does.
func TestFixedPoint(t *testing.T) {
	for _, form := range []string{
		"0", "7", "-7", "2023", "19999.9", "19999.99", "-0.5", "0.005", "1.999",
		"99999999999999999999.25",
	} {
		n, ok := new(big.Rat).SetString(form)
		if !ok {
			t.Fatal(form)
		}

		for _, digits := range []int{0, 2} {
			got := formatDecimals(value.Cell{Type: value.Number, Form: []byte(form)}, digits)
			if want := n.FloatString(digits); got != want {
				t.Errorf("%s to %d digits: %s, want %s", form, digits, got, want)
			}
		}
	}
}
