package cli

import (
	"github.com/spf13/cobra"

	"carstock/pkg/settings"
	"carstock/services/syncer/internal/config"
)

func settingsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "settings",
		Short: "List the variables that syncer reads, with their defaults, as a table in Markdown",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return settings.Describe(cmd.OutOrStdout(), &config.Config{})
		},
	}
}
