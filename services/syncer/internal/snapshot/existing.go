package snapshot

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/sqltext"
)

// existingTable is a table of the target: what syncer has created in it, and what the user has added.
type existingTable struct {
	schema.Table // syncer's columns, with their types in SQLite, and the key

	userColumns     []userColumn
	userConstraints []string // of the whole table, as the CREATE TABLE has them
	withoutRowid    bool
}

// userColumn is a column that the user has added to a copied table.
type userColumn struct {
	name       string
	generated  bool   // SQLite computes its values from other columns
	definition string // as the CREATE TABLE has it
}

// userColumnNames returns the user's columns that hold values, and with generated the generated ones too.
func (e *existingTable) userColumnNames(generated bool) (names []string) {
	if e == nil {
		return nil
	}

	for _, c := range e.userColumns {
		if generated || !c.generated {
			names = append(names, c.name)
		}
	}
	return names
}

// readExisting reads a table of the target; nil if the target lacks it. A table or view that syncer has not created is
// an error.
func readExisting(conn *sqlite3.SQLiteConn, name string) (*existingTable, error) {
	found, err := selectObjects(conn, "name = ? COLLATE NOCASE AND type IN ('table', 'view')", name)
	if err != nil || len(found) == 0 {
		return nil, err
	}

	synced, err := syncedColumns(conn, name)
	if err != nil {
		return nil, err
	}
	if synced == nil || found[0].kind != "table" {
		return nil, fmt.Errorf("the file has a %s %s that is not syncer's: rename it, "+
			"or choose another name in SYNC_VIEWS, as in %[2]s=copy_of_%[2]s", found[0].kind, name)
	}

	definitions := sqltext.ColumnDefinitions(found[0].sql)

	// Hidden is 2 or 3 for generated columns, virtual and stored.
	rows, err := queryAll(conn, "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?, 'main') ORDER BY cid", name)
	if err != nil {
		return nil, err
	}

	// Columns that syncer has not created, and generated ones, are the user's.
	e := &existingTable{Table: schema.Table{Name: name}, userConstraints: sqltext.TableConstraints(found[0].sql)}
	key := map[int64]string{}
	for _, r := range rows {
		column, _ := r[0].(string)
		declared, _ := r[1].(string)
		hidden, _ := r[3].(int64)
		if hidden == 0 && containsColumn(schema.Table{Columns: synced}, column) {
			e.Columns = append(e.Columns, schema.Column{Name: column, Type: declared})
		} else {
			e.userColumns = append(e.userColumns, userColumn{column, hidden != 0, definitions[strings.ToLower(column)]})
		}
		if position, _ := r[2].(int64); position > 0 { // in the key, from 1 on
			key[position] = column
		}
	}

	for i := range int64(len(key)) {
		e.Key = append(e.Key, key[i+1])
	}

	without, err := queryInt(conn,
		"SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE", name)
	e.withoutRowid = without == 1
	return e, err
}

// syncedColumns returns the columns that syncer has created in a table; nil if syncer has not created the table.
func syncedColumns(conn *sqlite3.SQLiteConn, table string) (columns []schema.Column, err error) {
	err = snapshotfile.LendConnection(conn, func(db *sqlx.DB) error {
		columns, err = snapshotfile.SourceColumns(context.Background(), db, table)
		return err
	})
	return columns, err
}

// rowidName returns a name for the rowid that no column has; "" if the columns have taken all three.
func rowidName(t schema.Table, old *existingTable) string {
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		if !containsColumn(t, name) && !sqltext.ContainsName(old.userColumnNames(true), name) &&
			(old == nil || !containsColumn(old.Table, name)) {
			return name
		}
	}
	return ""
}
