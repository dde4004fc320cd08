package index

import (
	"math"
	"slices"
	"strconv"

	"carstock/services/carapi/internal/value"
)

// keyPacking says how all values of a dictionary are packed into keys of 64 bits in the same order. That takes less
// memory than their bytes, and is lossless: each key returns its value byte for byte.
type keyPacking struct {
	kind packingKind

	scale   int    // for packedDecimals: digits after the point
	pattern []byte // for packedDigits: one of the values
	holes   []int  // for packedDigits: where the values differ
}

type packingKind int

const (
	unpacked       packingKind = iota
	packedDecimals             // numbers whose digits fit into an int64
	packedFloats               // other numbers that are the notation of a float64
	packedDigits               // texts that differ in at most 19 digits, such as times and numbers of a fixed length
)

// signBit turns signed numbers into unsigned keys of the same order.
const signBit = 1 << 63

// append appends the value of a key.
func (p *keyPacking) append(b []byte, key uint64) []byte {
	switch p.kind {
	case packedDecimals:
		return appendDecimal(b, int64(key^signBit), p.scale)
	case packedFloats:
		return value.AppendFloat(b, floatOfKey(key), false)
	}

	start := len(b)
	b = append(b, p.pattern...)
	for _, hole := range slices.Backward(p.holes) {
		b[start+hole] = '0' + byte(key%10)
		key /= 10
	}

	return b
}

// floatKey turns a float64 into a key of the same order.
func floatKey(x float64) uint64 {
	// The bits of negative floats are in reverse order.
	if bits := math.Float64bits(x); x < 0 {
		return ^bits
	} else {
		return bits | signBit
	}
}

// floatOfKey reverses floatKey.
func floatOfKey(key uint64) float64 {
	if key&signBit == 0 {
		return math.Float64frombits(^key)
	}
	return math.Float64frombits(key &^ signBit)
}

// packNumbers packs numbers and sets their keys. It returns false if they cannot be packed. Then the keys are those of
// the nearest float64, which different numbers may share.
func (r *valueReader) packNumbers(values []sortEntry) (keyPacking, bool) {
	if p, ok := r.packDecimals(values); ok {
		return p, true
	}

	same := true
	var buf [400]byte // as long as the longest float64
	for i, v := range values {
		letOthersRun(i)
		form := r.arena.value(v.number)
		x, _ := strconv.ParseFloat(string(form), 64) // out of range: infinite
		values[i].key = floatKey(x)
		same = same && string(value.AppendFloat(buf[:0], x, false)) == string(form)
	}

	return keyPacking{kind: packedFloats}, same
}

// packDecimals packs numbers that all fit into decimals of one scale.
func (r *valueReader) packDecimals(values []sortEntry) (keyPacking, bool) {
	// Find the longest fraction, and then write all numbers with as many digits after the point.
	scales, most := make([]uint8, len(values)), 0
	for i, v := range values {
		letOthersRun(i)
		number, scale, ok := parseDecimal(r.arena.value(v.number))
		if !ok {
			return keyPacking{}, false
		}
		values[i].key, scales[i], most = uint64(number), uint8(scale), max(most, scale)
	}

	for i, v := range values {
		number, ok := rescale(int64(v.key), int(scales[i]), most)
		if !ok {
			return keyPacking{}, false
		}
		values[i].key = uint64(number) ^ signBit
	}

	return keyPacking{kind: packedDecimals, scale: most}, true
}

// packTexts packs texts of one length that only differ in digits.
func (r *valueReader) packTexts(values []sortEntry) (keyPacking, bool) {
	if len(values) == 0 {
		return keyPacking{}, false
	}

	// Find the positions where the texts differ, which must hold digits.
	first := slices.Clone(r.arena.value(values[0].number))
	isHole := make([]bool, len(first))
	for i, v := range values {
		letOthersRun(i)
		text := r.arena.value(v.number)
		if len(text) != len(first) {
			return keyPacking{}, false
		}

		for i, c := range text {
			if c == first[i] {
				continue
			}
			if !isDigit(c) || !isDigit(first[i]) {
				return keyPacking{}, false
			}

			isHole[i] = true
		}
	}

	p := keyPacking{kind: packedDigits, pattern: first}
	for i, hole := range isHole {
		if hole {
			p.holes = append(p.holes, i)
		}
	}

	if len(p.holes) > 19 {
		return keyPacking{}, false
	}

	for i, v := range values {
		letOthersRun(i)

		// The key consists of the digits in these positions.
		text, key := r.arena.value(v.number), uint64(0)
		for _, hole := range p.holes {
			key = 10*key + uint64(text[hole]-'0')
		}
		values[i].key = key
	}

	return p, true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
