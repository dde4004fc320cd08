package value

import (
	"bytes"
	"math/big"
	"strconv"
	"strings"
)

// AppendDifference appends a - b. All are in the notation of NormalDecimal.
func AppendDifference(to, a, b []byte) []byte {
	scale := max(FractionDigits(a), FractionDigits(b))
	const mostDigits = 17 // numbers with so many digits, and their differences, fit into an int64
	if len(a)+scale <= mostDigits && len(b)+scale <= mostDigits {
		return appendScaled(to, strconv.FormatInt(scaledInteger(a, scale)-scaledInteger(b, scale), 10), scale)
	}

	x, y := new(big.Int), new(big.Int)
	x.SetString(withScale(a, scale), 10)
	y.SetString(withScale(b, scale), 10)

	return appendScaled(to, x.Sub(x, y).String(), scale)
}

// FractionDigits returns how many digits a number has after its point.
func FractionDigits(number []byte) int {
	if point := bytes.IndexByte(number, '.'); point >= 0 {
		return len(number) - point - 1
	}
	return 0
}

// withScale returns the digits of a number without its point, with as many digits after it as scale says.
func withScale(number []byte, scale int) string {
	return strings.Replace(string(number), ".", "", 1) + strings.Repeat("0", scale-FractionDigits(number))
}

// scaledInteger returns a number in units of 10^-scale. It must fit into an int64.
func scaledInteger(number []byte, scale int) int64 {
	n, _ := strconv.ParseInt(withScale(number, scale), 10, 64)
	return n
}

// appendScaled appends a whole number of units of 10^-scale.
func appendScaled(to []byte, units string, scale int) []byte {
	if scale > 0 {
		// Put the point before the last scale digits. A number below 1 gets zeros before it.
		sign := ""
		if units[0] == '-' {
			sign, units = "-", units[1:]
		}

		if len(units) <= scale {
			units = strings.Repeat("0", scale-len(units)+1) + units
		}

		units = sign + units[:len(units)-scale] + "." + units[len(units)-scale:]
	}

	form, _ := NormalDecimal([]byte(units))
	return append(to, form...)
}
