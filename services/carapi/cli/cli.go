// Package cli is carapi's command line. It is not internal, so that the tests of both programs together can call it.
package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"carstock/pkg/program"
	"carstock/services/carapi/internal/config"
)

// Run runs carapi with the arguments and returns its exit code, which is one of package program. Without a command it
// serves until ctx ends. Settings come from the environment of this process and from the settings file.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := newProgram()
	return p.Run(ctx, args, stdout, stderr)
}

// newProgram returns carapi, which has not run yet.
func newProgram() program.Program {
	return program.Program{Root: rootCommand(), Settings: &config.Config{}, Stopped: "stopped"}
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "carapi",
		Short: "Answers searches of a stock of vehicles over HTTP",
		Long: `Answers searches of a stock of vehicles over HTTP: from a MySQL database, from the file that syncer
keeps, or from the database with the file as a fallback. SIGTERM and SIGINT stop it; requests in flight get a
few seconds to finish.

Settings come from the environment or from a file; carapi settings lists them all.
` + program.ExitCodes + ".",
		Example: `  API_KEY=$(openssl rand -hex 32) DB_HOST=db.example.com DB_USER=carapi \
    DB_PASSWORD_FILE=/run/secrets/db DB_NAME=vehicles_db carapi

  API_KEY=$(openssl rand -hex 32) DB_DRIVER=sqlite DB_PATH=./data/carstock.db \
    CARS_TABLE=vehicles_view carapi`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(program.ConfigFile(cmd))
			if err != nil {
				return err
			}

			return serve(cmd.Context(), c, c.Log.Logger(cmd.ErrOrStderr()))
		},
	}

	root.AddCommand(checkCommand(), keyCommand(), mcpCommand(), statusCommand())
	return root
}
