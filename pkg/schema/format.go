package schema

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxShownBytes is how many bytes of a value FormatValue writes.
const maxShownBytes = 64

// FormatValue formats a value of a column for people, on one line. The bytes of a binary column are in hex. A text with
// characters that do not print is in quotes, with escapes. A long value is cut.
func FormatValue(v any, kind Kind) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		if kind == Bytes {
			return formatBytes(v)
		}
		return formatText(string(v))
	case string:
		return formatText(v)
	}

	return fmt.Sprint(v)
}

// formatBytes formats bytes in hex, and cuts many.
func formatBytes(b []byte) string {
	if len(b) > maxShownBytes {
		return fmt.Sprintf("x'%X...' (%d bytes)", b[:maxShownBytes], len(b))
	}
	return fmt.Sprintf("x'%X'", b)
}

// formatText formats a text, with quotes where characters do not print. It cuts a long one between characters.
func formatText(s string) string {
	// A cut inside a character would leave an invalid text: drop what is there of it.
	whole := len(s)
	if whole > maxShownBytes {
		s = s[:maxShownBytes]
		for !utf8.ValidString(s) && len(s) > maxShownBytes-utf8.UTFMax {
			s = s[:len(s)-1]
		}
	}

	shown := s
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		shown = strconv.Quote(s)
	}
	if len(s) < whole {
		return fmt.Sprintf("%s... (%d bytes)", shown, whole)
	}

	return shown
}
