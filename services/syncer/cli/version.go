package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/mattn/go-sqlite3"
	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of syncer, Go and SQLite",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			revision, goVersion := "unknown", "unknown"
			if info, ok := debug.ReadBuildInfo(); ok {
				goVersion = info.GoVersion
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						revision = s.Value
					}
				}
			}
			sqlite, _, _ := sqlite3.Version()
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "syncer %s, %s, SQLite %s\n", revision, goVersion, sqlite)
			return err
		},
	}
}
