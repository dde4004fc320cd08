package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"carstock/pkg/program"
	"carstock/services/carapi/internal/config"
	"carstock/services/carapi/internal/search"
	"carstock/services/carapi/internal/value"
)

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Print how the table is understood, and what its index costs",
		Long: `Reads the table of each database, and serves nothing. Prints the fields that were found in it, the
number of vehicles, the memory and time that an index of them takes, and how the rows of an answer are read.
The exit code is 1 if a database does not answer or its table cannot be searched.`,
		Example: "  carapi check --config carapi.ini",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadStock(program.ConfigFile(cmd))
			if err != nil {
				return err
			}

			stores, err := newStores(c, nil, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			defer stores.close()

			var errs []error
			for _, s := range stores.present() {
				found, err := search.Check(cmd.Context(), s, stores.options)
				if err != nil {
					errs = append(errs, err)
					continue
				}

				printFindings(cmd.OutOrStdout(), found)
			}
			return errors.Join(errs...)
		},
	}
}

// printFindings prints what was found in one database. The report may repeat text of the database, so it is cleaned.
func printFindings(w io.Writer, f *search.Findings) {
	fmt.Fprintf(w, "%s  %s\n", f.Setting, f.Table)
	fmt.Fprintf(w, "  fields   %s\n", strings.Join(f.Fields, ", "))
	for _, line := range f.Report {
		fmt.Fprintf(w, "           %s\n", value.Clean(line))
	}

	fmt.Fprintf(w, "  rows     %s\n", humanize.Comma(int64(f.Rows)))
	fmt.Fprintf(w, "  memory   %s for one index; a refresh needs two for a moment\n", humanize.IBytes(uint64(f.Bytes)))
	fmt.Fprintf(w, "  refresh  %s; the index is at most about %s old while requests come\n",
		f.Took.Round(time.Millisecond), f.MaxAge.Round(time.Millisecond))
	fmt.Fprintf(w, "  fetched  %s\n", f.Fetched)
}
