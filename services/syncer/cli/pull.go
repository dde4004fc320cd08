package cli

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"carstock/pkg/program"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/pull"
)

// pullCommand returns the command that fetches the snapshot of another syncer.
func pullCommand() *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use:   "pull URL PATH",
		Short: "Fetch the snapshot of a syncer on another machine, if it is newer",
		Long: `Fetches the snapshot of the syncer at URL into the file PATH, unless PATH has it already. The download is
compressed, and if it is cut off, it is resumed, at once or by the next pull. Programs may read PATH meanwhile; they
see the new snapshot once they end their transactions. PATH belongs to pull: everything in it is replaced, and a file
that was not fetched by pull is refused.

SYNC_HTTP_TOKEN is the token that the server has. HTTPS_PROXY and NO_PROXY select a proxy.`,
		Example: `  SYNC_HTTP_TOKEN=... syncer pull https://stock.example.com/ ./carstock.db
  */15 * * * * syncer pull --quiet --config /etc/carstock/pull.env https://stock.example.com/ carstock.db`,
		Args: program.ArgCount(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.LoadPull(program.ConfigFile(cmd))
			if err != nil {
				return err
			}

			url, err := pull.ParseURL(args[0])
			if err != nil {
				return program.UsageErrorf("%w", err)
			}

			path := args[1]
			if info, err := os.Stat(path); path == "" || err == nil && info.IsDir() || strings.HasSuffix(path, "/") {
				return program.UsageErrorf("PATH: %q: expected the path of a file, such as ./carstock.db", path)
			}

			log := c.Log.Logger(cmd.ErrOrStderr())
			if quiet {
				log = slog.New(slog.DiscardHandler)
			}

			result, err := pull.FetchSnapshot(cmd.Context(), pull.FetchOptions{
				URL: url, Path: path, Token: c.Sync.HTTPToken, Timeout: c.Sync.Timeout, Retries: c.Sync.Retries,
				Retrying: func(err error, wait time.Duration) {
					log.Warn("the pull goes on", "in", wait.Round(100*time.Millisecond), "error", err)
				},
			})
			if err != nil {
				return err
			}
			if quiet {
				return nil
			}

			return printPull(cmd.OutOrStdout(), path, result)
		},
	}

	cmd.Flags().BoolVar(&quiet, "quiet", false, "print only errors")
	return cmd
}

// printPull prints in one line what a pull did, and on another its warning.
func printPull(w io.Writer, path string, r pull.FetchResult) error {
	run := fmt.Sprintf("run %d of %s", r.Run.ID, r.Run.Started.Format(time.RFC3339))
	var err error
	switch {
	case r.Running != nil:
		_, err = fmt.Fprintf(w, "skipped: %s: %v\n", path, r.Running)
	case r.New:
		_, err = fmt.Fprintf(w, "%s: %s, %s received, %s\n",
			path, run, humanize.Bytes(uint64(r.Received)), humanize.Bytes(uint64(r.FileBytes)))
	default:
		_, err = fmt.Fprintf(w, "%s: nothing newer than %s\n", path, run)
	}
	if err == nil && r.Warning != "" {
		_, err = fmt.Fprintf(w, "  warning: %s\n", r.Warning)
	}
	return err
}
