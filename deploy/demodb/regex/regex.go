// Package icuregex replaces github.com/dolthub/go-icu-regex, with which demodb's library evaluates REGEXP and its
// functions. The original compiles ICU from WebAssembly at each start, which takes seconds, and most of a minute under
// the race detector. This one uses Go's regexp. Notation that Go does not have, such as look-around and back
// references, is an error.
package icuregex

import (
	"context"
	"fmt"
	"regexp"
	"unicode/utf8"
)

// RegexFlags change what a regular expression matches.
type RegexFlags uint32

// The flags, with the names and values of the original.
const (
	RegexFlags_None             RegexFlags = 0
	RegexFlags_Unix_Lines       RegexFlags = 1 // always set: only \n ends a line
	RegexFlags_Case_Insensitive RegexFlags = 2
	RegexFlags_Multiline        RegexFlags = 8
	RegexFlags_Dot_All          RegexFlags = 32
)

// SetRegexLeakHandler does nothing, because nothing can leak.
func SetRegexLeakHandler(func()) {}

// Regex is a regular expression and the text that it searches. Both must be set before the other methods are called, by
// one goroutine at a time. Positions are in characters. Positions and occurrences count from 1; 0 means 1.
type Regex interface {
	// SetRegexString sets the expression. It returns an error if it is invalid.
	SetRegexString(ctx context.Context, expression string, flags RegexFlags) error
	// SetMatchString sets the text.
	SetMatchString(ctx context.Context, text string) error
	// IndexOf returns where a match begins, or with end the position after it; 0 if there is no match.
	IndexOf(ctx context.Context, start, occurrence int, end bool) (int, error)
	// Matches reports whether there is a match.
	Matches(ctx context.Context, start, occurrence int) (bool, error)
	// Substring returns a match, and whether there is one.
	Substring(ctx context.Context, start, occurrence int) (string, bool, error)
	// Replace replaces one match from start on, or all if the occurrence is 0. $1 in replacement is the first group.
	Replace(ctx context.Context, replacement string, start, occurrence int) (string, error)
	// Close does nothing.
	Close() error
}

// CreateRegex makes a Regex without an expression. Its argument, the size of a buffer, is not used.
func CreateRegex(uint32) Regex { return &goRegex{} }

// goRegex implements Regex.
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

// offset returns the byte at which the character at position start begins, or the length of a shorter text.
func (r *goRegex) offset(start int) int {
	at := 0
	for ; start > 1 && at < len(r.text); start-- {
		_, size := utf8.DecodeRuneInString(r.text[at:])
		at += size
	}
	return at
}

// find returns where a match begins and ends, in bytes; nil if there is no match. ^ matches at start.
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
