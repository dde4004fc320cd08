package value

import (
	"bytes"
	"cmp"
	"math"
	"math/big"
	"strconv"
)

// IsDecimal reports whether a text is a number in plain decimal notation, as in JSON and as MySQL writes a DECIMAL: an
// optional minus, digits without a leading zero, and an optional fraction. It has no exponent.
func IsDecimal[T string | []byte](s T) bool {
	if len(s) > 0 && s[0] == '-' {
		s = s[1:]
	}

	whole := 0
	for whole < len(s) && isDigit(s[whole]) {
		whole++
	}

	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	if whole == len(s) {
		return true
	}
	if s[whole] != '.' || whole+1 == len(s) {
		return false
	}

	for i := whole + 1; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}

	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// NormalDecimal returns the one notation of a number: without leading zeros, trailing zeros of a fraction, and a minus
// before zero. It returns false for a text that is not a plain decimal. The result may share s's memory.
func NormalDecimal(s []byte) ([]byte, bool) {
	start := 0
	if len(s) > 0 && s[0] == '-' {
		start = 1
	}

	digits := s[start:]
	for len(digits) > 1 && digits[0] == '0' && isDigit(digits[1]) {
		digits = digits[1:]
	}

	if len(digits) == 0 || digits[0] == '-' || !IsDecimal(digits) {
		return s, false
	}

	if bytes.IndexByte(digits, '.') >= 0 {
		digits = bytes.TrimSuffix(bytes.TrimRight(digits, "0"), []byte("."))
	}

	// Reuse the memory of s if no zero was removed between the minus and the digits.
	switch {
	case start == 0 || string(digits) == "0":
		return digits, true
	case &digits[0] == &s[start]:
		return s[:start+len(digits)], true
	}

	return append([]byte{'-'}, digits...), true
}

// parseExponent reads a number with an exponent, such as 2e+05, exactly. The exponent has at most two digits.
func parseExponent(s []byte) (number []byte, ok bool) {
	s = bytes.TrimSpace(s)
	at := bytes.IndexAny(s, "eE")
	if at < 0 || len(s) > maxNumberText || len(s)-at > len("e+05") {
		return nil, false
	}

	exponent := bytes.TrimPrefix(s[at+1:], []byte("+"))
	if !IsDecimal(bytes.TrimPrefix(s[:at], []byte("-"))) || !isDigits(bytes.TrimPrefix(exponent, []byte("-"))) {
		return nil, false
	}

	n, ok := new(big.Rat).SetString(string(s))
	if !ok {
		return nil, false
	}

	return NormalDecimal([]byte(n.FloatString(2 * maxNumberText)))
}

// CompareDecimals orders two numbers in the notation of NormalDecimal, exactly and at any length.
func CompareDecimals[A, B string | []byte](a A, b B) int {
	aNegative, bNegative := len(a) > 0 && a[0] == '-', len(b) > 0 && b[0] == '-'
	switch {
	case aNegative && !bNegative:
		return -1
	case !aNegative && bNegative:
		return 1
	case aNegative:
		return -compareMagnitudes(a[1:], b[1:])
	}

	return compareMagnitudes(a, b)
}

// compareMagnitudes orders two numbers without a sign.
func compareMagnitudes[A, B string | []byte](a A, b B) int {
	// Without leading zeros, the number with more digits before the point is larger.
	aWhole, bWhole := wholeDigits(a), wholeDigits(b)
	if aWhole != bWhole {
		return cmp.Compare(aWhole, bWhole)
	}

	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] != b[i] {
			return cmp.Compare(a[i], b[i])
		}
	}

	return cmp.Compare(len(a), len(b)) // the longer one has a fraction, or more of one
}

// wholeDigits counts the digits before the point.
func wholeDigits[T string | []byte](s T) int {
	for i := range len(s) {
		if s[i] == '.' {
			return i
		}
	}
	return len(s)
}

// AppendFloat appends the shortest plain decimal of x, without an exponent. With single, x has single precision.
// Infinities and NaN append nothing.
func AppendFloat(b []byte, x float64, single bool) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return b
	}
	if x == 0 {
		return append(b, '0') // also for -0
	}

	size := 64
	if single {
		size = 32
	}

	return strconv.AppendFloat(b, x, 'f', -1, size)
}
