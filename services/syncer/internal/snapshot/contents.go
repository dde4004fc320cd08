package snapshot

import (
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
)

// Content is a table of a file, as a good run has left it.
type Content struct {
	Table   string    `json:"table"`
	View    string    `json:"view"`
	Rows    int64     `json:"rows"`
	Synced  time.Time `json:"synced"` // when that run began: its rows are of that time
	Columns []Column  `json:"columns"`
}

// Column is a column of such a table.
type Column struct {
	Name   string `json:"name"`
	Source string `json:"source_type"` // as MySQL declares it
	SQLite string `json:"sqlite_type"`
	Key    bool   `json:"key"`
}

// AsOf is how old the named tables are, or all if none is named: when the oldest of them was read. It
// is zero if one of them, or all, are missing.
func AsOf(tables []Content, names []string) (oldest time.Time) {
	found := 0
	for _, t := range tables {
		if len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, t.Table) }) {
			continue
		}
		if found++; oldest.IsZero() || t.Synced.Before(oldest) {
			oldest = t.Synced
		}
	}
	if found < len(names) {
		return time.Time{}
	}
	return oldest
}

// clockSlop is how far two clocks may be apart without a word.
const clockSlop = time.Minute

// InFuture reports whether a snapshot is dated after now: nothing is known of its age then, as this clock
// is wrong, or was when the snapshot was made.
func InFuture(asOf, now time.Time) bool { return asOf.Sub(now) > clockSlop }

// Contents reads which tables a file has, and of when they are.
func Contents(path string) (tables []Content, err error) {
	err = read(path, func(conn *sqlite3.SQLiteConn) error {
		tables, err = contents(conn)
		return err
	})
	return tables, err
}

func contents(conn *sqlite3.SQLiteConn) ([]Content, error) {
	n, err := one(conn, "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name IN ('_sync_runs', '_sync_tables', '"+schema.ColumnsTable+"')")
	if err != nil || n < 3 {
		return nil, err
	}
	// In SQLite max() decides which row the other columns are of.
	rows, err := all(conn, `SELECT t.table_name, t.view, t.total, r.started, max(t.run_id) FROM main._sync_tables t JOIN main._sync_runs r ON r.id = t.run_id
		WHERE r.status = 'ok' GROUP BY t.table_name ORDER BY t.table_name`)
	if err != nil {
		return nil, err
	}
	var tables []Content
	for _, r := range rows {
		t := Content{Synced: parseTime(r[3])}
		t.Table, _ = r[0].(string)
		t.View, _ = r[1].(string)
		t.Rows, _ = r[2].(int64)
		columns, err := all(conn, `SELECT i.name, coalesce(c.source_type, ''), i.type, i.pk FROM pragma_table_info(?, 'main') i
			LEFT JOIN main.`+schema.ColumnsTable+` c ON c.table_name = ? AND c.name = i.name ORDER BY i.cid`, t.Table, t.Table)
		if err != nil {
			return nil, err
		}
		for _, c := range columns {
			var column Column
			column.Name, _ = c[0].(string)
			column.Source, _ = c[1].(string)
			column.SQLite, _ = c[2].(string)
			place, _ := c[3].(int64)
			column.Key = place > 0
			t.Columns = append(t.Columns, column)
		}
		if len(columns) > 0 { // otherwise someone has dropped it
			tables = append(tables, t)
		}
	}
	return tables, nil
}
