package snapshotfile

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

// How a run ended. A file records no dry runs and no skipped ones.
const (
	RunOK      = "ok"
	RunFailed  = "failed"
	RunRefused = "refused" // by a guard
	RunStopped = "stopped" // the program was stopped during the run
	RunSkipped = "skipped" // another syncer was working on the file
	RunDry     = "dry run" // the run was made with --dry-run
)

// keptRuns is how many runs the file records. The last good run of each table stays beyond that, and so do the runs
// that the change history refers to.
const keptRuns = 1000

// Run is the record of one run.
type Run struct {
	ID       int64      `json:"id"`
	Started  time.Time  `json:"started"`
	Finished time.Time  `json:"finished"`
	Status   string     `json:"status"`
	Source   string     `json:"source"`
	Strategy string     `json:"strategy"`
	Error    string     `json:"error,omitempty"`
	Tables   []TableRun `json:"tables"`
	Gone     []string   `json:"gone,omitempty"` // tables whose views no pattern finds now; nil if not checked
}

// TableRun is what a run did to one table. Without a key, rows are matched by their positions in the table. Inserted,
// Updated and Deleted then count positions.
type TableRun struct {
	View       string   `json:"view"`
	Table      string   `json:"table"`
	Key        bool     `json:"key"`
	Rows       int64    `json:"rows"`  // read
	Total      int64    `json:"total"` // in the table after the run
	Inserted   int64    `json:"inserted"`
	Updated    int64    `json:"updated"`
	Deleted    int64    `json:"deleted"`
	Unchanged  int64    `json:"unchanged"`
	Bytes      int64    `json:"bytes"` // received from the network
	Seconds    float64  `json:"seconds"`
	SchemaHash string   `json:"schema_hash"`
	Drift      string   `json:"drift,omitempty"`
	Watermark  string   `json:"watermark,omitempty"`
	Warnings   []string `json:"warnings,omitempty"`
	Lost       []string `json:"lost,omitempty"` // indexes, triggers and views of the user's that no longer work
}

// nextRunID returns the ID of the run that InsertRun records next in the same transaction.
func nextRunID(ctx context.Context, q sqlx.QueryerContext) (id int64, err error) {
	err = sqlx.GetContext(ctx, q, &id, "SELECT coalesce(max(id), 0) + 1 FROM main._sync_runs")
	return id, err
}

// InsertRun records a run that ends now, sets its ID and Finished, and deletes the records of old runs. Call it in a
// transaction, after CreateTables.
func InsertRun(ctx context.Context, db sqlx.ExtContext, r *Run) (err error) {
	if r.ID, err = nextRunID(ctx, db); err != nil {
		return err
	}

	r.Finished = time.Now().UTC()
	_, err = db.ExecContext(ctx, `INSERT INTO main._sync_runs (id, started, finished, status, source, strategy, error)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, r.ID, r.Started.UTC().Format(timeFormat), r.Finished.Format(timeFormat),
		r.Status, r.Source, r.Strategy, nullIfEmpty(r.Error))
	if err != nil {
		return err
	}

	for _, t := range r.Tables {
		_, err := db.ExecContext(ctx, `INSERT INTO main._sync_tables (run_id, table_name, view, keyed, rows, total,
			inserted, updated, deleted, unchanged, bytes, seconds, schema_hash, drift, watermark, warnings, lost)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.ID, t.Table, t.View, t.Key, t.Rows, t.Total, t.Inserted, t.Updated, t.Deleted, t.Unchanged, t.Bytes,
			t.Seconds, t.SchemaHash, nullIfEmpty(t.Drift), nullIfEmpty(t.Watermark),
			nullableTexts(t.Warnings), nullableTexts(t.Lost))
		if err != nil {
			return err
		}
	}

	if err := recordGone(ctx, db, r); err != nil {
		return err
	}
	return deleteOldRuns(ctx, db, r.ID)
}

// recordGone records which tables are no longer copied because their views are gone, and since when.
func recordGone(ctx context.Context, db sqlx.ExtContext, r *Run) error {
	// What this run has copied is not gone.
	for _, t := range r.Tables {
		if _, err := db.ExecContext(ctx, "DELETE FROM main._sync_gone WHERE table_name = ?", t.Table); err != nil {
			return err
		}
	}

	// Only a good run that has checked all views changes which others are gone.
	if r.Gone == nil || r.Status != RunOK {
		return nil
	}

	gone := encodeTexts(r.Gone)
	_, err := db.ExecContext(ctx,
		"DELETE FROM main._sync_gone WHERE table_name NOT IN (SELECT value FROM json_each(?))", gone)
	if err != nil {
		return err
	}

	// A table that was gone before keeps its time.
	_, err = db.ExecContext(ctx, "INSERT OR IGNORE INTO main._sync_gone SELECT value, ? FROM json_each(?)",
		r.Started.UTC().Format(timeFormat), gone)
	return err
}

// deleteOldRuns deletes the records of all but the last keptRuns runs. The last good run stays after a thousand failed
// ones, and the last good run of each table after a thousand runs of other tables: the age of the snapshot depends on
// them. Runs that the change history refers to stay, without their tables.
func deleteOldRuns(ctx context.Context, db sqlx.ExtContext, lastID int64) error {
	const lastGood = `SELECT coalesce(max(id), 0) FROM main._sync_runs WHERE status = 'ok'
		UNION SELECT max(t.run_id) FROM main._sync_tables AS t
			JOIN main._sync_runs AS r ON r.id = t.run_id AND r.status = 'ok'
		GROUP BY t.table_name COLLATE NOCASE`
	_, err := db.ExecContext(ctx,
		"DELETE FROM main._sync_tables WHERE run_id <= ? AND run_id NOT IN ("+lastGood+")", lastID-keptRuns)
	if err != nil {
		return err
	}

	// The change history refers to runs by their id and start.
	hasHistory, err := HasChanges(ctx, db)
	if err != nil {
		return err
	}

	deletion := "DELETE FROM main._sync_runs WHERE id <= ? AND id NOT IN (" + lastGood + ")"
	if hasHistory {
		deletion += ` AND NOT EXISTS (SELECT 1 FROM main._sync_changes AS c
			WHERE c.op IN ('insert', 'update', 'delete', 'bulk')
			AND c.at = _sync_runs.started AND c.run = _sync_runs.id)`
	}

	_, err = db.ExecContext(ctx, deletion, lastID-keptRuns)
	return err
}

// nullableTexts encodes texts as a JSON array; no texts as NULL.
func nullableTexts(texts []string) sql.NullString {
	if len(texts) == 0 {
		return sql.NullString{}
	}
	return nullIfEmpty(encodeTexts(texts))
}

// encodeTexts encodes texts as a JSON array.
func encodeTexts(texts []string) string {
	b, _ := json.Marshal(texts) // strings always encode
	return string(b)
}

// History is the record of runs that a file holds.
type History struct {
	Runs     []Run // the last ones, the newest first
	Good     *Run  // the last good one; nil before the first
	Failures int   // how many since then have failed or were refused
}

// ReadHistory reads the last runs of a file, at most limit of them. It is empty for a file in which syncer has recorded
// no runs.
func ReadHistory(ctx context.Context, q sqlx.QueryerContext, limit int) (h History, err error) {
	if ours, err := IsSnapshotFile(ctx, q); err != nil || !ours {
		return h, err
	}
	if h.Runs, err = readRuns(ctx, q, "ORDER BY id DESC LIMIT ?", limit); err != nil {
		return h, err
	}

	good, err := readRuns(ctx, q, "WHERE status = ? ORDER BY id DESC LIMIT 1", RunOK)
	if err != nil {
		return h, err
	}

	// Before the first good run, all failures count.
	goodID := int64(0)
	if len(good) > 0 {
		h.Good, goodID = &good[0], good[0].ID
	}

	err = sqlx.GetContext(ctx, q, &h.Failures,
		"SELECT count(*) FROM main._sync_runs WHERE id > ? AND status IN (?, ?)", goodID, RunFailed, RunRefused)
	return h, err
}

// readRuns reads the runs that the rest of a SELECT statement selects.
func readRuns(ctx context.Context, q sqlx.QueryerContext, rest string, args ...any) (runs []Run, err error) {
	var found []struct {
		ID                                          int64
		Started, Finished, Status, Source, Strategy string
		Error                                       sql.NullString
	}

	err = sqlx.SelectContext(ctx, q, &found,
		"SELECT id, started, finished, status, source, strategy, error FROM main._sync_runs "+rest, args...)
	if err != nil {
		return nil, err
	}

	for _, f := range found {
		r := Run{ID: f.ID, Status: f.Status, Source: f.Source, Strategy: f.Strategy, Error: f.Error.String}
		if r.Started, err = parseTime(f.Started); err != nil {
			return nil, err
		}
		if r.Finished, err = parseTime(f.Finished); err != nil {
			return nil, err
		}
		if r.Tables, err = readTables(ctx, q, "run_id = ? ORDER BY table_name", r.ID); err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}

	return runs, nil
}

// totalColumn returns the column that holds how many rows a table has after a run. A file of an earlier version that no
// run has migrated has only the number of rows that were read.
func totalColumn(ctx context.Context, q sqlx.QueryerContext) (string, error) {
	columns, err := columnNames(ctx, q, "_sync_tables")
	if err != nil || slices.Contains(columns, "total") {
		return "total", err
	}
	return "rows", nil
}

// readTables reads what runs did to tables.
func readTables(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]TableRun, error) {
	total, err := totalColumn(ctx, q)
	if err != nil {
		return nil, err
	}

	var found []struct {
		View, Table                                               string
		Key                                                       bool
		Rows, Total, Inserted, Updated, Deleted, Unchanged, Bytes int64
		Seconds                                                   float64
		SchemaHash                                                string `db:"schema_hash"`
		Drift, Watermark, Warnings, Lost                          sql.NullString
	}

	err = sqlx.SelectContext(ctx, q, &found, `SELECT table_name AS "table", view, keyed AS "key", rows, `+total+` AS total,
		inserted, updated, deleted, unchanged, bytes, seconds, schema_hash, drift, watermark, warnings, lost
		FROM main._sync_tables WHERE `+where, args...)
	if err != nil {
		return nil, err
	}

	tables := []TableRun{}
	for _, f := range found {
		t := TableRun{
			View: f.View, Table: f.Table, Key: f.Key, Rows: f.Rows, Total: f.Total, Inserted: f.Inserted,
			Updated: f.Updated, Deleted: f.Deleted, Unchanged: f.Unchanged, Bytes: f.Bytes, Seconds: f.Seconds,
			SchemaHash: f.SchemaHash, Drift: f.Drift.String, Watermark: f.Watermark.String,
		}

		// NULL is no JSON, and leaves both without texts.
		_ = json.Unmarshal([]byte(f.Warnings.String), &t.Warnings)
		_ = json.Unmarshal([]byte(f.Lost.String), &t.Lost)
		tables = append(tables, t)
	}

	return tables, nil
}

// LastTable returns what the last run that published a table did to it; nil if no such run is recorded.
func LastTable(ctx context.Context, q sqlx.QueryerContext, table string) (*TableRun, error) {
	if ours, err := IsSnapshotFile(ctx, q); err != nil || !ours {
		return nil, err
	}

	found, err := readTables(ctx, q, "table_name = ? COLLATE NOCASE ORDER BY run_id DESC LIMIT 1", table)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}
