package cli

import (
	"testing"

	"carstock/pkg/program/programtest"
)

func TestHelpIsComplete(t *testing.T) {
	t.Parallel()
	programtest.CheckHelp(t, newProgram())
}
