package run

import (
	"fmt"
	"strings"
	"testing"

	"carstock/services/syncer/internal/config"
)

func TestResolvePatterns(t *testing.T) {
	t.Parallel()
	names := []string{"audit_1", "audit_2", "dealers", "dealers_old", "tmp_a", "vehicles_view"}
	for _, test := range []struct {
		entries, views string
		selection      string // pattern=views, in the order of the report
		warning, err   string
		fold           bool
	}{
		{
			entries: "*", views: "audit_1 audit_2 dealers dealers_old tmp_a vehicles_view",
			selection: "*=[audit_1 audit_2 dealers dealers_old tmp_a vehicles_view]",
		},
		{
			entries: "*; -audit_*", views: "dealers dealers_old tmp_a vehicles_view",
			selection: "*=[dealers dealers_old tmp_a vehicles_view] -audit_*=[audit_1 audit_2]",
		},
		{
			entries: "-audit_*; *", views: "dealers dealers_old tmp_a vehicles_view",
			selection: "*=[dealers dealers_old tmp_a vehicles_view] -audit_*=[audit_1 audit_2]",
		},
		{
			entries: "vehicles_view=vehicles(id); dealers*; -tmp_*", views: "vehicles_view=vehicles dealers dealers_old",
			selection: "dealers*=[dealers dealers_old] -tmp_*=[]", warning: "-tmp_* leaves nothing out",
		},
		{entries: "audit_1(id); *; -audit_*; -tmp_a", views: "audit_1 dealers dealers_old vehicles_view", // named wins
			selection: "*=[dealers dealers_old vehicles_view] -audit_*=[audit_2] -tmp_a=[tmp_a]"},
		{entries: "d*; deal*", views: "dealers dealers_old", selection: "d*=[dealers dealers_old] deal*=[]"},
		{entries: "dealers; dealers*", views: "dealers dealers_old", selection: "dealers*=[dealers_old]"},
		{entries: "dealers; x*", views: "dealers", selection: "x*=[]", warning: "x* matches no view"},
		{entries: "AUDIT_*", err: "match no view or table", selection: "AUDIT_*=[]"},
		{entries: "AUDIT_*", fold: true, views: "audit_1 audit_2", selection: "AUDIT_*=[audit_1 audit_2]"},
		{
			entries: "DEALERS=d; *; -AUDIT_*; -tmp_?", fold: true, views: "DEALERS=d dealers_old vehicles_view",
			selection: "*=[dealers_old vehicles_view] -AUDIT_*=[audit_1 audit_2] -tmp_?=[tmp_a]",
		},
		{entries: "tmp_a=dealers; dealers*", err: "the views tmp_a and dealers would both become it"},
		{entries: "*; -*", err: "match no view or table"},
		{
			entries: "gone; *", views: "gone audit_1 audit_2 dealers dealers_old tmp_a vehicles_view",
			selection: "*=[audit_1 audit_2 dealers dealers_old tmp_a vehicles_view]",
		},
	} {
		var entries config.Views
		if err := entries.Decode(test.entries); err != nil {
			t.Fatalf("%s: %v", test.entries, err)
		}

		views, s, err := resolvePatterns(entries, names, test.fold)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: %v, want %s", test.entries, err, test.err)
			}
			continue
		}

		got, selection := describeSelection(views, s)
		warnings := strings.Join(s.Warnings, "; ")
		if err != nil || got != test.views || selection != test.selection ||
			test.warning == "" && warnings != "" || !strings.Contains(warnings, test.warning) {
			t.Errorf("%s: %v, %v, %v, %v", test.entries, got, selection, s.Warnings, err)
		}
	}

	// Names that differ only in case are one table in SQLite.
	_, _, err := resolvePatterns(config.Views{{Name: "*", Pattern: true}}, []string{"Cars", "cars", "sqlite_x"}, false)
	for _, want := range []string{"the views Cars and cars would both", "sqlite_x: names of tables may not"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// describeSelection lists the views, as view=table where these differ, and what each pattern matched.
func describeSelection(views config.Views, s Selection) (names, selection string) {
	var list, matches []string
	for _, v := range views {
		if v.Table != v.Name {
			v.Name += "=" + v.Table
		}
		list = append(list, v.Name)
	}

	for _, m := range append(s.Matched, s.LeftOut...) {
		matches = append(matches, fmt.Sprint(m.Entry, "=", m.Views))
	}
	return strings.Join(list, " "), strings.Join(matches, " ")
}

func TestSelectNamed(t *testing.T) {
	t.Parallel()
	views := config.Views{
		{Name: "a_1", Table: "a_1"}, {Name: "b", Table: "a_2"}, {Name: "a*", Table: "star"}, {Name: "c", Table: "c"},
	}

	for named, want := range map[string]string{
		"a_?": "a_1 b", "a*": "a*", "c a_*": "c a_1 b", "a_2 a_2 b": "b", "*": "a_1 b a* c", "star": "a*",
	} {
		selected, err := selectNamed(views, strings.Fields(named))
		if err != nil || strings.Join(viewNames(selected), " ") != want {
			t.Errorf("%s: %v, %v", named, viewNames(selected), err)
		}
	}

	_, err := selectNamed(views, []string{"x*"})
	if err == nil || !strings.Contains(err.Error(), "x* is not in SYNC_VIEWS") {
		t.Error(err)
	}
}
