package snapshot

import (
	"strings"

	"carstock/pkg/schema"
)

// indexPrefix begins the names of the indexes that SYNC_INDEXES asks for.
const indexPrefix = "_sync_index_"

// keepIndexes makes the indexes that SYNC_INDEXES asks for, and drops those that it has asked for.
func (t *Table) keepIndexes() error {
	rows, err := queryAll(t.staging.conn, `SELECT name FROM main.sqlite_schema WHERE type = 'index' AND tbl_name = ? COLLATE NOCASE AND name LIKE '~_sync~_index~_%' ESCAPE '~'`, t.Name)
	if err != nil {
		return err
	}
	have := map[string]bool{}
	for _, r := range rows {
		have[r[0].(string)] = true
	}
	wanted := map[string]string{}
	for _, columns := range t.indexes {
		// The brackets tell the column a_b from the columns a and b.
		name := indexPrefix + t.Name + "(" + strings.Join(columns, ",") + ")"
		wanted[name] = "CREATE INDEX main." + schema.QuoteSQLite(name) + " ON " + schema.QuoteSQLite(t.Name) + " (" + quotedList("", columns) + ")"
	}
	for name := range have {
		if wanted[name] == "" {
			if err := exec(t.staging.conn, "DROP INDEX main."+schema.QuoteSQLite(name)); err != nil {
				return err
			}
		}
	}
	for name, q := range wanted {
		if !have[name] {
			if err := exec(t.staging.conn, q); err != nil {
				return err
			}
		}
	}
	return nil
}
