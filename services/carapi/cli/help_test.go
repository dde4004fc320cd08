package cli

import (
	"testing"

	"github.com/spf13/cobra"
)

// Every command has a sentence and an example in its help.
func TestHelpIsComplete(t *testing.T) {
	t.Parallel()
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		if cmd.Short == "" || cmd.Example == "" {
			t.Errorf("%s: the help lacks a sentence or an example", cmd.CommandPath())
		}
		for _, c := range cmd.Commands() {
			check(c)
		}
	}

	check(rootCommand())
}
