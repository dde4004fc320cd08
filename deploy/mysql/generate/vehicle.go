package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

const stockSize = 600

// today is the date of the demo's stock. Dates and ages count from it instead of from the clock, so that the output
// never changes.
var today = time.Date(2026, time.November, 1, 6, 0, 0, 0, time.UTC)

// vehicle is a row of vehicles_stock. A pointer is a column that may be NULL.
type vehicle struct {
	model  model
	trim   trim
	dealer int // index into dealers

	id            int
	stockNumber   string
	vin           *string
	year          int
	trimName      *string
	condition     string
	status        string
	exterior      string
	interior      *string
	mileage       *int
	price, msrp   *int // US cents
	description   *string
	features      []string // nil: NULL
	hasImage      bool
	created, last time.Time
}

// pinned are vehicles that the examples in the docs find. They are always in the stock.
var pinned = []struct {
	make, model, trim string
	year              int
}{
	{"Toyota", "Camry", "LE", 2023},
	{"Toyota", "Camry", "SE", 2023},
	{"Toyota", "Camry", "XLE", 2023},
	{"Toyota", "Camry", "SE AWD", 2023},
	{"Toyota", "Camry", "XSE V6", 2023},
	{"Toyota", "Camry", "Hybrid LE", 2023},
	{"Ford", "F-150", "XLT", 2022},
	{"Honda", "Civic", "Sport Hybrid", 2026},
	{"Toyota", "RAV4", "Hybrid XLE", 2024},
	{"Tesla", "Model 3", "Long Range", 2022},
	{"Volkswagen", "ID.4", "Pro", 2024},
	{"Toyota", "C-HR", "XLE", 2020},
	{"Mazda", "MX-5 Miata", "Club", 2019},
}

// drawStock draws the whole stock. The same seed gives the same vehicles.
func drawStock(seed uint64) []vehicle {
	rng := rand.New(rand.NewPCG(seed, 0))
	vins := map[string]bool{}
	stock := make([]vehicle, 0, stockSize)

	for i := range stockSize {
		m, t := drawKind(rng)
		year := drawYear(rng, t)
		if i < len(pinned) {
			p := pinned[i]
			m, t = kindOf(p.make, p.model, p.trim, p.year)
			year = p.year
		}

		// Each VIN occurs once.
		v := drawVehicle(rng, m, t, year)
		for v.vin == nil || vins[*v.vin] {
			vin := newVIN(rng, m, t, year)
			v.vin = &vin
		}
		vins[*v.vin] = true
		stock = append(stock, v)
	}

	// Vehicles are numbered in the order of their arrival, as in a real stock.
	slices.SortStableFunc(stock, func(a, b vehicle) int { return a.created.Compare(b.created) })
	for i := range stock {
		stock[i].id = i + 1
		stock[i].stockNumber = fmt.Sprintf("%s-%05d", dealers[stock[i].dealer].prefix, 20000+17*(i+1))
	}

	addOddities(stock)
	return stock
}

// drawKind draws a model by its share of the stock, and one of its trims.
func drawKind(rng *rand.Rand) (model, trim) {
	total := 0
	for _, m := range catalog {
		total += m.share
	}

	n := rng.IntN(total)
	for _, m := range catalog {
		if n -= m.share; n < 0 {
			return m, m.trims[rng.IntN(len(m.trims))]
		}
	}

	panic("shares do not add up")
}

// kindOf returns a model and a trim of the catalog by their names.
func kindOf(mk, name, trimName string, year int) (model, trim) {
	for _, m := range catalog {
		for _, t := range m.trims {
			if m.make == mk && m.name == name && t.name == trimName && t.first <= year && year <= t.last {
				return m, t
			}
		}
	}

	panic(fmt.Sprintf("catalog has no %d %s %s %s", year, mk, name, trimName))
}

// drawYear draws a model year of a trim. Later years are likelier, because dealers have more recent vehicles than old
// ones.
func drawYear(rng *rand.Rand, t trim) int {
	span := t.last - t.first + 1
	years := rng.IntN(span)
	if oneIn(rng, 2) {
		years = max(years, rng.IntN(span))
	}

	return t.first + years
}

// drawVehicle draws everything about a vehicle except its VIN and its numbers.
func drawVehicle(rng *rand.Rand, m model, t trim, year int) vehicle {
	v := vehicle{model: m, trim: t, year: year, trimName: &t.name, hasImage: !oneIn(rng, 25)}

	isNew := year >= today.Year() && !oneIn(rng, 6) || year == today.Year()-1 && oneIn(rng, 2)
	sellers := sellersOf(m.make, isNew)
	v.dealer = sellers[rng.IntN(len(sellers))]

	// Condition, status and price follow from age and mileage.
	miles := drawMileage(rng, year, isNew)
	v.mileage = &miles
	v.condition = conditionOf(rng, year, miles, isNew)
	v.status = drawStatus(rng, isNew)
	v.msrp = drawMSRP(rng, t, year)
	v.price = drawPrice(rng, m, *v.msrp, year, miles, isNew)

	// Few dealers look up what a used vehicle once cost.
	if !isNew && oneIn(rng, 4) {
		v.msrp = nil
	}

	// Dealers leave some fields empty.
	v.exterior = oneOf(rng, exteriorColors)
	if interior := oneOf(rng, interiorColors); !oneIn(rng, 30) {
		v.interior = &interior
	}
	v.features = drawFeatures(rng, m, t, year)
	if text := describe(rng, v); !oneIn(rng, 18) {
		v.description = &text
	}

	// A vehicle in transit was listed recently. Each was changed at some time since.
	days := 200
	if v.status == "in_transit" {
		days = 20
	}
	v.created = today.Add(-time.Duration(rng.IntN(days*24*3600)+3600) * time.Second)
	v.last = v.created.Add(time.Duration(rng.Int64N(int64(today.Sub(v.created)/time.Second))) * time.Second)
	return v
}

// drawMileage draws the mileage of a vehicle. A model year is on the road since the autumn before it.
func drawMileage(rng *rand.Rand, year int, isNew bool) int {
	if isNew {
		return 3 + rng.IntN(60)
	}

	months := max(3, 12*(today.Year()-year)+8)
	return months * (550 + rng.IntN(750))
}

// conditionOf returns new, certified or used. Only younger vehicles with few miles are certified.
func conditionOf(rng *rand.Rand, year, miles int, isNew bool) string {
	switch {
	case isNew:
		return "new"
	case today.Year()-year <= 6 && miles < 75000 && oneIn(rng, 4):
		return "certified"
	default:
		return "used"
	}
}

// drawStatus draws a status. Only new vehicles are in transit.
func drawStatus(rng *rand.Rand, isNew bool) string {
	n := rng.IntN(100)
	switch {
	case isNew && n < 15:
		return "in_transit"
	case n >= 93:
		return "sold"
	case n >= 86:
		return "reserved"
	default:
		return "available"
	}
}

// oneIn returns true once in n times, at random.
func oneIn(rng *rand.Rand, n int) bool { return rng.IntN(n) == 0 }

// oneOf draws one element of a list.
func oneOf[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }
