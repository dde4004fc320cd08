package stock

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"carstock/pkg/schema"
)

// encoder writes vehicles as JSON objects, with a comma between them, while the driver reads them: a
// value is copied once, to where it is shown. What is written depends on the fields' kinds and on the
// values alone, never on the database: MySQL and SQLite give the same bytes.
type encoder struct {
	fields   []*Field
	json     []byte
	long     []longText
	maxChars int // of an answer; when there are more, texts are cut from then on
}

// longText is a text that may be cut.
type longText struct {
	from, to int // where it stands in the JSON, quotes included
	text     string
	kind     schema.Kind
	cut      bool // it has been, to the longest of textLengths
}

// vehicleSize is what a vehicle usually takes, in bytes.
const vehicleSize = 600

// newEncoder expects so many vehicles.
func newEncoder(fields []*Field, vehicles int) *encoder {
	return &encoder{fields: fields, json: make([]byte, 0, vehicles*vehicleSize), maxChars: math.MaxInt}
}

// begin begins a vehicle, whose values are then scanned into cells, in their order, and end ends it.
func (e *encoder) begin() {
	if len(e.json) > 0 {
		e.json = append(e.json, ',')
	}
	e.json = append(e.json, '{')
}

func (e *encoder) end() { e.json = append(e.json, '}') }

// cells are what the columns of the fields are scanned into.
func (e *encoder) cells() []any {
	own, all := make([]cell, len(e.fields)), make([]any, len(e.fields))
	for i := range all {
		own[i] = cell{e, i}
		all[i] = &own[i]
	}
	return all
}

// cell takes the values of one column. A []byte is the driver's, and gone once Scan returns.
type cell struct {
	*encoder
	column int
}

// Scan implements sql.Scanner.
func (c *cell) Scan(value any) error {
	f := c.fields[c.column]
	if c.column > 0 {
		c.json = append(c.json, ',')
	}
	c.json = append(c.json, f.label...)
	if f.class() == text {
		c.appendText(f, value)
	} else {
		c.json = appendValue(c.json, f.Kind, value)
	}
	return nil
}

// appendText writes what a dealer has written: data, of which nothing is to act on a screen or on a
// reader. What tells vehicles apart stays as it is.
func (e *encoder) appendText(f *Field, value any) {
	var s string
	switch v := value.(type) {
	case []byte:
		if len(v) <= leastLong && plain(v) {
			e.json = append(append(append(e.json, '"'), v...), '"')
			return
		}
		s = string(v)
	case string:
		s = v
	default:
		e.json = appendValue(e.json, f.Kind, value)
		return
	}
	from := len(e.json)
	if slices.Contains(identifying, f.Name) {
		e.json = appendText(e.json, f.Kind, s)
		return
	}
	s = plainText(s)
	cut := len(e.json)/utf8.UTFMax > e.maxChars && utf8.RuneCountInString(s) > textLengths[0] // they will be
	if cut {
		s = string([]rune(s)[:textLengths[0]])
		e.json = appendText(e.json, f.Kind, s+"…")
	} else {
		e.json = appendText(e.json, f.Kind, s)
	}
	if utf8.RuneCountInString(s) > leastLong {
		e.long = append(e.long, longText{from, len(e.json), s, f.Kind, cut})
	}
}

// shortened is the JSON of the first n vehicles, which end at the given places, with texts of more than
// most characters cut. It gives the places where they end then, and how many texts have been cut up to there.
func (e *encoder) shortened(ends []int, most int) (json []byte, shorter, cuts []int) {
	at, cut, long := 0, 0, e.long
	for _, end := range ends {
		for ; len(long) > 0 && long[0].to <= end; long = long[1:] {
			l := long[0]
			if utf8.RuneCountInString(l.text) <= most {
				if l.cut {
					cut++
				}
				continue
			}
			json = append(json, e.json[at:l.from]...)
			json = appendText(json, l.kind, string([]rune(l.text)[:most])+"…")
			at = l.to
			cut++
		}
		json = append(json, e.json[at:end]...)
		at = end
		shorter, cuts = append(shorter, len(json)), append(cuts, cut)
	}
	return json, shorter, cuts
}

// identifying are the fields whose values are asked for as they are shown.
var identifying = []string{"id", "vin", "stock_number"}

// plainText is a text without control characters, but for the ends of lines and tabs, and without those
// signs that are not seen and change how others are read: of direction, and tags.
func plainText(s string) string {
	if plain(s) {
		return s
	}
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
		if plainDecimal(s) {
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
		if json.Compact(&compact, []byte(s)) == nil && utf8.Valid(compact.Bytes()) {
			return append(b, compact.Bytes()...)
		}
	case schema.Bytes:
		return appendString(b, base64.StdEncoding.EncodeToString([]byte(s)))
	}
	return appendString(b, s)
}

// plainDecimal reports whether a text is a number as MySQL writes a DECIMAL, and as JSON has one.
func plainDecimal(s string) bool {
	whole, fraction, fractional := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return allDigits(whole) && (whole == "0" || whole[0] != '0') && (!fractional || allDigits(fraction))
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

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
	if plain(s) {
		return append(append(append(b, '"'), s...), '"')
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// plain reports whether a text is in JSON what it is, in quotes.
func plain[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return true
}
