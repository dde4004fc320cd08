package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"carstock/services/carapi/internal/config"
	"carstock/services/carapi/internal/stock"
)

func checkCommand(file *string) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Look at what would be searched, and which indexes are missing",
		Long: `Looks at what would be searched, and answers nobody: whether each database is there, the fields
that were found in the table, and how the database would answer the requests that are usual. Where
it would read a large table for a few vehicles, the index that is missing is said.`,
		Example: "  DB_HOST=db.example.com DB_USER=carapi DB_PASSWORD_FILE=/run/secrets/db DB_NAME=vehicles_db carapi check",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadStock(*file)
			if err != nil {
				return err
			}
			stores, err := newStores(c, nil, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			defer stores.close()
			var wrong []error
			for _, s := range []*stock.Store{stores.live, stores.snapshot} {
				if s == nil {
					continue
				}
				found, err := s.Check(cmd.Context())
				if err != nil {
					wrong = append(wrong, err)
					continue
				}
				if err := printFindings(cmd.OutOrStdout(), s, found); err != nil {
					return err
				}
			}
			return errors.Join(wrong...)
		},
	}
}

func printFindings(w io.Writer, s *stock.Store, found *stock.Findings) error {
	fmt.Fprintf(w, "%s  %s\nfields  %s\n", s.Setting, s.Table, strings.Join(found.Fields, ", "))
	if len(found.Plans) == 0 {
		fmt.Fprintln(w, "no vehicles")
	}
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, p := range found.Plans {
		fmt.Fprintf(tw, "  %s\t%s\n", p.Request, strings.Join(p.Steps, "; "))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, m := range found.Missing {
		fmt.Fprintf(w, "missing  %s\n", m)
	}
	return nil
}
