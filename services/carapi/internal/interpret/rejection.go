package interpret

import (
	"math/big"
	"slices"
	"strings"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
)

// Words between a negation and its object: not located in Texas, not going to spend more than 30k. After a hedge, the
// object may still be acceptable: no need for AWD.
var (
	linkWords = withBritishSpellings(strings.Fields("located made built interested including considering consider " +
		"brand brands those be been being spend spending pay paying go going cost costing exceed driven anything anyone " +
		"ones willing able allowed penny cent want wants wanting have has drive makes models color colored colors states " +
		"cities types fuels bodies kind type year years than over with miles should must would could will price priced " +
		"mileage"))
	linkBoundaries = strings.Fields("in from by to for of with on at than having has is")
	hedgeWords     = strings.Fields("need needs needing necessarily require requires care mind matter sure")
)

// dismissalWords follow a negation, or its object, and say that the words before are not wanted or not needed.
var dismissalWords = strings.Fields("wanted needed necessary required thanks thank option acceptable allowed ok okay " +
	"desired important must mandatory preference preferred requirement dealbreaker good great")

// applyMarkers negates the values after a negation. If it is not certain what is unwanted, no value near the negation
// counts as wanted.
func (r *requestReader) applyMarkers(tokens []token) {
	for i := range tokens {
		if tokens[i].kind == markerToken {
			r.applyMarker(tokens, i)
		}
	}
}

// applyMarker negates what the marker at an index excludes, or marks the values near it as uncertain.
func (r *requestReader) applyMarker(tokens []token, mark int) {
	m := &tokens[mark]
	switch {
	case m.marker == onlyMarker:
		m.kind = fillerToken
		return
	case m.isUncertain:
		markClause(tokens, mark)
		return
	}

	first, isHedged := objectOf(tokens, mark)
	r.readStatus(tokens, first)

	switch {
	// The negation refers back: red is not an option.
	case first < 0, isDismissal(&tokens[first]):
		m.isUncertain = true
		dismissBefore(tokens, mark)

	// Nothing that the stock knows is negated.
	case tokens[first].kind == unknownToken:
		m.isUncertain = true // it belongs to words to search for: no accidents
		switch {
		case m.sign:
		case m.marker == exceptMarker && beforeValue(tokens, first):
			markClause(tokens, mark) // excluding salvage Toyota and Honda
		default:
			r.negateList(tokens, mark, first, first)
		}

	// A value, a bound, or something else that can be excluded or not.
	case tokens[first].kind == valueToken && tokens[first].isBound() && !isHedged && r.flipBound(&tokens[first]):
		hideLinks(tokens, mark, first)
	case isHedged || !r.canNegate(&tokens[first]):
		m.isUncertain = true
		markClause(tokens, mark)
	default:
		r.negateGroup(tokens, mark, first)
	}
}

// objectOf returns the index of a negation's object, past words that lead to it, or -1. isHedged reports whether these
// words leave open that the object is unwanted.
func objectOf(tokens []token, mark int) (place int, isHedged bool) {
	for i := mark + 1; i < len(tokens); i++ {
		t := &tokens[i]
		word := ""
		if len(t.words) > 0 {
			word = plainWord(t.words[0])
		}

		switch {
		case tokens[mark].sign && t.kind != valueToken:
			return i, false
		case t.kind == jointToken, t.kind == markerToken, t.kind == comparisonToken, t.kind == followerToken:
			return -1, isHedged

		// Words that lead to the object.
		case slices.Contains(hedgeWords, word) && (t.kind == unknownToken || t.kind == fillerToken):
			isHedged = true
		case t.kind == fillerToken, t.kind == boundaryToken && slices.Contains(linkBoundaries, word),
			slices.Contains(linkWords, word) && t.kind == unknownToken:

		case t.kind == boundaryToken:
			return -1, isHedged
		default:
			return i, isHedged
		}
	}

	return -1, isHedged
}

// beforeValue reports whether the unknown words at a token end directly before a value.
func beforeValue(tokens []token, i int) bool {
	for i < len(tokens) && tokens[i].kind == unknownToken {
		i++
	}
	return i < len(tokens) && tokens[i].kind == valueToken
}

// readStatus reads a word after a negation as a status, which sentences only name there: not sold.
func (r *requestReader) readStatus(tokens []token, i int) {
	if i < 0 || tokens[i].kind != unknownToken {
		return
	}
	if t, ok := r.findField(plainWord(tokens[i].words[0]), []string{"status"}, nil); ok && t.parameter != "" {
		tokens[i].kind, tokens[i].parameter, tokens[i].values = valueToken, t.parameter, t.values
	}
}

// isDismissal reports whether a word says that the words before it are not wanted or not needed.
func isDismissal(t *token) bool {
	return t.kind == unknownToken && slices.Contains(dismissalWords, plainWord(t.words[0]))
}

// dismissBefore marks the values before a negation that refers back: red is not an option.
func dismissBefore(tokens []token, mark int) {
	i := mark - 1
	for i >= 0 && (tokens[i].kind == fillerToken || tokens[i].kind == boundaryToken) {
		i--
	}
	markNearest(tokens, i)
}

// markNearest marks a value, and the make and model before it that belong to it.
func markNearest(tokens []token, i int) {
	for isName := true; i >= 0 && tokens[i].kind == valueToken && isName && !tokens[i].isBound(); i-- {
		tokens[i].isUncertain = true
		isName = i > 0 && slices.Contains([]string{"make", "model"}, tokens[i-1].parameter) &&
			slices.Contains([]string{"model", "trim"}, tokens[i].parameter)
	}
}

// hideLinks turns the words from a negation to its object into fillers.
func hideLinks(tokens []token, mark, end int) {
	for i := mark; i < end; i++ {
		tokens[i].kind, tokens[i].isUncertain = fillerToken, false
	}
}

// markClause marks all values after a negation, up to the end of its clause.
func markClause(tokens []token, mark int) {
	for i := mark + 1; i < len(tokens); i++ {
		t := &tokens[i]
		if t.kind == jointToken && (len(t.words) == 0 || strings.EqualFold(t.words[0], "but")) {
			return
		}
		t.isUncertain = t.isUncertain || t.kind == valueToken || t.kind == markerToken
	}
}

// flipBound reverses a bound: not more than 30k means up to 30k. It returns false for a range with two ends.
func (r *requestReader) flipBound(t *token) bool {
	name, isMin := strings.CutSuffix(t.parameter, "_min")
	name, isMax := strings.CutSuffix(name, "_max")
	f := r.parameters.Catalog.NumberField(name)
	if f == nil || isMin == isMax {
		return false
	}

	number, step := t.values[0], int64(-1)
	t.parameter = name + "_max"
	if isMax {
		t.parameter, step = name+"_min", 1
	}

	// A bound of a count includes its number: after 2020 is from 2021 on, and not after 2020 is up to 2020.
	if n, ok := new(big.Int).SetString(number, 10); ok && f.Measure().IsCount() {
		number = n.Add(n, big.NewInt(step)).String()
	}

	t.values = []string{number}
	return true
}

// canNegate reports whether a token is a value that can be excluded.
func (r *requestReader) canNegate(t *token) bool {
	if t.kind != valueToken {
		return false
	}

	p, ok := r.parameters.Get(t.parameter)
	if !ok || p.Use != query.UseEquals {
		return false
	}

	_, ok = r.parameterFor(p.Field, query.UseExcluded)
	return ok
}

// negateGroup excludes what the values directly after a negation describe together, and the alternatives to it.
func (r *requestReader) negateGroup(tokens []token, mark, first int) {
	// The group ends before the first token that is not a text value, and before a place.
	m := &tokens[mark]
	last := first
	for !m.sign && last+1 < len(tokens) && tokens[last+1].kind == valueToken && r.isText(tokens[last+1].parameter) &&
		!slices.Contains(catalog.PlaceFields, tokens[last+1].parameter) {
		last++
	}

	// Of several values, only the narrowest is excluded.
	negated := first
	if last > first {
		negated = r.narrowest(tokens, first, last)
		isList := m.marker == exceptMarker && areOfOneField(tokens, first, last)
		for i := first; i <= last; i++ {
			switch {
			case isList:
				tokens[i].isNegated = true
			case negated < 0:
				tokens[i].isUncertain = true
			case i != negated:
				tokens[i].kind = fillerToken
			}
		}

		if negated < 0 && isList {
			negated = last
		}
	}

	// Exclude the value, unless what follows makes that uncertain.
	switch {
	case negated < 0:
		m.isUncertain = true
	case !m.sign && isNarrowed(tokens, last+1):
		m.isUncertain = true
		for i := first; i <= min(last+1, len(tokens)-1); i++ {
			tokens[i].isUncertain = tokens[i].isUncertain || tokens[i].kind == valueToken
		}
	default:
		tokens[negated].isNegated = true
		hideLinks(tokens, mark+1, first)
	}

	if !m.sign {
		r.negateList(tokens, mark, negated, last)
	}
}

func areOfOneField(tokens []token, first, last int) bool {
	for i := first + 1; i <= last; i++ {
		if tokens[i].parameter != tokens[first].parameter {
			return false
		}
	}
	return true
}

// isNarrowed reports whether the next token narrows a negated value: an unwanted bound (no trucks over 40k), more of a
// name (GLE 450), or a word that makes it merely unnecessary.
func isNarrowed(tokens []token, next int) bool {
	if next >= len(tokens) {
		return false
	}

	t := &tokens[next]
	switch t.kind {
	case unknownToken:
		return strings.ContainsAny(t.words[0], "0123456789") || isDismissal(t)
	case markerToken:
		t.isUncertain = t.marker == exceptMarker // no SUVs other than Toyota
		return t.isUncertain
	}

	unwanted := []string{"price_min", "mileage_min", "year_max", "year", "price", "mileage"}
	return t.kind == valueToken && slices.Contains(unwanted, t.parameter)
}

// negateList excludes the alternatives after a negation's object: not red or blue, other than Lexus, Kia and Ford. If
// the object is not certain (negated < 0), they are not certain either. In "not red, blue" it is unclear whether blue
// is wanted.
func (r *requestReader) negateList(tokens []token, mark, negated, last int) {
	m := &tokens[mark]
	isFirstUnknown := tokens[last].kind == unknownToken
	for isFirstUnknown && last+1 < len(tokens) && tokens[last+1].kind == unknownToken {
		last++
	}

	// Collect the values after the object that are joined to it.
	members, isJoined := []int{}, m.marker == exceptMarker
	for i := last + 1; i < len(tokens) && (tokens[i].kind == jointToken || isNor(&tokens[i])); {
		joint := strings.ToLower(strings.Join(tokens[i].words, ""))
		next := i + 1
		for next < len(tokens) && (tokens[next].kind == fillerToken || tokens[next].kind == jointToken ||
			tokens[next].kind == markerToken) {
			joint += strings.ToLower(strings.Join(tokens[next].words, ""))
			next++
		}

		isOr := strings.HasPrefix(joint, "or") || strings.HasPrefix(joint, "nor")
		switch {
		case next >= len(tokens), strings.HasPrefix(joint, "but"):
			next = len(tokens)
		case isFirstUnknown && m.marker == notMarker && !isOr:
			next = len(tokens) // no accidents, red
		case tokens[next].kind == unknownToken && isItem(tokens, next):
		case r.canNegate(&tokens[next]) && r.isMember(tokens, next, negated, m.marker == exceptMarker || isOr):
			members, isJoined = append(members, next), isJoined || joint != ""
		default:
			next = len(tokens)
		}

		i = next + 1
	}

	// Without a certain object, or without a word that joins them, the values are uncertain.
	isUncertain := negated < 0 || len(members) > 0 && !isJoined
	for _, i := range members {
		tokens[i].isNegated, tokens[i].isUncertain = true, tokens[i].isUncertain || isUncertain
	}

	if isUncertain && len(members) > 0 {
		m.isUncertain = true
		if negated >= 0 {
			tokens[negated].isUncertain = true
		}
	}
}

func isNor(t *token) bool { return t.kind == markerToken && strings.EqualFold(t.words[0], "nor") }

// isMember reports whether a value can be in a list of unwanted values.
func (r *requestReader) isMember(tokens []token, i, negated int, isOpen bool) bool {
	isSame := negated >= 0 && tokens[i].parameter == tokens[negated].parameter
	return isSame || isOpen && r.isText(tokens[i].parameter)
}

// isItem reports whether an unknown word is an item of a list: a joint or nothing follows it.
func isItem(tokens []token, i int) bool { return i+1 >= len(tokens) || tokens[i+1].kind == jointToken }

// narrowest returns the value of a group whose vehicles have all other values of the group: not a Toyota Camry excludes
// Camrys. It returns -1 without such a value.
func (r *requestReader) narrowest(tokens []token, first, last int) int {
	var filters []query.Filter
	for i := first; i <= last; i++ {
		if !slices.Contains([]string{"make", "model", "trim"}, tokens[i].parameter) {
			return -1
		}

		p, _ := r.parameters.Get(tokens[i].parameter)
		f := query.Filter{Field: p.Field}
		for _, v := range tokens[i].values {
			f.Words = append(f.Words, r.matchValues(p.Field.Name, v)...)
		}

		filters = append(filters, f)
	}

	// The narrowest is the one whose vehicles all pass the other filters.
	for i := range filters {
		alone := r.index.Filter(r.index.All(), &filters[i])
		all := alone
		for j := range filters {
			all = r.index.Filter(all, &filters[j])
		}

		if alone.Count() > 0 && alone.Count() == all.Count() {
			return first + i
		}
	}

	return -1
}
