package snapshot

import (
	"fmt"
	"strings"
	"testing"

	"carstock/pkg/schema"
)

// sqliteTable is a table as SQLite has it, from definitions such as "id INTEGER".
func sqliteTable(key []string, columns ...string) schema.Table {
	t := schema.Table{Key: key}
	for _, c := range columns {
		name, declared, _ := strings.Cut(c, " ")
		t.Columns = append(t.Columns, schema.Column{Name: name, Type: declared})
	}
	return t
}

func TestDrift(t *testing.T) {
	t.Parallel()
	id := []string{"id"}
	for _, test := range []struct {
		old      existing
		now      *sourceTable
		want     string
		recreate bool
	}{
		{
			old: existing{Table: sqliteTable(id, "id INTEGER", "make TEXT")},
			now: newSourceTable(id, "id int", "make varchar(9)"),
		},
		{ // the order does not matter
			old: existing{Table: sqliteTable(id, "make TEXT", "id INTEGER")},
			now: newSourceTable(id, "id int", "make varchar(9)"),
		},
		{
			old:  existing{Table: sqliteTable(id, "id INTEGER", "make TEXT")},
			now:  newSourceTable(id, "id int", "price decimal(10,2)"),
			want: "+price NUMERIC, -make",
		},
		{
			old:  existing{Table: sqliteTable(id, "id INTEGER", "make TEXT")},
			now:  newSourceTable(id, "id int", "Make varchar(9)"),
			want: "make -> Make", recreate: true,
		},
		{
			old:  existing{Table: sqliteTable(id, "id INTEGER", "year TEXT")},
			now:  newSourceTable(id, "id int", "year int"),
			want: "year TEXT -> INTEGER", recreate: true,
		},
		{
			old:  existing{Table: sqliteTable(id, "id INTEGER", "vin TEXT")},
			now:  newSourceTable([]string{"vin", "id"}, "id int", "vin varchar(17)"),
			want: "key (id) -> (vin, id)", recreate: true,
		},
		{
			old:  existing{Table: sqliteTable(nil, "id INTEGER")},
			now:  newSourceTable(id, "id int"),
			want: "key () -> (id)", recreate: true,
		},
		{
			old: existing{Table: sqliteTable([]string{"ID"}, "id INTEGER")},
			now: newSourceTable(id, "id int"),
		},
		{
			old:  existing{Table: sqliteTable(id, "id INTEGER"), withoutRowid: true},
			now:  newSourceTable(id, "id int"),
			want: "WITHOUT ROWID", recreate: true,
		},
	} {
		got, recreate := drift(&test.old, test.now.table)
		if got != test.want || recreate != test.recreate {
			t.Errorf("%q, recreate %t, want %q, %t", got, recreate, test.want, test.recreate)
		}
	}
}

func TestRowidName(t *testing.T) {
	t.Parallel()
	plain := sqliteTable(nil, "a TEXT")
	for _, test := range []struct {
		table schema.Table
		old   *existing
		want  string
	}{
		{plain, nil, "rowid"},
		{sqliteTable(nil, "ROWID TEXT"), nil, "_rowid_"},
		{plain, &existing{Table: sqliteTable(nil, "rowid TEXT")}, "_rowid_"},
		{plain, &existing{userColumns: []userColumn{{name: "rowid"}, {name: "_rowid_", generated: true}}}, "oid"},
		{sqliteTable(nil, "rowid TEXT", "_rowid_ TEXT", "oid TEXT"), nil, ""},
	} {
		if got := rowidName(test.table, test.old); got != test.want {
			t.Errorf("%+v: %q, want %q", test, got, test.want)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	wide := make([]string, maxColumns+1)
	for i := range wide {
		wide[i] = fmt.Sprintf("c%d int", i)
	}

	for _, test := range []struct {
		table   *sourceTable
		indexes [][]string
		want    string
	}{
		{newSourceTable([]string{"id"}, "id int", "make text"), [][]string{{"make", "ID"}}, ""},
		{newSourceTable(nil, wide[1:]...), nil, ""},
		{newSourceTable(nil, wide...), nil, "it has 2000 columns, and SQLite takes 1999"},
		{newSourceTable(nil, "vin int", "VIN int"), nil, "the columns vin and VIN differ only in case"},
		{newSourceTable([]string{"id"}, "a int", "b int"), nil, "no column id for the key; there is: a, b"},
		{newSourceTable(nil, "a int"), [][]string{{"a"}, {"b"}}, "SYNC_INDEXES: there is no column b; there is: a"},
	} {
		err := (&Table{schema: test.table.table, indexes: test.indexes}).validate()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}
