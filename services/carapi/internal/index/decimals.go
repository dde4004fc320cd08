package index

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"

	"carstock/services/carapi/internal/value"
)

// maxDigits is how many digits of a number always fit into an int64.
const maxDigits = 18

var powersOfTen = func() (powers [maxDigits + 1]int64) {
	powers[0] = 1
	for i := range maxDigits {
		powers[i+1] = 10 * powers[i]
	}
	return powers
}()

// parseDecimal reads a number in the notation of value.NormalDecimal. It returns the digits without the point, and the
// scale, which is the number of digits after the point. It returns false for a number with too many digits.
func parseDecimal(form []byte) (digits int64, scale int, ok bool) {
	negative := len(form) > 0 && form[0] == '-'
	if negative {
		form = form[1:]
	}

	if len(form) > maxDigits {
		return 0, 0, false
	}

	for _, c := range form {
		if c != '.' {
			digits = 10*digits + int64(c-'0')
		}
	}

	if negative {
		digits = -digits
	}

	return digits, value.FractionDigits(form), true
}

// rescale returns the digits of a number with a larger scale. It returns false if they do not fit.
func rescale(digits int64, from, to int) (int64, bool) {
	if to == from || digits == 0 {
		return digits, true
	}

	power := powersOfTen[to-from]
	if digits > math.MaxInt64/power || digits < -math.MaxInt64/power {
		return 0, false
	}

	return digits * power, true
}

// appendDecimal appends the number that parseDecimal reads as these digits and this scale.
func appendDecimal(b []byte, digits int64, scale int) []byte {
	for scale > 0 && digits%10 == 0 {
		digits, scale = digits/10, scale-1
	}

	if scale == 0 {
		return strconv.AppendInt(b, digits, 10)
	}

	if digits < 0 {
		b, digits = append(b, '-'), -digits
	}

	b = strconv.AppendInt(b, digits/powersOfTen[scale], 10)
	b = append(b, '.')

	// A fraction may begin with zeros.
	fraction := digits % powersOfTen[scale]
	for power := scale - 1; power > 0 && fraction < powersOfTen[power]; power-- {
		b = append(b, '0')
	}

	return strconv.AppendInt(b, fraction, 10)
}

// wideSum is a sum in 128 bits, with positive and negative numbers apart. It can add up 2^32 numbers of 64 bits.
type wideSum struct{ positive, negative [2]uint64 } // the low bits come first

// add adds a number several times.
func (s *wideSum) add(number int64, times uint32) {
	sum, size := &s.positive, uint64(number)
	if number < 0 {
		sum, size = &s.negative, -size
	}

	high, low := bits.Mul64(size, uint64(times))
	var carry uint64
	sum[0], carry = bits.Add64(sum[0], low, 0)
	sum[1], _ = bits.Add64(sum[1], high, carry)
}

// rat returns the sum of numbers with a scale.
func (s *wideSum) rat(scale int) *big.Rat {
	whole := func(parts [2]uint64) *big.Int {
		n := new(big.Int).SetUint64(parts[1])
		return n.Lsh(n, 64).Add(n, new(big.Int).SetUint64(parts[0]))
	}

	sum := whole(s.positive)
	sum.Sub(sum, whole(s.negative))

	return new(big.Rat).SetFrac(sum, big.NewInt(powersOfTen[scale]))
}
