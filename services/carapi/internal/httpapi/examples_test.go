package httpapi

import (
	"encoding/json"
	"testing"

	"carstock/services/carapi/internal/search"
)

func TestExampleRange(t *testing.T) {
	for _, c := range []struct{ name, kind, least, greatest, want string }{
		// Usual ranges, where nothing is known of the stock or it has them.
		{"year", "integer", "", "", "2018-2022"},
		{"doors", "integer", "2", "5", "2-4"},
		{"cylinders", "integer", "3", "12", "4-6"},
		{"price", "number", "8800", "145000.5", "20000-30000"},
		{"price_vs_similar", "number", "-30.5", "41", "-20--10"},
		{"column", "number", "", "", "10-20"},
		{"column", "integer", "5", "5", "10-20"},

		// Round ones within the stock.
		{"year", "integer", "2020", "2022", "2020-2021"},
		{"seats", "integer", "7", "8", "7-8"},
		{"mileage", "integer", "60001", "143000", "70000-80000"},
		{"price", "number", "9000.5", "20000", "10000-11000"},
		{"column", "number", "0.125", "0.5", "0.2-0.3"},
		{"column", "number", "-9", "-1", "-9--8"},
		{"id", "integer", "101", "465", "200-300"},
		{"id", "integer", "1000", `"9007199254740993"`, "1000000000000000-2000000000000000"},
	} {
		f := search.Description{Name: c.name, Type: c.kind, Min: json.RawMessage(c.least), Max: json.RawMessage(c.greatest)}
		if got := exampleRange(f); got != c.want {
			t.Errorf("%s of %s to %s: got %s, want %s", c.name, c.least, c.greatest, got, c.want)
		}
	}
}
