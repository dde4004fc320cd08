package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"carstock/pkg/dbconn/dbtest"
)

// requestsAndAnswers maps each request to a part of its answer. An expected error begins with its status.
var requestsAndAnswers = map[string]string{
	// A plus sign after a number is not a space, even unescaped.
	"year=2020+":   `"applied":{"year_min":2020,`,
	"seats=7+":     `"applied":{"seats_min":7,`,
	"price=50k+":   `"applied":{"price_min":50000,`,
	"year=2020%20": `"applied":{"year":[2020],`,

	// Excluded values are left out, and the interpretation says so.
	"make=Honda,-Toyota":          `"applied":{"make":["Honda"],"make_not":["Toyota"],`,
	"status=%3C%3Esold":           `"applied":{"status_not":["sold"],`,
	"make=not.in.(Toyota,Honda)":  `"applied":{"make_not":["Honda","Toyota"],`,
	"-make=Toyota":                `"applied":{"make_not":["Toyota"],`,
	"q=suv+-toyota":               `"applied":{"body_type":["SUV"],"make_not":["Toyota"],`,
	"fields=-description&limit=1": `"fields":["-description"]`,
	"color=not+a+chance":          `400 `,
	"color=!red": `"interpreted":{"color":{"from":"!red","to":{"color_not":["red"]},"why":"an ` +
		`exclusion"`,
	"facets=-color&limit=1": `"facets":["condition","make","year","body_type","fuel_type","transmission",` +
		`"drivetrain"]`,
	"facets=make,!color&limit=1": `"facets":["make"]`,
	"has=price&missing=msrp":     `"applied":{"has":["price"],"missing":["msrp"],`,
	"price=any":                  `"ignored":{"price":"any"}`,
	"make=Ford&make=!Ford":       `"total":0,`,

	// Names and operators of other APIs.
	"make[0]=Toyota&make[1]=Honda":    `"applied":{"make":["Honda","Toyota"],`,
	"makes=Toyota&maker=Honda":        `"applied":{"make":["Honda","Toyota"],`,
	"page=2&limit=5":                  `"page":2,`,
	"offset=20&limit=5":               `"offset":20,`,
	"page=2001&limit=5":               `400 `,
	"page=2&cursor=x":                 `400 `,
	"sort=price&order=desc&limit=1":   `"sort":"-price"`,
	"filter[make]=Toyota":             `"applied":{"make":["Toyota"],`,
	"make.eq=Toyota":                  `"applied":{"make":["Toyota"],`,
	"make__in=Toyota,Honda":           `"applied":{"make":["Honda","Toyota"],`,
	"price=lte.15000":                 `"applied":{"price_max":15000,`,
	"type=SUV":                        `"applied":{"body_type":["SUV"],`,
	"location=Phoenix":                `"applied":{"city":["Phoenix"],`,
	"location=Texas":                  `"applied":{"state":["TX"],`,
	"certified=true":                  `"applied":{"condition":["certified"],`,
	"year=22":                         `"applied":{"year":[2022],`,
	"seats=seven":                     `"applied":{"seats":[7],`,
	"make=Toyota+cars":                `"applied":{"make":["Toyota"],`,
	"sort=newest&limit=1":             `"sort":"-year"`,
	"make=%7B%22$ne%22:%22Toyota%22}": `"applied":{"make_not":["Toyota"],`,

	// Numbers.
	"price=20000,00":                      `"applied":{"price":[20000],`,
	"price=10000,00-20000,00":             `"applied":{"price":["10000.00-20000.00"],`,
	"mileage=50000,5":                     `"applied":{"mileage":[50000.5],`,
	"price=20000,00,+30000,00":            `400 `,
	"price_max=21999.100000000002":        `"applied":{"price_max":"21999.100000000002",`,
	"price_max=3e4":                       `"applied":{"price_max":30000,`,
	"created_at_min=2026-01-01T00:00:00Z": `"interpreted":{"created_at_min":{"from":"2026-01-01T00:00:00Z"`,

	// Sentences.
	"q=OBM-20017":                           `"total":1,`,
	"q=JM3M5WHLXRW827381":                   `"total":1,`,
	"q=family+suv+under+25k+with+low+miles": `"not_understood":["family","low miles"]`,
	"q=I+am+looking+for+a+nice+reliable+car+for+my+daughter+who+is+going+to+college": `"no_match":{"filters":[` +
		`{"parameter":"q"`,
	"q=red+leather":                   `"applied":{"q":["red","leather"]`,
	"q=suv+$400+a+month":              `"not_understood":["$400 a month"]`,
	"q=camry+no+accidents":            `"not_understood":["no accidents"]`,
	"q=" + strings.Repeat("car+", 41): `400 `,

	// Suggestions never contain excluded values.
	"-colr=red": `"suggestions":["color_not"]}]}`,
	"colr!=red": `"suggestions":["color_not"]}]}`,
	"^make=Kia": `"suggestions":["make_not"]}]}`,

	// An empty page of an empty search explains itself too.
	"color=purple&page=2": `"in_stock":[{"parameter":"color"`,

	// Values that are not in stock get suggestions.
	"color=purple": `"in_stock":[{"parameter":"color","values":[{"value":"White","count":106,"url":"/cars/?color=White`,
	"price=25000":  `"url":"/cars/?match=exact\u0026price_max=25000"`,
}

// Requests as callers write them are understood, on MySQL and on the snapshot.
func TestCallersAreUnderstood(t *testing.T) {
	mysql := dbtest.Demo(t)
	for database, base := range map[string]string{
		"MySQL":  serve(t, mysql, "vehicles_stock"),
		"SQLite": serve(t, copyViews(t, mysql, "vehicles_stock"), "vehicles_stock"),
	} {
		for request, want := range requestsAndAnswers {
			got := getText(t, base+"/cars/?"+request)
			if strings.HasPrefix(want, "400") && !strings.HasPrefix(got, want) ||
				!strings.Contains(got, strings.ReplaceAll(want, `\u0026`, "&")) {
				t.Errorf("%s: %s: want %s in %.1500s", database, request, want, got)
			}
		}
	}
}

// An exclusion finds all vehicles that the same filter does not find, including those without a value.
func TestExclusionsAreComplements(t *testing.T) {
	for database, src := range newTables(t,
		`CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), color VARCHAR(20), price INT, `+
			`features JSON, created_at DATETIME, description TEXT)`,
		`INSERT INTO cars VALUES (1, 'Kia', 'No 5', 'Red', 100, '["Sunroof","Tow bar"]', '2026-01-01 10:00:00',
			'no accidents'),
			(2, 'Not A Make', 'non-stop', 'Crimson Red', 200, '["Sunroof"]', '2026-01-02 10:00:00', 'accidents'),
			(3, NULL, 'No 5', 'Blue', NULL, '[]', NULL, NULL), (4, 'Ford', '-1500', NULL, 300, NULL, '2026-01-01 00:00:00', ''),
			(5, 'Ford', '1500', '', 400, '["No Smoking"]', '2026-02-01 00:00:00', 'x')`) {
		base := serve(t, src.config, "cars")
		for request, want := range map[string]string{
			"make_not=Ford":                      "[1 2 3]",
			"make=!Ford":                         "[1 2 3]",
			"make=Not+A+Make":                    "[2]",
			"make=not+Not+A+Make":                "[1 3 4 5]",
			"make_not=Ford,Kia":                  "[2 3]",
			"model=No+5":                         "[1 3]",
			"model=not+No+5":                     "[2 4 5]",
			"model=-1500":                        "[4]",
			"model=!1500":                        "[1 2 3 4]",
			"model=non-stop":                     "[2]",
			"color_not=red":                      "[3 4 5]",
			"color=anything+but+red":             "[3 4 5]",
			"color_not=red&match=exact":          "[2 3 4 5]",
			"price_not=100-200":                  "[3 4 5]",
			"price=!300":                         "[1 2 3 5]",
			"price=100,!300":                     "[1]",
			"features_not=Sunroof":               "[3 4 5]",
			"features=-Sunroof":                  "[3 4 5]",
			"features=Sunroof,-Tow+bar":          "[2]",
			"features=Sunroof,No+Smoking":        "[1 2 5]",
			"features_not=No+Smoking,Tow+bar":    "[2 3 4]",
			"model=No+5,non-stop":                "[1 2 3]",
			"make=Not+A+Make,Kia":                "[1 2]",
			"make=Kia,!Not+A+Make":               "[1]",
			"features=No+Smoking":                "[5]",
			"created_at_not=2026-01-01":          "[2 3 5]",
			"created_at=!2026-01-01T10:00:00":    "[2 3 4 5]",
			"has=price":                          "[1 2 4 5]",
			"missing=price":                      "[3]",
			"has=make,price":                     "[1 2 4 5]",
			"missing=color":                      "[4 5]",
			"has=color":                          "[1 2 3]",
			"missing=features":                   "[3 4]",
			"has=features":                       "[1 2 5]",
			"missing=description":                "[3 4]",
			"has=description":                    "[1 2 5]",
			"missing=created_at":                 "[3]",
			"has=!price":                         "[3]",
			"price=is+not+null":                  "[1 2 4 5]",
			"price={\"$exists\":false}":          "[3]",
			"q=no+accidents&id=1":                "[1]",
			"color_not=red&has=color":            "[3]",
			"make_not=Ford&make_not=Kia":         "[2 3]",
			"make=Ford&model_not=1500":           "[4]",
			"color_not=octarine":                 "[1 2 3 4 5]",
			"make=!Ford&make=!Kia&has=make":      "[2]",
			"price_min=100&price=not+200+or+400": "[1 4]",
		} {
			var p searchPage
			unmarshal(t, base+"/cars/?"+strings.ReplaceAll(strings.ReplaceAll(request, `"`, "%22"), "$", "%24"), &p)
			if got := fmt.Sprint(p.ids()); got != want {
				t.Errorf("%s: %s: %s, want %s", database, request, got, want)
			}
		}

		// A DATETIME column without a configured time zone.
		got := getText(t, base+"/cars/?created_at_min=2026-01-01T00:00:00%2B02:00")
		if !strings.HasPrefix(got, "400 ") || !strings.Contains(got,
			`"retry_url":"/cars/?created_at_min=2026-01-01T00%3A00%3A00"`) {
			t.Errorf("%s: %s", database, got)
		}
	}
}

// Numbered pages show the same vehicles as cursor pages, and a numbered page continues with a cursor.
func TestPagesByNumber(t *testing.T) {
	mysql := dbtest.Demo(t)
	for database, base := range map[string]string{
		"MySQL":  serve(t, mysql, "vehicles_stock"),
		"SQLite": serve(t, copyViews(t, mysql, "vehicles_stock"), "vehicles_stock"),
	} {
		var all []int
		path := "/cars/?sort=-price,make&limit=70"
		for next := path; next != ""; {
			var p searchPage
			unmarshal(t, base+next, &p)
			all = append(all, p.ids()...)
			next = nextPath(p)
		}
		if len(all) != 600 {
			t.Fatalf("%s: %d vehicles", database, len(all))
		}
		for n := 1; n <= 10; n++ {
			for _, position := range []string{fmt.Sprintf("&page=%d", n), fmt.Sprintf("&offset=%d", 70*(n-1))} {
				var p searchPage
				unmarshal(t, base+path+position, &p)
				want := all[min(70*(n-1), 600):min(70*n, 600)]
				if got := p.ids(); !slices.Equal(got, want) || (p.Next != nil) != (70*n < 600) || p.Total != 600 {
					t.Errorf("%s: %s: %v, next %q, total %d, want %v", database, position, got, nextPath(p), p.Total, want)
				}
				if p.Next == nil {
					continue
				}
				if u, err := url.Parse(nextPath(p)); err != nil || u.Query().Has("page") || u.Query().Has("offset") {
					t.Errorf("%s: last page has a next: %s", database, nextPath(p))
				}
				var following searchPage
				unmarshal(t, base+nextPath(p), &following)
				if got, want := following.ids(), all[70*n:min(70*(n+1), 600)]; !slices.Equal(got, want) {
					t.Errorf("%s: %s leads to %v, want %v", database, position, got, want)
				}
			}
		}
	}
}

// nextPath returns the path of the next page, or "" on the last page.
func nextPath(p searchPage) string {
	if p.Next == nil {
		return ""
	}
	return *p.Next
}

// A cursor fits every spelling of the same search.
func TestCursorOfAnotherSpelling(t *testing.T) {
	base := serve(t, dbtest.Demo(t), "vehicles_stock")
	for first, second := range map[string]string{
		"make=toyota":            "make=Toyota",
		"make=Honda,Toyota":      "make=Toyota&make=honda",
		"maxPrice=$20k":          "price_max=20000",
		"color=grey":             "color=Gray",
		"make=not+Ford":          "make_not=Ford",
		"q=red+toyota+under+30k": "make=Toyota&color=red&price_max=30000",
		"year=2020-2022":         "year=2020+to+2022",
		"price_max=20000.00":     "price_max=2e4",
		"page=2&make=toyota":     "make=Toyota",
		"has=price&make=Chevy":   "make=Chevrolet&price=is.not.null",
		"sort=price+desc":        "sort=-price",
		"body_type=truck":        "body_type=Pickup",
	} {
		var p, next searchPage
		unmarshal(t, base+"/cars/?limit=3&"+first, &p)
		u, err := url.Parse(nextPath(p))
		if err != nil || p.Next == nil {
			t.Fatalf("%s: %q: %v", first, nextPath(p), err)
		}
		unmarshal(t, base+nextPath(p), &next)
		var other searchPage
		unmarshal(t, base+"/cars/?limit=3&"+second+"&cursor="+url.QueryEscape(u.Query().Get("cursor")), &other)
		if got, want := fmt.Sprint(other.ids()), fmt.Sprint(next.ids()); got != want {
			t.Errorf("%s, then %s: %s, want %s", first, second, got, want)
		}
	}
}

// Oversized requests are refused before they cost time. Each of these once took seconds or minutes.
func TestOversizedRequestsAreRefused(t *testing.T) {
	base := serve(t, dbtest.Demo(t), "vehicles_stock")
	many := make([]string, 20_000)
	for i := range many {
		many[i] = fmt.Sprintf(`"z%d"`, i)
	}
	session, err := connect(t, httpTransport(base, keyTransport{"X-API-Key", apiKey}))
	if err != nil {
		t.Fatal(err)
	}
	for _, arguments := range []string{
		`{"make":[` + strings.Join(many, ",") + `]}`, `{"q":"` + strings.Repeat("a,", 40_000) + `"}`, `{"make":"` +
			strings.Repeat("[", 100_000) + `"}`,
		`{"q":"` + strings.Repeat("not red ", 1_900) + `"}`, `{"make":"` + strings.Repeat("!a,", 4_000) + `"}`,
	} {
		got, err := session.CallTool(t.Context(), &mcp.CallToolParams{
			Name:      "search_cars",
			Arguments: json.RawMessage(arguments),
		})
		if err != nil || !got.IsError {
			t.Errorf("%.50s...: %v %+v", arguments, err, got)
			continue
		}
		if text := got.Content[0].(*mcp.TextContent).Text; len(text) > 4_000 || !strings.Contains(text, "send at most") {
			t.Errorf("%.50s...: %.500s", arguments, text)
		}
	}
}

// A column keeps its name when a later version adds a parameter of the same name.
func TestColumnsNamedAsParameters(t *testing.T) {
	for database, src := range newTables(t,
		"CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(9), model VARCHAR(9), page INT, offset_ INT, `has` "+
			"VARCHAR(9), missing VARCHAR(9), location VARCHAR(9), type VARCHAR(9), "+
			"certified VARCHAR(9), make_not VARCHAR(9), `order` VARCHAR(9), non_smoker INT, not_before INT, price INT, "+
			"price_max INT)",
		"INSERT INTO cars VALUES (1, 'Kia', 'Rio', 7, 1, 'price', 'x', 'here', 'a', 'maybe', 'Kia', 'asc', 1, 2020, 3, 3), "+
			"(2, 'Kia', 'Rio', 8, 2, 'y', 'z', 'there', 'b', 'no', 'Seat', 'desc', 0, 2021, 2, 9)") {
		base := serve(t, src.config, "cars")
		for request, want := range map[string]string{
			"page=7": "[1]", "has=price": "[1]", "missing=z": "[2]", "location=there": "[2]", "type=a": "[1]",
			"certified=maybe": "[1]",
			"make_not=Seat":   "[2]", "price=under+5": "[1 2]", "q=kia+under+$4": "[1 2]", "max_price=5": "[1 2]",
			"price_max=3": "[1]", "order=desc": "[2]", "make=!Kia": "[]", "page=8&type=b": "[2]", "page_not=7": "[2]",
			"fields=id,non_smoker&non_smoker=1": "[1]", "fields=-non_smoker&not_before=2021": "[2]",
			"facets=non_smoker&not_before_min=2021": "[2]",
		} {
			var p searchPage
			unmarshal(t, base+"/cars/?"+request, &p)
			if got := fmt.Sprint(p.ids()); got != want {
				t.Errorf("%s: %s: %s, want %s", database, request, got, want)
			}
		}
	}
}
