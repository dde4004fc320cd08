// Docs checks the pages of this repository: links and anchors, commands, settings, snippets, and the messages and
// names that pages quote from the code. It reads the files that git tracks, and does not use the network.
//
//	docs ROOT BIN
//
// ROOT is the repository; BIN is a folder with the programs syncer and carapi.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// changelog is the page that may name what no longer exists.
const changelog = "CHANGELOG.md"

// page is a parsed Markdown file.
type page struct {
	path    string // relative to the repository
	source  []byte
	root    ast.Node
	anchors []string
}

// checker holds what pages are compared with.
type checker struct {
	root     string
	bin      string
	files    []string          // that git tracks
	pages    map[string]*page  // by path
	code     string            // all tracked text except pages
	messages string            // the programs' Go files, without tests
	targets  []string          // of the Makefile
	help     map[string]string // of commands, by their names
	problems []string
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: docs ROOT BIN")
		os.Exit(2)
	}

	problems, err := check(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintf(os.Stderr, "docs: %v\n", err)
		os.Exit(1)
	}

	for _, problem := range problems {
		fmt.Fprintln(os.Stderr, problem)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}

// check returns the problems of all pages, in the order of the pages.
func check(root, bin string) ([]string, error) {
	out, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return nil, fmt.Errorf("list the repository's files: %w", err)
	}

	// A page may refer to any other, so all are read first.
	c := &checker{root: root, bin: bin, pages: map[string]*page{}, help: map[string]string{}}
	c.files = strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if err := c.readFiles(); err != nil {
		return nil, err
	}

	for _, path := range c.files {
		if p := c.pages[path]; p != nil {
			c.checkPage(p)
		}
	}

	return c.problems, nil
}

// readFiles reads and parses the pages, and collects the text that they are compared with.
func (c *checker) readFiles() error {
	var code, messages strings.Builder
	for _, path := range c.files {
		b, err := os.ReadFile(filepath.Join(c.root, path))
		if os.IsNotExist(err) { // deleted, but not yet committed
			continue
		}
		if err != nil {
			return err
		}

		// Pages are not compared with one another's text.
		switch {
		case strings.HasSuffix(path, ".md"):
			c.pages[path] = parse(path, b)
			continue

		case path == "Makefile":
			c.targets = makeTargets(string(b))

		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !strings.HasPrefix(path, "deploy/"):
			messages.Write(b)
		}

		code.Write(b)
		code.WriteByte('\n')
	}

	c.code, c.messages = code.String(), messages.String()
	return nil
}

// parse parses a page and lists its anchors.
func parse(path string, source []byte) *page {
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM))
	p := &page{path: path, source: source, root: markdown.Parser().Parse(text.NewReader(source))}

	walk(p.root, func(n ast.Node) {
		if h, ok := n.(*ast.Heading); ok {
			p.anchors = append(p.anchors, anchor(plainText(h, source), p.anchors))
		}
	})

	return p
}

// checkPage checks one page.
func (c *checker) checkPage(p *page) {
	walk(p.root, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Link:
			c.checkLink(p, n, string(n.Destination))
		case *ast.Image:
			c.checkLink(p, n, string(n.Destination))
		case *ast.CodeSpan:
			if p.path != changelog {
				c.checkNames(p, n, plainText(n, p.source))
			}
		case *ast.FencedCodeBlock:
			c.checkBlock(p, n)
		}
	})

	c.checkTables(p)
}

// fail notes a problem at a node of a page.
func (c *checker) fail(p *page, n ast.Node, format string, args ...any) {
	problem := fmt.Sprintf("%s:%d: %s", p.path, p.line(n), fmt.Sprintf(format, args...))
	if !slices.Contains(c.problems, problem) {
		c.problems = append(c.problems, problem)
	}
}

// line returns the number of the line on which a node begins.
func (p *page) line(n ast.Node) int {
	start := -1
	walk(n, func(below ast.Node) {
		if t, ok := below.(*ast.Text); ok && start < 0 {
			start = t.Segment.Start
		}
	})

	// A code block has lines instead of texts.
	if start < 0 && n.Type() == ast.TypeBlock && n.Lines().Len() > 0 {
		start = n.Lines().At(0).Start
	}

	return 1 + strings.Count(string(p.source[:max(start, 0)]), "\n")
}

// walk calls visit for each node below n, in the order of the page.
func walk(n ast.Node, visit func(ast.Node)) {
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			visit(n)
		}
		return ast.WalkContinue, nil
	})
}

// plainText returns the text below a node, without its markup.
func plainText(n ast.Node, source []byte) string {
	var b strings.Builder
	walk(n, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Text:
			b.Write(n.Segment.Value(source))
			if n.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(n.Value)
		}
	})

	return b.String()
}
