package schema

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"carstock/pkg/mysqlerr"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
)

// ErrNoTable means that a database has no table or view of a name, or that this user may not read it: MySQL does not
// distinguish the two.
var ErrNoTable = errors.New("no such table or view, or no right to read it")

// FromMySQL reads the columns of a table or view of the current database. The error wraps ErrNoTable if there is
// neither of that name, and lists what can be read.
func FromMySQL(ctx context.Context, db sqlx.QueryerContext, name string) (Table, error) {
	found, err := mysqlColumns(ctx, db, name)

	// A table that is being replaced can come back between the catalog's answer and its explanation: then there is
	// nothing to explain, and the catalog has the columns.
	for try := 0; err == nil && len(found) == 0; try++ {
		if err = explainNoColumns(ctx, db, name); err == nil && try == maxCatalogReads {
			err = noTableError(ctx, db, name, mysqlTables)
		}
		if err == nil {
			found, err = mysqlColumns(ctx, db, name)
		}
	}
	if err != nil {
		return Table{}, err
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

// maxCatalogReads bounds how often the columns of a table that comes and goes are read again.
const maxCatalogReads = 3

type mysqlColumn struct {
	Name     string
	Type     string
	Nullable bool
	Comment  string
}

// mysqlColumns reads the columns of a table or view from the catalog. It returns none if the table does not exist, this
// user may not read it, or the server cannot open it.
func mysqlColumns(ctx context.Context, db sqlx.QueryerContext, name string) ([]mysqlColumn, error) {
	// The aliases are needed: MySQL 8 returns the names of information_schema in upper case.
	var found []mysqlColumn
	err := sqlx.SelectContext(ctx, db, &found, `
		SELECT column_name AS name, column_type AS type, is_nullable = 'YES' AS nullable, column_comment AS comment
		FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`, name)
	if err != nil {
		return nil, fmt.Errorf("read columns of %s: %w", name, err)
	}

	return found, nil
}

// primaryKey reads the key's columns. MySQL also lists those that this user may not read. The other columns alone do
// not identify a row, so there is no key then, and hidden has the columns that are missing.
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

	// To the key of a system-versioned table MariaDB adds a column that nobody can name. It is the same in all current
	// rows.
	var kind string
	err = sqlx.GetContext(ctx, db, &kind,
		"SELECT table_type FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?", t.Name)
	if err == nil && kind == "SYSTEM VERSIONED" && len(hidden) == 1 && hidden[0] == all[len(all)-1] {
		return key, nil, nil
	}

	return nil, hidden, err
}

const mysqlTables = `SELECT table_name AS name FROM information_schema.tables
	WHERE table_schema = DATABASE() ORDER BY table_name`

// explainNoColumns returns why the catalog has no columns of a view or table, or nil if it can be read by now. The
// server leaves out what it cannot open, and says why only when it is read.
func explainNoColumns(ctx context.Context, db sqlx.QueryerContext, name string) error {
	rows, err := db.QueryxContext(ctx, "SELECT * FROM "+QuoteMySQL(name)+" LIMIT 0")
	if err == nil {
		err = rows.Close()
	}
	if err == nil {
		err = catalogWarning(ctx, db, name)
	}

	switch {
	case err == nil:
		return nil
	case mysqlerr.Is(err, mysqlerr.NoSuchTable, mysqlerr.TableAccessDenied): // MySQL may deny a table that does not exist
		return noTableError(ctx, db, name, mysqlTables)
	default:
		return fmt.Errorf("read columns of %s: %w", name, err)
	}
}

// catalogWarning reads the columns of a view once more, for the warning with which the server leaves them out. MariaDB
// does so for a view whose functions this user may not execute.
func catalogWarning(ctx context.Context, db sqlx.QueryerContext, name string) error {
	var columns []string
	err := sqlx.SelectContext(ctx, db, &columns, `SELECT column_name AS name FROM information_schema.columns
		WHERE table_schema = DATABASE() AND table_name = ?`, name)
	if err != nil || len(columns) > 0 {
		return err
	}

	// The warnings are those of the statement above.
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

// noTableError is ErrNoTable with the names of the tables that exist, which the query list selects.
func noTableError(ctx context.Context, db sqlx.QueryerContext, name, list string, args ...any) error {
	var names []string
	if err := sqlx.SelectContext(ctx, db, &names, list, args...); err != nil {
		return fmt.Errorf("list tables: %w", err)
	}
	if len(names) == 0 {
		names = []string{"nothing"}
	}
	return fmt.Errorf("%s: %w; available: %s", name, ErrNoTable, strings.Join(names, ", "))
}

// QuoteMySQL quotes an identifier for MySQL.
func QuoteMySQL(identifier string) string {
	return "`" + strings.ReplaceAll(identifier, "`", "``") + "`"
}
