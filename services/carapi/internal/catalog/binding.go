package catalog

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"carstock/pkg/schema"
)

// Binding is what the settings decide about a table's columns.
type Binding struct {
	Fields map[string]string // name of a field to the column that it is
	Hide   []string          // columns that no request or answer knows of
	ID     []string          // columns of the id where neither Fields nor a column's name says it; the table's own if empty
}

var plainName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// NewBinding reads CARS_FIELDS (field=column, separated by commas) and CARS_HIDE (columns). Reserved are the names that
// requests use for something other than a field.
func NewBinding(fields, hide, reserved []string) (Binding, error) {
	b := Binding{Fields: map[string]string{}}
	columns := map[string]bool{}
	for _, pair := range fields {
		field, column, err := parsePair(pair)
		if err != nil {
			return b, fmt.Errorf("CARS_FIELDS: %w", err)
		}
		if slices.Contains(reserved, field) {
			return b, fmt.Errorf("CARS_FIELDS: %q: %s is a parameter of every search; choose another name", pair, field)
		}
		if _, twice := b.Fields[field]; twice || columns[strings.ToLower(column)] {
			return b, fmt.Errorf("CARS_FIELDS: %q: the field or the column is there twice", pair)
		}
		b.Fields[field], columns[strings.ToLower(column)] = column, true
	}
	for _, h := range hide {
		if h = strings.TrimSpace(h); h != "" {
			b.Hide = append(b.Hide, h)
		}
	}
	return b, nil
}

// parsePair reads field=column.
func parsePair(pair string) (field, column string, err error) {
	field, column, ok := strings.Cut(pair, "=")
	field, column = strings.TrimSpace(field), strings.TrimSpace(column)
	if !ok || column == "" || !plainName.MatchString(field) {
		return "", "", fmt.Errorf("%q: expected field=column, the field in lower case, as in price=preis_brutto", pair)
	}
	return field, column, nil
}

// names gives the position of the column for each field that is not under its column's own name.
func (b Binding) names(t schema.Table, starting bool) (map[string]int, error) {
	position := func(column string) int { return positions(t, []string{column})[0] }
	missing := func(setting, column string) error {
		return fmt.Errorf("%s: %s has no column %q; it has: %s", setting, t.Name, column, strings.Join(columnNames(t), ", "))
	}
	for _, h := range b.Hide {
		if starting && position(h) < 0 {
			return nil, missing("CARS_HIDE", h)
		}
	}

	// What the settings bind or hide is not looked for by name.
	names, columns := map[string]int{}, slices.Clone(t.Columns)
	for i, c := range columns {
		if b.hides(c.Name) {
			columns[i].Name = ""
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.Fields)) {
		i := position(b.Fields[name])
		if i < 0 && starting {
			return nil, missing("CARS_FIELDS", b.Fields[name])
		}
		if b.hides(b.Fields[name]) {
			return nil, fmt.Errorf("CARS_HIDE: %s is hidden, and CARS_FIELDS binds %s to it: take it out of one of the two",
				b.Fields[name], name)
		}
		if i >= 0 {
			names[name], columns[i].Name = i, ""
		}
	}
	for name, i := range bindByName(columns) {
		if _, bySetting := names[name]; !bySetting {
			names[name] = i
		}
	}
	return names, nil
}

func (b Binding) hides(column string) bool {
	return slices.ContainsFunc(b.Hide, func(h string) bool { return strings.EqualFold(h, column) })
}

// identity gives the columns that tell vehicles apart: the one that is called id or bound to it; otherwise a key that is
// shown whole, the stock number, or the VIN; nil if there is none of these.
func (b Binding) identity(source Source, names map[string]int) []int {
	if i, ok := names["id"]; ok {
		return []int{i}
	}
	keys := source.Keys
	if len(b.ID) > 0 {
		keys = [][]string{b.ID}
	}
	for _, key := range keys {
		columns := positions(source.Table, key)
		if !slices.ContainsFunc(key, b.hides) && !slices.Contains(columns, -1) {
			return columns
		}
	}
	for _, name := range []string{"stock_number", "vin"} {
		if i, ok := names[name]; ok {
			return []int{i}
		}
	}
	return nil
}
