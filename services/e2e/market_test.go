package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"carstock/pkg/dbconn/dbtest"
)

// stockCar has the fields of a vehicle that the market tests need.
type stockCar struct {
	ID, Year       int
	Make, Model    string
	Price, Mileage *float64
	VsSimilar      *float64 `json:"price_vs_similar"`
}

// readStock reads all vehicles, page by page.
func readStock(t *testing.T, base string) []stockCar {
	t.Helper()
	var all []stockCar

	path := "/cars/?limit=100&fields=id,make,model,year,price,mileage,price_vs_similar"
	for path != "" {
		code, body := getStatus(base + path)
		var p struct {
			Cars []stockCar
			Next *string
		}
		if err := json.Unmarshal([]byte(body), &p); err != nil || code != 200 {
			t.Fatalf("%s: %d %s %v", path, code, body, err)
		}

		all, path = append(all, p.Cars...), ""
		if p.Next != nil {
			path = *p.Next
		}
	}

	return all
}

// marketBases returns the URLs of the demo's stock on MySQL and on a snapshot.
func marketBases(t *testing.T) map[string]string {
	t.Helper()
	mysql := dbtest.Demo(t)
	return map[string]string{
		"MySQL":    serve(t, mysql, "vehicles_view"),
		"snapshot": serve(t, copyViews(t, mysql, "vehicles_view(id)"), "vehicles_view"),
	}
}

func isPriced(c stockCar) bool { return c.Price != nil && *c.Price >= 0.01 }

// roundTo rounds to a number of decimals, halves away from zero.
func roundTo(x float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	return math.Round(x*scale+math.Copysign(1e-7, x)) / scale
}

func medianOf(all []float64) float64 {
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// price_vs_similar equals the result of a plain loop over the vehicles. It can be filtered, sorted and shown.
func TestPriceVsSimilar(t *testing.T) {
	for source, base := range marketBases(t) {
		cheap, known := requireVsSimilar(t, source, base)
		requireCheapFound(t, source, base, cheap)
		requireSortedByVsSimilar(t, source, base, known)

		if empty := getText(t, base+"/cars/?price_vs_similar_max=-99"); !strings.HasPrefix(empty, "200") ||
			!strings.Contains(empty, `"no_match"`) {
			t.Errorf("%s: an empty answer does not explain the filter: %s", source, empty)
		}

		if plain := fetch(t, base+"/cars/?limit=1"); plain.Cars[0]["price_vs_similar"] != nil {
			t.Errorf("%s: the field is shown although it was not requested", source)
		}

		one := fmt.Sprintf("/cars/%d?fields=id,price_vs_similar", cheap[0])
		if got := getText(t, base+one); !strings.Contains(got, `"price_vs_similar":-`) {
			t.Errorf("%s: %s: %s", source, one, got)
		}
	}
}

// similarGroup names the group of vehicles that the price of c is compared with. It is empty if c is not compared.
func similarGroup(c stockCar) string {
	if c.Make == "" || c.Model == "" || c.Year == 0 || !isPriced(c) {
		return ""
	}
	return strings.ToLower(fmt.Sprint(c.Make, "|", c.Model, "|", c.Year))
}

// requireVsSimilar compares the field of each vehicle with a loop over all vehicles. It returns the ids of those at
// least 5 % cheaper than similar ones, and how many vehicles have the field.
func requireVsSimilar(t *testing.T, source, base string) (cheap []int, known int) {
	t.Helper()
	stock := readStock(t, base)
	groups := map[string][]float64{}

	for _, c := range stock {
		if similarGroup(c) != "" {
			groups[similarGroup(c)] = append(groups[similarGroup(c)], *c.Price)
		}
	}

	cheap = []int{}
	for _, c := range stock {
		want := math.NaN()
		if all := groups[similarGroup(c)]; similarGroup(c) != "" && len(all) >= 5 {
			m := medianOf(slices.Clone(all))
			want = roundTo(100*(*c.Price-m)/m, 1)
			known++
			if want <= -5 {
				cheap = append(cheap, c.ID)
			}
		}

		if c.VsSimilar == nil != math.IsNaN(want) || c.VsSimilar != nil && *c.VsSimilar != want {
			t.Errorf("%s: vehicle %d: %v, want %v", source, c.ID, c.VsSimilar, want)
		}
	}

	if known < 20 || len(cheap) < 3 {
		t.Fatalf("%s: only %d vehicles are compared, and %d are cheap", source, known, len(cheap))
	}

	return cheap, known
}

// requireCheapFound filters by the field in several spellings.
func requireCheapFound(t *testing.T, source, base string, cheap []int) {
	t.Helper()
	for _, filter := range []string{
		"price_vs_similar_max=-5", "max_price_vs_similar=-5%25", "price_vs_similar%3C=-5",
		"price_vs_similar[lte]=-5",
	} {
		if got := fetch(t, base+"/cars/?limit=100&"+filter); !slices.Equal(got.ids(), cheap) || got.Total != len(cheap) {
			t.Errorf("%s: %s: %v, want %v", source, filter, got.ids(), cheap)
		}
	}
}

// requireSortedByVsSimilar sorts by the field, on one page and page by page.
func requireSortedByVsSimilar(t *testing.T, source, base string, known int) {
	t.Helper()
	sorted := fetch(t, base+"/cars/?limit=100&view=summary&has=price_vs_similar&sort=price_vs_similar")
	last := math.Inf(-1)
	for _, c := range sorted.Cars {
		percent, shown := c["price_vs_similar"].(float64)
		if !shown || percent < last {
			t.Fatalf("%s: in order: %v after %v", source, c, last)
		}
		last = percent
	}

	if sorted.Total != known {
		t.Errorf("%s: %d vehicles have the field, want %d", source, sorted.Total, known)
	}

	var inOrder []int
	for path := "/cars/?limit=7&has=price_vs_similar&sort=price_vs_similar"; path != ""; {
		p := fetch(t, base+path)
		if inOrder, path = append(inOrder, p.ids()...), ""; p.Next != nil {
			path = *p.Next
		}
	}

	if all := sorted.ids(); len(inOrder) != known || !slices.Equal(inOrder[:min(len(all), known)], all) {
		t.Errorf("%s: page by page: %v, want %v", source, inOrder, all)
	}
}

// Where the field is not available, a request for it gets the reason.
func TestPriceVsSimilarIsMissing(t *testing.T) {
	for database, src := range newTables(t, "CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(8), model VARCHAR(8), "+
		"price INT)",
		"INSERT INTO cars VALUES (1, 'Kia', 'Rio', 9000)") {
		base := serve(t, src.config, "cars")
		for _, path := range []string{
			"/cars/?price_vs_similar_max=-10", "/cars/?sort=price_vs_similar",
			"/cars/?fields=price_vs_similar", "/cars/?max_price_vs_similar=1", "/cars/?has=price_vs_similar",
			"/cars/1?fields=price_vs_similar",
		} {
			if got := getText(t, base+path); !strings.HasPrefix(got, "400") || !strings.Contains(got, "this table has no year") {
				t.Errorf("%s: %s: %s", database, path, got)
			}
		}

		if got := getText(t, base+"/cars/1/similar"); !strings.HasPrefix(got, "404") ||
			!strings.Contains(got, "this table has no year") {
			t.Errorf("%s: %s", database, got)
		}

		if strings.Contains(getText(t, base+"/cars/fields"), "price_vs_similar") {
			t.Errorf("%s: the field is listed", database)
		}
	}
}

// similarAnswer is the answer to /cars/{id}/similar.
type similarAnswer struct {
	Car    map[string]any
	Limits map[string]any
	Count  int
	Price  struct {
		Count                     int
		Min, Max, Average, Median *float64
	}
	Percentile *int
	Missing    []string
	Cars       []stockCar
}

// Similar vehicles equal the result of a plain loop. Their limits are widened in the documented order.
func TestSimilar(t *testing.T) {
	for source, base := range marketBases(t) {
		stock := readStock(t, base)
		steps := map[int]bool{}
		for _, car := range stock {
			if car.ID%3 != 0 || car.Make == "" || car.Model == "" || car.Year == 0 {
				continue
			}

			others, step := findSimilar(stock, car)
			steps[step] = true
			requireSimilar(t, source, base, car, others)
		}

		if len(steps) < 4 {
			t.Errorf("%s: the stock needs only the limits %v", source, steps)
		}

		for path, want := range map[string]string{
			"/cars/0/similar": "404", "/cars/x/similar": "404",
			"/cars/1/similar?make=Kia": "400",
		} {
			if got := getText(t, base+path); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s: %s", source, path, got)
			}
		}
	}
}

// similarLimits are the maximum differences of year and mileage at each step. A mileage of 0 means no limit.
var similarLimits = []struct {
	years   int
	mileage float64
}{{1, 0.25}, {1, 0.5}, {2, 0.5}, {2, 0}, {3, 0}}

// findSimilar returns the vehicles similar to car, and the first step that finds enough of them, or the last step.
func findSimilar(stock []stockCar, car stockCar) (others []stockCar, step int) {
	for step = range similarLimits {
		if others = similarWithin(stock, car, step); len(others) >= 5 {
			break
		}
	}
	return others, step
}

// similarWithin returns the vehicles that are similar to car within the limits of a step.
func similarWithin(stock []stockCar, car stockCar, step int) (others []stockCar) {
	w := similarLimits[step]
	for _, o := range stock {
		same := strings.EqualFold(o.Make, car.Make) && strings.EqualFold(o.Model, car.Model) && o.ID != car.ID &&
			isPriced(o)
		near := max(o.Year-car.Year, car.Year-o.Year) <= w.years
		if w.mileage > 0 && car.Mileage != nil {
			near = near && o.Mileage != nil && math.Abs(*o.Mileage-*car.Mileage) <= w.mileage**car.Mileage
		}

		if same && near {
			others = append(others, o)
		}
	}

	return others
}

// requireSimilar checks the number, the prices and the limits in the answer for a vehicle.
func requireSimilar(t *testing.T, source, base string, car stockCar, others []stockCar) {
	t.Helper()
	var got similarAnswer
	unmarshal(t, fmt.Sprintf("%s/cars/%d/similar", base, car.ID), &got)

	if got.Count != len(others) || got.Car["id"] != float64(car.ID) || len(got.Cars) != min(len(others), 10) {
		t.Fatalf("%s: vehicle %d: %+v, want %d others", source, car.ID, got, len(others))
	}

	if len(others) == 0 {
		return
	}

	var prices []float64
	less := 0
	for _, o := range others {
		prices = append(prices, *o.Price)
		if car.Price != nil && *o.Price < *car.Price {
			less++
		}
	}

	if *got.Price.Median != roundTo(medianOf(prices), 2) || got.Price.Count != len(prices) ||
		*got.Price.Min != prices[0] {
		t.Errorf("%s: vehicle %d: %+v, want a median of %v", source, car.ID, got.Price, medianOf(prices))
	}

	if want := int(math.Round(100 * float64(less) / float64(len(others)))); isPriced(car) &&
		(got.Percentile == nil || *got.Percentile != want) || !isPriced(car) && got.Percentile != nil {
		t.Errorf("%s: vehicle %d: percentile %v, want %d", source, car.ID, got.Percentile, want)
	}

	if *got.Cars[0].Price != prices[0] {
		t.Errorf("%s: vehicle %d: the first is not the cheapest", source, car.ID)
	}

	// A search with the limits finds the same vehicles and car itself.
	q := url.Values{"count_only": {"true"}, "match": {"exact"}}
	for name, v := range got.Limits {
		q.Set(name, fmt.Sprint(v))
	}

	if total := fetch(t, base+"/cars/?"+q.Encode()).Total; total != got.Count && total != got.Count+1 {
		t.Errorf("%s: vehicle %d: %v finds %d, want %d", source, car.ID, got.Limits, total, got.Count)
	}
}

// groupMeasures are the statistics of a field in a group.
type groupMeasures struct {
	Count                     int
	Min, Max, Average, Median *float64
}

func (m groupMeasures) of(t *testing.T, what string, all []float64) {
	t.Helper()

	if len(all) == 0 {
		if m.Count != 0 || m.Min != nil || m.Median != nil {
			t.Errorf("%s: %+v of nothing", what, m)
		}
		return
	}

	sum := 0.0
	for _, x := range all {
		sum += x
	}

	middle := medianOf(all)
	if m.Count != len(all) || *m.Min != all[0] || *m.Max != all[len(all)-1] || *m.Median != roundTo(middle, 2) ||
		math.Abs(*m.Average-sum/float64(len(all))) > 0.0051 {
		t.Errorf("%s: %d values from %v to %v, average %v, median %v; want %d from %v to %v, %v, %v", what, m.Count,
			*m.Min, *m.Max, *m.Average, *m.Median, len(all), all[0], all[len(all)-1], sum/float64(len(all)), middle)
	}
}

// Groups and their prices equal the results of plain loops over the vehicles.
func TestStatsByGroup(t *testing.T) {
	for source, base := range marketBases(t) {
		stock := readStock(t, base)
		for _, c := range groupCases {
			c.requireGroups(t, source, base, stock)
		}
	}
}

// groupCase is a request for groups. of returns the group of a vehicle, and holds reports whether the vehicle is
// counted; nil counts all vehicles.
type groupCase struct {
	query string
	of    func(stockCar) string
	holds func(stockCar) bool
}

var groupCases = []groupCase{
	{"by=make", func(c stockCar) string { return c.Make }, nil},
	{"group_by=brand,model_year", func(c stockCar) string { return fmt.Sprint(c.Make, "|", c.Year) }, nil},
	{
		"by=model&make=toyota", func(c stockCar) string { return c.Model },
		func(c stockCar) bool { return c.Make == "Toyota" },
	},
	{"by=price:5000", func(c stockCar) string { return rangeKey(c.Price, 5000) }, nil},
	{
		"by=price:$5k,make&year_min=2015", func(c stockCar) string { return rangeKey(c.Price, 5000) + "|" + c.Make },
		func(c stockCar) bool { return c.Year >= 2015 },
	},
	{`by=["make","mileage:25000"]`, func(c stockCar) string { return c.Make + "|" + rangeKey(c.Mileage, 25000) }, nil},
	{"by=make&make=Trabant", func(c stockCar) string { return c.Make }, func(stockCar) bool { return false }},
}

// rangeKey formats the range of a value like the keys of groups.
func rangeKey(x *float64, width float64) string {
	if x == nil {
		return "null"
	}
	from := math.Floor(*x/width) * width
	return fmt.Sprintf("%v-%v", from, from+width)
}

// groupedStats are statistics by group.
type groupedStats struct {
	Count, Other int
	Groups       []map[string]json.RawMessage
	Applied      struct{ By []string }
}

// requireGroups compares the groups of the answer with a loop over all vehicles.
func (c groupCase) requireGroups(t *testing.T, source, base string, stock []stockCar) {
	t.Helper()
	groups := map[string][]stockCar{}
	total := 0
	for _, car := range stock {
		if c.holds == nil || c.holds(car) {
			groups[c.of(car)] = append(groups[c.of(car)], car)
			total++
		}
	}

	var got groupedStats
	unmarshal(t, base+"/cars/stats?"+c.query, &got)

	if got.Count != total || len(got.Groups) != min(len(groups), 50) || len(got.Applied.By) == 0 {
		t.Errorf("%s: %s: %d vehicles in %d groups, want %d in %d; %v", source, c.query, got.Count, len(got.Groups),
			total, len(groups), got.Applied)
		return
	}

	seen, last := 0, math.MaxInt
	for _, g := range got.Groups {
		key := groupKey(g, got.Applied.By)
		cars := groups[strings.Join(key, "|")]
		var count int
		var fields map[string]groupMeasures
		if json.Unmarshal(g["count"], &count) != nil || json.Unmarshal(g["fields"], &fields) != nil || count != len(cars) ||
			count > last {
			t.Fatalf("%s: %s: group %s has %d, want %d; the one before has %d", source, c.query, key, count,
				len(cars), last)
		}

		seen, last = seen+count, count
		requireMeasures(t, fmt.Sprint(source, ": ", c.query, ": ", key), fields, cars)
	}

	if seen+got.Other != total {
		t.Errorf("%s: %s: %d in groups and %d others, want %d", source, c.query, seen, got.Other, total)
	}
}

// groupKey returns the values of a group, ordered by the fields and steps of the request.
func groupKey(g map[string]json.RawMessage, names []string) []string {
	var key []string
	for _, by := range names {
		name, width, _ := strings.Cut(by, ":")
		text := strings.Trim(string(g[name]), `"`)
		if width != "" && text != "null" {
			text += "-" + string(g[name+"_below"])
		}
		key = append(key, text)
	}

	return key
}

// requireMeasures compares the statistics of a group with its vehicles.
func requireMeasures(t *testing.T, what string, fields map[string]groupMeasures, cars []stockCar) {
	t.Helper()
	var prices, mileages, years []float64
	for _, c := range cars {
		if c.Price != nil {
			prices = append(prices, *c.Price)
		}

		if c.Mileage != nil {
			mileages = append(mileages, *c.Mileage)
		}

		if c.Year != 0 {
			years = append(years, float64(c.Year))
		}
	}

	fields["price"].of(t, what, prices)
	fields["mileage"].of(t, what, mileages)
	fields["year"].of(t, what, years)
}

// The ranges of a facet add up to all vehicles, and each count equals the result of a plain loop.
func TestFacetsOfRanges(t *testing.T) {
	for source, base := range marketBases(t) {
		stock := readStock(t, base)
		for _, path := range []string{
			"/cars/facets?facets=price:10000,mileage:25000,year",
			"/cars/?limit=1&facets=price:10k,miles:25000,year", "/cars/?count_only=true&facets=price:10000,mileage:25000,year",
		} {
			var got struct{ Facets map[string]rangeFacet }
			unmarshal(t, base+path, &got)

			for name, of := range map[string]func(stockCar) *float64{
				"price": func(c stockCar) *float64 { return c.Price }, "mileage": func(c stockCar) *float64 { return c.Mileage },
			} {
				width := map[string]float64{"price": 10000, "mileage": 25000}[name]
				requireRanges(t, fmt.Sprintf("%s: %s: %s", source, path, name), got.Facets[name], stock, of, width)
			}

			if len(got.Facets["year"].Values) < 5 || got.Facets["year"].Values[0].Below != nil {
				t.Errorf("%s: %s: %+v", source, path, got.Facets["year"])
			}
		}
	}
}

// rangeFacet is a facet of values, or of ranges from Value up to but excluding Below.
type rangeFacet struct {
	Values []struct {
		Value, Below *float64
		Count        int
	}
	Other int
}

// requireRanges compares the ranges of a facet with a loop over all vehicles.
func requireRanges(t *testing.T, what string, facet rangeFacet, stock []stockCar, of func(stockCar) *float64,
	width float64,
) {
	t.Helper()
	total := facet.Other
	for _, v := range facet.Values {
		want := 0
		for _, c := range stock {
			x := of(c)
			if x == nil && v.Value == nil || x != nil && v.Value != nil && *x >= *v.Value && *x < *v.Below &&
				*v.Below == *v.Value+width {
				want++
			}
		}

		if v.Count != want {
			t.Errorf("%s: %+v, want %d", what, v, want)
		}

		total += v.Count
	}

	if total != len(stock) {
		t.Errorf("%s: %d vehicles, want %d", what, total, len(stock))
	}
}

// An error for a wrong field or step says what would be right.
func TestInvalidGroups(t *testing.T) {
	for source, base := range marketBases(t) {
		for request, says := range map[string]string{
			"/cars/stats?by=price":                  "send a step, such as price:5000",
			"/cars/stats?by=make,model,year":        "name one or two",
			"/cars/stats?by=-make":                  "no field",
			"/cars/stats?by=not+make":               "no field",
			"/cars/stats?exclude_by=make":           "no field",
			"/cars/stats?by=maek":                   "did you mean",
			"/cars/stats?by=features":               "cannot be grouped",
			"/cars/stats?by=vin":                    "cannot be grouped",
			"/cars/stats?by=make:5000":              "cannot be grouped",
			"/cars/stats?by=price:0":                "a number above 0",
			"/cars/stats?by=price:cheap":            "a number above 0",
			"/cars/stats?by=price:5000,price:10000": "names price twice",
			"/cars/stats?by=price_vs_similar":       "send a step",
			"/cars/?facets=price":                   "send a step, such as price:5000",
			"/cars/?by=make":                        "does not belong to this request",
			"/cars/stats?by=,":                      "empty value",
		} {
			got := getText(t, base+request)
			if !strings.HasPrefix(got, "400") || !strings.Contains(got, says) {
				t.Errorf("%s: %s: %s", source, request, got)
			}
		}

		if got := getText(t, base+"/cars/stats?by=price_vs_similar:10"); !strings.Contains(got,
			`"price_vs_similar":-10,"price_vs_similar_below":0`) {
			t.Errorf("%s: %s", source, got)
		}
	}
}

// Amounts in several currencies are never combined. Groups leave them out, ranges of them are refused, and a price is
// compared only with prices in the same currency.
func TestMarketOfCurrencies(t *testing.T) {
	var rows []string
	for i := range 12 {
		currency, price := "USD", 10000+1000*i
		if i%2 == 1 {
			currency, price = "JPY", 1_000_000+100_000*i
		}
		rows = append(rows, fmt.Sprintf("(%d, 'Kia', 'Rio', 2020, %d, '%s')", i, price, currency))
	}

	for database, src := range newTables(t, "CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(8), model VARCHAR(8), "+
		"year INT, price INT, currency VARCHAR(3))",
		"INSERT INTO cars VALUES "+strings.Join(rows, ", ")) {
		base := serve(t, src.config, "cars")
		stats := getText(t, base+"/cars/stats?by=year")
		if !strings.Contains(stats, `"several_currencies":{"price":["JPY","USD"]}`) ||
			strings.Contains(stats, `"price":{"count"`) {
			t.Errorf("%s: %s", database, stats)
		}

		if got := getText(t, base+"/cars/stats?by=price:1000"); !strings.HasPrefix(got, "400") ||
			!strings.Contains(got, "currency=JPY") {
			t.Errorf("%s: %s", database, got)
		}

		if got := getText(t, base+"/cars/stats?by=price:100000&currency=USD"); !strings.Contains(got,
			`"price":0,"price_below":100000,"count":6`) {
			t.Errorf("%s: %s", database, got)
		}

		cars := fetch(t, base+"/cars/?sort=price_vs_similar&fields=id,price_vs_similar&limit=1")
		if len(cars.Cars) != 1 || cars.Cars[0]["id"] != 0.0 || cars.Cars[0]["price_vs_similar"] != -33.3 { // 10000 vs 15000
			t.Errorf("%s: %v", database, cars.Cars)
		}

		if got := getText(t, base+"/cars/1/similar"); !strings.Contains(got, `"currency":"JPY"`) ||
			!strings.Contains(got, `"count":5,"price":{"count":5,"min":1300000`) {
			t.Errorf("%s: %s", database, got)
		}
	}
}

// A step that makes too many ranges is refused, so that no request is expensive.
func TestRangesAreFew(t *testing.T) {
	var rows []string
	for i := range 1001 {
		rows = append(rows, fmt.Sprintf("(%d, 'Kia', 'Rio', %d)", i, 10*i))
	}

	for database, src := range newTables(t, "CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(8), model VARCHAR(8), "+
		"price INT)",
		"INSERT INTO cars VALUES "+strings.Join(rows, ", ")) {
		base := serve(t, src.config, "cars")
		for _, path := range []string{"/cars/stats?by=price:%s", "/cars/facets?facets=price:%s", "/cars/?facets=price:%s"} {
			if got := getText(t, base+fmt.Sprintf(path, "10")); !strings.HasPrefix(got, "400") ||
				!strings.Contains(got, "more than 1000 ranges") {
				t.Errorf("%s: %s: %.500s", database, path, got)
			}

			if got := getText(t, base+fmt.Sprintf(path, "20")); !strings.HasPrefix(got, "200") {
				t.Errorf("%s: %s: %.500s", database, path, got)
			}
		}
	}
}

// On request, get_car adds the prices of similar vehicles, as the HTTP API reports them.
func TestComparablesOfTools(t *testing.T) {
	base := serve(t, dbtest.Demo(t), "vehicles_view")
	session, err := connect(t, httpTransport(base, keyTransport{"X-API-Key", apiKey}))
	if err != nil {
		t.Fatal(err)
	}

	var car map[string]any
	unmarshal(t, base+"/cars/75", &car)

	for _, arguments := range []string{`{"id":75,"comparables":true}`, fmt.Sprintf(`{"vin":"%s","comparables":true}`,
		strings.ToLower(car["vin"].(string)))} {
		got, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "get_car", Arguments: json.RawMessage(arguments)})
		if err != nil || got.IsError {
			t.Fatalf("%s: %v %+v", arguments, err, got)
		}

		var answer, similar map[string]any
		if err := json.Unmarshal([]byte(got.Content[0].(*mcp.TextContent).Text), &answer); err != nil {
			t.Fatal(err)
		}

		comparables := answer["comparables"]
		delete(answer, "comparables")
		unmarshal(t, base+"/cars/75/similar", &similar)
		whole := similar["car"]

		for _, member := range []string{"car", "own"} {
			delete(similar, member)
		}

		if !reflect.DeepEqual(answer, car) || !reflect.DeepEqual(whole, car) || !reflect.DeepEqual(comparables, similar) {
			t.Errorf("%s: %v and %v, want %v and %v", arguments, answer, comparables, car, similar)
		}
	}
}

// Similar vehicles work with ids of every form. A table without ids has none.
func TestSimilarByAnyID(t *testing.T) {
	for name, test := range map[string]struct{ columns, row, path string }{
		"text":     {"id VARCHAR(20) PRIMARY KEY", "'a/b %d'", "a%%2Fb%%20%d"},
		"named":    {"id VARCHAR(20) PRIMARY KEY", "'similar%d'", "similar%d"},
		"joined":   {"branch INT, number VARCHAR(9), PRIMARY KEY (branch, number)", "1, 'n~%d'", "1~n%%257E%d"},
		"view's":   {"id INT", "%d", "%d"},
		"stock no": {"stock_number VARCHAR(9), other INT", "'S-%[1]d', %[1]d", "S-%d"},
	} {
		var rows []string
		for i := range 8 {
			rows = append(rows, "("+fmt.Sprintf(test.row, i)+fmt.Sprintf(", 'Kia', 'Rio', 2020, %d)", 10000+1000*i))
		}

		create := strings.Replace("CREATE TABLE cars (COLUMNS, make VARCHAR(8), model VARCHAR(8), year INT, price INT)",
			"COLUMNS", test.columns, 1)
		if before, primary, ok := strings.Cut(test.columns, ", PRIMARY"); ok {
			create = "CREATE TABLE cars (" + before + ", make VARCHAR(8), model VARCHAR(8), year INT, price INT, PRIMARY" +
				primary + ")"
		}

		for database, src := range newTables(t, create, "INSERT INTO cars VALUES "+strings.Join(rows, ", ")) {
			base := serve(t, src.config, "cars")
			got := getText(t, base+"/cars/"+fmt.Sprintf(test.path, 3)+"/similar")
			if !strings.Contains(got, `"count":7,"price":{"count":7,"min":10000`) || !strings.Contains(got, `"percentile":43`) {
				t.Errorf("%s: %s: %s", database, name, got)
			}

			if got := getText(t, base+"/cars/none/similar"); !strings.HasPrefix(got, "404") {
				t.Errorf("%s: %s: %s", database, name, got)
			}
		}
	}

	for database, src := range newTables(t, "CREATE TABLE cars (make VARCHAR(8), model VARCHAR(8), year INT, price INT)",
		"INSERT INTO cars VALUES ('Kia', 'Rio', 2020, 9000)") {
		base := serve(t, src.config, "cars")
		if got := getText(t, base+"/cars/1/similar"); database == "MySQL" && (!strings.HasPrefix(got, "404") ||
			!strings.Contains(got, "have no id")) {
			t.Errorf("%s: %s", database, got)
		}
	}
}

// A live row is compared as the index has it, and shown with its current price. Sold vehicles are not shown.
func TestMarketOfAChangingStock(t *testing.T) {
	var rows []string
	for i := range 9 {
		rows = append(rows, fmt.Sprintf("(%d, 'Kia', 'Rio', 2020, %d, 50000)", i, 10000+1000*i))
	}

	for database, src := range newTables(t, "CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(8), model VARCHAR(8), "+
		"year INT, price INT, mileage INT)",
		"INSERT INTO cars VALUES "+strings.Join(rows, ", "), "INSERT INTO cars VALUES (20, 'Kia', 'Rio', NULL, 9000, 5), "+
			"(21, 'Kia', 'Rio', 2020, NULL, 50000), (22, 'Kia', 'Rio', 2020, 0, 50000)") {
		base := serve(t, src.config, "cars")
		if got := getText(t, base+"/cars/0?fields=id,price_vs_similar"); !strings.Contains(got, `"price_vs_similar":-28.6`) {
			t.Errorf("%s: %s", database, got)
		}

		if got := getText(t, base+"/cars/20/similar"); !strings.Contains(got, `"limits":{},"missing":["year"],"count":0`) ||
			!strings.Contains(got, `"percentile":null,"cars":[]`) {
			t.Errorf("%s: without a year: %s", database, got)
		}

		for _, id := range []int{21, 22} {
			if got := getText(t, fmt.Sprintf("%s/cars/%d/similar", base, id)); !strings.Contains(got, `"count":9`) ||
				!strings.Contains(got, `"percentile":null`) {
				t.Errorf("%s: without a price: %s", database, got)
			}
		}

		src.exec(t, "UPDATE cars SET price = 11500 WHERE id = 8")
		src.exec(t, "DELETE FROM cars WHERE id = 0")
		waitForText(t, base+"/cars/8?fields=price,price_vs_similar", `{"price":11500,"price_vs_similar":-`)
		var got similarAnswer
		unmarshal(t, base+"/cars/8/similar", &got)

		if got.Count != 7 || got.Percentile == nil || *got.Percentile != 14 || got.Cars[0].ID != 1 {
			t.Errorf("%s: %+v", database, got)
		}
	}
}
