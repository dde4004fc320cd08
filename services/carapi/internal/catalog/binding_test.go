package catalog

import "testing"

// CARS_UNITS names units of mileage, price and msrp. A unit of any other field would have no effect.
func TestNewUnits(t *testing.T) {
	for pair, want := range map[string]string{
		"mileage=km": "km", "mileage=Miles": "mi", "price=eur": "EUR", "msrp=$": "", "mileage=EUR": "", "price=km": "",
		"price_drop=EUR": "", "previous_price=EUR": "", "year=km": "", "price": "",
	} {
		units, err := NewUnits([]string{pair})
		got := ""
		for _, unit := range units {
			got = unit
		}
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, want %q: %v", pair, got, want, err)
		}
	}
}
