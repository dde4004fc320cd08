package main

import (
	"crypto/sha256"
	"math/rand/v2"
)

// vinLetters leave out I, O and Q, which no VIN has: they are read as 1 and 0.
const (
	vinLetters  = "ABCDEFGHJKLMNPRSTUVWXYZ"
	vinDigits   = "0123456789"
	vinAlphabet = vinLetters + vinDigits

	// Counted from 0, unlike the standard.
	vinCheckPos = 8
	vinYearPos  = 9
)

// yearCodes are the letters of position 10 from 2010 on. U, Z and 0 are not used there.
const yearCodes = "ABCDEFGHJKLMNPRSTVWXY123456789"

// yearCode is position 10 of a VIN of the given model year, 2010 to 2039.
func yearCode(year int) byte { return yearCodes[year-2010] }

// checkDigit is position 9 of a VIN as North America computes it (49 CFR 565): each character has a value,
// each position a weight, and the sum's rest modulo 11 is the digit, with X for ten.
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

// vinValue counts letters up to 9 three times over. The gaps stay where I, O and Q would be, and S, the first
// of the third row, starts at 2.
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

// newVIN draws a VIN. Positions 4 to 8 and the plant follow from the model and its trim, as with real makers,
// so two of the same kind differ in their year and serial number alone.
func newVIN(rng *rand.Rand, m model, t trim, year int) string {
	kind := sha256.Sum256([]byte(m.make + "/" + m.name + "/" + m.body + "/" + t.name))
	pick := func(position int, from string) byte { return from[int(kind[position])%len(from)] }

	vin := make([]byte, 0, 17)
	vin = append(vin, m.wmi...)
	vin = append(vin, pick(4, vinAlphabet), pick(5, vinAlphabet), pick(6, vinAlphabet))
	// A letter in position 7 says that the year code is of 2010 to 2039, not thirty years earlier.
	vin = append(vin, pick(7, vinLetters), pick(8, vinAlphabet))
	vin = append(vin, '0', yearCode(year), pick(11, vinLetters))
	for range 6 {
		vin = append(vin, vinDigits[rng.IntN(len(vinDigits))])
	}
	vin[vinCheckPos] = checkDigit(string(vin))
	return string(vin)
}
