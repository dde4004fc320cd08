package schema_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/schema"
)

func TestFromMySQL(t *testing.T) {
	db := dbtest.Open(t, dbtest.Database(t))
	for _, q := range []string{
		"CREATE TABLE t (id INT UNSIGNED NOT NULL, `b``\"x ü` VARCHAR(20) COMMENT 'it''s', p DECIMAL(10,2), " +
			"PRIMARY KEY (p, id))",
		"CREATE VIEW v AS SELECT id, p, id + 1.5 AS sum FROM t",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}

	got, err := schema.FromMySQL(t.Context(), db, "t")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Key, []string{"p", "id"}) || len(got.Columns) != 3 {
		t.Fatalf("got %+v", got)
	}
	if c := got.Columns[0]; c.Name != "id" || c.Kind != schema.Integer || !c.Unsigned || c.Nullable {
		t.Errorf("got %+v", c)
	}

	want := schema.Column{
		Name: "b`\"x ü", Type: "varchar(20)", Kind: schema.Text, Nullable: true, Comment: "it's",
	}
	if c := got.Columns[1]; c != want {
		t.Errorf("got %+v, want %+v", c, want)
	}

	view, err := schema.FromMySQL(t.Context(), db, "v")
	if err != nil || view.Key != nil || len(view.Columns) != 3 || view.Columns[2].Kind != schema.Decimal {
		t.Errorf("got %+v, %v", view, err)
	}

	_, err = schema.FromMySQL(t.Context(), db, "w")
	if !errors.Is(err, schema.ErrNoTable) || !strings.Contains(err.Error(), "available: t, v") {
		t.Errorf("got %v", err)
	}
}

// tableRestorer restores a view's table as soon as the catalog has been queried for the view's columns.
type tableRestorer struct {
	*sqlx.DB
	queries int
}

func (c *tableRestorer) QueryxContext(ctx context.Context, query string, args ...any) (*sqlx.Rows, error) {
	if c.queries++; c.queries == 2 {
		if _, err := c.ExecContext(ctx, "RENAME TABLE away TO t"); err != nil {
			return nil, err
		}
	}
	return c.DB.QueryxContext(ctx, query, args...)
}

// A table that is being replaced can come back after the catalog was read and before the view is read.
func TestFromMySQLOfAViewWhoseTableComesBack(t *testing.T) {
	db := dbtest.Open(t, dbtest.Database(t))
	for _, q := range []string{
		"CREATE TABLE t (id INT PRIMARY KEY)", "CREATE VIEW v AS SELECT id FROM t", "RENAME TABLE t TO away",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}

	if view, err := schema.FromMySQL(t.Context(), &tableRestorer{DB: db}, "v"); err != nil || len(view.Columns) != 1 {
		t.Errorf("got %+v, %v", view, err)
	}
}

func TestSQLiteType(t *testing.T) {
	for declared, want := range map[string]string{
		"tinyint(1)": "INTEGER", "bigint(20) unsigned": "INTEGER", "int": "INTEGER", "year(4)": "INTEGER",
		"bit(8)": "INTEGER", "bit(1)": "INTEGER",
		"decimal(15,2)": "NUMERIC", "decimal(16,2)": "TEXT", "decimal(10,2) unsigned": "NUMERIC",
		"decimal(65,30)": "TEXT",
		"float":          "REAL", "float(7,3)": "REAL", "double": "REAL", "double unsigned": "REAL",
		"date": "TEXT", "datetime(6)": "TEXT", "timestamp": "TEXT", "time(3)": "TEXT",
		"char(36)": "TEXT", "varchar(255)": "TEXT", "longtext": "TEXT", "enum('int','blob')": "TEXT",
		"set('a')": "TEXT", "json": "TEXT", "uuid": "TEXT", "inet6": "TEXT",
		"binary(16)": "BLOB", "varbinary(20)": "BLOB", "mediumblob": "BLOB", "geometry": "BLOB", "vector(3)": "BLOB",
		"something_new": "TEXT", "": "TEXT",
	} {
		if got := schema.NewColumn("c", declared).SQLiteType(); got != want {
			t.Errorf("%s: %s, want %s", declared, got, want)
		}
	}
}

func TestSQLite(t *testing.T) {
	table := schema.Table{Name: `t"x`, Key: []string{"b", "a"}, Columns: []schema.Column{
		schema.NewColumn("a", "int(10) unsigned"),
		schema.NewColumn("b", "timestamp"),
		schema.NewColumn(`c"ü`, "decimal(10,2)"),
	}}
	_, db := dbtest.SQLite(t, table.CreateSQLite("main", table.Name),
		"CREATE VIEW v AS SELECT 1 AS one", "CREATE TABLE hidden_table (a)")
	got, err := schema.FromSQLite(t.Context(), db, table.Name, "hidden_")
	if err != nil || !slices.Equal(got.Key, table.Key) || got.Columns[1].Kind != schema.Text || got.Columns[1].Nullable {
		t.Errorf("got %+v, %v", got, err)
	}

	_, err = schema.FromSQLite(t.Context(), db, "w", "hidden_")
	if !errors.Is(err, schema.ErrNoTable) || !strings.HasSuffix(err.Error(), `available: t"x, v`) {
		t.Errorf("got %v", err)
	}
}
