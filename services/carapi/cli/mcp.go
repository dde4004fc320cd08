package cli

import (
	"context"
	"crypto/rand"
	"log/slog"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"carstock/pkg/program"
	"carstock/services/carapi/internal/config"
	"carstock/services/carapi/internal/mcp"
	"carstock/services/carapi/internal/search"
)

// mcpCommand serves the tools to a client that starts this program. It needs no key: a user who can start it with these
// settings can read the database anyway.
func mcpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "mcp",
		Short:   "Serve the search as MCP tools on standard input and output",
		Example: `  DB_DRIVER=sqlite DB_PATH=./data/carstock.db CARS_TABLE=vehicles_view carapi mcp`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadStock(program.ConfigFile(cmd))
			if err != nil {
				return err
			}

			return serveStdio(cmd.Context(), c, c.Log.Logger(cmd.ErrOrStderr()))
		},
	}
}

// serveStdio answers the client until it leaves or ctx ends. It answers while the databases are still being opened, so
// that the client does not give up. If they cannot be opened, and waiting would not help, it ends with that error.
func serveStdio(ctx context.Context, c config.Stock, log *slog.Logger) error {
	ctx, end := context.WithCancel(ctx)
	defer end()

	vehicles, err := newStock(ctx, c, nil, search.Events{}, log)
	if err != nil {
		return err
	}
	defer vehicles.close()

	requestID := func(context.Context) string { return rand.Text() }
	caller := &mcp.Caller{Service: vehicles.Service, Log: log, RequestID: requestID}

	// Open the databases and answer the client side by side.
	g, serving := errgroup.WithContext(ctx)
	opened := make(chan struct{})
	g.Go(func() error {
		defer close(opened)
		if err := vehicles.open(); ctx.Err() == nil {
			return err
		}

		return nil // the client has left meanwhile
	})

	g.Go(func() error {
		defer end()
		return caller.Stdio(serving, opened)
	})

	return g.Wait()
}
