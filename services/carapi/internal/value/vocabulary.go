package value

import (
	"embed"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
)

// Vocabulary holds what the words of eleven languages mean: other words for values in stock, what the texts of a color,
// gearbox, fuel, body, drive or condition mean, and the names of makes. Nothing in it changes once it has been read.
type Vocabulary struct {
	aliases map[string]map[string][]string // by the name of the field and the folded word, folded values
	lexica  map[string]*lexicon            // by the name of the field
	makes   makeNames
}

//go:embed vocabulary/*.txt
var builtinVocabulary embed.FS

// ReadVocabulary gives the usual vocabulary, and what a file in the same notation adds to it; an empty name means no
// file. The error names the line.
func ReadVocabulary(file string) (*Vocabulary, error) {
	v := &Vocabulary{aliases: map[string]map[string][]string{}, lexica: map[string]*lexicon{},
		makes: makeNames{byKey: map[string]string{}}}
	for _, field := range MeaningFields {
		v.lexica[field] = &lexicon{phrases: map[string]*phrase{}, depths: map[string]string{},
			plurals: field == "body_type" || field == "condition"}
	}

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

// Aliases gives the folded values that a word is another name for, such as chevrolet for Chevy.
func (v *Vocabulary) Aliases(field, word string) []string { return v.aliases[field][Fold(word)] }

// HasAlias reports whether a folded word is another name for a value.
func (v *Vocabulary) HasAlias(field, folded string) bool { return len(v.aliases[field][folded]) > 0 }

// AliasWords gives all folded words that are other names for values of a field.
func (v *Vocabulary) AliasWords(field string) iter.Seq[string] { return maps.Keys(v.aliases[field]) }
