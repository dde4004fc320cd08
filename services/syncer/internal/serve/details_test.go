package serve

import (
	"fmt"
	"strings"
	"testing"

	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/snapshotfile"
)

// The details of a table are its size, and its first rows in the form in which the page shows them.
func TestTableDetails(t *testing.T) {
	t.Parallel()
	_, db := dbtest.SQLite(t,
		`CREATE TABLE "the ""cars""" (id INTEGER PRIMARY KEY, name TEXT, price REAL, photo BLOB, remark TEXT)`,
		`INSERT INTO "the ""cars""" VALUES (1, 'Škoda', 9999.5, x'0102', NULL)`,
		`INSERT INTO "the ""cars""" VALUES (-20, '`+strings.Repeat("é", 61)+`', 1e10, NULL, 'two`+"\n\u202E"+`lines')`,
		`INSERT INTO "the ""cars""" VALUES (3, printf('%.200000c', 'x'), 7, NULL, '')`)
	table := snapshotfile.TableContent{Table: `the "cars"`, Rows: 3}
	for _, name := range []string{"id", "name", "price", "photo", "remark"} {
		table.Columns = append(table.Columns, snapshotfile.CopiedColumn{Name: name})
	}

	d, err := readTableDetails(db, table, true)
	if err != nil {
		t.Fatal(err)
	}

	if d.size < 200_100 || d.size > 200_300 || d.estimated {
		t.Errorf("size %d, estimated: %t", d.size, d.estimated)
	}
	var got []string
	for _, row := range d.sample.Rows {
		var texts []string
		for _, c := range row {
			texts = append(texts, c.Text)
		}
		got = append(got, strings.Join(texts, "|"))
	}

	want := []string{
		"-20|" + strings.Repeat("é", 60) + "…|1e+10|NULL|two lines",
		"1|Škoda|9999.5|(2 bytes)|NULL",
		"3|(200,000 bytes of text)|7|NULL|",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("rows:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for i, want := range []bool{true, false, true, false, false} {
		if c := d.sample.Columns[i]; c.Number != want {
			t.Errorf("%+v, want a column of numbers: %t", c, want)
		}
	}
	if first := d.sample.Rows[0]; !first[0].Number || !first[2].Number || !first[3].Null || first[1].Number {
		t.Errorf("%+v", first)
	}

	if d, err = readTableDetails(db, table, false); err != nil || d.sample != nil {
		t.Errorf("rows are shown without permission: %+v, %v", d.sample, err)
	}
}

// The size of a large table is an estimate. A wide table shows only its first columns.
func TestDetailsOfLargeTable(t *testing.T) {
	t.Parallel()
	table := snapshotfile.TableContent{Table: "wide", Rows: 10 * sizedRows}
	var columns []string
	for i := range 1500 {
		columns = append(columns, fmt.Sprintf("c%d DEFAULT 'abcd'", i))
		table.Columns = append(table.Columns, snapshotfile.CopiedColumn{Name: fmt.Sprintf("c%d", i)})
	}
	_, db := dbtest.SQLite(t, "CREATE TABLE wide ("+strings.Join(columns, ", ")+")",
		"WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "+
			"INSERT INTO wide (c0) SELECT 'abcd' FROM n")

	d, err := readTableDetails(db, table, true)
	if err != nil {
		t.Fatal(err)
	}

	if want := table.Rows * 1500 * 4; d.size != want || !d.estimated {
		t.Errorf("size %d, want %d; estimated: %t", d.size, want, d.estimated)
	}
	if len(d.sample.Columns) != sampleColumns || len(d.sample.Rows) != sampleRows {
		t.Errorf("%d columns, %d rows", len(d.sample.Columns), len(d.sample.Rows))
	}
}
