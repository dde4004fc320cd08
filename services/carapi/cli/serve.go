package cli

import (
	"context"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"carstock/pkg/httpserver"
	"carstock/services/carapi/internal/config"
	"carstock/services/carapi/internal/httpapi"
)

// serve answers requests until ctx ends.
func serve(ctx context.Context, c config.Config, log *slog.Logger) error {
	keys := c.API.Open(log)

	traces, flush, err := startTraces(ctx, log)
	if err != nil {
		return err
	}
	defer flush()

	metrics := httpapi.NewMetrics()
	vehicles, err := openStock(ctx, c.Stock, metrics.Query, metrics.Events(), log)
	if err != nil {
		if ctx.Err() != nil {
			return nil // stopped while it started, as it should
		}
		return err
	}
	defer vehicles.close()

	metrics.Sources(vehicles.pools, vehicles.Service)
	api := httpapi.New(vehicles.Service, keys, httpapi.Options{
		PublicURL: c.PublicURL, Origins: c.CORSOrigins, Proxies: c.TrustedProxies,
		Requests: c.RateLimit.Requests, Per: c.RateLimit.Per, InFlight: c.MaxInFlight,
		Metrics: metrics, Traces: traces,
	}, log)

	// Open both ports before the first answer, so that a port in use ends the program at once.
	g, ctx := errgroup.WithContext(ctx)
	l, err := httpserver.Listen("HTTP_ADDR", c.HTTPAddr)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()

	if c.MetricsAddr != config.SettingOff {
		l, err := httpserver.Listen("METRICS_ADDR", c.MetricsAddr)
		if err != nil {
			return err
		}

		log := log.With("serves", "metrics")
		g.Go(func() error { return httpserver.Serve(ctx, l, metrics.Handler(log), 0, log) })
	}

	// A request takes at most four queries one after the other: for the index and for rows, in each of two databases.
	g.Go(func() error { return httpserver.Serve(ctx, l, api, 4*c.QueryTimeout, log) })
	return g.Wait()
}
