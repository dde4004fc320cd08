// Package icuregex stands in for github.com/dolthub/go-icu-regex, by which demodb's server evaluates
// REGEXP and its functions. That one is ICU as WebAssembly and compiles it whenever the program
// starts, which takes seconds, and most of a minute under the race detector. This one is Go's regexp,
// and what of ICU's notation that does not have, such as look-around and back references, is an error.
package icuregex

import (
	"context"
	"fmt"
	"regexp"
	"unicode/utf8"
)

// RegexFlags change how a regular expression is understood.
type RegexFlags uint32

// The flags, by the names and values that the server uses.
const (
	RegexFlags_None             RegexFlags = 0
	RegexFlags_Unix_Lines       RegexFlags = 1 // always so: \n alone ends a line
	RegexFlags_Case_Insensitive RegexFlags = 2
	RegexFlags_Multiline        RegexFlags = 8
	RegexFlags_Dot_All          RegexFlags = 32
)

// SetRegexLeakHandler does nothing: there is nothing to leak.
func SetRegexLeakHandler(func()) {}

// Regex is a regular expression and the text that it is put to. It may be used by one goroutine at a
// time. Both are set before it is asked. Positions and occurrences count from 1, positions in
// characters; 0 is taken for 1.
type Regex interface {
	// SetRegexString sets the expression; the error is of its notation.
	SetRegexString(ctx context.Context, expression string, flags RegexFlags) error
	// SetMatchString sets the text.
	SetMatchString(ctx context.Context, text string) error
	// IndexOf is where a match begins, or the position after it; 0 if there is none.
	IndexOf(ctx context.Context, start, occurrence int, end bool) (int, error)
	// Matches tells whether there is a match.
	Matches(ctx context.Context, start, occurrence int) (bool, error)
	// Substring is a match, and whether there is one.
	Substring(ctx context.Context, start, occurrence int) (string, bool, error)
	// Replace puts replacement in the place of a match from start on, or of all for the occurrence 0; $1
	// stands for the first group.
	Replace(ctx context.Context, replacement string, start, occurrence int) (string, error)
	// Close does nothing.
	Close() error
}

// CreateRegex makes a Regex without an expression. The size of a buffer is of no use here.
func CreateRegex(uint32) Regex { return &goRegex{} }

type goRegex struct {
	expression *regexp.Regexp
	text       string
}

func (r *goRegex) SetRegexString(_ context.Context, expression string, flags RegexFlags) (err error) {
	prefix := ""
	for _, f := range []struct {
		flag RegexFlags
		name string
	}{{RegexFlags_Case_Insensitive, "(?i)"}, {RegexFlags_Multiline, "(?m)"}, {RegexFlags_Dot_All, "(?s)"}} {
		if flags&f.flag != 0 {
			prefix += f.name
		}
	}

	if r.expression, err = regexp.Compile(prefix + expression); err != nil {
		return fmt.Errorf("the regular expression is invalid here: %w", err)
	}
	return nil
}

func (r *goRegex) SetMatchString(_ context.Context, text string) error {
	r.text = text
	return nil
}

// offset is the byte at which the text's character start is; the text's end, if it has fewer.
func (r *goRegex) offset(start int) int {
	at := 0
	for ; start > 1 && at < len(r.text); start-- {
		_, size := utf8.DecodeRuneInString(r.text[at:])
		at += size
	}
	return at
}

// find gives the bytes between which a match is; nil if there is none. For ^ the text begins at start.
func (r *goRegex) find(start, occurrence int) []int {
	from, n := r.offset(start), max(occurrence, 1)
	found := r.expression.FindAllStringIndex(r.text[from:], n)
	if len(found) < n {
		return nil
	}
	return []int{from + found[n-1][0], from + found[n-1][1]}
}

func (r *goRegex) IndexOf(_ context.Context, start, occurrence int, end bool) (int, error) {
	at := r.find(start, occurrence)
	if at == nil {
		return 0, nil
	}
	if end {
		return utf8.RuneCountInString(r.text[:at[1]]) + 1, nil
	}
	return utf8.RuneCountInString(r.text[:at[0]]) + 1, nil
}

func (r *goRegex) Matches(_ context.Context, start, occurrence int) (bool, error) {
	return r.find(start, occurrence) != nil, nil
}

func (r *goRegex) Substring(_ context.Context, start, occurrence int) (string, bool, error) {
	at := r.find(start, occurrence)
	if at == nil {
		return "", false, nil
	}
	return r.text[at[0]:at[1]], true, nil
}

func (r *goRegex) Replace(_ context.Context, replacement string, start, occurrence int) (string, error) {
	from := r.offset(start)
	out, last := []byte(r.text[:from]), 0
	rest := r.text[from:]
	for i, at := range r.expression.FindAllStringSubmatchIndex(rest, -1) {
		if occurrence > 0 && i != occurrence-1 {
			continue
		}
		out = r.expression.ExpandString(append(out, rest[last:at[0]]...), replacement, rest, at)
		last = at[1]
	}

	return string(append(out, rest[last:]...)), nil
}

func (r *goRegex) Close() error { return nil }
