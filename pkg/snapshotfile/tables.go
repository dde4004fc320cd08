package snapshotfile

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// TableContent is a table of a file, as the last good run left it.
type TableContent struct {
	Table   string         `json:"table"`
	View    string         `json:"view"`
	Rows    int64          `json:"rows"`
	Synced  time.Time      `json:"synced"`        // when that run began: the rows are as of this time
	Gone    time.Time      `json:"gone,omitzero"` // since when patterns no longer match its view; ReadAges leaves it zero
	Columns []CopiedColumn `json:"columns"`

	// Changed is the last good run that changed the table: its rows or, as the schema hash shows, its columns. It is zero
	// if that run is no longer recorded.
	Changed ChangingRun `json:"-"`
}

// ChangingRun is a run that changed a table. A file that is created again counts its runs from 1, so only Run and Began
// together identify a run.
type ChangingRun struct {
	Run   int64
	Began time.Time
}

// CopiedColumn is a column of a copied table.
type CopiedColumn struct {
	Name   string `json:"name"`
	Source string `json:"source_type" db:"source_type"` // as MySQL declares it
	SQLite string `json:"sqlite_type" db:"sqlite_type"`
	Key    bool   `json:"key"`
}

// AsOf returns when the oldest table of a snapshot was read. It considers the named tables, and all others for which
// isCopied is nil or returns true, unless their views are gone. The time is zero if a named table is missing or if
// there is no table to consider.
func AsOf(tables []TableContent, named []string, isCopied func(t TableContent) bool) (oldest time.Time) {
	found := 0
	for _, t := range tables {
		// A named table counts even if its view is gone.
		isNamed := func(name string) bool { return strings.EqualFold(name, t.Table) }
		switch {
		case slices.ContainsFunc(named, isNamed):
			found++
		case !t.Gone.IsZero() || isCopied != nil && !isCopied(t):
			continue
		}

		if oldest.IsZero() || t.Synced.Before(oldest) {
			oldest = t.Synced
		}
	}

	if found < len(named) {
		return time.Time{}
	}
	return oldest
}

// clockTolerance is how far two clocks may differ before that is reported.
const clockTolerance = time.Minute

// InFuture reports whether a snapshot is dated after now. Its age is unknown then: this clock is wrong, or the clock
// was when the snapshot was made.
func InFuture(asOf, now time.Time) bool { return asOf.Sub(now) > clockTolerance }

// ReadAges returns for each table when its last good run began, and which run last changed it. It leaves Columns and
// Gone empty. lastRun is the value of LastRunSQL at the same moment; "" if there are no tables.
func ReadAges(ctx context.Context, q sqlx.QueryerContext) (tables []TableContent, lastRun string, err error) {
	total, err := totalColumn(ctx, q)
	if err != nil {
		return nil, "", err
	}

	var found []struct {
		Table, View, Started, Last string
		Total, Changed             int64
		ChangedStarted             sql.NullString `db:"changed_started"`
	}

	// A good run has changed a table if rows or the columns differ from the good run before.
	err = sqlx.SelectContext(ctx, q, &found, `
		WITH good AS (
			SELECT t.table_name, r.id, t.inserted + t.updated + t.deleted > 0
				OR lag(t.schema_hash) OVER (PARTITION BY t.table_name COLLATE NOCASE ORDER BY r.id) <> t.schema_hash
				AS changed
			FROM main._sync_tables AS t JOIN main._sync_runs AS r ON r.id = t.run_id AND r.status = 'ok'),
		last AS (
			SELECT table_name, max(id) AS id, max(id) FILTER (WHERE changed) AS changed
			FROM good GROUP BY table_name COLLATE NOCASE)
		SELECT t.table_name AS "table", t.view, t.`+total+` AS total, r.started,
			coalesce(c.id, 0) AS changed, c.started AS changed_started, coalesce(`+LastRunSQL+`, '') AS last
		FROM last JOIN main._sync_runs AS r ON r.id = last.id
		JOIN main._sync_tables AS t ON t.run_id = last.id AND t.table_name = last.table_name COLLATE NOCASE
		LEFT JOIN main._sync_runs AS c ON c.id = last.changed ORDER BY t.table_name`)
	if err != nil {
		return nil, "", err
	}

	for _, f := range found {
		lastRun = f.Last
		t := TableContent{Table: f.Table, View: f.View, Rows: f.Total}
		if t.Synced, err = parseTime(f.Started); err != nil {
			return nil, "", err
		}

		if f.Changed > 0 {
			t.Changed.Run = f.Changed
			if t.Changed.Began, err = parseTime(f.ChangedStarted.String); err != nil {
				return nil, "", err
			}
		}

		tables = append(tables, t)
	}

	return tables, lastRun, nil
}

// ReadContents returns the tables of a file with their ages and columns.
func ReadContents(ctx context.Context, q sqlx.QueryerContext) (tables []TableContent, err error) {
	exist, err := hasTables(ctx, q, "_sync_runs", "_sync_tables", "_sync_columns")
	if err != nil || !exist {
		return nil, err
	}

	ages, _, err := ReadAges(ctx, q)
	if err != nil {
		return nil, err
	}

	gone, err := readGoneTables(ctx, q)
	if err != nil {
		return nil, err
	}

	for _, t := range ages {
		t.Gone = gone[strings.ToLower(t.Table)]
		err := sqlx.SelectContext(ctx, q, &t.Columns, `SELECT i.name, coalesce(c.source_type, '') AS source_type,
			i.type AS sqlite_type, i.pk > 0 AS "key" FROM pragma_table_info(?, 'main') AS i
			LEFT JOIN main._sync_columns AS c ON c.table_name = ? AND c.name = i.name ORDER BY i.cid`, t.Table, t.Table)
		if err != nil {
			return nil, err
		}
		if len(t.Columns) > 0 { // otherwise the user has dropped the table
			tables = append(tables, t)
		}
	}

	return tables, nil
}

// readGoneTables returns since when the patterns no longer find the views of tables, by table in lower case. A file of
// an earlier version does not record this.
func readGoneTables(ctx context.Context, q sqlx.QueryerContext) (map[string]time.Time, error) {
	if exists, err := hasTables(ctx, q, "_sync_gone"); err != nil || !exists {
		return nil, err
	}

	var found []struct {
		Table string `db:"table_name"`
		Since string
	}

	if err := sqlx.SelectContext(ctx, q, &found, "SELECT table_name, since FROM main._sync_gone"); err != nil {
		return nil, err
	}

	gone := map[string]time.Time{}
	for _, f := range found {
		since, err := parseTime(f.Since)
		if err != nil {
			return nil, err
		}
		gone[strings.ToLower(f.Table)] = since
	}

	return gone, nil
}

// LastRunSQL is a SQL expression whose value changes with each run, however the run ended. It costs one lookup.
const LastRunSQL = "(SELECT id || ' ' || started FROM _sync_runs ORDER BY id DESC LIMIT 1)"
