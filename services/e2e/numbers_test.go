package e2e

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"carstock/pkg/dbconn/dbtest"
)

// exactTable has numbers that a double can store exactly, and numbers that it cannot.
var exactTable = []string{
	`CREATE TABLE exact (id BIGINT UNSIGNED PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), price DECIMAL(18,2),
		msrp DECIMAL(10,2),
		mileage BIGINT, serial BIGINT UNSIGNED, weight DOUBLE, doors INT, features JSON, year INT)`,
	`INSERT INTO exact VALUES
		(9007199254740991, 'Kia', 'Rio', 1234567890123.45, 1, 5, 9007199254740991, 0.30000000000000004, 4, '[1]', 2020),
		(9007199254740992, 'Kia', 'Soul', 12345678901234.56, 2, 9007199254740992, 9007199254740992, 1e17, 4,
		'[9007199254740993, "9007199254740995"]', 2021),
		(9007199254740993, 'Kia', 'Niro', 1, 3, 9007199254740993, 9007199254740993, 1e22, 5, NULL, 2022),
		(18446744073709551615, 'Kia', 'EV6', 2, 4, -9007199254740993, 18446744073709551615, 1, 5, NULL, 2023),
		(7, 'Kia', 'Ray', 3, 5, 6, 7, 2, 5, NULL, 2024)`,
}

// changedNumber returns the first number in a JSON document that a client would change by reading it as a double.
func changedNumber(t *testing.T, body string) string {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		n, isNumber := token.(json.Number)
		if !isNumber {
			continue
		}
		x, err := n.Float64()
		if err != nil {
			t.Fatal(err)
		}
		isInteger := !strings.ContainsAny(n.String(), ".eE")
		written := strconv.FormatFloat(x, 'g', -1, 64)
		again, _ := strconv.ParseFloat(written, 64)
		if isInteger && (x > 1<<53-1 || x < -(1<<53-1)) && n != "100000000000000000" || again != x ||
			!isInteger && len(strings.Trim(strings.Replace(n.String(), ".", "", 1), "-0")) > 17 {
			return n.String()
		}
	}
}

// Numbers that JavaScript would change are sent as texts everywhere, and filters accept these texts.
func TestNumbersSurviveJavaScript(t *testing.T) {
	mysql := dbtest.Database(t)
	db := dbtest.Open(t, mysql)
	for _, q := range exactTable {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	live, copied := serve(t, mysql, "exact"), serve(t, copyViews(t, mysql, "exact"), "exact")
	const large, next, largest = "9007199254740992", "9007199254740993", "18446744073709551615"
	for path, want := range map[string]string{
		"/cars/" + large + "?fields=id,model,price": `{"id":"9007199254740992","model":"Soul",` +
			`"price":"12345678901234.56"}`,
		"/cars/" + next + "?fields=id,model,weight": `{"id":"9007199254740993","model":"Niro","weight":1e+22}`,
		"/cars/" + largest + "?fields=id,model,mileage": `{"id":"18446744073709551615","model":"EV6",` +
			`"mileage":"-9007199254740993"}`,
		"/cars/9007199254740991?fields=id,model,price":   `{"id":9007199254740991,"model":"Rio","price":1234567890123.45}`,
		"/cars/7?fields=id,mileage":                      `{"id":7,"mileage":6}`,
		"/cars/" + large + "?fields=features":            `{"features":["9007199254740993","9007199254740995"]}`,
		"/cars/?id=" + next + "&fields=id":               `{"cars":[{"id":"9007199254740993"}],"returned":1,`,
		"/cars/?serial=" + largest + "&fields=id":        `{"cars":[{"id":"18446744073709551615"}],`,
		"/cars/?mileage_max=-9007199254740993&fields=id": `{"cars":[{"id":"18446744073709551615"}],`,
		"/cars/?price=12345678901234.56&fields=id":       `{"cars":[{"id":"9007199254740992"}],`,
		"/cars/?features=" + next + "&fields=model":      `{"cars":[{"model":"Soul"}],`,
		"/cars/facets?facets=serial&year=2022": `{"facets":{"serial":{"values":[{"value":"9007199254740993",` +
			`"count":1}],"other":0}},`,
		"/cars/stats?year=2023": `{"count":1,"fields":{"price":{"count":1,"min":2,"max":2,` +
			`"average":2,"median":2},"mileage":{"count":1,"min":"-9007199254740993","max":"-9007199254740993",` +
			`"average":"-9007199254740993","median":"-9007199254740993"}`,
		"/cars/?sort=-id&limit=2&fields=id": `{"cars":[{"id":"18446744073709551615"},` +
			`{"id":"9007199254740993"}],"returned":2,"total":5,"has_more":true,`,
		"/cars/?sort=-weight&limit=2&fields=weight":     `{"cars":[{"weight":1e+22},{"weight":100000000000000000}],`,
		"/cars/?price_max=99999999999999999999&limit=1": `{"cars":[{"id":7,`,
		"/cars/?mileage_min=9007199254740994&limit=1":   `{"cars":[],"returned":0,`,
		"/cars/fields": `{"fields":[{"name":"id",`,
		"/cars/?weight_min=0.30000000000000004&weight_max=1": `{"cars":[{"id":9007199254740991,`,
	} {
		requireSame(t, live, copied, path)
		body := strings.TrimPrefix(getText(t, live+path), "200 OK ")
		if !strings.HasPrefix(body, want) {
			t.Errorf("%s:\n got  %.400s\n want %s", path, body, want)
		}
		if n := changedNumber(t, body); n != "" {
			t.Errorf("%s: a double would change %s: %.400s", path, n, body)
		}
	}
	for _, field := range []string{
		`"min":7,"max":"18446744073709551615"`,
		`"min":"-9007199254740993","max":"9007199254740993"`, `"min":1,"max":"12345678901234.56"`,
	} {
		if body := getText(t, live+"/cars/fields"); !strings.Contains(body, field) {
			t.Errorf("no %s in %s", field, body)
		}
	}
	if got := getText(t, live+"/cars/?price_max=99999999999999999999&mileage=9007199254740993"); !strings.Contains(got,
		`"applied":{"mileage":["9007199254740993"],"price_max":"99999999999999999999",`) {
		t.Error(got)
	}

	requirePagesGoOnExactly(t, live, copied)
	for _, base := range []string{live, copied} {
		testExactTools(t, base)
		testLongNumberTypes(t, base)
	}
}

// requirePagesGoOnExactly reads pages of one vehicle. Each page continues exactly where the last one ended.
func requirePagesGoOnExactly(t *testing.T, live, copied string) {
	t.Helper()
	for _, sort := range []string{"id", "-id", "serial", "-mileage", "price", "-weight"} {
		var ids []string
		for path := "/cars/?limit=1&fields=id&sort=" + sort; path != ""; {
			requireSame(t, live, copied, path)
			p := fetch(t, live+path)
			ids = append(ids, fmt.Sprint(p.Cars[0]["id"]))

			path = ""
			if p.Next != nil {
				path = *p.Next
			}
		}

		// Each of the five vehicles is on a page of its own.
		if seen := map[string]bool{}; len(ids) != 5 {
			t.Errorf("%s: %v", sort, ids)
		} else {
			for _, id := range ids {
				seen[id] = true
			}
			if len(seen) != 5 {
				t.Errorf("%s: %v", sort, ids)
			}
		}
	}
}

// testExactTools calls the tools with ids as texts and as numbers.
func testExactTools(t *testing.T, base string) {
	t.Helper()
	session, err := connect(t, httpTransport(base, keyTransport{"X-API-Key", apiKey}))
	if err != nil {
		t.Fatal(err)
	}
	for arguments, want := range map[string]string{
		`{"id":"9007199254740993"}`:     `{"id":"9007199254740993","make":"Kia","model":"Niro",`,
		`{"id":9007199254740993}`:       `{"id":"9007199254740993","make":"Kia","model":"Niro",`,
		`{"id":"9007199254740992"}`:     `{"id":"9007199254740992","make":"Kia","model":"Soul",`,
		`{"id":"18446744073709551615"}`: `{"id":"18446744073709551615","make":"Kia","model":"EV6",`,
		`{"id":7}`:                      `{"id":7,"make":"Kia","model":"Ray",`,
	} {
		got, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "get_car", Arguments: json.RawMessage(arguments)})
		if err != nil || got.IsError || !strings.HasPrefix(got.Content[0].(*mcp.TextContent).Text, want) {
			t.Errorf("%s: %v %+v, want %s", arguments, err, got, want)
		}
	}
	for _, id := range []string{`"9007199254740993"`, `9007199254740993`} {
		got, err := session.CallTool(t.Context(), &mcp.CallToolParams{
			Name:      "search_cars",
			Arguments: json.RawMessage(`{"fields":["id"],"id":` + id + `}`),
		})
		if err != nil || got.IsError || !strings.HasPrefix(got.Content[0].(*mcp.TextContent).Text,
			`{"cars":[{"id":"9007199254740993"}],`) {
			t.Errorf("%s: %v %+v", id, err, got)
		}
	}
}

// testLongNumberTypes checks that schemas allow a text beside the number exactly where a column may hold such
// numbers.
func testLongNumberTypes(t *testing.T, base string) {
	t.Helper()
	generateClient(t, loadOpenAPI30(t, base))
	var document struct {
		Components struct {
			Schemas map[string]struct{ Properties map[string]struct{ Type any } }
		}
	}
	unmarshal(t, base+"/openapi.json", &document)
	for field, want := range map[string]string{
		"id": "[integer string null]", "mileage": "[integer string null]", "serial": "[integer string null]",
		"price": "[number string null]",
		"msrp":  "[number null]", "weight": "[number null]", "doors": "[integer null]", "year": "[integer null]",
	} {
		if got := fmt.Sprint(document.Components.Schemas["Car"].Properties[field].Type); got != want {
			t.Errorf("%s: %s, want %s", field, got, want)
		}
	}
}
