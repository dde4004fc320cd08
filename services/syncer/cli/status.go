package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"carstock/pkg/program"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/run"
	"carstock/services/syncer/internal/snapshot"
)

// errStale is the error for a snapshot that is missing, older than --max-age, or dated in the future.
var errStale = errors.New("stale")

// status is what the snapshot file says about itself.
type status struct {
	File string `json:"file"`

	// The last good run; null before the first.
	Snapshot *snapshotfile.Run `json:"snapshot"`

	// When the oldest table was read, and the seconds since then. AsOf is null if a table is missing.
	AsOf *time.Time `json:"as_of"`
	Age  float64    `json:"age_seconds,omitempty"`

	// How many runs have failed or were refused after the last good one, and the last run.
	Failures int               `json:"consecutive_failures"`
	Last     *snapshotfile.Run `json:"last"`

	Tables []snapshotfile.TableContent `json:"tables"`
}

// statusCommand returns the command that prints the age of the snapshot. It fails with errStale if checkAge does.
func statusCommand() *cobra.Command {
	var asJSON bool
	var maxAge time.Duration
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Print how old the snapshot is, and what the last runs did",
		Long: `Prints how old the snapshot is, and what the last runs did. It reads only the file SYNC_PATH and needs no
database, so it can be a health check. The exit code is 4 if there is no snapshot, and with --max-age also if it
is too old or dated in the future. The age is that of the oldest table of SYNC_VIEWS, or of all tables if
SYNC_VIEWS is not set.`,
		Example: `  syncer status
  syncer status --max-age 1h     exit code 4 if the snapshot is older`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, views, err := config.LoadTarget(program.ConfigFile(cmd))
			if err != nil {
				return err
			}
			if maxAge < 0 {
				return program.UsageErrorf("--max-age %s: expected a time above 0", maxAge)
			}
			if err := requireFile(path); err != nil {
				return fmt.Errorf("%w: %w", errStale, err)
			}

			// For a health check, a file that cannot be read is as bad as no snapshot.
			s, err := readStatus(path, views)
			switch {
			case err != nil && maxAge > 0:
				return fmt.Errorf("%w: there is no snapshot: %w", errStale, err)
			case err != nil:
				return err
			case asJSON:
				err = printJSON(cmd.OutOrStdout(), s)
			default:
				err = printStatus(cmd.OutOrStdout(), s)
			}
			if err != nil {
				return err
			}

			return s.checkAge(maxAge)
		},
	}

	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().DurationVar(&maxAge, "max-age", 0,
		"exit with code 4 if the snapshot is older than `AGE`, such as 90s, 30m or 1h")
	return cmd
}

// requireFile returns an error if the snapshot file does not exist. Opening it would advise on permissions instead.
func requireFile(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no snapshot yet: SYNC_PATH: %s is not there; syncer sync makes it", path)
	}
	return nil
}

// checkAge reports a snapshot that is missing or, unless maxAge is 0, too old or dated in the future.
func (s *status) checkAge(maxAge time.Duration) error {
	switch {
	case s.AsOf == nil:
		return fmt.Errorf("%w: there is no snapshot of all tables in %s yet", errStale, s.File)
	case maxAge > 0 && snapshotfile.InFuture(*s.AsOf, time.Now()):
		return fmt.Errorf("%w: %s", errStale, futureText(*s.AsOf))
	case maxAge > 0 && s.Age > maxAge.Seconds():
		age := time.Duration(s.Age * float64(time.Second)).Round(time.Second)
		return fmt.Errorf("%w: the snapshot is %s old, more than %s", errStale, age, maxAge)
	}
	return nil
}

// futureText says that a snapshot is dated in the future, and what to do about it.
func futureText(asOf time.Time) string {
	return fmt.Sprintf("the snapshot is dated %s, in the future: the clock is wrong, or was when it was made; "+
		"set it right, and make a run", asOf.UTC().Format(time.RFC3339))
}

// readStatus reads the status of the file at path. The age is that of the oldest table of views, or of all tables if
// views is empty. It returns only the path for a file in which no run is recorded.
func readStatus(path string, views config.ViewList) (status, error) {
	s := status{File: path}
	history, err := snapshot.ReadHistory(path, 1)
	if err != nil || len(history.Runs) == 0 {
		return s, err
	}

	s.Last, s.Snapshot, s.Failures = &history.Runs[0], history.Good, history.Failures
	if s.Tables, err = snapshot.Contents(path); err != nil {
		return s, err
	}
	if oldest := run.AsOf(views, s.Tables); !oldest.IsZero() {
		s.AsOf = &oldest
		s.Age = time.Since(oldest).Seconds()
	}

	return s, nil
}

// printStatus prints the snapshot, a warning if it is dated in the future, and how many runs have failed since.
func printStatus(w io.Writer, s status) error {
	if s.Snapshot == nil {
		fmt.Fprintf(w, "%s has no snapshot yet\n", s.File)
	} else {
		if err := printSnapshot(w, s); err != nil {
			return err
		}
	}

	if s.AsOf != nil && snapshotfile.InFuture(*s.AsOf, time.Now()) {
		fmt.Fprintln(w, "warning: "+futureText(*s.AsOf))
	}
	if s.Failures > 0 {
		since := ""
		if s.Snapshot != nil {
			since = " since then"
		}

		runs := fmt.Sprintf("1 run%s has", since)
		if s.Failures > 1 {
			runs = fmt.Sprintf("%d runs%s have", s.Failures, since)
		}

		fmt.Fprintf(w, "%s published nothing; the last run, at %s, %s: %s\n",
			runs, s.Last.Started.Format(time.RFC3339), s.Last.Status, s.Last.Error)
	}
	return nil
}

// printSnapshot prints the tables of the last good run, then those that only earlier runs have copied.
func printSnapshot(w io.Writer, s status) error {
	fmt.Fprintf(w, "%s: snapshot of %s (%s), from %s\n", s.File,
		s.Snapshot.Started.Format(time.RFC3339), humanize.Time(s.Snapshot.Started), s.Snapshot.Source)

	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, t := range s.Snapshot.Tables {
		fmt.Fprintf(tw, "  %s -> %s\t%s rows\t%s\t%.1f s\n",
			t.View, t.Table, humanize.Comma(t.Rows), changeCounts(t), t.Seconds)
	}

	// Tables that the last good run has read are printed already.
	for _, t := range s.Tables {
		if !t.Synced.Before(s.Snapshot.Started.Truncate(time.Millisecond)) {
			continue
		}

		gone := ""
		if !t.Gone.IsZero() {
			gone = ", and its view is gone"
		}

		fmt.Fprintf(tw, "  %s -> %s\t%s rows\tof %s%s\t\n",
			t.View, t.Table, humanize.Comma(t.Rows), t.Synced.Format(time.RFC3339), gone)
	}

	return tw.Flush()
}
