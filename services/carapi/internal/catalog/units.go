package catalog

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/currency"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/value"
)

var (
	milesPattern        = regexp.MustCompile(`(?i)(\b|_)(miles?|mi)(\b|_)`)
	kilometersUnit      = regexp.MustCompile(`^(kms?|kilomet(er|re)s?|км)$`)
	kilometersPattern   = regexp.MustCompile(`(?i)(\b|_)(kilomet(er|re)s?|kms?|laufleistung_km)(\b|_)`)
	currencyCodePattern = regexp.MustCompile(`\b[A-Z]{3}\b`)
)

// unitOf reads a column's unit from its name and comment.
func unitOf(name string, c schema.Column) string {
	switch name {
	case "mileage":
		text := strings.Join(nameTokens(c.Name), "_") + " " + c.Comment
		inMiles, inKilometers := milesPattern.MatchString(text), kilometersPattern.MatchString(text)
		switch {
		case inMiles && !inKilometers:
			return "mi"
		case inKilometers && !inMiles:
			return "km"
		}
	case "price", "msrp":
		// Comments have codes in capitals. In a name, a code may also be a word, so only usual ones count.
		for _, code := range currencyCodePattern.FindAllString(c.Comment, -1) {
			if _, err := currency.ParseISO(code); err == nil {
				return code
			}
		}

		for _, word := range nameTokens(c.Name) {
			if code := strings.ToUpper(word); len(word) == 3 && slices.Contains(usualCurrencies, code) {
				return code
			}
		}
	}

	return ""
}

// usualCurrencies are codes that appear in names of columns and are not words there.
var usualCurrencies = []string{
	"USD", "EUR", "GBP", "CAD", "AUD", "NZD", "CHF", "PLN", "SEK", "NOK", "DKK", "CZK",
	"HUF", "RUB", "UAH", "INR", "PKR", "JPY", "CNY", "BRL", "MXN", "ZAR", "AED", "SAR",
}

// CurrencyCode reads an ISO 4217 code, or a sign that stands for only one currency.
func CurrencyCode(text string) (code string, ok bool) {
	text = strings.ToUpper(strings.TrimSpace(text))
	switch text {
	case "€":
		return "EUR", true
	case "£":
		return "GBP", true
	case "₽":
		return "RUB", true
	case "₹":
		return "INR", true
	}

	if len(text) != 3 {
		return "", false
	}

	_, err := currency.ParseISO(text)
	return text, err == nil
}

// distanceUnit reads a unit of distance.
func distanceUnit(text string) (unit string, ok bool) {
	switch folded := value.Fold(text); {
	case slices.Contains([]string{"mi", "mile", "miles", "mls"}, folded):
		return "mi", true
	case kilometersUnit.MatchString(folded):
		return "km", true
	}
	return "", false
}

// unitFromNeighbors infers the unit of distance from how other columns measure fuel consumption.
func unitFromNeighbors(columns []schema.Column, profile *Profile) string {
	inMiles, inKilometers := false, false
	for i, c := range columns {
		for _, word := range nameTokens(c.Name) {
			inMiles = inMiles || word == "mpg" || word == "epa"
			inKilometers = inKilometers || word == "kmpl" || word == "l100km" || word == "lper100km"
		}

		// A few values show how a column is written.
		for _, v := range profile.Columns[i].Values[:min(20, len(profile.Columns[i].Values))] {
			folded := value.Fold(v.Text)
			inKilometers = inKilometers || strings.HasSuffix(folded, "kmpl") || strings.HasSuffix(folded, "l100km")
			inMiles = inMiles || len(folded) < 12 && strings.HasSuffix(folded, "mpg")
		}
	}

	switch {
	case inMiles && !inKilometers:
		return "mi"
	case inKilometers && !inMiles:
		return "km"
	}

	return ""
}
