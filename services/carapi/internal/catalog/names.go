package catalog

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/value"
)

//go:embed columns.txt
var columnsFile string

// columnName is a name that columns of a vehicle field have.
type columnName struct {
	name string // folded
	weak bool   // other columns have it too, so the values must agree
}

// namesByField are the names of columns by vehicle field.
var namesByField = readColumnNames(columnsFile)

// readColumnNames reads the format of columns.txt, which describes itself.
func readColumnNames(text string) map[string][]columnName {
	all, field := map[string][]columnName{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
			continue
		case line[0] == '[' && strings.HasSuffix(line, "]"):
			field = strings.Trim(line, "[]")
			continue
		}

		for name := range strings.SplitSeq(line, ",") {
			name, weak := strings.CutSuffix(strings.TrimSpace(name), "?")
			if folded := value.Fold(name); folded != "" {
				all[field] = append(all[field], columnName{folded, weak})
			}
		}
	}

	return all
}

// Synonyms returns other names of a vehicle field that mean nothing else, in lower case and without signs.
func Synonyms(name string) []string {
	var all []string
	for _, n := range namesByField[name] {
		if !n.weak {
			all = append(all, n.name)
		}
	}
	return all
}

// genericWords are words in names of columns that only say that a vehicle is for sale.
//
//nolint:misspell // vehicule is the French word
var genericWords = strings.Fields("car cars vehicle vehicles veh auto autos listing ad advert item fahrzeug vehicule " +
	"vehiculo veiculo veicolo voertuig pojazdu arac")

// nameTokens splits a name at signs and capitals: VEHICLES_Make and carPrice have two tokens.
func nameTokens(name string) []string {
	var all []string
	var word []rune
	end := func() {
		if folded := value.Fold(string(word)); folded != "" {
			all = append(all, folded)
		}
		word = word[:0]
	}

	runes := []rune(name)
	for i, r := range runes {
		// A word ends at a sign, before a capital after a small letter, and before the last of several capitals.
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
			end()
			continue
		case unicode.IsUpper(r) && i > 0 && unicode.IsLower(runes[i-1]):
			end()
		case unicode.IsUpper(r) && i > 0 && i+1 < len(runes) && unicode.IsUpper(runes[i-1]) && unicode.IsLower(runes[i+1]):
			end()
		}

		word = append(word, r)
	}

	end()
	return all
}

// comparedName is a column's name in the forms that are compared.
type comparedName struct {
	whole    string // folded
	stripped string // without the prefix and the last word that most columns share
	bare     string // also without generic words and currencies
}

// comparedNames returns the names of columns in the forms that are compared.
func comparedNames(columns []schema.Column) []comparedName {
	parts := make([][]string, len(columns))
	for i, c := range columns {
		parts[i] = nameTokens(c.Name)
	}

	prefix, last := sharedPrefix(parts), sharedLast(parts)

	all := make([]comparedName, len(columns))
	for i, words := range parts {
		all[i].whole = strings.Join(words, "")

		// Remove what most columns share at the beginning and at the end.
		if len(words) > prefix.length && strings.Join(words[:prefix.length], " ") == prefix.words {
			words = words[prefix.length:]
		}

		if len(words) > 1 && words[len(words)-1] == last {
			words = words[:len(words)-1]
		}

		all[i].stripped = strings.Join(words, "")

		// Remove generic words and currencies too.
		bare := slices.DeleteFunc(slices.Clone(words), func(w string) bool {
			return slices.Contains(genericWords, w) || slices.Contains(usualCurrencies, strings.ToUpper(w))
		})

		all[i].bare = strings.Join(bare, "")
	}

	return all
}

// sharedWords are the words that begin most columns.
type sharedWords struct {
	words  string
	length int
}

// sharedPrefix returns the longest prefix that at least four columns, and more than half of all, share.
func sharedPrefix(parts [][]string) sharedWords {
	best := sharedWords{}
	for length := 1; length <= 4; length++ {
		counts := map[string]int{}
		for _, words := range parts {
			if len(words) > length {
				counts[strings.Join(words[:length], " ")]++
			}
		}

		for words, n := range counts {
			if n >= 4 && 2*n > len(parts) {
				best = sharedWords{words, length}
			}
		}
	}

	return best
}

// sharedLast returns the word that ends at least four columns, and more than half of all, as in Make__c, or "".
func sharedLast(parts [][]string) string {
	counts := map[string]int{}
	for _, words := range parts {
		if len(words) > 1 {
			counts[words[len(words)-1]]++
		}
	}

	for word, n := range counts {
		if n >= 4 && 2*n > len(parts) && isMeaningless(word) {
			return word
		}
	}

	return ""
}

// isMeaningless reports whether the last word of a name says nothing about the column: one or two letters that are not
// a unit or a number, or a word for any value.
func isMeaningless(word string) bool {
	isShort := utf8.RuneCountInString(word) <= 2
	meaningful := strings.Fields("id no nr km mi hp kw cc ps")
	return isShort && !slices.Contains(meaningful, word) ||
		slices.Contains(strings.Fields("value text txt name field attr"), word)
}

// Scores of names. A field's own name wins over any other, and a certain name over an ambiguous one.
const (
	exactName       = 100
	strongName      = 80
	weakName        = 40
	strippedPenalty = 3  // for a match without what most columns share
	genericPenalty  = 25 // for a match without generic words
	noScore         = 0
	seriesScore     = 105
)

// score says how well a column's name fits a field. weak says that the values must agree too.
func (n comparedName) score(field string) (score int, weak bool) {
	for i, name := range []string{n.whole, n.stripped, n.bare} {
		// A match of a part of the name is worth less than one of the whole name.
		penalty := []int{0, strippedPenalty, genericPenalty}[i]
		if name == "" {
			continue
		}
		if name == value.Fold(field) {
			return exactName - penalty, false
		}

		for _, synonym := range namesByField[field] {
			switch {
			case synonym.name != name:
			case synonym.weak:
				score, weak = max(score, weakName-penalty), true
			default:
				return strongName - penalty, false
			}
		}
	}

	return score, weak
}
