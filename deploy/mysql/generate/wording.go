package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

var exteriorColors = []string{
	"White", "White", "White", "Pearl White", "Black", "Black", "Black", "Gray", "Gray", "Silver", "Silver",
	"Blue", "Blue", "Dark Blue", "Red", "Red", "Green", "Orange", "Beige", "Brown", "Yellow",
}

var interiorColors = []string{"Black", "Black", "Black", "Gray", "Gray", "Beige", "Tan", "Brown", "White", "Red"}

var (
	commonFeatures = []string{
		"Backup Camera", "Bluetooth", "Keyless Entry", "Cruise Control", "Alloy Wheels", "Power Windows", "USB Ports",
	}
	recentFeatures = []string{
		"Apple CarPlay", "Android Auto", "Adaptive Cruise Control", "Lane Keep Assist", "Blind Spot Monitor",
		"Automatic Emergency Braking", "Wireless Charging", "LED Headlights", "Remote Start",
	}
	comfortFeatures = []string{
		"Heated Seats", "Leather Seats", "Sunroof", "Navigation", "Premium Audio", "Dual-Zone Climate",
		"Power Liftgate", "Ventilated Seats", "Head-Up Display", "Heated Steering Wheel",
	}
	truckFeatures    = []string{"Tow Package", "Bed Liner", "Trailer Brake Controller", "Running Boards", "Tonneau Cover"}
	electricFeatures = []string{"DC Fast Charging", "Heat Pump", "Home Charging Cable", "One-Pedal Driving"}
	familyFeatures   = []string{"Third-Row Seats", "Rear Climate Control", "Rear Sunshades"}
)

// drawFeatures draws equipment that such a vehicle can have. For one vehicle in forty it returns nil: unknown.
func drawFeatures(rng *rand.Rand, m model, t trim, year int) []string {
	features := drawSome(rng, commonFeatures, 2+rng.IntN(3))
	if year >= 2018 {
		features = append(features, drawSome(rng, recentFeatures, 2+rng.IntN(4))...)
	}

	// Neither a power liftgate nor a sunroof fits every body.
	if m.body != van {
		comfort := comfortFeatures
		if m.body == convertible || m.body == pickup || m.body == sedan || m.body == coupe {
			comfort = slices.DeleteFunc(slices.Clone(comfort), func(f string) bool {
				return f == "Power Liftgate" || f == "Sunroof" && m.body == convertible
			})
		}
		features = append(features, drawSome(rng, comfort, 1+rng.IntN(4))...)
	}

	if m.body == pickup {
		features = append(features, drawSome(rng, truckFeatures, 1+rng.IntN(3))...)
	}
	if t.engine.fuel == electric {
		features = append(features, drawSome(rng, electricFeatures, 1+rng.IntN(3))...)
	}
	if m.seats >= 7 {
		features = append(features, drawSome(rng, familyFeatures, 1+rng.IntN(2))...)
	}
	if oneIn(rng, 40) {
		return nil
	}

	return features
}

// drawSome draws n different elements, and keeps the order of the list.
func drawSome(rng *rand.Rand, from []string, n int) []string {
	picked := rng.Perm(len(from))[:n]
	slices.Sort(picked)

	out := make([]string, 0, n)
	for _, i := range picked {
		out = append(out, from[i])
	}

	return out
}

var openings = map[string][]string{
	"new": {"Brand new and ready to go.", "Factory fresh, full warranty.", "Just arrived on our lot."},
	"certified": {
		"Certified, with a 150-point inspection behind it.", "One owner, certified, warranty extended.",
		"Certified pre-owned with a full service record.",
	},
	"used": {
		"Clean title, no accidents reported.", "Well kept, serviced on time.", "Local trade-in, new tires.",
		"Two owners, non-smoker.", "Priced to sell.",
	},
}

var closings = []string{
	"Come by for a test drive.", "Financing available.", "Trade-ins welcome.", "Ask us about delivery.",
	"Call ahead: it may be gone by the weekend.", "Inspection report on request.",
}

// describe returns a dealer's description of a vehicle.
func describe(rng *rand.Rand, v vehicle) string {
	text := []string{
		oneOf(rng, openings[v.condition]),
		fmt.Sprintf("%d %s %s %s, %s, %s.", v.year, v.model.make, v.model.name, v.trim.name, v.trim.engine.name,
			v.trim.drivetrain),
	}
	if n := len(v.features); n > 2 {
		text = append(text, fmt.Sprintf("Comes with %s and %s.", v.features[n-2], v.features[n-1]))
	}
	if v.condition != "new" && *v.mileage < 20000 {
		text = append(text, "Low miles!")
	}

	return strings.Join(append(text, oneOf(rng, closings)), " ")
}
