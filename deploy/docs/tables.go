package main

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	tables "github.com/yuin/goldmark/extension/ast"
)

// checkTables checks the tables that quote the code: messages, in tables whose first column is called "message", and
// functions and types, in tables with columns "file" and "functions".
func (c *checker) checkTables(p *page) {
	walk(p.root, func(n ast.Node) {
		table, ok := n.(*tables.Table)
		if !ok {
			return
		}

		header := rowTexts(table.FirstChild(), p.source)
		for row := table.FirstChild().NextSibling(); row != nil; row = row.NextSibling() {
			if header[0] == "message" {
				c.checkMessages(p, row.FirstChild())
			}

			file, functions := cellOf(row, header, "file"), cellOf(row, header, "functions")
			if file != nil && functions != nil {
				c.checkIdentifiers(p, file, functions)
			}
		}
	})
}

// checkMessages checks that the programs' code contains each message of a cell.
func (c *checker) checkMessages(p *page, cell ast.Node) {
	for _, message := range codeSpans(cell, p.source) {
		// A message that begins with a number is quoted from its percent sign on: the code has %d there.
		if !strings.Contains(c.messages, strings.TrimPrefix(message, "% ")) {
			c.fail(p, cell, "no program says: %s", message)
		}
	}
}

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)

// checkIdentifiers checks that the files that one cell links to contain the identifiers of another cell.
func (c *checker) checkIdentifiers(p *page, files, functions ast.Node) {
	var source strings.Builder
	walk(files, func(n ast.Node) {
		if link, ok := n.(*ast.Link); ok {
			b, _ := os.ReadFile(filepath.Join(c.root, path.Dir(p.path), string(link.Destination)))
			source.Write(b)
		}
	})

	for _, name := range codeSpans(functions, p.source) {
		last := name[strings.LastIndex(name, ".")+1:]
		if !identifier.MatchString(last) || !regexp.MustCompile(`\b`+last+`\b`).MatchString(source.String()) {
			c.fail(p, functions, "the files of this row do not contain %s", name)
		}
	}
}

// cellOf returns the cell of a row in the column with that header, or nil.
func cellOf(row ast.Node, header []string, column string) ast.Node {
	i := slices.Index(header, column)
	cell := row.FirstChild()
	for ; cell != nil && i > 0; i-- {
		cell = cell.NextSibling()
	}
	if i < 0 {
		return nil
	}

	return cell
}

// codeSpans returns the texts of the code spans below a node.
func codeSpans(n ast.Node, source []byte) (spans []string) {
	walk(n, func(n ast.Node) {
		if n.Kind() == ast.KindCodeSpan {
			spans = append(spans, plainText(n, source))
		}
	})

	return spans
}

// rowTexts returns the texts of the cells of a row.
func rowTexts(row ast.Node, source []byte) (texts []string) {
	for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
		texts = append(texts, plainText(cell, source))
	}

	return texts
}
