package run

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"carstock/pkg/schema"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/source"
)

func TestResolveView(t *testing.T) {
	t.Parallel()
	columns := func() []schema.Column {
		return []schema.Column{
			schema.NewColumn("ID", "int"), schema.NewColumn("price", "decimal(20,2)"),
			schema.NewColumn("changed", "datetime"), schema.NewColumn("name", "varchar(9)"),
		}
	}

	for _, test := range []struct {
		view      config.ViewEntry
		key       []string // the primary key
		hidden    []string
		s         config.SyncConfig
		want, err string // the key, the watermark, and the type of price
	}{
		{want: "[] @ TEXT"},
		{key: []string{"ID"}, want: "[ID] @ TEXT"},
		{view: config.ViewEntry{Key: []string{"id", "NAME"}}, key: []string{"ID"}, want: "[ID name] @ TEXT"},
		{view: config.ViewEntry{Key: []string{"nowhere"}}, want: "[nowhere] @ TEXT"}, // staging reports it
		{view: config.ViewEntry{Watermark: "CHANGED"}, want: "[] @changed TEXT"},
		{view: config.ViewEntry{Watermark: "id"}, want: "[] @ID TEXT"},
		{view: config.ViewEntry{Watermark: "name"}, err: "must be a column of v with integers, dates or times"},
		{view: config.ViewEntry{Watermark: "nowhere"}, err: "must be a column"},
		{s: config.SyncConfig{Decimal: config.DecimalNumeric}, want: "[] @ NUMERIC"},
		{s: config.SyncConfig{Decimal: config.DecimalText}, want: "[] @ TEXT"},
		{s: config.SyncConfig{Strategy: config.StrategyUpsert}, err: "needs a key: name the columns"},
		{s: config.SyncConfig{Strategy: config.StrategyUpsert}, hidden: []string{"vin"}, err: "may not read the column vin"},
		{
			s:    config.SyncConfig{Strategy: config.StrategyUpsert},
			view: config.ViewEntry{Key: []string{"id"}}, want: "[ID] @ TEXT",
		},
		{
			s:    config.SyncConfig{Strategy: config.StrategyUpsert, WatermarkOverlap: time.Minute},
			view: config.ViewEntry{Key: []string{"id"}, Watermark: "id"}, err: "set SYNC_WATERMARK_OVERLAP=0s",
		},
		{
			s:    config.SyncConfig{Strategy: config.StrategyUpsert, WatermarkOverlap: time.Minute},
			view: config.ViewEntry{Key: []string{"id"}, Watermark: "changed"}, want: "[ID] @changed TEXT",
		},
		{
			s:    config.SyncConfig{Strategy: config.StrategyUpsert},
			view: config.ViewEntry{Key: []string{"id"}, Watermark: "id"}, want: "[ID] @ID TEXT",
		},
	} {
		table := schema.Table{Name: "v", Columns: columns(), Key: test.key, HiddenKey: test.hidden}
		test.view.Name = "v"
		err := resolveView(&table, &test.view, test.s)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) || !strings.HasPrefix(err.Error(), "SYNC_VIEWS: v") {
				t.Errorf("%+v: %v, want %q", test.view, err, test.err)
			}
			continue
		}

		got := fmt.Sprintf("%v @%s %s", table.Key, test.view.Watermark, table.Columns[1].SQLiteType())
		if err != nil || got != test.want {
			t.Errorf("%+v: %s, %v, want %s", test.view, got, err, test.want)
		}
	}
}

func TestSourceAndViewWarnings(t *testing.T) {
	t.Parallel()
	zones := source.Zones{Session: "+00:00", Server: "CET"}
	for _, test := range []struct {
		table        schema.Table
		view         config.ViewEntry
		dependencies source.Dependencies
		zones        source.Zones
		want         []string
	}{
		{zones: zones},
		{dependencies: source.Dependencies{UsesZone: true}, zones: source.Zones{Session: "UTC", Server: "GMT"}},
		{dependencies: source.Dependencies{UsesZone: true}, zones: zones, want: []string{"which is +00:00 here and CET"}},
		{
			dependencies: source.Dependencies{Untransactional: []string{"a (MyISAM)", "b (Aria)"}, Hidden: []string{"w"}},
			want:         []string{"a (MyISAM), b (Aria): the storage engine has no", "may not see the definition of w"},
		},
		{table: schema.Table{HiddenKey: []string{"id"}}, want: []string{"may not read the column id"}},
		{table: schema.Table{HiddenKey: []string{"id"}}, view: config.ViewEntry{Key: []string{"vin"}}},
	} {
		got := sourceWarnings(test.table, test.view, test.dependencies)
		got = append(got, viewWarnings(test.dependencies, test.zones)...)
		if len(got) != len(test.want) {
			t.Errorf("%+v: %q", test, got)
			continue
		}

		for i := range got {
			if !strings.Contains(got[i], test.want[i]) {
				t.Errorf("%q, want %q", got[i], test.want[i])
			}
		}
	}
}

func TestWidenedColumns(t *testing.T) {
	t.Parallel()
	w := widenedColumns{}
	w.add("cars", &source.IntegerOverflow{Column: "n", Value: "18446744073709551615", Row: "id=1"})
	table := schema.Table{Name: "cars", Columns: []schema.Column{
		schema.NewColumn("id", "bigint unsigned"), schema.NewColumn("n", "bigint unsigned"),
	}}
	warnings := w.apply(&table)
	if table.Columns[0].SQLiteType() != "INTEGER" || table.Columns[1].SQLiteType() != "TEXT" || len(warnings) != 1 ||
		!strings.HasPrefix(warnings[0], "n: 18446744073709551615 is beyond") {
		t.Errorf("%+v, %q", table.Columns, warnings)
	}

	other := schema.Table{Name: "dealers", Columns: []schema.Column{schema.NewColumn("n", "bigint unsigned")}}
	if warnings := w.apply(&other); len(warnings) > 0 || other.Columns[0].SQLiteType() != "INTEGER" {
		t.Errorf("%+v, %q", other.Columns, warnings)
	}
}
