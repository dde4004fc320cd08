package main

import (
	"fmt"
	"strings"
	"time"
)

// addOddities makes the stock as untidy as a real one: missing values, a price of zero, and texts that break a careless
// reader. Each change goes to the first vehicles that it fits, so that no vehicle contradicts itself.
func addOddities(stock []vehicle) {
	// Vehicles in transit may have no VIN yet.
	each(stock, 6, func(v *vehicle) bool { return v.status == "in_transit" && v.condition == "new" }, func(v *vehicle) {
		v.vin = nil
		v.hasImage = false
	})
	each(stock, 6, func(v *vehicle) bool { return *v.msrpOr(0) > 9000000 }, func(v *vehicle) {
		v.price = nil
		v.description = ptr("Call for price.")
	})

	// Some dealers' software writes 0 if nobody has entered a price.
	each(stock, 1,
		func(v *vehicle) bool { return v.price != nil && v.model.name == "Malibu" },
		func(v *vehicle) { v.price = ptr(0) })
	each(stock, 4,
		func(v *vehicle) bool { return v.condition == "used" && v.year <= 2018 },
		func(v *vehicle) { v.mileage = nil })
	each(stock, 5,
		func(v *vehicle) bool { return v.condition == "used" && v.model.name == "F-150" },
		func(v *vehicle) { v.trimName = nil })
	each(stock, 1,
		func(v *vehicle) bool { return v.model.name == "Corolla" },
		func(v *vehicle) { v.description = ptr("") })
	each(stock, 1,
		func(v *vehicle) bool { return v.model.name == "Transit-250" },
		func(v *vehicle) { v.features = []string{} })

	// Texts have emoji, quotes, a backslash, line breaks, and other languages; one is long.
	each(stock, 1, func(v *vehicle) bool { return v.model.name == "Model 3" && v.condition != "new" }, func(v *vehicle) {
		v.description = ptr("Drives like new \U0001F697\u26A1 Autopilot included.")
	})
	each(stock, 1, func(v *vehicle) bool { return v.model.name == "Wrangler" && v.condition != "new" }, func(v *vehicle) {
		v.description = ptr(`Known as "the goat" to its owner. It's lifted 2", it doesn't rust, and it's yours ` +
			`for the asking.`)
	})
	each(stock, 1, func(v *vehicle) bool { return v.model.name == "Outback" && v.condition != "new" }, func(v *vehicle) {
		v.description = ptr("100% original_paint; photos in C:\\stock\\outback.\nSecond line: tires at 70%.\tThird column.")
	})
	each(stock, 1,
		func(v *vehicle) bool { return dealers[v.dealer].city == "Québec" && v.condition != "new" },
		func(v *vehicle) {
			v.description = ptr("Véhicule très propre, entretenu chez nous. Pneus d'hiver inclus, démarreur à distance, " +
				"prix à discuter.")
		})
	each(stock, 1, func(v *vehicle) bool { return v.model.make == "Citroën" }, func(v *vehicle) {
		v.description = ptr("Único dueño, mantención al día. ¡Permiso de circulación pagado! Recibimos su auto en " +
			"parte de pago.")
	})
	each(stock, 1,
		func(v *vehicle) bool { return v.condition == "used" && v.mileage != nil && *v.mileage > 90000 },
		func(v *vehicle) {
			v.description = ptr(serviceHistory(v.year, *v.mileage))
		})
}

// each changes the first n vehicles that it fits.
func each(stock []vehicle, n int, fits func(*vehicle) bool, change func(*vehicle)) {
	for i := range stock {
		if n > 0 && fits(&stock[i]) {
			change(&stock[i])
			n--
		}
	}

	if n > 0 {
		panic("the stock has too few vehicles for an oddity; take another seed")
	}
}

// serviceHistory returns a text of about 4 KB: longer than many VARCHAR columns and buffers.
func serviceHistory(year, miles int) string {
	work := []string{
		"oil and filter, tires rotated", "front brake pads and rotors, brake fluid flushed", "cabin and engine air filters",
		"oil and filter, battery tested and replaced", "four new tires, alignment", "coolant and serpentine belt",
		"oil and filter, wiper blades", "transmission fluid, rear differential fluid", "spark plugs, throttle body cleaned",
	}

	const visits = 68

	var b strings.Builder
	b.WriteString("Complete service history, every visit on paper:\n")
	first := time.Date(year, time.March, 4, 0, 0, 0, 0, time.UTC)
	days := int(today.Sub(first).Hours()/24) - 30
	for i := 1; i <= visits; i++ {
		day := first.AddDate(0, 0, days*i/visits)
		fmt.Fprintf(&b, "%s, %d mi: %s.\n", day.Format(time.DateOnly), miles*i/(visits+1), work[i%len(work)])
	}

	b.WriteString("Sold with both keys and the owner's manual.")
	return b.String()
}

// msrpOr returns the MSRP, or another value if it is unknown.
func (v *vehicle) msrpOr(other int) *int {
	if v.msrp == nil {
		return &other
	}
	return v.msrp
}

func ptr[T any](v T) *T { return &v }
