// Package programtest holds what the tests of both programs have in common. It knows no program by name.
package programtest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/joho/godotenv"
	"github.com/spf13/cobra"

	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/program"
	"carstock/pkg/settings"
)

// CheckHelp checks that a newcomer finds everything: each command has a sentence and an example in its help, and each
// variable has a description and stands in .env.example.
func CheckHelp(t *testing.T, p program.Program) {
	t.Helper()
	checkCommand(t, p.Root)

	var table strings.Builder
	if err := settings.Describe(&table, p.Settings); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(table.String()) {
		if strings.HasSuffix(strings.TrimSpace(line), "|  |") {
			t.Errorf("no description: %s", line)
		}
	}

	example, err := godotenv.Read(filepath.Join(dbtest.Root(t), ".env.example"))
	if err != nil {
		t.Fatal(err)
	}
	names, err := settings.VariableNames(p.Settings)
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if _, ok := example[name]; !ok {
			t.Errorf("%s is not in .env.example", name)
		}
	}
}

// checkCommand checks the help of a command and of those below it.
func checkCommand(t *testing.T, cmd *cobra.Command) {
	t.Helper()
	if cmd.Short == "" || cmd.Example == "" {
		t.Errorf("%s: the help lacks a sentence or an example", cmd.CommandPath())
	}
	for _, c := range cmd.Commands() {
		checkCommand(t, c)
	}
}
