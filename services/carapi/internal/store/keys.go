package store

import (
	"encoding/base64"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// keyPart is one column of the key in a condition.
type keyPart struct {
	column      schema.Column
	compared    string // the expression to compare
	placeholder string // the expression to compare it to
}

var decimalType = regexp.MustCompile(`^(?i:decimal|numeric)(\([0-9, ]+\))`)

// newKeyPart says how a field of the key is compared with a value.
func (s *Store) newKeyPart(c *catalog.Catalog, f *catalog.Field) keyPart {
	if len(f.Columns) == 0 {
		return keyPart{schema.Column{Kind: schema.Integer}, "t." + rowIDName(c.Table), "?"}
	}

	column := c.Table.Columns[f.Columns[0]]
	part := keyPart{column, s.columnExpression(column), "?"}
	switch {
	case column.Kind != schema.Decimal:
	case !s.isSQLite:
		// MySQL would compare a DECIMAL with a text as two floating-point numbers.
		part.placeholder = "CAST(? AS DECIMAL(65,30))"
		if m := decimalType.FindStringSubmatch(column.Type); m != nil {
			part.placeholder = "CAST(? AS DECIMAL" + m[1] + ")"
		}
	case column.SQLiteType() == "TEXT":
		// The stored text keeps trailing zeros, and a cell does not.
		part.compared, part.placeholder = "CAST("+part.compared+" AS NUMERIC)", "CAST(? AS NUMERIC)"
	}

	return part
}

// keyCondition returns the condition that a row has one of n keys. Keys of several columns are spelled out, because not
// every server uses an index for (a, b) IN ((?, ?)).
func keyCondition(parts []keyPart, n int) string {
	if len(parts) == 1 {
		p := parts[0]
		return p.compared + " IN (" + p.placeholder + strings.Repeat(", "+p.placeholder, n-1) + ")"
	}

	equal := make([]string, len(parts))
	for i, p := range parts {
		equal[i] = p.compared + " = " + p.placeholder
	}

	condition := "(" + strings.Join(equal, " AND ") + ")"
	return condition + strings.Repeat(" OR "+condition, n-1)
}

// keyCounts are the numbers of keys in a statement. They are few, so that statements stay prepared. More keys take
// several statements.
var keyCounts = []int{1, 2, 5, 10, 21, 50, 101, 201, 401}

// paddedCount returns the smallest of keyCounts that is at least n.
func paddedCount(n int) int {
	i, _ := slices.BinarySearch(keyCounts, n)
	return keyCounts[i]
}

// keyArgs appends the values of the keys, repeating the last key up to count.
func (s *Store) keyArgs(args []any, parts []keyPart, keys [][]value.Cell, count int) []any {
	start := len(args)
	for _, key := range keys {
		for i, cell := range key {
			args = append(args, s.keyArg(parts[i].column, cell))
		}
	}

	last := args[start+(len(keys)-1)*len(parts):]
	for range count - len(keys) {
		args = append(args, last...)
	}

	return args
}

// keyArg returns a cell in the driver's type that compares exactly with its column.
func (s *Store) keyArg(c schema.Column, cell value.Cell) any {
	switch cell.Type {
	case value.Null:
		return nil
	case value.Text:
		return string(cell.Form)
	case value.Blob:
		return append([]byte{}, cell.Form...) // not nil, which would be NULL
	}

	form := string(cell.Form)
	if s.isSQLite && c.Kind != schema.Unknown && c.SQLiteType() == "TEXT" {
		return form
	}
	if i, err := strconv.ParseInt(form, 10, 64); err == nil {
		return i
	}

	x, _ := strconv.ParseFloat(form, 64) // in range, because it comes from a column
	switch {
	case s.isSQLite, c.Kind == schema.Double:
		return x
	case c.Kind == schema.Float:
		return float64(float32(x)) // 0.1 in single precision is not 0.1 in double
	}

	if u, err := strconv.ParseUint(form, 10, 64); err == nil {
		return u
	}

	return form
}

// ParseKey reads an id as callers write it: a number, a text, bytes in base64, or several of them joined. It returns
// the cells of the key's fields, or false if the id is not the key or cannot be one of its values.
func ParseKey(c *catalog.Catalog, id string) ([]value.Cell, bool) {
	f := c.ID()
	if f == nil || c.Key.RowID || !slices.Equal(f.Columns, c.Key.Columns) {
		return nil, false
	}
	return idCells(f, c.KeyFields, id)
}

// ParseHistoryKey reads an id as ParseKey does, and returns the cells that identify the vehicle in the change history.
// It returns false if the history identifies vehicles by other columns than their ids.
func ParseHistoryKey(c *catalog.Catalog, id string) ([]value.Cell, bool) {
	f := c.ID()
	if f == nil || len(f.Columns) != len(c.HistoryKey) {
		return nil, false
	}

	for i, position := range f.Columns {
		if !slices.Equal(c.HistoryKey[i].Columns, []int{position}) {
			return nil, false
		}
	}

	return idCells(f, c.HistoryKey, id)
}

// idCells reads an id that consists of the values of some fields.
func idCells(id *catalog.Field, fields []*catalog.Field, text string) ([]value.Cell, bool) {
	if !id.IsJoined() {
		cell, ok := keyCell(fields[0], text)
		return []value.Cell{cell}, ok
	}

	parts, ok := value.SplitID(text, len(fields))
	if !ok {
		return nil, false
	}

	key := make([]value.Cell, len(parts))
	for i, part := range parts {
		// The parts of a joined id are in their stored form.
		switch f := fields[i]; f.Class() {
		case catalog.ClassOpaque:
			key[i] = value.Cell{Type: value.Blob, Form: []byte(part)}
		default:
			if key[i], ok = keyCell(f, part); !ok {
				return nil, false
			}
		}
	}

	return key, true
}

// keyCell reads one value of a key. A number has only one notation: +1 and 01 are not 1.
func keyCell(f *catalog.Field, text string) (cell value.Cell, ok bool) {
	switch f.Class() {
	case catalog.ClassNumber:
		form, ok := value.NormalDecimal([]byte(text))
		whole := f.Kind == schema.Integer || f.Kind == schema.Bit
		if !ok || string(form) != text || whole && !fitsInteger(text) {
			return value.Cell{}, false
		}
		return value.Cell{Type: value.Number, Form: form}, true
	case catalog.ClassOpaque:
		form, err := base64.StdEncoding.Strict().DecodeString(text)
		return value.Cell{Type: value.Blob, Form: form}, err == nil
	case catalog.ClassInstant:
		if f.Kind == schema.Timestamp { // shown as 2026-01-31T12:00:00Z
			text = strings.TrimSuffix(strings.Replace(text, "T", " ", 1), "Z")
		}
	}

	return value.Cell{Type: value.Text, Form: []byte(text)}, utf8.ValidString(text)
}

// fitsInteger reports whether a whole number fits into the largest integer type.
func fitsInteger(text string) bool {
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return true
	}
	u, err := strconv.ParseUint(text, 10, 64)
	return err == nil && u > math.MaxInt64
}
