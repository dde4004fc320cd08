package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// View is an entry of SYNC_VIEWS: what to copy, and how.
type View struct {
	Name      string   // view or table of the source
	Table     string   // table of the SQLite file; the view's name if the entry gives none
	Key       []string // columns that identify a row; none if the entry gives none
	Watermark string   // column that grows with each change of a row; "" if the entry gives none

	wrong bool // the entry could not be read
}

// Views are the entries of SYNC_VIEWS: view[=table][(key, columns)][@watermark], separated by ; or
// line breaks. Names with a character that means something here go between backticks, as in MySQL.
type Views []View

// Index is an entry of SYNC_INDEXES: table(column, ...).
type Index struct {
	Table   string
	Columns []string
}

// Tables are the names of the tables that the views become.
func (v Views) Tables() (names []string) {
	for _, view := range v {
		names = append(names, view.Table)
	}
	return names
}

// Indexes are the entries of SYNC_INDEXES, separated as those of SYNC_VIEWS.
type Indexes []Index

// Decode reads the variable, for envconfig. A wrong entry stays among the others, so that Validate knows of it.
func (v *Views) Decode(text string) error {
	*v = nil
	var first error
	for _, entry := range entries(text) {
		view, err := decodeView(entry)
		if err != nil {
			view.wrong = true
			first = cmp.Or(first, err)
		}
		*v = append(*v, view)
	}
	return first
}

func decodeView(entry string) (v View, err error) {
	const expected, example = "view[=table][(key, columns)][@watermark]", "vehicles_view=vehicles(id)@updated_at"
	s := scanner{entry}
	ok := s.name(&v.Name)
	v.Table = v.Name
	if ok && s.take('=') {
		ok = s.name(&v.Table)
	}
	if ok && s.take('(') {
		if !s.names(&v.Key) {
			return v, notation(entry, expected+" with the key's columns between the brackets", example)
		}
	}
	if ok && s.take('@') {
		ok = s.name(&v.Watermark)
	}
	if !ok || s.rest != "" {
		return v, notation(entry, expected, example)
	}

	for i, k := range v.Key {
		if slices.ContainsFunc(v.Key[:i], func(other string) bool { return strings.EqualFold(k, other) }) {
			return v, fmt.Errorf("%q: the column %s is named twice in the key", entry, k)
		}
	}
	return v, nil
}

// Decode reads the variable, for envconfig.
func (x *Indexes) Decode(text string) error {
	*x = nil
	for _, entry := range entries(text) {
		var index Index
		s := scanner{entry}
		if !s.name(&index.Table) || !s.take('(') || !s.names(&index.Columns) || s.rest != "" {
			return notation(entry, "table(column, ...)", "vehicles(make, model, year)")
		}
		*x = append(*x, index)
	}
	return nil
}

func notation(entry, expected, example string) error {
	return fmt.Errorf("%q: expected %s, such as %s; a name with one of %s in it goes between backticks",
		entry, expected, example, strings.Join(strings.Split(special, ""), " "))
}

// special are the characters that end a name without backticks.
const special = "=()@,;`"

// Quote writes a name as an entry needs it.
func Quote(name string) string {
	if strings.TrimSpace(name) == name && !strings.ContainsAny(name, special+"\r\n") {
		return name
	}
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// entries are the parts of a text between ; and line breaks, but for those between backticks.
func entries(text string) (out []string) {
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

// scanner reads the parts of an entry, each with the spaces after it.
type scanner struct{ rest string }

// take skips a character, if it is the next.
func (s *scanner) take(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = strings.TrimSpace(s.rest[1:])
	return true
}

// name reads a name, and reports whether there is one.
func (s *scanner) name(name *string) bool {
	if !strings.HasPrefix(s.rest, "`") {
		end := strings.IndexAny(s.rest, special)
		if end < 0 {
			end = len(s.rest)
		}
		*name, s.rest = strings.TrimSpace(s.rest[:end]), s.rest[end:]
		return *name != ""
	}

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

// names reads names with commas between them and the closing bracket, and reports whether that is what there is.
func (s *scanner) names(names *[]string) bool {
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
