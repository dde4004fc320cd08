package interpret

import (
	"slices"
	"strings"
	"time"

	"carstock/services/carapi/internal/catalog"
)

// The parameters that say in a sentence that a price has dropped.
const (
	dropParameter    = catalog.PriceDrop + "_min"
	changedParameter = catalog.PriceChangedAt + "_min"
)

// priceDropPhrases say that a price has dropped, by their first word; the longest comes first. "Reduced" alone may be
// about anything.
var priceDropPhrases = newPhrases(map[tokenKind]string{
	valueToken: "price drop, price drops, price dropped, prices dropped, price has dropped, price was dropped, price " +
		"just dropped, price recently dropped, price went down, price has gone down, price came down, " +
		"price reduced, prices reduced, price was reduced, price is reduced, price has been reduced, price just reduced, " +
		"price recently reduced, " +
		"price lowered, price was lowered, price has been lowered, price cut, price cuts, price was cut, price reduction, " +
		"price reductions, dropped in price, reduced in price, dropped price, dropped prices, reduced price, reduced " +
		"prices, lowered price, lowered prices, recently reduced, just reduced, newly reduced, recent price drop, recent " +
		"price drops, recent price reduction, recent price cut",
})

// Words near such a phrase that ask for something else: price drop alerts, when the price drops.
var (
	beforeNoDrop = strings.Fields("if when once until till before after unless will would might may should could wait " +
		"waiting hope hoping expect expecting alert notify tell any")
	afterNoDrop = strings.Fields("alert alerts notification notifications email emails history soon expected guarantee " +
		"coming possible likely chart tracker")
)

// nextPriceDrop reads words that say that a price has dropped, and by how much or when. Without a change history, or
// where prices are in several currencies, such words are not understood.
func (r *requestReader) nextPriceDrop(words []string, before []token) (token, int) {
	if t, n := r.nextDropTime(words, before); n > 0 {
		return t, n
	}

	n := priceDropLength(words)
	if n == 0 {
		return token{}, 0
	}

	f := r.parameters.Catalog.Field(catalog.PriceDrop)
	if f == nil || !f.IsHistory() || f.Mixed || isAboutFutureDrop(words[n:], before) {
		return token{}, n
	}

	dropped := token{kind: valueToken, parameter: dropParameter, values: []string{"1"}}
	if endsInside(words[:min(n+1, len(words))]) { // a comma ends the phrase
		return dropped, n
	}

	amount, m, isAmount := r.dropAmount(words[n:])
	switch {
	case !isAmount:
		return dropped, n
	case amount == "": // at most some amount, which no filter says
		return token{}, n + m
	}

	dropped.values = []string{amount}
	return dropped, n + m
}

// priceDropLength returns how many of the first words say that a price has dropped.
func priceDropLength(words []string) int {
	var plain []string
	for _, word := range words[:min(4, len(words))] {
		plain = append(plain, plainWord(word))
	}

	for _, phrase := range priceDropPhrases[plain[0]] {
		if n := len(phrase.words); n <= len(plain) && slices.Equal(plain[:n], phrase.words) && !endsInside(words[:n]) {
			return n
		}
	}

	return 0
}

// isAboutFutureDrop reports whether words beside a price drop ask for one that has not happened.
func isAboutFutureDrop(after []string, before []token) bool {
	if len(after) > 0 && slices.Contains(afterNoDrop, plainWord(after[0])) {
		return true
	}

	for _, t := range before[max(0, len(before)-3):] {
		if slices.ContainsFunc(t.words, func(word string) bool { return slices.Contains(beforeNoDrop, plainWord(word)) }) {
			return true
		}
	}

	return false
}

// dropAmount reads the amount of a price drop, as in "by at least $1000" or "over 500", and its length in words. An
// amount that is not a lower bound is empty. It returns false for words that are not such an amount: below 20k is a
// price.
func (r *requestReader) dropAmount(words []string) (amount string, n int, ok bool) {
	start := 0
	if len(words) > 0 && slices.Contains([]string{"by", "of", "from"}, plainWord(words[0])) {
		start = 1
	}

	// Take as many words as make an amount.
	measure := r.parameters.Catalog.Field(catalog.PriceDrop).Measure()
	for n := min(start+4, len(words)); n > start; n-- {
		if endsInside(words[start:n]) || !strings.ContainsAny(words[n-1], "0123456789") {
			continue
		}

		a, isAmount := measure.Parse(trimPunctuation(strings.Join(words[start:n], " ")))
		switch {
		case !isAmount:
			continue
		case a.From != "" && a.To == "" && plainWord(words[0]) != "from":
			return a.From, n, true
		case start > 0:
			return "", n, true
		}
		return "", 0, false
	}

	return "", 0, false
}

// nextDropTime reads the time of the price drop before it: this week, in the last 7 days, since monday.
func (r *requestReader) nextDropTime(words []string, before []token) (token, int) {
	f := r.parameters.Catalog.Field(catalog.PriceChangedAt)
	if last := len(before) - 1; last < 0 || before[last].parameter != dropParameter || f == nil || !f.IsHistory() {
		return token{}, 0
	}

	for n := min(5, len(words)); n > 0; n-- {
		if endsInside(words[:n]) {
			continue
		}

		text := trimPunctuation(strings.Join(words[:n], " "))
		if since, ok := relativeInstant(f, text, true, time.Now()); ok {
			return token{kind: valueToken, parameter: changedParameter, values: []string{since}}, n
		}
	}

	return token{}, 0
}

// markPriceDrops reads "reduced" beside nothing but a vehicle as a price drop, and marks drops that are not wanted.
func (r *requestReader) markPriceDrops(tokens []token) {
	f := r.parameters.Catalog.Field(catalog.PriceDrop)
	for i := range tokens {
		t := &tokens[i]
		isReduced := t.kind == unknownToken && len(t.words) == 1 && plainWord(t.words[0]) == "reduced"
		if isReduced && f != nil && f.IsHistory() && !f.Mixed && describesVehicle(tokens, i) {
			t.kind, t.parameter, t.values = valueToken, dropParameter, []string{"1"}
		}

		switch {
		case t.parameter == dropParameter && t.isNegated:
			markWithMarker(tokens, i)
		case t.parameter == changedParameter && tokens[i-1].isUncertain:
			t.isUncertain = true
		}
	}
}

// describesVehicle reports whether an adjective is beside a vehicle, and beside nothing else that it may describe.
func describesVehicle(tokens []token, i int) bool {
	isVehicle := func(t *token) bool {
		return t.kind == valueToken && !t.isUncertain && !t.isNegated &&
			slices.Contains([]string{"make", "model", "body_type", "year"}, t.parameter)
	}

	beside := false
	for _, step := range []int{-1, 1} {
		// Look at the next token on this side that is not a filler.
		j := i + step
		for j >= 0 && j < len(tokens) && tokens[j].kind == fillerToken {
			j += step
		}
		if j < 0 || j >= len(tokens) || tokens[j].kind == jointToken {
			continue
		}
		if !isVehicle(&tokens[j]) {
			return false
		}
		beside = true
	}

	return beside
}
