package main

import (
	"crypto/sha256"
	"math/rand/v2"
)

// vinLetters has no I, O and Q. VINs do not contain them, because they look like 1 and 0.
const (
	vinLetters  = "ABCDEFGHJKLMNPRSTUVWXYZ"
	vinDigits   = "0123456789"
	vinAlphabet = vinLetters + vinDigits

	// Positions count from 0, unlike in the standard.
	vinCheckPos = 8
	vinYearPos  = 9
)

// yearCodes are the codes of position 10 from 2010 on. U, Z and 0 are not used.
const yearCodes = "ABCDEFGHJKLMNPRSTVWXY123456789"

// yearCode returns position 10 of a VIN for a model year from 2010 to 2039.
func yearCode(year int) byte { return yearCodes[year-2010] }

// checkDigit returns position 9 of a VIN as North America computes it (49 CFR 565): each character has a value, each
// position has a weight, and the digit is the weighted sum modulo 11, with X for ten.
func checkDigit(vin string) byte {
	const weights = "8765432X098765432"

	sum := 0
	for i := range len(vin) {
		weight := int(weights[i] - '0')
		if weights[i] == 'X' {
			weight = 10
		}
		sum += weight * vinValue(vin[i])
	}

	return "0123456789X"[sum%11]
}

// vinValue returns the value of a character. Letters count from 1 to 9 three times, with gaps for I, O and Q; the third
// time begins with S at 2.
func vinValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'S':
		return int(c-'S') + 2
	case c >= 'J':
		return int(c-'J') + 1
	default:
		return int(c-'A') + 1
	}
}

// newVIN draws a VIN. As with real makers, positions 4 to 8 and the plant depend on the model and its trim, so two
// vehicles of a kind differ only in year and serial number.
func newVIN(rng *rand.Rand, m model, t trim, year int) string {
	kind := sha256.Sum256([]byte(m.make + "/" + m.name + "/" + m.body + "/" + t.name))
	pick := func(position int, from string) byte { return from[int(kind[position])%len(from)] }

	vin := make([]byte, 0, 17)
	vin = append(vin, m.wmi...)
	vin = append(vin, pick(4, vinAlphabet), pick(5, vinAlphabet), pick(6, vinAlphabet))

	// A letter in position 7 means that the year code is for 2010 to 2039, not for thirty years earlier.
	vin = append(vin, pick(7, vinLetters), pick(8, vinAlphabet))
	vin = append(vin, '0', yearCode(year), pick(11, vinLetters))
	for range 6 {
		vin = append(vin, vinDigits[rng.IntN(len(vinDigits))])
	}

	vin[vinCheckPos] = checkDigit(string(vin))
	return string(vin)
}
