package value

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"carstock/pkg/schema"
)

// AppendJSON appends the cell as JSON, for a field of this kind: numbers as numbers, a TIMESTAMP with its zone, a JSON
// text compact, bytes in base64. Equal cells give the same bytes, whichever database they come from.
func (c Cell) AppendJSON(b []byte, kind schema.Kind) []byte {
	switch c.Type {
	case Null:
		return append(b, "null"...)
	case Number:
		return appendNumber(b, kind, c.Form)
	case Blob:
		return AppendString(b, base64.StdEncoding.EncodeToString(c.Form))
	}
	switch kind {
	case schema.Timestamp:
		// A zero date is not a time, and stays as it is.
		if day, clock, ok := bytes.Cut(c.Form, []byte(" ")); ok && !bytes.HasPrefix(day, []byte("0000")) {
			return AppendString(b, slices.Concat(day, []byte("T"), clock, []byte("Z")))
		}
	case schema.JSON:
		var compact bytes.Buffer
		if json.Compact(&compact, c.Form) == nil && utf8.Valid(compact.Bytes()) {
			return append(b, compact.Bytes()...)
		}
	}
	return AppendString(b, c.Form)
}

// appendNumber writes a FLOAT or DOUBLE far from 1 with an exponent, as JavaScript does, and all others in full.
func appendNumber(b []byte, kind schema.Kind, form []byte) []byte {
	if (kind == schema.Float || kind == schema.Double) && len(form) > 8 {
		x, err := strconv.ParseFloat(string(form), 64)
		if size := math.Abs(x); err == nil && x != 0 && (size < 1e-6 || size >= 1e21) {
			return strconv.AppendFloat(b, x, 'e', -1, 64)
		}
	}
	return append(b, form...)
}

// AppendString appends a text as JSON. Bytes that are not UTF-8 become U+FFFD.
func AppendString[T string | []byte](b []byte, s T) []byte {
	if isVerbatim(s) {
		return append(append(append(b, '"'), s...), '"')
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(string(s)) // a string always encodes
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// isVerbatim reports whether a text stands in JSON as it is, between quotes.
func isVerbatim[T string | []byte](s T) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		if r == utf8.RuneError || r == '\u2028' || r == '\u2029' { // the last two end a line in JavaScript
			return false
		}
		i += size
	}
	return true
}

// AppendStrings appends texts as a JSON array.
func AppendStrings(b []byte, values []string) []byte {
	b = append(b, '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, v)
	}
	return append(b, ']')
}

// isPlain reports whether a text has only printable ASCII characters, without quotes and backslashes.
func isPlain[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return true
}
