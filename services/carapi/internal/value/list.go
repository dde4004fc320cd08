package value

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// Elements calls yield for each text, number and boolean of a JSON array, in order and with repetitions. It skips
// nested arrays and objects. Anything but an array has no elements.
func Elements(form []byte, yield func(element []byte)) {
	form = bytes.TrimSpace(form)
	if len(form) == 0 || form[0] != '[' {
		return
	}

	// Nearly all arrays need no decoding. The whole array is checked before any element is passed on.
	if plainElements(form, func([]byte) {}) {
		plainElements(form, yield)
		return
	}

	var all []json.RawMessage
	if json.Unmarshal(form, &all) != nil {
		return
	}

	for _, e := range all {
		switch e[0] {
		case '"':
			var s string
			if json.Unmarshal(e, &s) == nil {
				yield([]byte(s))
			}
		case '[', '{', 'n': // n begins null
		default:
			yield(e) // 5, true
		}
	}
}

// SplitList returns the elements of a list without spaces around them: of a JSON array, a Python list or a PostgreSQL
// array, or the parts of a text between bars, semicolons or commas. The first of these separators that occurs counts.
func SplitList(text string) []string {
	text = strings.TrimSpace(text)
	var all []string
	add := func(element string) {
		if element = strings.TrimSpace(element); element != "" {
			all = append(all, element)
		}
	}

	if strings.HasPrefix(text, "[") && json.Valid([]byte(text)) {
		Elements([]byte(text), func(element []byte) { add(string(element)) })
		return all
	}
	if IsBracketed(text) {
		splitQuoted(text[1:len(text)-1], add)
		return all
	}

	// The first separator that occurs counts, so that its elements may have the others in them.
	for _, separator := range []string{"|", ";", ","} {
		if strings.Contains(text, separator) {
			for part := range strings.SplitSeq(text, separator) {
				add(part)
			}
			return all
		}
	}

	add(text)
	return all
}

// objectStart matches the beginning of a JSON object or a Python dictionary.
var objectStart = regexp.MustCompile(`^\{\s*(?:"[^"]*"|'[^']*')\s*:`)

// IsBracketed reports whether a text is a list in brackets: [a, b] as in JSON and Python, or {a,b} as in PostgreSQL.
func IsBracketed(text string) bool {
	text = strings.TrimSpace(text)
	return len(text) > 1 && text[0] == '[' && text[len(text)-1] == ']' ||
		len(text) > 1 && text[0] == '{' && text[len(text)-1] == '}' && !objectStart.MatchString(text)
}

// splitQuoted calls yield for the parts of a text between commas. A part in quotation marks may contain commas.
func splitQuoted(text string, yield func(element string)) {
	for text != "" {
		text = strings.TrimLeft(text, " \t\r\n")
		if element, rest, ok := cutQuoted(text); ok {
			yield(element)
			text = rest
			continue
		}

		element, rest, _ := strings.Cut(text, ",")
		yield(element)
		text = rest
	}
}

// cutQuoted cuts a quoted part, and the comma after it, from the beginning of a text.
func cutQuoted(text string) (element, rest string, ok bool) {
	if text == "" || text[0] != '\'' && text[0] != '"' {
		return "", text, false
	}
	element, rest, ok = strings.Cut(text[1:], text[:1])
	rest = strings.TrimLeft(rest, " \t\r\n")
	return element, strings.TrimPrefix(rest, ","), ok && (rest == "" || rest[0] == ',')
}

// plainElements reads an array of texts without escapes, which nearly all are. It returns false for any other array.
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

// validInString reports whether JSON allows all the bytes within a text: no control characters.
func validInString(s []byte) bool {
	for _, c := range s {
		if c < ' ' {
			return false
		}
	}
	return true
}
