package stock

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"carstock/pkg/schema"
)

// encoder writes rows as JSON objects. What is written depends on the fields' kinds and on the
// values alone, never on the database: MySQL and SQLite give the same bytes.
type encoder struct {
	fields  []*Field
	names   [][]byte // `"name":`
	longest int      // characters of a text, beyond which it is cut; 0 for none
	cut     int      // texts that have been cut
}

func newEncoder(fields []*Field) *encoder {
	e := &encoder{fields: fields, names: make([][]byte, len(fields))}
	for i, f := range fields {
		e.names[i] = append(appendString(nil, f.Name), ':')
	}
	return e
}

func (e *encoder) append(b []byte, values []any) []byte {
	b = append(b, '{')
	for i, f := range e.fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, e.names[i]...)
		if f.class() == text {
			b = e.appendText(b, f, values[i])
		} else {
			b = appendValue(b, f.Kind, values[i])
		}
	}
	return append(b, '}')
}

// appendText writes what a dealer has written: data, of which nothing is to act on a screen or on a
// reader. What tells vehicles apart stays as it is.
func (e *encoder) appendText(b []byte, f *Field, value any) []byte {
	s, isText := value.(string)
	if raw, ok := value.([]byte); ok {
		s, isText = string(raw), true
	}
	if !isText {
		return appendValue(b, f.Kind, value)
	}
	if !slices.Contains(identifying, f.Name) {
		s = plainText(s)
		if e.longest > 0 && utf8.RuneCountInString(s) > e.longest {
			s = string([]rune(s)[:e.longest]) + "…"
			e.cut++
		}
	}
	return appendText(b, f.Kind, s)
}

// identifying are the fields whose values are asked for as they are shown.
var identifying = []string{"id", "vin", "stock_number"}

// plainText is a text without control characters, but for the ends of lines and tabs, and without those
// signs that are not seen and change how others are read: of direction, and tags.
func plainText(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return r
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r >= 0xE0000 && r <= 0xE007F:
			return -1
		}
		return r
	}, s)
}

func appendValue(b []byte, kind schema.Kind, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case uint64:
		return strconv.AppendUint(b, v, 10)
	case float32:
		// The number that syncer stores for it.
		shortest, _ := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
		return appendFloat(b, kind, shortest)
	case float64:
		return appendFloat(b, kind, v)
	case []byte:
		return appendText(b, kind, string(v))
	case string:
		if kind == schema.Bit { // in digits already: MySQL's own come as bytes
			kind = schema.Integer
		}
		return appendText(b, kind, v)
	default: // no driver here gives anything else
		return appendString(b, fmt.Sprint(v))
	}
}

func appendText(b []byte, kind schema.Kind, s string) []byte {
	switch kind {
	case schema.Integer, schema.Decimal:
		s = trimFill(s)
		if plainDecimal.MatchString(s) {
			return append(b, trimZeros(s)...)
		}
	case schema.Bit:
		var u uint64
		for _, octet := range []byte(s) {
			u = u<<8 | uint64(octet)
		}
		return strconv.AppendUint(b, u, 10)
	case schema.Timestamp:
		// A zero date is no time, and stays as it is.
		if day, clock, ok := strings.Cut(s, " "); ok && !strings.HasPrefix(s, "0000") {
			return appendString(b, day+"T"+clock+"Z")
		}
	case schema.JSON:
		var compact bytes.Buffer
		if json.Compact(&compact, []byte(s)) == nil {
			return append(b, compact.Bytes()...)
		}
	case schema.Bytes:
		return appendString(b, base64.StdEncoding.EncodeToString([]byte(s)))
	}
	return appendString(b, s)
}

// plainDecimal is a number as MySQL writes a DECIMAL, and as JSON has one.
var plainDecimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// trimFill takes off the zeros that ZEROFILL puts before a number, which is never negative.
func trimFill(s string) string {
	for len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9' {
		s = s[1:]
	}
	return s
}

// trimZeros takes the zeros off the end of a fraction: 21900.50 is 21900.5, and 21900.00 is 21900.
func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// appendFloat writes the shortest decimal that is f, a DECIMAL never with an exponent.
func appendFloat(b []byte, kind schema.Kind, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...) // JSON has no word for them, and MySQL no such value
	}
	if size := math.Abs(f); kind != schema.Decimal && f != 0 && (size < 1e-6 || size >= 1e21) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

func appendStrings(b []byte, values []string) []byte {
	b = append(b, '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, v)
	}
	return append(b, ']')
}

func appendString(b []byte, s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}
