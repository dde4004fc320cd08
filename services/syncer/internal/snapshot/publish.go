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

// ErrChanged is the error for a target whose tables another program has altered while rows were compared with them. The
// run may begin again.
var ErrChanged = errors.New("another program has altered the file meanwhile")

// Publish gives the target the staged tables and records the run, all in one transaction: readers see the old tables
// until it commits. Rows missing from the source are deleted unless keep is set. Tables that were not staged stay. So
// do the columns, indexes, triggers and views that the user has made; the run names those that no longer work. The
// warning is about the published file; it is "" for none.
//
// With history, Publish records the rows that differ in the change history, and deletes the changes that are older.
func (s *Staging) Publish(keep bool, history time.Duration, run *snapshotfile.Run) (warning string, err error) {
	// No more rows come: free what writing them has needed.
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
		// End the transaction in which rows were compared with the target, and begin one that writes to it. WAL mode is set
		// only now: a run that publishes nothing changes nothing in anybody's file.
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

// checkpoint removes the staging and empties the log, which holds the changed pages. The snapshot is already published,
// so a full disk is not a failure here. checkpoint waits only briefly for a reader that still needs the log: the next
// run empties it. If a reader has needed it since before this run, the log grows with each run, and checkpoint returns
// a warning. It returns none for a program that replaces SQLite's checkpoints by its own, as Litestream does.
func (s *Staging) checkpoint() (warning string) {
	_ = exec(s.conn, "DETACH staging")
	_ = s.file.removeStaging()
	_ = exec(s.conn, "PRAGMA busy_timeout = 1000")
	_ = exec(s.conn, "PRAGMA optimize")
	return s.file.emptyLog(s.conn, s.walSize)
}

// emptyLog empties the log. It returns a warning if that is impossible and the log has grown since it had sizeBefore
// bytes, unless it had none.
func (f *File) emptyLog(conn *sqlite3.SQLiteConn, sizeBefore int64) (warning string) {
	busy, err := queryInt(conn, "PRAGMA wal_checkpoint(TRUNCATE)")
	_, log := FileSize(f.path)
	if err != nil || busy == 0 || sizeBefore == 0 || log <= sizeBefore {
		return ""
	}
	return fmt.Sprintf("another program has had a transaction open on the file since before this run, "+
		"so the log, %s-wal, cannot be emptied and has grown to %s: end that transaction, or that program",
		f.path, humanize.Bytes(uint64(log)))
}

// publish publishes in the transaction of its caller. The error is ErrChanged if another program has altered tables of
// the target since Stage.
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

	return snapshotfile.LendConnection(s.conn, func(db *sqlx.DB) error {
		ctx := context.Background()
		if err := snapshotfile.CreateTables(ctx, db); err != nil {
			return err
		}

		// A run without a history leaves a gap in that of each table that it changes.
		var changes *snapshotfile.Changes
		var err error
		if history > 0 {
			changes, err = snapshotfile.BeginChanges(ctx, db, run.Started)
		} else {
			err = snapshotfile.ForgetRecorded(ctx, db, s.changedTables())
		}
		if err != nil {
			return err
		}

		// Columns come first: what their change breaks must be dropped before triggers fire for rows.
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

// changedTables returns the tables whose rows this run changes.
func (s *Staging) changedTables() []string {
	changed := []string{}
	for _, t := range s.tables {
		if t.changes.Inserted+t.changes.Updated+t.changes.Deleted > 0 {
			changed = append(changed, t.Name)
		}
	}
	return changed
}

// reportLost adds to a run what of the user's objects no longer works, and the warnings of its tables.
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

// reshape changes the columns of the tables that differ from their views.
func (s *Staging) reshape() error {
	for _, t := range s.tables {
		if t.old == nil || t.Drift == "" {
			continue
		}

		// Try the user's objects before and after, to report only what the new columns break.
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

// publish gives a table the staged rows, and records what that changes, unless changes is nil.
func (t *Table) publish(db *sqlx.DB, keep bool, changes *snapshotfile.Changes) error {
	if changes != nil {
		if err := t.recordChanges(changes, keep); err != nil {
			return err
		}
	}

	// A new database has the rows already.
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

// recordChanges records how the staged rows differ from those of the target. It records nothing for a table that is new
// or has other columns, nor for one without a key, whose rows cannot be distinguished.
func (t *Table) recordChanges(changes *snapshotfile.Changes, keep bool) error {
	ctx := context.Background()

	// The rows of a new or reshaped table are not recorded. If some of them are new, its history begins again.
	isReshaped := t.old == nil || t.Drift != ""
	mayBeUnrecorded := isReshaped && (t.old == nil || t.changes.Inserted > 0)
	if err := changes.Follow(ctx, t.Name, t.schema.Key, mayBeUnrecorded); err != nil {
		return err
	}

	if isReshaped {
		changes.MarkUnrecorded()
		return nil
	}
	if len(t.schema.Key) == 0 {
		return nil
	}

	return changes.Record(ctx, snapshotfile.Difference{
		Table: t.Name, Columns: t.schema.ColumnNames(), Key: t.schema.Key,
		Live: "main." + schema.QuoteSQLite(t.Name), Staged: t.staged, Missing: t.missingRows(keep),
		Inserted: t.changes.Inserted, Updated: t.changes.Updated, Deleted: t.changes.Deleted, Before: t.changes.Before,
	})
}
