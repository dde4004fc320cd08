// Package cli is carapi's command line. It is not internal, so that a test can call the program
// whole, beside syncer.
package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"carstock/pkg/dbconn"
	"carstock/pkg/httpserver"
	"carstock/pkg/settings"
	"carstock/services/carapi/internal/auth"
	"carstock/services/carapi/internal/config"
	"carstock/services/carapi/internal/httpapi"
	"carstock/services/carapi/internal/mcp"
	"carstock/services/carapi/internal/search"
	"carstock/services/carapi/internal/store"
)

// Exit codes.
const (
	done    = 0
	failed  = 1
	misused = 2
)

// Run runs carapi with the given arguments until ctx ends, and returns its exit code: 0 stopped as
// asked, 1 failed, 2 wrong settings or arguments. Settings come from the process's environment.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var file string
	root := &cobra.Command{
		Use:   "carapi",
		Short: "Answers searches of a stock of vehicles over HTTP",
		Example: `  API_KEY=$(openssl rand -hex 32) DB_HOST=db.example.com DB_USER=carapi \
    DB_PASSWORD_FILE=/run/secrets/db DB_NAME=vehicles_db carapi

  API_KEY=$(openssl rand -hex 32) DB_DRIVER=sqlite DB_PATH=./data/carstock.db \
    CARS_TABLE=vehicles_view carapi`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), file, logger(stderr)) },
	}
	root.PersistentFlags().StringVar(&file, "config", "", "`FILE` of settings: NAME=value lines, or INI sections; "+
		"the environment wins (default .env, if there is one)")
	root.AddCommand(checkCommand(&file), keyCommand(), mcpCommand(&file, stderr), settingsCommand(), statusCommand(&file),
		versionCommand())
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return settings.Invalid(err) })

	err := root.ExecuteContext(ctx)
	if err == nil {
		return done
	}
	fmt.Fprintf(stderr, "carapi: %v\n", err)
	var wrong *settings.Error
	if errors.As(err, &wrong) {
		return misused
	}
	return failed
}

func noArgs(cmd *cobra.Command, args []string) error {
	return settings.Invalid(cobra.NoArgs(cmd, args))
}

func serve(ctx context.Context, file string, log *slog.Logger) error {
	c, err := config.Load(file)
	if err != nil {
		return err
	}
	keys, err := auth.Open(c.API, log)
	if err != nil {
		return settings.Invalid(err)
	}
	traces, flush, err := startTraces(ctx, log)
	if err != nil {
		return err
	}
	defer flush()
	metrics := httpapi.NewMetrics()
	vehicles, err := openStock(ctx, c.Stock, metrics.Query, metrics.Events(), log)
	if err != nil {
		return err
	}
	defer vehicles.close()
	metrics.Sources(vehicles.pools, vehicles.Service)
	api := httpapi.New(vehicles.Service, keys, httpapi.Options{
		PublicURL: c.PublicURL, Origins: c.CORSOrigins, Proxies: c.TrustedProxies,
		Requests: c.RateLimit.Requests, Per: c.RateLimit.Per, InFlight: c.MaxInFlight,
		Metrics: metrics, Traces: traces,
	}, log)

	g, ctx := errgroup.WithContext(ctx)
	l, err := httpserver.Listen("HTTP_ADDR", c.HTTPAddr)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	if c.MetricsAddr != config.Off { // open before the first answer: the API begins with both ports its own
		l, err := httpserver.Listen("METRICS_ADDR", c.MetricsAddr)
		if err != nil {
			return err
		}
		g.Go(func() error { return httpserver.Serve(ctx, l, metrics.Handler(), 0, log.With("serves", "metrics")) })
	}
	// One database may be asked after the other, each first for its index and then for rows.
	g.Go(func() error { return httpserver.Serve(ctx, l, api, 4*c.QueryTimeout, log) })
	return g.Wait()
}

// stores are the databases that are searched, either of which may be missing.
type stores struct {
	live, snapshot *store.Store
	options        search.Options
	pools          map[string]*sql.DB // by the names of the sources
	all            []*sqlx.DB
}

// newStores reads nothing yet. Observe is called for each query.
func newStores(c config.Stock, observe func(string, time.Duration, error), log *slog.Logger) (*stores, error) {
	settings, vocabulary, err := c.Settings()
	if err != nil {
		return nil, err
	}
	settings.Observe = observe
	options := search.Options{Vocabulary: vocabulary, Timeout: c.QueryTimeout, MaxAge: c.StaleMaxAge}
	s := &stores{pools: map[string]*sql.DB{}, options: options}
	if c.HasLive() {
		db := c.DB
		db.QueryTimeout = c.QueryTimeout
		db.Timezone = dbconn.ZoneUTC // which is how its answers write a TIMESTAMP
		db.Warn = func(text string) { log.Warn(text) }
		if s.live, err = s.open(search.FromLive, db, settings, log); err != nil {
			return nil, err
		}
	}
	if c.HasSnapshot() {
		db := dbconn.Config{Driver: dbconn.SQLite, Path: c.SnapshotPath, PathSetting: "SNAPSHOT_PATH",
			MaxOpenConns: c.DB.MaxOpenConns, ConnMaxLifetime: c.DB.ConnMaxLifetime}
		settings.Table, settings.Setting, settings.Snapshot = cmp.Or(c.SnapshotTable, c.CarsTable), "SNAPSHOT_TABLE", true
		settings.Strict = s.live == nil // otherwise the live table must have the columns that are bound and hidden
		if s.snapshot, err = s.open(search.FromSnapshot, db, settings, log); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// readConns is how many connections an index is read with: one that reads, and one that looks whether a file has
// changed.
const readConns = 2

// open opens the two pools of a database: one for the rows of answers, and one for reading its index, which has no time
// limit.
func (s *stores) open(name string, db dbconn.Config, settings store.Settings, log *slog.Logger) (*store.Store, error) {
	answering := db
	answering.Compression = dbconn.CompressionOff // a page of rows is small: what counts is the way there and back
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

// named gives the stores that there are.
func (s *stores) named() []*store.Store {
	return slices.DeleteFunc([]*store.Store{s.live, s.snapshot}, func(s *store.Store) bool { return s == nil })
}

func (s *stores) close() {
	for _, st := range s.named() {
		_ = st.Close()
	}
	for _, pool := range s.all {
		_ = pool.Close()
	}
}

// searched is what is searched: one database or two, which are looked after until close.
type searched struct {
	*search.Service
	pools map[string]*sql.DB
	open  func() error
	close func() // after open has returned
}

// openStock opens what is searched, as far as it is there.
func openStock(ctx context.Context, c config.Stock, observe func(string, time.Duration, error), events search.Events, log *slog.Logger) (*searched, error) {
	s, err := newSearched(ctx, c, observe, events, log)
	if err != nil {
		return nil, err
	}
	if err := s.open(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// newSearched opens nothing yet.
func newSearched(ctx context.Context, c config.Stock, observe func(string, time.Duration, error), events search.Events,
	log *slog.Logger,
) (*searched, error) {
	stores, err := newStores(c, observe, log)
	if err != nil {
		return nil, err
	}
	s := &searched{pools: stores.pools}
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

// mcpCommand serves the tools to a client that starts this program: the client's user is who may read
// the database, so there is no key.
func mcpCommand(file *string, stderr io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:     "mcp",
		Short:   "Serve the search as tools of the Model Context Protocol, on standard input and output",
		Example: `  DB_DRIVER=sqlite DB_PATH=./data/carstock.db CARS_TABLE=vehicles_view carapi mcp`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadStock(*file)
			if err != nil {
				return err
			}
			return serveStdio(cmd.Context(), c, logger(stderr))
		},
	}
}

// serveStdio answers the client while the databases are opened, or do not answer yet. An error that waiting does not
// help ends it.
func serveStdio(ctx context.Context, c config.Stock, log *slog.Logger) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	vehicles, err := newSearched(ctx, c, nil, search.Events{}, log)
	if err != nil {
		return err
	}
	defer vehicles.close()

	requestID := func(context.Context) string { return rand.Text() }
	caller := &mcp.Caller{Service: vehicles.Service, Log: log, RequestID: requestID}
	g, serving := errgroup.WithContext(ctx)
	opened := make(chan struct{})
	g.Go(func() error {
		defer close(opened)
		if err := vehicles.open(); ctx.Err() == nil {
			return err
		}
		return nil // the client has left before
	})
	g.Go(func() error {
		defer end()
		return caller.Stdio(serving, opened)
	})
	return g.Wait()
}

// logger writes text for a person at a terminal, and JSON for all else.
func logger(w io.Writer) *slog.Logger {
	if f, ok := w.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}
