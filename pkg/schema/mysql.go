package schema

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
)

// ErrNoTable says that a database has no table or view of a name, or none that this user may read:
// MySQL does not tell the two apart.
var ErrNoTable = errors.New("no such table or view, or no right to read it")

// FromMySQL reads the columns of a table or view of the current database. It is an error wrapping
// ErrNoTable, which lists what can be read, if there is neither of that name.
func FromMySQL(ctx context.Context, db sqlx.QueryerContext, name string) (Table, error) {
	// The aliases are needed: MySQL 8 gives the names of information_schema in upper case.
	var found []struct {
		Name     string
		Type     string
		Nullable bool
		Comment  string
	}
	err := sqlx.SelectContext(ctx, db, &found, `
		SELECT column_name AS name, column_type AS type, is_nullable = 'YES' AS nullable, column_comment AS comment
		FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`, name)
	if err != nil {
		return Table{}, fmt.Errorf("read columns of %s: %w", name, err)
	}
	if len(found) == 0 {
		return Table{}, noTable(ctx, db, name,
			"SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name")
	}
	t := Table{Name: name}
	for _, f := range found {
		c := NewColumn(f.Name, f.Type)
		c.Nullable, c.Comment = f.Nullable, f.Comment
		t.Columns = append(t.Columns, c)
	}
	err = sqlx.SelectContext(ctx, db, &t.Key, `
		SELECT column_name AS name FROM information_schema.key_column_usage
		WHERE table_schema = DATABASE() AND table_name = ? AND constraint_name = 'PRIMARY' ORDER BY ordinal_position`, name)
	if err != nil {
		return Table{}, fmt.Errorf("read key of %s: %w", name, err)
	}
	return t, nil
}

// noTable is ErrNoTable with the names that there are.
func noTable(ctx context.Context, db sqlx.QueryerContext, name, list string) error {
	var names []string
	if err := sqlx.SelectContext(ctx, db, &names, list); err != nil {
		return fmt.Errorf("list tables: %w", err)
	}
	if len(names) == 0 {
		names = []string{"nothing"}
	}
	return fmt.Errorf("%s: %w; there is: %s", name, ErrNoTable, strings.Join(names, ", "))
}

// QuoteMySQL quotes an identifier for MySQL.
func QuoteMySQL(identifier string) string {
	return "`" + strings.ReplaceAll(identifier, "`", "``") + "`"
}
