package sqltext

import (
	"strings"
	"testing"
)

func TestColumnDefinitions(t *testing.T) {
	const sql = `CREATE TABLE "ca(rs" ("id" INTEGER NOT NULL, [a,b] TEXT DEFAULT ('x,(''"') -- a, comment
		, ` + "`c``d`" + ` REAL CHECK (max("c", 1) > 0) /* , e */, note TEXT, größe AS (id * 2) STORED, PRIMARY KEY ("id"))`
	got := ColumnDefinitions(sql)
	for name, want := range map[string]string{
		"id":    `"id" INTEGER NOT NULL`,
		"a,b":   `[a,b] TEXT DEFAULT ('x,(''"')`,
		"c`d":   "`c``d`" + ` REAL CHECK (max("c", 1) > 0) /* , e */`,
		"note":  "note TEXT",
		"größe": "größe AS (id * 2) STORED",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	var text strings.Builder
	for _, token := range tokenize(sql) {
		text.WriteString(token.text)
	}
	if text.String() != sql {
		t.Errorf("the tokens are %q", text.String())
	}
}

func TestQuoteStrict(t *testing.T) {
	for sql, want := range map[string]string{
		`SELECT "msrp", 'a "msrp" b' FROM cars`:    "SELECT `msrp`, 'a \"msrp\" b' FROM cars",
		`SELECT "MSRP" -- "msrp"`:                  "SELECT `MSRP` -- \"msrp\"",
		`CREATE INDEX "other" ON cars ("a""b")`:    "CREATE INDEX \"other\" ON cars (`a\"b`)",
		`SELECT [msrp], msrp, "price" FROM "cars"`: `SELECT [msrp], msrp, "price" FROM "cars"`,
	} {
		if got := QuoteStrict(sql, []string{"msrp", `a"b`}); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

// SQL that is cut off is not read beyond its end.
func FuzzTokenize(f *testing.F) {
	f.Add(`CREATE TABLE t (a "b`)
	f.Add("/*")
	f.Fuzz(func(t *testing.T, sql string) {
		var b strings.Builder
		for _, token := range tokenize(sql) {
			if token.text == "" {
				t.Fatal("an empty token")
			}
			b.WriteString(token.text)
			_ = unquote(token)
		}
		if b.String() != sql {
			t.Errorf("%q became %q", sql, b.String())
		}
		_ = ColumnDefinitions(sql)
	})
}
