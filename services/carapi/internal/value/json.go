package value

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"carstock/pkg/schema"
)

// AppendJSON appends the cell as JSON, for a field of this kind: numbers as numbers unless a double would change them,
// a TIMESTAMP with its zone, a JSON text compact, bytes in base64. Equal cells give the same bytes, whichever database
// they come from.
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
			return appendDocument(b, compact.Bytes())
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
	return AppendExact(b, kind, form)
}

// AppendExact appends a number in the notation of NormalDecimal to JSON. If a double would change it, it becomes a
// text, because JavaScript and most other JSON readers only have doubles.
func AppendExact[T string | []byte](b []byte, kind schema.Kind, form T) []byte {
	if fitsDouble(kind, form) {
		return append(b, form...)
	}
	return append(append(append(b, '"'), form...), '"')
}

// Limits up to which a double represents every number exactly.
const (
	maxSafeInteger = "9007199254740991" // 2^53 - 1
	safeDigits     = 15
)

// fitsDouble reports whether a double represents a number exactly: an integer up to 2^53 - 1, a decimal of up to 15
// digits, and any value of a FLOAT or DOUBLE.
func fitsDouble[T string | []byte](kind schema.Kind, form T) bool {
	if len(form) <= safeDigits {
		return true
	}
	if kind == schema.Float || kind == schema.Double {
		x, err := strconv.ParseFloat(string(form), 64)
		return err == nil && string(AppendFloat(nil, x, false)) == string(form)
	}

	number := strings.TrimPrefix(string(form), "-")
	whole, fraction, isDecimal := strings.Cut(number, ".")
	if !isDecimal {
		return CompareDecimals(number, maxSafeInteger) <= 0
	}

	return len(strings.TrimLeft(whole+fraction, "0")) <= safeDigits
}

// numberOrText finds the numbers of a JSON document. It also matches texts, to skip the digits in them.
var numberOrText = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?[0-9][0-9.]*(?:[eE][-+]?[0-9]+)?`)

// appendDocument appends a JSON document with its numbers in the form of AppendExact. A number with an exponent is a
// double, and stays.
func appendDocument(b, document []byte) []byte {
	// Nearly all documents have no number that a double would change.
	if !hasLongRun(document) {
		return append(b, document...)
	}

	// Put such numbers in quotes, and copy what is between them.
	at := 0
	for _, found := range numberOrText.FindAllIndex(document, -1) {
		token := document[found[0]:found[1]]
		if token[0] == '"' || bytes.ContainsAny(token, "eE") || fitsDouble(schema.Decimal, token) {
			continue
		}

		b = append(b, document[at:found[0]]...)
		b = append(append(append(b, '"'), token...), '"')
		at = found[1]
	}

	return append(b, document[at:]...)
}

// hasLongRun reports whether the document has a run of more digits than a double keeps.
func hasLongRun(document []byte) bool {
	run := 0
	for _, c := range document {
		switch {
		case isDigit(c):
			run++

		// The digits before and after a point belong to one number.
		case c != '.':
			run = 0
		}

		if run > safeDigits {
			return true
		}
	}

	return false
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

// isVerbatim reports whether JSON needs no escapes for a text.
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

// isPlain reports whether a text only has printable ASCII characters, and no quotes or backslashes.
func isPlain[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return true
}
