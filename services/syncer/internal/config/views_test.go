package config_test

import (
	"reflect"
	"strings"
	"testing"

	"carstock/services/syncer/internal/config"
)

func TestViewsNotation(t *testing.T) {
	for text, want := range map[string]config.ViewList{
		"dealers": {{Name: "dealers", Table: "dealers"}},
		" vehicles_view = vehicles ( id , dealer ) @ updated_at ;\n;dealers\r\n": {
			{Name: "vehicles_view", Table: "vehicles", Key: []string{"id", "dealer"}, Watermark: "updated_at"},
			{Name: "dealers", Table: "dealers"},
		},
		"a(id)":   {{Name: "a", Table: "a", Key: []string{"id"}}},
		"a=b":     {{Name: "a", Table: "b"}},
		"a@since": {{Name: "a", Table: "a", Watermark: "since"}},
		" ; ":     nil,
		"`sales (2024)`=sales(id); `a=b`; `a@b` @ `c;d` ;`sales;2024`": {
			{Name: "sales (2024)", Table: "sales", Key: []string{"id"}},
			{Name: "a=b", Table: "a=b"},
			{Name: "a@b", Table: "a@b", Watermark: "c;d"},
			{Name: "sales;2024", Table: "sales;2024"},
		},
		"v = `t``1` (`Price (USD), net`, id , `a``b`)": {
			{Name: "v", Table: "t`1", Key: []string{"Price (USD), net", "id", "a`b"}},
		},
		"my view": {{Name: "my view", Table: "my view"}},
		"*; -audit_*;- tmp_? ;-`odd*name`; -plain": {
			{Name: "*", Pattern: true},
			{Name: "audit_*", Pattern: true, LeftOut: true},
			{Name: "tmp_?", Pattern: true, LeftOut: true},
			{Name: "odd*name", LeftOut: true},
			{Name: "plain", LeftOut: true},
		},
		"v=vehicles(id); dealer s*; `*`; `-x`; a-b": {
			{Name: "v", Table: "vehicles", Key: []string{"id"}},
			{Name: "dealer s*", Pattern: true},
			{Name: "*", Table: "*"},
			{Name: "-x", Table: "-x"},
			{Name: "a-b", Table: "a-b"},
		},
	} {
		var got config.ViewList
		if err := got.Decode(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v, want %+v", text, got, err, want)
		}
	}

	for _, text := range []string{
		"a()", "a(id", "a)", "a=", "=b", "a(id,)", "(id)", "a@", "a(b)(c)", "a=b=c", "a@b(c)", "sales (2024) x", "`a",
		"`a`b", "``", "a(`b)", "a(b c`d`)", "-", "--a", "*(id)", "a*=b", "a?@at", "-a(id)", "-a=b", "-a@b", "-`a` b",
		"a=b*", "a(b*)", "a@b?", "a=-b", "a*`b`", "`a`*",
	} {
		var got config.ViewList
		err := got.Decode("good; " + text)
		if err == nil || !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), "such as") {
			t.Errorf("%q: %v, want an error with the entry and an example", text, err)
		}
	}
}

func TestIndexesNotation(t *testing.T) {
	var got config.IndexList
	want := config.IndexList{
		{Table: "vehicles", Columns: []string{"make", "model"}},
		{Table: "vehicles", Columns: []string{"price"}},
	}
	if err := got.Decode("vehicles(make, model); vehicles (price)"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}

	for _, text := range []string{"vehicles", "vehicles()", "(make)", "vehicles(make", "vehicles(a,,b)"} {
		if err := got.Decode(text); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The error is about the invalid entry alone, not about its consequences.
func TestOneErrorForAnInvalidEntry(t *testing.T) {
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
	for _, name := range []string{
		"a", "a b", "a`b", "`", "a=b", "(x)", "a;b", "a,b", "a@b", " a", "a\nb", "ä.b", "*", "a*", "?", "-", "-a", "a-b",
	} {
		var got config.ViewList
		err := got.Decode(config.QuoteName(name) + "(" + config.QuoteName(name) + ")")
		if err != nil || got[0].Name != name || got[0].Key[0] != name {
			t.Errorf("%q: %+v, %v", name, got, err)
		}
	}
}

func TestMatcher(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		entry, name string
		fold, want  bool
	}{
		{"*", "a", false, true},
		{"*", "a.b\nc", false, true},
		{"audit_*", "audit_", false, true},
		{"audit_*", "xaudit_1", false, false},
		{"audit_*", "Audit_1", false, false},
		{"audit_*", "Audit_1", true, true},
		{"-audit_*", "audit_1", false, true},
		{"a?", "ab", false, true},
		{"a?", "a", false, false},
		{"a?", "aé", false, true},
		{"a?", "abc", false, false},
		{"*_v?_*", "x_v2_y", false, true},
		{"*.b", "a.b", false, true},
		{"*.b", "axb", false, false},
		{"[ab]*", "a", false, false},
		{"a%", "ab", false, false},
		{"a_*", "abc", false, false},
		{"`a*`", "a*", false, true},
		{"`a*`", "ab", false, false},
		{"-`a*`", "ab", false, false},
		{"a", "A", false, false},
		{"a", "A", true, true},
		{"(x*", "", false, false},
	} {
		var views config.ViewList
		if err := views.Decode(test.entry); err != nil && test.want {
			t.Errorf("%q: %v", test.entry, err)
		} else if err == nil && views[0].Matcher(test.fold)(test.name) != test.want {
			t.Errorf("%q, %q, fold %t: want %t", test.entry, test.name, test.fold, test.want)
		}
	}
}

func TestViewsThatContradict(t *testing.T) {
	for views, want := range map[string]string{
		"-a":                 "-a leaves nothing out, since there is no pattern",
		"a; -b*":             "-b* leaves nothing out, since there is no pattern",
		"*; a; -a":           "a is named, and left out by -a",
		"a=t; b=T":           "the views a and b would both become it",
		"*; `_sync_x`":       "may not begin with _sync_",
		"a; b*(id)":          "expected nothing after a pattern",
		"*; -audit_*=audits": "expected nothing after a pattern",
	} {
		t.Setenv("SYNC_VIEWS", views)
		t.Setenv("DB_USER", "u")
		t.Setenv("DB_NAME", "d")
		_, err := config.Load("/dev/null")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "\n") != 1 {
			t.Errorf("%s: %v, want %q alone", views, err, want)
		}
	}

	t.Setenv("SYNC_VIEWS", "cars; dealer_*; -dealer_x")
	for indexes, want := range map[string]string{
		"cars(x); dealer_1(x)": "", "Dealer_2(x)": "", "cras(x)": "cras is not a table",
	} {
		t.Setenv("SYNC_INDEXES", indexes)
		_, err := config.Load("/dev/null")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", indexes, err, want)
		}
	}
}
