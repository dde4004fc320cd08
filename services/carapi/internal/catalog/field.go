package catalog

import (
	"regexp"
	"slices"

	"golang.org/x/text/currency"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/value"
)

// Field is a column of the table under the name by which requests and answers know it.
type Field struct {
	Name    string
	About   string // in words; empty if it is not a vehicle field and its column has no comment
	Unit    string // "mi", "km" or an ISO 4217 code; empty if it is not known
	Column  schema.Column
	Kind    schema.Kind // how its values are read and compared; mostly the column's own
	Columns []int       // positions in Table.Columns of what it is read from: one, several for a joined id, none for a rowid

	position int // in Catalog.Fields; -1 for a hidden field of the key
	slot     int // in Catalog.Indexed; -1 if it is not there
}

// Class is which comparisons a field takes.
type Class int

// The classes of fields.
const (
	Opaque  Class = iota // none
	Text                 // is one of
	Number               // equal, between, ordered
	Instant              // equal, between, ordered; a value stands for as long as it says: a day, a second
	List                 // has one of, among the elements of a JSON array
)

// Class gives the field's class.
func (f *Field) Class() Class {
	switch f.Kind {
	case schema.Integer, schema.Bit, schema.Decimal, schema.Float, schema.Double:
		return Number
	case schema.Date, schema.DateTime, schema.Timestamp:
		return Instant
	case schema.JSON:
		return List
	case schema.Bytes:
		return Opaque
	}
	return Text
}

// Type names the field's type as JSON and people know it: integer, number, text, date, date-time, json or bytes.
func (f *Field) Type() string {
	switch f.Kind {
	case schema.Integer, schema.Bit:
		return "integer"
	case schema.Decimal, schema.Float, schema.Double:
		return "number"
	case schema.Date:
		return "date"
	case schema.DateTime, schema.Timestamp:
		return "date-time"
	case schema.JSON:
		return "json"
	case schema.Bytes:
		return "bytes"
	}
	return "text"
}

// Position is the field's place in Catalog.Fields; -1 for a hidden field of the key.
func (f *Field) Position() int { return f.position }

// Slot is the field's place in Catalog.Indexed; -1 if an index does not hold it.
func (f *Field) Slot() int { return f.slot }

// IsJoined reports whether the field is an id of several columns. Its values are theirs, percent-encoded and joined by ~.
func (f *Field) IsJoined() bool { return len(f.Columns) > 1 }

// IsLong reports whether the field holds long texts. They are searched by their words, and neither ordered nor listed.
func (f *Field) IsLong() bool { return f.Name == "description" && f.Class() == Text }

// Sorts reports whether vehicles can be ordered by the field.
func (f *Field) Sorts() bool { return f.Class() != Opaque && f.Class() != List && !f.IsLong() }

// unlisted are the fields in which nearly every vehicle has a value of its own.
var unlisted = []string{"id", "vin", "stock_number", "description", "image_url", "listing_url"}

// HasOwnValues reports whether nearly every vehicle has a value of its own in the field.
func (f *Field) HasOwnValues() bool { return slices.Contains(unlisted, f.Name) }

// Facets reports whether the field's values can be counted.
func (f *Field) Facets() bool {
	counts := f.Class() == Text || f.Kind == schema.Integer || f.Kind == schema.Bit
	return counts && !f.HasOwnValues()
}

// identifying are the fields whose values are shown exactly as they are stored, since callers ask by them.
var identifying = []string{"id", "vin", "stock_number"}

// Identifies reports whether callers ask for vehicles by the field's values as shown.
func (f *Field) Identifies() bool { return slices.Contains(identifying, f.Name) }

// Measure says what the field's numbers count.
func (f *Field) Measure() value.Measure { return value.Measure{Field: f.Name, Unit: f.Unit} }

// Operators are the comparisons that requests may use on the field: eq (color=red), in (color=red,blue), range
// (price=20000-30000), min and max (price_min=20000), has (features=Sunroof).
func (f *Field) Operators() []string {
	switch f.Class() {
	case Text:
		return []string{"eq", "in"}
	case Number:
		return []string{"eq", "in", "range", "min", "max"}
	case Instant:
		return []string{"eq", "in", "min", "max"}
	case List:
		return []string{"has"}
	}
	return []string{}
}

var (
	miles       = regexp.MustCompile(`(?i)(\b|_)(miles?|mi)(\b|_)`)
	kilometers  = regexp.MustCompile(`(?i)(\b|_)(kilomet(er|re)s?|kms?|laufleistung_km)(\b|_)`)
	threeLetter = regexp.MustCompile(`\b[A-Z]{3}\b`)
)

// unitOf reads a column's unit from its name and comment.
func unitOf(name string, c schema.Column) string {
	switch name {
	case "mileage":
		text := c.Name + " " + c.Comment
		inMiles, inKilometers := miles.MatchString(text), kilometers.MatchString(text)
		switch {
		case inMiles && !inKilometers:
			return "mi"
		case inKilometers && !inMiles:
			return "km"
		}
	case "price", "msrp":
		for _, code := range threeLetter.FindAllString(c.Comment, -1) {
			if _, err := currency.ParseISO(code); err == nil {
				return code
			}
		}
	}
	return ""
}
