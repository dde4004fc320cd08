package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"carstock/pkg/dbconn"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of carapi, Go, SQLite and the drivers",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), dbconn.Versions("carapi"))
			return err
		},
	}
}
