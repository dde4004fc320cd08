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

// Truncated SQL is not read beyond its end.
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

func TestTableConstraints(t *testing.T) {
	for sql, want := range map[string]string{
		`CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE CHECK (a > ''))`:            "",
		`CREATE TABLE t (a, b, PRIMARY KEY (a), UNIQUE (a, b), CHECK (a < b))`:             "UNIQUE (a, b); CHECK (a < b)",
		`CREATE TABLE t (a, CONSTRAINT "c" CHECK (a > 0), CONSTRAINT p PRIMARY KEY (a))`:   `CONSTRAINT "c" CHECK (a > 0)`,
		`CREATE TABLE t (a, FOREIGN KEY (a) REFERENCES u) -- UNIQUE`:                       "FOREIGN KEY (a) REFERENCES u",
		`CREATE TABLE t ("unique" TEXT, [check] INT)`:                                      "",
		"CREATE TABLE t (a, unique (a) -- a comment that must not swallow what follows\n)": "unique (a)",
	} {
		if got := strings.Join(TableConstraints(sql), "; "); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

func TestUpdateOfColumns(t *testing.T) {
	for sql, want := range map[string]string{
		`CREATE TRIGGER x AFTER UPDATE OF a, "b c", [d] ON t BEGIN SELECT 1; END`:      "a|b c|d",
		`CREATE TRIGGER x UPDATE OF price ON t BEGIN UPDATE u SET a = 1; END`:          "price",
		`CREATE TRIGGER x AFTER UPDATE ON t BEGIN SELECT 'UPDATE OF a'; END`:           "",
		`CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET a = 1; END`:             "",
		"CREATE TRIGGER x /* UPDATE OF z */ UPDATE OF -- b\n a ON t BEGIN SELECT; END": "a",
	} {
		if got := strings.Join(UpdateOfColumns(sql), "|"); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

func TestFullTextContent(t *testing.T) {
	for sql, want := range map[string]string{
		`CREATE VIRTUAL TABLE f USING fts5(make, content=cars)`:                   "cars",
		`CREATE VIRTUAL TABLE f USING fts5(make, content = "my cars", a = 1)`:     "my cars",
		`CREATE VIRTUAL TABLE f USING FTS4 (content='cars', make)`:                "cars",
		`CREATE VIRTUAL TABLE f USING fts5(make)`:                                 "",
		`CREATE VIRTUAL TABLE f USING fts5(make, content='')`:                     "",
		`CREATE VIRTUAL TABLE f USING rtree(id, content=cars)`:                    "",
		`CREATE VIRTUAL TABLE f USING fts5(content, make, content_rowid='id')`:    "",
		"CREATE VIRTUAL TABLE f USING fts5(make, -- content=no\n content=`a``b`)": "a`b",
	} {
		if got := FullTextContent(sql); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}
