package answer

import (
	"bytes"
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"carstock/services/carapi/internal/interpret"
	"carstock/services/carapi/internal/search"
)

// ordinaryAnswer returns the result of an ordinary search.
func ordinaryAnswer() *search.Answer {
	const car = `{"id":1,"make":"Toyota","model":"Camry","year":2021,"price":21900.5,"mileage":12000,"city":"Zürich",` +
		`"vin":"JTDBR32E720123456"}`
	return &search.Answer{
		Cars: []byte("[" + car + strings.Repeat(","+car, 79) + "]"), Count: 80, Total: 1234,
		Summary:    "1,234 Toyota <new> & used",
		Next:       url.Values{"cursor": {"WyJl"}, "make": {"Toyota"}},
		Facets:     []byte(`{"make":{"values":[{"value":null,"count":2}],"other":0}}`),
		Applied:    []byte(`{"make":["Toyota"],"limit":20}`),
		Truncation: &search.Truncation{Texts: 1, Length: 300},
		Notes: interpret.Notes{
			Ignored:   map[string]string{"color": "any", "city": ""},
			Unmatched: map[string][]string{"make": {"\u2028\x01"}},
		},
		ZeroResults: &search.ZeroResults{Filters: []search.FilterCount{}},
		NotNumbers:  map[string]int{"price": 2},
		Origin: search.Origin{
			Source: search.FromLive,
			AsOf:   time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600)),
		},
	}
}

func newResult(a *search.Answer) *SearchResult {
	yes := true
	return &SearchResult{
		Cars: a.Cars, Returned: &a.Count, Total: &a.Total, HasMore: &yes,
		Next:       appendJSON(nil, Resource("/cars/").URL(a.Next)),
		NextCursor: appendJSON(nil, a.Next.Get("cursor")), Summary: a.Summary, Truncation: a.Truncation,
		ZeroResults: a.ZeroResults, Facets: a.Facets, Context: contextOf(a),
	}
}

// An answer has the bytes that encoding/json would write, in the order of its members. The ETag covers all but as_of.
func TestAnswerIsPlainJSON(t *testing.T) {
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)

	if err := encoder.Encode(newResult(ordinaryAnswer())); err != nil {
		t.Fatal(err)
	}

	a := newAnswer(ordinaryAnswer(), newResult(ordinaryAnswer()))
	if string(a.Body)+"\n" != want.String() {
		t.Errorf("got  %s\nwant %s", a.Body, &want)
	}

	if end := string(a.Body[len(a.Stable):]); end != `,"as_of":"2026-01-02T02:04:05Z"}` {
		t.Errorf("not covered by the ETag: %s", end)
	}
}

const noMeasures = `{"year":{"count":0,"min":null,"max":null,"average":null,"median":null}}`

// The encoder leaves out empty values, but does not support omitzero, with which encoding/json leaves out more.
func TestShapesHaveNoOmitzero(t *testing.T) {
	var check func(reflect.Type)
	check = func(shape reflect.Type) {
		switch shape.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			check(shape.Elem())
		case reflect.Struct:
			if shape.PkgPath() == "time" {
				return
			}

			for _, field := range reflect.VisibleFields(shape) {
				tag := field.Tag.Get("json")
				if strings.Contains(tag, "omitzero") {
					t.Errorf("%v.%s: use omitempty, with a pointer for a time or a struct", shape, field.Name)
				}

				if tag != "-" {
					check(field.Type)
				}
			}
		}
	}

	for _, s := range answerShapes {
		check(s.shape)
	}
}

// Each answer is valid by its schema. The schema describes all members, and requires those that are always present.
func TestSchemasFitTheAnswers(t *testing.T) {
	const refs = "#/$defs/"
	all := Schemas([]search.Description{
		{Name: "id", Type: "integer"},
		{Name: "make", Type: "text"},
		{Name: "model", Type: "text"},
		{Name: "year", Type: "integer"},
		{Name: "price", Type: "number"},
		{Name: "mileage", Type: "integer"},
		{Name: "city", Type: "text"},
		{Name: "vin", Type: "text"},
	}, refs)
	for name, body := range map[string][]byte{
		"SearchResult": newAnswer(ordinaryAnswer(), newResult(ordinaryAnswer())).Body,
		"Facets":       newAnswer(ordinaryAnswer(), &FacetsResult{ordinaryAnswer().Facets, contextOf(ordinaryAnswer())}).Body,
		"Stats": newAnswer(ordinaryAnswer(), &StatsResult{
			Count: 2, Fields: []byte(noMeasures),
			Context: contextOf(ordinaryAnswer()),
		}).Body,
		"Fields": appendJSON(nil, &FieldsResult{[]search.Description{{
			Name: "id", Operators: []string{"eq"},
			Filters: []string{"id"},
		}}}),
		"Problem": NewProblem(400, "").JSON("/cars/", "1"),
	} {
		text, err := json.Marshal(jsonObject{"$defs": all, "$ref": refs + name})
		if err != nil {
			t.Fatal(err)
		}

		var schema jsonschema.Schema
		if err := json.Unmarshal(text, &schema); err != nil {
			t.Fatal(err)
		}

		resolved, err := schema.Resolve(nil)
		if err != nil {
			t.Fatal(err)
		}

		var instance map[string]any
		if err := json.Unmarshal(body, &instance); err != nil {
			t.Fatal(err)
		}

		if err := resolved.Validate(instance); err != nil {
			t.Errorf("%s: %v: %s", name, err, body)
		}

		described := all[name].(jsonObject)["properties"].(jsonObject)
		for member := range instance {
			if described[member] == nil {
				t.Errorf("%s: the schema has no %s", name, member)
			}
		}

		for _, member := range all[name].(jsonObject)["required"].([]any) {
			without := map[string]any{}
			for m, v := range instance {
				if m != member {
					without[m] = v
				}
			}

			if resolved.Validate(without) == nil {
				t.Errorf("%s is valid without %s", name, member)
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	a := ordinaryAnswer()
	b.ReportAllocs()
	for b.Loop() {
		newAnswer(a, newResult(a))
	}
}
