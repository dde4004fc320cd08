package value

import (
	"bytes"
	"encoding/json"
	"testing"
)

// What is written without encoding/json is what it would write.
func TestAppendString(t *testing.T) {
	for _, s := range []string{
		"", "Kia", "Citroën Škoda", "ハンドル", "🍺", `"quoted"`, `back\slash`, "line\nend", "tab\t", "nul\x00", "del\x7f", "<a href='x'>&",
		"\u0085", "\u2028", "before\u2029", "\u202e", "\ufffd", "bad \xff", "cut \xe2\x82", "\xc3", "\xed\xa0\x80", "e\u0301",
	} {
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(s); err != nil {
			t.Fatal(err)
		}
		expected := "x" + string(bytes.TrimSuffix(want.Bytes(), []byte("\n")))
		if got := string(AppendString([]byte("x"), s)); got != expected {
			t.Errorf("%q: %s, want %s", s, got, expected)
		}
		if got := string(AppendString([]byte("x"), []byte(s))); got != expected {
			t.Errorf("%q as bytes: %s, want %s", s, got, expected)
		}
	}
}
