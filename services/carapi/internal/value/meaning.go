package value

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// lexiconFields are the fields that have a lexicon. Interior colors use that of colors.
var lexiconFields = []string{"color", "transmission", "fuel_type", "body_type", "drivetrain", "condition"}

const (
	maxMeaningful  = 200 // bytes of a text with meanings; longer texts are descriptions
	ignoredMeaning = "ignore"
)

// negationWords before a name exclude it: Never used, Non-Diesel, Not Black.
var negationWords = strings.Fields("never no non not nicht kein keine nie ohne pas sans sin sem senza geen " +
	"niet не ні без")

// lexicon holds the words for the meanings of one field.
type lexicon struct {
	phrases            map[string]*phrase // by the keys of their words, joined
	longest            int                // words in the longest phrase
	prefixes, suffixes []string           // what a word may be written together with, as in dunkelblau or silbermetallic
	endings            []string           // names that a word may end with, whatever comes before, as in obsidianschwarz
	depths             map[string]string  // words for dark and light, by their keys
	plurals            bool               // whether names have plurals, as bodies and conditions do
	// while reading: the file is in a language whose colors stand before their shades
	headFirst bool
}

// phrase is one word, or several in a row.
type phrase struct {
	names, shades []string // the meanings that it names, and those that it is only a kind of
	headFirst     bool
}

// phraseMatch is a phrase found in a text.
type phraseMatch struct {
	*phrase
	from, to int // words
}

// add adds words for a meaning. The meaning is a name for itself.
func (l *lexicon) add(meaning string, words []string, isShade bool) {
	if meaning != ignoredMeaning {
		l.addPhrase(meaning, meaning, false)
	}
	for _, w := range words {
		l.addPhrase(w, meaning, isShade)
	}
}

// addPhrase adds one word, or several in a row, for a meaning.
func (l *lexicon) addPhrase(text, meaning string, isShade bool) {
	w := splitWords(text)
	if len(w.parts) == 0 {
		return
	}

	p := l.phrases[w.joined()]
	if p == nil {
		p = &phrase{}
		l.phrases[w.joined()] = p
	}

	l.longest = max(l.longest, len(w.parts))

	// The meaning itself is in English, whose head word comes last.
	p.headFirst = p.headFirst || l.headFirst && meaning != text
	switch {
	case meaning == ignoredMeaning:
	case isShade:
		p.shades = appendUnique(p.shades, meaning)
	default:
		p.names = appendUnique(p.names, meaning)
	}
}

// Meanings returns the meanings of a stored text of one of lexiconFields, or of an interior color, in alphabetical
// order: black for Shadow Black, black and red for Black/Red. It returns nil for a text that is not understood.
func (v *Vocabulary) Meanings(field, text string) []string {
	l := v.lexicon(field)
	if l == nil || len(text) > maxMeaningful {
		return nil
	}

	w := splitWords(text)
	matches := l.findPhrases(&w)

	var meanings []string
	if l == v.lexica["color"] {
		if field == "color" {
			matches = withoutPartColors(&w, matches)
		}

		meanings = colorMeanings(&w, matches)
		if depth := l.findDepth(&w, matches); depth != "" && len(meanings) == 1 {
			meanings = append(meanings, depth+" "+meanings[0])
		}
	} else {
		// Names come before what is only a kind of something.
		for _, m := range matches {
			meanings = appendUnique(meanings, m.names...)
		}

		isNamed := len(meanings) > 0
		for _, m := range matches {
			shades := m.shades
			if field == "fuel_type" && isNamed {
				shades = withoutMeanings(slices.Clone(shades), "gasoline") // premium is a grade of diesel too
			}
			meanings = appendUnique(meanings, shades...)
		}
	}

	// Some meanings together are another one.
	switch {
	case field == "fuel_type":
		meanings = combineFuels(meanings)
	case slices.Contains(meanings, "cvt") && !strings.ContainsAny(text, ",;/|"):
		meanings = withoutMeanings(meanings, "automatic") // Automatic CVT is another gearbox than Automatic
	}

	slices.Sort(meanings)
	return meanings
}

// NamedMeanings returns the meanings that a caller asks for with a word: those that the whole word names. Schwarz asks
// for black, and dunkelblau for dark blue. Shadow Black and navy do not ask for other shades, although black finds the
// first and blue the second.
func (v *Vocabulary) NamedMeanings(field, text string) []string {
	l := v.lexicon(field)
	if l == nil || len(text) > maxMeaningful {
		return nil
	}

	w := splitWords(text)
	if p := l.phrases[w.joined()]; p != nil {
		return slices.Clone(p.names)
	}

	return l.namedShades(&w)
}

// IsMeaningWord reports whether a whole text is a word for a meaning, as a name or as a kind.
func (v *Vocabulary) IsMeaningWord(field, text string) bool {
	l := v.lexicon(field)
	if l == nil || len(text) > maxMeaningful {
		return false
	}

	w := splitWords(text)
	p := l.phrases[w.joined()]
	return p != nil && len(p.names)+len(p.shades) > 0
}

// lexicon returns the lexicon of a field, or nil if its values have no meanings.
func (v *Vocabulary) lexicon(field string) *lexicon {
	if field == "interior_color" {
		field = "color"
	}
	return v.lexica[field]
}

// findPhrases returns the phrases in a text from left to right. Of phrases that begin with the same word, the longest
// counts.
func (l *lexicon) findPhrases(w *splitText) []phraseMatch {
	var found []phraseMatch
	count := len(w.parts)
	for i := 0; i < count; {
		// Try the longest phrase first, down to a single word.
		m := phraseMatch{from: i, to: i + 1}
		for n := min(l.longest, count-i); n > 0 && m.phrase == nil; n-- {
			key := w.key(i, i+n)
			if count == 1 || utf8.RuneCount(key) > 1 { // a single letter only means something alone
				m.phrase, m.to = l.phrases[string(key)], i+n
			}
		}

		if m.phrase == nil {
			m.phrase, m.to = l.compound(w.key(i, i+1)), i+1
		}

		isNegated := i > 0 && slices.Contains(negationWords, string(w.key(i-1, i))) && strings.Trim(w.after(i-1), " -") == ""
		if m.phrase != nil && !isNegated {
			found = append(found, m)
		}

		i = m.to
	}

	return found
}

// compound finds the meaning of a plural, such as Usados, and the color in a word such as dunkelblau, silbermetallic or
// obsidianschwarz.
func (l *lexicon) compound(key []byte) *phrase {
	const shortest = 5 // letters of a plural
	if singular, isPlural := bytes.CutSuffix(key, []byte("s")); isPlural && l.plurals && len(key) >= shortest {
		if p := l.phrases[string(singular)]; p != nil {
			return p
		}
	}

	// A color may have words before and after it, as in dunkelblaumetallic.
	if p := l.withoutSuffix(key); p != nil {
		return p
	}

	for _, name := range l.endings {
		if bytes.HasSuffix(key, []byte(name)) {
			return l.phrases[name]
		}
	}

	for _, prefix := range l.prefixes {
		rest, hasPrefix := bytes.CutPrefix(key, []byte(prefix))
		if !hasPrefix || len(rest) < 3 {
			continue
		}
		if p := l.phrases[string(rest)]; p != nil {
			return p
		}
		if p := l.withoutSuffix(rest); p != nil {
			return p
		}
	}

	return nil
}

// withoutSuffix finds the phrase in a word that ends with a suffix, such as silber in silbermetallic.
func (l *lexicon) withoutSuffix(key []byte) *phrase {
	for _, suffix := range l.suffixes {
		if rest, hasSuffix := bytes.CutSuffix(key, []byte(suffix)); hasSuffix {
			if p := l.phrases[string(rest)]; p != nil {
				return p
			}
		}
	}
	return nil
}

// combineFuels combines fuels in one text into one meaning. Electricity and another fuel are a hybrid, and the other
// fuel of a hybrid does not count. Gas and gasoline are gas alone, and ethanol and gasoline are flexible fuel alone.
func combineFuels(meanings []string) []string {
	isElectric := slices.Contains(meanings, "electric")
	isBurning := slices.Contains(meanings, "gasoline") || slices.Contains(meanings, "diesel")
	isPlugin := slices.Contains(meanings, "plug-in hybrid")

	switch {
	case isPlugin:
		return append(withoutMeanings(meanings, "electric", "gasoline", "diesel", "hybrid", "plug-in hybrid"),
			"plug-in hybrid")
	case isElectric && isBurning, slices.Contains(meanings, "hybrid"):
		return append(withoutMeanings(meanings, "electric", "gasoline", "diesel", "hybrid"), "hybrid")
	case slices.Contains(meanings, "lpg"), slices.Contains(meanings, "cng"), slices.Contains(meanings, "flex-fuel"):
		return withoutMeanings(meanings, "gasoline")
	}

	return meanings
}

func withoutMeanings(meanings []string, some ...string) []string {
	return slices.DeleteFunc(meanings, func(m string) bool { return slices.Contains(some, m) })
}

func appendUnique(all []string, values ...string) []string {
	for _, v := range values {
		if !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}
