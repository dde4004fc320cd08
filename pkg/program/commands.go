package program

import (
	"fmt"

	"github.com/spf13/cobra"

	"carstock/pkg/settings"
)

// settingsCommand returns the command that prints all settings. all points to their struct.
func settingsCommand(program string, all any) *cobra.Command {
	return &cobra.Command{
		Use:     "settings",
		Short:   "List the variables that " + program + " reads, with their defaults, as a table in Markdown",
		Example: "  " + program + " settings | grep LOG_",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return settings.Describe(cmd.OutOrStdout(), all)
		},
	}
}

// versionCommand returns the command that prints versions.
func versionCommand(program string) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the versions of " + program + ", Go, SQLite and the drivers",
		Example: "  " + program + " version",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), versionText(program))
			return err
		},
	}
}
