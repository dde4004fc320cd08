package program

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestEscapeControls(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                     "",
		"Škoda\tOctavia\n":     "Škoda\tOctavia\n",
		"\x1b]0;title\x07":     `\u001b]0;title\u0007`,
		"\u202eleft":           `\u202eleft`,
		"a\rb":                 `a\u000db`,
		"\u009b2J":             `\u009b2J`,
		"\u2066x\u2069, 日本語\n": `\u2066x\u2069, 日本語` + "\n",
	} {
		if got := EscapeControls(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}

		// A buffer may write a character in two parts.
		var out strings.Builder
		w := &escapingWriter{w: &out}
		for i := range len(text) {
			if n, err := io.WriteString(w, text[i:i+1]); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		if err := w.flush(); err != nil || out.String() != want {
			t.Errorf("%q byte by byte: got %q, want %q, error %v", text, out.String(), want, err)
		}
	}
}

// Output that is not text arrives as it is. Only its first error counts, which flush returns too.
func TestEscapingWriter(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"\xff\xfe", "a\xe2\x80", "\xe2\xe2\x80\x80"} {
		var out strings.Builder
		w := &escapingWriter{w: &out}
		_, err := io.WriteString(w, text)
		if err = errors.Join(err, w.flush()); err != nil || out.String() != text {
			t.Errorf("%q: got %q, error %v", text, out.String(), err)
		}
	}

	w := &escapingWriter{w: brokenWriter{}}
	if _, err := io.WriteString(w, "a"); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("write: %v", err)
	}
	if err := w.flush(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("flush: %v", err)
	}
}

// brokenWriter fails each write.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
