package value

import (
	"bytes"
	"encoding/json"
)

// Elements calls yield with each text among the elements of a JSON array, in order; a text may come twice. Numbers,
// nested arrays and objects are not elements. Anything but an array has none.
func Elements(form []byte, yield func(element []byte)) {
	form = bytes.TrimSpace(form)
	if len(form) == 0 || form[0] != '[' {
		return
	}
	if plainElements(form, func([]byte) {}) {
		plainElements(form, yield)
		return
	}
	var all []any
	if json.Unmarshal(form, &all) != nil {
		return
	}
	for _, e := range all {
		if s, ok := e.(string); ok {
			yield([]byte(s))
		}
	}
}

// plainElements reads an array that holds only texts without escapes, which nearly all do. It returns false for any other.
func plainElements(form []byte, yield func([]byte)) bool {
	rest := bytes.TrimSpace(form[1:])
	if len(rest) == 1 && rest[0] == ']' {
		return true
	}
	for {
		if len(rest) == 0 || rest[0] != '"' {
			return false
		}
		end := bytes.IndexByte(rest[1:], '"')
		if end < 0 || bytes.IndexByte(rest[1:end+1], '\\') >= 0 || !validInString(rest[1:end+1]) {
			return false
		}
		yield(rest[1 : end+1])
		rest = bytes.TrimLeft(rest[end+2:], " \t\r\n")
		if len(rest) == 1 && rest[0] == ']' {
			return true
		}
		if len(rest) == 0 || rest[0] != ',' {
			return false
		}
		rest = bytes.TrimLeft(rest[1:], " \t\r\n")
	}
}

func validInString(s []byte) bool {
	for _, c := range s {
		if c < ' ' {
			return false
		}
	}
	return true
}
