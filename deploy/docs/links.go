package main

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
)

// checkLink checks that a relative link leads to a file or folder, and its fragment to a heading. Links to other hosts
// only have to be URLs.
func (c *checker) checkLink(p *page, n ast.Node, destination string) {
	u, err := url.Parse(destination)
	if err != nil {
		c.fail(p, n, "%s is not a URL", destination)
		return
	}
	if u.Scheme != "" {
		return
	}

	target := p.path
	if u.Path != "" {
		target = path.Join(path.Dir(p.path), u.Path)
	}

	if !c.exists(target) {
		c.fail(p, n, "%s leads to no file", destination)
		return
	}
	if u.Fragment == "" {
		return
	}
	to := c.pages[target]
	if to == nil || !slices.Contains(to.anchors, u.Fragment) {
		c.fail(p, n, "%s leads to no heading", destination)
	}
}

// exists reports whether a path is a tracked file, or a folder with tracked files.
func (c *checker) exists(target string) bool {
	return slices.ContainsFunc(c.files, func(file string) bool {
		return file == target || strings.HasPrefix(file, target+"/")
	})
}

// anchor returns the anchor that GitHub gives to a heading, after those before it on the page.
func anchor(heading string, before []string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
			b.WriteRune(r)
		}
	}

	name := b.String()
	for i := 1; slices.Contains(before, name); i++ {
		name = fmt.Sprintf("%s-%d", b.String(), i)
	}

	return name
}
