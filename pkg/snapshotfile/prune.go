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

// Prune forgets the changes that are older than keep, but for the last insert of each row that is still in its table:
// it says since when the row has been there. It is to be called once the run is recorded.
//
// There may be as many such inserts as rows. So each is looked at once, when it becomes old: the run remembers until
// when that has been done, and how many were kept. Later an insert goes when the run records that its row is deleted or
// inserted again. All are looked at again if rows may have gone unrecorded, as in a run without a history, or if their
// number is another one.
func (c *Changes) Prune(ctx context.Context, keep time.Duration) error {
	started, err := parseTime(c.at)
	if err != nil {
		return err
	}
	p := pruning{Changes: c, before: started.Add(-keep).Format(timeFormat)}
	if err := p.prune(ctx); err != nil {
		return fmt.Errorf("prune the change history: %w", err)
	}
	return nil
}

type pruning struct {
	*Changes
	before string // older changes go
}

func (p *pruning) prune(ctx context.Context) error {
	done, err := p.prunedUntil(ctx)
	if err != nil {
		return err
	}
	_, err = p.db.ExecContext(ctx,
		"DELETE FROM main._sync_changes WHERE op IN ('update', 'delete', 'bulk') AND at < ?", p.before)
	if err != nil {
		return err
	}
	// Inserts of rows that this run has deleted, or inserted again.
	_, err = p.db.ExecContext(ctx, `DELETE FROM main._sync_changes WHERE id IN (SELECT o.id FROM main._sync_changes AS c
		CROSS JOIN main._sync_changes AS o ON o."table" = c."table" AND o.key = c.key
		WHERE c.op IN ('insert', 'delete') AND c.at = ? AND o.op = 'insert' AND o.at < ? AND o.id < c.id)`, p.at, p.before)
	if err != nil {
		return err
	}

	var tables []string
	err = sqlx.SelectContext(ctx, p.db, &tables,
		`SELECT DISTINCT "table" FROM main._sync_changes WHERE op = 'insert' AND at >= ? AND at < ?`, done, p.before)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if err := p.pruneInserts(ctx, table, done); err != nil {
			return err
		}
	}
	_, err = p.db.ExecContext(ctx, `UPDATE main._sync_runs SET history_from = ?1, history_kept = (
		SELECT count(*) FROM main._sync_changes WHERE op = 'insert' AND at < ?1) WHERE id = ?2`, p.before, p.run)
	return err
}

// pruned is until when inserts have been looked at already; "" for not at all.
func (p *pruning) prunedUntil(ctx context.Context) (string, error) {
	if p.unrecorded {
		return "", nil
	}
	var last struct {
		From string `db:"history_from"`
		Same bool
	}
	err := sqlx.GetContext(ctx, p.db, &last, `SELECT coalesce(history_from, '') AS history_from, coalesce(history_kept = (
			SELECT count(*) FROM main._sync_changes WHERE op = 'insert' AND at < history_from), 0) AS same
		FROM main._sync_runs WHERE status = 'ok' AND id < ? ORDER BY id DESC LIMIT 1`, p.run)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !last.Same {
		return "", nil
	}
	return last.From, err
}

// pruneInserts looks at the inserts of a table from a time on.
func (p *pruning) pruneInserts(ctx context.Context, table, from string) error {
	t, err := liveKey(ctx, p.db, table)
	if err != nil {
		return err
	}
	stale := ""
	if len(t.Key) > 0 { // without a key the table is gone, or its rows can no longer be told apart
		stale = ` AND (EXISTS (SELECT 1 FROM main._sync_changes AS l WHERE l."table" = c."table" AND l.key = c.key
				AND l.op = 'insert' AND l.id > c.id)
			OR NOT EXISTS (SELECT 1 FROM main.` + schema.QuoteSQLite(table) + " AS t WHERE " + hasKey(t) + "))"
	}
	_, err = p.db.ExecContext(ctx, `DELETE FROM main._sync_changes AS c
		WHERE c.op = 'insert' AND c.at >= ? AND c.at < ? AND c."table" = ?`+stale, from, p.before, table)
	return err
}

// liveKey is a table of the file with the columns of its key alone.
func liveKey(ctx context.Context, q sqlx.QueryerContext, table string) (t schema.Table, err error) {
	var found []struct{ Name, Type string }
	err = sqlx.SelectContext(ctx, q, &found,
		"SELECT name, type FROM pragma_table_info(?, 'main') WHERE pk > 0 ORDER BY pk", table)
	for _, f := range found {
		t.Key = append(t.Key, f.Name)
		t.Columns = append(t.Columns, schema.Column{Name: f.Name, Type: f.Type})
	}
	return t, err
}

// hasKey is the condition that a row t of a table has the key of a change c.
func hasKey(t schema.Table) string {
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
