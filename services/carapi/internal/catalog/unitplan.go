package catalog

import (
	"slices"
	"strings"

	"carstock/services/carapi/internal/value"
)

// unitOfValues takes the unit that the values name.
func (p *catalogPlanner) unitOfValues(name string, f *FieldPlan) {
	measure := value.Measure{Field: name}
	switch {
	case measure.IsDistance() && f.Style.Unit != "":
		f.Unit, f.Mixed = f.Style.Unit, f.Style.Units
	case measure.IsMoney() && f.Style.Currency != "":
		f.Unit, f.Mixed = f.Style.Currency, f.Style.Currencies
	}
}

// unitOfNeighbor finds a column with the unit or currency of each row, beside a distance or an amount.
func (p *catalogPlanner) unitOfNeighbor(name string, column int, f *FieldPlan) {
	measure := value.Measure{Field: name}
	if !measure.IsDistance() && !measure.IsMoney() {
		return
	}

	nameWords := nameTokens(p.columns[column].Name)
	for i, c := range p.columns {
		if c.Name == "" || i == column || !isUnitName(nameTokens(c.Name), nameWords, name, measure.IsMoney()) {
			continue
		}

		read := distanceUnit
		if measure.IsMoney() {
			read = CurrencyCode
		}

		// Count its units. The most frequent one becomes that of the field.
		units, most, unit := map[string]int{}, 0, ""
		understood := p.examiners[i].share(func(text string) bool { _, ok := read(text); return ok })

		for _, v := range p.profile.Columns[i].Values {
			if u, ok := read(v.Text); ok {
				units[u] += v.Count
				if units[u] > most || units[u] == most && u < unit {
					most, unit = units[u], u
				}
			}
		}

		if understood < nearlyAllShare || unit == "" {
			continue
		}

		f.Unit, f.UnitIn, f.Mixed = unit, c.Name, len(units) > 1
		return
	}
}

// isUnitName reports whether a column is named as the unit of another one: mileage.unit beside mileage.value, or
// currency.
func isUnitName(words, nameWords []string, field string, isMoney bool) bool {
	nouns := []string{"unit", "units", "uom", "einheit", "jednostka"}
	if isMoney {
		nouns = []string{
			"currency", "currencycode", "wahrung", "devise", "moneda", "valuta", "moeda", "waluta",
			"валюта", "curr",
		}
		if whole := strings.Join(words, ""); whole == "currency" || slices.Contains(Synonyms("currency"), whole) {
			return true
		}
	}

	// Any other name must also contain the field's name, or a word of its column.
	at := slices.IndexFunc(words, func(w string) bool { return slices.Contains(nouns, w) })
	if at < 0 {
		return false
	}

	return slices.ContainsFunc(words, func(w string) bool { return w == field || slices.Contains(nameWords, w) })
}
