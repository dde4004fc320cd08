package snapshot

import (
	"fmt"
	"strings"

	"carstock/pkg/schema"
	"carstock/services/syncer/internal/sqltext"
)

// fullText are the full-text indexes of the user's that keep no contents of their own, but read them
// from this table or from a view, which may read from it.
func (t *Table) fullText() (found []schemaObject, err error) {
	virtual, err := selectObjects(t.staging.conn, "type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'")
	if err != nil {
		return nil, err
	}
	for _, v := range virtual {
		content := sqltext.FullTextContent(v.sql)
		if content == "" {
			continue
		}
		views, err := selectObjects(t.staging.conn, "type = 'view' AND name = ? COLLATE NOCASE", content)
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(content, t.Name) || len(views) > 0 {
			v.table = content
			found = append(found, v)
		}
	}
	return found, nil
}

// rebuildFullText makes the full-text indexes again after the table was made again.
func (t *Table) rebuildFullText() error {
	indexes, err := t.fullText()
	if err != nil {
		return err
	}
	for _, index := range indexes {
		name := schema.QuoteSQLite(index.name)
		rebuild := "INSERT INTO main." + name + " (" + name + ") VALUES ('rebuild')"
		err := inSavepoint(t.staging.conn, func() error { return exec(t.staging.conn, rebuild) })
		if isDiskError(err) {
			return err
		}
		if err != nil {
			t.lost = append(t.lost,
				fmt.Sprintf("the full-text index %s is out of step with %s: %v", index.name, index.table, err))
		}
	}
	return nil
}

// checkFullText names the full-text indexes that read a column that is gone.
func (t *Table) checkFullText() error {
	indexes, err := t.fullText()
	if err != nil {
		return err
	}
	gone := t.deletedColumns()
	for _, index := range indexes {
		if !strings.EqualFold(index.table, t.Name) {
			continue // its view is named
		}
		rows, err := queryAll(t.staging.conn, "SELECT name FROM pragma_table_xinfo(?, 'main') WHERE hidden = 0", index.name)
		if err != nil {
			t.lost = append(t.lost, fmt.Sprintf("the full-text index %s no longer works: %v", index.name, err))
			continue
		}
		for _, r := range rows {
			if column, _ := r[0].(string); hasFold(gone, column) {
				t.lost = append(t.lost,
					fmt.Sprintf("the full-text index %s no longer works: no such column: %s", index.name, column))
				break
			}
		}
	}
	return nil
}
