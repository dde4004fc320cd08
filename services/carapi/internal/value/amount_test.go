package value

import (
	"slices"
	"testing"
)

func TestMeasureParse(t *testing.T) {
	price := func(currency string) Measure { return Measure{"price", currency} }
	mileage := func(unit string) Measure { return Measure{"mileage", unit} }
	year, seats, cylinders, doors := Measure{Field: "year"}, Measure{Field: "seats"}, Measure{Field: "cylinders"},
		Measure{Field: "doors"}
	for _, c := range []struct {
		m              Measure
		text, from, to string // both empty if the text is not an amount
		currency       string
	}{
		{price("USD"), "$30k", "30000", "30000", "USD"},
		{price("USD"), "30.000", "30000", "30000", ""},
		{price("USD"), "30.000 €", "", "", ""},
		{price("USD"), "€5000", "", "", ""},
		{price("CAD"), "$5,000", "5000", "5000", "CAD"},
		{price("CAD"), "C$5,000", "5000", "5000", "CAD"},
		{price("CAD"), "US$5,000", "", "", ""},
		{price("EUR"), "12.900,50 €", "12900.5", "12900.5", "EUR"},
		{price("EUR"), "1.234.567 euros", "1234567", "1234567", "EUR"},
		{price(""), "under ₹450,000", "", "450000", "INR"},
		{price("INR"), "₹4,50,000", "450000", "450000", "INR"},
		{price("INR"), "Rs. 4,50,000", "450000", "450000", "INR"},
		{price("PKR"), "rs 15 lacs", "1500000", "1500000", "PKR"},
		{price(""), "3 lakh", "300000", "300000", ""},
		{price(""), "3-5 lakh", "300000", "500000", ""},
		{price(""), "between 3 and 5.5 lakhs", "300000", "550000", ""},
		{price(""), "upto 15 lakh", "", "1500000", ""},
		{price(""), "10 crore", "100000000", "100000000", ""},
		{price(""), "1.125 million", "1125000", "1125000", ""},
		{price(""), "R8", "", "", ""},
		{price("PLN"), "36 000 zł", "36000", "36000", "PLN"},
		{price("PLN"), "36 000 zł", "36000", "36000", "PLN"},
		{price("PLN"), "20 000 - 36 000 PLN", "20000", "36000", "PLN"},
		{price("RUB"), "до 3 млн", "", "", ""},
		{price("RUB"), "3 млн ₽", "3000000", "3000000", "RUB"},
		{price("TRY"), "500 bin TL", "500000", "500000", "TRY"},
		{price("CHF"), "15'500.-", "15500", "15500", ""},
		{price("USD"), "$20,000 to $30,000", "20000", "30000", "USD"},
		{price("USD"), "20-30k", "20000", "30000", ""},
		{price("USD"), "30k-20k", "", "", ""},
		{price("USD"), "20000,00", "", "", ""},
		{price("USD"), "20,000,30,000", "", "", ""},
		{price("USD"), "about 20k", "", "", ""},
		{price("USD"), "-5", "", "", ""},
		{price("USD"), "20k or less", "", "20000", ""},
		{price("USD"), "100 km", "", "", ""},
		{mileage("mi"), "100k km", "62137", "62137", ""},
		{mileage("km"), "60,000 miles", "96561", "96561", ""},
		{mileage("km"), "under 100.000 km", "", "100000", ""},
		{mileage("km"), "1.5 lakh km", "150000", "150000", ""},
		{mileage("km"), "77 тыс. км", "77000", "77000", ""},
		{mileage(""), "100 km", "", "", ""},
		{mileage("km"), "2m", "", "", ""},
		{mileage("km"), "20 kmpl", "", "", ""},
		{mileage("km"), "$500", "", "", ""},
		{year, "before 2020", "", "2019", ""},
		{year, "2018-2020", "2018", "2020", ""},
		{year, "22", "", "", ""},
		{year, "2,020", "", "", ""},
		{seats, "7-seater", "7", "7", ""},
		{seats, "5+", "5", "", ""},
		{doors, "4-door", "4", "4", ""},
		{cylinders, "V6", "6", "6", ""},
		{cylinders, "more than 4 cylinders", "5", "", ""},
	} {
		a, ok := c.m.Parse(c.text)
		if !ok {
			a = Amount{}
		}

		if a.From != c.from || a.To != c.to || a.Currency != c.currency || ok != (c.from+c.to != "") {
			t.Errorf("%v: %q is %+v, %v, want %s to %s, %s", c.m, c.text, a, ok, c.from, c.to, c.currency)
		}
	}
}

// Each phrase for a bound makes an amount one end of a range.
func TestBoundPhrases(t *testing.T) {
	m := Measure{Field: "price"}
	for _, c := range []struct {
		phrases  []string
		from, to string
	}{
		{upToPhrases, "", "20000"},
		{belowPhrases, "", "20000"},
		{atLeastPhrases, "20000", ""},
		{abovePhrases, "20000", ""},
	} {
		for _, phrase := range c.phrases {
			if a, ok := m.Parse(phrase + " 20k"); !ok || a.From != c.from || a.To != c.to {
				t.Errorf("%q: %+v, %t, want %q to %q", phrase, a, ok, c.from, c.to)
			}
			if !slices.Contains(BoundPhrases(), phrase) {
				t.Errorf("BoundPhrases lacks %q", phrase)
			}
		}
	}

	for _, negation := range negations {
		if a, ok := m.Parse(negation + " less than 20k"); !ok || a.From != "20000" || a.To != "" {
			t.Errorf("%q: %+v, %t", negation, a, ok)
		}
	}
	for _, prefix := range rangePrefixes {
		if a, ok := m.Parse(prefix + " 20k to 30k"); !ok || a.From != "20000" || a.To != "30000" {
			t.Errorf("%q: %+v, %t", prefix, a, ok)
		}
	}
}
