package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
	"carstock/services/carapi/internal/catalog"
)

// describe reads the columns and keys of the table.
func (s *Store) describe(ctx context.Context, q sqlx.QueryerContext, synced bool) (source catalog.Source, err error) {
	if s.isSQLite {
		if source.Table, err = snapshotfile.ReadTable(ctx, q, s.Table); err == nil {
			err = describeSQLiteKeys(ctx, q, &source, synced)
		}
	} else if source.Table, err = schema.FromMySQL(ctx, q, s.Table); err == nil {
		if source.Keys, err = mysqlKeys(ctx, q, source.Table); err == nil {
			source.Invisible, err = invisibleColumns(ctx, q, s.Table)
		}
	}

	return source, err
}

// invisibleColumns returns the columns that SELECT * hides.
func invisibleColumns(ctx context.Context, q sqlx.QueryerContext, table string) (names []string, err error) {
	err = sqlx.SelectContext(ctx, q, &names, `SELECT column_name AS name FROM information_schema.columns
		WHERE table_schema = DATABASE() AND table_name = ? AND extra LIKE '%INVISIBLE%' ORDER BY ordinal_position`, table)
	if err != nil {
		return nil, fmt.Errorf("read invisible columns of %s: %w", table, err)
	}
	return names, nil
}

// uniqueIndex is a unique index of a table.
type uniqueIndex struct {
	columns    []string
	primary    bool
	isUnusable bool // it has a prefix or an expression, or is not used to find rows
}

// mysqlKeys reads the keys that can find a row, the best first. In MariaDB, a user without permissions on the whole
// table sees no key.
func mysqlKeys(ctx context.Context, q sqlx.QueryerContext, t schema.Table) ([][]string, error) {
	rows, err := q.QueryxContext(ctx, `SELECT * FROM information_schema.statistics
		WHERE table_schema = DATABASE() AND table_name = ? AND non_unique = 0 ORDER BY index_name, seq_in_index`, t.Name)
	if err != nil {
		return nil, fmt.Errorf("read keys of %s: %w", t.Name, err)
	}

	defer func() { _ = rows.Close() }()

	found := map[string]*uniqueIndex{}
	for rows.Next() {
		// MySQL and MariaDB have different columns here. MySQL 8 names them in upper case.
		row := map[string]any{}
		if err := rows.MapScan(row); err != nil {
			return nil, fmt.Errorf("read keys of %s: %w", t.Name, err)
		}

		text := map[string]string{}
		for name, v := range row {
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			if v != nil {
				text[strings.ToLower(name)] = fmt.Sprint(v)
			}
		}

		name, column := text["index_name"], text["column_name"]
		if found[name] == nil {
			found[name] = &uniqueIndex{primary: name == "PRIMARY"}
		}

		x := found[name]
		x.columns = append(x.columns, column)

		// MariaDB stores hashes of texts that are too long for a B-tree, and does not find rows by them.
		hashed := text["index_type"] == "HASH" && columnCapacity(t, column) > maxIndexed
		hidden := text["is_visible"] == "NO" || text["ignored"] == "YES"
		x.isUnusable = x.isUnusable || hashed || hidden || text["sub_part"] != "" || text["expression"] != ""
	}

	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read keys of %s: %w", t.Name, err)
	}

	return usableKeys(t, found), nil
}

// maxIndexed is how many characters of a text a B-tree of InnoDB holds: 3,072 bytes of utf8mb4.
const maxIndexed = 768

// columnCapacity returns how long the texts or bytes of a column can be, or 0 if there is no such column.
func columnCapacity(t schema.Table, column string) int {
	i := catalog.ColumnPosition(t, column)
	if i < 0 {
		return 0
	}
	return capacity(t.Columns[i])
}

// usableKeys returns the keys whose columns can be read, are never NULL, and compare exactly: the primary key first,
// then those with few columns.
func usableKeys(t schema.Table, found map[string]*uniqueIndex) (keys [][]string) {
	inexact := []schema.Kind{schema.Float, schema.Double, schema.JSON}
	var usable []*uniqueIndex
	for _, name := range slices.Sorted(maps.Keys(found)) {
		x := found[name]

		// A column that is hidden, compares inexactly or may be NULL spoils the key.
		wrong := slices.ContainsFunc(x.columns, func(column string) bool {
			i := catalog.ColumnPosition(t, column)
			return i < 0 || slices.Contains(inexact, t.Columns[i].Kind) || t.Columns[i].Nullable && !x.primary
		})
		if !x.isUnusable && !wrong {
			usable = append(usable, x)
		}
	}

	slices.SortStableFunc(usable, func(a, b *uniqueIndex) int {
		switch {
		case a.primary:
			return -1
		case b.primary:
			return 1
		}
		return len(a.columns) - len(b.columns)
	})

	for _, x := range usable {
		keys = append(keys, x.columns)
	}

	return keys
}

// describeSQLiteKeys reads the keys of a table, and whether its rowid can be used. A primary key other than the rowid
// may hold NULL in SQLite. Then rows are found by the rowid, and the key is only the id.
// In a file that syncer keeps, rows are read together with the number of the last run, and rowids do not change until
// the next one. In any other file a replaced row gets another rowid but keeps its key.
func describeSQLiteKeys(ctx context.Context, q sqlx.QueryerContext, source *catalog.Source, synced bool) error {
	t := source.Table
	err := sqlx.GetContext(ctx, q, &source.RowID, `SELECT coalesce(max(type = 'table' AND wr = 0), 0)
		FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE`, t.Name)
	if err != nil {
		return fmt.Errorf("read keys of %s: %w", t.Name, err)
	}

	source.RowID = source.RowID && rowIDName(t) != ""

	// Read the unique indexes.
	var parts []struct {
		Name   string
		Column *string // nil for an expression
	}
	err = sqlx.SelectContext(ctx, q, &parts, `SELECT i.name, x.name AS column
		FROM pragma_index_list(?) AS i, pragma_index_xinfo(i.name) AS x
		WHERE i."unique" AND NOT i.partial AND i.origin <> 'pk' AND x.key ORDER BY i.name, x.seqno`, t.Name)
	if err != nil {
		return fmt.Errorf("read keys of %s: %w", t.Name, err)
	}

	found := map[string]*uniqueIndex{}
	for _, p := range parts {
		if found[p.Name] == nil {
			found[p.Name] = &uniqueIndex{}
		}

		x := found[p.Name]
		if x.isUnusable = x.isUnusable || p.Column == nil; p.Column != nil {
			x.columns = append(x.columns, *p.Column)
		}
	}

	if len(t.Key) > 0 {
		found[""] = &uniqueIndex{columns: t.Key, primary: true}
	}

	source.Keys = usableKeys(t, found)
	source.RowID = source.RowID && (synced || len(source.Keys) == 0 || !findsSQLiteRows(t, source.Keys[0]))
	return nil
}

// findsSQLiteRows reports whether a key finds each row: it is the rowid under another name, or its columns are never
// NULL and hold integers or texts, which compare exactly.
func findsSQLiteRows(t schema.Table, key []string) bool {
	for _, name := range key {
		c := t.Columns[catalog.ColumnPosition(t, name)]
		isRowID := len(key) == 1 && strings.EqualFold(c.Type, "INTEGER")
		if c.Nullable && !isRowID || c.Kind != schema.Integer && c.Kind != schema.Text {
			return false
		}
	}
	return true
}

// rowIDName returns a name of SQLite's rowid that is not a column's, or "" if columns have all of them.
func rowIDName(t schema.Table) string {
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		if catalog.ColumnPosition(t, name) < 0 {
			return name
		}
	}
	return ""
}
