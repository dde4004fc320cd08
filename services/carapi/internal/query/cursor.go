package query

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// Cursor says where a page ended: the cells of its last vehicle in the fields of the order. Because it holds stored
// values, and not a number of vehicles to skip, every page costs the same, and vehicles that come or go neither repeat
// nor hide others. It survives a restart and works with every copy of the table.
//
// Clients see it as a JSON array in base64, whose first element ties it to its search.
type Cursor struct {
	SortKey      []value.Cell
	OffsetInTies int // vehicles with this sort key on earlier pages; 0 if no others have it
}

// NextPage returns the request for the vehicles after a cursor.
func (q *Query) NextPage(c Cursor) url.Values {
	next := maps.Clone(q.values)
	if next == nil {
		next = url.Values{}
	}

	// A column with one of these names is a filter, which stays.
	for _, name := range []string{"page", "offset"} {
		if !slices.ContainsFunc(q.Filters, func(f Filter) bool { return f.Parameter == name }) {
			next.Del(name)
		}
	}

	next.Set("cursor", q.encodeCursor(c))
	next.Set("match", q.MatchForNext()) // the values are already interpreted

	return next
}

// fingerprint returns the same text for all pages of a search, whatever the spelling and the order of its values. It
// covers filters and order.
func (q *Query) fingerprint() string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, f := range q.Filters {
		// Case, repetitions and the order of values do not count.
		var values []string
		for _, text := range f.Texts {
			for word := range strings.SplitSeq(text, ",") {
				values = append(values, value.Key(word))
			}
		}

		for _, r := range f.Ranges {
			values = append(values, r.From+" "+r.To)
		}

		slices.Sort(values)
		_ = enc.Encode([]any{f.Field.Name, f.Use, slices.Compact(values)}) // texts always encode
	}

	for _, word := range q.Words {
		_ = enc.Encode(value.PlainLetters(word))
	}

	for _, o := range q.Sort {
		_ = enc.Encode(o.String())
	}

	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:9])
}

// encodeCursor returns a cursor as clients see it.
func (q *Query) encodeCursor(c Cursor) string {
	b := value.AppendString([]byte("["), q.fingerprint())
	for i, cell := range c.SortKey {
		b = appendCursorCell(append(b, ','), q.Sort[i].Field, cell)
	}

	if c.OffsetInTies > 0 {
		b = strconv.AppendInt(append(b, ','), int64(c.OffsetInTies), 10)
	}

	return base64.RawURLEncoding.EncodeToString(append(b, ']'))
}

// appendCursorCell appends a cell as JSON: a number as a number, a text as a text. Bytes, and a text that is not UTF-8,
// become base64 in an array.
func appendCursorCell(b []byte, f *catalog.Field, c value.Cell) []byte {
	switch {
	case !isComparable(f, c):
		return append(b, "null"...)
	case f.Class() == catalog.ClassNumber:
		return append(b, c.Form...)
	case f.Class() == catalog.ClassOpaque, !utf8.Valid(c.Form):
		return append(value.AppendString(append(b, '['), base64.StdEncoding.EncodeToString(c.Form)), ']')
	}
	return value.AppendString(b, string(c.Form))
}

// parseCursor reads a cursor. Anybody may have made it.
func (p *parser) parseCursor(given string) {
	c, ok := p.query.decodeCursor(given)
	if !ok {
		p.fail("cursor", given, nil, "cursor must be %s; send it with the other parameters of that search, or begin again "+
			"without it", controlValues["cursor"])
		p.suggestFix(url.Values{"cursor": nil})
		return
	}

	p.query.After = &c
}

// decodeCursor reads a cursor. It returns false for one of another search, and for any other text.
func (q *Query) decodeCursor(given string) (c Cursor, ok bool) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(given)
	if err != nil {
		return c, false
	}

	var elements []json.RawMessage
	if err := json.Unmarshal(text, &elements); err != nil || len(elements) <= len(q.Sort) {
		return c, false
	}

	// A cursor of another search is refused.
	var fingerprint string
	if err := json.Unmarshal(elements[0], &fingerprint); err != nil || fingerprint != q.fingerprint() {
		return c, false
	}

	for i, o := range q.Sort {
		cell, ok := decodeCursorCell(o.Field, elements[i+1])
		if !ok {
			return c, false
		}
		c.SortKey = append(c.SortKey, cell)
	}

	// What is left is the offset in ties, if there is one.
	switch rest := elements[len(q.Sort)+1:]; len(rest) {
	case 0:
		return c, true
	case 1:
		skip, err := strconv.ParseInt(string(rest[0]), 10, 32)
		c.OffsetInTies = int(skip)
		return c, err == nil && skip > 0
	}

	return c, false
}

// decodeCursorCell reads what appendCursorCell writes.
func decodeCursorCell(f *catalog.Field, element json.RawMessage) (value.Cell, bool) {
	if string(element) == "null" {
		return value.Cell{}, true
	}
	if f.Class() == catalog.ClassNumber {
		number, ok := value.NormalDecimal([]byte(element))
		return value.Cell{Type: value.Number, Form: number}, ok
	}

	cellType := value.Text
	if f.Class() == catalog.ClassOpaque {
		cellType = value.Blob
	}

	// Texts are texts, and all bytes are an array.
	var text string
	if json.Unmarshal(element, &text) == nil {
		return value.Cell{Type: cellType, Form: []byte(text)}, f.Class() != catalog.ClassOpaque
	}

	var encoded []string
	if json.Unmarshal(element, &encoded) != nil || len(encoded) != 1 {
		return value.Cell{}, false
	}

	form, err := base64.StdEncoding.Strict().DecodeString(encoded[0])
	return value.Cell{Type: cellType, Form: form}, err == nil
}
