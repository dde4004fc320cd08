package catalog

import (
	"slices"
	"strings"

	"carstock/pkg/schema"
)

// VehicleField is one of the fields that a vehicle for sale has, whatever a table calls its column.
type VehicleField struct {
	Name     string
	Kind     schema.Kind // its kind where the column's type leaves that open; Unknown takes the column's
	About    string      // for people and for tools that read the API's description
	Synonyms []string    // other names of columns, in lower case and without underscores
}

// VehicleFields are the canonical fields, in the order in which they are shown.
var VehicleFields = []VehicleField{
	{Name: "id", About: "identifies the vehicle in this stock"},
	{Name: "vin", About: "vehicle identification number, 17 characters", Synonyms: []string{"vinnumber", "vincode", "chassisnumber"}},
	{Name: "stock_number", About: "the dealer's own number", Synonyms: []string{"stockno", "stocknum", "stockid", "sku"}},
	{Name: "make", About: "manufacturer, such as Toyota", Synonyms: []string{"manufacturer", "brand", "makename", "vehiclemake"}},
	{Name: "model", About: "model, such as Camry", Synonyms: []string{"modelname", "vehiclemodel"}},
	{Name: "year", Kind: schema.Integer, About: "model year", Synonyms: []string{"modelyear", "vehicleyear"}},
	{Name: "trim", About: "trim level, such as XSE", Synonyms: []string{"trimlevel", "variant", "version"}},
	{Name: "condition", About: "new, used or certified", Synonyms: []string{"vehiclecondition", "newused"}},
	{Name: "status", About: "whether it can be bought", Synonyms: []string{"stockstatus", "availability"}},
	{Name: "body_type", About: "body, such as Sedan or SUV", Synonyms: []string{"body", "bodystyle", "vehicletype"}},
	{Name: "fuel_type", About: "what it runs on", Synonyms: []string{"fuel"}},
	{Name: "transmission", About: "gearbox", Synonyms: []string{"gearbox", "transmissiontype"}},
	{Name: "drivetrain", About: "driven wheels, such as AWD", Synonyms: []string{"drivetype", "drive", "wheeldrive"}},
	{Name: "engine", About: "engine, in words", Synonyms: []string{"enginedescription", "motor"}},
	{Name: "cylinders", Kind: schema.Integer, About: "number of cylinders", Synonyms: []string{"cylindercount", "enginecylinders"}},
	{Name: "doors", Kind: schema.Integer, About: "number of doors", Synonyms: []string{"doorcount", "numdoors"}},
	{Name: "seats", Kind: schema.Integer, About: "number of seats", Synonyms: []string{"seatcount", "seatingcapacity"}},
	{Name: "color", About: "exterior color", Synonyms: []string{"colour", "exteriorcolor", "exteriorcolour", "extcolor", "extcolour", "paint"}},
	{Name: "interior_color", About: "interior color", Synonyms: []string{"interiorcolour", "intcolor", "intcolour"}},
	{Name: "mileage", Kind: schema.Integer, About: "odometer reading", Synonyms: []string{"odometer", "miles"}},
	{Name: "price", Kind: schema.Decimal, About: "asking price", Synonyms: []string{"sellingprice", "listprice", "askingprice", "saleprice"}},
	{Name: "msrp", Kind: schema.Decimal, About: "manufacturer's suggested retail price", Synonyms: []string{"retailprice"}},
	{Name: "currency", About: "currency of the prices, ISO 4217", Synonyms: []string{"currencycode"}},
	{Name: "city", About: "where it stands", Synonyms: []string{"town", "locationcity"}},
	{Name: "state", About: "state or province", Synonyms: []string{"province", "region"}},
	{Name: "country", About: "country", Synonyms: []string{"countrycode"}},
	{Name: "dealer", About: "who sells it", Synonyms: []string{"dealername", "seller", "dealership"}},
	{Name: "description", About: "the dealer's text", Synonyms: []string{"comments", "notes"}},
	{Name: "features", Kind: schema.JSON, About: "equipment", Synonyms: []string{"options", "equipment"}},
	{Name: "image_url", About: "a picture", Synonyms: []string{"image", "photourl", "imagelink"}},
	{Name: "listing_url", About: "the dealer's page", Synonyms: []string{"url", "link", "detailurl"}},
	{Name: "created_at", About: "when it was entered", Synonyms: []string{"created", "createdon", "dateadded"}},
	{Name: "updated_at", About: "when it last changed", Synonyms: []string{"updated", "updatedon", "lastmodified"}},
}

// vehicleField gives the vehicle field of a name; the zero one if there is none.
func vehicleField(name string) VehicleField {
	i := slices.IndexFunc(VehicleFields, func(v VehicleField) bool { return v.Name == name })
	if i < 0 {
		return VehicleField{}
	}
	return VehicleFields[i]
}

// Synonyms are other names of a vehicle field, in lower case and without underscores.
func Synonyms(name string) []string { return vehicleField(name).Synonyms }

// bindByName finds the vehicle fields among a table's columns, by name and then by synonym, whatever their case and
// underscores: field name to position of the column.
func bindByName(columns []schema.Column) map[string]int {
	byName := map[string]int{}
	for i, c := range columns {
		name := foldName(c.Name)
		if _, taken := byName[name]; !taken {
			byName[name] = i
		}
	}

	// Names first for every field, so that no synonym takes a column from the field it names.
	bound, used := map[string]int{}, map[int]bool{}
	for _, f := range VehicleFields {
		if i, ok := byName[foldName(f.Name)]; ok {
			bound[f.Name], used[i] = i, true
		}
	}
	for _, f := range VehicleFields {
		for _, synonym := range f.Synonyms {
			if _, done := bound[f.Name]; done {
				break
			}
			if i, ok := byName[synonym]; ok && !used[i] {
				bound[f.Name], used[i] = i, true
			}
		}
	}
	return bound
}

func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}
