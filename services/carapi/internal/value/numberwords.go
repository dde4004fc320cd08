package value

import (
	_ "embed"
	"strconv"
	"strings"
)

//go:embed numbers.txt
var numbersFile string

// numberWords are the words and signs in numbers.txt.
var numberWords = readNumberWords(numbersFile)

type numberVocabulary struct {
	units        map[string]string          // unit by word: km for kilometers
	scales       map[string]int             // power of ten by word: 3 for thousand
	nouns        map[string]map[string]bool // by field
	ignoredWords map[string]bool
	years        map[string]bool     // by the keys of the words
	currencies   map[string][]string // ISO 4217
}

// readNumberWords reads the format of numbers.txt, which describes itself.
func readNumberWords(text string) *numberVocabulary {
	v := &numberVocabulary{
		map[string]string{},
		map[string]int{},
		map[string]map[string]bool{},
		map[string]bool{},
		map[string]bool{},
		map[string][]string{},
	}
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		default:
			v.addLine(section, line)
		}
	}

	return v
}

// addLine adds the words in one line of a section, with their meaning if they have one.
func (v *numberVocabulary) addLine(section, line string) {
	meaning, list, hasMeaning := strings.Cut(line, ": ")
	if !hasMeaning {
		list = line
	}

	field, isNoun := strings.CutPrefix(section, "noun ")
	if isNoun && v.nouns[field] == nil {
		v.nouns[field] = map[string]bool{}
	}

	for _, word := range SplitTrimmed(list, ",") {
		switch {
		case section == "unit":
			v.units[word] = meaning
		case section == "scale":
			v.scales[word], _ = strconv.Atoi(meaning)
		case isNoun:
			v.nouns[field][word] = true
		case section == "aside":
			v.ignoredWords[word] = true
		case section == "year":
			v.years[Key(word)] = true

		// The last section has currencies: a sign with the codes that it may mean, or a code.
		case hasMeaning:
			v.currencies[meaning] = append(v.currencies[meaning], word)
		default:
			v.currencies[strings.ToLower(word)] = []string{word}
		}
	}
}
