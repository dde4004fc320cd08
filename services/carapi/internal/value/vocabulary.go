package value

import (
	"embed"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
)

// Vocabulary holds what words of eleven languages mean: other words for values in stock, the meanings of colors,
// gearboxes, fuels, bodies, drives and conditions, and the names of makes. It is immutable after reading.
type Vocabulary struct {
	aliases map[string]map[string][]string // folded values by field and folded word
	lexica  map[string]*lexicon            // by the name of the field
	makes   makeNames
}

//go:embed vocabulary/*.txt
var builtinVocabulary embed.FS

// ReadVocabulary returns the built-in vocabulary with the additions of a file in the same format. An empty name means
// no file. An error names the line.
func ReadVocabulary(file string) (*Vocabulary, error) {
	v := &Vocabulary{
		aliases: map[string]map[string][]string{}, lexica: map[string]*lexicon{},
		makes: makeNames{byKey: map[string]string{}},
	}
	for _, field := range lexiconFields {
		v.lexica[field] = &lexicon{
			phrases: map[string]*phrase{}, depths: map[string]string{},
			plurals: field == "body_type" || field == "condition",
		}
	}

	// The built-in files come first.
	usual, err := fs.Glob(builtinVocabulary, "vocabulary/*.txt")
	if err != nil {
		return nil, err
	}

	for _, name := range usual {
		text, err := builtinVocabulary.ReadFile(name)
		if err == nil {
			err = v.addFile(string(text))
		}

		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}

	if file == "" {
		return v, nil
	}

	text, err := os.ReadFile(file)
	if err == nil {
		err = v.addFile(string(text))
	}

	if err != nil {
		return nil, fmt.Errorf("VOCABULARY_FILE: %s: %w", file, err)
	}

	return v, nil
}

// Aliases returns the folded values that a word is another name for, such as chevrolet for Chevy.
func (v *Vocabulary) Aliases(field, word string) []string { return v.aliases[field][Fold(word)] }

// HasAlias reports whether a folded word is another name for a value.
func (v *Vocabulary) HasAlias(field, folded string) bool { return len(v.aliases[field][folded]) > 0 }

// AliasWords returns all folded words that are other names for values of a field.
func (v *Vocabulary) AliasWords(field string) iter.Seq[string] { return maps.Keys(v.aliases[field]) }
