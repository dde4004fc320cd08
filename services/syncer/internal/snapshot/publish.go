package snapshot

import (
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"

	"carstock/pkg/schema"
)

// ErrChanged is the error of a target whose tables another program has altered while rows were
// compared with them. The pass may begin again.
var ErrChanged = errors.New("another program has altered the file meanwhile")

// Publish makes the staged tables those of the target, and records the run, all in one
// transaction: readers go on with the old tables until it commits. Rows missing from the source are
// deleted unless keep is set. Tables that were not staged stay, and so do the columns, indexes, triggers
// and views that the user has made; those that can no longer work are named in the run. The warning is of
// the published file, and "" for none.
func (s *Staging) Publish(keep bool, run *Run) (warning string, err error) {
	for _, t := range s.tables {
		if err := t.Release(); err != nil {
			return "", err
		}
	}
	if s.fresh {
		if err = s.publish(keep, run); err == nil {
			err = s.sealed()
		}
	} else {
		// Only now: a run that publishes nothing changes nothing, in anybody's file.
		if err = errors.Join(exec(s.conn, "COMMIT"), exec(s.conn, "PRAGMA main.journal_mode = WAL")); err == nil {
			err = inTx(s.conn, func() error { return s.publish(keep, run) })
		}
	}
	if err != nil {
		return "", fmt.Errorf("publish to %s: %w", s.file.path, explain(err))
	}
	if !s.fresh {
		warning = s.tidy()
	}
	return warning, nil
}

// tidy makes room, once the snapshot is published: a lack of room for that is not a failure any
// more. The log holds the changed pages, and is emptied. A reader who still needs it is not waited for
// long, as the next run empties it. One who has needed it since before this run lets it grow with each run,
// and is warned of; not so a program that replaces SQLite's checkpoints by its own, as Litestream does.
func (s *Staging) tidy() (warning string) {
	_ = exec(s.conn, "DETACH staging")
	_ = s.file.removeStaging()
	_ = exec(s.conn, "PRAGMA busy_timeout = 1000")
	_ = exec(s.conn, "PRAGMA optimize")
	busy, err := one(s.conn, "PRAGMA wal_checkpoint(TRUNCATE)")
	_, log := Size(s.file.path)
	if err != nil || busy == 0 || s.log == 0 || log <= s.log {
		return ""
	}
	return fmt.Sprintf("another program has had a transaction open on the file since before this run, so the log, %s-wal, "+
		"cannot be emptied and has grown to %s: end that transaction, or that program",
		s.file.path, humanize.Bytes(uint64(log)))
}

func (s *Staging) publish(keep bool, run *Run) error {
	if !s.fresh {
		now, err := one(s.conn, "PRAGMA main.schema_version")
		if err != nil {
			return err
		}
		if now != s.schema {
			return ErrChanged
		}
	}
	if err := createTables(s.conn); err != nil {
		return err
	}

	// Columns first: what their change breaks must be out of the way before triggers fire for rows.
	if err := s.reshape(); err != nil {
		return err
	}
	for _, t := range s.tables {
		if err := t.publish(keep); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	for i := range run.Tables {
		r := &run.Tables[i]
		for _, t := range s.tables {
			if t.Name == r.Table {
				r.Lost, r.Warnings = t.lost, append(r.Warnings, t.notes...)
			}
		}
	}
	return insertRun(s.conn, run)
}

// reshape gives the tables whose columns differ from the view's the columns of the view.
func (s *Staging) reshape() error {
	for _, t := range s.tables {
		if t.old == nil || t.Drift == "" {
			continue
		}
		before, err := s.examine(nil)
		if err == nil {
			err = t.reshape()
		}
		if err == nil {
			err = t.broken(before)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return nil
}

func (t *Table) publish(keep bool) error {
	if !t.s.fresh {
		if t.old == nil {
			if err := exec(t.s.conn, t.t.CreateSQLite("main", t.Name)); err != nil {
				return err
			}
		}
		if err := t.apply(keep); err != nil {
			return err
		}
		if t.unindexed {
			if err := t.rebuildFullText(); err != nil {
				return err
			}
		}
	}
	if err := t.recordColumns(); err != nil {
		return err
	}
	return t.keepIndexes()
}

// recordColumns keeps how the source declares the columns, where that is not kept already.
func (t *Table) recordColumns() error {
	kept, err := all(t.s.conn, "SELECT name, source_type, nullable, comment FROM main."+schema.ColumnsTable+" WHERE table_name = ? ORDER BY position", t.Name)
	if err != nil {
		return err
	}
	same := len(kept) == len(t.t.Columns)
	for i := 0; same && i < len(kept); i++ {
		c := t.t.Columns[i]
		nullable, _ := kept[i][2].(int64)
		same = kept[i][0] == c.Name && kept[i][1] == c.Type && nullable == 1 == c.Nullable && kept[i][3] == c.Comment
	}
	if same {
		return nil
	}
	if err := exec(t.s.conn, "DELETE FROM main."+schema.ColumnsTable+" WHERE table_name = ? COLLATE NOCASE", t.Name); err != nil {
		return err
	}
	for i, c := range t.t.Columns {
		err := exec(t.s.conn, "INSERT INTO main."+schema.ColumnsTable+" VALUES (?, ?, ?, ?, ?, ?)",
			t.Name, int64(i+1), c.Name, c.Type, c.Nullable, c.Comment)
		if err != nil {
			return err
		}
	}
	return nil
}
