package program

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escapingWriter escapes control characters, because names, types and messages of a database are untrusted text.
type escapingWriter struct {
	w    io.Writer
	left []byte // the beginning of a character whose rest has not been written yet
	err  error  // the first error of writing
}

// Write writes the escaped text. It counts the bytes of text itself, as io.Writer requires.
func (e *escapingWriter) Write(text []byte) (int, error) {
	// A buffer may end within a character, which must be whole to be escaped.
	all := append(e.left, text...)
	end := len(all) - incompleteBytes(all)
	e.left = append([]byte(nil), all[end:]...)

	if e.write(all[:end]); e.err != nil {
		return 0, e.err
	}
	return len(text), nil
}

// flush writes what is left. It returns the first error of writing: a command may not check what it prints.
func (e *escapingWriter) flush() error {
	e.write(e.left)
	e.left = nil
	return e.err
}

// write writes the escaped text, unless an earlier write has failed.
func (e *escapingWriter) write(text []byte) {
	if e.err == nil && len(text) > 0 {
		_, e.err = io.WriteString(e.w, EscapeControls(string(text)))
	}
}

// incompleteBytes returns how many bytes at the end of a text begin a character without ending it.
func incompleteBytes(text []byte) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(text)); n++ {
		if last := text[len(text)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return 0
			}
			return n
		}
	}
	return 0
}

// EscapeControls writes characters that act on a terminal, or change the direction of text, as \u001b. In a JSON text
// that is the same character.
func EscapeControls(text string) string {
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
