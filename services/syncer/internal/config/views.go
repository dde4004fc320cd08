package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// View is an entry of SYNC_VIEWS: what to copy, and how.
type View struct {
	Name      string   // view or table of the source
	Table     string   // table of the SQLite file; the view's name if the entry gives none
	Key       []string // columns that identify a row; none if the entry gives none
	Watermark string   // column that grows with each change of a row; "" if the entry gives none
}

// Views are the entries of SYNC_VIEWS: view[=table][(key, columns)][@watermark], separated by ; or
// line breaks.
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

var (
	viewEntry  = regexp.MustCompile(`^([^=()@]+)(?:=([^=()@]+))?(?:\(([^()]*)\)\s*)?(?:@([^=()@]+))?$`)
	indexEntry = regexp.MustCompile(`^([^=()@]+)\(([^()]*)\)$`)
)

// Decode reads the variable, for envconfig.
func (v *Views) Decode(text string) error {
	*v = nil
	for _, entry := range entries(text) {
		m := viewEntry.FindStringSubmatch(entry)
		if m == nil {
			return notation(entry, "view[=table][(key, columns)][@watermark]", "vehicles_view=vehicles(id)@updated_at")
		}
		view := View{Name: strings.TrimSpace(m[1]), Table: strings.TrimSpace(m[2]), Watermark: strings.TrimSpace(m[4])}
		if view.Table == "" {
			view.Table = view.Name
		}
		if strings.Contains(entry, "(") {
			if view.Key = columns(m[3]); view.Key == nil {
				return notation(entry, "the key's columns between the brackets", "vehicles_view(id)")
			}
			for i, k := range view.Key {
				if slices.ContainsFunc(view.Key[:i], func(other string) bool { return strings.EqualFold(k, other) }) {
					return fmt.Errorf("%q: the column %s is named twice in the key", entry, k)
				}
			}
		}
		*v = append(*v, view)
	}
	return nil
}

// Decode reads the variable, for envconfig.
func (x *Indexes) Decode(text string) error {
	*x = nil
	for _, entry := range entries(text) {
		m := indexEntry.FindStringSubmatch(entry)
		if m == nil || columns(m[2]) == nil {
			return notation(entry, "table(column, ...)", "vehicles(make, model, year)")
		}
		*x = append(*x, Index{Table: strings.TrimSpace(m[1]), Columns: columns(m[2])})
	}
	return nil
}

func notation(entry, expected, example string) error {
	return fmt.Errorf("%q: expected %s, such as %s", entry, expected, example)
}

func entries(text string) (out []string) {
	for _, entry := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == '\n' || r == '\r' }) {
		if entry = strings.TrimSpace(entry); entry != "" {
			out = append(out, entry)
		}
	}
	return out
}

// columns is nil if one of them is empty.
func columns(text string) (out []string) {
	for _, name := range strings.Split(text, ",") {
		if name = strings.TrimSpace(name); name == "" {
			return nil
		}
		out = append(out, name)
	}
	return out
}
