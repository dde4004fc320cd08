// Package cli is syncer's command line. It is not internal, so that a test can call the program
// whole, beside carapi.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"carstock/pkg/settings"
)

// Exit codes.
const (
	done    = 0
	failed  = 1
	misused = 2
)

// Run runs syncer with the given arguments and returns its exit code: 0 done, 1 failed, 2 wrong
// settings or arguments. Settings come from the process's environment.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "syncer",
		Short:         "Copies views of a MySQL database into a local SQLite file",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(syncCommand())
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return settings.Wrong(err) })

	err := root.ExecuteContext(ctx)
	if err == nil {
		return done
	}
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "syncer: stopped; the snapshot is as it was")
		return failed
	}
	fmt.Fprintf(stderr, "syncer: %v\n", err)
	var wrong *settings.Error
	if errors.As(err, &wrong) || strings.HasPrefix(err.Error(), "unknown command") {
		return misused
	}
	return failed
}
