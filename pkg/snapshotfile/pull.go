package snapshotfile

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// PullRecord is what a file records about the download that it was made from.
type PullRecord struct {
	ETag       string
	HasOwnRuns bool `db:"has_own_runs"` // syncer has made runs in the file since the download
}

// ReadPull reads from which download a file was made; nil if it was not downloaded.
func ReadPull(ctx context.Context, q sqlx.QueryerContext) (*PullRecord, error) {
	if exists, err := hasTables(ctx, q, "_sync_pull", "_sync_runs"); err != nil || !exists {
		return nil, err
	}

	var p PullRecord
	err := sqlx.GetContext(ctx, q, &p, `SELECT coalesce(max(etag), '') AS etag,
		count(*) <> 1 OR max(last_run) IS NOT (SELECT max(id) FROM main._sync_runs) AS has_own_runs FROM main._sync_pull`)
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// MarkPulled records in a file that it was made from the download with this ETag. A record that came with the download
// is replaced: the server's own file may have been downloaded once.
func MarkPulled(ctx context.Context, db sqlx.ExtContext, etag string) error {
	for _, q := range []string{
		"DROP TABLE IF EXISTS main._sync_pull",
		"CREATE TABLE main._sync_pull (etag TEXT NOT NULL, last_run INTEGER NOT NULL)",
	} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return err
		}
	}

	_, err := db.ExecContext(ctx, "INSERT INTO main._sync_pull SELECT ?, max(id) FROM main._sync_runs", etag)
	return err
}
