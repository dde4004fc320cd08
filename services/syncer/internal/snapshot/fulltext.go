package snapshot

import (
	"fmt"
	"strings"

	"carstock/pkg/schema"
	"carstock/services/syncer/internal/sqltext"
)

// fullTextIndexes returns the user's full-text indexes that hold no contents of their own but read them from this
// table, or from a view, which may read from this table.
func (t *Table) fullTextIndexes() (found []schemaObject, err error) {
	virtual, err := selectObjects(t.staging.conn, "type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'")
	if err != nil {
		return nil, err
	}

	for _, v := range virtual {
		// An index with contents of its own does not depend on the table.
		content := sqltext.FullTextContent(v.sql)
		if content == "" {
			continue
		}
		views, err := selectObjects(t.staging.conn, "type = 'view' AND name = ? COLLATE NOCASE", content)
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(content, t.Name) || len(views) > 0 { // any view may read from the table
			v.table = content
			found = append(found, v)
		}
	}

	return found, nil
}

// rebuildFullText rebuilds the full-text indexes after the table was created again.
func (t *Table) rebuildFullText() error {
	indexes, err := t.fullTextIndexes()
	if err != nil {
		return err
	}

	for _, index := range indexes {
		name := schema.QuoteSQLite(index.name)
		rebuild := "INSERT INTO main." + name + " (" + name + ") VALUES ('rebuild')"
		err := inSavepoint(t.staging.conn, func() error { return exec(t.staging.conn, rebuild) })
		if mustStop(err) {
			return err
		}
		if err != nil {
			t.lost = append(t.lost,
				fmt.Sprintf("the full-text index %s is out of step with %s: %v", index.name, index.table, err))
		}
	}

	return nil
}

// checkFullText adds to lost the full-text indexes that read a column that the table no longer has.
func (t *Table) checkFullText() error {
	indexes, err := t.fullTextIndexes()
	if err != nil {
		return err
	}

	deleted := t.deletedColumns()
	for _, index := range indexes {
		if !strings.EqualFold(index.table, t.Name) {
			continue // findBroken reports its view
		}
		rows, err := queryAll(t.staging.conn,
			"SELECT name FROM pragma_table_xinfo(?, 'main') WHERE hidden = 0", index.name)
		if err != nil {
			t.lost = append(t.lost, fmt.Sprintf("the full-text index %s no longer works: %v", index.name, err))
			continue
		}
		for _, r := range rows {
			if column, _ := r[0].(string); sqltext.ContainsName(deleted, column) {
				t.lost = append(t.lost,
					fmt.Sprintf("the full-text index %s no longer works: no such column: %s", index.name, column))
				break
			}
		}
	}

	return nil
}
