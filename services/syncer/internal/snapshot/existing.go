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

// existing is a table of the target: what syncer has put there, and what its user has added.
type existing struct {
	schema.Table // syncer's columns, with their types in SQLite, and the key

	userColumns     []userColumn // the user's columns
	userConstraints []string     // the user's constraints of the whole table, as they stand in the CREATE TABLE
	withoutRowid    bool
}

// ownColumn is a column that the user has added to a copied table.
type userColumn struct {
	name       string
	generated  bool   // its values follow from other columns
	definition string // as it stands in the CREATE TABLE
}

// ownNames are the user's columns: those with values of their own, and with generated the others too.
func (e *existing) userColumnNames(generated bool) (out []string) {
	if e == nil {
		return nil
	}
	for _, c := range e.userColumns {
		if generated || !c.generated {
			out = append(out, c.name)
		}
	}
	return out
}

// readExisting reads a table of the target. It is nil if there is none, and an error if there is one that
// syncer has not made.
func readExisting(conn *sqlite3.SQLiteConn, name string) (*existing, error) {
	found, err := selectObjects(conn, "name = ? COLLATE NOCASE AND type IN ('table', 'view')", name)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	ours, err := syncedColumns(conn, name)
	if err != nil {
		return nil, err
	}
	if ours == nil || found[0].kind != "table" {
		return nil, fmt.Errorf("the file has a %s %s that is not syncer's: rename it, "+
			"or choose another name in SYNC_VIEWS, as in %[2]s=copy_of_%[2]s", found[0].kind, name)
	}
	written := sqltext.ColumnDefinitions(found[0].sql)

	// Hidden are 2 and 3: generated columns, virtual and stored.
	rows, err := queryAll(conn, "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?, 'main') ORDER BY cid", name)
	if err != nil {
		return nil, err
	}
	e := &existing{Table: schema.Table{Name: name}, userConstraints: sqltext.TableConstraints(found[0].sql)}
	key := map[int64]string{}
	for _, r := range rows {
		column, _ := r[0].(string)
		declared, _ := r[1].(string)
		hidden, _ := r[3].(int64)
		if hidden == 0 && containsColumn(schema.Table{Columns: ours}, column) {
			e.Columns = append(e.Columns, schema.Column{Name: column, Type: declared})
		} else {
			e.userColumns = append(e.userColumns, userColumn{column, hidden != 0, written[strings.ToLower(column)]})
		}
		if place, _ := r[2].(int64); place > 0 {
			key[place] = column
		}
	}
	for i := range int64(len(key)) {
		e.Key = append(e.Key, key[i+1])
	}

	without, err := queryInt(conn, "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE", name)
	e.withoutRowid = without == 1
	return e, err
}

// ourColumns are the columns that syncer has made in a table; nil if the table is not syncer's.
func syncedColumns(conn *sqlite3.SQLiteConn, table string) (columns []schema.Column, err error) {
	err = snapshotfile.Lend(conn, func(db *sqlx.DB) error {
		columns, err = snapshotfile.SourceColumns(context.Background(), db, table)
		return err
	})
	return columns, err
}

// rowidName is a name of the rowid that is not a column's; "" if the columns have taken all three.
func rowidName(t schema.Table, old *existing) string {
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		if !containsColumn(t, name) && !hasFold(old.userColumnNames(true), name) && (old == nil || !containsColumn(old.Table, name)) {
			return name
		}
	}
	return ""
}

func hasFold(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}
