package cli

import (
	"github.com/spf13/cobra"

	"carstock/pkg/settings"
	"carstock/services/carapi/internal/config"
)

func settingsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "settings",
		Short: "List the variables that carapi reads, with their defaults, as a table in Markdown",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return settings.Describe(cmd.OutOrStdout(), &config.Config{})
		},
	}
}
