package snapshotfile

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/schema"
)

const changesTable = "_sync_changes"

// createChanges creates the tables of the change history. One index serves the history of a row, the other finds what
// to prune.
var createChanges = []string{
	`CREATE TABLE IF NOT EXISTS main._sync_changes (id INTEGER PRIMARY KEY, run INTEGER NOT NULL, at TEXT NOT NULL,
		"table" TEXT NOT NULL, key TEXT, op TEXT NOT NULL, old TEXT, new TEXT)`,
	`CREATE INDEX IF NOT EXISTS main._sync_changes_key ON _sync_changes ("table", key)`,
	`CREATE INDEX IF NOT EXISTS main._sync_changes_at ON _sync_changes (op, at)`,
	`CREATE TABLE IF NOT EXISTS main._sync_history ("table" TEXT PRIMARY KEY COLLATE NOCASE, key TEXT NOT NULL,
		since TEXT NOT NULL) WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS main._sync_bulk_keys ("table" TEXT COLLATE NOCASE, key TEXT, change INTEGER NOT NULL,
		PRIMARY KEY ("table", key)) WITHOUT ROWID`,
}

// Kinds of changes of one row.
const (
	OpInsert = "insert"
	OpUpdate = "update"
	OpDelete = "delete"
)

// OpBulk is the kind of a change that stands for all changes of a run to a table, when they are too many to record one
// by one.
const OpBulk = "bulk"

// BlobLimit is how many bytes of a BLOB the change history keeps, as hex. Of a longer one it keeps an object with the
// length and the first bytes.
const BlobLimit = 4096

// A run that changes more than bulkRows rows of a table, and more than one in bulkShare, is recorded as one change.
const (
	bulkRows  = 10_000
	bulkShare = 10
)

// Changes records how the rows of a run differ from those in the file.
type Changes struct {
	db  sqlx.ExtContext
	run int64
	at  string

	unrecorded bool // rows may have been inserted or deleted that are not recorded one by one
}

// BeginChanges creates the change history if the file has none yet. Call it in the publishing transaction, after
// CreateTables. That transaction must end with InsertRun, which records the run under the ID that the changes have.
func BeginChanges(ctx context.Context, db sqlx.ExtContext, started time.Time) (*Changes, error) {
	// A file of an earlier version does not say which rows came in changes of OpBulk: its tables are followed from now on.
	hasBulkKeys, err := hasTables(ctx, db, bulkKeysTable)
	if err != nil {
		return nil, err
	}
	if !hasBulkKeys {
		if _, err := db.ExecContext(ctx, "DROP TABLE IF EXISTS main."+historyTable); err != nil {
			return nil, err
		}
	}

	for _, q := range createChanges {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return nil, err
		}
	}

	id, err := nextRunID(ctx, db)
	return &Changes{db: db, run: id, at: started.UTC().Format(timeFormat)}, err
}

// Difference is what a run is about to change in a table that has a key. Live and Staged are table names as SQL writes
// them: the table in the file, and one that holds at least the new and the changed rows.
type Difference struct {
	Table        string
	Columns, Key []string // the view's; columns that the user has added are not recorded
	Live, Staged string
	Missing      string // condition on the rows t of Live that are about to be deleted; "" for none

	Inserted, Updated, Deleted int64
	Before                     int64 // rows in Live
}

// MarkUnrecorded notes that rows of a table change without being recorded: the table is new, is created again, or has
// other columns.
func (c *Changes) MarkUnrecorded() { c.unrecorded = true }

// Record records a difference. Call it after Follow, and before the difference is applied.
func (c *Changes) Record(ctx context.Context, d Difference) (err error) {
	n := d.Inserted + d.Updated + d.Deleted
	if n == 0 {
		return nil
	}

	if d.Table, err = c.recordedName(ctx, d.Table); err != nil {
		return err
	}
	if n > max(bulkRows, d.Before/bulkShare) {
		c.unrecorded = true
		return c.recordBulk(ctx, d)
	}

	target := `INSERT INTO main._sync_changes (run, at, "table", op, key, old, new) SELECT ?, ?, ?, ?, `

	// In both, each staged row s meets the row t of the file with its key. CROSS makes SQLite begin with the staged rows.
	both := d.Staged + " AS s CROSS JOIN " + d.Live + " AS t ON " + schema.SameColumnsSQLite(d.Key, "t.", "s.")
	var statements []struct{ op, query string }
	add := func(op, query string) { statements = append(statements, struct{ op, query string }{op, query}) }

	// A deleted row is recorded whole, an updated one with the columns that differ, a new one by its key alone.
	if d.Missing != "" {
		add(OpDelete, keyJSON(d.Key, "t.")+", "+rowJSON(d.Columns, "t.")+", NULL FROM "+d.Live+" AS t WHERE "+d.Missing)
	}
	if values := d.nonKeyColumns(); len(values) > 0 {
		add(OpUpdate, keyJSON(d.Key, "s.")+", "+changedJSON(values, "t.")+", "+changedJSON(values, "s.")+
			" FROM "+both+" WHERE "+schema.AnyConditionSQLite(differsConditions(values)))
	}

	add(OpInsert, keyJSON(d.Key, "s.")+", NULL, NULL FROM "+d.newRows())

	for _, s := range statements {
		if _, err := c.db.ExecContext(ctx, target+s.query, c.run, c.at, d.Table, s.op); err != nil {
			return fmt.Errorf("record changes: %w", err)
		}
	}

	return nil
}

// newRows are the rows s that Live does not have, as a FROM clause.
func (d Difference) newRows() string {
	return d.Staged + " AS s WHERE NOT EXISTS (SELECT 1 FROM " + d.Live + " AS t WHERE " +
		schema.SameColumnsSQLite(d.Key, "t.", "s.") + ")"
}

// nonKeyColumns returns the columns that are not part of the key.
func (d Difference) nonKeyColumns() (names []string) {
	for _, c := range d.Columns {
		if !slices.Contains(d.Key, c) {
			names = append(names, c)
		}
	}
	return names
}

// Bulk is the record of many changes at once: how many rows were inserted, updated and deleted, and for each column how
// many rows have a new value in it.
type Bulk struct {
	Inserted int64            `json:"inserted"`
	Updated  int64            `json:"updated"`
	Deleted  int64            `json:"deleted"`
	Columns  map[string]int64 `json:"columns"`
}

// recordBulk records a difference as one change. It counts for each column how many rows have a new value in it.
func (c *Changes) recordBulk(ctx context.Context, d Difference) error {
	b := Bulk{Inserted: d.Inserted, Updated: d.Updated, Deleted: d.Deleted, Columns: map[string]int64{}}

	if values := d.nonKeyColumns(); len(values) > 0 && d.Updated > 0 {
		counts := make([]int64, len(values))
		into := make([]any, len(values))
		for i := range counts {
			into[i] = &counts[i]
		}

		sums := "coalesce(sum(" + strings.Join(differsConditions(values), "), 0), coalesce(sum(") + "), 0)"
		row := c.db.QueryRowxContext(ctx, "SELECT "+sums+" FROM "+d.Staged+" AS s CROSS JOIN "+d.Live+" AS t ON "+
			schema.SameColumnsSQLite(d.Key, "t.", "s."))
		if err := row.Scan(into...); err != nil {
			return fmt.Errorf("count changes: %w", err)
		}
		for i, n := range counts {
			if n > 0 {
				b.Columns[values[i]] = n
			}
		}
	}

	text, err := json.Marshal(b)
	if err != nil {
		return err
	}

	// Without new rows, there are no keys to record for this change.
	result, err := c.db.ExecContext(ctx,
		`INSERT INTO main._sync_changes (run, at, "table", op, new) VALUES (?, ?, ?, ?, ?)`,
		c.run, c.at, d.Table, OpBulk, string(text))
	if err != nil || d.Inserted == 0 {
		return err
	}

	change, err := result.LastInsertId()
	if err != nil {
		return err
	}
	return c.recordBulkKeys(ctx, d, change)
}

// recordBulkKeys records the keys of the rows that a change of OpBulk adds. Readers then know that these rows were not
// in the table when the history began.
func (c *Changes) recordBulkKeys(ctx context.Context, d Difference, change int64) error {
	live, err := readLiveKey(ctx, c.db, d.Table)
	if err != nil {
		return err
	}

	// The keys of rows that this run deletes stay: a program that read the table before this run still needs them.
	_, err = c.db.ExecContext(ctx, `DELETE FROM main._sync_bulk_keys AS c WHERE "table" = ? AND NOT EXISTS (
		SELECT 1 FROM `+d.Live+" AS t WHERE "+hasKeyOfChange(live)+")", d.Table)
	if err != nil {
		return fmt.Errorf("forget the keys of rows that are gone: %w", err)
	}

	_, err = c.db.ExecContext(ctx, `INSERT OR REPLACE INTO main._sync_bulk_keys ("table", key, change)
		SELECT ?, `+keyJSON(d.Key, "s.")+", ? FROM "+d.newRows(), d.Table, change)
	if err != nil {
		return fmt.Errorf("record the keys of many new rows: %w", err)
	}
	return nil
}

// keyJSON is a SQL expression for the JSON object of a row's key. Keys are kept whole, whatever their length.
func keyJSON(columns []string, alias string) string {
	members := make([]string, len(columns))
	for i, c := range columns {
		members[i] = memberName(c) + " || " + valueJSON(alias+schema.QuoteSQLite(c), "")
	}
	return joinMembers(members)
}

// rowJSON is a SQL expression for the JSON object of a row's columns.
func rowJSON(columns []string, alias string) string {
	members := make([]string, len(columns))
	for i, c := range columns {
		members[i] = memberName(c) + " || " + limitedValueJSON(alias+schema.QuoteSQLite(c))
	}
	return joinMembers(members)
}

// changedJSON is a SQL expression for the JSON object of the columns that differ between the rows t and s.
func changedJSON(columns []string, alias string) string {
	members := make([]string, len(columns))
	differs := differsConditions(columns)
	for i, c := range columns {
		members[i] = "CASE WHEN " + differs[i] + " THEN " + memberName(c) + " || " +
			limitedValueJSON(alias+schema.QuoteSQLite(c)) + " END"
	}
	return joinMembers(members)
}

// memberName is a SQL text literal: the name of a member of a JSON object, with its colon.
func memberName(name string) string {
	var quoted strings.Builder
	e := json.NewEncoder(&quoted)
	e.SetEscapeHTML(false)
	_ = e.Encode(name) // a string always encodes
	return "'" + strings.ReplaceAll(strings.TrimSpace(quoted.String()), "'", "''") + ":'"
}

// joinMembers joins the members of a JSON object and leaves out those that are NULL. A function of SQLite takes few
// arguments, so many members are joined in groups. Few members are not, since each level copies values that may be
// large.
func joinMembers(members []string) string {
	if len(members) > groupSize {
		var groups []string
		for m := range slices.Chunk(members, groupSize) {
			groups = append(groups, "nullif(concat_ws(',', "+strings.Join(m, ", ")+"), '')")
		}

		members = groups
	}
	return "concat('{', concat_ws(',', " + strings.Join(members, ", ") + "), '}')"
}

// groupSize is how many expressions are joined at a time.
const groupSize = 100

// limitedValueJSON is a SQL expression for a value as JSON. It shortens a long BLOB to BlobLimit bytes.
// SQLite writes a REAL with the fewest digits that read back as the same number.
func limitedValueJSON(value string) string {
	return valueJSON(value, fmt.Sprintf("WHEN length(%[1]s) > %[2]d THEN "+
		`'{"bytes":' || length(%[1]s) || ',"hex":"' || hex(substr(%[1]s, 1, %[2]d)) || '"}' `, value, BlobLimit))
}

// valueJSON is a SQL expression for a value as JSON. longBlob is a WHEN clause that writes long BLOBs; without one they
// are written whole.
func valueJSON(value, longBlob string) string {
	return fmt.Sprintf("CASE WHEN typeof(%[1]s) <> 'blob' THEN json_quote(%[1]s) %[2]s"+
		`ELSE '"' || hex(%[1]s) || '"' END`, value, longBlob)
}

// differsConditions returns for each column the condition that the rows t and s have different values.
func differsConditions(columns []string) []string {
	conditions := make([]string, len(columns))
	for i, c := range columns {
		conditions[i] = "t." + schema.QuoteSQLite(c) + " IS NOT s." + schema.QuoteSQLite(c)
	}
	return conditions
}
