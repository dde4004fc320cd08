// Package cli is syncer's command line. It is not internal, so that tests can run the whole program, beside carapi.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"carstock/pkg/program"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/run"
)

// Exit codes beside those of package program.
const (
	exitRefused = 3 // a guard refused to publish
	exitStale   = 4 // there is no snapshot, or it is older than status --max-age
)

// Run runs syncer with the given arguments and returns its exit code: one of package program, 3 if a guard refused to
// publish, or 4 if the snapshot is stale. Settings come from the environment of this process.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := newProgram()
	return p.Run(ctx, args, stdout, stderr)
}

// newProgram returns syncer, which has not run yet.
func newProgram() program.Program {
	return program.Program{
		Root:     rootCommand(),
		Settings: &config.Config{},
		Stopped:  "stopped; the snapshot is as it was",
		ExitCode: exitCode,
	}
}

// rootCommand returns the command line with all commands but version and settings, which package program adds.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "syncer",
		Short: "Copies views of a MySQL database into a local SQLite file",
		Long: `Copies views of a MySQL database into a local SQLite file. Readers of the file always see a complete
snapshot.

Settings come from the environment, or from a file; syncer settings lists them all.
` + program.ExitCodes + `, 3 refused by a guard, 4 no snapshot, or one that is too old.`,
		Example: `  syncer check                    check everything that a run needs
  syncer sync                     make one run
  syncer serve                    make runs on a schedule
  syncer status --max-age 1h      exit with code 4 if the snapshot is older`,
	}

	root.AddCommand(serveCommand(), syncCommand(), pullCommand(), checkCommand(), statusCommand(), changesCommand())
	return root
}

// exitCode returns the exit code for the errors that only syncer has; 0 for others.
func exitCode(err error) int {
	var unknown *run.UnknownViewError
	var refused *run.RefusedError
	switch {
	case errors.As(err, &unknown):
		return program.ExitUsage
	case errors.As(err, &refused):
		return exitRefused
	case errors.Is(err, errStale):
		return exitStale
	}
	return 0
}

// printJSON prints a value as indented JSON.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
