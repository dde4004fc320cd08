package interpret

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// FreeTextFields are the fields whose values are looked for among the words of q.
var FreeTextFields = []string{"make", "model", "trim", "condition", "body_type", "fuel_type", "transmission", "drivetrain", "color"}

// placeFields are looked for after the word "in".
var placeFields = []string{"city", "state", "country"}

// fillers say nothing beside words that name a vehicle.
var fillers = strings.Fields("a an the with and or for in of i me my show find want need looking look search get sale car cars " +
	"vehicle vehicles auto autos please some any that is are colored coloured color colour priced price")

// stopWords say nothing among words to look for.
var stopWords = strings.Fields("a an the with for of i me my show find want need looking please")

// Negations turn around the meaning of what is near them, and comparisons name what is not itself asked for. No filter
// can say either.
var (
	negations   = strings.Fields("not without except excluding exclude never isnt arent dont doesnt avoid neither nor")
	comparisons = strings.Fields("no but non minus besides other rather instead unlike nothing like similar alternative")
)

// modelYear is what a model's year looks like.
var modelYear = regexp.MustCompile(`^(?:19[5-9]\d|20[0-4]\d)$`)

// token is one or more words that were read together.
type token struct {
	parameter string
	values    []string
	or        bool // an "or" or a comma stands before it
}

// readFreeText reads the words of q as filters, if all of them are certain to mean filters: words in stock in one field,
// years, and amounts that name their field. Otherwise they stay words to search for.
func (r *reading) readFreeText(given string) {
	found := r.parseFreeText(given, FreeTextFields)
	for name, values := range found {
		if elsewhere, ok := r.exact[name]; ok && !areSame(elsewhere, values) {
			found = nil // other parameters win
			break
		}
	}
	if found != nil {
		if len(r.ignored) > 0 {
			r.notes.Ignored["q"] = strings.Join(r.ignored, " ")
		}
		delete(r.exact, "q")
		for name, values := range found {
			r.exact[name] = values
		}
		r.note("q", "words that say what filters do", found)
		return
	}

	words := strings.Fields(given)
	isStopWord := func(w string) bool { return slices.Contains(stopWords, strings.ToLower(w)) }
	left := slices.DeleteFunc(slices.Clone(words), isStopWord)
	if len(left) > 0 && len(left) < len(words) && !isNegated(words) && !compares(words) {
		read := strings.Join(left, " ")
		r.exact["q"] = []string{read}
		r.note("q", "words that say nothing are left out", url.Values{"q": {read}})
	}
}

var apostrophes = strings.NewReplacer("'", "", "’", "")

// isNegated reports whether one of the words says what is not wanted.
func isNegated(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		return slices.Contains(negations, strings.ToLower(apostrophes.Replace(w))) ||
			strings.ContainsAny(w[:1], "!-") && value.Fold(w) != ""
	})
}

// compares reports whether one of the words compares with something else.
func compares(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(comparisons, strings.ToLower(w)) })
}

// parseFreeText reads words, whose texts may be values of these fields, as values by parameter; nil if any of them is not
// certain.
func (r *reading) parseFreeText(given string, fields []string) url.Values {
	words := strings.Fields(given)
	if len(words) > 20 || isNegated(words) || compares(words) {
		return nil
	}
	var tokens []token
	or := false
	for i := 0; i < len(words); {
		comma := strings.HasSuffix(words[i], ",")
		t, n := r.nextToken(words[i:], fields, tokens)
		switch word := strings.ToLower(trimPunctuation(words[i])); {
		case n > 0:
			t.or = or
			tokens = append(tokens, t)
			or = strings.HasSuffix(words[i+n-1], ",")
		case word == "or" || word == "and":
			or, n = true, 1
		case slices.Contains(fillers, word):
			or, n = or || comma, 1
		case r.isUsed(word):
			r.ignored = append(r.ignored, words[i])
			n = 1
		default:
			return nil
		}
		i += n
	}
	return joinTokens(tokens)
}

// isUsed reports whether a word asks for used vehicles in a table without a condition, where it cannot be a filter.
func (r *reading) isUsed(word string) bool {
	return r.parameters.Catalog.TextField("condition") == nil && slices.Contains(r.vocabulary.NamedMeanings("condition", word), "used")
}

func trimPunctuation(word string) string { return strings.TrimRight(word, ",;!?.") }

// joinTokens gives the values by parameter, if the tokens describe one kind of vehicle.
func joinTokens(tokens []token) url.Values {
	found, alternatives := url.Values{}, 0
	for i, t := range tokens {
		last := token{}
		if i > 0 {
			last = tokens[i-1]
		}
		switch {
		case t.parameter == "color" && slices.Contains([]string{"model", "trim", "fuel_type"}, last.parameter):
			return nil // electric blue, soul red
		case t.parameter == "make" && found.Has("model") && !t.or:
			return nil // the model may be a word for something else
		case t.parameter == "trim" && !found.Has("make") && !found.Has("model"):
			return nil // many words are trims too
		case found.Has(t.parameter):
			if !canRepeat(t, last) {
				return nil // two descriptions
			}
			if !last.or {
				alternatives++
			}
		}
		found[t.parameter] = unique(append(found[t.parameter], t.values...))
	}
	if alternatives > 1 || len(found) == 0 {
		return nil // red Toyota or blue Honda
	}
	return found
}

// canRepeat reports whether a token is an alternative to the one before it.
func canRepeat(t, last token) bool {
	switch {
	case !t.or || last.parameter != t.parameter:
		return false
	case t.parameter == "year":
		return modelYear.MatchString(t.values[0]) && modelYear.MatchString(last.values[0])
	case t.parameter == "trim", t.parameter == "price", t.parameter == "mileage":
		return false
	}
	return !strings.HasSuffix(t.parameter, "_min") && !strings.HasSuffix(t.parameter, "_max")
}

// nextToken reads as many of the first words as belong together, and gives their number; 0 if the first is not certain.
func (r *reading) nextToken(words, fields []string, before []token) (token, int) {
	for n := min(6, len(words)); n > 0; n-- {
		chunk := trimPunctuation(strings.Join(words[:n], " "))
		if n == 1 && slices.Contains(fillers, strings.ToLower(chunk)) {
			return token{}, 0
		}
		if name, amount, ok := r.parseBareAmount(chunk); ok && (name == "year" || slices.Equal(fields, FreeTextFields)) {
			if name == "year" && n == 1 && r.isKnown(chunk, fields) && !r.afterMake(before) {
				return token{}, 0 // 2008 is a year and a Peugeot
			}
			if name != "year" || n > 1 || !r.isKnown(chunk, fields) {
				return token{parameter: name, values: []string{amount}}, n
			}
		}
		if n > 4 || strings.ContainsAny(strings.Join(words[:n-1], " "), ",;") {
			continue
		}

		candidates := fields
		if strings.EqualFold(words[0], "in") {
			chunk, candidates = trimPunctuation(strings.Join(words[1:n], " ")), placeFields
		}
		t, ok := r.findField(chunk, candidates, before)
		if !ok {
			return token{}, 0
		}
		if t.parameter != "" {
			return t, n
		}
	}
	return token{}, 0
}

// findField finds the one field that has a text among its values; a trim gives way to any other field. It returns false for
// a text that is a value of two fields.
func (r *reading) findField(text string, fields []string, before []token) (t token, ok bool) {
	folded := value.Fold(text)
	isNumber, isLetter := value.Digits(text) == folded, len([]rune(folded)) < 2
	for _, field := range fields {
		values := r.matchValues(field, text)
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

// beginsModelOf reports whether models of the make that was named begin with the whole words of a text.
func (r *reading) beginsModelOf(before []token, text string) bool {
	model, field := r.parameters.Catalog.TextField("model"), r.parameters.Catalog.TextField("make")
	if model == nil || field == nil || !r.beginsModel(model, text) {
		return false
	}
	var makes []string
	for _, t := range before {
		if t.parameter == "make" {
			makes = append(makes, t.values...)
		}
	}
	for _, given := range r.given["make"] {
		makes = append(makes, r.matchValues("make", given)...)
	}
	ofMake := r.index.Filter(r.index.All(), &query.Filter{Field: field, Words: makes})
	return r.index.Filter(ofMake, &query.Filter{Field: model, Begins: []string{text}}).Count() > 0
}

// afterMake reports whether a make was named.
func (r *reading) afterMake(before []token) bool {
	return r.given.Has("make") || slices.ContainsFunc(before, func(t token) bool { return t.parameter == "make" })
}

// matchValues gives the values in stock that a word means in a field.
func (r *reading) matchValues(field, word string) []string {
	f := r.parameters.Catalog.TextField(field)
	if f == nil {
		return nil
	}
	if r.index.Texts(f) == nil {
		return nil
	}
	values, _ := r.stands(f, word)
	return values
}

// isKnown reports whether a word is a value in one of the fields.
func (r *reading) isKnown(word string, fields []string) bool {
	return slices.ContainsFunc(fields, func(field string) bool { return len(r.matchValues(field, word)) > 0 })
}

var (
	distance  = regexp.MustCompile(`(?i)\d\s*k?\s*(?:mi|miles?|kms?|kilomet(?:er|re)s?)\b`)
	moneySign = regexp.MustCompile(`(?i)[$€£]|\b(?:usd|eur|gbp|dollars?|euros?)\b`)
	timeWord  = regexp.MustCompile(`(?i)before|after|since|newer|older|later|earlier|\+$`)
)

// parseBareAmount reads an amount that can only belong to one field: a distance by its unit, money by its sign or by the
// size of a range, a year by its shape and, if it is a bound, by a word of time.
func (r *reading) parseBareAmount(chunk string) (parameter, amount string, ok bool) {
	for _, field := range []string{"mileage", "year", "price"} {
		f := r.parameters.Catalog.NumberField(field)
		if f == nil {
			continue
		}
		a, sure := f.Measure().Parse(chunk)
		single := a.From == a.To
		areYears := (a.From == "" || modelYear.MatchString(a.From)) && (a.To == "" || modelYear.MatchString(a.To))
		switch {
		case !sure:
			continue
		case field == "mileage" && (single || !distance.MatchString(chunk)):
			continue
		case field == "year" && (!areYears || (a.From == "" || a.To == "") && !timeWord.MatchString(chunk)):
			continue
		case field == "price" && (single || areYears || !isPrice(chunk, a)):
			continue
		}
		switch {
		case single:
			return field, a.From, true
		case a.To == "":
			return field + "_min", a.From, true
		case a.From == "":
			return field + "_max", a.To, true
		}
		return field, a.From + "-" + a.To, true
	}
	return "", "", false
}

// isPrice reports whether a range can only be one of prices: it has a sign, or it is too large for anything but a price or
// a mileage, which would name its unit.
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
