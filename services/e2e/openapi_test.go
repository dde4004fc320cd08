package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sv-tools/openapi"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

type description struct {
	OpenAPI string
	Servers []struct{ URL string }
	Paths   map[string]map[string]operation
}

// operation is a request in the description.
type operation struct {
	OperationID string
	Summary     string
	Description string
	Security    []map[string][]string
	Responses   map[string]struct {
		Content map[string]struct {
			Schema struct {
				Ref string `json:"$ref"`
			}
		}
	}
	Parameters []parameter
}

// schema returns the name of the schema of a successful answer.
func (o operation) schema() string { return o.Responses["200"].Content["application/json"].Schema.Ref }

// parameter is one of a request's parameters.
type parameter struct {
	Name, In, Description string
	Example               any
	Schema                struct {
		Examples, Enum []any
		Items          struct{ Enum []any }
	}
}

// describedTable is a table whose descriptions the tests check.
type describedTable struct {
	config dbconn.Config
	table  string
}

// describedTables are the demo's view, a table with a column of every type, and a snapshot with a change history.
func describedTables(t *testing.T) map[string]describedTable {
	t.Helper()
	types := dbtest.Database(t)
	db := dbtest.Open(t, types)
	for _, q := range typesTable {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}

	demo := dbtest.Demo(t)
	t.Setenv("SYNC_HISTORY", "90d")
	copied := copyViews(t, demo, "vehicles_view(id)")
	dbtest.Open(t, demo).MustExec("UPDATE vehicles_stock SET price = price + 1 WHERE id < 50")
	syncInto(t, demo, "vehicles_view(id)", copied.Path)
	return map[string]describedTable{
		"view": {demo, "vehicles_view"}, "types": {types, "types"},
		"history": {copied, "vehicles_view"},
	}
}

// The description is valid, according to a library that did not write it. So is each answer to each parameter, sent
// with its example.
func TestOpenAPI(t *testing.T) {
	for name, c := range describedTables(t) {
		t.Run(name, func(t *testing.T) { testOpenAPI(t, serve(t, c.config, c.table)) })
	}
}

func testOpenAPI(t *testing.T, base string) {
	text, v := readOpenAPI(t, base)
	var d description
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if d.OpenAPI != "3.1.0" || len(d.Servers) != 1 || d.Servers[0].URL != "/" {
		t.Errorf("%s, servers %v", d.OpenAPI, d.Servers)
	}

	ids := map[string]bool{}
	for path, methods := range d.Paths {
		for method, o := range methods {
			if method != "get" || o.OperationID == "" || ids[o.OperationID] || len(o.Security) == 0 {
				t.Errorf("%s %s: operationId %q, security %v", method, path, o.OperationID, o.Security)
			}
			ids[o.OperationID] = true
			requireOperation(t, v, base, path, o)
		}
	}

	want := []string{"count_values", "get_car", "get_car_by_vin", "get_similar", "get_stats", "list_fields", "search_cars"}
	if code, _ := getStatus(base + "/cars/changes"); code == 200 {
		want = append(want, "get_history", "list_changes")
	}
	if len(ids) != len(want) || slices.ContainsFunc(want, func(id string) bool { return !ids[id] }) {
		t.Errorf("operations %v, want %v", ids, want)
	}
	for _, q := range []string{
		"make=Toyta&model=Gulf&price_max=20,000&city=any", "city=reed&year=1990",
		"q=nothing+like+it", "limit=100&max_chars=2000",
	} {
		requireDescribed(t, v, base+"/cars/?"+q, d.Paths["/cars/"]["get"].schema())
	}
	requireDescribed(t, v, base+"/cars/?facets=make,year&sort=-price&limit=1&fields=id,price",
		d.Paths["/cars/"]["get"].schema())
}

// readOpenAPI reads the description and checks it. The returned validator checks answers against its schemas.
func readOpenAPI(t *testing.T, base string) ([]byte, *openapi.Validator) {
	t.Helper()
	res, err := http.Get(base + "/openapi.json") // without a key
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%d %s %v", res.StatusCode, text, err)
	}
	var document openapi.Extendable[openapi.OpenAPI]
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	v, err := openapi.NewValidator(&document)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.ValidateSpec(); err != nil {
		t.Fatal(err)
	}

	// The library knows everything in the description; it would have dropped unknown members.
	again, err := json.Marshal(&document)
	if err != nil {
		t.Fatal(err)
	}
	var ours, theirs any
	if err := errors.Join(json.Unmarshal(text, &ours), json.Unmarshal(again, &theirs)); err != nil ||
		!reflect.DeepEqual(ours, theirs) {
		t.Errorf("%v: the library read\n%s\nfrom\n%s", err, again, text)
	}

	return text, v
}

// requireOperation checks the description of a request, and sends the request with each of its parameters.
func requireOperation(t *testing.T, v *openapi.Validator, base, path string, o operation) {
	t.Helper()
	if n := utf8.RuneCountInString(o.Description); n == 0 || n > 300 || utf8.RuneCountInString(o.Summary) > 300 {
		t.Errorf("%s: a description of %d characters", path, n)
	}

	// Send the parameters of the path alone, then add each other parameter in turn.
	plain := path
	for _, p := range o.Parameters {
		if p.In == "path" {
			plain = strings.ReplaceAll(plain, "{"+p.Name+"}", url.PathEscape(p.Example.(string)))
		}
	}
	if plain != "/cars/vin/JTDBR32E720123456" { // not in the demo's stock
		requireDescribed(t, v, base+plain, o.schema())
	}
	for _, p := range o.Parameters {
		if n := utf8.RuneCountInString(p.Description); n == 0 || n > 700 {
			t.Errorf("%s: %s: a description of %d characters", path, p.Name, n)
		}
		if p.In == "path" || path == "/cars/vin/{vin}" {
			continue
		}

		if values := exampleValues(p); values != nil {
			requireDescribed(t, v, base+plain+"?"+values.Encode(), o.schema())
		}
	}
}

// exampleValues returns a parameter with its example, or with one of its possible values. It is nil if the parameter
// has no value in stock.
func exampleValues(p parameter) url.Values {
	p.Example = "1"
	if known := slices.Concat(p.Schema.Examples, p.Schema.Enum, p.Schema.Items.Enum); len(known) > 0 {
		p.Example = known[0]
	} else if p.Name != "cursor" {
		if strings.Contains(p.Description, "day") || strings.HasSuffix(p.Name, "_at") {
			return nil // the field has no value in stock
		}
	}
	examples, several := p.Example.([]any)
	if !several {
		examples = []any{p.Example}
	}
	values := url.Values{}
	for _, e := range examples {
		if f, ok := e.(float64); ok {
			e = json.Number(fmt.Sprint(f))
		}
		values.Add(p.Name, fmt.Sprint(e))
	}
	if p.Name == "cursor" {
		values.Set("cursor", "x") // the 400 must be a problem as described
	}
	return values
}

// requireDescribed checks that an answer fits its schema. A request with a cursor must get a problem.
func requireDescribed(t *testing.T, v *openapi.Validator, url, schema string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-API-Key", apiKey)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if status := map[bool]int{true: 400, false: 200}[strings.Contains(url, "cursor=")]; res.StatusCode != status {
		t.Errorf("%s: %d %s", url, res.StatusCode, body)
		return
	}
	if res.StatusCode != 200 {
		schema = "/components/schemas/Problem"
	}
	if err := v.ValidateDataAsJSON(strings.TrimPrefix(schema, "#"), string(body)); err != nil {
		t.Errorf("%s: %v", url, err)
	}
}
