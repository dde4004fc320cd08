package stock

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/schema"
)

// Texts that are cut while they are read, since they will be, come out as if they had been kept whole.
func TestCutEarly(t *testing.T) {
	fields := []*Field{{Name: "id", label: `"id":`, Kind: schema.Integer}, {Name: "description", label: `"description":`, Kind: schema.Text}, {Name: "trim", label: `"trim":`, Kind: schema.Text}}
	whole, early := newEncoder(fields, 1), newEncoder(fields, 1)
	early.maxChars = 3000
	var ends [2][]int
	for i := range 30 {
		text := strings.Repeat("é\"\u202e", i*37) + strings.Repeat("x", i*61)
		for n, e := range []*encoder{whole, early} {
			e.begin()
			for c, value := range []any{int64(i), []byte(text), strings.Repeat("ab", i*5)} {
				if err := e.cells()[c].(*cell).Scan(value); err != nil {
					t.Fatal(err)
				}
			}
			e.end()
			ends[n] = append(ends[n], len(e.json))
		}
	}
	if len(early.json) >= len(whole.json) || utf8.RuneCount(early.json) <= early.maxChars {
		t.Fatalf("%d bytes of %d", len(early.json), len(whole.json))
	}
	for _, most := range textLengths {
		json, shorter, cuts := whole.shortened(ends[0], most)
		gotJSON, gotShorter, gotCuts := early.shortened(ends[1], most)
		if string(json) != string(gotJSON) || !slices.Equal(shorter, gotShorter) || !slices.Equal(cuts, gotCuts) {
			t.Errorf("to %d: %d bytes and %v cuts, want %d and %v", most, len(gotJSON), gotCuts, len(json), cuts)
		}
	}
}

// Signs that are not seen are in no answer, whatever it counts or lists; what is shown instead is found.
func TestPlainTextsEverywhere(t *testing.T) {
	c, _ := dbtest.SQLite(t, "CREATE TABLE cars (id INTEGER PRIMARY KEY, make TEXT, model TEXT, features JSON)",
		"INSERT INTO cars VALUES (1, 'Ki\u202ea', 'Rio', CAST(x'22ff22' AS TEXT))")
	c.MaxOpenConns = 4
	s := opened(t, c, "cars")
	a, err := s.Search(t.Context(), map[string][]string{"make": {"Kia"}, "facets": {"make"}})
	if err != nil {
		t.Fatal(err)
	}
	fields, err := s.Fields(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprintf("%s %s %s %v", a.Cars, a.Facets, a.Summary, fields)
	if strings.Contains(all, "\u202e") || !utf8.ValidString(all) || !strings.Contains(string(a.Facets), `{"value":"Kia","count":1}`) || a.Count != 1 {
		t.Errorf("%q", all)
	}
}
