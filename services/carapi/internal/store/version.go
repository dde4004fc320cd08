package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
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

// Changed reports whether the table may differ from what was read as a version, and gives the present version: a run
// that changed nothing only moves its AsOf. MySQL may always have changed.
func (s *Store) Changed(ctx context.Context, v Version) (now Version, changed bool, err error) {
	if !s.isSQLite {
		return Version{AsOf: time.Now()}, true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()

	err = s.observe(ctx, "version", func(ctx context.Context) error {
		synced, err := isSynced(ctx, s.rows)
		switch {
		case err != nil:
		case synced:
			now, err = s.history.current(ctx, s.rows, s.Table)
		case s.Snapshot:
			err = s.notSynced()
		default:
			now, err = s.follower.version(ctx, s.rows)
		}
		return err
	})
	return now, err == nil && !now.sameState(v), err
}

// isSynced reports whether a SQLite file is one that syncer keeps.
func isSynced(ctx context.Context, q sqlx.QueryerContext) (synced bool, err error) {
	err = sqlx.GetContext(ctx, q, &synced,
		"SELECT count(*) = 2 FROM sqlite_schema WHERE type = 'table' AND name IN ('_sync_runs', '_sync_tables')")
	return synced, err
}

func (s *Store) notSynced() error {
	return fmt.Errorf("%s: the file is not one that syncer keeps: it has no history of runs", s.Setting)
}

// lastRun is an expression that differs after each run of syncer, whatever became of it. It costs one look-up.
const lastRun = "(SELECT id || ' ' || started FROM _sync_runs ORDER BY id DESC LIMIT 1)"

// history is what was last read of syncer's runs. As long as lastRun has not moved, it is still so.
type history struct {
	mu      sync.Mutex // guards what follows
	lastRun string
	version Version
}

// known gives the version that belongs to a state of lastRun, if that has been read.
func (h *history) known(lastRun string) (Version, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.version, h.lastRun == lastRun && h.version.Synced
}

// current gives the present version of a table in a file that syncer keeps.
func (h *history) current(ctx context.Context, q sqlx.QueryerContext, table string) (Version, error) {
	var last string
	if err := sqlx.GetContext(ctx, q, &last, "SELECT coalesce("+lastRun+", '')"); err != nil {
		return Version{}, err
	}
	if v, ok := h.known(last); ok {
		return v, nil
	}

	last, v, err := readHistory(ctx, q, table)
	if err != nil {
		return Version{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lastRun, h.version = last, v
	return v, nil
}

// readHistory finds for each table the last good run, and the last one that changed it: by its rows or, as the schema
// hash shows, by its columns. A run from before the first that is remembered counts as none.
func readHistory(ctx context.Context, q sqlx.QueryerContext, table string) (last string, v Version, err error) {
	var tables []struct {
		Asked   bool    // it is the table that was asked for
		Started string  // of the last good run
		Run     int64   // the last that changed the table; 0 if none is remembered
		Changed *string // when that started
		Last    string
	}
	err = sqlx.SelectContext(ctx, q, &tables, `
		WITH good AS (
			SELECT t.table_name, r.id, r.started, t.inserted + t.updated + t.deleted > 0
				OR lag(t.schema_hash) OVER (PARTITION BY t.table_name ORDER BY r.id) <> t.schema_hash AS changed
			FROM _sync_tables AS t JOIN _sync_runs AS r ON r.id = t.run_id AND r.status = 'ok')
		SELECT table_name = ? COLLATE NOCASE AS asked, max(started) AS started,
			coalesce(max(id) FILTER (WHERE changed), 0) AS run,
			max(started) FILTER (WHERE changed) AS changed, coalesce(`+lastRun+`, '') AS last
		FROM good GROUP BY table_name`, table)
	if err != nil {
		return "", Version{}, err
	}

	// A view that a user made in the file is as old as the oldest of its tables, and changes with each of them.
	v.Synced = true
	for _, t := range tables {
		last = t.Last
		started, err := time.Parse(time.RFC3339, t.Started)
		if err != nil {
			return "", Version{}, fmt.Errorf("_sync_runs: %w", err)
		}
		of := Version{AsOf: started, Synced: true, Run: t.Run}
		if t.Changed != nil {
			changed, err := time.Parse(time.RFC3339, *t.Changed)
			if err != nil {
				return "", Version{}, fmt.Errorf("_sync_runs: %w", err)
			}
			of.Data = changed.UnixMilli()
		}
		if t.Asked {
			return last, of, nil
		}
		if v.AsOf.IsZero() || of.AsOf.Before(v.AsOf) {
			v.AsOf = of.AsOf
		}
		v.Run, v.Data = max(v.Run, of.Run), max(v.Data, of.Data)
	}
	return last, v, nil
}
