package snapshot

import (
	"strings"

	"carstock/pkg/schema"
)

// indexPrefix begins the names of the indexes of SYNC_INDEXES.
const indexPrefix = "_sync_index_"

// keepIndexes creates the indexes of SYNC_INDEXES that are missing, and drops those that SYNC_INDEXES no longer has.
func (t *Table) keepIndexes() error {
	rows, err := queryAll(t.staging.conn, `SELECT name FROM main.sqlite_schema
		WHERE type = 'index' AND tbl_name = ? COLLATE NOCASE AND name LIKE '~_sync~_index~_%' ESCAPE '~'`, t.Name)
	if err != nil {
		return err
	}

	present := map[string]bool{}
	for _, r := range rows {
		present[r[0].(string)] = true
	}

	wanted := map[string]string{}
	for _, columns := range t.indexes {
		// The brackets distinguish an index on the column a_b from one on the columns a and b.
		name := indexPrefix + t.Name + "(" + strings.Join(columns, ",") + ")"
		wanted[name] = "CREATE INDEX main." + schema.QuoteSQLite(name) + " ON " + schema.QuoteSQLite(t.Name) +
			" (" + quotedList("", columns) + ")"
	}

	for name := range present {
		if wanted[name] == "" {
			if err := exec(t.staging.conn, "DROP INDEX main."+schema.QuoteSQLite(name)); err != nil {
				return err
			}
		}
	}

	for name, q := range wanted {
		if !present[name] {
			if err := exec(t.staging.conn, q); err != nil {
				return err
			}
		}
	}

	return nil
}
