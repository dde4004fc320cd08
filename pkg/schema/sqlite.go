package schema

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

// FromSQLite reads the columns of a table or view. It is an error wrapping ErrNoTable if there is neither of that name;
// the error does not list tables whose names begin with hidden.
func FromSQLite(ctx context.Context, db sqlx.QueryerContext, name, hidden string) (Table, error) {
	var found []struct {
		Name    string
		Type    string
		NotNull bool `db:"not_null"`
		Key     int
	}
	err := sqlx.SelectContext(ctx, db, &found,
		`SELECT name, type, "notnull" AS not_null, pk AS "key" FROM pragma_table_info(?) ORDER BY cid`, name)
	if err != nil {
		return Table{}, fmt.Errorf("read columns of %s: %w", name, err)
	}
	if len(found) == 0 {
		return Table{}, noTableError(ctx, db, name, `SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')
			AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND substr(name, 1, length(?)) <> ? ORDER BY name`, hidden, hidden)
	}
	t := Table{Name: name}
	key := map[int]string{}
	for _, f := range found {
		c := NewColumn(f.Name, f.Type)
		c.Nullable = !f.NotNull
		t.Columns = append(t.Columns, c)
		if f.Key > 0 {
			key[f.Key] = f.Name
		}
	}
	for i := range len(key) {
		t.Key = append(t.Key, key[i+1])
	}
	return t, nil
}

// CreateSQLite is the statement that makes t in the attached database schema, under the given
// name, with more columns after its own, as they are defined. NOT NULL is declared for key columns alone:
// what a view declares of the others is not kept by every server.
func (t Table) CreateSQLite(schema, name string, more ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s.%s (", QuoteSQLite(schema), QuoteSQLite(name))
	for i, c := range t.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %s", QuoteSQLite(c.Name), c.SQLiteType())
		if slices.Contains(t.Key, c.Name) {
			b.WriteString(" NOT NULL")
		}
	}
	for _, definition := range more {
		b.WriteString(", " + definition)
	}
	if len(t.Key) > 0 {
		fmt.Fprintf(&b, ", PRIMARY KEY (%s)", strings.Join(quoteAllSQLite(t.Key), ", "))
	}
	b.WriteString(")")
	return b.String()
}

// QuoteSQLite quotes an identifier for SQLite.
func QuoteSQLite(identifier string) string {
	return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"`
}

func quoteAllSQLite(identifiers []string) []string {
	quoted := make([]string, len(identifiers))
	for i, id := range identifiers {
		quoted[i] = QuoteSQLite(id)
	}
	return quoted
}
