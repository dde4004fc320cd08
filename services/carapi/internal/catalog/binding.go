package catalog

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/value"
)

// Binding holds what the settings say about a table's columns.
type Binding struct {
	Fields map[string]string // column by the name of its field
	Hide   []string          // columns that neither requests nor answers may name
	Units  map[string]string // unit by the name of the field: mi, km or an ISO 4217 code
	// ID lists the columns of the id, if neither Fields nor a column's name gives one. Empty stands for the table's key.
	ID []string

	Invisible  []string          // columns that the database hides
	Vocabulary *value.Vocabulary // understands values
}

var plainName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// NewBinding reads CARS_FIELDS (field=column, separated by commas) and CARS_HIDE (columns). reserved are names that
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
		if h = unquoteName(h); h != "" {
			b.Hide = append(b.Hide, h)
		}
	}

	return b, nil
}

// parsePair reads field=column.
func parsePair(pair string) (field, column string, err error) {
	field, column, ok := strings.Cut(pair, "=")
	field, column = strings.TrimSpace(field), unquoteName(column)
	if !ok || column == "" || !plainName.MatchString(field) {
		return "", "", fmt.Errorf("%q: expected field=column, the field in lower case, as in price=preis_brutto", pair)
	}
	return field, column, nil
}

// unquoteName removes the backticks or spaces around a name.
func unquoteName(name string) string {
	name = strings.TrimSpace(name)
	if len(name) > 2 && name[0] == '`' && name[len(name)-1] == '`' {
		return strings.ReplaceAll(name[1:len(name)-1], "``", "`")
	}
	return name
}

// quoteName returns a name in the notation of CARS_FIELDS.
func quoteName(name string) string {
	if strings.TrimSpace(name) != name || strings.ContainsAny(name, ",`") {
		return "`" + strings.ReplaceAll(name, "`", "``") + "`"
	}
	return name
}

// NewUnits reads CARS_UNITS: field=unit.
func NewUnits(pairs []string) (map[string]string, error) {
	units := map[string]string{}
	for _, pair := range pairs {
		field, unit, _ := strings.Cut(strings.TrimSpace(pair), "=")
		var ok bool
		switch field {
		case "mileage":
			unit, ok = distanceUnit(unit)
		case "price", "msrp":
			unit, ok = CurrencyCode(unit)
		}

		if !ok {
			return nil, fmt.Errorf("CARS_UNITS: %q: expected mileage=mi, mileage=km, or price or msrp with an ISO 4217 code, "+
				"as in price=EUR", pair)
		}

		units[field] = unit
	}

	return units, nil
}

// boundPositions returns the position of the column of each field that CARS_FIELDS binds. With starting, a setting that
// names a missing column is an error. Otherwise the column counts as dropped.
func (b Binding) boundPositions(t schema.Table, starting bool) (map[string]int, error) {
	missing := func(setting, column string) error {
		return fmt.Errorf("%s: %s has no column %q; it has: %s", setting, t.Name, column, strings.Join(t.ColumnNames(), ", "))
	}

	for _, h := range b.Hide {
		if starting && ColumnPosition(t, h) < 0 {
			return nil, missing("CARS_HIDE", h)
		}
	}

	names := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(b.Fields)) {
		i := ColumnPosition(t, b.Fields[name])
		if i < 0 && starting {
			return nil, missing("CARS_FIELDS", b.Fields[name])
		}
		if i >= 0 && b.isHidden(t.Columns[i].Name) {
			return nil, fmt.Errorf("CARS_HIDE: %s is hidden, and CARS_FIELDS binds %s to it: take it out of one of the two",
				b.Fields[name], name)
		}

		if i >= 0 {
			names[name] = i
		}
	}

	return names, nil
}

// isHidden reports whether CARS_HIDE names a column.
func (b Binding) isHidden(column string) bool {
	return slices.ContainsFunc(b.Hide, func(h string) bool { return strings.EqualFold(h, column) })
}

// excludes reports whether neither requests nor answers may name a column.
func (b Binding) excludes(c schema.Column) bool {
	return b.isHidden(c.Name) || slices.Contains(b.Invisible, c.Name)
}

// idColumns returns the columns that identify vehicles, or nil for a table without any. It takes the first that exists:
// the column bound to id, a unique key without hidden columns, the stock number, the VIN.
func (b Binding) idColumns(source Source, names map[string]int) []int {
	if i, ok := names["id"]; ok {
		return []int{i}
	}

	keys := source.Keys
	if len(b.ID) > 0 {
		keys = [][]string{b.ID}
	}

	isHidden := func(name string) bool { return b.isHidden(name) || slices.Contains(b.Invisible, name) }
	for _, key := range keys {
		columns := columnPositions(source.Table, key)
		if !slices.ContainsFunc(key, isHidden) && !slices.Contains(columns, -1) {
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
