package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/history"
	"carstock/services/carapi/internal/value"
)

// errNoHistory is the error of a file that has lost its change history.
var errNoHistory = errors.New("the file no longer has a change history of the table")

// historyKey returns the columns by which the change history identifies a row; nil without a history. If the history is
// in another file that cannot be read now, it returns the key from the last time.
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

// recordedNow returns which changes of the table the file has; nil for none.
func (s *Store) recordedNow(ctx context.Context) (recorded *snapshotfile.Recorded, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()

	kept, err := snapshotfile.IsSnapshotFile(ctx, s.rows)
	if err != nil || !kept {
		return nil, err
	}

	return snapshotfile.RecordedOf(ctx, s.rows, s.Table)
}

// History reads the events of the table's vehicles from the change history. If the table and its history are in one
// file, it reads the events up to a version. It continues last, which may be nil, where that is possible. The catalog
// must have a history.
func (s *Store) History(ctx context.Context, c *catalog.Catalog, v Version, last *history.Log) (log *history.Log,
	err error,
) {
	// In the same file, the history must not be newer than the rows.
	file := s.changesIn
	lastRun := int64(0)
	if file == s {
		lastRun = v.Run
	}

	err = s.observe(ctx, "history", func(ctx context.Context) error {
		conn, err := file.reads.Connx(ctx)
		if err != nil {
			return err
		}

		defer func() { _ = conn.Close() }()
		tx, err := conn.BeginTxx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return err
		}

		defer func() { _ = tx.Rollback() }()
		log, err = file.readHistory(ctx, tx, conn, c, last, lastRun, file != s)
		return err
	})

	// A live table can be searched without its history, which is in another file.
	wasAway := s.historyAway.Swap(err != nil)
	switch {
	case err == nil || file == s || ctx.Err() != nil:
		return log, err
	case !wasAway:
		s.log.Warn("the change history cannot be read; the last one goes on answering", "error", err)
	}

	return last, nil // the error is in the log
}

// historyState is the state of a file and its table. It is the same as long as neither changes.
type historyState struct{ run, data int64 }

// readHistory reads the events of the runs up to lastRun, or of all runs if lastRun is 0. With present, it also reads
// which keys the table has.
func (s *Store) readHistory(ctx context.Context, tx *sqlx.Tx, conn *sqlx.Conn, c *catalog.Catalog, last *history.Log,
	lastRun int64, present bool,
) (*history.Log, error) {
	v, err := s.runs.current(ctx, tx, s.Table)
	if err != nil {
		return nil, err
	}

	// If nothing has changed since the last log, it stays. A file that is ahead of lastRun has no state to compare later.
	state := historyState{v.Run, v.Data}
	if lastRun == 0 || v.Run == lastRun {
		if last.IsFor(c, state) {
			return last.Unchanged(v.AsOf, v.RecordedFrom), nil
		}
	} else {
		state = historyState{}
	}

	// The history must know vehicles by the same columns as the catalog.
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
	if last, err = s.logToContinue(ctx, tx, c, recorded, last); err != nil {
		return nil, err
	}

	// Read the changes after those in the last log.
	b := history.NewBuilder(c, last)
	after := int64(0)
	if last != nil {
		after = last.Last
	}

	err = snapshotfile.StreamChanges(ctx, conn, recorded.Table, after, lastRun,
		func(change *snapshotfile.StreamedChange) error {
			if runs[change.Run].Before(recorded.Since) { // what came between may not be recorded
				return nil
			}
			return b.Add(&history.Change{
				ID: change.ID, Run: change.Run, At: runs[change.Run], Op: HistoryOp(change.Op),
				Key: change.Key,
				Old: change.Old, New: change.New,
			})
		})
	if err != nil {
		return nil, fmt.Errorf("read the change history: %w", err)
	}

	if b.NeedsBulkKeys() {
		if err := snapshotfile.StreamBulkKeys(ctx, tx, recorded.Table, b.AddBulkKey); err != nil {
			return nil, fmt.Errorf("read which vehicles came in bulk runs: %w", err)
		}
	}
	if present {
		if err := s.readPresent(ctx, tx, conn, recorded.Key, b); err != nil {
			return nil, err
		}
	}

	return b.Build(history.Log{Since: recorded.Since, From: recorded.From, AsOf: v.AsOf}, state), nil
}

// HistoryOp returns what an op of snapshotfile means for the history of vehicles.
func HistoryOp(op string) history.Op {
	switch op {
	case snapshotfile.OpInsert:
		return history.OpInsert
	case snapshotfile.OpUpdate:
		return history.OpUpdate
	case snapshotfile.OpDelete:
		return history.OpDelete
	}
	return history.OpManyRows
}

func columnNames(fields []*catalog.Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Column.Name
	}
	return names
}

// logToContinue returns the log if the file still has the last change in it, and otherwise nil, because it may be
// another file.
func (s *Store) logToContinue(ctx context.Context, tx *sqlx.Tx, c *catalog.Catalog, recorded *snapshotfile.Recorded,
	last *history.Log,
) (*history.Log, error) {
	if !last.Continues(c, recorded.Since) {
		return nil, nil
	}

	found, err := snapshotfile.ReadChangesByID(ctx, tx, recorded.Table, recorded.Since, []int64{last.Last})
	if err != nil || len(found) == 0 || !last.EndsWith(found[0].ID, found[0].Run, string(found[0].Key)) {
		return nil, err
	}

	return last, nil
}

// readPresent reads which keys the table has.
func (s *Store) readPresent(ctx context.Context, tx *sqlx.Tx, conn *sqlx.Conn, key []string, b *history.Builder) error {
	table, err := snapshotfile.ReadTable(ctx, tx, s.Table)
	if err != nil {
		return err
	}

	fields := make([]*catalog.Field, len(key))
	for i, column := range key {
		position := catalog.ColumnPosition(table, column)
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

// Changes reads changes of the history that began at since, in the order of their ids. Those that are no longer
// remembered are left out. The error is ErrMoved if the file has another history.
func (s *Store) Changes(ctx context.Context, since time.Time, ids []int64) (changes []snapshotfile.RecordedChange,
	err error,
) {
	read := func(ctx context.Context, db *sqlx.DB, table string) error {
		changes, err = snapshotfile.ReadChangesByID(ctx, db, table, since, ids)
		return err
	}

	isAll := func() bool { return len(changes) == len(ids) }
	if err := s.readChanges(ctx, read, isAll); err != nil {
		return nil, err
	}
	if len(changes) == 0 && len(ids) > 0 {
		return nil, ErrMoved
	}

	return changes, nil
}

// RowChanges reads the changes of the row with a key, the newest first: at most limit of those that are older than the
// change before, or of all if before is 0. Otherwise it is as Changes.
func (s *Store) RowChanges(ctx context.Context, c *catalog.Catalog, since time.Time, key []value.Cell, before int64,
	limit int,
) (changes []snapshotfile.RecordedChange, err error) {
	values := make([][]any, len(key))
	for i, cell := range key {
		values[i] = s.changesIn.storedValues(c.HistoryKey[i].Column, cell)
	}

	read := func(ctx context.Context, db *sqlx.DB, table string) error {
		changes, err = snapshotfile.ReadRowChanges(ctx, db, table, since, columnNames(c.HistoryKey), values, before, limit)
		return err
	}

	err = s.readChanges(ctx, read, func() bool { return len(changes) > 0 })
	return changes, err
}

// storedValues returns the values that a file may hold for a cell: syncer stores some numbers as texts.
func (s *Store) storedValues(column schema.Column, c value.Cell) []any {
	all := []any{s.keyArg(column, c)}
	if c.Type != value.Number {
		return all
	}

	text := string(c.Form)
	all = append(all, text)
	if scale := scaleOf(column.Type); scale > 0 { // as MySQL writes a DECIMAL
		whole, fraction, _ := strings.Cut(text, ".")
		if len(fraction) <= scale {
			all = append(all, whole+"."+fraction+strings.Repeat("0", scale-len(fraction)))
		}
	}

	return all
}

// scaledType is a DECIMAL with digits after the point.
var scaledType = regexp.MustCompile(`(?i)^(?:decimal|numeric)\(\d+, *(\d+)\)`)

// scaleOf returns how many digits a type of MySQL has after the point.
func scaleOf(declared string) int {
	m := scaledType.FindStringSubmatch(declared)
	if m == nil {
		return 0
	}
	scale, _ := strconv.Atoi(m[1])
	return scale
}

// readChanges reads from the pool for requests and, if that does not find what is wanted, on a new connection: the file
// may have been replaced, and idle connections are to the old one.
func (s *Store) readChanges(ctx context.Context, read func(context.Context, *sqlx.DB, string) error,
	isFound func() bool,
) error {
	recorded := s.recorded.Load()
	if recorded == nil {
		return errNoHistory
	}

	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	return s.observe(ctx, "changes", func(ctx context.Context) error {
		err := read(ctx, s.changesIn.rows, recorded.Table)
		if err == nil && isFound() {
			return nil
		}
		return read(ctx, s.changesIn.reads, recorded.Table)
	})
}
