package value

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A file of more words adds to the usual ones, and an error in it names its line.
func TestReadVocabulary(t *testing.T) {
	file := filepath.Join(t.TempDir(), "words.txt")
	write := func(text string) (*Vocabulary, error) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return ReadVocabulary(file)
	}

	v, err := write("# ours\n\n[make]\nŠkoda = Škodovka\n[stellplatz]\nhinten, ganz hinten -> B 1, B 2\n")
	if err != nil || !slices.Contains(v.Aliases("make", "Škodovka"), "skoda") ||
		!slices.Contains(v.Aliases("make", "Chevy"), "chevrolet") ||
		!slices.Equal(v.Aliases("stellplatz", "Ganz-Hinten"), []string{"b1", "b2"}) {
		t.Errorf("%v, %v", v.Aliases("stellplatz", "hinten"), err)
	}

	for text, want := range map[string]string{
		"Chevrolet = Chevy": `line 1: "Chevrolet = Chevy": expected a field in brackets`,
		"[model]\nCorvette": "line 2: ", "[make]\n\na = !": "line 3: ", "[make]\na ->": "line 2: ",
		"[make]\n-> a": "line 2: ",
		"[]\na = b":    "line 2: ",
	} {
		if _, err := write(text); err == nil || !strings.Contains(err.Error(), "VOCABULARY_FILE: "+file+": "+want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}

	if _, err := ReadVocabulary(file + "x"); err == nil || !strings.Contains(err.Error(), "VOCABULARY_FILE") {
		t.Error(err)
	}
}
