package value

import (
	"net/url"
	"strconv"
	"strings"
	"unsafe"

	"carstock/pkg/schema"
)

// Type is the type of a stored value, which may differ from that of its column.
type Type uint8

// The types of a cell.
const (
	Null   Type = iota
	Number      // Form is a number in the notation of NormalDecimal
	Text        // Form is the text; times are as MySQL writes them
	Blob        // Form is the bytes
)

// Cell is one stored value, in the one form of its type, whichever database it comes from.
type Cell struct {
	Type Type
	Form []byte
}

// FromDriver returns the cell of a driver's value in a column of this kind. It appends a number to buf, and returns
// buf. Any other form shares raw's memory and is valid as long as raw is. A text in a number column becomes a Number if
// it is a plain decimal, and otherwise stays a Text.
func FromDriver(kind schema.Kind, raw any, buf []byte) (Cell, []byte) {
	start := len(buf)

	switch v := raw.(type) {
	case nil:
		return Cell{}, buf
	case int64:
		buf = strconv.AppendInt(buf, v, 10)
	case uint64:
		buf = strconv.AppendUint(buf, v, 10)
	case float32:
		buf = AppendFloat(buf, float64(v), true)
	case float64:
		buf = AppendFloat(buf, v, false)
	case bool:
		buf = strconv.AppendInt(buf, int64(boolDigit(v)), 10)
	case []byte:
		return fromText(kind, v, buf, true)
	case string:
		// No copy is needed, because forms are never changed.
		return fromText(kind, unsafe.Slice(unsafe.StringData(v), len(v)), buf, false)
	}

	if len(buf) == start { // not a number, such as infinity, which MySQL does not have
		return Cell{}, buf
	}

	return Cell{Number, buf[start:]}, buf
}

func boolDigit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fromText reads a text or bytes. MySQL's driver returns a BIT as bytes.
func fromText(kind schema.Kind, s, buf []byte, isBytes bool) (Cell, []byte) {
	switch kind {
	case schema.Bit:
		if !isBytes {
			break
		}

		start := len(buf)
		var u uint64
		for _, octet := range s {
			u = u<<8 | uint64(octet)
		}

		buf = strconv.AppendUint(buf, u, 10)
		return Cell{Number, buf[start:]}, buf
	case schema.Integer, schema.Decimal, schema.Float, schema.Double: // may be a plain decimal
	case schema.Bytes:
		return Cell{Blob, s}, buf
	default:
		return Cell{Text, s}, buf
	}

	if number, ok := NormalDecimal(s); ok {
		return Cell{Number, number}, buf
	}

	return Cell{Text, s}, buf
}

// Clone returns a cell that shares no memory.
func (c Cell) Clone() Cell {
	return Cell{c.Type, append([]byte(nil), c.Form...)}
}

// JoinID makes one id from the values of several columns: each percent-encoded, with ~ between them. It is NULL if one
// of them is. A joined id needs no escaping in a URL.
func JoinID(parts []Cell) Cell {
	var b []byte
	for i, p := range parts {
		if p.Type == Null {
			return Cell{}
		}

		if i > 0 {
			b = append(b, '~')
		}

		// QueryEscape does not escape ~, and it writes a space as +, which a path would keep.
		escaped := strings.NewReplacer("~", "%7E", "+", "%20").Replace(url.QueryEscape(string(p.Form)))
		b = append(b, escaped...)
	}

	return Cell{Text, b}
}

// SplitID splits a joined id. It returns false if the id does not have n values.
func SplitID(id string, n int) (parts []string, ok bool) {
	parts = strings.Split(id, "~")
	for i := range parts {
		part, err := url.PathUnescape(parts[i])
		if err != nil {
			return nil, false
		}
		parts[i] = part
	}
	return parts, len(parts) == n
}
