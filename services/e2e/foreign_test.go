package e2e

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// foreignTables are tables that were not made for this API.
var foreignTables = []string{
	`CREATE TABLE inserate (nr INT NOT NULL PRIMARY KEY, Titel VARCHAR(60), Preis VARCHAR(30), ` +
		"`Stand in km`" + ` VARCHAR(20), Kilometerstand VARCHAR(20),
		Getriebe VARCHAR(30), Farbe VARCHAR(30), extras VARCHAR(60), features VARCHAR(60), unfallfrei VARCHAR(5),
		scheckheft INT, sort VARCHAR(9))`,
	`INSERT INTO inserate VALUES
		(1, 'VW Golf 1.4 TSI', '€ 8.900', 'x', '150.000 km', 'manuell', 'dunkelblau', 'a', 'Sunroof, Bluetooth', 'ja', 1,
		'x'),
		(2, 'VW Golf Variant', '12.500 €', 'x', '98.500 km', 'Automatik', 'blau', 'b', '["Bluetooth",5]', 'nein', 0, 'y'),
		(3, 'Opel Astra 1.6', '4500', 'x', '1.000 km', '6-Gang Automatik', 'Blau', 'c', NULL, 'ja', 0, 'x'),
		(4, 'BMW 320d', 'VB', 'x', '200.000 km', 'manuell', 'Shadow Black', 'd', 'Sunroof', 'ja', 1, 'z'),
		(5, 'Mercedes Benz C 180', '9.500 €', 'x', '77.000 km', 'Schaltgetriebe', 'schwarz', 'e', 'Sunroof;Tempomat',
		'nein', 0, 'z')`,
	`CREATE TABLE lakh (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), mileage INT, price DOUBLE, ` +
		`equipment VARCHAR(60))`,
	`INSERT INTO lakh VALUES (1, 'Kia', 'Rio', 23, 1.75, '[''Sunroof'', ''ABS'']'),
		(2, 'Kia', 'Soul', 31, 12.5, '[''ABS'']'), (3, 'Ford', 'Ka', 18, 3.25, '[]'),
		(4, 'Ford', 'Ka', 35, 4.5, NULL), (5, 'Ford', 'Ka', 28, 5.25, '[''Sunroof'']'),
		(6, 'Ford', 'Ka', 40, 160, '[''Sunroof'']')`,
	`CREATE TABLE pesos (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), price VARCHAR(30))`,
	`INSERT INTO pesos VALUES (1, 'Kia', 'Rio', '$ 9.000.000'), (2, 'Kia', 'Soul', 'U$S 12.000'), ` +
		`(3, 'Ford', 'Ka', '$ 8.500.000'), (4, 'Ford', 'Ka', 'U$S 9.500')`,
	`CREATE TABLE mixed (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), model VARCHAR(30), price VARCHAR(20), odometer ` +
		`INT, trim VARCHAR(20), engine VARCHAR(20))`,
	`INSERT INTO mixed VALUES (1, 'Kia', 'Rio', '10000 EUR', 500, '4.0 TFSI', '1.5'),
		(2, 'Kia', 'RIO', '10000 USD', 500, '40 TFSI', '15'),
		(3, 'kia ', 'Rio LX', '12000 EUR', 90000, 'Sport', 'パン'), (4, 'Toyota', 'RAV4 XLE', '30000 EUR', 1, 'Sport+', 'ハン'),
		(5, 'Toyota', 'RAV4', '1 EUR', 1, NULL, NULL)`,
}

// Columns are recognized by their names and values, in both databases alike.
func TestForeignTables(t *testing.T) {
	for database, src := range newTables(t, foreignTables...) {
		for table, searches := range map[string]map[string][]int{
			"inserate": {
				"make=VW": {1, 2}, "make=Mercedes": {5}, "make=VW&model=golf": {1, 2}, "model=VW Golf": {1, 2}, "q=vw golf": {1, 2},
				"price_max=9000": {1, 3}, "price=under 10k": {1, 3, 5}, "sort=price": {3, 1, 5, 2, 4},
				"mileage_max=100.000 km": {2, 3, 5}, "mileage=77000": {5},
				"transmission=manual": {1, 4, 5}, "transmission=automatic": {2, 3}, "transmission=automatic&match=exact": nil,
				"color=blue": {1, 2, 3}, "color=black": {4, 5},
				"color=blau&match=exact": {2, 3}, "color=Shadow Black": {4}, "features=sunroof": {1, 4, 5},
				"features=sunroof,bluetooth":     {1, 2, 4, 5},
				"features_all=sunroof,bluetooth": {1}, "features=5": {2}, "unfallfrei=true": {1, 3, 4}, "unfallfrei=no": {2, 5},
				"unfallfrei=ja&match=exact": {1, 3, 4},
				"scheckheft=yes":            {1, 4}, "scheckheft=false": {2, 3, 5}, "field.sort=x": {1, 3},
			},
			"pesos": {
				"price_max=$8,600,000": {3}, "price_max=10000 USD": {4}, "price_max=u$s 10000": {4}, "currency=$": {1, 3},
				"sort=price&currency=USD": {4, 2},
			},
			"lakh": {
				"price_max=4": {1, 3}, "price_min=100": {6}, "column_mileage_max=25": {1, 3}, "features=sunroof": {1, 5, 6},
				"features_all=abs,sunroof": {1},
			},
			"mixed": {
				"make=kia": {1, 2, 3}, "model=Rio": {1, 2}, "model=RAV4": {5}, "model=rio lx": {3}, "price_max=11000 EUR": {1, 5},
				"price_max=$11,000":        {2},
				"price=10000&currency=USD": {2}, "trim=4.0 TFSI": {1}, "trim=40 TFSI": {2}, "trim=40TFSI&match=exact": {2},
				"trim=Sport": {3}, "trim=Sport+": {4},
				"engine=1.5": {1}, "engine=15": {2}, "engine=ハン": {4}, "odometer_max=600": {1, 2, 4, 5},
			},
		} {
			base := serve(t, src.config, table)
			for q, want := range searches {
				values, err := url.ParseQuery(strings.NewReplacer(" ", "%20", "+", "%2B").Replace(q))
				if err != nil {
					t.Fatal(err)
				}

				values.Set("fields", "id")
				var got []int
				for _, car := range fetch(t, base+"/cars/?"+values.Encode()).Cars {
					got = append(got, int(car["id"].(float64)))
				}

				if !slices.Equal(got, want) {
					t.Errorf("%s: %s: %s: %v, want %v", database, table, q, got, want)
				}
			}
		}
	}
}

// carapi reports what it does not recognize.
func TestForeignTablesReportDoubts(t *testing.T) {
	for database, src := range newTables(t, foreignTables...) {
		adverts, mixed, lakh := serve(t, src.config, "inserate"), serve(t, src.config, "mixed"), serve(t, src.config, "lakh")
		for request, want := range map[string][]string{
			lakh + "/cars/?price_max=3 lakh":   {"400 ", "is far above what column price has, from 1.75 to 160"},
			lakh + "/cars/?price_max=300000":   {"400 ", "nothing says which"},
			lakh + "/cars/?q=kia under 5 lakh": {"400 "},
			lakh + "/cars/?mileage_max=50000":  {"400 ", "column_mileage"},
			adverts + "/cars/?price_max=9000":  {`"not_a_number":{"price":1}`, `"price":"€ 8.900"`},
			adverts + "/cars/stats": {
				`"not_a_number":{"price":1}`,
				`"price":{"count":4,"min":4500,"max":12500,"average":8850`,
			},
			adverts + "/cars/?color=blue": {
				`"interpreted":{"color":{`,
				`"values":[{"value":"Blau","count":2},{"value":"dunkelblau","count":1}]`,
			},
			adverts + "/cars/fields": {
				`"derived_from":"Titel"`, `"not_a_number":1`, `"unit":"EUR"`,
				`"boolean":true`,
			},
			mixed + "/cars/facets?facets=make":            {`{"value":"Kia","count":3}`},
			mixed + "/cars/?price_max=11000":              {"400 ", "20000 EUR", "USD"},
			mixed + "/cars/?price=10000&currency=EUR,USD": {"400 ", "amounts of price are in EUR, USD"},
			mixed + "/cars/?sort=-price": {"400 ", "amounts of price are in EUR, USD; add a filter such as " +
				"currency=EUR"},
			mixed + "/cars/?sort=-price&currency=USD": {`"total":1`, `"summary":"1 Kia RIO, $10,000`},
			mixed + "/cars/?make=Kia":                 {`"summary":"3 Kia, lowest mileage 500"`},
			mixed + "/cars/stats": {
				`"fields":{"mileage":{"count":5`,
				`"several_currencies":{"price":["EUR","USD"]}`,
			},
			mixed + "/cars/stats?currency=EUR":      {`"price":{"count":4,"min":1,"max":30000`},
			mixed + "/cars/?mileage_max=100,000 km": {"400 ", "CARS_UNITS=mileage=km", "send 100000"},
		} {
			got := getText(t, strings.ReplaceAll(request, " ", "+"))
			for _, w := range want {
				if !strings.Contains(got, w) {
					t.Errorf("%s: %s: %q is not in %s", database, request, w, got)
				}
			}
		}

		inKilometers := serve(t, src.config, "mixed", "CARS_UNITS=mileage=mi")
		if p := fetch(t, inKilometers+"/cars/?mileage_max=1000+km"); fmt.Sprint(p.Total) != "4" {
			t.Errorf("%s: in miles: %d", database, p.Total)
		}
	}
}

// An INVISIBLE column is not shown unless a setting names it.
func TestInvisibleColumns(t *testing.T) {
	src := newTables(t)["MySQL"]
	src.exec(t, "CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(9), model VARCHAR(9), cost INT INVISIBLE)")
	src.exec(t, "INSERT INTO cars (id, make, model, cost) VALUES (1, 'Kia', 'Rio', 5)")

	if got := getText(t, serve(t, src.config, "cars")+"/cars/1"); !strings.Contains(got,
		`{"id":1,"make":"Kia","model":"Rio"}`) {
		t.Error(got)
	}

	if got := getText(t, serve(t, src.config, "cars", "CARS_FIELDS=price=cost")+"/cars/1"); !strings.Contains(got,
		`"price":5`) {
		t.Error(got)
	}
}
