package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"carstock/services/e2e/internal/carclient"
)

// updateClient names the environment variable that makes TestGeneratedClient write the client instead of comparing
// it.
const updateClient = "E2E_UPDATE_CLIENT"

// clientFile is absolute, because tests change the working directory.
var clientFile, _ = filepath.Abs("internal/carclient/client.gen.go")

// loadOpenAPI30 reads the OpenAPI 3.0 description without a key, and validates it.
func loadOpenAPI30(t *testing.T, base string) *openapi3.T {
	t.Helper()
	res, err := http.Get(base + "/openapi-3.0.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	document, err := openapi3.NewLoader().LoadFromIoReader(res.Body)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%d %v", res.StatusCode, err)
	}
	if err := document.Validate(t.Context(), openapi3.EnableExamplesValidation(),
		openapi3.EnableSchemaDefaultsValidation()); err != nil {
		t.Fatal(err)
	}
	return document
}

// A client generated from the description searches page by page, and reads errors.
func TestGeneratedClient(t *testing.T) {
	for database, src := range newTables(t,
		"CREATE TABLE cars (id BIGINT NOT NULL PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), price DECIMAL(10,2), year "+
			"INT, color VARCHAR(20))",
		`INSERT INTO cars VALUES (1, 'Kia', 'Rio', 9000.5, 2020, 'red'), (2, 'Kia', 'Soul', 12000, 2021, NULL), `+
			`(9007199254740993, 'Audi', 'A4', 20000, 2022, 'red')`) {
		base := serve(t, src.config, "cars")
		if database == "MySQL" { // has the narrower types
			compareClient(t, loadOpenAPI30(t, base))
		}
		useClient(t, base)
	}
}

// generateClient returns the generated code of a client for the given operations, or for all.
func generateClient(t *testing.T, document *openapi3.T, operations ...string) string {
	t.Helper()
	version := "v2" // fixed, because the version in the test binary varies
	text, err := codegen.Generate(document, codegen.Configuration{
		PackageName: "carclient", NoVCSVersionOverride: &version,
		Generate:      codegen.GenerateOptions{Client: true, Models: true},
		OutputOptions: codegen.OutputOptions{IncludeOperationIDs: operations},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// compareClient generates the client again, and compares it with the one in the repository.
func compareClient(t *testing.T, document *openapi3.T) {
	t.Helper()
	text := generateClient(t, document, "search_cars", "get_car") // more operations would only make it longer
	if os.Getenv(updateClient) != "" {
		if err := os.WriteFile(clientFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(clientFile)
	if err != nil || string(committed) != text {
		t.Errorf("%v: %s is out of date; run this test with %s=yes", err, clientFile, updateClient)
	}
}

func useClient(t *testing.T, base string) {
	t.Helper()
	client, err := carclient.NewClientWithResponses(base,
		carclient.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Header.Set("X-API-Key", apiKey)
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}

	limit, sort := 1, "price"
	request := carclient.SearchCarsParams{Make: &[]carclient.SearchCarsParamsMake{"Kia"}, Limit: &limit, Sort: &sort}
	var models []string
	for {
		res, err := client.SearchCarsWithResponse(t.Context(), &request)
		if err != nil || res.JSON200 == nil || *res.JSON200.Total != 2 {
			t.Fatalf("%v: %s", err, res.Body)
		}
		for _, car := range *res.JSON200.Cars {
			models = append(models, *car.Model)
		}
		if request.Cursor = res.JSON200.NextCursor; request.Cursor == nil {
			break
		}
	}
	if got := strings.Join(models, " "); got != "Rio Soul" {
		t.Errorf("%s", got)
	}

	counted, yes := carclient.SearchCarsParams{}, true
	counted.CountOnly = &yes
	if res, err := client.SearchCarsWithResponse(t.Context(), &counted); err != nil || *res.JSON200.Total != 3 ||
		res.JSON200.Cars != nil {
		t.Errorf("%v: %s", err, res.Body)
	}
	res, err := client.GetCarWithResponse(t.Context(), "9007199254740993", nil)
	if err != nil || res.JSON200 == nil || *res.JSON200.Model != "A4" {
		t.Fatalf("%v: %s", err, res.Body)
	}
	if id, err := res.JSON200.Id.AsCarId1(); err != nil || id != "9007199254740993" {
		t.Errorf("%v: %s", err, res.Body)
	}
	limit = 1000
	wrong, err := client.SearchCarsWithResponse(t.Context(), &request)
	if err != nil || wrong.ApplicationproblemJSON400 == nil ||
		(*wrong.ApplicationproblemJSON400.Errors)[0].Parameter != "limit" {
		t.Errorf("%v: %s", err, wrong.Body)
	}
}

// The OpenAPI 3.0 description is valid, agrees with OpenAPI 3.1, and allows a generator to make a client, for any
// table.
func TestOpenAPI30(t *testing.T) {
	for table, c := range describedTables(t) {
		base := serve(t, c.config, c.table)
		document := loadOpenAPI30(t, base)
		if document.OpenAPI != "3.0.3" {
			t.Errorf("%s: %s", table, document.OpenAPI)
		}
		var newer description
		unmarshal(t, base+"/openapi.json", &newer)
		for path, methods := range newer.Paths {
			older := document.Paths.Value(path)
			if older == nil || len(older.Get.Parameters) != len(methods["get"].Parameters) ||
				older.Get.OperationID != methods["get"].OperationID {
				t.Errorf("%s: %s: %+v", table, path, older)
			}
		}
		for path, schema := range map[string]string{
			"/cars/?facets=make,year": "SearchResult", "/cars/?make=Toyota&price_max=1&q=nothing": "SearchResult",
			"/cars/?count_only=true": "SearchResult", "/cars/?limit=100&max_chars=2000": "SearchResult", "/cars/1": "Car",
			"/cars/stats":  "Stats",
			"/cars/facets": "Facets", "/cars/fields": "Fields", "/cars/?nonsense=1": "Problem", "/cars/nothing": "Problem",
		} {
			_, body := getStatus(base + path)
			var instance any
			if err := json.Unmarshal([]byte(body), &instance); err != nil {
				t.Fatal(err)
			}
			if err := document.Components.Schemas[schema].Value.VisitJSON(instance); err != nil {
				t.Errorf("%s: %s: %v", table, path, err)
			}
		}
		generateClient(t, document) // modifies the document
	}
}
