package stock

import (
	"context"
	"database/sql"
	"time"
)

// Sources of answers.
const (
	FromLive     = "live"
	FromSnapshot = "snapshot" // a file that syncer keeps
)

// Origin says where an answer comes from.
type Origin struct {
	Source string    // FromLive or FromSnapshot
	AsOf   time.Time // when the stock was so
}

// originMaxAge is for how long a file is known to be as fresh as it was.
const originMaxAge = time.Second

// origin says how fresh an answer is. It is asked before the vehicles are, which may be newer but
// never older than it says.
func (v view) origin(ctx context.Context) (Origin, error) {
	if !v.copied {
		return Origin{Source: FromLive, AsOf: time.Now()}, nil
	}
	s := v.store
	s.mu.Lock()
	known, at := s.fresh, s.freshAt
	s.mu.Unlock()
	if time.Since(at) < originMaxAge {
		return known, nil
	}
	asked := time.Now()
	o, err := v.readOrigin(ctx)
	if err == nil {
		s.mu.Lock()
		s.fresh, s.freshAt = o, asked
		s.mu.Unlock()
	}
	return o, err
}

func (v view) readOrigin(ctx context.Context) (Origin, error) {
	// A view that a user has made in the file is as old as the oldest of its tables.
	var own, oldest time.Time
	err := v.store.query(ctx, "origin", `SELECT t.table_name = ? COLLATE NOCASE, max(r.started) FROM _sync_tables AS t
		JOIN _sync_runs AS r ON r.id = t.run_id AND r.status = 'ok' GROUP BY t.table_name`, []any{v.table.Name}, func(rows *sql.Rows) error {
		var same bool
		var started string
		if err := rows.Scan(&same, &started); err != nil {
			return err
		}
		at, err := time.Parse(time.RFC3339, started)
		if err != nil {
			return err
		}
		if same {
			own = at
		}
		if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
		return nil
	})
	switch {
	case err != nil:
		return Origin{}, err
	case own.IsZero():
		own = oldest
	}
	return Origin{Source: FromSnapshot, AsOf: own}, nil
}
