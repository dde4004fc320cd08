package e2e

import (
	"fmt"
	"net/url"
	"strings"
)

// The values that the default search looks for. One vehicle in 1,344 matches make, model and year together: 744 in a
// million.
var (
	benchMakes  = []string{"Toyota", "Ford", "Citroën", "Kia", "Volkswagen", "Škoda", "BMW", "Mercedes-Benz"}
	benchModels = []string{"Camry", "F-150", "C3", "3 Series", "Octavia", "Golf", "Sportage"}
)

const (
	benchYears     = 24
	benchFirstYear = 2000
)

// vehicleColumns are the columns of the table that carapi searches: the 25 columns of the syncer's benchmark, with
// other makes, models and years, and a stock number instead of one text.
func vehicleColumns() []string {
	list := func(values []string) string { return "'" + strings.Join(values, "', '") + "'" }
	replaced := map[string]string{
		"make":   fmt.Sprintf("make VARCHAR(40)\x00ELT(1 + n %% %d, %s)", len(benchMakes), list(benchMakes)),
		"model":  fmt.Sprintf("model VARCHAR(40)\x00ELT(1 + n %% %d, %s)", len(benchModels), list(benchModels)),
		"year":   fmt.Sprintf("year SMALLINT\x00%d + n DIV %d %% %d", benchFirstYear, len(benchMakes), benchYears),
		"text_8": "stock_number VARCHAR(20)\x00CONCAT('S-', LPAD(n * 7919 % 10000019, 8, '0'))",
	}
	all := benchColumns(true)
	for i, column := range all {
		name, _, _ := strings.Cut(column, " ")
		if other, ok := replaced[name]; ok {
			all[i] = other
		}
	}
	return all
}

// accentedColumns are the columns of a table whose four searched fields have accentedValues values each, written in
// letters with accents.
func accentedColumns() []string {
	name := func(column, words string, step int) string {
		return fmt.Sprintf("%s VARCHAR(60)\x00CONCAT('%s ', n * %d %% %d)", column, words, step, accentedValues)
	}
	return []string{
		"id BIGINT NOT NULL PRIMARY KEY\x00n", name("make", "Citroën Škoda", 1), name("model", "Modèle Été", 7),
		name("trim", "Édition spéciale", 11), name("engine", "Moteur électrique", 13),
		"price DECIMAL(10,2)\x005000 + n * 7919 % 90000", "year SMALLINT\x002000 + n % 26",
	}
}

// accentedValues is the number of values of each field; accentedRows is the number of vehicles.
const (
	accentedValues = 4500
	accentedRows   = 10 * accentedValues
)

// tenWords searches for ten words in four fields, with four facets. match=exact keeps them words; otherwise most of
// them would become filters.
const tenWords = "/cars/?match=exact&q=citroen+skoda+modele+ete+edition+speciale+moteur+electrique+1+2&facets=make," +
	"model,trim,engine"

// benchID returns the id of an existing vehicle, a different one for each i.
func benchID(i, rows int) int { return 1 + i*7919%rows }

// defaultSearch returns the path of a search for the make, model and year of an existing vehicle.
func defaultSearch(rows int, more string) func(i int) string {
	return func(i int) string {
		brand, model, year := vehicleNames(benchID(i, rows))
		return fmt.Sprintf("/cars/?make=%s&model=%s&year=%d%s", url.QueryEscape(brand), url.QueryEscape(model), year, more)
	}
}

func vehicleNames(id int) (brand, model string, year int) {
	return benchMakes[id%len(benchMakes)], benchModels[id%len(benchModels)], benchFirstYear + id/len(benchMakes)%benchYears
}

// timedCase is a request whose time is compared with reading one vehicle by its id.
type timedCase struct {
	name     string
	path     func(i int) string
	status   int     // expected status of the answer
	accented bool    // sent to the table with accents
	most     float64 // limit, as a multiple of reading one vehicle by its id; 0 means 10
}

// timedCases vary their parameters, so that no cached answer can help.
func timedCases(rows int) []timedCase {
	brand := func(i int) string { return url.QueryEscape(benchMakes[i%len(benchMakes)]) }
	fixed := func(path string) func(int) string { return func(int) string { return path } }
	number := func(format string) func(int) string { return func(i int) string { return fmt.Sprintf(format, i) } }
	return []timedCase{
		{name: "ten words of q with four facets", path: fixed(tenWords), accented: true},
		{name: "unknown VIN", path: number("/cars/?vin=9ZZZZ82633A%06d")},
		{name: "unknown VIN, as one vehicle", path: number("/cars/vin/9ZZZZ82633A%06d"), status: 404},
		{name: "unknown stock number", path: number("/cars/?stock_number=Z-%08d")},
		{name: "unknown make", path: number("/cars/?make=Zaporozhets+%d")},
		{name: "alias", path: func(i int) string {
			return fmt.Sprintf("/cars/?make=VW&year=%d", benchFirstYear+
				i%benchYears)
		}},
		{name: "typo", path: func(i int) string {
			return fmt.Sprintf("/cars/?make=Toyotta&year=%d", benchFirstYear+
				i%benchYears)
		}},
		{name: "zero results", path: func(i int) string {
			return fmt.Sprintf("/cars/?make=%s&model=Camry&price_max=%d", brand(i), 1000+i%1000)
		}},
		{name: "all statistics", path: fixed("/cars/stats")},
		{name: "statistics of a make", path: func(i int) string { return "/cars/stats?make=" + brand(i) }},
		{name: "three facets", path: fixed("/cars/facets?facets=make,model,year")},
		{name: "three facets of a quarter", path: func(i int) string {
			return fmt.Sprintf("/cars/facets?facets=make,model,year&doors=%d", 2+i%4)
		}},
		{name: "statistics by make and year", path: fixed("/cars/stats?by=make,year"), most: 15},
		{name: "statistics of a make by model and year", path: func(i int) string {
			return "/cars/stats?by=model,year&make=" +
				brand(i)
		}, most: 15},
		{name: "statistics of a model and year by steps of price", path: func(i int) string {
			return fmt.Sprintf("/cars/stats?by=price:5000&model=Camry&year=%d", benchFirstYear+i%benchYears)
		}, most: 15},
		{name: "facets of ranges", path: fixed("/cars/facets?facets=price:10000,mileage:25000,year"), most: 15},
		{name: "facets of ranges of a make", path: func(i int) string {
			return "/cars/facets?facets=price:10000,mileage:25000,year&make=" + brand(i)
		}, most: 15},
		{name: "similar vehicles", path: func(i int) string {
			return fmt.Sprintf("/cars/%d/similar",
				benchID(i, min(rows, 100_000)))
		}, most: 15},
		{name: "cheaper than similar ones, of a make, in order", path: func(i int) string {
			return fmt.Sprintf("/cars/?make=%s&price_vs_similar_max=-%d&sort=price_vs_similar", brand(i), 5+i%20)
		}, most: 15},
		{name: "an unindexed sort", path: fixed("/cars/?sort=-mileage")},
		{name: "four filters with a sort", path: func(i int) string {
			return fmt.Sprintf("/cars/?make=%s&year_min=2010&price_max=%d&mileage_max=90000&sort=price", brand(i), 40000+i%1000)
		}},
		{name: "a phrase in q", path: func(i int) string { return fmt.Sprintf("/cars/?q=toyota+camry+under+%dk", 20+i%20) }},
	}
}

// columnNames returns the names of the columns.
func columnNames(columns []string) []string {
	var names []string
	for _, c := range columns {
		name, _, _ := strings.Cut(c, " ")
		names = append(names, name)
	}
	return names
}
