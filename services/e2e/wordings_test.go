package e2e

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carstock/pkg/dbconn/dbtest"
)

// wordings returns the requests of the interpreter's tests as query strings.
func wordings(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dbtest.Root(t), "services/carapi/internal/interpret/testdata/*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var requests []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			request, _, ok := strings.Cut(line, " ->")
			if !ok || line[0] == '#' {
				continue
			}
			var pairs []string
			for pair := range strings.SplitSeq(request, " & ") {
				name, given, _ := strings.Cut(strings.TrimSpace(pair), "=")
				// Existing escapes and plus signs stay as they are.
				escape := strings.NewReplacer("+", "%20", "%2B", "+", "%2520", "%20", "%252B", "%2B")
				pairs = append(pairs, escape.Replace(url.QueryEscape(name))+"="+escape.Replace(url.QueryEscape(given)))
			}
			requests = append(requests, strings.Join(pairs, "&"))
		}
	}
	if len(requests) < 1500 {
		t.Fatalf("%d requests", len(requests))
	}
	return requests
}

// MySQL and the snapshot answer each of these requests with the same bytes, and without excluded vehicles.
func TestWordingsOnBoth(t *testing.T) {
	requests := wordings(t)
	mysql := dbtest.Demo(t)
	live, copied := serve(t, mysql, "vehicles_stock"), serve(t, copyViews(t, mysql, "vehicles_stock"), "vehicles_stock")
	excluding := 0
	for _, request := range requests {
		path := "/cars/?" + request
		requireSame(t, live, copied, path)
		var answer struct {
			Cars    []map[string]any
			Applied map[string]any
		}
		_, text, _ := strings.Cut(getText(t, copied+path), "OK ")
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for name, given := range answer.Applied {
			field, isExclusion := strings.CutSuffix(name, "_not")
			unwanted, _ := given.([]any)
			if !isExclusion {
				continue
			}
			excluding++
			for _, car := range answer.Cars {
				has, isList := car[field].([]any)
				if !isList {
					has = []any{car[field]}
				}
				if slices.ContainsFunc(has, func(v any) bool { return v != nil && slices.Contains(unwanted, v) }) {
					t.Errorf("%s: %s is %v", path, field, car[field])
				}
			}
		}
	}
	if excluding < 300 {
		t.Errorf("only %d exclusions", excluding)
	}
}
