package main

import "slices"

// dealer is a row of dealers. Its position in the list, from 1, is its id. Phone numbers are from ranges reserved for
// fiction; websites and mailboxes are under example.com.
type dealer struct {
	name, street, city, state, postalCode, country, phone, slug string

	prefix string   // of its stock numbers
	makes  []string // sold new; used vehicles of any North American dealer's make may be at any of them
}

var dealers = []dealer{
	{
		"O'Brien Motors", "48 Harborview Rd", "Boston", "MA", "02128", "US", "+1 617-555-0112",
		"obrien-motors", "OBM",
		[]string{"Ford", "Honda", "Toyota"},
	},
	{
		"Lakeshore Auto Group", "2210 W Fulton St", "Chicago", "IL", "60612", "US", "+1 312-555-0147",
		"lakeshore-auto", "LAG",
		[]string{"Chevrolet", "GMC", "Kia", "Nissan"},
	},
	{
		"Alamo Ridge Trucks", "9015 Bandera Rd", "San Antonio", "TX", "78250", "US", "+1 210-555-0163",
		"alamo-ridge", "ART",
		[]string{"Ford", "Ram", "Jeep", "GMC", "Chevrolet"},
	},
	{
		"Golden Gate Motorworks", "1450 Bayshore Blvd", "San Francisco", "CA", "94124", "US", "+1 415-555-0128",
		"goldengate-motorworks", "GGM",
		[]string{"Tesla", "Volvo", "Porsche", "BMW"},
	},
	{
		"Peachtree Imports", "3300 Piedmont Rd NE", "Atlanta", "GA", "30305", "US", "+1 404-555-0171",
		"peachtree-imports", "PTI",
		[]string{"Toyota", "Hyundai", "Mazda", "Volkswagen"},
	},
	{
		"Rainier Auto Plaza", "4601 Aurora Ave N", "Seattle", "WA", "98103", "US", "+1 206-555-0139",
		"rainier-auto", "RAP",
		[]string{"Subaru", "Toyota", "Honda", "Tesla"},
	},
	{
		"Mile High 4x4", "777 S Colorado Blvd", "Denver", "CO", "80246", "US", "+1 303-555-0155",
		"milehigh4x4", "MHX",
		[]string{"Jeep", "Ram", "Subaru", "Land Rover"},
	},
	{
		"Biscayne European", "1899 NE 2nd Ave", "Miami", "FL", "33132", "US", "+1 305-555-0184",
		"biscayne-european", "BEU",
		[]string{"Mercedes-Benz", "BMW", "Audi", "Porsche", "Land Rover"},
	},
	{
		"Desert Sky Automotive", "6120 E Camelback Rd", "Phoenix", "AZ", "85018", "US", "+1 602-555-0196",
		"desertsky", "DSA",
		[]string{"Nissan", "Hyundai", "Kia", "Chevrolet"},
	},
	{
		"Hudson & Sons", "88 Central Ave", "Albany", "NY", "12206", "US", "+1 518-555-0103",
		"hudson-and-sons", "HUD",
		[]string{"Ford", "Mazda", "Volkswagen", "Honda"},
	},
	{
		"Automobiles Côte-des-Neiges", "5255 ch. de la Côte-des-Neiges", "Montréal", "QC", "H3T 1Y1", "CA", "+1 514-555-0119",
		"auto-cdn", "CDN",
		[]string{"Toyota", "Mazda", "Hyundai", "Audi", "Volvo"},
	},
	{
		"Auto Plus Québec", "1020 boul. Charest O", "Québec", "QC", "G1N 2C9", "CA", "+1 418-555-0190",
		"autoplus-quebec", "APQ",
		[]string{"Subaru", "Volkswagen", "Kia", "Mercedes-Benz"},
	},
	{
		"Concesionario Ñuñoa", "Av. Irarrázaval 2850", "Santiago", "RM", "7750000", "CL", "+56 2 5550 0142",
		"concesionario-nunoa", "CNU",
		[]string{"Citroën", "Škoda", "Peugeot"},
	},
}

// isNorthAmerican reports whether the dealer is in the US or Canada.
func (d dealer) isNorthAmerican() bool { return d.country != "CL" }

// sellersOf returns the indexes of the dealers that may have such a vehicle. New ones are at the dealers of the make;
// used ones at any North American dealer, if the make is sold there.
func sellersOf(mk string, isNew bool) []int {
	var franchised, north []int
	soldNorth := false
	for i, d := range dealers {
		if slices.Contains(d.makes, mk) {
			franchised = append(franchised, i)
			soldNorth = soldNorth || d.isNorthAmerican()
		}
		if d.isNorthAmerican() {
			north = append(north, i)
		}
	}

	if isNew || !soldNorth {
		return franchised
	}

	return north
}
