package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
)

var (
	// settingName matches the name of a setting or of another variable: capitals with an underscore.
	settingName = regexp.MustCompile(`\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b`)

	// makeCommand matches make and a target.
	makeCommand = regexp.MustCompile(`(?m)(?:^|[;&] *)(?:[A-Z_]+=\S* +)*make ([a-z-]+)`)

	// command matches a call of one of the programs with a subcommand, up to the end of the command.
	command = regexp.MustCompile(`(?m)(?:^|[;&(] *|[ /'"])(syncer|carapi) ([a-z]+)\b( [a-z]+\b)?([^|;&\n]*)`)

	// fileName matches the name of a file of this repository, with or without its folder.
	fileName = regexp.MustCompile(`^[\w-][\w./-]*\.(?:go|sh|sql|yaml|yml)$`)

	longFlag = regexp.MustCompile(`(?:^|\s)--[a-z][a-z-]*`)
)

// foreignNames are variables of other programs, which nothing in this repository reads.
var foreignNames = []string{"OPENAI_API_KEY"}

// languages are those that a code block may have. Blocks of text are not checked.
var languages = []string{"sh", "sql", "json", "text", "python"}

// checkBlock parses a code block, as far as its language can be parsed here. Output that was shortened, by "...", is
// not parsed.
func (c *checker) checkBlock(p *page, n *ast.FencedCodeBlock) {
	var b bytes.Buffer
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		b.Write(line.Value(p.source))
	}

	body := b.String()
	isShortened := strings.Contains(body, "...")

	var err error
	switch language := string(n.Language(p.source)); {
	case !slices.Contains(languages, language):
		c.fail(p, n, "a code block needs one of the languages %s", strings.Join(languages, ", "))
	case language == "sh":
		err = checkSyntax(body, "sh", "-n")
		c.checkNames(p, n, body)
		c.checkCommands(p, n, body)
	case language == "json" && !isShortened:
		err = json.Unmarshal(b.Bytes(), new(any))
	case language == "python" && hasPython():
		err = checkSyntax(body, "python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())")
	}
	if err != nil {
		c.fail(p, n, "%v", err)
	}
}

// checkSyntax lets a program parse a snippet without running it.
func checkSyntax(snippet, program string, args ...string) error {
	parser := exec.Command(program, args...)
	parser.Stdin = strings.NewReader(snippet)
	if out, err := parser.CombinedOutput(); err != nil {
		return fmt.Errorf("%s cannot parse this: %s", program, bytes.TrimSpace(out))
	}
	return nil
}

// hasPython reports whether this machine can parse Python.
func hasPython() bool {
	_, err := exec.LookPath("python3")
	return err == nil
}

// checkNames checks that variables occur somewhere besides pages, and that commands in a code span exist.
func (c *checker) checkNames(p *page, n ast.Node, code string) {
	for _, name := range settingName.FindAllString(code, -1) {
		if !slices.Contains(foreignNames, name) && !regexp.MustCompile(`\b`+name+`\b`).MatchString(c.code) {
			c.fail(p, n, "nothing reads %s", name)
		}
	}

	if n.Kind() != ast.KindCodeSpan {
		return
	}

	isFile := func(file string) bool { return strings.HasSuffix("/"+file, "/"+code) }
	if fileName.MatchString(code) && !slices.ContainsFunc(c.files, isFile) {
		c.fail(p, n, "there is no file %s", code)
	}
	c.checkCommands(p, n, code)
}

// checkCommands checks the targets of make, and the subcommands and flags of the programs.
func (c *checker) checkCommands(p *page, n ast.Node, code string) {
	for _, m := range makeCommand.FindAllStringSubmatch(code, -1) {
		if !slices.Contains(c.targets, m[1]) {
			c.fail(p, n, "the Makefile has no target %s", m[1])
		}
	}

	isSpan := n.Kind() == ast.KindCodeSpan
	for _, m := range command.FindAllStringSubmatch(strings.ReplaceAll(code, "\\\n", " "), -1) {
		program, subcommand, rest := m[1], m[2], m[4]
		if isSpan && !strings.HasPrefix(strings.TrimSpace(m[0]), program) {
			continue // a part of something else, such as a path
		}

		// The next word may belong to the command, as in "key new". Otherwise the programs ignore it before --help.
		help := c.helpOf(program, strings.Fields(subcommand+m[3]))
		if !strings.Contains(help, "\n  "+program+" "+subcommand) {
			if isSpan || !isArgument(m[0]) {
				c.fail(p, n, "%s has no command %s", program, subcommand)
			}
			continue
		}

		for _, flag := range longFlag.FindAllString(rest, -1) {
			if flag = strings.TrimSpace(flag); !strings.Contains(help, flag) {
				c.fail(p, n, "%s %s has no flag %s", program, subcommand, flag)
			}
		}
	}
}

// isArgument reports whether a match of command is about arguments of another program, as in `systemctl enable syncer
// carapi`: the name of the program follows a space.
func isArgument(match string) bool { return strings.HasPrefix(match, " ") }

// helpOf returns the help of a command.
func (c *checker) helpOf(program string, subcommand []string) string {
	name := program + " " + strings.Join(subcommand, " ")
	if _, known := c.help[name]; !known {
		out, _ := exec.Command(filepath.Join(c.bin, program), append(subcommand, "--help")...).CombinedOutput()
		c.help[name] = string(out)
	}
	return c.help[name]
}

// makeTargets lists the targets of a Makefile.
func makeTargets(makefile string) (targets []string) {
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(makefile, -1) {
		targets = append(targets, m[1])
	}
	return targets
}
