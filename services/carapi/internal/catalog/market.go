package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/value"
)

// PriceVsSimilar names the field that says by what percentage a vehicle costs more or less than similar ones.
const PriceVsSimilar = "price_vs_similar"

// FewestSimilar is the smallest number of vehicles that a price is compared to. Fewer say little about the market.
const FewestSimilar = 5

// LeastPrice is the smallest amount that counts as a price. Sellers write 0 for vehicles without one.
const LeastPrice = "0.01"

// marketFields determine what a vehicle is worth.
var marketFields = []struct {
	name  string
	class Class
}{{"make", ClassText}, {"model", ClassText}, {"year", ClassNumber}, {"price", ClassNumber}}

// PriceOf returns the amount of a cell if it is a price, and otherwise nil. Sellers write 0 for no price.
func PriceOf(c value.Cell) []byte {
	if c.Type != value.Number || value.CompareDecimals(c.Form, []byte(LeastPrice)) < 0 {
		return nil
	}
	return c.Form
}

// IsComputed reports whether an index computes the field, from other fields of all vehicles or from the change history.
// No column holds it.
func (f *Field) IsComputed() bool { return f.isComputed }

// addPriceVsSimilar adds PriceVsSimilar if the table has its fields and no column has that name.
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

	c.Fields = append(c.Fields, Field{
		Name: PriceVsSimilar, Kind: schema.Decimal, Stored: schema.Decimal, Unit: "%",
		Column: schema.Column{Name: PriceVsSimilar, Kind: schema.Decimal}, isComputed: true,
		About: fmt.Sprintf("price above (or, negative, below) the median of the same make, model and year, where "+
			"at least %d have a price", FewestSimilar),
	})
}

// NoMarketReason says which fields are missing to compare prices, or returns "".
func (c *Catalog) NoMarketReason() string {
	if c.missingMarketFields == nil {
		return ""
	}
	return fmt.Sprintf("prices are compared by make, model, year and price, and this table has no %s",
		strings.Join(c.missingMarketFields, " and no "))
}

// MissingReason says why the table has no field with a name, or returns "" for a name of no known field.
func (c *Catalog) MissingReason(name string) string {
	plain := strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
	asksFor := func(field string) bool { return strings.Contains(plain, strings.ReplaceAll(field, "_", "")) }
	switch {
	case asksFor(PriceVsSimilar):
		return c.NoMarketReason()
	case slices.ContainsFunc(historyNames, asksFor):
		return cmp.Or(c.noHistoryReason, c.noPricesReason)
	}

	return ""
}
