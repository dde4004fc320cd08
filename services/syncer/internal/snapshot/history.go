package snapshot

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"time"

	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
)

// What became of a run.
const (
	OK      = "ok"
	Failed  = "failed"
	Refused = "refused" // by a guard
	Stopped = "stopped" // by whoever ended the program
)

// keptRuns is how many runs the file remembers.
const keptRuns = 1000

// Run is one pass, as the file remembers it.
type Run struct {
	ID       int64      `json:"id"`
	Started  time.Time  `json:"started"`
	Finished time.Time  `json:"finished"`
	Status   string     `json:"status"`
	Source   string     `json:"source"`
	Strategy string     `json:"strategy"`
	Error    string     `json:"error,omitempty"`
	Tables   []TableRun `json:"tables"`
}

// TableRun is what a pass did to one table. Without a key the changes are not known by row, and
// Inserted, Updated and Deleted count places.
type TableRun struct {
	View       string   `json:"view"`
	Table      string   `json:"table"`
	Key        bool     `json:"key"`
	Rows       int64    `json:"rows"`  // read
	Total      int64    `json:"total"` // in the table after the pass
	Inserted   int64    `json:"inserted"`
	Updated    int64    `json:"updated"`
	Deleted    int64    `json:"deleted"`
	Unchanged  int64    `json:"unchanged"`
	Bytes      int64    `json:"bytes"` // of the texts and blobs read
	Seconds    float64  `json:"seconds"`
	SchemaHash string   `json:"schema_hash"`
	Drift      string   `json:"drift,omitempty"`
	Watermark  string   `json:"watermark,omitempty"`
	Warnings   []string `json:"warnings,omitempty"`
	Lost       []string `json:"lost,omitempty"` // indexes and triggers of the user's that could not stay
}

// timeFormat is how the file writes times: UTC, and in an order that is that of time.
const timeFormat = "2006-01-02T15:04:05.000Z"

func createTables(conn *sqlite3.SQLiteConn) error {
	for _, q := range []string{
		schema.CreateColumnsTable,
		`CREATE TABLE IF NOT EXISTS main._sync_runs (
			id INTEGER PRIMARY KEY, started TEXT NOT NULL, finished TEXT NOT NULL, status TEXT NOT NULL,
			source TEXT NOT NULL, strategy TEXT NOT NULL, error TEXT)`,
		`CREATE TABLE IF NOT EXISTS main._sync_tables (
			run_id INTEGER NOT NULL, table_name TEXT NOT NULL, view TEXT NOT NULL, keyed INTEGER NOT NULL,
			rows INTEGER NOT NULL, total INTEGER NOT NULL, inserted INTEGER NOT NULL, updated INTEGER NOT NULL, deleted INTEGER NOT NULL, unchanged INTEGER NOT NULL,
			bytes INTEGER NOT NULL, seconds REAL NOT NULL, schema_hash TEXT NOT NULL, drift TEXT, watermark TEXT, warnings TEXT, lost TEXT,
			PRIMARY KEY (run_id, table_name)) WITHOUT ROWID`,
	} {
		if err := exec(conn, q); err != nil {
			return err
		}
	}
	return nil
}

func insertRun(conn *sqlite3.SQLiteConn, r *Run) error {
	r.Finished = time.Now().UTC()
	err := exec(conn, "INSERT INTO main._sync_runs (started, finished, status, source, strategy, error) VALUES (?, ?, ?, ?, ?, ?)",
		r.Started.UTC().Format(timeFormat), r.Finished.Format(timeFormat), r.Status, r.Source, r.Strategy, orNull(r.Error))
	if err != nil {
		return err
	}
	if r.ID, err = one(conn, "SELECT last_insert_rowid()"); err != nil {
		return err
	}
	for _, t := range r.Tables {
		err := exec(conn, "INSERT INTO main._sync_tables VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			r.ID, t.Table, t.View, t.Key, t.Rows, t.Total, t.Inserted, t.Updated, t.Deleted, t.Unchanged, t.Bytes, t.Seconds,
			t.SchemaHash, orNull(t.Drift), orNull(t.Watermark), list(t.Warnings), list(t.Lost))
		if err != nil {
			return err
		}
	}
	// The last good run stays even after a thousand failed ones: it is the age of the snapshot.
	const old = "id <= (SELECT max(id) FROM main._sync_runs) - ? AND id <> (SELECT coalesce(max(id), 0) FROM main._sync_runs WHERE status = 'ok')"
	if err := exec(conn, "DELETE FROM main._sync_tables WHERE run_id IN (SELECT id FROM main._sync_runs WHERE "+old+")", int64(keptRuns)); err != nil {
		return err
	}
	return exec(conn, "DELETE FROM main._sync_runs WHERE "+old, int64(keptRuns))
}

func orNull(s string) driver.Value {
	if s == "" {
		return nil
	}
	return s
}

func list(texts []string) driver.Value {
	if len(texts) == 0 {
		return nil
	}
	b, _ := json.Marshal(texts) // strings always encode
	return string(b)
}

// Record remembers a run that has published nothing.
func (f *File) Record(r *Run) error {
	if err := f.removeStaging(); err != nil { // it may be what has filled the disk
		return err
	}
	conn, err := f.openTarget()
	if err != nil {
		return err
	}
	// A file that another program has made is not touched before there is something to publish in it.
	foreign, err := one(conn, "SELECT count(*) > 0 AND sum(name = '_sync_runs') = 0 FROM main.sqlite_schema")
	if err != nil || foreign == 1 {
		return errors.Join(err, conn.Close())
	}
	err = inTx(conn, func() error {
		if err := createTables(conn); err != nil {
			return err
		}
		return insertRun(conn, r)
	})
	// The log would otherwise grow with each run that fails, and look as if someone held it.
	_ = exec(conn, "PRAGMA busy_timeout = 1000")
	_ = exec(conn, "PRAGMA wal_checkpoint(TRUNCATE)")
	return errors.Join(err, conn.Close())
}

// Watermark is the greatest watermark that has been published for a table under the same hash; "" if
// the table is to be read whole, as one is that the file no longer has.
func (t *Table) Watermark(hash string) (string, error) {
	if t.old == nil {
		return "", nil
	}
	n, err := one(t.s.conn, "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = '_sync_tables'")
	if err != nil || n == 0 {
		return "", err
	}
	rows, err := all(t.s.conn, "SELECT schema_hash, watermark FROM main._sync_tables WHERE table_name = ? ORDER BY run_id DESC LIMIT 1", t.Name)
	if err != nil || len(rows) == 0 || rows[0][0] != hash {
		return "", err
	}
	mark, _ := rows[0][1].(string)
	return mark, nil
}

// LastRows is how many rows the table had when it was last read whole or in part; 0 if not known.
func (s *Staging) LastRows(table string) (int64, error) {
	if n, err := one(s.conn, "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = '_sync_tables'"); err != nil || n == 0 {
		return 0, err
	}
	return one(s.conn, "SELECT rows FROM main._sync_tables WHERE table_name = ? ORDER BY run_id DESC LIMIT 1", table)
}

// History is what a file tells of its runs.
type History struct {
	Runs     []Run // the last, the newest first
	Good     *Run  // the last good one; nil if there is none
	Failures int   // how many after that have failed or were refused
}

// ReadHistory reads the last runs of a file, as many as limit says.
func ReadHistory(path string, limit int) (h History, err error) {
	err = read(path, func(conn *sqlite3.SQLiteConn) error {
		h, err = readHistory(conn, limit)
		return err
	})
	return h, err
}

// read lets do read from a file, without any right to write.
func read(path string, do func(*sqlite3.SQLiteConn) error) error {
	conn, err := open(path, "mode=ro&_query_only=true&_busy_timeout="+busyTimeout)
	if err != nil {
		return fileError("open %s: %w", path, explain(err))
	}
	defer func() { _ = conn.Close() }()
	if err := do(conn); err != nil {
		return fileError("read %s: %w", path, explain(err))
	}
	return nil
}

func readHistory(conn *sqlite3.SQLiteConn, limit int) (h History, err error) {
	n, err := one(conn, "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name IN ('_sync_runs', '_sync_tables')")
	if err != nil || n < 2 {
		return h, err
	}
	if h.Runs, err = readRuns(conn, "ORDER BY id DESC LIMIT ?", int64(limit)); err != nil {
		return h, err
	}
	good, err := readRuns(conn, "WHERE status = ? ORDER BY id DESC LIMIT 1", OK)
	if err != nil {
		return h, err
	}
	since := int64(0)
	if len(good) > 0 {
		h.Good, since = &good[0], good[0].ID
	}
	failures, err := one(conn, "SELECT count(*) FROM main._sync_runs WHERE id > ? AND status IN (?, ?)", since, Failed, Refused)
	h.Failures = int(failures)
	return h, err
}

// readRuns reads the runs that the rest of a SELECT asks for.
func readRuns(conn *sqlite3.SQLiteConn, rest string, args ...driver.Value) ([]Run, error) {
	rows, err := all(conn, "SELECT id, started, finished, status, source, strategy, error FROM main._sync_runs "+rest, args...)
	if err != nil {
		return nil, err
	}
	var runs []Run
	for _, r := range rows {
		run := Run{}
		run.ID, _ = r[0].(int64)
		run.Started, run.Finished = parseTime(r[1]), parseTime(r[2])
		run.Status, _ = r[3].(string)
		run.Source, _ = r[4].(string)
		run.Strategy, _ = r[5].(string)
		run.Error, _ = r[6].(string)
		if run.Tables, err = readTables(conn, run.ID); err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

func readTables(conn *sqlite3.SQLiteConn, run int64) ([]TableRun, error) {
	rows, err := all(conn, `SELECT table_name, view, keyed, rows, total, inserted, updated, deleted, unchanged, bytes, seconds, schema_hash, drift, watermark, warnings, lost
		FROM main._sync_tables WHERE run_id = ? ORDER BY table_name`, run)
	if err != nil {
		return nil, err
	}
	tables := []TableRun{}
	for _, r := range rows {
		var t TableRun
		t.Table, _ = r[0].(string)
		t.View, _ = r[1].(string)
		keyed, _ := r[2].(int64)
		t.Key = keyed == 1
		for i, n := range []*int64{&t.Rows, &t.Total, &t.Inserted, &t.Updated, &t.Deleted, &t.Unchanged, &t.Bytes} {
			*n, _ = r[3+i].(int64)
		}
		t.Seconds, _ = r[10].(float64)
		t.SchemaHash, _ = r[11].(string)
		t.Drift, _ = r[12].(string)
		t.Watermark, _ = r[13].(string)
		for i, texts := range []*[]string{&t.Warnings, &t.Lost} {
			if s, ok := r[14+i].(string); ok {
				_ = json.Unmarshal([]byte(s), texts)
			}
		}
		tables = append(tables, t)
	}
	return tables, nil
}

func parseTime(v driver.Value) time.Time {
	s, _ := v.(string)
	t, _ := time.Parse(timeFormat, s)
	return t
}
