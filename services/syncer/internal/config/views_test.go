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
		"`sales (2024)`=sales(id); `a=b`; `a@b` @ `c;d` ;`sales;2024`": {{Name: "sales (2024)", Table: "sales", Key: []string{"id"}}, {Name: "a=b", Table: "a=b"},
			{Name: "a@b", Table: "a@b", Watermark: "c;d"}, {Name: "sales;2024", Table: "sales;2024"}},
		"v = `t``1` (`Price (USD), net`, id , `a``b`)": {{Name: "v", Table: "t`1", Key: []string{"Price (USD), net", "id", "a`b"}}},
		"my view": {{Name: "my view", Table: "my view"}},
	} {
		var got config.Views
		if err := got.Decode(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"a()", "a(id", "a)", "a=", "=b", "a(id,)", "(id)", "a@", "a(b)(c)", "a=b=c", "a@b(c)", "sales (2024) x", "`a", "`a`b", "``", "a(`b)", "a(b c`d`)"} {
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

// Only the entry is wrong, and not what follows from it.
func TestOneErrorForAWrongEntry(t *testing.T) {
	for _, views := range []string{"a(", "a(; b", "b; a("} {
		t.Setenv("SYNC_VIEWS", views)
		t.Setenv("SYNC_INDEXES", "t(x)")
		t.Setenv("DB_USER", "u")
		t.Setenv("DB_NAME", "d")
		_, err := config.Load("/dev/null")
		if err == nil || strings.Count(err.Error(), "\n") != 1 || !strings.Contains(err.Error(), "SYNC_VIEWS: \"a(\"") {
			t.Errorf("%s: %v", views, err)
		}
	}
}

func TestQuoteIsReadBack(t *testing.T) {
	for _, name := range []string{"a", "a b", "a`b", "`", "a=b", "(x)", "a;b", "a,b", "a@b", " a", "a\nb", "ä.b"} {
		var got config.Views
		if err := got.Decode(config.Quote(name) + "(" + config.Quote(name) + ")"); err != nil || got[0].Name != name || got[0].Key[0] != name {
			t.Errorf("%q: %+v, %v", name, got, err)
		}
	}
}
