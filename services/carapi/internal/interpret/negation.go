package interpret

import (
	"fmt"
	"slices"
	"strings"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// negationMarker says what the words before a value mean for it.
type negationMarker int

const (
	noMarker     negationMarker = iota
	onlyMarker                  // nothing but: the value, and it alone
	notMarker                   // not: what comes next
	exceptMarker                // other than: all that follows, commas included
)

// markerPhrases are the words before a value, by their first word. The longest phrase comes first.
var markerPhrases = newMarkers(map[negationMarker]string{
	onlyMarker: "nothing but, nothing other than, nothing except, none other than, only, just, none but",
	notMarker: "not, not a, not an, not any, not the, no, non, neither, nor, never, never a, isn't, isn't a, is not, " +
		"is not a, are not, aren't, it's not, don't want, do not want, don't want a, do not want a, doesn't want, don't " +
		"like, do not like, hate, hates, avoid, avoiding, avoids, minus, ne, neq, not from, nothing from, nothing by, " +
		"nothing, none, cant, cannot, can not, can't stand, couldn't, mustn't, must not, shouldn't, should not, won't, " +
		"will not, won't consider, wouldn't, would not, wouldn't buy, doesn't, does not, don't, do not, didn't, wasn't, " +
		"ain't, dislike, dislikes, detest, skip, ignore, leave out, filter out, rule out, get rid of, stay away from, " +
		"steer clear of, unwilling, refuse, refuses, forget, remove, drop, hide, pass on, done with, had enough of, not " +
		"equal to, not equals, is not equal to, not even, sick of, tired of, fed up with, anti, exclusions, far from, " +
		"anywhere but, lacking, nicht, kein, keine, keinen, keiner, niet, geen, pas, pas de, nie, não, nao, не",
	exceptMarker: "except, except for, except a, excepting, excluding, exclude, excludes, excl, with the exception of, " +
		"bar, barring, none of, not in, nin, without, without a, w/o, other than, other than a, " +
		"besides, apart from, aside from, anything but, anything but a, everything but, all but, any but, anyone but, " +
		"anything except, everything except, all except, any except, anything other than, something other than, any other " +
		"than, ohne, außer, ausser, alles außer, sans, sauf, tout sauf, sin, todo menos, tutto tranne, excepto, menos, " +
		"senza, tranne, eccetto, zonder, behalve, bez, oprócz, sem, exceto, без, кроме",
})

// markerPhrase is a marker in lower case and without apostrophes.
type markerPhrase struct {
	words  []string
	marker negationMarker
}

// newMarkers returns the phrases of some lists by their first word, the longest first.
func newMarkers(lists map[negationMarker]string) map[string][]markerPhrase {
	byFirst := map[string][]markerPhrase{}
	for means, list := range lists {
		for phrase := range strings.SplitSeq(list, ",") {
			words := strings.Fields(apostropheRemover.Replace(phrase))
			byFirst[words[0]] = append(byFirst[words[0]], markerPhrase{words, means})
		}
	}

	for _, phrases := range byFirst {
		slices.SortFunc(phrases, func(a, b markerPhrase) int { return len(b.words) - len(a.words) })
	}

	return byFirst
}

var apostropheRemover = strings.NewReplacer("'", "", "’", "", "‘", "", "`", "")

// markerAt returns the marker at the start of some words and its length in words. It prefers the longest phrase that
// has at most limit words.
func markerAt(words []string, limit int) (negationMarker, int) {
	if len(words) == 0 {
		return noMarker, 0
	}

	plain := func(word string) string {
		return strings.ToLower(strings.TrimRight(apostropheRemover.Replace(word), ":."))
	}
	if n := anyButLength(words); n > 0 && n <= limit {
		return exceptMarker, n
	}

	// The longest phrase comes first.
	for _, phrase := range markerPhrases[plain(words[0])] {
		if len(phrase.words) > min(len(words), limit) {
			continue
		}

		same := true
		for i, word := range phrase.words {
			same = same && plain(words[i]) == word
		}

		if same {
			return phrase.marker, len(phrase.words)
		}
	}

	return noMarker, 0
}

// anyButLength returns the length in words of "any make but" and similar phrases at the start of some words, or 0.
func anyButLength(words []string) int {
	if !slices.Contains([]string{"any", "all", "every"}, plainWord(words[0])) {
		return 0
	}

	for i := 1; i < min(3, len(words)); i++ {
		switch word := plainWord(words[i]); {
		case word == "but" || word == "except":
			return i + 1
		case !slices.Contains(kindWords, strings.TrimSuffix(word, "s")):
			return 0
		}
	}

	return 0
}

// kindWords name what a value is one of, in the singular.
var kindWords = withBritishSpellings(strings.Fields("make brand model color year state city body type fuel trim " +
	"kind car vehicle thing other one place location engine"))

// Signs stand directly before a value that is not wanted. A dash before a number is the sign of the number, and a dash
// alone joins words.
var (
	negationSigns  = []string{"<>", "!==", "!=", "！", "!", "≠", "≢", "¬"}
	negationDashes = []string{"-", "−", "–", "—", "‐", "‑", "－"}
)

// cutSign removes a negation sign from a word. It returns false if the word has none.
func cutSign(word string) (rest string, found bool) {
	for _, sign := range negationSigns {
		if rest, found := strings.CutPrefix(word, sign); found {
			return strings.TrimSpace(rest), true
		}
	}

	for _, dash := range negationDashes {
		if rest, found := strings.CutPrefix(word, dash); found {
			rest = strings.TrimSpace(rest)
			return rest, value.Fold(rest) != "" && !isNumberWord(rest)
		}
	}

	return word, false
}

// cutNon removes non-, not_ and similar prefixes from a word, as in non-Toyota.
func cutNon(word string) (rest string, found bool) {
	for _, prefix := range []string{"non-", "non_", "not-", "not_", "anti-"} {
		if len(word) >= len(prefix) && strings.EqualFold(word[:len(prefix)], prefix) {
			return word[len(prefix):], true
		}
	}
	return word, false
}

// valueSection is a part of a value with the words before it.
type valueSection struct {
	joint    string // or, and, nor, a comma, but; empty for the first and where a marker alone begins it
	marker   negationMarker
	sign     bool // the marker is a sign, which affects only this section
	isStored bool // the text is a value in stock, even if it looks like an operator
	text     string
}

// jointWords join sections.
var jointWords = []string{"or", "and", "nor", "&", "but", "yet", "/", "|", "und", "oder", "et", "ou"}

// signSeparators separate values directly before a negation sign.
var signSeparators = strings.NewReplacer(";", ",", "|", " | ", "/-", ",-", "/!", ",!", "&-", ",-", "&!", ",!")

// sectionReader splits a value at commas, joints and markers.
type sectionReader struct {
	isStored    func(text string) bool // whether a text is a value in stock as it is written
	signsDigits bool                   // a dash before a digit is a negation, because texts have no sign

	all     []valueSection
	current valueSection
	isOpen  bool
}

// readSections splits a value into its sections.
func (s *sectionReader) readSections(text string) []valueSection {
	for i, chunk := range strings.Split(signSeparators.Replace(text), ",") {
		if i > 0 {
			s.beginSection(valueSection{joint: ","})
			s.isOpen = true // something has to come
		}

		chunk = unwrapValue(chunk)

		// A value in stock is one section, even if it has joints or signs.
		if chunk != "" && s.isStored(chunk) {
			s.current.text, s.current.isStored, s.isOpen = chunk, true, true
			continue
		}

		s.readWords(strings.Fields(chunk))
	}

	s.endSection()
	return s.all
}

// endSection ends the current section.
func (s *sectionReader) endSection() {
	if s.isOpen {
		s.current.text = strings.TrimSpace(s.current.text)
		s.all = append(s.all, s.current)
	}
	s.current, s.isOpen = valueSection{}, false
}

// beginSection ends the current section and begins the next one.
func (s *sectionReader) beginSection(next valueSection) {
	s.endSection()
	s.current = next
}

// beginMarked begins a section after a marker. The section takes over a joint directly before the marker.
func (s *sectionReader) beginMarked(next valueSection) {
	if s.current.text == "" && s.current.marker == noMarker {
		next.joint = s.current.joint
		s.isOpen = false
	}

	s.beginSection(next)
	s.isOpen = true
}

// readWords splits the words between two commas into sections.
func (s *sectionReader) readWords(words []string) {
	for i := 0; i < len(words); {
		word := words[i]
		if joint := strings.ToLower(word); slices.Contains(jointWords, joint) && s.isOpen && s.current.text != "" {
			s.beginSection(valueSection{joint: joint})
			s.isOpen = i+1 == len(words) // something should have come
			i++
			continue
		}

		means, n := markerAt(words[i:], maxMarkerWords)
		if i+n == len(words) && n == 1 && !slices.Contains(loneMarkers, strings.ToLower(word)) {
			n = 0 // a word alone is a value: NE
		}

		// A dash alone between two words joins them. At the beginning or at the end it is a negation.
		rest, isSigned := s.cutSign(word)
		isLone := slices.Contains(negationDashes, word) && (s.current.text == "" || i+1 == len(words))

		stripped, isNon := cutNon(word)

		// The words after an open marker are what it marks.
		isOpenMarker := s.isOpen && s.current.marker != noMarker && s.current.text == ""
		switch {
		case n > 0 && !isOpenMarker:
			s.beginMarked(valueSection{marker: means})
			i += n
			continue
		case isSigned && !isOpenMarker:
			s.beginMarked(valueSection{marker: notMarker, sign: true, text: rest})
		case isLone && !isOpenMarker:
			s.beginMarked(valueSection{marker: notMarker, sign: true})
		case isNon && !isOpenMarker:
			s.beginMarked(valueSection{marker: notMarker, text: stripped})
		default:
			s.current.text += " " + word
			s.isOpen = true
		}

		i++
	}
}

// cutSign removes a negation sign from a word, and a dash before a digit too if texts have no sign.
func (s *sectionReader) cutSign(word string) (rest string, isSigned bool) {
	if rest, isSigned = cutSign(word); isSigned || !s.signsDigits {
		return rest, isSigned
	}

	for _, dash := range negationDashes {
		if rest, found := strings.CutPrefix(word, dash); found && isNumberWord(rest) {
			return rest, true
		}
	}

	return word, false
}

// valueWrappers are pairs of signs around a whole value.
var valueWrappers = [][2]string{{`"`, `"`}, {"'", "'"}, {"(", ")"}, {"[", "]"}, {"“", "”"}, {"‘", "’"}, {"«", "»"}}

// unwrapValue removes quotation marks and brackets around a whole value.
func unwrapValue(text string) string {
	text = strings.TrimSpace(text)
	for _, w := range valueWrappers {
		inner, isOpen := strings.CutPrefix(text, w[0])
		inner, isShut := strings.CutSuffix(inner, w[1])
		if isOpen && isShut && len(text) > len(w[0]) && !strings.Contains(inner, w[0]) && !strings.Contains(inner, w[1]) {
			return unwrapValue(inner)
		}
	}
	return text
}

// loneMarkers are markers that mean nothing else when they stand alone.
var loneMarkers = strings.Fields("not except without excluding exclude")

// maxMarkerWords is more words than any marker has.
const maxMarkerWords = 10

func isNumberWord(word string) bool { return word != "" && word[0] >= '0' && word[0] <= '9' }

// sectionsOf splits a value of a field into sections.
func (r *requestReader) sectionsOf(f *catalog.Field, text string) []valueSection {
	reader := sectionReader{signsDigits: isTextual(f), isStored: func(text string) bool { return r.isStored(f, text) }}
	return reader.readSections(text)
}

func isTextual(f *catalog.Field) bool {
	return f.Class() == catalog.ClassText || f.Class() == catalog.ClassList
}

// readNegation reads a value with a negation, such as Honda,-Toyota or "anything but red or blue". base is the marker
// of the parameter itself: exceptMarker for make_not. It returns nil conditions for a value without a negation, and a
// reason if it cannot read the negation.
func (r *requestReader) readNegation(
	f *catalog.Field, text string, base negationMarker,
) (all []valueCondition, problem string) {
	parts := r.sectionsOf(f, text)
	isMarked := func(s valueSection) bool { return s.marker != noMarker }

	isEmpty := func(s valueSection) bool { return value.Fold(s.text) == "" }
	isLost := func(s valueSection) bool { // a sign that reading a text as it is would lose
		return s.sign && isTextual(f) && (s.joint != "" || s.text == "" || s.text == parts[0].text || isEmpty(parts[0]))
	}

	switch {
	case base == noMarker && !slices.ContainsFunc(parts, isMarked):
		return nil, ""
	case base == noMarker && !slices.ContainsFunc(parts, isLost) && r.isReadAsIs(f, text):
		return nil, ""
	case base != noMarker && slices.ContainsFunc(parts, isMarked):
		return nil, f.Name + "_not leaves out what it names, and its value is a negation too; send one of them"
	}

	if base == noMarker {
		if all := r.readNegatedWhole(f, text); all != nil {
			return all, ""
		}
	}

	// Read the sections one by one. A marker may hold for the sections after it.
	before := base
	for i, part := range parts {
		// Find the marker that holds for this section.
		means := part.marker
		switch {
		case means != noMarker:
		case base != noMarker:
			means = base
		case part.joint == "but", i == 0:
		case before == notMarker && part.joint == "," && !parts[i-1].sign:
			return nil, fmt.Sprintf("%q does not say whether the values after the comma are wanted; send %s_not=... for "+
				"what is not, and %s=... for what is", value.Excerpt(text), f.Name, f.Name)
		case before == notMarker && !parts[i-1].sign || before == exceptMarker:
			means = before
		}

		// Vehicles without a value are what make_not=null leaves out.
		if base != noMarker && strings.EqualFold(part.text, "null") && !part.isStored {
			all = append(all, valueCondition{query.UsePresent, ""})
			continue
		}

		values, isFiller := r.valuesOfSection(f, part, means, len(parts))
		if isFiller {
			continue
		}
		if values == nil {
			return nil, fmt.Sprintf("the negation in %q cannot be read; send %s_not=... with the values to leave out",
				value.Excerpt(text), f.Name)
		}

		all = append(all, r.conditionsOf(means, values)...)
		if before = means; part.sign {
			before = noMarker
		}
	}

	return all, ""
}

// valuesOfSection returns the values that a section of a negation stands for, or nil if it cannot read them. isFiller
// reports that the section only has words without a meaning.
func (r *requestReader) valuesOfSection(
	f *catalog.Field, part valueSection, means negationMarker, sections int,
) (values []string, isFiller bool) {
	_, isDouble := cutSign(part.text)
	switch {
	case part.text == "", isDouble && means != noMarker && !part.isStored:
		return nil, false
	case part.isStored:
		return []string{part.text}, false
	}

	if values := r.valuesOf(f, part.text); values != nil {
		return values, false
	}

	switch {
	case means == noMarker && (r.isFiller(part.text) || value.Fold(part.text) == ""):
		return nil, true
	case means == noMarker && (strings.Contains(part.text, " ") || part.joint == "" && sections > 1 && !isTextual(f)):
		return nil, false
	case means == noMarker && part.joint == "" && sections > 1 && !r.isName(f, part):
		return nil, false // definitely not Toyota
	case means == noMarker || r.isName(f, part):
		return []string{part.text}, false
	}

	return nil, false
}

// readNegatedWhole reads a negation of one value that may itself contain joints, as in "not Town & Country".
func (r *requestReader) readNegatedWhole(f *catalog.Field, text string) []valueCondition {
	if rest, isSigned := cutSign(text); isSigned {
		return r.conditionsOfWhole(f, notMarker, rest)
	}

	words := strings.Fields(text)
	for most := maxMarkerWords; ; {
		means, n := markerAt(words, most)
		if n == 0 {
			return nil
		}
		if all := r.conditionsOfWhole(f, means, strings.Join(words[n:], " ")); all != nil {
			return all
		}

		most = n - 1 // try a shorter marker: "not in stock" may be "not" and "in stock"
	}
}

// conditionsOfWhole returns the conditions for a text that is one value after a marker, or nil if it is not one value.
func (r *requestReader) conditionsOfWhole(f *catalog.Field, means negationMarker, text string) []valueCondition {
	if _, isDouble := cutSign(text); isDouble || strings.Contains(text, ",") && !r.isStored(f, text) && isTextual(f) {
		return nil
	}

	// A number or a time must not have a sign of its own after the marker.
	values, _ := r.readText(f, text)
	if !isTextual(f) && !strings.HasPrefix(text, "-") {
		values = r.valuesOf(f, text)
	}

	if text == "" || values == nil {
		return nil
	}

	return r.conditionsOf(means, values)
}

// isReadAsIs reports whether the whole text means something in stock, such as "not specified" or "Non Smoker".
func (r *requestReader) isReadAsIs(f *catalog.Field, text string) bool {
	if _, isSigned := cutSign(strings.TrimSpace(text)); isSigned {
		return false
	}
	if _, ok := value.ParseBool(text); ok && f.Flag {
		return true
	}

	switch f.Class() {
	case catalog.ClassNumber:
		_, isAmount := f.Measure().Parse(text)
		_, ofAnyUnit := value.Measure{Field: f.Name}.Parse(text)
		return isAmount || ofAnyUnit
	case catalog.ClassText, catalog.ClassList:
		values, _ := r.readText(f, text)
		return values != nil
	}

	return false
}

// valuesOf returns the values that a part of a negation stands for, in the notation of its parameter, or nil.
func (r *requestReader) valuesOf(f *catalog.Field, text string) []string {
	switch f.Class() {
	case catalog.ClassNumber, catalog.ClassInstant:
		if _, ok := query.ParseRange(f, text); ok {
			return []string{text}
		}
		if _, ok := f.Measure().Parse(text); ok && f.Class() == catalog.ClassNumber {
			return []string{text}
		}
		return nil
	}

	if f.HasOwnValues() {
		return []string{text}
	}

	// Try the words as they are, without words around a value, and in the singular.
	bare := withoutArticles(text)
	for _, tried := range []string{text, bare, strings.TrimSuffix(bare, "s")} {
		if tried == "" {
			continue
		}
		if values, _ := r.readAlternatives(f, tried); values != nil {
			return values
		}
	}

	return nil
}

// isName reports whether a part of a negation names something that may be out of stock: a known word of the field, or a
// single value after a sign or in an excluding parameter.
func (r *requestReader) isName(f *catalog.Field, part valueSection) bool {
	if !isTextual(f) {
		return false
	}
	if f.Name == "make" && f.Recognizes(part.text) || len(f.NamedMeanings(part.text)) > 0 {
		return true
	}
	if part.marker != noMarker && !part.sign || strings.ContainsAny(part.text, "!<>=≠&(){}[]:$\\\"") {
		return false
	}

	// If one of its words is a value in stock, the text is more than a name.
	isSpace := func(c rune) bool { return c == ' ' || c == '-' }
	return !slices.ContainsFunc(strings.FieldsFunc(part.text, isSpace), func(word string) bool {
		values, _ := r.readText(f, word)
		return values != nil && word != part.text
	})
}

// conditionsOf returns the conditions for values after a marker.
func (r *requestReader) conditionsOf(means negationMarker, values []string) []valueCondition {
	use := query.UseEquals
	if means == notMarker || means == exceptMarker {
		use = query.UseExcluded
	}

	all := make([]valueCondition, len(values))
	for i, v := range values {
		all[i] = valueCondition{use, v}
	}

	return all
}

// isFiller reports whether no word of a text has a meaning.
func (r *requestReader) isFiller(text string) bool {
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		isKind := slices.Contains(kindWords, strings.TrimSuffix(word, "s"))
		if !isKind && !slices.Contains(fillerWords, word) && !slices.Contains(emptyWords, word) {
			return false
		}
	}
	return true
}

// emptyWords have no meaning beside a negation.
var emptyWords = strings.Fields("anything something everything all one ones thats which it its be preferably please " +
	"must should definitely alle anywhere everywhere")

// withoutArticles removes words without a meaning around a value: "the red ones", "Toyota cars".
func withoutArticles(text string) string {
	words := strings.Fields(text)
	empty := func(word string) bool {
		word = strings.ToLower(apostropheRemover.Replace(trimPunctuation(word)))
		return slices.Contains(fillerWords, word) || slices.Contains(emptyWords, word)
	}

	for len(words) > 0 && empty(words[0]) {
		words = words[1:]
	}

	for len(words) > 0 && empty(words[len(words)-1]) {
		words = words[:len(words)-1]
	}

	return strings.Join(words, " ")
}
