package main

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestCheckDigitOfKnownVINs(t *testing.T) {
	for _, vin := range []string{
		"1M8GDM9AXKP042788",
		"11111111111111111",
		"1HGCM82633A004352",
		"5YJSA1DG9DFP14705",
		"WP0ZZZ99ZTS392124",
	} {
		got, want := checkDigit(vin), vin[vinCheckPos]
		if vin == "WP0ZZZ99ZTS392124" {
			// These cars were sold in Europe, which has no check digit: position 9 is a filler.
			if got == want {
				t.Errorf("%s: check digit %c, want any other", vin, got)
			}
			continue
		}

		if got != want {
			t.Errorf("%s: check digit %c, want %c", vin, got, want)
		}
	}
}

func TestCheckDigitNoticesATypo(t *testing.T) {
	const vin = "1M8GDM9AXKP042788"
	for i := range vin {
		for _, c := range vinAlphabet {
			// The check digit itself has no weight, and some characters count the same.
			if i == vinCheckPos || vinValue(byte(c)) == vinValue(vin[i]) {
				continue
			}

			typo := vin[:i] + string(c) + vin[i+1:]
			if checkDigit(typo) == vin[vinCheckPos] {
				t.Errorf("%s passes for %s", typo, vin)
			}
		}
	}
}

func TestYearCode(t *testing.T) {
	for year, want := range map[int]byte{
		2010: 'A',
		2017: 'H',
		2018: 'J',
		2022: 'N',
		2023: 'P',
		2024: 'R',
		2026: 'T',
		2027: 'V',
		2031: '1',
		2039: '9',
	} {
		if got := yearCode(year); got != want {
			t.Errorf("yearCode(%d) = %c, want %c", year, got, want)
		}
	}
}

func TestNewVIN(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, m := range catalog {
		for _, tr := range m.trims {
			vin := newVIN(rng, m, tr, tr.last)
			if len(vin) != 17 || strings.Trim(vin, vinAlphabet) != "" {
				t.Errorf("%s %s: %q is not 17 characters of a VIN", m.make, m.name, vin)
			}
			if !strings.HasPrefix(vin, m.wmi) || vin[vinYearPos] != yearCode(tr.last) || vin[vinCheckPos] != checkDigit(vin) {
				t.Errorf("%s %s %d: %q does not say so", m.make, m.name, tr.last, vin)
			}
		}
	}
}
