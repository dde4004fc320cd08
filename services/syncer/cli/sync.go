package cli

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"carstock/pkg/program"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/run"
)

// syncCommand returns the command that makes one run.
func syncCommand() *cobra.Command {
	var o run.Options
	var asJSON, quiet bool
	cmd := &cobra.Command{
		Use:   "sync [VIEW...]",
		Short: "Make one run: copy the views of SYNC_VIEWS, then publish them together",
		Long: `Makes one run: copies the views of SYNC_VIEWS, or those of them that are named, then publishes them
together. A name may be a pattern such as 'dealer_*'.`,
		Args: cobra.ArbitraryArgs,
		Example: `  SYNC_VIEWS='vehicles_view=vehicles(id)' DB_HOST=db.example.com DB_USER=syncer \
    DB_PASSWORD_FILE=/run/secrets/db DB_NAME=vehicles_db syncer sync

  syncer sync --config syncer.ini            settings from a file
  syncer sync --dry-run                      what would change
  syncer sync vehicles_view --force          one view, even if a guard refuses it
  syncer sync --json | jq .tables            the report as JSON`,
		RunE: func(cmd *cobra.Command, views []string) error {
			c, err := config.Load(program.ConfigFile(cmd))
			if err != nil {
				return err
			}

			log := c.Log.Logger(cmd.ErrOrStderr())
			if quiet {
				log = slog.New(slog.DiscardHandler)
			}

			o.Views = views
			o.Retrying = func(err error, wait time.Duration) {
				log.Warn("retrying the run", "in", wait.Round(100*time.Millisecond), "error", err)
			}

			stopProgress := func() {}
			if !quiet {
				o.Progress = &run.Progress{}
				stopProgress = showProgress(o.Progress, cmd.ErrOrStderr(), log)
			}

			report, err := run.MakeRun(cmd.Context(), c, o)
			stopProgress()

			// A script gets the report of a failed run too. The error of the run comes before one of printing.
			switch {
			case asJSON:
				if printErr := printJSON(cmd.OutOrStdout(), report); err == nil {
					err = printErr
				}
			case err == nil && !quiet:
				err = printReport(cmd.OutOrStdout(), report)
			}
			return err
		},
	}

	f := cmd.Flags()
	f.BoolVar(&o.Full, "full", false, "read all rows and delete those that are gone, even with SYNC_STRATEGY=upsert")
	f.BoolVar(&o.Force, "force", false, "publish even what a guard refuses: an empty or shrunken view, changed columns")
	f.BoolVar(&o.DryRun, "dry-run", false, "read and compare, and publish nothing")
	f.BoolVar(&asJSON, "json", false, "print the report as JSON, even if the run failed")
	f.BoolVar(&quiet, "quiet", false, "print only errors")
	return cmd
}

// printReport prints a line per table, then what the user should look at, and how the run ended.
func printReport(w io.Writer, r run.Report) error {
	if r.Status == snapshotfile.RunSkipped {
		_, err := fmt.Fprintf(w, "skipped: %s: %v\n", r.File, r.Running)
		return err
	}

	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, t := range r.Tables {
		fmt.Fprintf(tw, "%s -> %s\t%s rows\t%s\t%s\t%.1f s\n", t.View, t.Table,
			humanize.Comma(t.Rows), changeCounts(t), humanize.Bytes(uint64(t.Bytes)), t.Seconds)
	}

	if err := tw.Flush(); err != nil {
		return err
	}

	for _, t := range r.Tables {
		if t.Drift != "" {
			fmt.Fprintf(w, "  %s: columns changed: %s\n", t.Table, t.Drift)
		}

		for _, warning := range t.Warnings {
			fmt.Fprintf(w, "  %s: warning: %s\n", t.Table, warning)
		}

		for _, l := range t.Lost {
			fmt.Fprintf(w, "  %s: lost: %s\n", t.Table, l)
		}
	}

	printSelection(w, "  ", r.Selection)
	for _, warning := range r.Warnings {
		fmt.Fprintf(w, "  warning: %s\n", warning)
	}

	if r.Status == snapshotfile.RunDry {
		_, err := fmt.Fprintf(w, "dry run of %.1f s: %s is as it was\n", r.Seconds, r.File)
		return err
	}

	_, err := fmt.Fprintf(w, "%s   %s   published after %.1f s\n",
		r.File, humanize.Bytes(uint64(r.FileBytes)), r.Seconds)
	return err
}

// printSelection prints which views the patterns of SYNC_VIEWS match, if there are patterns.
func printSelection(w io.Writer, indent string, s *run.Selection) {
	if s == nil {
		return
	}

	for _, m := range s.Matched {
		fmt.Fprintf(w, "%s%s matches %s\n", indent, m.Entry, cmp.Or(strings.Join(m.Views, ", "), "no other view"))
	}

	for _, m := range s.LeftOut {
		fmt.Fprintf(w, "%s%s leaves out %s\n", indent, m.Entry, cmp.Or(strings.Join(m.Views, ", "), "nothing"))
	}
}

// changeCounts returns `+inserted ~updated -deleted`. Without a key only whether anything changed is known.
func changeCounts(t snapshotfile.TableRun) string {
	switch {
	case t.Inserted+t.Updated+t.Deleted == 0:
		return "unchanged"
	case !t.Key:
		return "changed (no key)"
	}
	return fmt.Sprintf("+%s ~%s -%s",
		humanize.Comma(t.Inserted), humanize.Comma(t.Updated), humanize.Comma(t.Deleted))
}
