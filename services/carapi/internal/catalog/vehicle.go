package catalog

import (
	"slices"

	"carstock/pkg/schema"
)

// fieldDefinition is one of the fields that a vehicle for sale has, whatever a table calls its column.
type fieldDefinition struct {
	Name  string
	Kind  schema.Kind // its kind if the column's type leaves that open; Unknown for the column's kind
	About string      // for people and for tools that read the API's description
}

// vehicleFields are the canonical fields in the order that answers show them.
var vehicleFields = []fieldDefinition{
	{Name: "id", About: "identifies the vehicle in this stock"},
	{Name: "vin", About: "vehicle identification number, 17 characters"},
	{Name: "stock_number", About: "the dealer's own number"},
	{Name: "make", About: "manufacturer, such as Toyota"},
	{Name: "model", About: "model, such as Camry"},
	{Name: "year", Kind: schema.Integer, About: "model year"},
	{Name: "trim", About: "trim level, such as XSE"},
	{Name: "condition", About: "new, used or certified"},
	{Name: "status", About: "availability, such as available or sold"},
	{Name: "body_type", About: "body, such as Sedan or SUV"},
	{Name: "fuel_type", About: "fuel, such as Gasoline or Electric"},
	{Name: "transmission", About: "gearbox"},
	{Name: "drivetrain", About: "driven wheels, such as AWD"},
	{Name: "engine", About: "engine, in words"},
	{Name: "cylinders", Kind: schema.Integer, About: "number of cylinders"},
	{Name: "doors", Kind: schema.Integer, About: "number of doors"},
	{Name: "seats", Kind: schema.Integer, About: "number of seats"},
	{Name: "color", About: "exterior color"},
	{Name: "interior_color", About: "interior color"},
	{Name: "mileage", Kind: schema.Integer, About: "odometer reading"},
	{Name: "price", Kind: schema.Decimal, About: "asking price"},
	{Name: "msrp", Kind: schema.Decimal, About: "manufacturer's suggested retail price"},
	{Name: "currency", About: "currency of the prices, ISO 4217"},
	{Name: "city", About: "city where the vehicle is"},
	{Name: "state", About: "state or province"},
	{Name: "country", About: "country"},
	{Name: "dealer", About: "name of the dealer"},
	{Name: "description", About: "the dealer's text"},
	{Name: "features", Kind: schema.JSON, About: "equipment"},
	{Name: "image_url", About: "a picture"},
	{Name: "listing_url", About: "the dealer's page"},
	{Name: "created_at", About: "when it was entered"},
	{Name: "updated_at", About: "when it last changed"},
}

// vehicleField returns the vehicle field with this name, or the zero fieldDefinition if no field has it.
func vehicleField(name string) fieldDefinition {
	i := slices.IndexFunc(vehicleFields, func(v fieldDefinition) bool { return v.Name == name })
	if i < 0 {
		return fieldDefinition{}
	}
	return vehicleFields[i]
}
