package catalog

import (
	"fmt"
	"slices"
	"strings"

	"carstock/pkg/schema"
)

// PriceVsSimilar names the field that says by how many percent a vehicle costs more, or less, than similar ones.
const PriceVsSimilar = "price_vs_similar"

// FewestSimilar is how many vehicles a price is compared with at least: fewer say little about what such vehicles cost.
const FewestSimilar = 5

// LeastPrice is the smallest amount that counts as a price. Sellers write 0 for vehicles without one.
const LeastPrice = "0.01"

// marketFields are the fields that say what a vehicle is worth.
var marketFields = []struct {
	name  string
	class Class
}{{"make", Text}, {"model", Text}, {"year", Number}, {"price", Number}}

// IsComputed reports whether the field is made when an index is built: of other fields of all vehicles, or of the
// change history. No column holds it, so a row that is read has it as the index does.
func (f *Field) IsComputed() bool { return f.isComputed }

// addPriceVsSimilar adds the field of that name, if the table has what it takes and no column is called so.
func (c *Catalog) addPriceVsSimilar() {
	for _, need := range marketFields {
		isThat := func(f Field) bool { return f.Name == need.name && f.Class() == need.class }
		if !slices.ContainsFunc(c.Fields, isThat) {
			c.missingMarketFields = append(c.missingMarketFields, need.name)
		}
	}

	isTaken := slices.ContainsFunc(c.Fields, func(f Field) bool { return f.Name == PriceVsSimilar })
	if c.missingMarketFields != nil || isTaken {
		return
	}

	c.Fields = append(c.Fields, Field{Name: PriceVsSimilar, Kind: schema.Decimal, Stored: schema.Decimal, Unit: "%",
		Column: schema.Column{Name: PriceVsSimilar, Kind: schema.Decimal}, isComputed: true,
		About: fmt.Sprintf("price above (or, negative, below) the median of the same make, model and year, where "+
			"at least %d "+
			"have a price", FewestSimilar)})
}

// NoMarketReason says which fields the table lacks to compare prices; it is empty if it lacks none.
func (c *Catalog) NoMarketReason() string {
	if c.missingMarketFields == nil {
		return ""
	}
	return fmt.Sprintf("prices are compared by make, model, year and price, and this table has no %s",
		strings.Join(c.missingMarketFields, " and no "))
}

// MissingReason says why the table has no field that a name asks for; it is empty for a name of no such field.
func (c *Catalog) MissingReason(name string) string {
	plain := strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
	asksFor := func(field string) bool { return strings.Contains(plain, strings.ReplaceAll(field, "_", "")) }
	switch {
	case asksFor(PriceVsSimilar):
		return c.NoMarketReason()
	case slices.ContainsFunc(historyNames, asksFor):
		return c.noHistoryReason
	}

	return ""
}
