package snapshot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
)

// ErrChanged is the error of a target whose tables another program has altered while rows were
// compared with them. The pass may begin again.
var ErrChanged = errors.New("another program has altered the file meanwhile")

// Publish makes the staged tables those of the target, and records the run, all in one
// transaction: readers go on with the old tables until it commits. Rows missing from the source are
// deleted unless keep is set. Tables that were not staged stay, and so do the columns, indexes, triggers
// and views that the user has made; those that can no longer work are named in the run. The warning is of
// the published file, and "" for none.
//
// With history, the rows that differ are recorded in the change history, of which older changes are forgotten.
func (s *Staging) Publish(keep bool, history time.Duration, run *snapshotfile.Run) (warning string, err error) {
	for _, t := range s.tables {
		if err := t.Release(); err != nil {
			return "", err
		}
	}
	if s.fresh {
		if err = s.publish(keep, history, run); err == nil {
			err = s.finalize()
		}
	} else {
		// Only now: a run that publishes nothing changes nothing, in anybody's file.
		if err = errors.Join(exec(s.conn, "COMMIT"), exec(s.conn, "PRAGMA main.journal_mode = WAL")); err == nil {
			err = inTx(s.conn, func() error { return s.publish(keep, history, run) })
		}
	}
	if err != nil {
		return "", fmt.Errorf("publish to %s: %w", s.file.path, explainSQLite(err))
	}
	if !s.fresh {
		warning = s.checkpoint()
	}
	return warning, nil
}

// tidy makes room, once the snapshot is published: a lack of room for that is not a failure any
// more. The log holds the changed pages, and is emptied. A reader who still needs it is not waited for
// long, as the next run empties it. One who has needed it since before this run lets it grow with each run,
// and is warned of; not so a program that replaces SQLite's checkpoints by its own, as Litestream does.
func (s *Staging) checkpoint() (warning string) {
	_ = exec(s.conn, "DETACH staging")
	_ = s.file.removeStaging()
	_ = exec(s.conn, "PRAGMA busy_timeout = 1000")
	_ = exec(s.conn, "PRAGMA optimize")
	return s.file.emptyLog(s.conn, s.walSize)
}

// emptyLog empties the log, and warns if that cannot be done and it has grown from so many bytes, above 0.
func (f *File) emptyLog(conn *sqlite3.SQLiteConn, before int64) (warning string) {
	busy, err := queryInt(conn, "PRAGMA wal_checkpoint(TRUNCATE)")
	_, log := Size(f.path)
	if err != nil || busy == 0 || before == 0 || log <= before {
		return ""
	}
	return fmt.Sprintf("another program has had a transaction open on the file since before this run, so the log, %s-wal, "+
		"cannot be emptied and has grown to %s: end that transaction, or that program",
		f.path, humanize.Bytes(uint64(log)))
}

func (s *Staging) publish(keep bool, history time.Duration, run *snapshotfile.Run) error {
	if !s.fresh {
		now, err := queryInt(s.conn, "PRAGMA main.schema_version")
		if err != nil {
			return err
		}
		if now != s.schemaVersion {
			return ErrChanged
		}
	}
	return snapshotfile.Lend(s.conn, func(db *sqlx.DB) error {
		ctx := context.Background()
		if err := snapshotfile.Create(ctx, db); err != nil {
			return err
		}
		var changes *snapshotfile.Changes
		if history > 0 {
			var err error
			if changes, err = snapshotfile.BeginChanges(ctx, db, run.Started); err != nil {
				return err
			}
		}

		// Columns first: what their change breaks must be out of the way before triggers fire for rows.
		if err := s.reshape(); err != nil {
			return err
		}
		for _, t := range s.tables {
			if err := t.publish(db, keep, changes); err != nil {
				return fmt.Errorf("%s: %w", t.Name, err)
			}
		}
		s.reportLost(run)
		if err := snapshotfile.InsertRun(ctx, db, run); err != nil {
			return err
		}
		if changes == nil {
			return nil
		}
		return changes.Prune(ctx, history)
	})
}

// reportLost names in a run what of the user's can no longer work.
func (s *Staging) reportLost(run *snapshotfile.Run) {
	for i := range run.Tables {
		r := &run.Tables[i]
		for _, t := range s.tables {
			if t.Name == r.Table {
				r.Lost, r.Warnings = t.lost, append(r.Warnings, t.warnings...)
			}
		}
	}
}

// reshape gives the tables whose columns differ from the view's the columns of the view.
func (s *Staging) reshape() error {
	for _, t := range s.tables {
		if t.old == nil || t.Drift == "" {
			continue
		}
		before, err := s.checkObjects(nil)
		if err == nil {
			err = t.reshape()
		}
		if err == nil {
			err = t.findBroken(before)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return nil
}

// publish makes the rows of a table those that were staged, and records what that changes, unless changes is nil.
func (t *Table) publish(db *sqlx.DB, keep bool, changes *snapshotfile.Changes) error {
	if changes != nil {
		if err := t.recordChanges(changes, keep); err != nil {
			return err
		}
	}
	if !t.staging.fresh {
		if t.old == nil {
			if err := exec(t.staging.conn, t.schema.CreateSQLite("main", t.Name)); err != nil {
				return err
			}
		}
		if err := t.apply(keep); err != nil {
			return err
		}
		if t.rebuildPending {
			if err := t.rebuildFullText(); err != nil {
				return err
			}
		}
	}
	if err := snapshotfile.SetColumns(context.Background(), db, t.Name, t.schema.Columns); err != nil {
		return err
	}
	return t.keepIndexes()
}

// recordChanges records how the staged rows differ from those of the target. Of a table that is new or has other
// columns nothing is recorded, and neither of one without a key, whose rows cannot be told apart.
func (t *Table) recordChanges(changes *snapshotfile.Changes, keep bool) error {
	if t.old == nil || t.Drift != "" {
		changes.MarkUnrecorded()
		return nil
	}
	if len(t.schema.Key) == 0 {
		return nil
	}

	return changes.Record(context.Background(), snapshotfile.Difference{
		Table: t.Name, Columns: columnNames(t.schema), Key: t.schema.Key,
		Live: "main." + schema.QuoteSQLite(t.Name), Staged: t.staged, Missing: t.missingRows(keep),
		Inserted: t.changes.Inserted, Updated: t.changes.Updated, Deleted: t.changes.Deleted, Before: t.changes.Before,
	})
}
