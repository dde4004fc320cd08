package value

import (
	_ "embed"
	"fmt"
	"os"
	"strings"
)

// Vocabulary holds other words for values: by the name of the field and the folded word, the folded values that the word
// stands for if they are in stock.
type Vocabulary map[string]map[string][]string

//go:embed vocabulary.txt
var usualVocabulary string

// ReadVocabulary gives the usual words for values, and those of a file of the same form; an empty name means no file.
// The error names the line.
func ReadVocabulary(file string) (Vocabulary, error) {
	a := Vocabulary{}
	if err := a.read(usualVocabulary); err != nil {
		return nil, fmt.Errorf("vocabulary.txt: %w", err)
	}
	if file == "" {
		return a, nil
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = a.read(string(text))
	}
	if err != nil {
		return nil, fmt.Errorf("VOCABULARY_FILE: %s: %w", file, err)
	}
	return a, nil
}

func (a Vocabulary) read(text string) error {
	field, number := "", 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		wrong := func(expected string) error { return fmt.Errorf("line %d: %q: expected %s", number, line, expected) }
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '[' {
			field = strings.TrimSpace(strings.Trim(line, "[]"))
			if field == "" || a[field] == nil {
				a[field] = map[string][]string{}
			}
			continue
		}
		words, values, directed := strings.Cut(line, "->")
		separator := ","
		if !directed {
			words, values, separator = line, line, "="
		}
		said, meant := foldAll(strings.Split(words, separator)), foldAll(strings.Split(values, separator))
		switch {
		case field == "":
			return wrong("a field in brackets before it, such as [make]")
		case said == nil || meant == nil || !directed && len(said) < 2:
			return wrong("names for the same, as in Chevrolet = Chevy, or words and what they mean, as in 4x4 -> AWD, 4WD")
		}
		for _, word := range said {
			a[field][word] = append(a[field][word], meant...)
		}
	}
	return nil
}

// foldAll folds words; nil if one of them has no letter or digit.
func foldAll(words []string) []string {
	folded := make([]string, len(words))
	for i, w := range words {
		if folded[i] = Fold(w); folded[i] == "" {
			return nil
		}
	}
	return folded
}
