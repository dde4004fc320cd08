package schema

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

// ColumnsTable is a table that syncer keeps in its SQLite file, and reads of that file find: the
// columns as the source declares them, since SQLite's own types tell less. A price stays known as
// a DECIMAL, a TIMESTAMP as UTC.
const ColumnsTable = "_sync_columns"

// CreateColumnsTable makes ColumnsTable in the main database where it is missing.
const CreateColumnsTable = `CREATE TABLE IF NOT EXISTS main._sync_columns (
	table_name TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
	source_type TEXT NOT NULL, nullable INTEGER NOT NULL, comment TEXT NOT NULL,
	PRIMARY KEY (table_name, position)) WITHOUT ROWID`

// FromSQLite reads the columns of a table or view, with what ColumnsTable tells of them if the file
// has one. It is an error wrapping ErrNoTable if there is neither table nor view of that name.
func FromSQLite(ctx context.Context, db sqlx.QueryerContext, name string) (Table, error) {
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
		return Table{}, noTable(ctx, db, name, `SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')
			AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name NOT LIKE '~_sync~_%' ESCAPE '~' ORDER BY name`)
	}
	source, err := sourceColumns(ctx, db, name)
	if err != nil {
		return Table{}, err
	}
	t := Table{Name: name}
	key := map[int]string{}
	for _, f := range found {
		c := NewColumn(f.Name, f.Type)
		c.Nullable = !f.NotNull
		if s, ok := source[f.Name]; ok {
			c = s
			if c.SQLiteType() != f.Type {
				c.Stored = f.Type
			}
		}
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

func sourceColumns(ctx context.Context, db sqlx.QueryerContext, table string) (map[string]Column, error) {
	var kept bool
	err := sqlx.GetContext(ctx, db, &kept, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?", ColumnsTable)
	if err != nil || !kept {
		return nil, err
	}
	var found []struct {
		Name     string
		Type     string `db:"source_type"`
		Nullable bool
		Comment  string
	}
	err = sqlx.SelectContext(ctx, db, &found,
		"SELECT name, source_type, nullable, comment FROM _sync_columns WHERE table_name = ? COLLATE NOCASE", table)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ColumnsTable, err)
	}
	columns := make(map[string]Column, len(found))
	for _, f := range found {
		c := NewColumn(f.Name, f.Type)
		c.Nullable, c.Comment = f.Nullable, f.Comment
		columns[f.Name] = c
	}
	return columns, nil
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
		fmt.Fprintf(&b, ", PRIMARY KEY (%s)", strings.Join(quoteAll(t.Key), ", "))
	}
	b.WriteString(")")
	return b.String()
}

// QuoteSQLite quotes an identifier for SQLite.
func QuoteSQLite(identifier string) string {
	return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"`
}

func quoteAll(identifiers []string) []string {
	quoted := make([]string, len(identifiers))
	for i, id := range identifiers {
		quoted[i] = QuoteSQLite(id)
	}
	return quoted
}
