package program

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"carstock/pkg/settings"
)

var (
	errRefused = errors.New("refused")
	errOther   = errors.New("\x1b[2Jbroken")
)

// newProgram makes a program with a few commands. print prints its argument, and fail returns the given error.
func newProgram(fail error) *Program {
	root := &cobra.Command{Use: "tool"}
	group := &cobra.Command{Use: "group"}
	printer := &cobra.Command{Use: "print TEXT", Args: ArgCount(1, 1)}
	printer.RunE = func(cmd *cobra.Command, args []string) error {
		_, err := fmt.Fprintln(cmd.OutOrStdout(), args[0])
		return err
	}

	file := &cobra.Command{Use: "file", RunE: func(cmd *cobra.Command, _ []string) error {
		_, err := fmt.Fprintln(cmd.OutOrStdout(), ConfigFile(cmd))
		return err
	}}
	file.Flags().Duration("age", 0, "")
	failing := &cobra.Command{Use: "fail", RunE: func(*cobra.Command, []string) error { return fail }}
	group.AddCommand(printer)
	root.AddCommand(group, file, failing)

	all := &struct {
		Log LogConfig
	}{}
	return &Program{Root: root, Settings: all, Stopped: "stopped early", ExitCode: func(err error) int {
		if errors.Is(err, errRefused) {
			return 3
		}
		return 0
	}}
}

func TestRun(t *testing.T) {
	t.Parallel()
	invalid := settings.Invalid(errors.New("NAME: empty"))
	for _, test := range []struct {
		args   string
		fail   error
		code   int
		stdout string // beginning of stdout
		stderr string
	}{
		{args: "group print hello", stdout: "hello\n"},
		{args: "group print \x1b[2J\u202ex", stdout: `\u001b[2J\u202ex` + "\n"},
		{args: "file", stdout: "\n"},
		{args: "file --config a.ini", stdout: "a.ini\n"},
		{args: "--config a.ini file", stdout: "a.ini\n"},
		{args: "", stdout: "Usage:\n  tool [flags]\n  tool [command]"},
		{args: "group", stdout: "Usage:\n  tool group [flags]\n  tool group [command]"},
		{args: "settings", stdout: "| `LOG_LEVEL` | info | lowest level"},
		{args: "version", stdout: "tool without a version, commit "},
		{args: "fail", fail: nil},
		{args: "fail", fail: errOther, code: ExitFailed, stderr: `tool: \u001b[2Jbroken` + "\n"},
		{args: "fail", fail: fmt.Errorf("sync: %w", errRefused), code: 3, stderr: "tool: sync: refused\n"},
		{
			args: "fail", fail: errors.Join(errOther, invalid), code: ExitUsage,
			stderr: `tool: \u001b[2Jbroken` + "\nwrong settings:\n  NAME: empty\n",
		},
		{args: "fail", fail: UsageErrorf("--age: %w", errRefused), code: ExitUsage, stderr: "tool: --age: refused\n"},
		{
			args: "fial", code: ExitUsage,
			stderr: `tool: unknown command "fial" for "tool"; did you mean fail or file?` + "\n",
		},
		{
			args: "nothing", code: ExitUsage,
			stderr: `tool: unknown command "nothing" for "tool"; tool --help lists the commands` + "\n",
		},
		{
			args: "group prnt", code: ExitUsage,
			stderr: `tool: unknown command "prnt" for "tool group"; did you mean print?` + "\n",
		},
		{args: "version 2", code: ExitUsage, stderr: `tool: tool version takes no arguments, got "2"` + "\n"},
		{args: "group print", code: ExitUsage, stderr: "tool: expected tool group print TEXT, got 0 arguments\n"},
		{args: "file --color", code: ExitUsage, stderr: "tool: unknown flag: --color; tool file --help lists the flags\n"},
		{args: "file --confg x", code: ExitUsage, stderr: "tool: unknown flag: --confg; did you mean --config?\n"},
		{args: "--version", code: ExitUsage, stderr: "tool: unknown flag: --version; did you mean tool version?\n"},
		{args: "file --age 5", code: ExitUsage, stderr: `tool: --age: "5" is not a duration such as 30s or 5m` + "\n"},
		{
			args: "completion bsh", code: ExitUsage,
			stderr: `tool: unknown command "bsh" for "tool completion"` + "\n",
		},
		{args: "completion bash", stdout: "# bash completion"},
		{args: "file --config", code: ExitUsage, stderr: "tool: flag needs an argument: --config\n"},
	} {
		var stdout, stderr strings.Builder
		code := newProgram(test.fail).Run(t.Context(), strings.Fields(test.args), &stdout, &stderr)
		if code != test.code || !strings.HasPrefix(stdout.String(), test.stdout) || stderr.String() != test.stderr {
			t.Errorf("%q: exit code %d, want %d\n%s\n%s", test.args, code, test.code, &stdout, &stderr)
		}
	}
}

// A command that could not print its result has failed, even if it has not noticed.
func TestRunWithBrokenOutput(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	p := newProgram(nil)
	p.Root.AddCommand(&cobra.Command{Use: "careless", Run: func(cmd *cobra.Command, _ []string) {
		fmt.Fprintln(cmd.OutOrStdout(), "done")
	}})
	code := p.Run(t.Context(), []string{"careless"}, brokenWriter{}, &stderr)
	if code != ExitFailed || stderr.String() != "tool: io: read/write on closed pipe\n" {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
}

// If a signal stopped the program, the error does not matter.
func TestRunStopped(t *testing.T) {
	t.Parallel()
	for _, fail := range []error{errOther, errRefused, context.Canceled} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var stdout, stderr strings.Builder
		code := newProgram(fail).Run(ctx, []string{"fail"}, &stdout, &stderr)
		if code != ExitFailed || stderr.String() != "tool: stopped early\n" {
			t.Errorf("%v: exit code %d: %s", fail, code, &stderr)
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr strings.Builder
	if code := newProgram(nil).Run(ctx, []string{"fail"}, &stdout, &stderr); code != ExitOK || stderr.Len() > 0 {
		t.Errorf("stopped and done: exit code %d: %s", code, &stderr)
	}
}
