package program

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"carstock/pkg/settings"
)

// ArgCount returns a check that a command has from least to most arguments. Its error shows the command's usage.
func ArgCount(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if least <= len(args) && len(args) <= most {
			return nil
		}

		got := "1 argument"
		if len(args) != 1 {
			got = fmt.Sprintf("%d arguments", len(args))
		}
		return fmt.Errorf("expected %s%s, got %s", cmd.CommandPath(), strings.TrimPrefix(cmd.Use, cmd.Name()), got)
	}
}

// checkArgs turns what a command and its subcommands report about their arguments into usage errors. A command that
// declares no arguments takes none, and one that only has subcommands prints its help.
func checkArgs(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		check = noArgs
	}

	cmd.Args = func(cmd *cobra.Command, args []string) error { return asUsageError(check(cmd, args)) }
	cmd.SuggestionsMinimumDistance = 2
	if !cmd.Runnable() {
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}

	for _, c := range cmd.Commands() {
		checkArgs(c)
	}
}

// noArgs refuses arguments, and suggests commands with names similar to the first one.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}

	if !cmd.HasAvailableSubCommands() {
		return fmt.Errorf("%s takes no arguments, got %q", cmd.CommandPath(), args[0])
	}

	text := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		return errors.New(text + "; did you mean " + strings.Join(similar, " or ") + "?")
	}
	return errors.New(text + "; " + cmd.CommandPath() + " --help lists the commands")
}

// flagError adds to an error about the flags of a command what to do about it, and makes it a usage error.
func flagError(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "duration" {
		return UsageErrorf("--%s: %q is not a duration such as 30s or 5m", invalid.GetFlag().Name, invalid.GetValue())
	}

	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return asUsageError(err)
	}

	// Suggest flags that are one typo away, and commands that are written like a flag, such as --version.
	var similar []string
	for _, c := range cmd.Commands() {
		if c.Name() == unknown.GetSpecifiedName() {
			similar = append(similar, c.CommandPath())
		}
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if settings.IsTypo(unknown.GetSpecifiedName(), f.Name) {
			similar = append(similar, "--"+f.Name)
		}
	})
	if len(similar) > 0 {
		return UsageErrorf("%w; did you mean %s?", err, strings.Join(similar, " or "))
	}
	return UsageErrorf("%w; %s --help lists the flags", err, cmd.CommandPath())
}
