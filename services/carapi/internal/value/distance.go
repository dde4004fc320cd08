package value

import "math/big"

// milesPerKilometer uses the international mile, 1609.344 m.
var milesPerKilometer = big.NewRat(1000000, 1609344)

// ConvertDistance converts miles to kilometers or kilometers to miles: the units are mi and km. The result is exact,
// rounded to a whole number. A distance that is in the right unit already keeps its fraction. It returns false for a
// text that is not a plain decimal, and for any other unit.
func ConvertDistance(number []byte, from, to string) (converted []byte, ok bool) {
	// big.Rat also reads exponents, which may stand for a number without end.
	if !IsDecimal(number) {
		return nil, false
	}

	n, ok := new(big.Rat).SetString(string(number))
	if !ok {
		return nil, false
	}

	switch {
	case from == to:
		return number, true
	case from == "km" && to == "mi":
		n.Mul(n, milesPerKilometer)
	case from == "mi" && to == "km":
		n.Quo(n, milesPerKilometer)
	default:
		return nil, false
	}

	return NormalDecimal([]byte(n.FloatString(0)))
}
