package cli

import (
	"cmp"
	"context"
	"database/sql"
	"log/slog"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
	"carstock/services/carapi/internal/config"
	"carstock/services/carapi/internal/search"
	"carstock/services/carapi/internal/store"
)

// stores holds the databases that are searched: that of DB_HOST or DB_PATH, the snapshot beside it, or both.
type stores struct {
	live, snapshot *store.Store // nil for a source that is not configured
	options        search.Options
	pools          map[string]*sql.DB // that read the rows of answers, by the names of the sources
	allPools       []*sqlx.DB         // to close, with those that read indexes
}

// newStores makes the stores of the settings. Their pools connect at the first query. observe is called after each
// query with its operation, its time and its error; it may be nil.
func newStores(c config.Stock, observe func(string, time.Duration, error), log *slog.Logger) (s *stores, err error) {
	settings, vocabulary := c.Settings()
	settings.Observe = observe

	options := search.Options{Vocabulary: vocabulary, Timeout: c.QueryTimeout, MaxAge: c.StaleMaxAge}
	s = &stores{pools: map[string]*sql.DB{}, options: options}

	if c.HasLive() {
		db := c.DB
		db.QueryTimeout = c.QueryTimeout
		db.Timezone = dbconn.ZoneUTC // answers write a TIMESTAMP in UTC
		db.Warn = func(text string) { log.Warn(text) }
		if s.live, err = s.open(search.FromLive, db, settings, log); err != nil {
			return nil, err
		}
	}

	if c.HasSnapshot() {
		db := dbconn.Config{
			Driver: dbconn.SQLite, Path: c.SnapshotPath, PathSetting: "SNAPSHOT_PATH",
			MaxOpenConns: c.DB.MaxOpenConns, ConnMaxLifetime: c.DB.ConnMaxLifetime,
		}

		settings.Table = cmp.Or(c.SnapshotTable, c.CarsTable)
		settings.Setting, settings.Snapshot = "SNAPSHOT_TABLE", true
		settings.Strict = s.live == nil // with a live table, only that must have all bound and hidden columns
		if s.snapshot, err = s.open(search.FromSnapshot, db, settings, log); err != nil {
			return nil, err
		}
	}

	return s, nil
}

// indexConns is the number of connections for an index: one to read it, and one to check whether a file has changed.
const indexConns = 2

// open makes the store of a database with its two pools: one for the rows of answers, and one for the index, whose
// queries have no time limit.
func (s *stores) open(name string, db dbconn.Config, settings store.Settings, log *slog.Logger) (*store.Store, error) {
	// The rows of a page are few, so latency counts more than bandwidth.
	answering := db
	answering.Compression = dbconn.CompressionOff
	rows, err := dbconn.Pool(answering)
	if err != nil {
		s.close()
		return nil, err
	}

	s.allPools = append(s.allPools, rows)
	s.pools[name] = rows.DB

	reading := db
	reading.QueryTimeout, reading.MaxOpenConns = 0, indexConns
	reads, err := dbconn.Pool(reading)
	if err != nil {
		s.close()
		return nil, err
	}

	s.allPools = append(s.allPools, reads)

	settings.Ping = func(ctx context.Context) error { return dbconn.Ping(ctx, answering, rows) }
	return store.New(rows, reads, db.Driver, settings, log), nil
}

// present returns the stores that are not nil.
func (s *stores) present() []*store.Store {
	return slices.DeleteFunc([]*store.Store{s.live, s.snapshot}, func(s *store.Store) bool { return s == nil })
}

// close closes the stores and all pools.
func (s *stores) close() {
	for _, st := range s.present() {
		_ = st.Close()
	}
	for _, pool := range s.allPools {
		_ = pool.Close()
	}
}

// stock is the search service over one database or two. It watches them from open to close.
type stock struct {
	*search.Service
	pools map[string]*sql.DB // by the names of the sources
	open  func() error       // opens the databases; it fails if none can answer
	close func()             // call it after open has returned
}

// openStock makes a stock and opens its databases.
func openStock(ctx context.Context, c config.Stock, observe func(string, time.Duration, error), events search.Events,
	log *slog.Logger,
) (*stock, error) {
	s, err := newStock(ctx, c, observe, events, log)
	if err != nil {
		return nil, err
	}

	if err := s.open(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// newStock makes a stock. Call its open to open the databases.
func newStock(ctx context.Context, c config.Stock, observe func(string, time.Duration, error), events search.Events,
	log *slog.Logger,
) (*stock, error) {
	stores, err := newStores(c, observe, log)
	if err != nil {
		return nil, err
	}

	s := &stock{pools: stores.pools}
	stores.options.Events = s.withGarbageLimit(events)
	s.Service = search.New(stores.live, stores.snapshot, stores.options, log)
	limitGarbage(unreadBytes)

	ctx, cancel := context.WithCancel(ctx)
	s.open = func() error { return s.Open(ctx) }
	s.close = func() {
		cancel()
		s.Wait()
		stores.close()
	}

	return s, nil
}
