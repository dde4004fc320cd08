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

// stores holds the databases that are searched. One of the two may be missing.
type stores struct {
	live, snapshot *store.Store
	options        search.Options
	pools          map[string]*sql.DB // by the names of the sources
	all            []*sqlx.DB
}

// newStores opens the pools, which connect at the first query. observe is called after each query; it may be nil.
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
		settings.Strict = s.live == nil // otherwise it is the live table that must have all bound and hidden columns
		if s.snapshot, err = s.open(search.FromSnapshot, db, settings, log); err != nil {
			return nil, err
		}
	}

	return s, nil
}

// readConns is the number of connections for an index: one reads it, and one checks whether a file has changed.
const readConns = 2

// open opens the two pools of a database: one for the rows of answers, and one for its index, which may take any time
// to read.
func (s *stores) open(name string, db dbconn.Config, settings store.Settings, log *slog.Logger) (*store.Store, error) {
	answering := db
	answering.Compression = dbconn.CompressionOff // a page of rows is small: latency counts, not bandwidth
	rows, err := dbconn.Pool(answering)
	if err != nil {
		s.close()
		return nil, err
	}

	s.all = append(s.all, rows)
	s.pools[name] = rows.DB

	reading := db
	reading.QueryTimeout, reading.MaxOpenConns = 0, readConns
	reads, err := dbconn.Pool(reading)
	if err != nil {
		s.close()
		return nil, err
	}

	s.all = append(s.all, reads)

	settings.Ping = func(ctx context.Context) error { return dbconn.Ping(ctx, answering, rows) }
	return store.New(rows, reads, db.Driver, settings, log), nil
}

// present returns the stores that are not missing.
func (s *stores) present() []*store.Store {
	return slices.DeleteFunc([]*store.Store{s.live, s.snapshot}, func(s *store.Store) bool { return s == nil })
}

func (s *stores) close() {
	for _, st := range s.present() {
		_ = st.Close()
	}
	for _, pool := range s.all {
		_ = pool.Close()
	}
}

// stock is the search service over one database or two, which it watches until close.
type stock struct {
	*search.Service
	pools map[string]*sql.DB
	open  func() error
	close func() // to be called after open has returned
}

// openStock opens the databases that answer. It is an error if none does.
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

// newStock makes a stock whose databases are opened by its open.
func newStock(ctx context.Context, c config.Stock, observe func(string, time.Duration, error), events search.Events,
	log *slog.Logger,
) (*stock, error) {
	stores, err := newStores(c, observe, log)
	if err != nil {
		return nil, err
	}
	s := &stock{pools: stores.pools}
	stores.options.Events = s.withMemory(events)
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
