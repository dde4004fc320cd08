package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// plainWriter writes text in which nothing acts on a terminal: names, types and messages of the database
// and of the file are other people's.
type plainWriter struct{ w io.Writer }

func (p plainWriter) Write(text []byte) (int, error) {
	if _, err := io.WriteString(p.w, plain(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// plain writes control characters, and those that change the direction of a text, as \u001b. In JSON that is
// the same character.
func plain(text string) string {
	acts := func(r rune) bool {
		return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
	}
	if !strings.ContainsFunc(text, acts) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if acts(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
