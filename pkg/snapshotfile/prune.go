package snapshotfile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/schema"
)

// Prune deletes the changes that are older than keep, except the last insert of each row that is still in its table,
// which says since when the row has been there, and the last bulk change that added rows. Call it after InsertRun.
//
// There may be as many such inserts as rows, so each is examined only once, when it becomes old. The run records until
// which time that was done and how many inserts were kept. Later an insert is deleted when its row is deleted or
// inserted again. Prune examines all of them again if rows may have been deleted unrecorded, as by a run without a
// history, or if their number is no longer the recorded one.
func (c *Changes) Prune(ctx context.Context, keep time.Duration) error {
	started, err := parseTime(c.at)
	if err != nil {
		return err
	}

	p := historyPruning{Changes: c, before: started.Add(-keep).Format(timeFormat)}
	if err := p.prune(ctx); err != nil {
		return fmt.Errorf("prune the change history: %w", err)
	}
	return nil
}

// historyPruning is one call of Prune.
type historyPruning struct {
	*Changes
	before string // changes before this time are old
}

// prune is Prune without the context of its errors.
func (p *historyPruning) prune(ctx context.Context) error {
	prunedUntil, err := p.prunedUntil(ctx)
	if err != nil {
		return err
	}

	// Delete old changes except inserts. The last bulk change that added rows stays, since bulk keys refer to it: SQLite
	// would give its id, and those before it, to later changes again.
	_, err = p.db.ExecContext(ctx, `DELETE FROM main._sync_changes WHERE op IN ('update', 'delete', 'bulk') AND at < ?
		AND id <> coalesce((SELECT max(id) FROM main._sync_changes WHERE op = 'bulk' AND new ->> '$.inserted' > 0), 0)`,
		p.before)
	if err != nil {
		return err
	}

	// Delete the old inserts of rows that this run has deleted, or inserted again.
	_, err = p.db.ExecContext(ctx, `DELETE FROM main._sync_changes WHERE id IN (SELECT o.id FROM main._sync_changes AS c
		CROSS JOIN main._sync_changes AS o ON o."table" = c."table" AND o.key = c.key
		WHERE c.op IN ('insert', 'delete') AND c.at = ? AND o.op = 'insert' AND o.at < ? AND o.id < c.id)`, p.at, p.before)
	if err != nil {
		return err
	}

	// Examine the inserts that have become old since the last run.
	var tables []string
	err = sqlx.SelectContext(ctx, p.db, &tables,
		`SELECT DISTINCT "table" FROM main._sync_changes WHERE op = 'insert' AND at >= ? AND at < ?`, prunedUntil, p.before)
	if err != nil {
		return err
	}

	for _, table := range tables {
		if err := p.pruneInserts(ctx, table, prunedUntil); err != nil {
			return err
		}
	}

	// Record for the next run until when inserts are examined, and how many of them are kept.
	_, err = p.db.ExecContext(ctx, `UPDATE main._sync_runs SET history_from = ?1, history_kept = (
		SELECT count(*) FROM main._sync_changes WHERE op = 'insert' AND at < ?1) WHERE id = ?2`, p.before, p.run)
	return err
}

// prunedUntil returns the time until which old inserts have been examined already; "" if all must be examined.
func (p *historyPruning) prunedUntil(ctx context.Context) (string, error) {
	if p.unrecorded {
		return "", nil
	}

	var last struct {
		From string `db:"history_from"`
		Same bool   // as many old inserts are there as the run kept
	}

	err := sqlx.GetContext(ctx, p.db, &last, `SELECT coalesce(history_from, '') AS history_from, coalesce(history_kept = (
			SELECT count(*) FROM main._sync_changes WHERE op = 'insert' AND at < history_from), 0) AS same
		FROM main._sync_runs WHERE status = 'ok' AND id < ? ORDER BY id DESC LIMIT 1`, p.run)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !last.Same {
		return "", nil
	}
	return last.From, err
}

// pruneInserts deletes the inserts of a table between the times from and p.before whose rows are no longer in the table
// or were inserted again.
func (p *historyPruning) pruneInserts(ctx context.Context, table, from string) error {
	t, err := readLiveKey(ctx, p.db, table)
	if err != nil {
		return err
	}

	// If the table was dropped or has lost its key, no insert can be matched with a row: delete all.
	stale := ""
	if len(t.Key) > 0 {
		stale = ` AND (EXISTS (SELECT 1 FROM main._sync_changes AS l WHERE l."table" = c."table" AND l.key = c.key
				AND l.op = 'insert' AND l.id > c.id)
			OR NOT EXISTS (SELECT 1 FROM main.` + schema.QuoteSQLite(table) + " AS t WHERE " + hasKeyOfChange(t) + "))"
	}

	_, err = p.db.ExecContext(ctx, `DELETE FROM main._sync_changes AS c
		WHERE c.op = 'insert' AND c.at >= ? AND c.at < ? AND c."table" = ?`+stale, from, p.before, table)
	return err
}

// readLiveKey reads a table of the file, with the columns of its key alone.
func readLiveKey(ctx context.Context, q sqlx.QueryerContext, table string) (t schema.Table, err error) {
	var found []struct{ Name, Type string }
	err = sqlx.SelectContext(ctx, q, &found,
		"SELECT name, type FROM pragma_table_info(?, 'main') WHERE pk > 0 ORDER BY pk", table)
	for _, f := range found {
		t.Key = append(t.Key, f.Name)
		t.Columns = append(t.Columns, schema.Column{Name: f.Name, Type: f.Type})
	}
	return t, err
}

// hasKeyOfChange is the condition that a row t of a table has the key of a change c.
func hasKeyOfChange(t schema.Table) string {
	conditions := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		value := "value"
		if strings.EqualFold(c.Type, "BLOB") {
			value = "unhex(value)"
		}
		conditions[i] = "t." + schema.QuoteSQLite(c.Name) + " = (SELECT " + value + " FROM json_each(c.key) WHERE key = '" +
			strings.ReplaceAll(c.Name, "'", "''") + "')"
	}
	return strings.Join(conditions, " AND ")
}
