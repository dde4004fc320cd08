package schema

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

// FromSQLite reads the columns of a table or view. The error wraps ErrNoTable if there is neither of that name. It does
// not list tables whose names begin with hiddenPrefix.
func FromSQLite(ctx context.Context, db sqlx.QueryerContext, name, hiddenPrefix string) (Table, error) {
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
			AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND substr(name, 1, length(?)) <> ? ORDER BY name`,
			hiddenPrefix, hiddenPrefix)
	}

	t := Table{Name: name}
	key := map[int]string{}
	for _, f := range found {
		c := NewColumn(f.Name, f.Type)
		c.Nullable = !f.NotNull
		t.Columns = append(t.Columns, c)
		if f.Key > 0 { // the position in the key, from 1 on
			key[f.Key] = f.Name
		}
	}

	for i := range len(key) {
		t.Key = append(t.Key, key[i+1])
	}

	return t, nil
}

// CreateSQLite returns the statement that creates t in an attached database, under the given name, with more
// definitions after its columns. Only key columns are NOT NULL: for the others, not every server keeps what a view
// declares.
func (t Table) CreateSQLite(database, name string, definitions ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s.%s (", QuoteSQLite(database), QuoteSQLite(name))
	for i, c := range t.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %s", QuoteSQLite(c.Name), c.SQLiteType())
		if slices.Contains(t.Key, c.Name) {
			b.WriteString(" NOT NULL")
		}
	}

	for _, definition := range definitions {
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

// SameColumnsSQLite is the condition that two rows have the same values in columns, none of them NULL. The names of
// their columns begin with left and right, such as "t." and "s.".
func SameColumnsSQLite(columns []string, left, right string) string {
	conditions := make([]string, len(columns))
	for i, c := range columns {
		conditions[i] = left + QuoteSQLite(c) + " = " + right + QuoteSQLite(c)
	}
	return strings.Join(conditions, " AND ")
}

// AnyConditionSQLite is the condition in parentheses that at least one of some conditions holds. They are joined in
// groups, since SQLite refuses a plain chain of a thousand as too deep.
func AnyConditionSQLite(conditions []string) string {
	const groupSize = 100
	var groups []string
	for c := range slices.Chunk(conditions, groupSize) {
		groups = append(groups, "("+strings.Join(c, " OR ")+")")
	}

	return "(" + strings.Join(groups, " OR ") + ")"
}

// quoteAllSQLite quotes identifiers for SQLite.
func quoteAllSQLite(identifiers []string) []string {
	quoted := make([]string, len(identifiers))
	for i, id := range identifiers {
		quoted[i] = QuoteSQLite(id)
	}
	return quoted
}
