package snapshotfile

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/schema"
)

const createColumns = `CREATE TABLE IF NOT EXISTS main._sync_columns (
	table_name TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
	source_type TEXT NOT NULL, nullable INTEGER NOT NULL, comment TEXT NOT NULL,
	PRIMARY KEY (table_name, position)) WITHOUT ROWID`

// SetColumns records how the source declares the columns of a table. SQLite's own types say less: without the record
// nobody would know that a price is a DECIMAL or that a TIMESTAMP is in UTC. SetColumns writes nothing if the record is
// the same already.
func SetColumns(ctx context.Context, db sqlx.ExtContext, table string, columns []schema.Column) error {
	if _, err := db.ExecContext(ctx, createColumns); err != nil {
		return err
	}

	// A record under the name in another case is replaced too.
	recorded, err := readColumns(ctx, db, "table_name = ?", table)
	if err != nil {
		return err
	}

	isSame := func(a, b schema.Column) bool {
		return a.Name == b.Name && a.Type == b.Type && a.Nullable == b.Nullable && a.Comment == b.Comment
	}

	if slices.EqualFunc(recorded, columns, isSame) {
		return nil
	}

	_, err = db.ExecContext(ctx, "DELETE FROM main._sync_columns WHERE table_name = ? COLLATE NOCASE", table)
	if err != nil {
		return err
	}

	for i, c := range columns {
		_, err := db.ExecContext(ctx, `INSERT INTO main._sync_columns
			(table_name, position, name, source_type, nullable, comment) VALUES (?, ?, ?, ?, ?, ?)`,
			table, i+1, c.Name, c.Type, c.Nullable, c.Comment)
		if err != nil {
			return err
		}
	}

	return nil
}

// CopyColumns copies the records of all columns from one file into another.
func CopyColumns(ctx context.Context, from sqlx.QueryerContext, to sqlx.ExtContext) error {
	tables, err := CopiedTables(ctx, from)
	if err != nil {
		return err
	}

	for _, table := range tables {
		columns, err := SourceColumns(ctx, from, table)
		if err != nil {
			return err
		}
		if err := SetColumns(ctx, to, table, columns); err != nil {
			return err
		}
	}

	return nil
}

// CopiedTables returns the names of the tables that runs have created.
func CopiedTables(ctx context.Context, q sqlx.QueryerContext) (names []string, err error) {
	if exists, err := hasTables(ctx, q, "_sync_columns"); err != nil || !exists {
		return nil, err
	}
	err = sqlx.SelectContext(ctx, q, &names, "SELECT DISTINCT table_name FROM main._sync_columns ORDER BY table_name")
	return names, err
}

// SourceColumns returns the columns that a run has created in a table, as the source declares them; nil if no run has
// created the table.
func SourceColumns(ctx context.Context, q sqlx.QueryerContext, table string) ([]schema.Column, error) {
	if exists, err := hasTables(ctx, q, "_sync_columns"); err != nil || !exists {
		return nil, err
	}
	return readColumns(ctx, q, "table_name = ? COLLATE NOCASE", table)
}

// readColumns reads the recorded columns of the table that a condition selects.
func readColumns(ctx context.Context, q sqlx.QueryerContext, where, table string) (columns []schema.Column, err error) {
	var found []struct {
		Name     string
		Type     string `db:"source_type"`
		Nullable bool
		Comment  string
	}

	err = sqlx.SelectContext(ctx, q, &found, `SELECT name, source_type, nullable, comment FROM main._sync_columns
		WHERE `+where+` ORDER BY position`, table)
	if err != nil {
		return nil, fmt.Errorf("read how the source declares the columns of %s: %w", table, err)
	}

	for _, f := range found {
		c := schema.NewColumn(f.Name, f.Type)
		c.Nullable, c.Comment = f.Nullable, f.Comment
		columns = append(columns, c)
	}

	return columns, nil
}

// ReadTable reads the columns of a table or view of a SQLite file. If syncer has created the table, the columns are as
// the source declares them. The error wraps schema.ErrNoTable if the file has neither table nor view of that name.
func ReadTable(ctx context.Context, q sqlx.QueryerContext, name string) (schema.Table, error) {
	t, err := schema.FromSQLite(ctx, q, name, TablePrefix)
	if err != nil {
		return t, err
	}

	source, err := SourceColumns(ctx, q, name)
	if err != nil {
		return t, err
	}

	// Keep the type that the file has, which differs for a column that is stored as TEXT instead of a number.
	for i, c := range t.Columns {
		at := slices.IndexFunc(source, func(s schema.Column) bool { return s.Name == c.Name })
		if at < 0 {
			continue // the user has added it
		}

		t.Columns[i] = source[at]
		if source[at].SQLiteType() != c.Type {
			t.Columns[i].Stored = c.Type
		}
	}

	return t, nil
}
