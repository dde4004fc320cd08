package interpret

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// tokenKind is the role of a token in its sentence.
type tokenKind int

const (
	unknownToken    tokenKind = iota // a word that was not understood
	valueToken                       // values of a parameter
	jointToken                       // or, and, a comma
	boundaryToken                    // with, for, that: what comes next describes something of its own
	fillerToken                      // a word that says nothing
	markerToken                      // not, other than, -
	comparisonToken                  // like, bigger than: what comes next is not itself asked for
	followerToken                    // or similar: what came before is not itself asked for
)

// token is one or more words of a sentence that are read together.
type token struct {
	kind      tokenKind
	words     []string // as written
	parameter string   // of a value
	values    []string
	marker    negationMarker // of a marker
	sign      bool           // the marker is a sign, which belongs to the next word alone

	isNegated   bool
	isUncertain bool
}

// isBound reports whether a token is an amount or a range, rather than a text.
func (t *token) isBound() bool {
	for _, name := range []string{"price", "mileage", "year"} {
		if rest, ok := strings.CutPrefix(t.parameter, name); ok && (rest == "" || rest == "_min" || rest == "_max") {
			return true
		}
	}
	return false
}

// fillerWords have no meaning beside words that name a vehicle.
var fillerWords = withBritishSpellings(strings.Fields("a an the i me we us you show find want need looking look " +
	"search searching get give sale car cars vehicle vehicles auto autos automobile automobiles please some any is " +
	"are there colored color priced price listing listings one ones buy purchase hi hello hey im id ive can could " +
	"would do have got list all what whats just really currently now inventory stock available options option " +
	"something anything model models year make made painted finish drive still"))

// withBritishSpellings adds the British spellings of the words with color and kilometer in them.
func withBritishSpellings(words []string) []string {
	british := strings.NewReplacer("olor", "olour", "lometer", "lometre")
	all := slices.Clone(words)
	for _, word := range words {
		if spelling := british.Replace(word); spelling != word {
			all = append(all, spelling)
		}
	}
	return all
}

// boundaryWords begin a description of their own: red with leather is not red leather.
var boundaryWords = strings.Fields("with in for of that which who has having from on at by where because so since to " +
	"per if it its while plus also then but as within about when than is w w/")

// stopWords are left out of the words to search for.
var stopWords = strings.Fields("a an the with for of i me my show find want need looking please")

// sentencePhrases are phrases by their first word, with their role. The longest match counts.
var sentencePhrases = newPhrases(map[tokenKind]string{
	unknownToken: "used for, stick with, stick to, one owner, single owner, low miles, low mileage, clean title, clean " +
		"carfax, excellent condition, good condition, great condition, well maintained, fully loaded, full service " +
		"history, almost new, nearly new, as new, practically new, new to me, on gas, on fuel, on petrol, on diesel, gas " +
		"mileage, gas tank",
	fillerToken: "would like, would like to, would like to buy, id like, id like to, i d like, looking for, look for, " +
		"in the market for, for sale, in stock, feel like, i like, we like, for my, for his, for her, for their, do you " +
		"have, have you got, are there, is there, near me, right now, as well",
	comparisonToken: "like, such as, similar to, comparable to, equivalent to, alternative to, alternatives to, " +
		"competitor to, same as, instead of, rather than, rather, unlike, versus, vs, compared to, compared with, than, as " +
		"big as, as good as, as cheap as, as fast as, not only, not just, not necessarily, dont care, do not care, dont " +
		"mind, do not mind, doesnt matter, does not matter, no matter, dont need, do not need, doesnt need, doesnt have " +
		"to, does not have to, neednt, not sure, unsure, preferably, prefer, ideally, maybe, perhaps, possibly, either " +
		"way, would consider, open to, used to, trade in, trading in, i own, i drive, i had, i have had, used to have, my " +
		"last, previous, my, his, her, their, drives, drove, driving, why not, if not, if its not, unless, near, around, " +
		"close to, outside, hates the, instead, coming from, replace, replacing, upgrade from, upgrading from, sell my, " +
		"selling my, nicer, better, worse, bigger, smaller, faster, cheaper, larger",
	followerToken: "excluded, unwanted, rejected, ruled out, or similar, or so, or equivalent, or comparable, or " +
		"something similar, similar, alternative, alternatives, equivalent, competitor, competitors, rival, rivals, style, " +
		"sized, killer, lookalike, fan, fans, lover, lovers, owner, owners, dealer, dealers, dealership, dealerships, " +
		"preferred, if possible, would be nice, is fine, is ok, is okay, would be great, or whatever, type, like",
})

type sentencePhrase struct {
	words []string
	kind  tokenKind
}

// newPhrases returns the phrases of some lists by their first word, the longest first.
func newPhrases(lists map[tokenKind]string) map[string][]sentencePhrase {
	byFirst := map[string][]sentencePhrase{}
	for kind, list := range lists {
		for phrase := range strings.SplitSeq(list, ",") {
			words := strings.Fields(phrase)
			byFirst[words[0]] = append(byFirst[words[0]], sentencePhrase{words, kind})
		}
	}

	for _, phrases := range byFirst {
		slices.SortStableFunc(phrases, func(a, b sentencePhrase) int {
			if n := len(b.words) - len(a.words); n != 0 {
				return n
			}
			return int(a.kind) - int(b.kind)
		})
	}

	return byFirst
}

// phraseAt returns the role and length of the phrase at the start of some words. A single follower word counts only
// after a value.
func phraseAt(words []string, afterValue bool) (kind tokenKind, n int) {
	plain := make([]string, 0, len(words))
	for _, word := range words[:min(5, len(words))] {
		plain = append(plain, plainWord(word))
	}

	for _, phrase := range sentencePhrases[plain[0]] {
		if len(phrase.words) > len(plain) || !slices.Equal(plain[:len(phrase.words)], phrase.words) {
			continue
		}
		if phrase.kind == followerToken && !afterValue {
			continue
		}
		return phrase.kind, len(phrase.words)
	}

	return unknownToken, 0
}

// plainWord returns a word in lower case, without apostrophes and without punctuation at its ends.
func plainWord(word string) string {
	return strings.ToLower(apostropheRemover.Replace(trimPunctuation(strings.TrimLeft(word, `("“[`))))
}

func trimPunctuation(word string) string { return strings.TrimRight(word, `,;!?.:")”]`) }

// markedGroup is a negation of a group in parentheses or quotation marks, as in NOT(Toyota OR Honda). Other brackets
// and quotation marks are ignored.
var (
	markedGroup     = regexp.MustCompile(`(?i)(?:\bnot\s*|[-!])[("“]([^()"“”]*)[)"”]`)
	bracketReplacer = strings.NewReplacer("(", " ", ")", " ", "[", " ", "]", " ", "{", " ", "}", " ",
		`"`, " ", "“", " ", "”", " ", "«", " ", "»", " ")
)

// gluedComma is a comma between two words.
var gluedComma = regexp.MustCompile(`([^\d\s]),([^\s\d])`)

// scanSentence splits a sentence into tokens. It compares texts with the values of some fields.
func (r *requestReader) scanSentence(given string, fields []string) []token {
	given = markedGroup.ReplaceAllString(given, " except $1 , with ") // "with" ends the exception
	words := strings.Fields(bracketReplacer.Replace(gluedComma.ReplaceAllString(given, "$1, $2")))
	var all []token
	for i := 0; i < len(words); {
		// A sign that is part of a value in stock is no negation.
		if t, isKnown := r.findWhole(words[i], fields); isKnown {
			t.words = words[i : i+1]
			all = append(all, t)
			i++
			continue
		}

		if sign, rest := splitSign(words[i]); sign != "" {
			all = append(all, token{kind: markerToken, marker: notMarker, sign: true, words: []string{sign}})
			if rest == "" { // non- alone belongs to the next word
				i++
				continue
			}

			words[i] = rest
		}

		t, n := r.scanToken(words[i:], fields, all)
		t.words = words[i : i+n]
		all = append(all, t)
		last := words[i+n-1]

		// A comma or period ends an item. The period of "excl." does not.
		isEnd := strings.ContainsAny(last[len(last)-1:], ",;") || strings.HasSuffix(last, ".") && t.kind != markerToken
		if i += n; isEnd && i < len(words) && t.kind != jointToken {
			all = append(all, token{kind: jointToken})
		}
	}

	return all
}

// splitSign removes a negation sign, or non-, from a word. sign is empty for any other word.
func splitSign(word string) (sign, rest string) {
	if rest, isNon := cutNon(word); isNon {
		return word[:len(word)-len(rest)], rest
	}
	if rest, isSigned := cutSign(word); isSigned && rest != "" {
		return word[:len(word)-len(rest)], rest
	}
	return "", word
}

// findWhole finds a word with a sign that is a value in stock, such as Non-Smoker.
func (r *requestReader) findWhole(word string, fields []string) (token, bool) {
	if !hasSign(word) {
		return token{}, false
	}

	for _, name := range fields {
		if f := r.listedField(name); f != nil && r.isStored(f, trimPunctuation(word)) {
			return token{kind: valueToken, parameter: name, values: []string{trimPunctuation(word)}}, true
		}
	}

	return token{}, false
}

// scanToken reads the token at the start of some words, and returns its length in words.
func (r *requestReader) scanToken(words, fields []string, before []token) (token, int) {
	// A phrase is read before its words are.
	if t, n := r.nextPriceDrop(words, before); n > 0 {
		return t, n
	}

	afterValue := len(before) > 0 && before[len(before)-1].kind == valueToken
	kind, n := phraseAt(words, afterValue)
	if n > 1 && (kind == unknownToken || kind == comparisonToken) { // stick with, used to
		return token{kind: kind}, n
	}

	// Values come before all other words.
	if t, n := r.nextToken(words, fields, before); n > 0 {
		return t, n
	}
	if t, n := r.nextFieldAmount(words); n > 0 {
		return t, n
	}

	// Then negations and shorter phrases.
	means, m := markerAt(trimAll(words), maxMarkerWords)
	if m > 1 && strings.EqualFold(words[m-1], "in") { // not in Texas: the place begins with in
		m--
	}

	switch {
	case m >= n && m > 0:
		if slices.Contains(withoutMarkers, plainWord(words[0])) {
			means = notMarker // the next item after a comma is not part of what is lacking
		}
		return token{kind: markerToken, marker: means, sign: strings.EqualFold(words[0], "non")}, m
	case slices.Contains(negationSigns, words[0]):
		return token{kind: markerToken, marker: notMarker, sign: true}, 1
	case n > 0:
		return token{kind: kind}, n
	}

	// Last come words that only join or separate others.
	switch word := plainWord(words[0]); {
	case slices.Contains([]string{
		"or", "and", "&", "/", "|", "nor", "but", "und", "oder", "et", "ou", "en", "y", "o",
		"ya",
	}, word):
		return token{kind: jointToken}, 1
	case value.Fold(word) == "", slices.Contains(fillerWords, word):
		return token{kind: fillerToken}, 1
	case slices.Contains(boundaryWords, word):
		return token{kind: boundaryToken}, 1
	}

	return token{}, 1
}

// withoutMarkers name what a vehicle lacks.
var withoutMarkers = strings.Fields("without w/o ohne sans sin senza zonder bez sem без lacking")

// trimAll returns the first words without punctuation at their ends.
func trimAll(words []string) []string {
	var all []string
	for _, word := range words[:min(6, len(words))] {
		all = append(all, trimPunctuation(word))
	}
	return all
}

// nextToken reads as many of the first words as belong together and returns their number, or 0 if the first is unknown.
func (r *requestReader) nextToken(words, fields []string, before []token) (token, int) {
	if hasSign(words[0]) || value.Fold(words[0]) == "" && !strings.ContainsAny(words[0], "<>≤≥$€£") {
		return token{}, 0 // before a number, - is its sign, and no text has one
	}

	mayBeAmount := beginsAmount(words[0])
	if t, ok := r.findVehicle(trimPunctuation(words[0]), fields); ok {
		return t, 1
	}

	// Try the longest chunk of words first.
	for n := countUnsigned(words); n > 0; n-- {
		chunk := trimPunctuation(strings.Join(words[:n], " "))
		isGearbox := strings.EqualFold(chunk, "auto") && isSetOff(words, before)
		if n == 1 && !isGearbox && isFillerOrBoundary(chunk) {
			return token{}, 0 // "at" is not an automatic, but AT may be one
		}
		if n > 4 && !mayBeAmount || endsBeforeObject(words, n, chunk) {
			continue // 2019 on lease
		}

		// An amount of a field that its form identifies.
		if name, amount, ok := r.parseBareAmount(chunk, mayBeAmount); ok &&
			(name == "year" || slices.Contains(fields, "color")) {
			mayBeModel := name == "year" && n == 1 && r.isKnown(chunk, fields) // 2008 is a year and a Peugeot
			switch {
			case !mayBeModel:
				return token{kind: valueToken, parameter: name, values: []string{amount}}, n
			case !r.afterMake(before):
				return token{}, 0
			}
		}

		if n > 4 || strings.ContainsAny(strings.Join(words[:n-1], " "), ",;") {
			continue
		}

		// A value in stock. A text that two fields have is not certain.
		t, ok := r.findValue(words[:n], chunk, fields, before)
		if !ok {
			return token{}, 0
		}
		if t.parameter != "" {
			t.kind = valueToken
			return t, n
		}
	}

	return token{}, 0
}

// countUnsigned returns how many words, of the first six, come before the next word with a sign. The first one counts.
func countUnsigned(words []string) int {
	n := 1
	for n < min(6, len(words)) && !hasSign(words[n]) {
		n++
	}
	return n
}

// isFillerOrBoundary reports whether a word alone names nothing.
func isFillerOrBoundary(word string) bool {
	return slices.Contains(fillerWords, strings.ToLower(word)) || slices.Contains(boundaryWords, word)
}

// endsBeforeObject reports whether the first n words end with an "on" that belongs to the word after them.
func endsBeforeObject(words []string, n int, chunk string) bool {
	return strings.HasSuffix(chunk, " on") && n < len(words) && trimPunctuation(words[n-1]) == words[n-1]
}

// findValue finds the field with a value that the words name: as they are, in the plural, or as a place. chunk is the
// words without punctuation at their ends. It returns what findField returns.
func (r *requestReader) findValue(words []string, chunk string, fields []string, before []token) (token, bool) {
	candidates := fields
	switch {
	case strings.EqualFold(words[0], "in"):
		chunk, candidates = trimPunctuation(strings.Join(words[1:], " ")), catalog.PlaceFields
	case isAfterPlace(before): // in Phoenix, Arizona
		candidates = append(slices.Clone(fields), catalog.PlaceFields...)
	}

	// If no field has the words, they may be in the plural, or name a place without "in".
	t, ok := r.findField(chunk, candidates, before)
	if singular, isPlural := strings.CutSuffix(chunk, "s"); ok && t.parameter == "" && isPlural &&
		apostropheRemover.Replace(chunk) == chunk {
		t, ok = r.findField(singular, pluralFields(candidates, len(chunk) >= shortestPlural), before)
	}

	if ok && t.parameter == "" && len([]rune(chunk)) >= shortestPlace && slices.Contains(fields, "color") {
		t, ok = r.findField(chunk, catalog.PlaceFields, before)
	}

	return t, ok
}

// isAfterPlace reports whether the last token is a place, or joins the next word to a place.
func isAfterPlace(before []token) bool {
	last := len(before) - 1
	if last > 0 && before[last].kind == jointToken && slices.Contains(catalog.PlaceFields, before[last-1].parameter) {
		return true
	}
	return last >= 0 && slices.Contains(catalog.PlaceFields, before[last].parameter)
}

// The fewest letters of a plural, and of a place without "in" before it.
const (
	shortestPlural = 5
	shortestPlace  = 4
)

// isSetOff reports whether a word is an item of a list, where "auto" is a gearbox and not a car.
func isSetOff(words []string, before []token) bool {
	isFirst := len(words) > 1 && slices.Contains([]string{"or", "and", "/"}, plainWord(words[1])) ||
		strings.HasSuffix(words[0], ",")
	return isFirst || len(before) > 0 && before[len(before)-1].kind == jointToken
}

// pluralFields returns the fields whose values people use in the plural: Civics, EVs. A short word is not a name.
func pluralFields(fields []string, withNames bool) []string {
	return slices.DeleteFunc(slices.Clone(fields), func(name string) bool {
		isName := name == "make" || name == "model"
		return name != "body_type" && name != "fuel_type" && (!isName || !withNames)
	})
}

// shortestNumber is the fewest letters and digits of a stock number that is found in a sentence.
const shortestNumber = 5

// findVehicle finds the vehicle with a VIN or a stock number.
func (r *requestReader) findVehicle(word string, fields []string) (token, bool) {
	isNumber := strings.ContainsAny(word, "0123456789") && len(value.Fold(word)) >= shortestNumber
	if !isNumber || !slices.Contains(fields, "color") || modelYear.MatchString(word) {
		return token{}, false
	}

	for _, name := range []string{"vin", "stock_number"} {
		f := r.parameters.Catalog.TextField(name)
		if f == nil {
			continue
		}

		// It may be written with other signs than in stock.
		found := r.index.Lookup(f, word)
		if len(found) == 0 {
			found = r.index.LookupFolded(f, word)
		}

		if len(found) > 0 {
			return token{kind: valueToken, parameter: name, values: r.spellings(f, found)}, true
		}
	}

	return token{}, false
}

// hasSign reports whether a word begins with the sign of a negation or of a number.
func hasSign(word string) bool {
	sign, _ := splitSign(word)
	first, _ := utf8.DecodeRuneInString(word)
	isOdd := (unicode.IsPunct(first) || unicode.IsSymbol(first)) && !strings.ContainsRune("'’#.&+<>≤≥$€£₹¥", first)
	return sign != "" || slices.Contains(negationSigns, word) || len(word) > 1 && isOdd
}

// amountNouns name the field of the amount after them, and the use of a bare number there.
var amountNouns = newAmountNouns(map[amountNoun]string{
	{"mileage", query.UseEquals}: "mileage odometer km kms kilometers",
	{"price", query.UseEquals}:   "price cost costs costing",
	{"price", query.UseAtMost}:   "budget",
	{"year", query.UseEquals}:    "year",
})

type amountNoun struct {
	field string
	use   query.Use
}

// newAmountNouns returns the meanings of nouns by word.
func newAmountNouns(wordsOf map[amountNoun]string) map[string]amountNoun {
	all := map[string]amountNoun{}
	for noun, words := range wordsOf {
		for _, word := range withBritishSpellings(strings.Fields(words)) {
			all[word] = noun
		}
	}
	return all
}

// nextFieldAmount reads an amount after the name of its field: mileage under 50000, budget is 25k.
func (r *requestReader) nextFieldAmount(words []string) (token, int) {
	// The name of the field comes first, or after the word for a bound.
	i, use := 0, query.UseEquals
	switch plainWord(words[0]) {
	case "max", "maximum":
		i, use = 1, query.UseAtMost
	case "min", "minimum":
		i, use = 1, query.UseAtLeast
	}

	if i >= len(words) {
		return token{}, 0
	}

	noun, known := amountNouns[plainWord(words[i])]
	f := r.parameters.Catalog.NumberField(noun.field)
	if !known || f == nil {
		return token{}, 0
	}

	if use == query.UseEquals {
		use = noun.use
	}

	// Skip the words between the name and the amount.
	for i++; i < len(words) && slices.Contains([]string{
		"of", "is", "range", "between", "from", "limit", "max", "maximum",
		"=",
	}, plainWord(words[i])); i++ {
		if word := plainWord(words[i]); word == "max" || word == "maximum" {
			use = query.UseAtMost
		}
	}

	unit := ""
	if strings.HasPrefix(plainWord(words[0]), "k") && f.Measure().Unit == "mi" {
		unit = " km" // kms under 30000
	}

	// Read the longest amount.
	for n := min(8, len(words)-i); n > 0; n-- {
		if endsInside(words[i:i+n]) || n > 1 && isAmountOfNext(words, i+n) {
			continue
		}

		a, ok := f.Measure().Parse(trimPunctuation(strings.Join(withoutModals(words[i:i+n]), " ")) + unit)
		if !ok {
			continue
		}

		name, amount := boundOf(f.Name, a)
		if a.From == a.To && modelYear.MatchString(amount) && f.Name != "year" {
			continue // the lowest mileage 2023 Tucson
		}

		if a.From == a.To && use != query.UseEquals {
			name += map[query.Use]string{query.UseAtMost: "_max", query.UseAtLeast: "_min"}[use]
		}

		return token{kind: valueToken, parameter: name, values: []string{amount}}, i + n
	}

	return token{}, 0
}

// endsInside reports whether a sentence or a list item ends within some words.
func endsInside(words []string) bool {
	return slices.ContainsFunc(words[:len(words)-1],
		func(w string) bool { return strings.ContainsAny(w[len(w)-1:], ".,;") })
}

// isAmountOfNext reports whether the last word before an index belongs to the amount after it: year 2021 max price
// 22000.
func isAmountOfNext(words []string, place int) bool {
	if place >= len(words) {
		return false
	}
	_, isNoun := amountNouns[plainWord(words[place])]
	return isNoun && slices.Contains([]string{"max", "maximum", "min", "minimum"}, plainWord(words[place-1]))
}

// withoutModals removes words between the name of a field and its amount: mileage should not be more than 50000.
func withoutModals(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool {
		return slices.Contains([]string{"should", "must", "can", "be", "is", "has", "will", "would", "needs"},
			plainWord(word))
	})
}

// boundOf returns the parameter and the value for an amount.
func boundOf(field string, a value.Amount) (parameter, amount string) {
	switch {
	case a.From == a.To:
		return field, a.From
	case a.To == "":
		return field + "_min", a.From
	case a.From == "":
		return field + "_max", a.To
	}
	return field, a.From + "-" + a.To
}

// findField finds the one field with a text among its values. A trim yields to any other field. It returns false if two
// fields have the text.
func (r *requestReader) findField(text string, fields []string, before []token) (t token, ok bool) {
	folded := value.Fold(text)
	isNumber, isLetter := value.Digits(text) == folded, len([]rune(folded)) < 2
	for _, field := range fields {
		f := r.listedField(field)
		if f == nil {
			continue
		}

		values := r.matchFolded(f, text, folded)
		if field == "model" && len(values) == 0 && r.beginsModelOf(before, text) {
			values = []string{text}
		}

		switch {
		case len(values) == 0:
		case isNumber && (field != "model" || !r.afterMake(before)), isLetter && field != "model":
			// A number alone, or a letter, may be anything.
		case t.parameter == "" || t.parameter == "trim":
			t = token{parameter: field, values: values}
		case field == "trim":
		default:
			return token{}, false
		}
	}

	return t, true
}

// beginsModelOf reports whether models of the named make begin with the words of a text.
func (r *requestReader) beginsModelOf(before []token, text string) bool {
	model, field := r.parameters.Catalog.TextField("model"), r.parameters.Catalog.TextField("make")
	if model == nil || field == nil || !r.afterMake(before) || !r.beginsModel(model, text) {
		return false
	}

	var makes []string
	for _, t := range before {
		if t.parameter == "make" {
			makes = append(makes, t.values...)
		}
	}

	for _, given := range r.written["make"] {
		makes = append(makes, r.matchValues("make", given)...)
	}

	ofMake := r.index.Filter(r.index.All(), &query.Filter{Field: field, Words: makes})
	return r.index.Filter(ofMake, &query.Filter{Field: model, Prefixes: []string{text}}).Count() > 0
}

// afterMake reports whether a make was named.
func (r *requestReader) afterMake(before []token) bool {
	return r.written.Has("make") || slices.ContainsFunc(before, func(t token) bool { return t.parameter == "make" })
}

// listedField returns a text field whose values are listed, or nil.
func (r *requestReader) listedField(name string) *catalog.Field {
	f := r.parameters.Catalog.Field(name)
	if f == nil || f.Class() != catalog.ClassText && f.Class() != catalog.ClassList || r.index.Texts(f) == nil {
		return nil
	}
	return f
}

// matchValues returns the values in stock that a word stands for in a field.
func (r *requestReader) matchValues(field, word string) []string {
	f := r.listedField(field)
	if f == nil {
		return nil
	}
	return r.matchFolded(f, word, value.Fold(word))
}

// matchFolded does the same for a folded word.
func (r *requestReader) matchFolded(f *catalog.Field, word, folded string) []string {
	if _, isValue := r.index.Texts(f).Folded[folded]; !isValue && !r.vocabulary.HasAlias(f.Name, folded) &&
		len(f.NamedMeanings(word)) == 0 {
		return nil // true of most words in a sentence
	}
	values, _ := r.valuesOfWord(f, word)
	return values
}

// isKnown reports whether a word is a value in one of the fields.
func (r *requestReader) isKnown(word string, fields []string) bool {
	return slices.ContainsFunc(fields, func(field string) bool { return len(r.matchValues(field, word)) > 0 })
}

// modelYear matches the year of a model.
var modelYear = regexp.MustCompile(`^(?:19[5-9]\d|20[0-4]\d)$`)

var (
	distancePattern = regexp.MustCompile(`(?i)\d\s*k?\s*(?:mi|miles?|kms?|kilomet(?:er|re)s?)\b`)
	moneySign       = regexp.MustCompile(`(?i)[$€£]|\b(?:usd|eur|gbp|dollars?|euros?)\b`)
	timeWord        = regexp.MustCompile(`(?i)before|after|since|newer|older|later|earlier|onwards?|\b(?:up|on|plus|now|` +
		`present|beyond)$|\+$`)
)

// amountStarts holds the words that may begin an amount in words, as plainWord returns them.
var amountStarts = firstWords(value.BoundPhrases())

// firstWords returns the first word of each phrase, as plainWord returns it.
func firstWords(phrases []string) map[string]bool {
	all := map[string]bool{}
	for _, phrase := range phrases {
		first, _, _ := strings.Cut(phrase, " ")
		all[plainWord(first)] = true
	}
	return all
}

// beginsAmount reports whether a word may begin an amount: a number, a sign, a word for a bound, or a currency.
func beginsAmount(word string) bool {
	const longestCode = 3 // USD, Rs.
	first, _ := utf8.DecodeRuneInString(word)
	plain := plainWord(word)
	return !unicode.IsLetter(first) || utf8.RuneCountInString(plain) <= longestCode || amountStarts[plain]
}

// parseBareAmount reads an amount that can belong to only one field: a distance by its unit, money by its sign or the
// size of a range, a year by its form and, if it is a bound, by a word of time.
func (r *requestReader) parseBareAmount(chunk string, mayBeAmount bool) (parameter, amount string, ok bool) {
	if !mayBeAmount {
		return "", "", false
	}

	for _, field := range []string{"mileage", "year", "price"} {
		f := r.parameters.Catalog.NumberField(field)
		if f == nil {
			continue
		}

		a, sure := f.Measure().Parse(chunk)
		single := a.From == a.To
		areYears := (a.From == "" || modelYear.MatchString(a.From)) && (a.To == "" || modelYear.MatchString(a.To))

		// Without the form that only this field has, the amount may be of another.
		switch {
		case !sure:
			continue
		case field == "mileage" && (single || !distancePattern.MatchString(chunk)):
			continue
		case field == "year" && (!areYears || (a.From == "" || a.To == "") && !timeWord.MatchString(chunk)):
			continue
		case field == "price" && (single || areYears || !isPrice(chunk, a)):
			continue
		}

		parameter, amount = boundOf(field, a)
		return parameter, amount, true
	}

	return "", "", false
}

// isPrice reports whether a range can only be a price: it has a currency, or it is too large for anything but a price
// or a mileage, and a mileage would name its unit.
func isPrice(chunk string, a value.Amount) bool {
	if moneySign.MatchString(chunk) {
		return true
	}

	for _, end := range []string{a.From, a.To} {
		if end != "" && (value.CompareDecimals(end, "3000") < 0 || strings.Contains(end, ".")) {
			return false
		}
	}

	return true
}
