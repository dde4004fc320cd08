package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// ViewEntry is an entry of SYNC_VIEWS: what to copy, and how.
type ViewEntry struct {
	Name      string   // view or table of the source; for a pattern, with * and ? in it
	Table     string   // table of the SQLite file; by default the view's name
	Key       []string // columns that identify a row; none if the entry has none
	Watermark string   // column that grows with each change of a row; "" if the entry has none
	Pattern   bool     // the entry stands for all views whose names match
	LeftOut   bool     // the entry begins with -: patterns leave out what it matches

	invalid bool // Decode could not parse the entry
}

// ViewList holds the entries of SYNC_VIEWS, separated by ; or line breaks. An entry is view[=table][(key,
// columns)][@watermark], or a pattern such as audit_*, or a view or pattern after -, which leaves it out. A name with a
// character that has a meaning here goes between backticks, as in MySQL.
type ViewList []ViewEntry

// IndexEntry is an entry of SYNC_INDEXES: table(column, ...).
type IndexEntry struct {
	Table   string
	Columns []string
}

// Named returns the entries that name a view to copy: neither patterns nor what is left out.
func (v ViewList) Named() (named ViewList) {
	for _, view := range v {
		if !view.Pattern && !view.LeftOut {
			named = append(named, view)
		}
	}
	return named
}

// HavePatterns reports whether only the source knows which views to copy.
func (v ViewList) HavePatterns() bool {
	return slices.ContainsFunc(v, func(view ViewEntry) bool { return view.Pattern && !view.LeftOut })
}

// Entry returns the name or pattern as the settings have it, with the - of what is left out.
func (v ViewEntry) Entry() string {
	entry := v.Name
	if !v.Pattern {
		entry = QuoteName(v.Name)
	}
	if v.LeftOut {
		entry = "-" + entry
	}
	return entry
}

// Matcher returns a function that reports whether the entry matches a name. With fold it ignores case.
func (v ViewEntry) Matcher(fold bool) func(name string) bool {
	return nameMatcher(v.Name, v.Pattern, fold)
}

// PatternMatcher is Matcher for a text that is a pattern if it has * or ? in it.
func PatternMatcher(text string) func(name string) bool {
	return nameMatcher(text, true, false)
}

// nameMatcher returns a function that reports whether a whole name is the text, or matches it as a pattern.
func nameMatcher(text string, pattern, fold bool) func(string) bool {
	expression := regexp.QuoteMeta(text)
	if pattern {
		expression = strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(expression)
	}

	flags := "(?s)"
	if fold {
		flags = "(?si)"
	}
	return regexp.MustCompile(flags + "^" + expression + "$").MatchString
}

// IndexList holds the entries of SYNC_INDEXES, separated as those of SYNC_VIEWS are.
type IndexList []IndexEntry

// Decode reads the variable, for envconfig. An invalid entry stays among the others, so that Validate sees it.
func (v *ViewList) Decode(text string) error {
	*v = nil
	var firstErr error
	for _, entry := range splitEntries(text) {
		view, err := decodeView(entry)
		if err != nil {
			view.invalid = true
			firstErr = cmp.Or(firstErr, err)
		}
		*v = append(*v, view)
	}
	return firstErr
}

// decodeView parses an entry of SYNC_VIEWS. With an error it returns what it has read before.
func decodeView(entry string) (v ViewEntry, err error) {
	const expected, example = "view[=table][(key, columns)][@watermark]", "vehicles_view=vehicles(id)@updated_at"
	s := entryScanner{entry}
	v.LeftOut = s.take('-')
	quoted := strings.HasPrefix(s.rest, "`")

	// A pattern, or what is left out, is a name alone.
	ok := s.anyName(&v.Name) && (quoted || !strings.HasPrefix(v.Name, "-"))
	v.Pattern = !quoted && strings.ContainsAny(v.Name, wildcards)
	if (v.Pattern || v.LeftOut) && ok {
		if s.rest != "" {
			return v, fmt.Errorf("%q: expected nothing after a pattern, or a name that is left out: "+
				"a view with its own table, key or watermark needs an entry such as %s", entry, example)
		}
		return v, nil
	}

	// The table, the key and the watermark follow the name in this order.
	v.Table = v.Name
	if ok && s.take('=') {
		ok = s.name(&v.Table)
	}

	if ok && s.take('(') {
		if !s.names(&v.Key) {
			return v, notationError(entry, expected+" with the key's columns between the brackets", example)
		}
	}

	if ok && s.take('@') {
		ok = s.name(&v.Watermark)
	}

	if !ok || s.rest != "" {
		return v, notationError(entry, expected, example)
	}

	for i, k := range v.Key {
		if slices.ContainsFunc(v.Key[:i], func(other string) bool { return strings.EqualFold(k, other) }) {
			return v, fmt.Errorf("%q: the column %s is named twice in the key", entry, k)
		}
	}
	return v, nil
}

// Decode reads the variable, for envconfig.
func (x *IndexList) Decode(text string) error {
	*x = nil
	for _, entry := range splitEntries(text) {
		var index IndexEntry
		s := entryScanner{entry}
		if !s.name(&index.Table) || !s.take('(') || !s.names(&index.Columns) || s.rest != "" {
			return notationError(entry, "table(column, ...)", "vehicles(make, model, year)")
		}
		*x = append(*x, index)
	}
	return nil
}

// notationError returns the error for an entry that is not in the expected notation.
func notationError(entry, expected, example string) error {
	return fmt.Errorf("%q: expected %s, such as %s; a name with one of %s in it, or that begins with -, "+
		"goes between backticks", entry, expected, example, strings.Join(strings.Split(specialChars+wildcards, ""), " "))
}

// specialChars end a name without backticks. Wildcards make it a pattern: * matches any text, ? one character.
const (
	specialChars = "=()@,;`"
	wildcards    = "*?"
)

// QuoteName returns a name as an entry needs it, between backticks if necessary.
func QuoteName(name string) string {
	isPlain := !strings.HasPrefix(name, "-") && !strings.ContainsAny(name, specialChars+wildcards+"\r\n")
	if isPlain && strings.TrimSpace(name) == name {
		return name
	}
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// splitEntries splits a text at ; and line breaks, except between backticks.
func splitEntries(text string) (out []string) {
	quoted := false
	for _, entry := range strings.FieldsFunc(text, func(r rune) bool {
		if r == '`' {
			quoted = !quoted
		}
		return !quoted && strings.ContainsRune(";\r\n", r)
	}) {
		if entry = strings.TrimSpace(entry); entry != "" {
			out = append(out, entry)
		}
	}
	return out
}

// entryScanner reads the parts of an entry, each with the spaces after it.
type entryScanner struct{ rest string }

// take skips a character if it comes next, and reports whether it did.
func (s *entryScanner) take(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = strings.TrimSpace(s.rest[1:])
	return true
}

// name reads a name that is not a pattern, and reports whether there is one.
func (s *entryScanner) name(name *string) bool {
	quoted := strings.HasPrefix(s.rest, "`")
	return s.anyName(name) && (quoted || !strings.ContainsAny(*name, wildcards) && !strings.HasPrefix(*name, "-"))
}

// anyName reads a name or a pattern, and reports whether there is one.
func (s *entryScanner) anyName(name *string) bool {
	// Without backticks, a name ends at a character with a meaning.
	if !strings.HasPrefix(s.rest, "`") {
		end := strings.IndexAny(s.rest, specialChars)
		if end < 0 {
			end = len(s.rest)
		}

		*name, s.rest = strings.TrimSpace(s.rest[:end]), s.rest[end:]
		return *name != ""
	}

	// Between backticks, two of them stand for one in the name.
	var b strings.Builder
	for rest := s.rest[1:]; ; {
		part, after, closed := strings.Cut(rest, "`")
		b.WriteString(part)
		if !closed {
			return false
		}

		if !strings.HasPrefix(after, "`") {
			*name, s.rest = b.String(), strings.TrimSpace(after)
			return *name != ""
		}

		b.WriteByte('`')
		rest = after[1:]
	}
}

// names reads names with commas between them and a closing bracket, and reports whether all are there.
func (s *entryScanner) names(names *[]string) bool {
	for {
		var name string
		if !s.name(&name) {
			return false
		}

		*names = append(*names, name)
		if s.take(')') {
			return true
		}

		if !s.take(',') {
			return false
		}
	}
}
