package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
	"carstock/services/carapi/internal/value"
)

// columnTypes has a column of each type with a value, as it is written to MySQL and to SQLite, and its cell.
var columnTypes = []struct {
	declared, mysql string
	sqlite          string // what syncer stores
	cell            value.Type
	form            string
}{
	{"tinyint(4)", "-128", "-128", value.Number, "-128"},
	{"tinyint(1)", "1", "1", value.Number, "1"},
	{"smallint(5) unsigned", "65535", "65535", value.Number, "65535"},
	{"mediumint(9)", "-8388608", "-8388608", value.Number, "-8388608"},
	{"int(10) unsigned", "4294967295", "4294967295", value.Number, "4294967295"},
	{"bigint(20)", "-9223372036854775808", "-9223372036854775808", value.Number, "-9223372036854775808"},
	{"bigint(20) unsigned", "18446744073709551615", "'18446744073709551615'", value.Number, "18446744073709551615"},
	{"year(4)", "2026", "2026", value.Number, "2026"},
	{"bit(1)", "b'1'", "1", value.Number, "1"},
	{"bit(12)", "300", "300", value.Number, "300"},
	{"bit(64)", "18446744073709551615", "'18446744073709551615'", value.Number, "18446744073709551615"},
	{"decimal(10,2)", "-0.50", "-0.5", value.Number, "-0.5"},
	{"decimal(10,0)", "12", "12", value.Number, "12"},
	{
		"decimal(38,10)", "12345678901234567890.1234500000", "'12345678901234567890.1234500000'", value.Number,
		"12345678901234567890.12345",
	},
	{"float", "0.1", "0.1", value.Number, "0.1"},
	{"float", "16777216", "16777216.0", value.Number, "16777216"},
	{"double", "0.1", "0.1", value.Number, "0.1"},
	{"double", "1e300", "1e300", value.Number, "1" + strings.Repeat("0", 300)},
	{"double", "-0e0", "-0.0", value.Number, "0"},
	{"date", "'2026-02-28'", "'2026-02-28'", value.Text, "2026-02-28"},
	{"datetime", "'2026-02-28 23:59:59'", "'2026-02-28 23:59:59'", value.Text, "2026-02-28 23:59:59"},
	{"datetime(3)", "'2026-02-28 23:59:59.5'", "'2026-02-28 23:59:59.500'", value.Text, "2026-02-28 23:59:59.500"},
	{"timestamp", "'2026-02-28 23:59:59'", "'2026-02-28 23:59:59'", value.Text, "2026-02-28 23:59:59"},
	{"time", "'-838:59:59'", "'-838:59:59'", value.Text, "-838:59:59"},
	{"time(2)", "'01:02:03.4'", "'01:02:03.40'", value.Text, "01:02:03.40"},
	{"char(5)", "'x '", "'x'", value.Text, "x"},
	{"varchar(20)", "'x '", "'x '", value.Text, "x "},
	{"varchar(20)", "''", "''", value.Text, ""},
	{"varchar(20)", "NULL", "NULL", value.Null, ""},
	{"varchar(300)", "'Citroën ハ🍺'", "'Citroën ハ🍺'", value.Text, "Citroën ハ🍺"},
	{"varchar(20) character set latin1", "'Citroën'", "'Citroën'", value.Text, "Citroën"},
	{"text", "CONCAT('a', CHAR(0), 'b')", "'a' || char(0) || 'b'", value.Text, "a\x00b"},
	{"longtext", "'00123'", "'00123'", value.Text, "00123"},
	{"longtext", "NULL", "NULL", value.Null, ""},
	{"enum('small','ハ')", "'ハ'", "'ハ'", value.Text, "ハ"},
	{"set('a','b','c')", "'c,a'", "'a,c'", value.Text, "a,c"},
	{"json", "'[1, \"é\"]'", "'[1, \"é\"]'", value.Text, "[1, \"é\"]"},
	{"json", "NULL", "NULL", value.Null, ""},
	{"binary(4)", "x'ff00'", "x'ff000000'", value.Blob, "\xff\x00\x00\x00"},
	{"varbinary(300)", "x'00ff'", "x'00ff'", value.Blob, "\x00\xff"},
	{"blob", "x''", "x''", value.Blob, ""},
	{"longblob", "'12'", "x'3132'", value.Blob, "12"},
	{
		"point", "ST_GeomFromText('POINT(1 2)')", "x'000000000101000000000000000000f03f0000000000000040'", value.Blob,
		"\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\x40",
	},
	{
		"uuid", "'00112233-4455-6677-8899-aabbccddeeff'", "'00112233-4455-6677-8899-aabbccddeeff'", value.Text,
		"00112233-4455-6677-8899-aabbccddeeff",
	},
	{"inet6", "'2001:DB8::1'", "'2001:db8::1'", value.Text, "2001:db8::1"},
	{"vector(2)", "TO_VECTOR('[1,2]')", "x'0000803f00000040'", value.Blob, "\x00\x00\x80\x3f\x00\x00\x00\x40"},
}

// Each type is read as the same cell, from the whole table and by key, from MySQL and from SQLite.
func TestTypes(t *testing.T) {
	c := dbtest.Database(t)
	db := dbtest.Open(t, c)
	types := columnTypes[:0:0]

	columns, values, stored := []string{"id INT PRIMARY KEY", "make TEXT", "model TEXT"}, "1, 'm', 'n'", "1, 'm', 'n'"
	for i, e := range columnTypes {
		column := fmt.Sprintf("c%d %s", i, e.declared)
		if _, err := db.Exec("CREATE TABLE probe (" + column + ")"); err != nil {
			if optional := []string{"uuid", "inet6", "vector(2)"}; !slices.Contains(optional, e.declared) {
				t.Fatalf("%s: %v", e.declared, err)
			}
			continue
		}

		dbtest.MustExec(t, db, "DROP TABLE probe")
		types, columns = append(types, e), append(columns, column)
		values += ", " + e.mysql
		stored += ", " + e.sqlite
	}

	dbtest.MustExec(t, db, "CREATE TABLE cars ("+strings.Join(columns, ", ")+")", "INSERT INTO cars VALUES ("+values+")")
	table, err := schema.FromMySQL(t.Context(), db, "cars")
	if err != nil {
		t.Fatal(err)
	}

	// As in syncer's file: integers beyond 64 bits turn their column into one of texts.
	for i := range table.Columns {
		if tc := &table.Columns[i]; strings.HasSuffix(tc.Type, "unsigned") && tc.Kind == schema.Integer || tc.Digits == 64 {
			tc.Stored = "TEXT"
		}
	}

	file, write := dbtest.SQLite(t, table.CreateSQLite("main", "cars"), "INSERT INTO cars VALUES ("+stored+")")
	if err := snapshotfile.SetColumns(t.Context(), write, "cars", table.Columns); err != nil {
		t.Fatal(err)
	}

	check := func(t *testing.T, s *Store) {
		read := readStock(t, s, nil)
		for i, e := range types {
			got := read.rows[0][3+i]
			if want := (value.Cell{Type: e.cell, Form: []byte(e.form)}); !sameCell(got, want) {
				t.Errorf("%s: %d %q, want %d %q", e.declared, got.Type, got.Form, e.cell, e.form)
			}
		}

		requireSameRows(t, s, read)
	}

	t.Run("MySQL", func(t *testing.T) { check(t, openStore(t, c, Settings{})) })
	t.Run("SQLite", func(t *testing.T) { check(t, openStore(t, file, Settings{})) })
}

// A file that syncer does not keep may hold values of any type in any column. The declared type does not turn them into
// times or booleans.
func TestLooseValues(t *testing.T) {
	file, _ := dbtest.SQLite(t,
		"CREATE TABLE cars (id, make VARCHAR(5), model TEXT, price DECIMAL(10,2), year INT, sold BOOLEAN, at DATETIME, day "+
			"DATE, stamp TIMESTAMP, photo BLOB)",
		"INSERT INTO cars VALUES (7, 'a long make', 7, '$5', '', 1, '2026-01-02 03:04', 1767225600, 1.5, 'text')",
		"INSERT INTO cars VALUES ('7', x'61', NULL, '12.50', 2020.5, 'yes', NULL, '2026-01-02', "+
			"'2026-01-02T03:04:05Z', x'00ff')")
	s := openStore(t, file, Settings{})
	read := readStock(t, s, nil)

	want := [][]value.Cell{
		slices.Concat(numberKey("7"), textKey("a long make", "7", "$5", ""), numberKey("1"), textKey("2026-01-02 03:04"),
			numberKey("1767225600"), numberKey("1.5"), []value.Cell{{Type: value.Blob, Form: []byte("text")}}),
		slices.Concat(textKey("7", "a"), []value.Cell{{}}, numberKey("12.5"), numberKey("2020.5"), textKey("yes"),
			[]value.Cell{{}},
			textKey("2026-01-02", "2026-01-02T03:04:05Z"), []value.Cell{{Type: value.Blob, Form: []byte("\x00\xff")}}),
	}
	for i, row := range want {
		for j, cell := range row {
			if got := read.rows[i][j]; !sameCell(got, cell) {
				t.Errorf("row %d, %s: %d %q, want %d %q", i, read.fields[j].Name, got.Type, got.Form, cell.Type, cell.Form)
			}
		}
	}

	requireSameRows(t, s, read)
}
