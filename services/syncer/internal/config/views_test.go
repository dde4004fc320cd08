package config_test

import (
	"reflect"
	"strings"
	"testing"

	"carstock/services/syncer/internal/config"
)

func TestViewsNotation(t *testing.T) {
	for text, want := range map[string]config.Views{
		"dealers": {{Name: "dealers", Table: "dealers"}},
		" vehicles_view = vehicles ( id , dealer ) @ updated_at ;\n;dealers\r\n": {
			{Name: "vehicles_view", Table: "vehicles", Key: []string{"id", "dealer"}, Watermark: "updated_at"},
			{Name: "dealers", Table: "dealers"}},
		"a(id)":   {{Name: "a", Table: "a", Key: []string{"id"}}},
		"a=b":     {{Name: "a", Table: "b"}},
		"a@since": {{Name: "a", Table: "a", Watermark: "since"}},
		" ; ":     nil,
	} {
		var got config.Views
		if err := got.Decode(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"a()", "a(id", "a)", "a=", "=b", "a(id,)", "(id)", "a@", "a(b)(c)", "a=b=c", "a@b(c)"} {
		var got config.Views
		if err := got.Decode("good; " + text); err == nil || !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), "such as") {
			t.Errorf("%q: %v, want an error with the entry and an example", text, err)
		}
	}
}

func TestIndexesNotation(t *testing.T) {
	var got config.Indexes
	want := config.Indexes{{Table: "vehicles", Columns: []string{"make", "model"}}, {Table: "vehicles", Columns: []string{"price"}}}
	if err := got.Decode("vehicles(make, model); vehicles (price)"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, text := range []string{"vehicles", "vehicles()", "(make)", "vehicles(make", "vehicles(a,,b)"} {
		if err := got.Decode(text); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
