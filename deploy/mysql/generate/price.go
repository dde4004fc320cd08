package main

import (
	"math/rand/v2"
	"slices"
)

// Prices are computed in integers, so that the output is the same on every processor: some fuse a floating-point
// multiplication with the addition after it, and round differently.

// worthAfter is the part of the list price that is left after so many years, in thousandths.
var worthAfter = []int{900, 830, 750, 680, 610, 545, 485, 430, 380, 335, 300, 270, 245, 225}

// Makes in holdValue keep their price well, those in loseValue lose it fast. The others follow worthAfter.
var (
	holdValue = []string{"Toyota", "Honda", "Subaru", "Porsche", "Jeep"}
	loseValue = []string{"BMW", "Mercedes-Benz", "Audi", "Land Rover", "Tesla", "Peugeot", "Citroën"}
)

// drawMSRP draws a list price: the catalog's, less 2.5 % for each year before the trim's last, and options.
func drawMSRP(rng *rand.Rand, t trim, year int) *int {
	dollars := t.msrp * (1000 - 25*(t.last-year)) / 1000
	dollars += dollars * rng.IntN(9) / 100
	cents := (dollars - dollars%5) * 100
	return &cents
}

// drawPrice draws the asking price, in cents.
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

// usedPrice draws the price of a used vehicle from its list price, age and mileage, in dollars.
func usedPrice(rng *rand.Rand, m model, msrp, year, miles int) int {
	// What is left of the list price depends on the age and the make.
	age := today.Year() - year
	worth := worthAfter[min(age, len(worthAfter)-1)]
	switch {
	case slices.Contains(holdValue, m.make):
		worth += 15 + 10*min(age, 6)
	case slices.Contains(loseValue, m.make):
		worth -= 15 + 10*min(age, 6)
	}
	worth += rng.IntN(61) - 30
	dollars := msrp * worth / 1000

	// Mileage costs about a fifth of the list price per 100,000 miles.
	expected := (12*age + 8) * 925
	dollars += (expected - miles) * (msrp / 100) / 500000 * 100

	// No mileage takes the price out of these bounds.
	return min(max(dollars, msrp/10), msrp*96/100)
}

// roundPrice rounds a price as dealers do, and returns it in cents. A few prices have cents.
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
