package store

import (
	"encoding/base64"
	"strings"
	"testing"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/catalog/catalogtest"
	"carstock/services/carapi/internal/value"
)

// An id as an answer shows it is the key of its row. No other text is.
func TestParseKey(t *testing.T) {
	tests := []struct {
		columns, key string
		right, wrong []string
	}{
		{"id INT", "id", []string{"12", "0", "-5", "18446744073709551615"}, []string{
			"", "12abc", "+1", "01", "1.0", "-0",
			"1e3", "99999999999999999999",
		}},
		{"id DECIMAL(10,2)", "id", []string{"12", "12.5"}, []string{"12.50", "x"}},
		{"id VARCHAR(20)", "id", []string{"12", "K-1 ", "", "ハ"}, []string{"\xff"}},
		{
			"id VARBINARY(20)", "id",
			[]string{base64.StdEncoding.EncodeToString([]byte("\xff\x00"))},
			[]string{"x", "/w=="[:3]},
		},
		{"id INT, vin CHAR(17)", "id", []string{"1"}, nil},
		{
			"dealer INT, vin VARCHAR(20)", "dealer, vin",
			[]string{"12~a%7Eb%20%C3%A9", "-1~"},
			[]string{"12", "12~a~b", "x~a", "12~%ff", "12~%zz", "01~a"},
		},
		{"day DATE, no VARBINARY(9)", "day, no", []string{"2026-01-02~%FF%00"}, []string{"2026-01-02"}},
	}
	for _, e := range tests {
		table := schema.Table{Name: "cars"}
		for _, column := range append(strings.Split(e.columns, ", "), "make TEXT", "model TEXT") {
			name, declared, _ := strings.Cut(column, " ")
			table.Columns = append(table.Columns, schema.NewColumn(name, declared))
		}

		c := catalogtest.BindByNames(t, catalog.Source{Table: table, Keys: [][]string{strings.Split(e.key, ", ")}},
			catalog.Binding{})

		for _, id := range e.right {
			key, ok := ParseKey(c, id)
			if !ok {
				t.Errorf("%s: %q is not a key", e.columns, id)
				continue
			}

			shown := string(value.JoinID(key).Form)
			if len(key) == 1 {
				shown = string(key[0].AppendJSON(nil, c.KeyFields[0].Kind))
				shown = strings.Trim(shown, `"`)
			}

			if shown != id {
				t.Errorf("%s: %q is shown as %q", e.columns, id, shown)
			}
		}

		for _, id := range e.wrong {
			if key, ok := ParseKey(c, id); ok {
				t.Errorf("%s: %q is the key %s", e.columns, id, describeCells(key))
			}
		}
	}
}

// An id of columns other than the key is not a key, and a time is parsed in its shown form.
func TestParseKeyOfOtherColumns(t *testing.T) {
	table := schema.Table{Name: "cars", Columns: []schema.Column{
		schema.NewColumn("id", "INT"),
		schema.NewColumn("no", "INT"), schema.NewColumn("make", "TEXT"), schema.NewColumn("model", "TEXT"),
	}}
	for _, source := range []catalog.Source{{Table: table, Keys: [][]string{{"no"}}}, {Table: table, RowID: true}} {
		c := catalogtest.BindByNames(t, source, catalog.Binding{})

		if key, ok := ParseKey(c, "12"); ok {
			t.Errorf("key %s", describeCells(key))
		}
	}

	stamp := catalogtest.BindByNames(t, catalog.Source{
		Table: schema.Table{Columns: []schema.Column{
			schema.NewColumn("id", "TIMESTAMP"), schema.NewColumn("make", "TEXT"),
			schema.NewColumn("model", "TEXT"),
		}},
		Keys: [][]string{{"id"}},
	}, catalog.Binding{})

	if key, ok := ParseKey(stamp, "2026-01-02T03:04:05Z"); !ok || string(key[0].Form) != "2026-01-02 03:04:05" {
		t.Errorf("key %s", describeCells(key))
	}
}
