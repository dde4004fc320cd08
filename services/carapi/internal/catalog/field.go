package catalog

import (
	"slices"
	"strings"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/value"
)

// Field is a column of the table under the name that requests and answers use.
type Field struct {
	Name   string
	About  string // describes the field; empty if it is not a vehicle field and its column has no comment
	Unit   string // "mi", "km" or an ISO 4217 code; empty if unknown
	Column schema.Column
	Kind   schema.Kind // how its values are compared; mostly the column's kind
	Stored schema.Kind // how its values are read and shown
	// positions in Table.Columns of the columns it is read from: one, several for a joined id, none for a rowid
	Columns []int

	From       *Field // the field that this one is derived from; nil for one that is read from the table
	UnitIn     *Field // the field with the unit of each row; nil if all rows have the same
	BoundBy    string // how its column was found; empty for a column under its own name
	CurrencyIn *Field // the field with the currency of each row, if currencies differ

	Mixed    bool // units differ from row to row
	Unscaled bool // amounts of money are in an unknown scale, such as thousands or lakh
	Flag     bool // it only holds spellings of true and false

	isComputed    bool
	derivation    derivation
	parsesNumbers bool // texts are understood as numbers
	numberStyle   value.NumberStyle
	vocabulary    *value.Vocabulary

	position int // in Catalog.Fields; -1 for a hidden field of the key
	slot     int // in Catalog.Indexed; -1 if it is not there
}

// IsDerived reports whether the field's values are parts of a column's texts.
func (f *Field) IsDerived() bool { return f.derivation != asStored }

// IsRenamed reports whether the column got another name because its own name belongs to a field.
func (f *Field) IsRenamed() bool {
	return strings.HasPrefix(f.Name, renamedPrefix) && f.Name != f.Column.Name
}

// Class says which comparisons a field supports.
type Class int

// The classes of fields.
const (
	ClassOpaque  Class = iota // none
	ClassText                 // is one of
	ClassNumber               // equal, between, ordered
	ClassInstant              // equal, between, ordered; a value covers the time that it names: a day, a second
	ClassList                 // has one of, among the elements of a JSON array
)

// Class returns the field's class.
func (f *Field) Class() Class {
	if f.isSetColumn() {
		return ClassList
	}

	switch f.Kind {
	case schema.Integer, schema.Bit, schema.Decimal, schema.Float, schema.Double:
		return ClassNumber
	case schema.Date, schema.DateTime, schema.Timestamp:
		return ClassInstant
	case schema.JSON:
		return ClassList
	case schema.Bytes:
		return ClassOpaque
	}

	return ClassText
}

// Type returns the field's type in the API: integer, number, text, date, date-time, json or bytes.
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

// Position returns the field's index in Catalog.Fields, or -1 for a hidden field of the key.
func (f *Field) Position() int { return f.position }

// Slot returns the field's index in Catalog.Indexed, or -1 if an index does not hold it.
func (f *Field) Slot() int { return f.slot }

// HasLongNumbers reports whether the column's type allows numbers that a double would change, or values that are not
// numbers.
func (f *Field) HasLongNumbers() bool {
	const safeDigits, safeBits = 15, 53
	switch f.Column.Kind {
	case schema.Integer:
		lower := strings.ToLower(f.Column.Type)
		return strings.HasPrefix(lower, "bigint") || strings.HasPrefix(lower, "integer") // SQLite's has 64 bits too
	case schema.Decimal:
		return f.Column.Digits > safeDigits
	case schema.Bit:
		return f.Column.Digits > safeBits
	case schema.Float, schema.Double:
		return false
	}

	return true
}

// IsJoined reports whether the field is an id of several columns. Its values are percent-encoded and joined by ~.
func (f *Field) IsJoined() bool { return len(f.Columns) > 1 }

// IsLong reports whether the field holds long texts. Those are searched by words, and neither sorted nor listed.
func (f *Field) IsLong() bool { return f.Name == "description" && f.Class() == ClassText }

// IsSortable reports whether vehicles can be sorted by the field.
func (f *Field) IsSortable() bool {
	return f.Class() != ClassOpaque && f.Class() != ClassList && !f.IsLong()
}

// ownValueFields are the fields in which nearly every vehicle has its own value.
var ownValueFields = []string{"id", "vin", "stock_number", "description", "image_url", "listing_url"}

// HasOwnValues reports whether nearly every vehicle has its own value in the field.
func (f *Field) HasOwnValues() bool { return slices.Contains(ownValueFields, f.Name) }

// IsFacetable reports whether the field's values can be counted.
func (f *Field) IsFacetable() bool {
	counts := f.Class() == ClassText || f.Kind == schema.Integer || f.Kind == schema.Bit
	return counts && !f.HasOwnValues()
}

// identifyingFields show their values exactly as stored, because callers look vehicles up by them.
var identifyingFields = []string{"id", "vin", "stock_number"}

// IsIdentifying reports whether callers look vehicles up by the field's values as shown.
func (f *Field) IsIdentifying() bool { return slices.Contains(identifyingFields, f.Name) }

// Measure says what the field's numbers measure.
func (f *Field) Measure() value.Measure { return value.Measure{Field: f.Name, Unit: f.Unit} }

// IsOfCurrencies reports whether the field holds amounts in several currencies, named by CurrencyIn. They are never
// converted, so only amounts in one currency can be compared.
func (f *Field) IsOfCurrencies() bool { return f.Mixed && f.Measure().IsMoney() && f.CurrencyIn != nil }

// HasLocalDollar reports whether a $ alone is not a US dollar in this field: beside U$S 12.000, $ 9.000.000 is in
// pesos.
func (f *Field) HasLocalDollar() bool { return f.numberStyle.LocalDollar }

// Operators returns the comparisons that requests may use on the field: eq (color=red), in (color=red,blue), range
// (price=20000-30000), min and max (price_min=20000), has (features=Sunroof), not (color_not=red).
func (f *Field) Operators() []string {
	switch f.Class() {
	case ClassText:
		return []string{"eq", "in", "not"}
	case ClassNumber:
		return []string{"eq", "in", "range", "min", "max", "not"}
	case ClassInstant:
		return []string{"eq", "in", "min", "max", "not"}
	case ClassList:
		return []string{"has", "not"}
	}

	return []string{}
}

// isSetColumn reports whether the column is a SET, whose values are members separated by commas.
func (f *Field) isSetColumn() bool {
	return f.Kind == schema.Text && len(f.Column.Type) > 4 && strings.EqualFold(f.Column.Type[:4], "set(")
}

// Elements calls yield for each element of a stored list.
func (f *Field) Elements(form []byte, yield func(element []byte)) {
	if f.Column.Kind == schema.JSON {
		value.Elements(form, yield)
		return
	}

	for _, element := range value.SplitList(string(form)) {
		yield([]byte(element))
	}
}

// HasMeanings reports whether texts of the field may have meanings.
func (f *Field) HasMeanings() bool {
	return f.vocabulary != nil && (f.Flag || isMeaningField(f.Name)) && f.Class() == ClassText
}

// Meanings of the values of a flag.
const (
	flagTrue  = "true"
	flagFalse = "false"
)

// Meanings returns what a text of the field means: the colors of a paint, or flagTrue or flagFalse for a flag. It
// returns nil for a text that is not understood.
func (f *Field) Meanings(text string) []string {
	switch {
	case !f.HasMeanings():
		return nil
	case f.Flag:
		return flagMeaning(text)
	}
	return f.vocabulary.Meanings(f.Name, text)
}

// HasKnownValues reports whether Recognizes knows texts of the field.
func (f *Field) HasKnownValues() bool {
	return f.vocabulary != nil && !f.IsDerived() && f.Class() == ClassText && (f.Name == "make" || isMeaningField(f.Name))
}

// Recognizes reports whether a text is a known value of the field: a known make, or one with a meaning.
func (f *Field) Recognizes(text string) bool {
	if f.Name == "make" {
		return f.vocabulary.IsMake(text)
	}
	return isKindOf(f.vocabulary, f.Name, text)
}

// NamedMeanings returns the meanings that a caller asks for with a word.
func (f *Field) NamedMeanings(word string) []string {
	switch {
	case !f.HasMeanings():
		return nil
	case f.Flag:
		return flagMeaning(word)
	}
	return f.vocabulary.NamedMeanings(f.Name, word)
}

// flagMeaning returns flagTrue or flagFalse for a spelling of true or false, and nil for any other text.
func flagMeaning(text string) []string {
	yes, ok := value.ParseBool(text)
	switch {
	case !ok:
		return nil
	case yes:
		return []string{flagTrue}
	}
	return []string{flagFalse}
}
