// Package cli is carapi's command line. It is not internal, so that a test can call the program
// whole, beside syncer.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"carstock/pkg/dbconn"
	"carstock/pkg/httpserver"
	"carstock/pkg/settings"
	"carstock/services/carapi/internal/auth"
	"carstock/services/carapi/internal/config"
	"carstock/services/carapi/internal/httpapi"
	"carstock/services/carapi/internal/stock"
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
		Args:          func(cmd *cobra.Command, args []string) error { return settings.Wrong(cobra.NoArgs(cmd, args)) },
		RunE:          func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), file, logger(stderr)) },
	}
	root.Flags().StringVar(&file, "config", "", "`FILE` of settings: NAME=value lines, or INI sections; the environment wins (default .env, if there is one)")
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return settings.Wrong(err) })

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

func serve(ctx context.Context, file string, log *slog.Logger) error {
	c, err := config.Load(file)
	if err != nil {
		return err
	}
	db, err := dbconn.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	store, err := stock.Open(ctx, db, c.DB.Driver, c.CarsTable, c.QueryTimeout)
	if err != nil {
		return err
	}
	for _, f := range store.Fields {
		log.Debug("field", "name", f.Name, "column", f.Column.Name, "type", f.Column.Type)
	}
	return httpserver.Serve(ctx, "HTTP_ADDR", c.HTTPAddr, httpapi.New(store, auth.NewKey(c.APIKey), log), 2*c.QueryTimeout, log) // the vocabulary, and the search
}

// logger writes text for a person at a terminal, and JSON for all else.
func logger(w io.Writer) *slog.Logger {
	if f, ok := w.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}
