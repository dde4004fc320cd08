// Package cli is syncer's command line. It is not internal, so that a test can call the program
// whole, beside carapi.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"carstock/pkg/settings"
	"carstock/services/syncer/internal/run"
)

// Exit codes.
const (
	done    = 0
	failed  = 1
	misused = 2
	refused = 3
	stale   = 4
)

// Run runs syncer with the given arguments and returns its exit code: 0 done, 1 failed, 2 wrong
// settings or arguments, 3 refused by a guard, 4 stale. Settings come from the process's environment.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:   "syncer",
		Short: "Copies views of a MySQL database into a local SQLite file",
		Long: `Copies views of a MySQL database into a local SQLite file. Whoever opens the file sees
the last complete snapshot, never a part of one.

Settings come from the environment, or from a file; README.md has all of them.
Exit codes: 0 done, 1 failed, 2 wrong settings, 3 refused by a guard, 4 stale.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	var file string
	root.PersistentFlags().StringVar(&file, "config", "", "`FILE` of settings: NAME=value lines, or INI sections; the environment wins (default .env, if there is one)")
	root.AddCommand(runCommand(&file), syncCommand(&file), pullCommand(&file), checkCommand(&file), statusCommand(&file),
		changesCommand(&file), settingsCommand(), versionCommand())
	root.SetArgs(args)
	root.SetOut(plainWriter{stdout})
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return settings.Invalid(err) })

	err := root.ExecuteContext(ctx)
	if err == nil {
		return done
	}
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "syncer: stopped; the snapshot is as it was")
		return failed
	}
	if !errors.Is(err, errTold) {
		fmt.Fprintf(stderr, "syncer: %s\n", plain(err.Error()))
	}
	var (
		wrong *settings.Error
		guard *run.Refused
		view  *run.UnknownView
	)
	_, _, unknown := root.Find(args) // cobra has no type for the error of an unknown command
	switch {
	case errors.As(err, &wrong), errors.As(err, &view), unknown != nil:
		return misused
	case errors.As(err, &guard):
		return refused
	case errors.Is(err, errStale):
		return stale
	}
	return failed
}

// errTold is wrapped by errors that the output has told already.
var errTold = errors.New("told")

func noArgs(cmd *cobra.Command, args []string) error {
	return settings.Invalid(cobra.NoArgs(cmd, args))
}
