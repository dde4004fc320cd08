package search

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// minTruncatable is the length in characters up to which a value is never shortened or left out.
const minTruncatable = 100

// textLengths are the lengths in characters to which long texts are cut, one after another, until an answer is short
// enough.
var textLengths = []int{1000, 300, minTruncatable}

// encodedVehicle is a vehicle as JSON, with the parts that can be left out. The JSON depends on the cells alone, so
// MySQL and SQLite give the same bytes.
type encodedVehicle struct {
	json    []byte
	long    []longValue
	omitted []Omitted // values that are too long, null in json
	id      json.RawMessage
}

// longValue is a value of more than minTruncatable characters.
type longValue struct {
	field    *catalog.Field
	from, to int    // its place in the JSON
	text     string // a text that may be cut; empty for any other value, which is shown whole or not at all
	length   int    // of a value that is shown whole, in bytes or, of a text, in characters
}

// Omitted is a value that did not fit into the answer. It is null there.
type Omitted struct {
	ID     json.RawMessage `json:"id,omitempty"` // of the vehicle, in an answer with several
	Field  string          `json:"field"`
	Length int             `json:"length"` // in bytes, of a text in characters
}

// encodeVehicle appends the shown fields of a vehicle to b, and returns b too.
func encodeVehicle(b []byte, shown []*catalog.Field, labels []string, v *vehicle) (*encodedVehicle, []byte) {
	start := len(b)
	e := &encodedVehicle{json: append(b, '{')}
	for i, f := range shown {
		if i > 0 {
			e.json = append(e.json, ',')
		}

		e.json = append(e.json, labels[i]...)
		from := len(e.json)
		cell, kind, whole := v.shownCell(f)
		e.appendCell(f, cell, kind, whole, v.storedLength(f))

		if f.IsComputed() && f.Name == catalog.FirstSeen && v.mayBeOlder() {
			e.json = append(e.json, `,"`+catalog.FirstSeenOrEarlier+`":true`...)
		}

		if f.Name == "id" {
			e.id = json.RawMessage(e.json[from:len(e.json):len(e.json)])
		}
	}

	b = append(e.json, '}')

	// Places are counted from the beginning of the vehicle.
	e.json = b[start:len(b):len(b)]
	for i := range e.long {
		e.long[i].from -= start
		e.long[i].to -= start
	}

	return e, b
}

// fieldLabels returns the names of fields as JSON, each with a colon.
func fieldLabels(shown []*catalog.Field) []string {
	var buffer [1 << 10]byte
	names, ends := buffer[:0], make([]int, len(shown))
	for i, f := range shown {
		names = append(value.AppendString(names, f.Name), ':')
		ends[i] = len(names)
	}

	// All labels share the memory of one string.
	text, start := string(names), 0
	all := make([]string, len(shown))
	for i, end := range ends {
		all[i] = text[start:end]
		start = end
	}

	return all
}

// appendCell appends a cell, and notes it if it may be shortened or left out later. whole and length are as in Row.Cell
// and Row.Length.
func (e *encodedVehicle) appendCell(f *catalog.Field, c value.Cell, kind schema.Kind, whole bool, length int) {
	// Values that are shown whole or not at all, and short texts.
	from := len(e.json)
	isText := (f.Class() == catalog.ClassText || kind == schema.Text) && c.Type == value.Text
	switch {
	case !whole && (!isText || f.IsIdentifying()): // a part of an id finds nothing
		e.json = append(e.json, "null"...)
		e.omitted = append(e.omitted, Omitted{Field: f.Name, Length: length})
		return
	case !isText:
		e.json = c.AppendJSON(e.json, kind)
		if len(e.json)-from > minTruncatable {
			e.long = append(e.long, longValue{field: f, from: from, to: len(e.json), length: len(c.Form)})
		}
		return
	case f.IsIdentifying():
		e.json = value.AppendString(e.json, c.Form)
		if f.Name != "id" && len(e.json)-from > minTruncatable {
			e.long = append(e.long, longValue{field: f, from: from, to: len(e.json), length: utf8.RuneCount(c.Form)})
		}
		return
	case whole && len(c.Form) <= minTruncatable && value.IsClean(c.Form):
		e.json = value.AppendString(e.json, c.Form)
		return
	}

	// Any other text may be cut.
	text := value.Clean(string(c.Form))
	if !whole {
		text += "…"
	}

	e.json = value.AppendString(e.json, text)
	if len(text) > minTruncatable && utf8.RuneCountInString(text) > minTruncatable {
		e.long = append(e.long, longValue{field: f, from: from, to: len(e.json), text: text})
	}
}

// truncated returns the JSON with texts cut to so many characters (0: whole), and the number of cut texts.
func (e *encodedVehicle) truncated(characters int) (b []byte, texts int) {
	if characters == 0 {
		return e.json, 0
	}

	at := 0
	for _, l := range e.long {
		if l.text == "" || utf8.RuneCountInString(l.text) <= characters {
			continue
		}

		b = append(b, e.json[at:l.from]...)
		b = value.AppendString(b, firstCharacters(l.text, characters)+"…")
		at = l.to
		texts++
	}

	if texts == 0 {
		return e.json, 0
	}

	return append(b, e.json[at:]...), texts
}

// firstCharacters returns the first n characters of a text, or all if it has fewer.
func firstCharacters(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// omitLargest replaces the largest value that cannot be cut by null. It returns false if no such value is left.
func (e *encodedVehicle) omitLargest() bool {
	largest := -1
	for i, l := range e.long {
		if l.text == "" && (largest < 0 || l.to-l.from > e.long[largest].to-e.long[largest].from) {
			largest = i
		}
	}

	if largest < 0 {
		return false
	}

	// Put null in its place, and move the places of the values after it.
	l := e.long[largest]
	shorter := append(append(append([]byte(nil), e.json[:l.from]...), "null"...), e.json[l.to:]...)
	e.omitted = append(e.omitted, Omitted{Field: l.field.Name, Length: l.length})
	removed := l.to - l.from - len("null")

	e.json = shorter
	e.long = append(e.long[:largest:largest], e.long[largest+1:]...)
	for i := range e.long {
		if e.long[i].from > l.from {
			e.long[i].from -= removed
			e.long[i].to -= removed
		}
	}

	return true
}

// omittedSize returns about how many bytes the entries of omitted values take in an answer.
func (e *encodedVehicle) omittedSize() int {
	n := 0
	for _, o := range e.omitted {
		n += len(`{"id":,"field":"","length":},`) + len(e.id) + len(o.Field) + len(strconv.Itoa(o.Length))
	}
	return n
}
