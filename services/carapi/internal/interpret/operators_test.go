package interpret

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
)

// useNames are the names of a parameter's uses in the cases below.
var useNames = map[query.Use]string{
	query.UseEquals: "=", query.UseAtLeast: "min", query.UseAtMost: "max", query.UseExcluded: "not",
	query.UsePresent: "has", query.UseMissing: "missing", query.UseHasAll: "all",
}

func writeConditions(all []valueCondition) string {
	var texts []string
	for _, c := range all {
		texts = append(texts, strings.TrimSpace(useNames[c.use]+" "+c.value))
	}
	return strings.Join(texts, ", ")
}

// A value without an operator gives "none", and a value with a malformed operator gives "unreadable".
func TestReadOperator(t *testing.T) {
	for text, want := range map[string]string{
		"Toyota":                         "none",
		"neq.Toyota":                     "not Toyota",
		"ne(Toyota)":                     "not Toyota",
		"NOT IN ('Kia', 'Ford')":         "not Kia, not Ford",
		"not.in.(Kia,Ford)":              "not Kia, not Ford",
		"in:(Kia,Ford)":                  "= Kia, = Ford",
		"gte:20000":                      "min 20000",
		"lt:20000":                       "= <20000",
		"not.gt.20000":                   "max 20000",
		"between(10,20)":                 "min 10, max 20",
		"between:10-20":                  "= 10-20",
		"gte:10000,lte:20000":            "min 10000, max 20000",
		"gte:10000,cheap":                "unreadable",
		"==red":                          "= red",
		"=":                              "unreadable",
		"is.null":                        "missing",
		"is not null":                    "has",
		"!null":                          "has",
		"exists:true":                    "has",
		"exists:false":                   "missing",
		"isnull:true":                    "missing",
		`{"$gte": 20000, "$lte": 30000}`: "min 20000, max 30000",
		`{"min": 10000, "max": null}`:    "min 10000",
		`{"$in": ["Kia", "Ford"]}`:       "= Ford, = Kia",
		`{"$ne": null}`:                  "has",
		`{"$not": {"$eq": "Kia"}}`:       "not Kia",
		`{"$not": {"$gt": 5, "$lt": 9}}`: "unreadable",
		`{"$where": "1"}`:                "unreadable",
		`{"$gte": {"a": 1}}`:             "unreadable",
		"not(in(Kia,Ford))":              "not Kia, not Ford",
		"eq.eq.eq.eq.Kia":                "= Kia",
		"eq.eq.eq.eq.eq.Kia":             "= eq.Kia", // too deep: it would take long to read hundreds
		"U.S. spec":                      "none",
		"4.0 TFSI":                       "none",
	} {
		got := "none"
		if all, is, ok := readOperator(text); is && ok {
			got = writeConditions(all)
		} else if is {
			got = "unreadable"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestParseList(t *testing.T) {
	for text, want := range map[string]string{
		`["Kia","Ford"]`: "Kia|Ford", ` [1, 2.50]`: "1|2.50", `[]`: "-", `["Kia"`: "-", `[true]`: "-", `["a"] x`: "-",
		"Kia": "-",
	} {
		got := "-"
		if items, ok := parseList(text); ok {
			got = strings.Join(items, "|")
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestIsStray(t *testing.T) {
	text := &catalog.Field{Name: "color", Kind: schema.Text}
	for value, want := range map[string]bool{
		"red": false, "'red'": false, "#1": false, "-red": false, "~red": true, "=red": true, "?red": true, "(!red)": true,
		"(red)": false, "red🚗": true, `x {"$ne"`: true, `["red`: true, "!": false, "\xff": false,
	} {
		if got := isStray(text, value); got != want {
			t.Errorf("%q: %t", value, got)
		}
	}

	if isStray(&catalog.Field{Name: "year", Kind: schema.Integer}, "~2020") {
		t.Error("a number cannot have a stray sign")
	}
}

func TestYears(t *testing.T) {
	next := time.Now().Year() + 1
	for digits, want := range map[string]int{
		"'99":                             1999,
		"68":                              1968,
		fmt.Sprintf("%02d", next%100):     next,
		fmt.Sprintf("%02d", (next+1)%100): next - 99,
	} {
		if got := shortYear.ReplaceAllStringFunc(digits, lengthenYear); got != fmt.Sprint(want) {
			t.Errorf("%s: %s, want %d", digits, got, want)
		}
	}

	for text, want := range map[string]bool{
		"20000,00, 30000,00": true, "5,10,15": false, "2020,2021": false, "20000": false,
	} {
		if got := mixesLengths(text); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

func TestTimes(t *testing.T) {
	now := time.Date(2026, 1, 15, 12, 30, 0, 0, time.UTC) // a Thursday
	for _, c := range []struct {
		kind    schema.Kind
		text    string
		isBound bool
		want    string
	}{
		{schema.Date, "yesterday", false, "2026-01-14"},
		{schema.Date, "7d", true, "2026-01-08"},
		{schema.Date, "7d", false, ""},
		{schema.DateTime, "12h", true, "2026-01-15T00:30:00"},
		{schema.Timestamp, "12h", true, "2026-01-15T00:30:00Z"},
		{schema.Timestamp, "monday", false, "2026-01-12"},
		{schema.Timestamp, "2026-01-01", true, ""},
	} {
		got, _ := relativeInstant(&catalog.Field{Kind: c.kind}, c.text, c.isBound, now)
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.text, got, c.want)
		}
	}

	for _, c := range []struct{ text, zone, want string }{
		{"2026-01-01T10:00:00", "Z", "2026-01-01T10:00:00"},
		{"2026-01-01 00:30:00", "+01:00", "2025-12-31T23:30:00"},
		{"2026-01-01T10:00:00.25", "-0130", "2026-01-01T11:30:00.25"},
		{"2026-01-01T10:00", "+02:00", "2026-01-01T08:00:00"},
	} {
		if got := toUTC(c.text, c.zone); got != c.want {
			t.Errorf("%s%s: %s, want %s", c.text, c.zone, got, c.want)
		}
	}
}
