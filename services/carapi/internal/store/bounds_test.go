package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/services/carapi/internal/value"
)

// boundCase is a value that is read with a bound of ten characters.
type boundCase struct {
	column, stored string
	form           string
	length         int // 0 if the value is read completely
}

const bigPhoto = 4 << 20

func boundCases() []boundCase {
	long := strings.Repeat("x", 300)
	cases := []boundCase{
		{"a VARCHAR(20)", "ten signs.", "ten signs.", 0},
		{"a VARCHAR(20)", "eleven sign", "eleven sig", 11},
		{"a VARCHAR(20)", strings.Repeat("ハ", 10), strings.Repeat("ハ", 10), 0},
		{"a VARCHAR(20)", strings.Repeat("ハ", 11), strings.Repeat("ハ", 10), 11},
		{"a VARCHAR(20)", strings.Repeat("🍺", 20), strings.Repeat("🍺", 10), 20},
		{"a LONGTEXT", "", "", 0},
		{"a LONGTEXT", "ten signs.", "ten signs.", 0},
		{"a LONGTEXT", "eleven sign", "eleven sig", 11},
		{"a LONGTEXT", strings.Repeat("ハ", 10), strings.Repeat("ハ", 10), 0},
		{"a LONGTEXT", strings.Repeat("é", 11), strings.Repeat("é", 10), 11},
		{"a LONGTEXT", strings.Repeat("🍺", 300), strings.Repeat("🍺", 10), 300},
		{"a LONGTEXT", "a\x00b" + long, "a\x00bxxxxxxx", 303},
		{"a VARCHAR(400)", long, long[:10], 300},
		{"features JSON", `["a", "b"]`, `["a", "b"]`, 0},
		{"features JSON", `["a", "bc"]`, "", 11},
		{"features JSON", `["ééé", 1]`, `["ééé", 1]`, 0},
		{"features LONGTEXT", "[" + strings.Repeat(`"ハ", `, 300) + "1]", "", 1503},
		{"price VARCHAR(400)", "1234567890", "1234567890", 0},
		{"price VARCHAR(400)", "12345678901", "", 11},
		{"price VARCHAR(20)", "12345678901", "", 11},
		{"photo VARBINARY(20)", "ten bytes.", "ten bytes.", 0},
		{"photo VARBINARY(20)", "éééééé", "", 12},
		{"photo LONGBLOB", "ten bytes.", "ten bytes.", 0},
		{"photo LONGBLOB", strings.Repeat("\xff", bigPhoto), "", bigPhoto},
		{"n BIGINT", "12345678901", "12345678901", 0},
	}
	return cases
}

// A value is read up to its bound: the beginning of a text, and any other value whole or not at all. A value that is
// not read whole has its length.
func TestBounds(t *testing.T) {
	const most = 10
	check := func(t *testing.T, e boundCase, c dbconn.Config) {
		s := openStore(t, c, Settings{})
		read := readStock(t, s, nil)
		rows, err := s.Rows(t.Context(), read.catalog, read.version, read.keys(), everyField(read.catalog), most)
		if err != nil || rows[0] == nil {
			t.Fatal(err, rows)
		}

		f := &read.catalog.Fields[len(read.catalog.Fields)-1]
		cell, whole := rows[0].Cell(f)
		if string(cell.Form) != e.form || whole != (e.length == 0) || rows[0].Length(f) != e.length {
			t.Errorf("%q, complete: %t, length %d; want %q, %d", cell.Form, whole, rows[0].Length(f), e.form, e.length)
		}

		if e.form == "" && e.length > 0 && cell.Type != value.Null {
			t.Errorf("a value that was not read has the type %d", cell.Type)
		}

		if other, whole := rows[0].Cell(read.catalog.Field("make")); !whole || string(other.Form) != "m" {
			t.Errorf("the column before it is %q", other.Form)
		}
	}

	for i, e := range boundCases() {
		table := "CREATE TABLE cars (no INTEGER PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), " + e.column + ")"
		var stored any = e.stored
		if strings.Contains(e.column, "BINARY") || strings.Contains(e.column, "BLOB") {
			stored = []byte(e.stored)
		}

		insert := func(db *sqlx.DB) {
			if _, err := db.Exec("INSERT INTO cars VALUES (1, 'm', 'n', ?)", stored); err != nil {
				t.Fatal(err)
			}
		}

		t.Run(fmt.Sprintf("MySQL/%d %s", i, e.column), func(t *testing.T) {
			c := dbtest.Database(t)
			db := dbtest.Open(t, c)
			dbtest.MustExec(t, db, table)
			insert(db)
			check(t, e, c)
		})

		t.Run(fmt.Sprintf("SQLite/%d %s", i, e.column), func(t *testing.T) {
			c, db := dbtest.SQLite(t, table)
			insert(db)
			if strings.Contains(e.stored, "\x00") {
				e.length = most + 1 // at least
			}
			check(t, e, c)
		})
	}
}

// The server does not send what will not be shown.
func TestBoundsOnServer(t *testing.T) {
	c := dbtest.Database(t)
	db := dbtest.Open(t, c)
	dbtest.MustExec(t, db,
		"CREATE TABLE cars (no INT PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), photo LONGBLOB, remarks "+
			"LONGTEXT, features LONGTEXT)",
		"INSERT INTO cars VALUES (1, 'a', 'b', REPEAT('x', 4000000), REPEAT('ハ', 1000000), CONCAT('[', REPEAT('1,', "+
			"1000000), '1]'))")
	c.MaxOpenConns = 1
	s := openStore(t, c, Settings{})
	read := readStock(t, s, nil)
	sent := func() (bytes int) {
		var name string
		if err := s.rows.QueryRow("SHOW SESSION STATUS LIKE 'Bytes_sent'").Scan(&name, &bytes); err != nil {
			t.Fatal(err)
		}
		return bytes
	}

	before := sent()

	rows, err := s.Rows(t.Context(), read.catalog, read.version, read.keys(), everyField(read.catalog), 1000)
	if err != nil || rows[0] == nil {
		t.Fatal(rows, err)
	}

	if got := sent() - before; got > 10_000 {
		t.Errorf("%d bytes were sent", got)
	}

	for name, want := range map[string]int{"photo": 4_000_000, "remarks": 1_000_000, "features": 2_000_003} {
		if got := rows[0].Length(read.catalog.Field(name)); got != want {
			t.Errorf("%s: length %d, want %d", name, got, want)
		}
	}
}
