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
	AsOf   time.Time // no part of what was read is older
	Synced bool      // read from a file that syncer keeps; AsOf is then the start of the run that published it

	// Run is the last good run of syncer that changed the table, and Data says when that was, as a file that is made
	// again counts its runs from 1. Of a file that syncer does not keep, Data is its data_version.
	Run, Data int64
}

// sameState reports whether the table has not changed between two versions.
func (v Version) sameState(other Version) bool {
	return v.Synced == other.Synced && v.Run == other.Run && v.Data == other.Data
}

// CheckChanged reports whether the table may differ from what was read as a version, and gives the present version: a
// run that changed nothing only moves its AsOf. MySQL may always have changed.
func (s *Store) CheckChanged(ctx context.Context, v Version) (now Version, changed bool, err error) {
	if !s.isSQLite {
		return Version{AsOf: time.Now()}, true, nil
	}

	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()

	err = s.observe(ctx, "version", func(ctx context.Context) error {
		synced, err := snapshotfile.IsKept(ctx, s.rows)
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

// runCache is what was last read of syncer's runs. As long as snapshotfile.LastRun has not moved, it is still so.
type runCache struct {
	mu      sync.Mutex // guards what follows
	lastRun string
	version Version
}

// known gives the version that belongs to a state of snapshotfile.LastRun, if that has been read.
func (h *runCache) known(lastRun string) (Version, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.version, h.lastRun == lastRun && h.version.Synced
}

// current gives the present version of a table in a file that syncer keeps.
func (h *runCache) current(ctx context.Context, q sqlx.QueryerContext, table string) (Version, error) {
	var last string
	if err := sqlx.GetContext(ctx, q, &last, "SELECT coalesce("+snapshotfile.LastRun+", '')"); err != nil {
		return Version{}, err
	}
	if v, ok := h.known(last); ok {
		return v, nil
	}

	last, v, err := syncedVersion(ctx, q, table)
	if err != nil {
		return Version{}, err
	}

	h.mu.Lock()
	defer h.mu.Unlock()
	h.lastRun, h.version = last, v

	return v, nil
}

// syncedVersion finds the last good run of a table, and the last one that changed it. A run from before the first that
// is remembered counts as none.
func syncedVersion(ctx context.Context, q sqlx.QueryerContext, table string) (last string, v Version, err error) {
	tables, last, err := snapshotfile.Ages(ctx, q)
	if err != nil {
		return "", Version{}, err
	}

	// A view that a user made in the file is as old as the oldest of its tables, and changes with each of them.
	v = Version{Synced: true, AsOf: snapshotfile.AsOf(tables, nil, nil)}
	for _, t := range tables {
		of := Version{Synced: true, AsOf: t.Synced, Run: t.Changed.Run}
		if of.Run > 0 {
			of.Data = t.Changed.Began.UnixMilli()
		}

		if strings.EqualFold(t.Table, table) {
			return last, of, nil
		}

		v.Run, v.Data = max(v.Run, of.Run), max(v.Data, of.Data)
	}

	copied, err := snapshotfile.SourceColumns(ctx, q, table)
	if err == nil && len(copied) > 0 { // the age of other tables is not its own
		err = fmt.Errorf("%s: the file has forgotten when it was copied: make a run of syncer", table)
	}

	return last, v, err
}
