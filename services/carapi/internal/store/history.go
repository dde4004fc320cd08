package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/snapshotfile"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/history"
	"carstock/services/carapi/internal/value"
)

// errNoHistory is the error of a file that has lost its change history.
var errNoHistory = errors.New("the file has no change history of the table any more")

// historyKey gives the columns by which the change history knows a row; nil without a history. Where the history is in
// another file, one that cannot be read now has the key that it had last.
func (s *Store) historyKey(ctx context.Context, tx *sqlx.Tx, v Version) ([]string, error) {
	switch {
	case s.changesIn == nil || s.changesIn == s && !v.Synced:
		return nil, nil
	case s.changesIn != s:
		if recorded, err := s.changesIn.recordedNow(ctx); err == nil {
			s.recorded.Store(recorded)
		}
	default:
		recorded, err := snapshotfile.RecordedOf(ctx, tx, s.Table)
		if err != nil {
			return nil, err
		}
		s.recorded.Store(recorded)
	}
	if recorded := s.recorded.Load(); recorded != nil {
		return recorded.Key, nil
	}
	return nil, nil
}

// recordedNow says which changes of the table its file has; nil for none.
func (s *Store) recordedNow(ctx context.Context) (recorded *snapshotfile.Recorded, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	kept, err := snapshotfile.IsKept(ctx, s.rows)
	if err != nil || !kept {
		return nil, err
	}
	return snapshotfile.RecordedOf(ctx, s.rows, s.Table)
}

// History reads the events of the table's vehicles, as the change history has them. Of a file that is the table's own, it
// reads those up to a version. It continues last, which may be nil, where that is possible. The catalog must have a
// history.
func (s *Store) History(ctx context.Context, c *catalog.Catalog, v Version, last *history.Log) (log *history.Log, err error) {
	in := s.changesIn
	lastRun := int64(0)
	if in == s {
		lastRun = v.Run
	}
	err = s.observe(ctx, "history", func(ctx context.Context) error {
		conn, err := in.reads.Connx(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		tx, err := conn.BeginTxx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		log, err = in.readHistory(ctx, tx, conn, c, last, lastRun, in != s)
		return err
	})
	wasAway := s.historyAway.Swap(err != nil)
	switch {
	case err == nil || in == s || ctx.Err() != nil:
		return log, err
	case !wasAway:
		s.log.Warn("the change history cannot be read; the last one goes on answering", "error", err)
	}
	return last, nil // the error is in the log
}

// historyState is the state of a file and its table, by which an unchanged one is known.
type historyState struct{ run, data int64 }

// readHistory reads the events that runs up to lastRun recorded (0 for all), and with present also which keys the table
// has.
func (s *Store) readHistory(ctx context.Context, tx *sqlx.Tx, conn *sqlx.Conn, c *catalog.Catalog, last *history.Log,
	lastRun int64, present bool,
) (*history.Log, error) {
	v, err := s.runs.current(ctx, tx, s.Table)
	if err != nil {
		return nil, err
	}
	state := historyState{v.Run, v.Data}
	if lastRun == 0 || v.Run == lastRun {
		if last.IsFor(c, state) {
			return last, nil // the error is in the log
		}
	} else {
		state = historyState{}
	}
	recorded, err := snapshotfile.RecordedOf(ctx, tx, s.Table)
	if err != nil {
		return nil, err
	}
	isSame := func(a, b string) bool { return strings.EqualFold(a, b) }
	if recorded == nil || !slices.EqualFunc(recorded.Key, columnNames(c.HistoryKey), isSame) {
		return nil, errNoHistory
	}
	runs, err := snapshotfile.RunsOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	if last, err = s.logToContinue(ctx, tx, c, last); err != nil {
		return nil, err
	}

	b := history.NewBuilder(c, last)
	after := int64(0)
	if last != nil {
		after = last.Last
	}
	err = snapshotfile.StreamChanges(ctx, conn, recorded.Table, after, lastRun, func(change *snapshotfile.StreamedChange) error {
		return b.Add(&history.Change{ID: change.ID, Run: change.Run, At: runs[change.Run], Op: historyOp(change.Op), Key: change.Key,
			Old: change.Old, New: change.New})
	})
	if err != nil {
		return nil, fmt.Errorf("read the change history: %w", err)
	}
	if present {
		if err := s.readPresent(ctx, tx, conn, recorded.Key, b); err != nil {
			return nil, err
		}
	}
	return b.Build(recorded.Since, recorded.Bulk, recorded.From, state), nil
}

func historyOp(op string) history.Op {
	switch op {
	case snapshotfile.OpInsert:
		return history.Insert
	case snapshotfile.OpUpdate:
		return history.Update
	}
	return history.Delete
}

func columnNames(fields []*catalog.Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Column.Name
	}
	return names
}

// logToContinue gives the log if the file still has the last change that is in it, and otherwise nil: it may be another file.
func (s *Store) logToContinue(ctx context.Context, tx *sqlx.Tx, c *catalog.Catalog, last *history.Log) (*history.Log, error) {
	if !last.Continues(c) {
		return nil, nil
	}
	found, err := snapshotfile.ReadChangesByID(ctx, tx, []int64{last.Last})
	if err != nil || len(found) == 0 || found[0].Run != last.Run {
		return nil, err
	}
	return last, nil // the error is in the log
}

// readPresent reads which keys the table has.
func (s *Store) readPresent(ctx context.Context, tx *sqlx.Tx, conn *sqlx.Conn, key []string, b *history.Builder) error {
	table, err := snapshotfile.Table(ctx, tx, s.Table)
	if err != nil {
		return err
	}
	fields := make([]*catalog.Field, len(key))
	for i, column := range key {
		position := columnPosition(table, column)
		if position < 0 {
			return errNoHistory
		}
		fields[i] = &catalog.Field{Columns: []int{position}, Stored: table.Columns[position].Kind}
	}
	var hashes []uint64
	err = s.stream(ctx, conn, &catalog.Catalog{Table: table}, fields, 0, func(cells []value.Cell) error {
		hashes = append(hashes, history.KeyHash(cells))
		return nil
	})
	b.SetPresent(hashes)
	return err
}

// Changes reads changes of the history in the order of their ids. Those that are no longer remembered are left out.
func (s *Store) Changes(ctx context.Context, ids []int64) (changes []snapshotfile.RecordedChange, err error) {
	err = s.observeChanges(ctx, func(ctx context.Context) error {
		changes, err = snapshotfile.ReadChangesByID(ctx, s.changesIn.rows, ids)
		return err
	})
	return changes, err
}

// RowChanges reads the changes of the row with a key, the newest first: at most limit of those that are older than the
// change before, or of all if before is 0.
func (s *Store) RowChanges(ctx context.Context, c *catalog.Catalog, key []value.Cell, before int64, limit int) (
	changes []snapshotfile.RecordedChange, err error,
) {
	recorded := s.recorded.Load()
	if recorded == nil {
		return nil, errNoHistory
	}
	values := make([]any, len(key))
	for i, cell := range key {
		values[i] = s.changesIn.keyArg(c.HistoryKey[i].Column, cell)
	}
	err = s.observeChanges(ctx, func(ctx context.Context) error {
		changes, err = snapshotfile.ReadRowChanges(ctx, s.changesIn.rows, recorded.Table, recorded.Key, values, before, limit)
		return err
	})
	return changes, err
}

func (s *Store) observeChanges(ctx context.Context, run func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	return s.observe(ctx, "changes", run)
}
