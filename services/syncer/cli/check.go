package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/run"
)

func checkCommand(file *string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Look at all that a pass needs, and copy nothing",
		Long: `Looks at all that a pass needs, and copies nothing: the connection and its TLS, the user's
rights, each view's columns and how they will be stored, and room on the disk. For a view without a
key it looks for columns that are unique, and prints the entry for SYNC_VIEWS to paste. It reads up
to 2 MB of the largest view three times, to measure the network and whether DB_COMPRESSION would pay.`,
		Example: "  SYNC_VIEWS=vehicles_view syncer check",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(*file)
			if err != nil {
				return err
			}
			f, err := run.Check(cmd.Context(), c)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				err = e.Encode(f)
			} else {
				err = printFindings(cmd.OutOrStdout(), f)
			}
			for _, v := range f.Views {
				if v.Problem != "" && err == nil {
					err = fmt.Errorf("%s: %s", v.View, v.Problem)
				} else if v.Problem != "" {
					err = errors.Join(err, fmt.Errorf("%s: %s", v.View, v.Problem))
				}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

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
	fmt.Fprintf(w, "file    %s   %s, %s free on the disk\n", f.File, humanize.Bytes(uint64(f.FileSize)), humanize.Bytes(f.DiskFree))
	fmt.Fprintf(w, "link    %s\n", f.Link.Summary)
	printSelection(w, "        ", f.Selection)
	for _, warning := range f.Warnings {
		fmt.Fprintf(w, "        warning: %s\n", warning)
	}
	for _, v := range f.Views {
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
		switch {
		case v.Suggested != "":
			fmt.Fprintf(w, "  no key, so changes cannot be told row by row; unique now, and so perhaps a key:\n  SYNC_VIEWS='%s'\n", v.Suggested)
		case len(v.Key) == 0 && v.Problem == "":
			fmt.Fprintf(w, "  no key, and no columns were found to be unique\n")
		}
	}
	return nil
}
