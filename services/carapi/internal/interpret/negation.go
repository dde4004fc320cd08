package interpret

import (
	"fmt"
	"slices"
	"strings"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// marker is what words before a value say of it.
type marker int

const (
	unmarked   marker = iota
	wants             // nothing but: the value, and it alone
	leavesOut         // not: what comes next
	leavesList        // other than: all that comes, commas included
)

// markers are words before a value, the longest first where several begin with the same word.
var markers = newMarkers(map[marker]string{
	wants: "nothing but, nothing other than, nothing except, none other than, only, just, none but",
	leavesOut: "not, not a, not an, not any, not the, no, non, neither, nor, never, never a, isn't, isn't a, is not, is not a, " +
		"are not, aren't, it's not, don't want, do not want, don't want a, do not want a, doesn't want, don't like, do not like, hate, hates, " +
		"avoid, avoiding, minus, ne, neq, not from, nothing from, nothing by, nicht, kein, keine, keinen, keiner, kein, niet, geen, pas, pas de, " +
		"nie, não, nao, не",
	leavesList: "except, except for, except a, excepting, excluding, exclude, excludes, not in, nin, without, without a, other than, other than a, " +
		"besides, apart from, aside from, anything but, anything but a, everything but, all but, any but, anyone but, anything except, " +
		"everything except, all except, any except, anything other than, something other than, any other than, ohne, außer, ausser, alles außer, " +
		"sans, sauf, sin, excepto, menos, senza, tranne, eccetto, zonder, behalve, bez, oprócz, sem, exceto, без, кроме",
})

// words of a marker, in lower case and without apostrophes.
type markerPhrase struct {
	words []string
	means marker
}

func newMarkers(lists map[marker]string) map[string][]markerPhrase {
	byFirst := map[string][]markerPhrase{}
	for means, list := range lists {
		for phrase := range strings.SplitSeq(list, ",") {
			words := strings.Fields(apostrophes.Replace(phrase))
			byFirst[words[0]] = append(byFirst[words[0]], markerPhrase{words, means})
		}
	}
	for _, phrases := range byFirst {
		slices.SortFunc(phrases, func(a, b markerPhrase) int { return len(b.words) - len(a.words) })
	}
	return byFirst
}

var apostrophes = strings.NewReplacer("'", "", "’", "", "‘", "", "`", "")

// markerAt gives the marker that some words begin with, and how many words it has; the one of most words, up to a number.
func markerAt(words []string, most int) (marker, int) {
	if len(words) == 0 {
		return unmarked, 0
	}
	plain := func(word string) string { return strings.ToLower(apostrophes.Replace(word)) }
	for _, phrase := range markers[plain(words[0])] {
		if len(phrase.words) > min(len(words), most) {
			continue
		}
		same := true
		for i, word := range phrase.words {
			same = same && plain(words[i]) == word
		}
		if same {
			return phrase.means, len(phrase.words)
		}
	}
	return unmarked, 0
}

// Signs stand directly before a value that is not wanted. A dash before a number is the number's own sign, and one
// alone joins words.
var (
	signs  = []string{"<>", "!==", "!=", "!", "≠", "¬"}
	dashes = []string{"-", "−", "–"}
)

// cutSign takes the sign of a negation off a word. It returns false for a word without one.
func cutSign(word string) (rest string, found bool) {
	for _, sign := range signs {
		if rest, found := strings.CutPrefix(word, sign); found {
			return strings.TrimSpace(rest), true
		}
	}
	for _, dash := range dashes {
		if rest, found := strings.CutPrefix(word, dash); found {
			rest = strings.TrimSpace(rest)
			return rest, value.Fold(rest) != "" && !isNumberWord(rest)
		}
	}
	return word, false
}

// cutNon takes non- or not_ off a word, as in non-Toyota.
func cutNon(word string) (rest string, found bool) {
	for _, prefix := range []string{"non-", "non_", "not-", "not_"} {
		if len(word) >= len(prefix) && strings.EqualFold(word[:len(prefix)], prefix) {
			return word[len(prefix):], true
		}
	}
	return word, false
}

// section is a part of a value with what stands before it.
type section struct {
	joint  string // or, and, nor, a comma, but; empty for the first and where a marker alone begins it
	marker marker
	sign   bool // the marker is a sign, which holds for this section alone
	text   string
}

// joints are words between sections.
var joints = []string{"or", "and", "nor", "&", "but", "yet", "/", "|"}

// sections takes a value apart at commas, joints and markers.
func sections(text string) []section {
	var all []section
	current, isOpen := section{}, false
	end := func() {
		if isOpen {
			current.text = strings.TrimSpace(current.text)
			all = append(all, current)
		}
		current, isOpen = section{}, false
	}

	words := strings.Fields(strings.NewReplacer(",", " , ", ";", " , ", "|", " | ").Replace(text))
	for i := 0; i < len(words); {
		word := words[i]
		joint := strings.ToLower(word)
		if word == "," || slices.Contains(joints, joint) && isOpen {
			end()
			current.joint = joint
			if i++; i == len(words) {
				isOpen = true // something should have come
			}
			continue
		}
		means, n := markerAt(words[i:], maxMarker)
		isLast := i+n == len(words) || words[i+n] == ","
		if isLast && n == 1 && !slices.Contains(unmistakable, strings.ToLower(word)) {
			n = 0 // a word alone is a value: NE
		}
		rest, isSigned := cutSign(word)
		isLone := slices.Contains(dashes, word) && (current.text == "" || i+1 == len(words))
		stripped, isNon := cutNon(word)
		switch {
		case n > 0 && !isOpenMarker(current, isOpen):
			joint := current.joint
			end()
			current, isOpen = section{joint: joint, marker: means}, true
			i += n
		case isSigned || isLone:
			rest = strings.TrimLeft(rest, "-−–")
			joint := current.joint
			end()
			current, isOpen = section{joint: joint, marker: leavesOut, sign: true, text: rest}, true
			i++
		case isNon:
			joint := current.joint
			end()
			current, isOpen = section{joint: joint, marker: leavesOut, text: stripped}, true
			i++
		default:
			current.text += " " + word
			isOpen = true
			i++
		}
	}
	end()
	return all
}

// unmistakable are markers that mean nothing else where they stand alone.
var unmistakable = strings.Fields("not except without excluding exclude")

// maxMarker is more words than any marker has.
const maxMarker = 10

// isOpenMarker reports whether a marker has just been read, and no word after it: what follows is what it marks.
func isOpenMarker(s section, isOpen bool) bool { return isOpen && s.marker != unmarked && s.text == "" }

func isNumberWord(word string) bool { return word != "" && word[0] >= '0' && word[0] <= '9' }

// readNegation reads a value that says what is not wanted, such as Honda,-Toyota or "anything but red or blue". The
// conditions are nil for a value without a negation. why says what is wrong with one that cannot be read.
func (r *reading) readNegation(f *catalog.Field, text string) (all []condition, why string) {
	text = withoutOwnSign(f, text)
	parts := sections(text)
	isMarked := func(s section) bool { return s.marker != unmarked }
	isListed := func(s section) bool { // a sign that reading a text as it is would lose
		return s.sign && (s.joint == "," || s.text == "") && f.Class() != catalog.Number
	}
	if !slices.ContainsFunc(parts, isMarked) || !slices.ContainsFunc(parts, isListed) && r.isReadAsIs(f, text) {
		return nil, ""
	}
	if all := r.readNegatedWhole(f, text); all != nil {
		return all, ""
	}

	before := unmarked
	for i, part := range parts {
		means := part.marker
		switch {
		case means != unmarked:
		case part.joint == "but", i == 0:
		case before == leavesOut && part.joint == "," && !parts[i-1].sign:
			return nil, fmt.Sprintf("%q does not say whether the values after the comma are wanted; send %s_not=... for what is not, "+
				"and %s=... for what is", value.Excerpt(text), f.Name, f.Name)
		case before == leavesOut && !parts[i-1].sign || before == leavesList:
			means = before
		}
		values := r.valuesOf(f, part.text)
		if _, isDouble := cutSign(part.text); isDouble && means != unmarked {
			values = nil
		}
		switch {
		case means == unmarked && values == nil && part.text != "" && r.isFiller(part.text):
			continue
		case part.text == "", means != unmarked && values == nil && !r.isName(f, part),
			means == unmarked && values == nil && strings.Contains(part.text, " "):
			return nil, fmt.Sprintf("the negation in %q cannot be read; send %s_not=... with the values to leave out", value.Excerpt(text), f.Name)
		case values == nil:
			values = []string{part.text}
		}
		all = append(all, r.conditionsOf(means, values)...)
		before = means
		if part.sign {
			before = unmarked
		}
	}
	return all, ""
}

// readNegatedWhole reads a negation of one value that may itself hold joints, as in "not Town & Country".
func (r *reading) readNegatedWhole(f *catalog.Field, text string) []condition {
	if rest, isSigned := cutSign(text); isSigned {
		return r.conditionsOfWhole(f, leavesOut, rest)
	}
	words := strings.Fields(text)
	for most := maxMarker; ; {
		means, n := markerAt(words, most)
		if n == 0 {
			return nil
		}
		if all := r.conditionsOfWhole(f, means, strings.Join(words[n:], " ")); all != nil {
			return all
		}
		most = n - 1 // not in stock: not + in stock
	}
}

// conditionsOfWhole are those of a text that is one value after a marker; nil if it is none.
func (r *reading) conditionsOfWhole(f *catalog.Field, means marker, text string) []condition {
	if _, isDouble := cutSign(text); isDouble {
		return nil
	}
	isText := f.Class() == catalog.Text || f.Class() == catalog.List
	values, _ := r.readText(f, text)
	if !isText && !strings.HasPrefix(text, "-") {
		values = r.valuesOf(f, text)
	}
	if text == "" || values == nil {
		return nil
	}
	return r.conditionsOf(means, values)
}

// withoutOwnSign takes a - before the digits of a text for a negation: no text has a sign of its own.
func withoutOwnSign(f *catalog.Field, text string) string {
	if f.Class() == catalog.Text || f.Class() == catalog.List {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(text), "-"); ok && isNumberWord(rest) {
			return "!" + rest
		}
	}
	return text
}

// isReadAsIs reports whether a text means something in stock as a whole, such as "not specified" or "Non Smoker".
func (r *reading) isReadAsIs(f *catalog.Field, text string) bool {
	if _, isSigned := cutSign(strings.TrimSpace(text)); isSigned {
		return false
	}
	if _, ok := value.ParseBool(text); ok && f.Flag {
		return true
	}
	switch f.Class() {
	case catalog.Number:
		_, isAmount := f.Measure().Parse(text)
		_, ofAnyUnit := value.Measure{Field: f.Name}.Parse(text)
		return isAmount || ofAnyUnit
	case catalog.Text, catalog.List:
		values, _ := r.readText(f, text)
		return values != nil
	}
	return false
}

// valuesOf gives the values that a part of a negation stands for, as texts that its parameter takes; nil for none.
func (r *reading) valuesOf(f *catalog.Field, text string) []string {
	switch f.Class() {
	case catalog.Number, catalog.Instant:
		if _, ok := query.ParseRange(f, text); ok {
			return []string{text}
		}
		if _, ok := f.Measure().Parse(text); ok && f.Class() == catalog.Number {
			return []string{text}
		}
		return nil
	}
	if f.HasOwnValues() {
		return []string{text}
	}
	for _, tried := range []string{text, withoutArticles(text)} {
		if tried == "" {
			continue
		}
		if values, _ := r.readAlternatives(f, tried); values != nil {
			return values
		}
	}
	return nil
}

// isName reports whether a part of a negation names something even if nothing in stock has it.
func (r *reading) isName(f *catalog.Field, part section) bool {
	if f.Class() != catalog.Text && f.Class() != catalog.List {
		return false
	}
	_, isDouble := cutSign(part.text)
	return part.sign && !isDouble || f.Name == "make" && f.Recognizes(part.text) || len(f.NamedMeanings(part.text)) > 0
}

// conditionsOf are those of values after a marker.
func (r *reading) conditionsOf(means marker, values []string) []condition {
	use := query.Equals
	if means == leavesOut || means == leavesList {
		use = query.Excluded
	}
	all := make([]condition, len(values))
	for i, v := range values {
		all[i] = condition{use, v}
	}
	return all
}

// isFiller reports whether each word of a text says nothing.
func (r *reading) isFiller(text string) bool {
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		if !slices.Contains(fillers, word) && !slices.Contains(emptyWords, word) {
			return false
		}
	}
	return true
}

// emptyWords say nothing beside a negation.
var emptyWords = strings.Fields("anything something everything all one ones thats which it its be preferably please")

// withoutArticles leaves out words around a value that say nothing: "the red ones", "Toyota cars".
func withoutArticles(text string) string {
	words := strings.Fields(text)
	empty := func(word string) bool {
		word = strings.ToLower(apostrophes.Replace(trimPunctuation(word)))
		return slices.Contains(fillers, word) || slices.Contains(emptyWords, word)
	}
	for len(words) > 0 && empty(words[0]) {
		words = words[1:]
	}
	for len(words) > 0 && empty(words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	return strings.Join(words, " ")
}
