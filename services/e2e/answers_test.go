package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"carstock/pkg/dbconn/dbtest"
)

// Errors stay short, however many mistakes a request has and however many columns the table has.
func TestErrorsAreShort(t *testing.T) {
	columns := []string{"id INT PRIMARY KEY", "make VARCHAR(40)", "model VARCHAR(40)", "price DECIMAL(9,2)"}
	for i := range 250 {
		columns = append(columns, fmt.Sprintf("`%s%03d` INT", strings.Repeat("é", 60), i),
			fmt.Sprintf("`%s%03d` INT", strings.Repeat("n", 60), i))
	}
	wide := "CREATE TABLE wide (" + strings.Join(columns, ", ") + ")"
	for database, src := range newTables(t, wide, "INSERT INTO wide (id, make, model, price) VALUES (1, 'Kia', "+
		"'Rio', 9000)") {
		base := serve(t, src.config, "wide")
		long, near := strings.Repeat("😀", 250), strings.Repeat("é", 60)
		unknown, several := url.Values{}, url.Values{}
		for i := range 100 {
			unknown.Add(fmt.Sprintf("%s%03dx", near, i), long)
			several.Add("make", long)
			several.Add("price", fmt.Sprintf("%d-", i)+long)
		}
		list := strings.Repeat(near+"1234,", 99) + "x"
		requests := []string{"colr=red", "x=1&" + unknown.Encode()[:15_000], several.Encode()[:15_000], "make=" +
			strings.Repeat(url.QueryEscape(long), 2), url.QueryEscape(near+"0x") + "=1", "limit=500&" +
			strings.Repeat("make=Kia&", 90)}
		for _, control := range []string{"fields", "facets", "sort", "view", "match", "q", "limit", "cursor"} {
			requests = append(requests, control+"="+url.QueryEscape(long), control+"="+url.QueryEscape(list[:999]), control+"="+
				url.QueryEscape("\"\\\x01,"+near+"0001"))
		}
		for i := range 20 {
			requests[0] += fmt.Sprintf("&unknown%d=%d", i, i)
		}
		for _, q := range requests {
			for _, path := range []string{"/cars/?", "/cars/facets?", "/cars/1?"} {
				code, body := getStatus(base + path + q)
				if code >= 400 && len(body) > 4_000 {
					t.Errorf("%s: %s%.100s: %d bytes: %.300s", database, path, q, len(body), body)
				}
			}
		}

		many := getText(t, base+"/cars/?"+requests[0])
		if !strings.HasPrefix(many, "400 ") || !strings.Contains(many, "20 more things are wrong. /cars/fields lists all") ||
			strings.Count(many, "/cars/fields") != 1 {
			t.Errorf("%s: 21 unknown parameters: %s", database, many)
		}
		for _, path := range []string{
			"/cars/" + strings.Repeat("1", 10_000), "/cars/vin/" + strings.Repeat("x", 10_000),
			"/" + strings.Repeat("x", 10_000),
		} {
			if code, body := getStatus(base + path); code != 404 || len(body) > 4_000 {
				t.Errorf("%s: %.50s: %d, %d bytes", database, path, code, len(body))
			}
		}
	}
}

// zeroResultsAnswer is an answer without vehicles, and its explanation.
type zeroResultsAnswer struct {
	Total   int
	NoMatch *struct {
		Filters []struct {
			Parameter, Word, URL string
			Alone, Without       int
		}
		DidYouMean []struct {
			Parameter, Received, Suggestion, URL string
			In                                   string `json:"suggested_parameter"`
			Count                                int
		} `json:"did_you_mean"`
		InStock []struct {
			Parameter string
			Values    []struct {
				Value any
				Count int
				URL   string
			}
			Complete bool `json:"values_complete"`
		} `json:"in_stock"`
		Alternatives []struct {
			Why, URL string
			Count    int
		}
	} `json:"no_match"`
}

// fetchZeroResults reads an answer without vehicles. It checks that each search that the answer offers finds as many
// vehicles as its count.
func fetchZeroResults(t *testing.T, base, path string) (e zeroResultsAnswer) {
	t.Helper()
	_, body, _ := strings.Cut(getText(t, base+path), "{")
	body = "{" + body
	var raw struct {
		NoMatch json.RawMessage `json:"no_match"`
	}
	for _, into := range []any{&raw, &e} {
		if err := json.Unmarshal([]byte(body), into); err != nil {
			t.Fatalf("%s: %s: %v", path, body, err)
		}
	}
	if e.NoMatch == nil {
		return e
	}

	request, err := url.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	most := 90_000
	if given := request.Query().Get("max_chars"); given != "" {
		most, _ = strconv.Atoi(given)
	}
	if n := utf8.RuneCountInString(body); n > most {
		t.Errorf("%s: %d characters", path, n)
	}
	if len(raw.NoMatch) > 6_000 {
		t.Errorf("%s: no_match has %d bytes", path, len(raw.NoMatch))
	}

	check := func(what string, count int, next string) {
		t.Helper()
		again, err := url.Parse(next)
		if err != nil || next == "" || count < 1 || again.Query().Encode() == request.Query().Encode() {
			t.Errorf("%s: %s: count %d, url %q: %v", path, what, count, next, err)
			return
		}
		var found zeroResultsAnswer
		_, body, _ := strings.Cut(getText(t, base+next), "{")
		if err := json.Unmarshal([]byte("{"+body), &found); err != nil || found.Total != count {
			t.Errorf("%s: %s: %s finds %d, want %d: %v", path, what, next, found.Total, count, err)
		}
	}
	for _, f := range e.NoMatch.Filters {
		if f.URL != "" {
			check(f.Parameter+" "+f.Word, f.Without, f.URL)
		}
	}
	for _, s := range e.NoMatch.DidYouMean {
		check(s.Suggestion, s.Count, s.URL)
	}
	for _, f := range e.NoMatch.InStock {
		for _, v := range f.Values {
			check(fmt.Sprint(f.Parameter, " ", v.Value), v.Count, v.URL)
		}
	}
	for _, a := range e.NoMatch.Alternatives {
		check(a.Why, a.Count, a.URL)
	}
	return e
}

// When nothing is found, each offered search finds as many vehicles as it promises, and the offers take few bytes.
func TestOffersFindWhatTheySay(t *testing.T) {
	mysql := dbtest.Demo(t)
	db := dbtest.Open(t, mysql)
	for _, q := range []string{
		"UPDATE vehicles_stock SET exterior_color = 'none' WHERE id % 97 = 1",
		"UPDATE vehicles_stock SET exterior_color = ' wHITE' WHERE id % 31 = 1",
		"UPDATE vehicles_stock SET trim = 'Sport, Touring' WHERE id % 41 = 1",
		"UPDATE vehicles_stock SET trim = '-Sport+ & \"co\"' WHERE id % 43 = 1",
		"UPDATE vehicles_stock SET engine = '4.0 TFSI' WHERE id % 37 = 1",
		"UPDATE vehicles_stock SET engine = '40 TFSI' WHERE id % 37 = 2",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	sqlite := copyViews(t, mysql, "vehicles_stock")
	live, copied := serve(t, mysql, "vehicles_stock"), serve(t, sqlite, "vehicles_stock")

	random := rand.New(rand.NewPCG(3, 4))
	choices := map[string][]string{
		"make":         {"Toyota", "Hnda", "Trabant", "toyta,ford", "Ferrari", "suv", "Camry", "Chevy", "any", "ハン"},
		"model":        {"Camry", "Camery", "F-150", "F-250", "Civic", "RAV4", "Land", "zzz"},
		"trim":         {"Sport", "sprt", "Sport, Touring", "-Sport+", "Touring"},
		"engine":       {"4.0 TFSI", "4.0TFSI", "TFSI 4.0"},
		"color":        {"purple", "wihte", "grey", "noone", "Red,purple", "turquoise blue"},
		"body_type":    {"pickup", "Sedn", "limousine", "SUV"},
		"city":         {"Bostn", "Paris", "Santiago"},
		"fuel_type":    {"hydrogen", "Electric", "gas"},
		"features":     {"Sunroff", "Jacuzzi", "Bluetooth", "Sunroof,Jacuzzi"},
		"features_all": {"Bluetooth,Jacuzzi", "Bluetooth,Sunroff"},
		"doors":        {"9", "4", "2-3"},
		"seats":        {"7", "11"},
		"price":        {"25000", "1", "999999", "25001,26001", "1000-1500", "99.99"},
		"price_min":    {"150000", "900000"},
		"price_max":    {"500", "9000"},
		"mileage":      {"30000", "1", "90001-90002", "999999"},
		"year":         {"2030", "1990", "2019", "2030,2031"},
		"year_min":     {"2026"},
		"vin":          {"JM3M5WHLXRW827380"},
		"q": {
			"toyta", "purple people eater", "family suv under 25k with low miles", "honda zzz camry", "cheroke",
			"red zzzz", "bmw mini tesla ford", "purpel",
		},
		"match":     {"exact", "smart"},
		"sort":      {"-price"},
		"facets":    {"make,color"},
		"max_chars": {"2000", "4000"},
		"limit":     {"1", "100"},
	}
	names := slices.Sorted(maps.Keys(choices))
	offers := 0
	for range 500 {
		values := url.Values{}
		for range random.IntN(4) + 1 {
			name := names[random.IntN(len(names))]
			values.Set(name, choices[name][random.IntN(len(choices[name]))])
		}
		path := "/cars/?" + values.Encode()
		if strings.HasPrefix(getText(t, live+path), "400 ") {
			continue
		}
		requireSame(t, live, copied, path)
		for _, base := range []string{live, copied} {
			if e := fetchZeroResults(t, base, path); e.NoMatch != nil {
				offers += len(e.NoMatch.DidYouMean) + len(e.NoMatch.Alternatives) + len(e.NoMatch.InStock)
			}
		}
	}
	if offers < 300 {
		t.Errorf("only %d offers were tried", offers)
	}
}

// An empty answer explains itself: filters to drop, corrected spellings, values in stock, and words that match
// nothing.
func TestZeroResultsHelp(t *testing.T) {
	mysql := dbtest.Demo(t)
	sqlite := copyViews(t, mysql, "vehicles_stock")
	for database, base := range map[string]string{
		"MySQL":  serve(t, mysql, "vehicles_stock"),
		"SQLite": serve(t, sqlite, "vehicles_stock"),
	} {
		requireFirstAlternatives(t, database, base)
		requireSuggestions(t, database, base)
		requireInStock(t, database, base)
		requireWordsExplained(t, database, base)
	}
}

// requireFirstAlternatives checks the first alternative. fetchZeroResults has already compared its count with what
// its URL finds.
func requireFirstAlternatives(t *testing.T, database, base string) {
	t.Helper()
	for q, want := range map[string]string{
		"price=25000":                       "price_max=25000",
		"price=25000&make=Toyota":           "price_max=25000",
		"price=500":                         "price_max=500",
		"mileage=30000":                     "mileage_max=30000",
		"year=2030":                         "year=2026",
		"year=1980":                         "year_min=1980",
		"year=2016&make=Tesla":              "year_min=2016",
		"price=25001-25003":                 "price=25200",
		"price_min=1&price_max=9":           "price=6995",
		"price_min=900000":                  "price_min=",
		"q=honda zzz camry&match=exact":     "q=honda",
		"q=zzz honda civic yyy&match=exact": "q=honda+civic",
	} {
		e := fetchZeroResults(t, base, "/cars/?"+plusEncode(q))
		if e.NoMatch == nil || len(e.NoMatch.Alternatives) == 0 || !strings.Contains(e.NoMatch.Alternatives[0].URL, want) {
			t.Errorf("%s: %s: %+v, want %s", database, q, e.NoMatch, want)
		}
	}
}

// requireSuggestions checks the suggested spellings, and the fields that they belong to.
func requireSuggestions(t *testing.T, database, base string) {
	t.Helper()
	for q, want := range map[string]string{
		"make=Hnda":                 "make=Honda",
		"make=Camry":                "model=Camry",
		"body_type=Toyota":          "make=Toyota",
		"q=toyta":                   "make=Toyota",
		"q=toyta camry&match=exact": "make=Toyota q=camry",
		"q=toyta cmary":             "make=Toyota",
		"q=toyta zzz&match=exact":   "make=Toyota",
		"features_all=Bluetooth,Sunrof&match=exact": "features_all=Bluetooth features_all=Sunroof",
		"features=Sunrof&match=exact":               "features=Sunroof",
	} {
		e := fetchZeroResults(t, base, "/cars/?"+plusEncode(q))
		if e.NoMatch == nil {
			t.Errorf("%s: %s finds %d vehicles", database, q, e.Total)
			continue
		}

		found := false
		for _, s := range e.NoMatch.DidYouMean {
			found = found || hasAll(s.URL, want)
		}
		if !found {
			t.Errorf("%s: %s: %+v, want %s", database, q, e.NoMatch.DidYouMean, want)
		}
	}
}

// hasAll reports whether text contains each of the space-separated parts.
func hasAll(text, parts string) bool {
	for part := range strings.FieldsSeq(parts) {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// requireInStock checks the listed values in stock.
func requireInStock(t *testing.T, database, base string) {
	t.Helper()
	for q, want := range map[string]string{
		"color=purple":                      "color White 106 true",
		"color=purple&make=Toyota":          "color Black 13 true",
		"make=Trabant":                      "make Toyota 69 false",
		"doors=7":                           "doors 4 504 true",
		"features=Jacuzzi":                  "features Alloy Wheels 263 false",
		"features_all=Bluetooth,Jacuzzi":    "features_all ",
		"make=Toyota&model=zzz&match=exact": "model ",
		"description=zzz":                   "",
		"vin=zzz":                           "",
		"dealer_id=77":                      "dealer_id ",
	} {
		e, got := fetchZeroResults(t, base, "/cars/?"+plusEncode(q)), ""
		if e.NoMatch == nil {
			t.Errorf("%s: %s finds %d vehicles", database, q, e.Total)
			continue
		}
		if all := e.NoMatch.InStock; len(all) > 0 {
			got = fmt.Sprint(all[0].Parameter, " ", all[0].Values[0].Value, " ", all[0].Values[0].Count, " ", all[0].Complete)
		}
		if !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %s: %q, want %q", database, q, got, want)
		}
	}
}

// requireWordsExplained checks which words match no vehicle.
func requireWordsExplained(t *testing.T, database, base string) {
	t.Helper()
	e, words := fetchZeroResults(t, base, "/cars/?q=toyta+camry&match=exact"), []string{}
	for _, f := range e.NoMatch.Filters {
		words = append(words, fmt.Sprint(f.Parameter, " ", f.Word, " ", f.Alone, " ", f.Without))
	}
	if got, want := strings.Join(words, ", "), "q  0 0, q toyta 0 21, q camry 21 0"; got != want {
		t.Errorf("%s: words: %s, want %s", database, got, want)
	}
	if why := e.NoMatch.Alternatives[0].Why; why != "without the word toyta" {
		t.Errorf("%s: %s", database, why)
	}
}

// Offers also find what they promise for fields of every type.
func TestOffersOfEveryType(t *testing.T) {
	live, copied, _ := typesOnBoth(t)
	requests := []string{
		"serial=6", "tank=3", "weight=0.2", "co2=1e3", "msrp=5", "electric=1&make=ford", "class=c",
		"extras=z", "extras_all=x,z", "opens=09:00:00", "features=Sunrof", "city=Washington, D. C&match=exact",
		"city=Wash&match=exact", "make=!!!&year=2023", "sold_at=2030-01-01", "description=nothing", "limits=99",
		"price=1&mileage=1&year=1",
		"q=tow toyota", "q=!!! camry", "q=citroen zzz octavia ford", "stock_number=A-10", "make=" + strings.Repeat("é", 500),
		"make=" + strings.Repeat("x,", 99) + "y", "q=" + strings.Repeat("é", 50) + " zzz&match=exact",
		"make=kia&stock_number=" + strings.Repeat("1", 999), "make=&year_min=1&year_max=2",
	}
	for q, want := range wantIDs {
		if want != nil && len(want) == 0 {
			requests = append(requests, q)
		}
	}
	for i := range 9 { // long parameters, which leave no room in a URL
		requests = append(requests, fmt.Sprintf("make=kia%d&city=%s&stock_number=%s", i, strings.Repeat("a", i*110),
			strings.Repeat("&model=zzz", i*9)))
	}
	for _, q := range requests {
		path := "/cars/?" + strings.ReplaceAll(plusEncode(q), "é", "%C3%A9")
		if strings.HasPrefix(getText(t, live+path), "400 ") {
			continue
		}
		requireSame(t, live, copied, path)
		fetchZeroResults(t, live, path)
		fetchZeroResults(t, copied, path)
	}
}
