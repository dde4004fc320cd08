package snapshotfile

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jmoiron/sqlx"
)

// RecordedChange is an entry of the change history: the change of one row, or of many rows at once (see Bulk).
type RecordedChange struct {
	ID    int64           `json:"id"`
	Run   int64           `json:"run"`
	At    string          `json:"at"`
	Table string          `json:"table"`
	Op    string          `json:"op"`
	Key   json.RawMessage `json:"key"`
	Old   json.RawMessage `json:"old"`
	New   json.RawMessage `json:"new"`
}

// HasChanges reports whether a file has a change history, which may be empty.
func HasChanges(ctx context.Context, q sqlx.QueryerContext) (bool, error) {
	return hasTables(ctx, q, changesTable)
}

// ReadChanges calls each with the changes since a time, the oldest first. Without a table it reads those of all tables.
func ReadChanges(ctx context.Context, q sqlx.QueryerContext, table string, since time.Time,
	each func(RecordedChange) error,
) error {
	if exists, err := HasChanges(ctx, q); err != nil || !exists {
		return err
	}

	from := since.UTC().Format(timeFormat)
	rows, err := q.QueryxContext(ctx, selectSince, from, table)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()

	for rows.Next() {
		c, err := scanChange(rows)
		if err != nil {
			return err
		}

		if err := each(c); err != nil {
			return err
		}
	}

	return rows.Err()
}

// selectSince selects the changes since ?1 of the table ?2, or of all tables if that is empty. The condition on the ID
// lets SQLite begin at the first young change instead of reading the whole table.
const selectSince = selectChanges + ` WHERE at >= ?1 AND (?2 = '' OR "table" = ?2 COLLATE NOCASE)
	AND id >= (SELECT min(id) FROM main._sync_changes
		WHERE op IN ('insert', 'update', 'delete', 'bulk') AND at >= ?1) ORDER BY id`

// ChangedTables returns the names of the tables that have a change history.
func ChangedTables(ctx context.Context, q sqlx.QueryerContext) (names []string, err error) {
	if exists, err := HasChanges(ctx, q); err != nil || !exists {
		return nil, err
	}
	err = sqlx.SelectContext(ctx, q, &names, `SELECT DISTINCT "table" FROM main._sync_changes ORDER BY "table"`)
	return names, err
}

// ChangesSize returns how many changes a file has recorded, and about how many bytes they take, with the keys of rows
// that came in changes of OpBulk. Both are 0 without a change history.
func ChangesSize(ctx context.Context, q sqlx.QueryerContext) (rows, bytes int64, err error) {
	if exists, err := HasChanges(ctx, q); err != nil || !exists {
		return 0, 0, err
	}

	// The columns of fixed length and the indexes take some 100 bytes. An index holds the key a second time.
	err = q.QueryRowxContext(ctx, `SELECT count(*), coalesce(sum(100 + 2 * coalesce(octet_length(key), 0) +
		coalesce(octet_length(old), 0) + coalesce(octet_length(new), 0)), 0) FROM main._sync_changes`).Scan(&rows, &bytes)
	if err != nil {
		return 0, 0, err
	}

	hasBulkKeys, err := hasTables(ctx, q, bulkKeysTable)
	if err != nil || !hasBulkKeys {
		return rows, bytes, err
	}

	var keys int64
	err = sqlx.GetContext(ctx, q, &keys,
		`SELECT coalesce(sum(10 + octet_length("table") + octet_length(key)), 0) FROM main._sync_bulk_keys`)
	return rows, bytes + keys, err
}
