package program

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// escapingWriter escapes control characters, because names, types and messages of a database are untrusted text.
type escapingWriter struct{ w io.Writer }

// Write writes the escaped text. It counts the bytes of text itself, as io.Writer requires.
func (e escapingWriter) Write(text []byte) (int, error) {
	if _, err := io.WriteString(e.w, escapeControls(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// escapeControls writes characters that act on a terminal, or change the direction of text, as \u001b. In a JSON text
// that is the same character.
func escapeControls(text string) string {
	if !strings.ContainsFunc(text, isControl) {
		return text
	}

	var b strings.Builder
	for _, r := range text {
		if isControl(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}

	return b.String()
}

// isControl reports whether a terminal acts on a character, or it changes the direction of text.
func isControl(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
}
