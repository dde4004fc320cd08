package schema

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
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
		return Table{}, explainNoColumns(ctx, db, name)
	}
	t := Table{Name: name}
	for _, f := range found {
		c := NewColumn(f.Name, f.Type)
		c.Nullable, c.Comment = f.Nullable, f.Comment
		t.Columns = append(t.Columns, c)
	}
	if t.Key, t.HiddenKey, err = primaryKey(ctx, db, t); err != nil {
		return Table{}, fmt.Errorf("read key of %s: %w", name, err)
	}
	return t, nil
}

// primaryKey reads the key's columns. MySQL lists also those that this user may not read: the others alone do
// not identify a row, so they are no key, and hidden has the missing ones.
func primaryKey(ctx context.Context, db sqlx.QueryerContext, t Table) (key, hidden []string, err error) {
	var all []string
	err = sqlx.SelectContext(ctx, db, &all, `
		SELECT column_name AS name FROM information_schema.statistics
		WHERE table_schema = DATABASE() AND table_name = ? AND index_name = 'PRIMARY' ORDER BY seq_in_index`, t.Name)
	if err != nil || len(all) == 0 {
		return nil, nil, err
	}
	for _, name := range all {
		if slices.ContainsFunc(t.Columns, func(c Column) bool { return strings.EqualFold(c.Name, name) }) {
			key = append(key, name)
		} else {
			hidden = append(hidden, name)
		}
	}
	if len(hidden) == 0 {
		return key, nil, nil
	}

	// MariaDB adds to the key of a system-versioned table a column that nobody can name, and that is the
	// same in all current rows.
	var kind string
	err = sqlx.GetContext(ctx, db, &kind,
		"SELECT table_type FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?", t.Name)
	if err == nil && kind == "SYSTEM VERSIONED" && len(hidden) == 1 && hidden[0] == all[len(all)-1] {
		return key, nil, nil
	}
	return nil, hidden, err
}

// Errors of reading a table that is not there, or that this user may not read. MySQL gives the first of these
// also for a table that is not there.
const (
	errTableAccessDenied = 1142
	errNoSuchTable       = 1146
)

// whyEmpty finds out why the catalog has no columns of a view or table: the server leaves out what it cannot
// open, and says why only to those who read it.
func explainNoColumns(ctx context.Context, db sqlx.QueryerContext, name string) error {
	rows, err := db.QueryxContext(ctx, "SELECT * FROM "+QuoteMySQL(name)+" LIMIT 0")
	if err == nil {
		err = rows.Close()
	}
	if err == nil {
		err = catalogWarning(ctx, db, name)
	}
	var server *mysql.MySQLError
	missing := errors.As(err, &server) && (server.Number == errTableAccessDenied || server.Number == errNoSuchTable)
	if err == nil || missing {
		return noTableError(ctx, db, name,
			"SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name")
	}
	return fmt.Errorf("read columns of %s: %w", name, err)
}

// catalogWarning reads the columns of a view once more for the warning that the server gives where it leaves
// them out, as MariaDB does for a view whose functions this user may not execute.
func catalogWarning(ctx context.Context, db sqlx.QueryerContext, name string) error {
	var columns []string
	err := sqlx.SelectContext(ctx, db, &columns,
		"SELECT column_name AS name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?", name)
	if err != nil || len(columns) > 0 {
		return err
	}
	var warnings []struct {
		Level   string `db:"Level"`
		Code    uint16 `db:"Code"`
		Message string `db:"Message"`
	}
	if err := sqlx.SelectContext(ctx, db, &warnings, "SHOW WARNINGS"); err != nil || len(warnings) == 0 {
		return err
	}
	return &mysql.MySQLError{Number: warnings[0].Code, Message: warnings[0].Message}
}

// noTable is ErrNoTable with the names that there are.
func noTableError(ctx context.Context, db sqlx.QueryerContext, name, list string, args ...any) error {
	var names []string
	if err := sqlx.SelectContext(ctx, db, &names, list, args...); err != nil {
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
