package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"carstock/pkg/program"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/run"
)

// checkCommand returns the command that checks what a run needs. It fails if any view has a problem.
func checkCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check everything that a run needs, and copy nothing",
		Long: `Checks everything that a run needs, and copies nothing: the connection and its TLS, the user's rights,
each view's columns and how they will be stored, and room on the disk. For a view without a key it looks for
columns that are unique, and prints the entry for SYNC_VIEWS to paste. It reads up to 2 MB of the largest view
three times, to measure the network and whether DB_COMPRESSION would pay.`,
		Example: "  SYNC_VIEWS=vehicles_view syncer check",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(program.ConfigFile(cmd))
			if err != nil {
				return err
			}

			f, err := run.Check(cmd.Context(), c)
			if err != nil {
				return err
			}

			if asJSON {
				err = printJSON(cmd.OutOrStdout(), f)
			} else {
				err = printFindings(cmd.OutOrStdout(), f)
			}

			// A view with a problem fails the command, but only after all findings are printed.
			problems := []error{err}
			for _, v := range f.Views {
				if v.Problem != "" {
					problems = append(problems, fmt.Errorf("%s: %s", v.View, v.Problem))
				}
			}
			return errors.Join(problems...)
		},
	}

	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printFindings prints what concerns all views, then each view.
func printFindings(w io.Writer, f run.Findings) error {
	tls := "no TLS"
	if f.Server.TLS != "" {
		tls = f.Server.TLS + ", " + f.Server.Cipher
	}

	fmt.Fprintf(w, "source  %s   %s   %s\n", f.Source, f.Server.Version, tls)
	for _, g := range f.Server.Grants {
		fmt.Fprintf(w, "        %s\n", g)
	}

	fmt.Fprintf(w, "zone    %s, the server's is %s\n", f.Zones.Session, f.Zones.Server)
	fmt.Fprintf(w, "file    %s   %s, %s free on the disk\n",
		f.File, humanize.Bytes(uint64(f.FileSize)), humanize.Bytes(f.DiskFree))
	fmt.Fprintf(w, "link    %s\n", f.Link.Summary)
	printSelection(w, "        ", f.Selection)
	for _, warning := range f.Warnings {
		fmt.Fprintf(w, "        warning: %s\n", warning)
	}

	for _, v := range f.Views {
		if err := printView(w, v); err != nil {
			return err
		}
	}
	return nil
}

// printView prints a view's key, its columns with their types in the source and in SQLite, and its warnings. The
// command's error names its problem.
func printView(w io.Writer, v run.ViewFinding) error {
	fmt.Fprintf(w, "\n%s -> %s", v.View, v.Table)
	if len(v.Key) > 0 {
		fmt.Fprintf(w, "   key (%s)", strings.Join(v.Key, ", "))
	}
	if v.Estimate > 0 {
		fmt.Fprintf(w, "   about %s rows", humanize.Comma(v.Estimate))
	}

	fmt.Fprintln(w)

	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, c := range v.Columns {
		fmt.Fprintf(tw, "  %s\t%s\t%s\n", c.Name, c.Source, c.SQLite)
	}
	if err := tw.Flush(); err != nil {
		return err
	}

	for _, warning := range v.Warnings {
		fmt.Fprintf(w, "  warning: %s\n", warning)
	}

	// Without a key, suggest one. A view with a problem may not have been searched for unique columns.
	switch {
	case v.Suggested != "":
		fmt.Fprintf(w, "  no key, so changes are not known row by row; "+
			"these columns are unique now, and may be a key:\n  SYNC_VIEWS='%s'\n", v.Suggested)
	case len(v.Key) == 0 && v.Problem == "":
		fmt.Fprintf(w, "  no key, and no columns were found to be unique\n")
	}
	return nil
}
