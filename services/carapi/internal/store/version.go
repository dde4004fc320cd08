package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/snapshotfile"
)

// Version says which state of the table was read.
type Version struct {
	AsOf   time.Time // nothing that was read is older
	Synced bool      // read from a file that syncer keeps; AsOf is then the start of the run that published it

	// Run is the last successful run of syncer that changed the table. Data is the time of that run, because a new file
	// counts its runs from 1 again. Of a file that syncer does not keep, Data is its data_version.
	Run, Data int64
	// RecordedFrom is the time before which the file has forgotten changes; zero if it has forgotten none.
	RecordedFrom time.Time
}

// sameState reports whether the table has not changed between two versions.
func (v Version) sameState(other Version) bool {
	return v.Synced == other.Synced && v.Run == other.Run && v.Data == other.Data
}

// CheckChanged returns the present version, and whether the table may differ from version v. A run without changes only
// moves AsOf. MySQL may always have changed.
func (s *Store) CheckChanged(ctx context.Context, v Version) (now Version, changed bool, err error) {
	if !s.isSQLite {
		return Version{AsOf: time.Now()}, true, nil
	}

	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()

	err = s.observe(ctx, "version", func(ctx context.Context) error {
		synced, err := snapshotfile.IsSnapshotFile(ctx, s.rows)
		switch {
		case err != nil:
		case synced:
			now, err = s.runs.current(ctx, s.rows, s.Table)
		case s.Snapshot:
			err = s.notSyncedError()
		default:
			now, err = s.follower.version(ctx, s.rows)
		}

		return err
	})

	return now, err == nil && !now.sameState(v), err
}

func (s *Store) notSyncedError() error {
	return fmt.Errorf("%s: the file is not one that syncer keeps: it has no history of runs", s.Setting)
}

// runCache is what was last read about syncer's runs. It is valid as long as snapshotfile.LastRunSQL is the same.
type runCache struct {
	mu      sync.Mutex // guards what follows
	lastRun string
	version Version
}

// known returns the version for a state of snapshotfile.LastRunSQL, if it is cached.
func (h *runCache) known(lastRun string) (Version, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.version, h.lastRun == lastRun && h.version.Synced
}

// current returns the present version of a table in a file that syncer keeps.
func (h *runCache) current(ctx context.Context, q sqlx.QueryerContext, table string) (Version, error) {
	var last string
	if err := sqlx.GetContext(ctx, q, &last, "SELECT coalesce("+snapshotfile.LastRunSQL+", '')"); err != nil {
		return Version{}, err
	}
	if v, ok := h.known(last); ok {
		return v, nil
	}

	// A run has ended since.
	last, v, err := syncedVersion(ctx, q, table)
	if err != nil {
		return Version{}, err
	}

	h.mu.Lock()
	defer h.mu.Unlock()
	h.lastRun, h.version = last, v

	return v, nil
}

// syncedVersion finds the last successful run of a table, and the last one that changed it. A run that is no longer
// recorded counts as none.
func syncedVersion(ctx context.Context, q sqlx.QueryerContext, table string) (last string, v Version, err error) {
	tables, last, err := snapshotfile.ReadAges(ctx, q)
	if err != nil {
		return "", Version{}, err
	}

	from, err := snapshotfile.RecordedFrom(ctx, q)
	if err != nil {
		return "", Version{}, err
	}

	// A user's view in the file is as old as the oldest of its tables, and changes with each of them.
	v = Version{Synced: true, AsOf: snapshotfile.AsOf(tables, nil, nil), RecordedFrom: from}
	for _, t := range tables {
		ofTable := Version{Synced: true, AsOf: t.Synced, Run: t.Changed.Run, RecordedFrom: from}
		if ofTable.Run > 0 {
			ofTable.Data = t.Changed.Began.UnixMilli()
		}

		if strings.EqualFold(t.Table, table) {
			return last, ofTable, nil
		}

		v.Run, v.Data = max(v.Run, ofTable.Run), max(v.Data, ofTable.Data)
	}

	copied, err := snapshotfile.SourceColumns(ctx, q, table)
	if err == nil && len(copied) > 0 { // the age of other tables is not its own
		err = fmt.Errorf("%s: the file no longer records when it was copied: run syncer sync", table)
	}

	return last, v, err
}
