package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFileIsWhatTheGeneratorWrites(t *testing.T) {
	file, err := os.ReadFile("../02-stock.sql")
	if err != nil {
		t.Fatal(err)
	}

	var out bytes.Buffer
	if err := run(&out); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, out.Bytes()) {
		t.Error("../02-stock.sql differs from the generator's output: run `go run . > ../02-stock.sql`")
	}
}

func TestStockIsWholeAndUnique(t *testing.T) {
	stock := drawStock(seed)
	if len(stock) != stockSize {
		t.Errorf("%d vehicles, want %d", len(stock), stockSize)
	}

	vins, numbers := map[string]bool{}, map[string]bool{}
	for i, v := range stock {
		if v.id != i+1 || numbers[v.stockNumber] {
			t.Errorf("vehicle %d: id %d, stock number %s", i, v.id, v.stockNumber)
		}

		numbers[v.stockNumber] = true
		if v.vin == nil {
			continue
		}
		if vins[*v.vin] {
			t.Errorf("%s: VIN %s stands twice", v.stockNumber, *v.vin)
		}
		vins[*v.vin] = true
		if vin := *v.vin; vin[vinCheckPos] != checkDigit(vin) || vin[vinYearPos] != yearCode(v.year) ||
			vin[:3] != v.model.wmi {
			t.Errorf("%s: VIN %s of a %d %s %s", v.stockNumber, vin, v.year, v.model.make, v.model.name)
		}
	}
}

func TestStockFollowsTheCatalog(t *testing.T) {
	for _, v := range drawStock(seed) {
		inCatalog := slices.ContainsFunc(catalog, func(m model) bool {
			return m.make == v.model.make && m.name == v.model.name && m.body == v.model.body && slices.Contains(m.trims, v.trim)
		})
		if !inCatalog || v.year < v.trim.first || v.year > v.trim.last || v.trimName != nil && *v.trimName != v.trim.name {
			t.Errorf("%s: %d %s %s %s is not in the catalog", v.stockNumber, v.year, v.model.make, v.model.name, v.trim.name)
		}
		if !slices.Contains(sellersOf(v.model.make, v.condition == "new"), v.dealer) {
			t.Errorf("%s: a %s %s at %s", v.stockNumber, v.condition, v.model.make, dealers[v.dealer].name)
		}
	}
}

func TestStockIsBelievable(t *testing.T) {
	for _, v := range drawStock(seed) {
		if v.condition == "new" && (v.year < today.Year()-1 || v.mileage == nil || *v.mileage > 100) {
			t.Errorf("%s: new, of %d", v.stockNumber, v.year)
		}
		if v.condition != "new" && v.mileage != nil && (*v.mileage < 1000 || *v.mileage > 250000) {
			t.Errorf("%s: used, %d miles", v.stockNumber, *v.mileage)
		}
		if v.status == "in_transit" && v.condition != "new" {
			t.Errorf("%s: in transit, though %s", v.stockNumber, v.condition)
		}
		if v.last.Before(v.created) || v.last.After(today) {
			t.Errorf("%s: created %s, updated %s", v.stockNumber, v.created, v.last)
		}
		if v.price == nil || *v.price == 0 || v.msrp == nil {
			continue
		}

		// In percent. Rounding may raise a price by up to 495 dollars.
		share := (*v.price - 49500) * 100 / *v.msrp
		if low := map[bool]int{true: 90, false: 9}[v.condition == "new"]; share > 100 || (*v.price)*100 / *v.msrp < low {
			t.Errorf("%s: %s of %d at %d %% of its list price", v.stockNumber, v.condition, v.year, share)
		}
	}
}

func TestStockHasWhatTheExamplesNeed(t *testing.T) {
	makes, models, camrys := map[string]int{}, map[string]int{}, 0
	for _, v := range drawStock(seed) {
		makes[v.model.make]++
		models[v.model.name]++
		if v.model.name == "Camry" && v.year == 2023 {
			camrys++
		}
	}

	if camrys < 4 {
		t.Errorf("%d Camrys of 2023, want 4 or more", camrys)
	}

	for _, mk := range []string{
		"Toyota", "Ford", "Chevrolet", "Volkswagen", "Mercedes-Benz", "BMW", "Tesla", "Honda", "Hyundai", "Kia", "Nissan",
		"Mazda",
		"Subaru", "Jeep", "Ram", "GMC", "Audi", "Volvo", "Land Rover", "Porsche", "Citroën", "Škoda", "Peugeot",
	} {
		if makes[mk] < 4 {
			t.Errorf("%d of %s, want 4 or more", makes[mk], mk)
		}
	}

	for _, name := range []string{
		"F-150", "CX-5", "RAV4", "Model 3", "ID.4", "C-HR", "3 Series", "Silverado 1500", "MX-5 Miata",
	} {
		if models[name] == 0 {
			t.Errorf("no %s in stock", name)
		}
	}
}

func TestStockHasItsOddities(t *testing.T) {
	want := []struct {
		what string
		is   func(vehicle) bool
		n    int
	}{
		{"no VIN", func(v vehicle) bool { return v.vin == nil }, 6},
		{"no price", func(v vehicle) bool { return v.price == nil }, 6},
		{"price zero", func(v vehicle) bool { return v.price != nil && *v.price == 0 }, 1},
		{"no mileage", func(v vehicle) bool { return v.mileage == nil }, 4},
		{"no trim", func(v vehicle) bool { return v.trimName == nil }, 3},
		{"no list price", func(v vehicle) bool { return v.msrp == nil }, 50},
		{"no interior color", func(v vehicle) bool { return v.interior == nil }, 5},
		{"no image", func(v vehicle) bool { return !v.hasImage }, 5},
		{"no description", func(v vehicle) bool { return v.description == nil }, 5},
		{"empty description", func(v vehicle) bool { return v.description != nil && *v.description == "" }, 1},
		{"features unknown", func(v vehicle) bool { return v.features == nil }, 3},
		{"no features", func(v vehicle) bool { return v.features != nil && len(v.features) == 0 }, 1},
		{"emoji", descriptionHas("\U0001F697"), 1},
		{"both quotes", func(v vehicle) bool { return descriptionHas(`"`)(v) && descriptionHas("'")(v) }, 1},
		{"backslash", descriptionHas(`\`), 1},
		{"tab", descriptionHas("\t"), 1},
		{"accents", descriptionHas("Véhicule très propre"), 1},
		{"long description", func(v vehicle) bool { return v.description != nil && len(*v.description) >= 4000 }, 1},
		{"dealer with an apostrophe", func(v vehicle) bool { return dealers[v.dealer].name == "O'Brien Motors" }, 5},
		{"dealer with an accent", func(v vehicle) bool { return dealers[v.dealer].name == "Concesionario Ñuñoa" }, 5},
		{"city with an accent", func(v vehicle) bool { return dealers[v.dealer].city == "Montréal" }, 5},
	}
	stock := drawStock(seed)
	for _, w := range want {
		n := 0
		for _, v := range stock {
			if w.is(v) {
				n++
			}
		}

		if n < w.n {
			t.Errorf("%s: %d, want %d or more", w.what, n, w.n)
		}
	}
}

func descriptionHas(words string) func(vehicle) bool {
	return func(v vehicle) bool { return v.description != nil && strings.Contains(*v.description, words) }
}

// TestLiterals checks that rows fit the column list, and that all servers read their text alike.
func TestLiterals(t *testing.T) {
	columns := len(strings.Split(vehicleColumns, ","))
	for _, v := range drawStock(seed) {
		row := vehicleRow(v)
		if len(row) != columns {
			t.Fatalf("%d values for %d columns", len(row), columns)
		}
		if s := strings.Join(row, ""); !utf8.ValidString(s) || strings.ContainsAny(s, "\n\t") {
			t.Errorf("%s: a raw control character or broken UTF-8", v.stockNumber)
		}
		if v.features != nil && !json.Valid([]byte(strings.Trim(jsonArray(v.features), "'"))) {
			t.Errorf("%s: features %s", v.stockNumber, jsonArray(v.features))
		}
	}

	if got, want := quote("it's a \\ \n\t"), `'it''s a \\ \n\t'`; got != want {
		t.Errorf("text = %s, want %s", got, want)
	}

	if got, want := decimal(1234506), "12345.06"; got != want {
		t.Errorf("decimal = %s, want %s", got, want)
	}
}
