package main

import (
	"math/rand/v2"
	"slices"
)

// Prices are reckoned in whole numbers all the way: floating point may round differently on another processor,
// which fuses a multiplication with the addition after it, and the output must not.

// worthAfter is what is left of the list price after so many years, in thousandths.
var worthAfter = []int{900, 830, 750, 680, 610, 545, 485, 430, 380, 335, 300, 270, 245, 225}

// sought keep their price well, shunned lose it fast; the rest follow worthAfter.
var (
	sought  = []string{"Toyota", "Honda", "Subaru", "Porsche", "Jeep"}
	shunned = []string{"BMW", "Mercedes-Benz", "Audi", "Land Rover", "Tesla", "Peugeot", "Citroën"}
)

// drawMSRP takes 2.5 % off the catalog's price for each year before the trim's last, and adds options.
func drawMSRP(rng *rand.Rand, t trim, year int) *int {
	dollars := t.msrp * (1000 - 25*(t.last-year)) / 1000
	dollars += dollars * rng.IntN(9) / 100
	cents := (dollars - dollars%5) * 100
	return &cents
}

func drawPrice(rng *rand.Rand, m model, msrp, year, miles int, isNew bool) *int {
	dollars := msrp / 100
	if isNew {
		dollars -= dollars * rng.IntN(7) / 100
	} else {
		dollars = usedPrice(rng, m, dollars, year, miles)
	}
	cents := roundPrice(rng, dollars)
	return &cents
}

func usedPrice(rng *rand.Rand, m model, msrp, year, miles int) int {
	age := today.Year() - year
	worth := worthAfter[min(age, len(worthAfter)-1)]
	switch {
	case slices.Contains(sought, m.make):
		worth += 15 + 10*min(age, 6)
	case slices.Contains(shunned, m.make):
		worth -= 15 + 10*min(age, 6)
	}
	worth += rng.IntN(61) - 30
	dollars := msrp * worth / 1000

	// A dear car loses more by the mile: about a fifth of its list price over 100,000 miles.
	expected := (12*age + 8) * 925
	dollars += (expected - miles) * (msrp / 100) / 500000 * 100

	// Neither a low mileage nor a high one takes it out of bounds.
	return min(max(dollars, msrp/10), msrp*96/100)
}

// roundPrice ends a price as dealers do. A few have cents, such as the ones a bank sets.
func roundPrice(rng *rand.Rand, dollars int) int {
	switch {
	case oneIn(rng, 20):
		return dollars*100 + rng.IntN(99) + 1
	case oneIn(rng, 3):
		return (dollars - dollars%100) * 100
	default:
		return (dollars - dollars%500 + 495) * 100
	}
}
