package snapshotfile

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

const (
	historyTable  = "_sync_history"
	bulkKeysTable = "_sync_bulk_keys"
)

// Recorded says which changes of a table the change history has.
type Recorded struct {
	Table string   // as the history names it
	Key   []string // columns whose values identify a row in the history

	// Since is the start of the run from which on each new row is recorded, as an insert or among the bulk keys. A row
	// that is in neither was in the table when that run was published.
	Since time.Time
	// From is the time before which changes are forgotten, except the last insert of each row. It is zero if none are.
	From time.Time
}

// RecordedOf says which changes of a table the history has; nil if it has none of this table.
func RecordedOf(ctx context.Context, q sqlx.QueryerContext, table string) (*Recorded, error) {
	has, err := hasTables(ctx, q, changesTable, historyTable, bulkKeysTable)
	if err != nil || !has {
		return nil, err
	}

	var found struct{ Table, Key, Since string }
	err = sqlx.GetContext(ctx, q, &found, `SELECT "table", key, since FROM main._sync_history WHERE "table" = ?`, table)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}

	r := &Recorded{Table: found.Table}
	if err := json.Unmarshal([]byte(found.Key), &r.Key); err != nil {
		return nil, fmt.Errorf("read the key of the change history: %w", err)
	}
	if r.Since, err = parseTime(found.Since); err != nil {
		return nil, err
	}

	r.From, err = RecordedFrom(ctx, q)
	return r, err
}

// RecordedFrom returns the time before which the changes of all tables are forgotten, as Recorded.From has it. What a
// run has forgotten stays forgotten, even if later runs keep more or have no history.
func RecordedFrom(ctx context.Context, q sqlx.QueryerContext) (from time.Time, err error) {
	has, err := hasTables(ctx, q, changesTable, historyTable)
	if err != nil || !has {
		return from, err
	}

	var found sql.NullString
	err = sqlx.GetContext(ctx, q, &found, "SELECT max(history_from) FROM main._sync_runs WHERE status = 'ok'")
	if err != nil || !found.Valid {
		return from, err
	}
	return parseTime(found.String)
}

// Follow notes that the changes of a table are recorded from this run on, if they were not before, or were recorded
// under another key. With restart they count as not recorded before: rows may have come unrecorded. The changes of a
// table without a key cannot be recorded.
func (c *Changes) Follow(ctx context.Context, table string, key []string, restart bool) error {
	if len(key) == 0 {
		return forgetRecorded(ctx, c.db, []string{table})
	}

	// A table that is now named in another case keeps the name that its changes have.
	table, err := c.recordedName(ctx, table)
	if err != nil {
		return err
	}

	result, err := c.db.ExecContext(ctx, `INSERT INTO main._sync_history ("table", key, since) VALUES (?1, ?2, ?3)
		ON CONFLICT DO UPDATE SET key = excluded.key, since = excluded.since WHERE ?4 OR key <> excluded.key`,
		table, encodeTexts(key), c.at, restart)
	if err != nil {
		return err
	}

	// A history that begins now needs no keys of earlier rows.
	if begins, err := result.RowsAffected(); err != nil || begins == 0 {
		return err
	}
	_, err = c.db.ExecContext(ctx, `DELETE FROM main._sync_bulk_keys WHERE "table" = ?`, table)
	return err
}

// recordedName returns the name that the history knows a table by, which may differ from the given one in case.
func (c *Changes) recordedName(ctx context.Context, table string) (name string, err error) {
	err = sqlx.GetContext(ctx, c.db, &name, `SELECT coalesce((SELECT "table" FROM main._sync_history WHERE "table" = ?1),
		?1)`, table)
	if err != nil {
		return "", fmt.Errorf("read which tables have a history: %w", err)
	}
	return name, nil
}

// ForgetRecorded notes that a run without a history has changed rows of tables.
func ForgetRecorded(ctx context.Context, db sqlx.ExtContext, tables []string) error {
	has, err := hasTables(ctx, db, historyTable, bulkKeysTable)
	if err != nil || !has {
		return err
	}
	return forgetRecorded(ctx, db, tables)
}

// forgetRecorded is ForgetRecorded for a file that has the tables of the history.
func forgetRecorded(ctx context.Context, db sqlx.ExtContext, tables []string) error {
	for _, from := range []string{historyTable, bulkKeysTable} {
		_, err := db.ExecContext(ctx, "DELETE FROM main."+from+` WHERE "table" COLLATE NOCASE IN
			(SELECT value FROM json_each(?))`, encodeTexts(tables))
		if err != nil {
			return err
		}
	}
	return nil
}

// StreamBulkKeys calls each with the keys of the rows of a table that came in changes of OpBulk, and the ids of these
// changes: the last one of each row. The key is a JSON object. Rows that are gone may be among them.
func StreamBulkKeys(ctx context.Context, q sqlx.QueryerContext, table string,
	each func(key string, change int64),
) error {
	rows, err := q.QueryxContext(ctx, `SELECT key, change FROM main._sync_bulk_keys WHERE "table" = ?`, table)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()

	for rows.Next() {
		var key string
		var change int64
		if err := rows.Scan(&key, &change); err != nil {
			return err
		}
		each(key, change)
	}
	return rows.Err()
}

// StreamedChange is a change of one row as StreamChanges gives it.
type StreamedChange struct {
	ID, Run int64
	Op      string // OpInsert, OpUpdate, OpDelete or OpBulk
	Key     string // a JSON object; "" for OpBulk
	Old     string // a JSON object; "" for OpInsert and OpBulk
	New     string // a JSON object; "" for OpInsert and OpDelete
}

// streamedOps are the ops of StreamedChange, by the number that the statement gives them.
var streamedOps = [...]string{OpInsert, OpUpdate, OpDelete, OpBulk}

// StreamChanges calls each for the changes of a table's rows that were recorded after the change `after` by runs up to
// lastRun (0 for all runs), the oldest first. A change is valid until each returns. StreamChanges reads through the
// driver's own interface, which takes half the time.
func StreamChanges(ctx context.Context, conn *sqlx.Conn, table string, after, lastRun int64,
	each func(*StreamedChange) error,
) error {
	return conn.Raw(func(dc any) error {
		rows, err := dc.(driver.QueryerContext).QueryContext(ctx, selectAfter, []driver.NamedValue{
			{Ordinal: 1, Value: after}, {Ordinal: 2, Value: table}, {Ordinal: 3, Value: lastRun},
		})
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()

		var c StreamedChange
		raw := make([]driver.Value, 6)
		for {
			switch err := rows.Next(raw); {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return err
			}

			// A NULL becomes an empty text.
			c.ID, _ = raw[0].(int64)
			c.Run, _ = raw[1].(int64)
			op, _ := raw[2].(int64)
			c.Op = streamedOps[op]
			c.Key, _ = raw[3].(string)
			c.Old, _ = raw[4].(string)
			c.New, _ = raw[5].(string)
			if err := each(&c); err != nil {
				return err
			}
		}
	})
}

// selectAfter selects the changes of the table ?2 after the change ?1. The plus keeps SQLite from reading all changes
// of the table by their index.
const selectAfter = `SELECT id, run,
	CASE op WHEN 'insert' THEN 0 WHEN 'update' THEN 1 WHEN 'delete' THEN 2 ELSE 3 END, key, old, new
	FROM main._sync_changes WHERE id > ?1 AND +"table" = ?2 AND (?3 = 0 OR run <= ?3) ORDER BY id`

// RunsOf returns the starts of the runs that the history refers to, by their ids.
func RunsOf(ctx context.Context, q sqlx.QueryerContext) (map[int64]time.Time, error) {
	var found []struct {
		ID      int64
		Started string
	}
	if err := sqlx.SelectContext(ctx, q, &found, "SELECT id, started FROM main._sync_runs"); err != nil {
		return nil, err
	}

	runs := make(map[int64]time.Time, len(found))
	for _, f := range found {
		started, err := parseTime(f.Started)
		if err != nil {
			return nil, err
		}
		runs[f.ID] = started
	}

	return runs, nil
}

// ReadChangesByID reads changes of a table, in the order of ids. It leaves out a change that is no longer remembered,
// and all of them if the history of the table did not begin at since: then the file is another one. Long texts are
// truncated.
func ReadChangesByID(ctx context.Context, q sqlx.QueryerContext, table string, since time.Time, ids []int64) (
	[]RecordedChange, error,
) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}

	rows, err := q.QueryxContext(ctx, selectByID, table, since.UTC().Format(timeFormat), string(list))
	if err != nil {
		return nil, err
	}
	changes, err := scanChanges(rows)
	slices.SortFunc(changes, func(a, b RecordedChange) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	return changes, err
}

// ReadRowChanges reads the changes of the row whose key columns have these values, the newest first: at most limit of
// those that are older than the change before, or of all if before is 0. A value is as the file may store it: int64,
// float64, string or []byte. If a column has several values, any of them may be the stored one. Apart from that it
// reads as ReadChangesByID does.
func ReadRowChanges(ctx context.Context, q sqlx.QueryerContext, table string, since time.Time, columns []string,
	values [][]any, before int64, limit int,
) ([]RecordedChange, error) {
	args := []any{table, since.UTC().Format(timeFormat), before, limit}

	// Combine each value of a column with each value of the columns before it.
	keys := [][]string{nil} // the members of each key that the row may have
	for i, column := range columns {
		var extended [][]string
		for _, v := range values[i] {
			args = append(args, v)
			member := memberName(column) + " || " + valueJSON(fmt.Sprintf("?%d", len(args)), "")
			for _, k := range keys {
				extended = append(extended, append(slices.Clone(k), member))
			}
		}
		keys = extended
	}

	joined := make([]string, len(keys))
	for i, members := range keys {
		joined[i] = joinMembers(members)
	}

	rows, err := q.QueryxContext(ctx, selectOfRow(joined...), args...)
	if err != nil {
		return nil, err
	}
	return scanChanges(rows)
}

const selectChanges = `SELECT id, run, at, "table", op, key, old, new FROM main._sync_changes`

// Limits of what selectShort reads of one change.
const (
	shortDocument = 16 << 10 // bytes of a JSON object that is read as it is
	shortText     = 1001     // characters of a text in a longer one
)

// selectShort selects changes of the history of the table ?1, unless it began at another time than ?2.
var selectShort = fmt.Sprintf(`SELECT id, run, at, "table", op, key, %s AS old, %s AS new FROM main._sync_changes
	WHERE EXISTS (SELECT 1 FROM main._sync_history AS h WHERE h."table" = ?1 AND h.since = ?2)`,
	truncated("old"), truncated("new"))

// selectByID selects the changes with the ids of the JSON array ?3. The plus keeps SQLite from reading all changes of
// the table by their index.
var selectByID = selectShort + ` AND +"table" = ?1 AND id IN (SELECT value FROM json_each(?3))`

// selectOfRow returns the statement for the changes of a row that has one of these keys, which are SQL expressions: at
// most ?4, the newest first, of those that are older than the change ?3, or of all if that is 0.
func selectOfRow(keys ...string) string {
	return selectShort + ` AND "table" = ?1 AND key IN (` + strings.Join(keys, ", ") + `)
		AND (?3 = 0 OR id < ?3) ORDER BY id DESC LIMIT ?4`
}

// truncated returns an SQL expression for a JSON object or NULL; in a long object, texts are truncated.
func truncated(column string) string {
	return fmt.Sprintf(`CASE WHEN octet_length(%[1]s) > %[2]d THEN (SELECT json_group_object(key, CASE type
		WHEN 'text' THEN substr(value, 1, %[3]d) WHEN 'object' THEN json(value) ELSE value END) FROM json_each(%[1]s))
		ELSE %[1]s END`, column, shortDocument, shortText)
}

// scanChanges reads all rows of a statement with the columns of selectChanges, and closes them.
func scanChanges(rows *sqlx.Rows) (changes []RecordedChange, err error) {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		c, err := scanChange(rows)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	return changes, rows.Err()
}

// scanChange reads the current row. A NULL becomes a nil object.
func scanChange(rows *sqlx.Rows) (c RecordedChange, err error) {
	var key, before, after sql.NullString
	if err := rows.Scan(&c.ID, &c.Run, &c.At, &c.Table, &c.Op, &key, &before, &after); err != nil {
		return c, err
	}

	for into, text := range map[*json.RawMessage]sql.NullString{&c.Key: key, &c.Old: before, &c.New: after} {
		if text.Valid {
			*into = json.RawMessage(text.String)
		}
	}
	return c, nil
}
