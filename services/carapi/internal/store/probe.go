package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// Probe sends a statement that names all columns and matches no row. The database checks the connection, the
// permissions, the table and its columns, but evaluates no row, not even of a slow view.
func (s *Store) Probe(ctx context.Context, c *catalog.Catalog) error {
	q := s.selection(c, everyField(c), false)
	args := make([]any, 0, len(q.columns))
	for _, column := range q.columns {
		args = s.boundArgs(args, column, 0)
	}
	return s.query(ctx, "probe", q.head+"FALSE", args, func() {}, func(*sql.Rows) error { return nil })
}

// everyField returns all fields except computed ones.
func everyField(c *catalog.Catalog) []*catalog.Field {
	var all []*catalog.Field
	for i := range c.Fields {
		if f := &c.Fields[i]; !f.IsComputed() {
			all = append(all, f)
		}
	}
	return all
}

// fetchCostRuns is how often FetchCost measures, and fetchCostText how many characters of a text it reads.
const (
	fetchCostRuns = 5
	fetchCostText = 1000
)

// FetchCost returns how much longer it takes to read one row by its key than to ping the database: the median of
// fetchCostRuns measurements.
func (s *Store) FetchCost(ctx context.Context, c *catalog.Catalog, v Version, key []value.Cell) (time.Duration, error) {
	var pings, fetches []time.Duration
	for range fetchCostRuns {
		began := time.Now()
		if err := s.Ping(ctx); err != nil {
			return 0, err
		}

		pinged := time.Now()
		if _, err := s.Rows(ctx, c, v, [][]value.Cell{key}, everyField(c), fetchCostText); err != nil {
			return 0, err
		}

		pings, fetches = append(pings, pinged.Sub(began)), append(fetches, time.Since(pinged))
	}

	slices.Sort(pings)
	slices.Sort(fetches)
	return max(fetches[fetchCostRuns/2]-pings[fetchCostRuns/2], 0), nil
}
