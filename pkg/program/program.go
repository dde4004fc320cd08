// Package program is the skeleton that syncer and carapi share: the command line, exit codes, logging, signals, and
// the commands version and settings. It knows neither databases nor HTTP, and no command by name but those two.
package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/spf13/cobra"

	"carstock/pkg/settings"
)

// Exit codes of both programs. A program may have further ones, from 3 on.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2 // wrong settings or arguments: another try does not help
)

// ExitCodes documents the exit codes above in a program's help.
const ExitCodes = "Exit codes: 0 done, 1 failed, 2 wrong settings or arguments"

// Program is a command line.
type Program struct {
	Root     *cobra.Command  // with the program's commands; Run adds version and settings
	Settings any             // pointer to the struct that holds all settings
	Stopped  string          // printed when a signal has ended a command early
	ExitCode func(error) int // the exit code for errors of the program's own; 0 for other errors; may be nil
}

// Main runs a program with the arguments and streams of this process until it is done, or SIGINT or SIGTERM stops it,
// and exits with its code.
func Main(run func(ctx context.Context, args []string, stdout, stderr io.Writer) int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// LimitHeap keeps Go's heap within a share of the memory limit of this process's cgroup, if there is one. GOMEMLIMIT
// in the environment wins.
func LimitHeap(share float64) {
	// It fails on a machine without cgroups, where there is no limit either.
	_, _ = memlimit.Set(memlimit.WithRatio(share))
}

// Run executes the command that the arguments name and returns its exit code. It prints the command's error to stderr,
// as one message after the program's name. Nothing that commands print can act on a terminal.
func (p *Program) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	// Add what both programs have in common. Errors are printed below, once.
	root := p.Root
	root.AddCommand(settingsCommand(root.Name(), p.Settings), versionCommand(root.Name()))
	root.PersistentFlags().String("config", "", "`FILE` of settings: NAME=value lines, or INI sections; "+
		"the environment wins (default .env, if there is one)")
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(flagError)

	root.SetArgs(args)
	out := &escapingWriter{w: stdout}
	root.SetOut(out)
	root.SetErr(stderr)
	root.InitDefaultCompletionCmd() // otherwise cobra adds it only later, with its own texts about arguments
	checkArgs(root)
	err := root.ExecuteContext(ctx)
	if flushErr := out.flush(); err == nil {
		err = flushErr
	}

	switch {
	case err == nil:
		return ExitOK
	case ctx.Err() != nil: // other errors only follow from it
		fmt.Fprintf(stderr, "%s: %s\n", root.Name(), p.Stopped)
		return ExitFailed
	}

	fmt.Fprintf(stderr, "%s: %s\n", root.Name(), EscapeControls(err.Error()))
	return p.exitCode(err)
}

// exitCode returns the exit code for the error of a command.
func (p *Program) exitCode(err error) int {
	var usage *UsageError
	var invalid *settings.Error
	if errors.As(err, &usage) || errors.As(err, &invalid) {
		return ExitUsage
	}

	if p.ExitCode != nil {
		if code := p.ExitCode(err); code != ExitOK {
			return code
		}
	}

	return ExitFailed
}

// ConfigFile returns the value of --config, for settings.Load.
func ConfigFile(cmd *cobra.Command) string { return cmd.Flag("config").Value.String() }

// UsageError is a mistake in the arguments of a command. Its exit code is ExitUsage.
type UsageError struct{ err error }

func (e *UsageError) Error() string { return e.err.Error() }

func (e *UsageError) Unwrap() error { return e.err }

// UsageErrorf returns a UsageError with a text as of fmt.Errorf.
func UsageErrorf(format string, args ...any) error { return asUsageError(fmt.Errorf(format, args...)) }

// asUsageError returns an error as a UsageError, and nil for nil.
func asUsageError(err error) error {
	if err == nil {
		return nil
	}
	return &UsageError{err}
}
