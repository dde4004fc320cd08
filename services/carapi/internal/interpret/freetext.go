package interpret

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"carstock/services/carapi/internal/query"
)

// FreeTextFields are the fields whose values the words of q are compared with.
var FreeTextFields = []string{
	"make", "model", "trim", "condition", "body_type", "fuel_type", "transmission",
	"drivetrain", "color",
}

// sentenceFields also include features, which only mean something beside another value.
var sentenceFields = append(slices.Clone(FreeTextFields), "features")

// maxSentenceWords is how many words of q are read.
const maxSentenceWords = 40

// readFreeText turns the words of q that certainly mean a filter into filters and notes the others as not understood.
// If no word is certain, all words are searched for.
func (r *requestReader) readFreeText(given string) {
	words := strings.Fields(given)
	if len(words) > maxSentenceWords {
		r.fail("q", given, fmt.Sprintf("q has %d words; send at most %d, and filters for what they say", len(words),
			maxSentenceWords))
		delete(r.exact, "q")
		return
	}

	tokens := r.parseFreeText(given, sentenceFields)
	r.yieldToParameters(tokens)

	found := r.filtersOf(tokens)
	if len(found) == 0 {
		r.searchWords(words, tokens)
		return
	}

	delete(r.exact, "q")
	for name, values := range found {
		r.exact[name] = uniqueTexts(append(r.exact[name], values...))
	}

	r.notes.NotUnderstood = phrasesNotUnderstood(tokens)
	r.note("q", "words that say what filters do", found)
}

// parseFreeText reads a sentence and marks the tokens that are not certain.
func (r *requestReader) parseFreeText(given string, fields []string) []token {
	tokens := r.scanSentence(given, fields)
	r.ignoreUsed(tokens)
	r.applyMarkers(tokens)
	r.markPriceDrops(tokens)
	markComparisons(tokens)
	r.markDescriptions(tokens)
	r.markConflicts(tokens)
	r.markWeak(tokens)

	return tokens
}

// readWhole reads a text whose words must all be certain. It returns the values by parameter, or nil if a word is not
// certain.
func (r *requestReader) readWhole(given string, fields []string) url.Values {
	tokens := r.parseFreeText(given, fields)
	isOpen := func(t token) bool {
		isRest := t.kind == unknownToken || t.kind == comparisonToken || t.kind == followerToken || t.kind == markerToken
		return isRest || t.kind == valueToken && (t.isUncertain || t.isNegated)
	}
	if slices.ContainsFunc(tokens, isOpen) {
		return nil
	}

	return r.filtersOf(tokens)
}

// yieldToParameters marks values that contradict other parameters of the request.
func (r *requestReader) yieldToParameters(tokens []token) {
	for i := range tokens {
		t := &tokens[i]
		if t.kind != valueToken || t.isNegated {
			continue
		}

		if elsewhere, ok := r.exact[r.nameOf(t)]; ok && !areSame(elsewhere, t.values) {
			t.isUncertain = true
		}
	}

	r.markWeak(tokens)
}

// filtersOf returns the certain values by parameter.
func (r *requestReader) filtersOf(tokens []token) url.Values {
	found := url.Values{}
	for i := range tokens {
		t := &tokens[i]
		if t.kind != valueToken || t.isUncertain {
			continue
		}
		name := r.nameOf(t)
		found[name] = uniqueTexts(append(found[name], t.values...))
	}

	// All features in a sentence are wanted, unless an "or" says otherwise.
	if len(found["features"]) > 1 && !hasOrBetween(tokens, "features") {
		found["features_all"] = found["features"]
		delete(found, "features")
	}

	return found
}

// nameOf returns the parameter of a value. A column named like a bound keeps its own name.
func (r *requestReader) nameOf(t *token) string {
	field, use := t.parameter, query.UseEquals
	for suffix, bound := range map[string]query.Use{"_min": query.UseAtLeast, "_max": query.UseAtMost} {
		if name, isBound := strings.CutSuffix(field, suffix); isBound && t.isBound() {
			field, use = name, bound
		}
	}

	if t.isNegated {
		use = query.UseExcluded
	}

	f := r.parameters.Catalog.Field(field)
	if f == nil {
		return t.parameter
	}

	name, _ := r.parameterFor(f, use)
	return name
}

// hasOrBetween reports whether an "or" follows a value of a parameter.
func hasOrBetween(tokens []token, parameter string) bool {
	after := false
	for _, t := range tokens {
		switch {
		case t.kind == valueToken:
			after = t.parameter == parameter
		case after && t.kind == jointToken && len(t.words) == 1 && strings.EqualFold(t.words[0], "or"):
			return true
		}
	}

	return false
}

// phrasesNotUnderstood returns the words that were not understood, as phrases.
func phrasesNotUnderstood(tokens []token) []string {
	var phrases []string
	var words []string

	meaning := false // whether words holds more than fillers
	end := func() {
		if meaning {
			phrases = append(phrases, strings.Join(words, " "))
		}
		words, meaning = nil, false
	}

	for _, t := range tokens {
		isRest := t.kind == unknownToken || t.kind == valueToken && t.isUncertain || t.kind == markerToken && t.isUncertain ||
			t.kind == comparisonToken || t.kind == followerToken
		switch {
		case isRest:
			// A negation sign stays with its word.
			if glued := len(words) - 1; glued >= 0 && t.kind != markerToken && isGlue(words[glued]) {
				words[glued] += strings.Join(t.words, " ")
			} else {
				words = append(words, t.words...)
			}
			meaning = true
		case t.kind == fillerToken && meaning:
			words = append(words, t.words...)
		default:
			end()
		}
	}

	end()
	for i, phrase := range phrases {
		phrases[i] = trimFillers(phrase)
	}

	return phrases
}

// isGlue reports whether a word is a negation sign that stood directly before the next word.
func isGlue(word string) bool {
	return slices.Contains(negationSigns, word) || slices.Contains(negationDashes, word) || strings.EqualFold(word, "non-")
}

// trimFillers removes fillers from the end of a phrase.
func trimFillers(phrase string) string {
	words := strings.Fields(phrase)
	for len(words) > 1 && slices.Contains(fillerWords, plainWord(words[len(words)-1])) {
		words = words[:len(words)-1]
	}
	return strings.TrimSpace(trimPunctuation(strings.Join(words, " ")))
}

// searchWords removes stop words from the words to search for. It notes the words beyond the limit as not understood.
func (r *requestReader) searchWords(words []string, tokens []token) {
	// Beside a negation, stop words may matter. They go only if there are too many words.
	left := words
	isPlain := !slices.ContainsFunc(tokens, func(t token) bool { return t.kind == markerToken })
	if isPlain || len(words) > query.MaxWords {
		isStopWord := func(w string) bool { return slices.Contains(stopWords, strings.ToLower(w)) }
		left = slices.DeleteFunc(slices.Clone(words), isStopWord)
	}

	if len(left) == 0 || len(left) == len(words) && len(words) <= query.MaxWords {
		return
	}

	if len(left) > query.MaxWords {
		r.notes.NotUnderstood = []string{strings.Join(left[query.MaxWords:], " ")}
		left = left[:query.MaxWords]
	}

	read := strings.Join(left, " ")
	r.exact["q"] = []string{read}
	r.note("q", "words that say nothing are left out", url.Values{"q": {read}})
}

// ignoreUsed treats a word for used vehicles as a filler if the table has no condition.
func (r *requestReader) ignoreUsed(tokens []token) {
	if r.parameters.Catalog.TextField("condition") != nil {
		return
	}

	var ignored []string
	for i := range tokens {
		t := &tokens[i]
		if t.kind == unknownToken && slices.Contains(r.vocabulary.NamedMeanings("condition", plainWord(t.words[0])), "used") {
			t.kind = fillerToken
			ignored = append(ignored, t.words...)
		}
	}

	if ignored != nil {
		r.notes.Ignored["q"] = strings.Join(ignored, " ")
	}
}

// modelOf reports whether the stock has one of the models from one of the makes.
func (r *requestReader) modelOf(makes, models []string) bool {
	makeField, modelField := r.parameters.Catalog.TextField("make"), r.parameters.Catalog.TextField("model")
	if makeField == nil || modelField == nil {
		return false
	}
	ofMake := r.index.Filter(r.index.All(), &query.Filter{Field: makeField, Words: makes})
	return r.index.Filter(ofMake, &query.Filter{Field: modelField, Words: models, Prefixes: models}).Count() > 0
}

// isDescribing reports whether values of a field may describe a part of a vehicle, as in electric windows.
func isDescribing(field string) bool {
	return slices.Contains([]string{"color", "fuel_type", "trim", "transmission", "features"}, field)
}

// isText reports whether a parameter compares texts.
func (r *requestReader) isText(parameter string) bool {
	p, ok := r.parameters.Get(parameter)
	return ok && p.Field != nil && isTextual(p.Field)
}
