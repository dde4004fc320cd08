package interpret

import (
	"regexp"
	"slices"
	"strings"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// markComparisons marks the values near a comparison as uncertain: a car like a Camry is not a Camry.
func markComparisons(tokens []token) {
	for i := range tokens {
		switch tokens[i].kind {
		case comparisonToken:
			// A versus compares the vehicles on both sides.
			if word := plainWord(tokens[i].words[0]); word == "vs" || word == "versus" {
				markBefore(tokens, i)
			}

			// A vehicle that somebody already has is not asked for. Without a vehicle, "my" says nothing.
			if slices.Contains(possessives, plainWord(tokens[i].words[0])) {
				if !markOwned(tokens, i+1) {
					tokens[i].kind = fillerToken
				}
				continue
			}

			// Any other comparison reaches to the end of its clause, and "near" also over places.
			isPlace := slices.Contains(nearWords, plainWord(tokens[i].words[0]))
			for j := i + 1; j < len(tokens) && (isPlace && slices.Contains(catalog.PlaceFields, tokens[j].parameter) ||
				!isClauseEnd(tokens, j)); j++ {
				tokens[j].isUncertain = tokens[j].kind == valueToken || tokens[j].kind == markerToken || tokens[j].isUncertain
			}
		case followerToken:
			markBefore(tokens, i)
		}
	}
}

// markOwned marks the vehicle after a possessive, as in my old Honda got totaled. It returns false if no vehicle
// follows.
func markOwned(tokens []token, i int) (found bool) {
	i = nextMeaningful(tokens, i)

	// One unknown word, such as old, may come before the vehicle.
	if i > 0 && tokens[i].kind == unknownToken {
		i = nextMeaningful(tokens, i+1)
	}

	for ; i > 0 && i < len(tokens) && tokens[i].kind == valueToken && !tokens[i].isBound(); i++ {
		tokens[i].isUncertain, found = true, true
	}

	return found
}

// possessives stand before a vehicle that somebody already has.
var possessives = strings.Fields("my his her their drives drove driving")

// nextMeaningful returns the index of the next token that is not a filler, or -1 at the end.
func nextMeaningful(tokens []token, i int) int {
	for ; i < len(tokens); i++ {
		if tokens[i].kind != fillerToken {
			return i
		}
	}
	return -1
}

// nearWords stand before a place that vehicles may be near, not only in.
var nearWords = strings.Fields("near around close outside")

// isDistant reports whether a place does not restrict where vehicles are: within 50 miles of Boston, moving to Denver.
func isDistant(tokens []token, i int) bool {
	if i > 0 && slices.Contains(catalog.PlaceFields, tokens[i].parameter) && tokens[i-1].kind == boundaryToken &&
		slices.Contains([]string{"from", "to"}, plainWord(tokens[i-1].words[0])) {
		return true // moving from Texas to Denver
	}
	if i < 2 || !slices.Contains(catalog.PlaceFields, tokens[i].parameter) || tokens[i-1].kind != boundaryToken ||
		!slices.Contains([]string{"from", "of", "to"}, plainWord(tokens[i-1].words[0])) {
		return false
	}

	// Other places are at the end of a distance.
	unit := tokens[i-2].words
	return len(unit) > 0 && slices.Contains(distanceUnits, plainWord(unit[len(unit)-1]))
}

// distanceUnits end the phrase before "of" or "from" in a distance: 50 miles from Boston.
var distanceUnits = withBritishSpellings(strings.Fields("mi mile miles km kms kilometer kilometers minutes hours " +
	"hour drive away"))

// markBefore marks the values directly before a token.
func markBefore(tokens []token, i int) {
	markNearest(tokens, i-1)
}

// isClauseEnd reports whether a comparison ends at a token: at a bound, which has its own comparison, or at a word or
// comma that begins something else.
func isClauseEnd(tokens []token, i int) bool {
	t := &tokens[i]
	switch t.kind {
	case valueToken:
		return t.isBound() && t.parameter != "year" || slices.Contains(catalog.PlaceFields, t.parameter)
	case boundaryToken:
		return !slices.Contains([]string{"of", "to", "its", "is", "it", "if", "as", "about", "then"}, plainWord(t.words[0]))
	case jointToken:
		word := strings.ToLower(strings.Join(t.words, ""))
		isListed := i > 0 && i+1 < len(tokens) && tokens[i+1].kind == valueToken &&
			tokens[i+1].parameter == tokens[i-1].parameter
		return word == "" && !isListed || word == "but" // like a RAV4, CR-V or CX-5
	}

	return false
}

// amountOwners are nouns that own an amount which belongs to no field: payments under $400.
var amountOwners = strings.Fields("off rebate payment payments monthly month week weekly down deposit range " +
	"towing tow tows haul capacity warranty insurance lbs lb pounds weight weighs payload mpg hp horsepower torque " +
	"engine within radius distance financing finance lease repairs repair save saving savings discount trade tax taxes " +
	"fee fees credit score loan apr battery cargo trunk feet inches wheels inch legroom until through till")

var (
	// plainAmount finds a currency or a scale, so the amount is certainly money.
	plainAmount = regexp.MustCompile(`(?i)[$€£₹]|\d\s*(?:k|grand|lakh|lac|mio|million)\b|\b(?:usd|eur|gbp|dollars?|` +
		`euros?|bucks)\b`)
	// clearAmount is the smallest bare number that, beside a vehicle, can only be a price.
	clearAmount = "15000"
)

// markDescriptions marks values that describe a part of a vehicle or something near them: red leather, electric
// windows, $400 a month.
func (r *requestReader) markDescriptions(tokens []token) {
	// Backwards, because an uncertain value makes the values that describe it uncertain.
	for i := len(tokens) - 1; i >= 0; i-- {
		t := &tokens[i]
		if t.kind != valueToken {
			continue
		}

		// Amounts, and values that parts of vehicles have too, depend on the words around them.
		isBound := t.isBound()
		isUnclear := isBound || isDescribing(t.parameter) || t.parameter == "condition" && slices.Contains(t.values, "new")
		if isUnclear && describesNext(tokens, i) || isBound && belongsBefore(tokens, i) || r.isOfPart(tokens, i) ||
			isDistant(tokens, i) {
			markWithMarker(tokens, i)
		}
	}

	for i := range tokens {
		// A color after an uncertain trim or fuel belongs to it.
		if t := &tokens[i]; i > 0 && t.parameter == "color" && (tokens[i-1].parameter == "trim" || isShade(&tokens[i-1], t)) {
			t.isUncertain = t.isUncertain || tokens[i-1].isUncertain
		}
	}

	// Black and tan leather: both colors describe the same part.
	for i := len(tokens) - 1; i >= 2; i-- {
		t, joint, other := &tokens[i], &tokens[i-1], &tokens[i-2]
		if t.kind == valueToken && t.isUncertain && joint.kind == jointToken && other.kind == valueToken &&
			other.parameter == t.parameter {
			markWithMarker(tokens, i-2)
		}
	}
}

// vehicleParts come before or after a color that is not the vehicle's, as in interior black.
var vehicleParts = strings.Fields("interior int inside seat seats leather rim rims wheel wheels roof top " +
	"upholstery cabin stripe stripes accent accents caliper calipers hood mirrors carpet trim dashboard softtop")

// isOfPart reports whether a color belongs to the word before it: interior black, light blue.
func (r *requestReader) isOfPart(tokens []token, i int) bool {
	t := &tokens[i]
	if t.parameter != "color" {
		return false
	}

	place := i - 1
	for place >= 0 && place > i-4 && (tokens[place].kind == fillerToken || tokens[place].kind == boundaryToken) {
		place-- // interior color is beige
	}

	if place < 0 || tokens[place].kind != unknownToken {
		return false
	}

	before := plainWord(tokens[place].words[0])
	shade := before + " " + strings.Join(t.words, " ")
	return slices.Contains(vehicleParts, before) || place == i-1 && len(r.vocabulary.NamedMeanings("color", shade)) > 0
}

// markWithMarker marks a value and the negation before it.
func markWithMarker(tokens []token, i int) {
	tokens[i].isUncertain = true
	for j := i - 1; j >= 0 && (tokens[j].kind == fillerToken || tokens[j].kind == markerToken); j-- {
		if tokens[j].kind == markerToken {
			tokens[j].isUncertain = true
			return
		}
	}
}

// describesNext reports whether a value describes the next word, which was not understood.
func describesNext(tokens []token, i int) bool {
	t := &tokens[i]
	for j := i + 1; j < len(tokens); j++ {
		next := &tokens[j]
		switch next.kind {
		case unknownToken:
			word := plainWord(next.words[0])
			switch {
			case len(next.words) > 1, slices.Contains(afterAmount, word), slices.Contains(boundWords, word):
				return false // low miles, and the like, describe the whole vehicle
			case t.isBound() && isClear(t):
				return slices.Contains(amountOwners, word)
			}
			return t.isBound() || !isNumberWord(word)
		case fillerToken:
			word := plainWord(strings.Join(next.words, " "))
			if t.parameter == "trim" && strings.HasPrefix(word, "price") {
				return true // base price
			}
			if t.isBound() && slices.Contains([]string{"a", "an", "per"}, word) {
				continue // $400 a month
			}

			return false
		case boundaryToken:
			// A distance from a place is not a mileage, and an amount per unit is not a price.
			word := plainWord(next.words[0])
			isOnClock := word == "on" && slices.ContainsFunc(tokens[j:], func(t token) bool {
				return len(t.words) > 0 && slices.Contains([]string{"clock", "odometer", "odo"}, plainWord(t.words[0]))
			})
			return strings.HasPrefix(t.parameter, "mileage") && slices.Contains([]string{"from", "of", "to"}, word) ||
				t.isBound() && (word == "per" || isOnClock && strings.HasPrefix(t.parameter, "price"))
		case valueToken:
			// A value may describe equipment, belong to a paint, or describe a value that itself describes something.
			isPair := t.parameter == "trim" && next.parameter == "color" || isShade(t, next)
			isChain := next.isUncertain && isDescribing(next.parameter)
			return !t.isBound() && (next.parameter == "features" || isPair || isChain)
		}

		return false
	}

	return false
}

// afterAmount are words that an amount or color before them does not describe.
var afterAmount = strings.Fields("sorted sort ordered located obo ono max thanks thank anywhere " +
	"somewhere delivered")

// boundWords turn the number after them into a bound.
var boundWords = strings.Fields("under over below above less more max min upto beyond exceeding thru through til " +
	"till until construction built ab bis od do vanaf desde depuis dal unter über pre post least most baujahr partir " +
	"made registered warranty")

// isShade reports whether a fuel and a color may together name a paint: electric blue.
func isShade(fuel, color *token) bool {
	isElectric := fuel.parameter == "fuel_type" && len(fuel.words) == 1 && plainWord(fuel.words[0]) == "electric"
	return isElectric && color.parameter == "color" &&
		slices.Contains(electricColors, plainWord(strings.Join(color.words, " ")))
}

// electricColors are colors that paints combine with "electric".
var electricColors = strings.Fields("blue green lime purple orange yellow red")

// isClear reports whether a bound names its own field: $30,000, 30k, 50,000 miles, 2020 or newer.
func isClear(t *token) bool {
	text := strings.Join(t.words, " ")
	return plainAmount.MatchString(text) || strings.HasPrefix(t.parameter, "mileage") &&
		distancePattern.MatchString(text) ||
		strings.HasPrefix(t.parameter, "year_") && timeWord.MatchString(text)
}

// belongsBefore reports whether an amount belongs to a word before it that was not understood.
func belongsBefore(tokens []token, i int) bool {
	t := &tokens[i]
	for j := i - 1; j >= 0; j-- {
		before := &tokens[j]
		switch before.kind {
		case fillerToken, boundaryToken:
			word := plainWord(before.words[len(before.words)-1])
			isOpen := word == "from" || word == "to" || word == "until" || word == "by"
			if slices.Contains(amountOwners, word) || isOpen && strings.HasPrefix(t.parameter, "year") &&
				!strings.Contains(t.values[0], "-") {
				return true // from 2018: in that year, or since
			}
			if slices.Contains([]string{"is", "of", "are", "a", "the", "at"}, word) {
				continue
			}

			return false
		case unknownToken:
			if slices.Contains(amountOwners, plainWord(before.words[0])) {
				return true
			}

			if slices.Contains(boundWords, plainWord(before.words[0])) {
				return true
			}

			// After any other unknown word, an amount only counts if its form or its size names its field.
			text := strings.Join(t.words, " ")
			isClear := plainAmount.MatchString(text) || strings.HasPrefix(t.parameter, "year") && timeWord.MatchString(text) ||
				strings.HasPrefix(t.parameter, "mileage") || value.CompareDecimals(lastNumber(t.values[0]), clearAmount) >= 0 ||
				t.parameter == "year"
			return !isClear
		}

		return false
	}

	return false
}

// lastNumber returns the upper end of a range, or the number itself.
func lastNumber(amount string) string {
	if _, high, isRange := strings.Cut(amount, "-"); isRange {
		return high
	}
	return amount
}

// markConflicts marks values of one field that are not alternatives, and all values if the sentence describes two kinds
// of vehicle.
func (r *requestReader) markConflicts(tokens []token) {
	var places []int
	for i := range tokens {
		if tokens[i].kind == valueToken && !tokens[i].isUncertain && !tokens[i].isNegated {
			places = append(places, i)
		}
	}

	// Find the fields with several values that are not joined as alternatives.
	last, apart := map[string]int{}, map[string]bool{} // by parameter
	for n, i := range places {
		t := &tokens[i]
		before, seen := last[t.parameter]
		last[t.parameter] = i

		switch {
		case !seen:
		case slices.Equal(tokens[before].values, t.values):
		case n > 0 && places[n-1] == before && areJoined(tokens, before, i) && canRepeat(t, &tokens[before]):
		default:
			apart[t.parameter] = true
		}
	}

	if r.arePairs(tokens, places, apart) {
		return
	}

	// A sentence about two vehicles leaves none of its values certain.
	isTwo := len(apart) > 1 || len(apart) > 0 && hasJointBetween(tokens, places)
	for _, i := range places {
		if t := &tokens[i]; apart[t.parameter] || isTwo {
			t.isUncertain = true
		}
	}

	r.markStrayModels(tokens)
}

// arePairs reports whether the repeated values are makes, each with a model of its own. Then all filters together mean
// the same as each pair: Toyota Camry or Honda Accord.
func (r *requestReader) arePairs(tokens []token, places []int, apart map[string]bool) bool {
	if !apart["make"] || !apart["model"] || len(apart) > 2 {
		return false
	}

	// Collect the makes and the models. No model may come before its make.
	var makes, models [][]string
	for _, i := range places {
		switch t := &tokens[i]; t.parameter {
		case "make":
			makes = append(makes, t.values)
		case "model":
			models = append(models, t.values)
		default:
			if len(makes) > 0 && len(models) < 2 && !t.isBound() {
				return false // it describes only one of the pairs
			}
		}

		if len(models) > len(makes) {
			return false
		}
	}

	const mostPairs = 5
	if len(makes) != len(models) || len(makes) > mostPairs {
		return false
	}

	// Each make must build its own model, and none of the others.
	for i := range makes {
		for j := range models {
			if r.modelOf(makes[i], models[j]) != (i == j) {
				return false
			}
		}
	}

	return true
}

// areJoined reports whether two tokens are alternatives: only joints and fillers stand between them, or also one
// unknown word if the field does not describe parts.
func areJoined(tokens []token, from, to int) bool {
	joints, unknown := 0, 0
	for i := from + 1; i < to; i++ {
		switch tokens[i].kind {
		case jointToken:
			joints++
		case unknownToken:
			unknown++
		case fillerToken:
		default:
			return false
		}
	}

	return joints > 0 && (unknown == 0 || unknown == 1 && !isDescribing(tokens[from].parameter))
}

// hasJointBetween reports whether an "or" stands between the first and the last value.
func hasJointBetween(tokens []token, places []int) bool {
	for i := places[0]; i < places[len(places)-1]; i++ {
		if tokens[i].kind == jointToken && len(tokens[i].words) == 1 && strings.EqualFold(tokens[i].words[0], "or") {
			return true
		}
	}
	return false
}

// canRepeat reports whether a value can be an alternative to the one before it.
func canRepeat(t, before *token) bool {
	switch {
	case t.parameter == "year":
		return modelYear.MatchString(t.values[0]) && modelYear.MatchString(before.values[0])
	case t.parameter == "trim", t.isBound():
		return false
	}
	return true
}

// markStrayModels marks a model before a make that does not build it: soul red Mazda.
func (r *requestReader) markStrayModels(tokens []token) {
	r.markStrayTrims(tokens)
	model := -1
	for i := range tokens {
		t := &tokens[i]
		switch {
		case t.kind != valueToken || t.isUncertain || t.isNegated:
		case t.parameter == "model":
			model = i
		case t.parameter == "make" && model >= 0 && !r.modelOf(t.values, tokens[model].values):
			tokens[model].isUncertain = true
		}
	}
}

// markStrayTrims marks a trim that no vehicle of the named make and model has.
func (r *requestReader) markStrayTrims(tokens []token) {
	set, isNamed := r.index.All(), false
	for _, name := range []string{"make", "model", "trim"} {
		f := r.listedField(name)
		for i := range tokens {
			t := &tokens[i]
			if f == nil || t.kind != valueToken || t.parameter != name || t.isUncertain || t.isNegated {
				continue
			}

			// Narrow the stock by make and model, and then look for the trim in it.
			filter := query.Filter{Field: f, Words: t.values, Prefixes: t.values}
			if name != "trim" {
				set, isNamed = r.index.Filter(set, &filter), true
			} else if isNamed && set.Count() > 0 && r.index.Filter(set, &filter).Count() == 0 {
				t.isUncertain = true
			}
		}
	}
}

// markWeak marks values that need others beside them: a trim without a make or model, and features alone.
func (r *requestReader) markWeak(tokens []token) {
	// isCertain reports whether a value of one of these fields is certain, in the sentence or as a parameter.
	isCertain := func(parameters ...string) bool {
		return slices.ContainsFunc(tokens, func(t token) bool {
			return t.kind == valueToken && !t.isUncertain && !t.isNegated && slices.Contains(parameters, t.parameter)
		}) || slices.ContainsFunc(parameters, r.written.Has)
	}

	isOther := slices.ContainsFunc(tokens, func(t token) bool {
		return t.kind == valueToken && !t.isUncertain && t.parameter != "trim" && t.parameter != "features"
	})

	for i := range tokens {
		t := &tokens[i]
		if t.kind != valueToken {
			continue
		}

		if t.parameter == "trim" && !isCertain("make", "model") || t.parameter == "features" && !isOther {
			markWithMarker(tokens, i)
		}
	}
}
