package cli

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"carstock/pkg/dbconn"
	"carstock/pkg/settings"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/job"
)

func syncCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "sync",
		Short: "Make one pass: copy all views of SYNC_VIEWS, then publish them together",
		Example: `  SYNC_VIEWS=vehicles_view DB_HOST=db.example.com DB_USER=syncer \
    DB_PASSWORD_FILE=/run/secrets/db DB_NAME=vehicles_db syncer sync`,
		Args: func(cmd *cobra.Command, args []string) error { return settings.Wrong(cobra.NoArgs(cmd, args)) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load()
			if err != nil {
				return err
			}
			db, err := dbconn.Open(cmd.Context(), c.DB)
			if err != nil {
				return err
			}
			defer func() { _ = db.Close() }()
			report, err := job.Run(cmd.Context(), db, c.Sync.Views, c.Sync.Path)
			if err != nil {
				return err
			}
			return printReport(cmd.OutOrStdout(), report, c.Sync.Path)
		},
	}
}

func printReport(w io.Writer, r job.Report, path string) error {
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, t := range r.Tables {
		fmt.Fprintf(tw, "%s -> %s\t%s rows\t%s\t%.1f s\n", t.View, t.Table,
			humanize.Comma(t.Rows), humanize.Bytes(uint64(t.Bytes)), t.Elapsed.Seconds())
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s   %s   published after %.1f s\n", path, humanize.Bytes(uint64(info.Size())), r.Elapsed.Seconds())
	return err
}
