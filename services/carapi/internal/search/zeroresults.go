package search

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/interpret"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// ZeroResults says why nothing matches and what nearly does. Each suggestion finds something: its count is what its URL
// finds.
type ZeroResults struct {
	Filters      []FilterCount `json:"filters"`
	DidYouMean   []Suggestion  `json:"did_you_mean,omitempty" jsonschema:"Values in stock that were perhaps meant"`
	InStock      []FieldValues `json:"in_stock,omitempty" jsonschema:"Values in stock where the requested one is not"`
	Alternatives []Alternative `json:"alternatives,omitempty" jsonschema:"Searches nearby that find something"`

	maxBytes int // as JSON
}

// FilterCount is one filter, or one of several words of q. It counts the vehicles that match it alone, and those that
// match without it.
type FilterCount struct {
	Parameter string `json:"parameter"`
	Word      string `json:"word,omitempty"`
	Alone     int    `json:"alone"`
	Without   int    `json:"without"`
	RequestLink
}

// Suggestion is a value in stock that was perhaps meant instead of a value that is not.
type Suggestion struct {
	Parameter          string `json:"parameter"`
	Received           string `json:"received"`
	Value              string `json:"suggestion"`
	SuggestedParameter string `json:"suggested_parameter,omitempty"` // the parameter of the value, if that is another one
	Count              int    `json:"count"`
	RequestLink
}

// FieldValues are the values that a parameter could have under the other filters, the most frequent first.
type FieldValues struct {
	Parameter string       `json:"parameter"`
	Values    []ValueCount `json:"values"`
	Complete  bool         `json:"values_complete"` // whether these are all values
}

// ValueCount is a value in stock, and how many vehicles have it.
type ValueCount struct {
	Value json.RawMessage `json:"value"`
	Count int             `json:"count"`
	RequestLink
}

// Alternative is a search nearby that finds something.
type Alternative struct {
	Reason string `json:"why"`
	Count  int    `json:"count"`
	RequestLink
}

// RequestLink is the request for a search. Link sets its URL.
type RequestLink struct {
	Request url.Values `json:"-"`
	URL     string     `json:"url,omitempty"`
}

// maxZeroResults is how many bytes a ZeroResults may have as JSON.
const maxZeroResults = 5900

// Link sets the URLs, and removes what makes the ZeroResults too long.
func (z *ZeroResults) Link(urlOf func(url.Values) string) {
	link := func(c *RequestLink) {
		if c.Request != nil {
			c.URL = urlOf(c.Request)
		}
	}

	for i := range z.Filters {
		link(&z.Filters[i].RequestLink)
	}

	for i := range z.DidYouMean {
		link(&z.DidYouMean[i].RequestLink)
	}

	for i := range z.InStock {
		for j := range z.InStock[i].Values {
			link(&z.InStock[i].Values[j].RequestLink)
		}
	}

	for i := range z.Alternatives {
		link(&z.Alternatives[i].RequestLink)
	}

	for len(encodeJSON(z)) > z.maxBytes && z.dropLastURL() {
	}
}

// dropLastURL removes one URL with what it finds, of the most frequent kind. It removes the last one, because the best
// come first. A filter keeps its counts while anything else can go. It returns false if nothing is left.
func (z *ZeroResults) dropLastURL() bool {
	// Count the URLs of each kind.
	linked := func(f FilterCount) bool { return f.URL != "" }
	filters, values := 0, 0
	for _, f := range z.Filters {
		if linked(f) {
			filters++
		}
	}

	for _, f := range z.InStock {
		values += len(f.Values)
	}

	// Remove the last one of the most frequent kind.
	switch most := max(filters, values, len(z.DidYouMean), len(z.Alternatives)); most {
	case 0:
		if len(z.Filters) == 0 {
			return false
		}
		z.Filters = z.Filters[:len(z.Filters)-1]
	case filters:
		for i := len(z.Filters) - 1; ; i-- {
			if linked(z.Filters[i]) {
				z.Filters[i].URL = ""
				break
			}
		}
	case values:
		last := &z.InStock[len(z.InStock)-1]
		last.Values, last.Complete = last.Values[:len(last.Values)-1], false
		if len(last.Values) == 0 {
			z.InStock = z.InStock[:len(z.InStock)-1]
		}
	case len(z.DidYouMean):
		z.DidYouMean = z.DidYouMean[:most-1]
	default:
		z.Alternatives = z.Alternatives[:most-1]
	}

	return true
}

// relaxations finds searches near an empty one.
type relaxations struct {
	*searchRequest
	result *ZeroResults
}

// zeroResults says why nothing matches, in at most room bytes. unmatched are the values that nothing in stock has, by
// parameter.
func (r *searchRequest) zeroResults(unmatched map[string][]string, room int) *ZeroResults {
	w := relaxations{r, &ZeroResults{Filters: []FilterCount{}, maxBytes: min(room, maxZeroResults)}}
	w.countFilters()
	w.relaxWords()

	for i := range w.query.Filters {
		f := &w.query.Filters[i]
		if f.Use.Includes() {
			w.suggestValues(f, unmatched[f.Parameter])
		}
	}

	for _, name := range []string{"price", "mileage", "year"} {
		w.nearestNumbers(name)
	}

	w.sameBody()
	return w.result
}

// matchingWithout returns the vehicles that match without the filters of some parameters. q stands for the words.
func (w *relaxations) matchingWithout(without ...string) index.Set {
	q := query.Query{}
	for _, f := range w.query.Filters {
		if !slices.Contains(without, f.Parameter) {
			q.Filters = append(q.Filters, f)
		}
	}

	if !slices.Contains(without, "q") {
		q.Words = w.query.Words
	}

	return w.index().Match(&q, nil)
}

// positionControls say where a page begins. They have no meaning in another search.
var positionControls = []string{"cursor", "page", "offset"}

// requestWithout returns the request without some parameters, from its first page.
func (w *relaxations) requestWithout(parameters ...string) url.Values {
	request := url.Values{}
	for name, values := range w.query.Values() {
		p, _ := w.generation.interpreter.Parameters().Get(name)
		isPosition := p.Use == query.UseControl && slices.Contains(positionControls, name)
		if !slices.Contains(parameters, name) && !isPosition {
			request[name] = values
		}
	}
	return request
}

// tryRequest returns a request and how many vehicles it finds, reading it as it will be read when it is sent. The count
// is 0 if it finds nothing, is not understood, or is too long for an answer.
func (w *relaxations) tryRequest(request url.Values) (c RequestLink, count int) {
	request.Set("match", w.query.MatchForNext()) // the values are already interpreted
	if len(request.Encode()) > w.result.maxBytes {
		return RequestLink{}, 0
	}

	q, _, err := w.generation.interpreter.Interpret(w.index(), request, searchControls...)
	if err != nil {
		return RequestLink{}, 0
	}
	if count = w.index().Match(q, nil).Count(); count == 0 {
		return RequestLink{}, 0
	}

	return RequestLink{Request: request}, count
}

// addAlternative offers a request if it finds something.
func (w *relaxations) addAlternative(reason string, request url.Values) {
	if c, count := w.tryRequest(request); count > 0 {
		w.result.Alternatives = append(w.result.Alternatives, Alternative{Reason: reason, Count: count, RequestLink: c})
	}
}

// countFilters counts the vehicles with each filter alone and without it.
func (w *relaxations) countFilters() {
	var names []string
	for _, f := range w.query.Filters {
		if !slices.Contains(names, f.Parameter) {
			names = append(names, f.Parameter)
		}
	}

	if len(w.query.Words) > 0 {
		names = append(names, "q")
	}

	for _, name := range names {
		// Count by the request that an answer offers, or, if it cannot be offered, by the filters alone.
		others := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
		c := FilterCount{Parameter: name, Alone: w.matchingWithout(others...).Count()}
		if len(others) > 0 {
			if c.RequestLink, c.Without = w.tryRequest(w.requestWithout(name)); c.Without == 0 {
				c.Without = w.matchingWithout(name).Count()
			}
		}

		w.result.Filters = append(w.result.Filters, c)
	}
}

// Limits that keep an empty answer quick and short.
const (
	maxUnknown = 3    // unknown words and values that get suggestions
	maxMeant   = 5    // suggestions for each of them
	maxTries   = 2000 // ways to leave out words

	// Values in stock that are listed if none is similar: all if there are at most fewInStock, otherwise the most
	// frequent someInStock.
	fewInStock  = 20
	someInStock = 12
)

// relaxWords says what each word of q finds, suggests values for words that nothing has, and offers the search that
// leaves out the fewest words.
func (w *relaxations) relaxWords() {
	words := w.query.Words
	if len(words) == 0 {
		return
	}

	rest := w.matchingWithout("q")
	sets := make([]index.Set, len(words))

	// Count the vehicles with each word.
	var known, unknown []string
	for i, word := range words {
		alone := w.index().Match(&query.Query{Words: []string{word}}, nil)
		sets[i] = w.index().Intersect(rest, alone)

		if alone.Count() > 0 {
			known = append(known, word)
		} else {
			unknown = append(unknown, word)
		}

		if len(words) > 1 {
			c := FilterCount{Parameter: "q", Word: value.Excerpt(word), Alone: alone.Count()}
			w.result.Filters = append(w.result.Filters, c)
		}
	}

	if len(words) > 1 {
		w.countWithoutWords(rest, sets)
	}

	kept, left := w.mostWords(rest, sets)
	if len(kept) > 0 && len(left) > 0 {
		reason := "without the word "
		if len(left) > 1 {
			reason = "without the words "
		}
		w.addAlternative(reason+value.Excerpt(strings.Join(left, ", ")), w.withWords(kept))
	}

	for _, word := range unknown[:min(len(unknown), maxUnknown)] {
		w.suggestForWord(word, known)
	}
}

// countWithoutWords counts what the search finds without each word of q, for the last filters. rest is what matches
// without words, and sets are the parts of it with each word.
func (w *relaxations) countWithoutWords(rest index.Set, sets []index.Set) {
	words := w.query.Words
	counts := w.result.Filters[len(w.result.Filters)-len(words):]
	for i := range words {
		found := rest
		for j, set := range sets {
			if j != i {
				found = w.index().Intersect(found, set)
			}
		}

		if found.Count() > 0 {
			counts[i].RequestLink, counts[i].Without = w.tryRequest(w.withWords(slices.Delete(slices.Clone(words), i, i+1)))
		}
	}
}

// withWords returns the request with other words in q.
func (w *relaxations) withWords(words []string) url.Values {
	request := w.requestWithout("q")
	if len(words) > 0 {
		request["q"] = []string{strings.Join(words, " ")}
	}
	return request
}

// mostWords splits the words into kept and left so that the kept ones find something. It leaves out as few words as
// possible, and among equals the ones without which most is found. rest is what matches without words, and sets are the
// parts of it with each word.
func (w *relaxations) mostWords(rest index.Set, sets []index.Set) (kept, left []string) {
	best, most, count := uint64(0), 0, 0 // the words as bits, their number, and how many vehicles they find
	tries := 0
	var choose func(i int, chosen uint64, n int, found index.Set)
	choose = func(i int, chosen uint64, n int, found index.Set) {
		// Give up if fewer words can be kept than in the best choice so far, or after too many tries.
		tries++
		switch {
		case found.Count() == 0 || n+len(sets)-i < most || tries > maxTries:
			return
		case i == len(sets):
			if n > most || found.Count() > count {
				best, most, count = chosen, n, found.Count()
			}
			return
		}

		choose(i+1, chosen|1<<i, n+1, w.index().Intersect(found, sets[i]))
		choose(i+1, chosen, n, found)
	}

	choose(0, 0, 0, rest)

	for i, word := range w.query.Words {
		if best&(1<<i) != 0 {
			kept = append(kept, word)
		} else {
			left = append(left, word)
		}
	}

	return kept, left
}

// suggestForWord suggests values in stock for a word that nothing has: what it means, or otherwise similar values. A
// suggestion keeps the known words if it then still finds something.
func (w *relaxations) suggestForWord(word string, known []string) {
	var all []Suggestion

	// add suggests values, together with the other words if that finds something.
	add := func(field *catalog.Field, meant []string) {
		parameter := w.parameterOf(field)
		for _, words := range [][]string{known, nil} {
			request := w.withWords(words)
			request[parameter] = meant
			if w.addSuggestion(&all, "q", word, parameter, meant, request) {
				return
			}
		}
	}

	fields := w.suggestedFields(func(f *catalog.Field) bool { return !w.query.Values().Has(w.parameterOf(f)) })
	for _, field := range fields {
		if meant := w.generation.interpreter.Meaning(w.index(), field, word); len(meant) > 0 {
			add(field, meant)
		}
	}

	if len(all) == 0 {
		for _, field := range fields {
			for _, meant := range w.nearestValues(field, word) {
				add(field, meant)
			}
		}
	}

	w.keepBest(all)
}

// suggestedFields returns the fields to search for a value that the requested field lacks, limited by mayUse.
func (w *relaxations) suggestedFields(mayUse func(*catalog.Field) bool) (fields []*catalog.Field) {
	for _, name := range append([]string{"city", "state"}, interpret.FreeTextFields...) {
		if f := w.generation.catalog.TextField(name); w.parameterOf(f) != "" && mayUse(f) {
			fields = append(fields, f)
		}
	}
	return fields
}

// nearestValues returns the values of a field that are most similar to a text, each in a slice.
func (w *relaxations) nearestValues(field *catalog.Field, text string) (found [][]string) {
	texts := w.index().Texts(field)
	if texts == nil {
		return nil
	}

	for _, v := range w.index().ValuesOf(field, value.NearestFolded(text, texts.Folded)) {
		if utf8.RuneCountInString(v.Text) <= maxListed {
			found = append(found, []string{v.Text})
		}
	}

	return found
}

// parameterOf returns the parameter that asks for values of a field, or "" if no parameter does.
func (w *relaxations) parameterOf(field *catalog.Field) string {
	if field == nil {
		return ""
	}

	name := field.Name
	if query.IsControl(name) {
		name = query.Qualifier + name
	}

	if p, ok := w.generation.interpreter.Parameters().Get(name); !ok || p.Field != field || p.Use != query.UseEquals {
		return ""
	}

	return name
}

// addSuggestion adds a suggestion if its request finds something.
func (w *relaxations) addSuggestion(
	all *[]Suggestion, parameter, received, in string, meant []string, request url.Values,
) bool {
	c, count := w.tryRequest(request)
	if count == 0 {
		return false
	}

	s := Suggestion{
		Parameter: parameter, Received: value.Excerpt(received), Count: count, RequestLink: c,
		Value: value.Clean(strings.Join(meant, ", ")),
	}
	if in != parameter {
		s.SuggestedParameter = in
	}

	*all = append(*all, s)
	return true
}

// keepBest adds the suggestions that find most to the answer.
func (w *relaxations) keepBest(all []Suggestion) {
	slices.SortStableFunc(all, func(a, b Suggestion) int { return cmp.Compare(b.Count, a.Count) })
	w.result.DidYouMean = append(w.result.DidYouMean, all[:min(len(all), maxMeant)]...)
}

// suggestValues suggests values in stock for the unmatched values of a filter. If none is similar, it lists the values
// that exist.
func (w *relaxations) suggestValues(f *query.Filter, unmatched []string) {
	switch f.Field.Class() {
	case catalog.ClassText, catalog.ClassList:
		var beside []string // if all values are wanted, those that are in stock
		for _, word := range f.Words {
			if f.Use == query.UseHasAll && !slices.Contains(unmatched, word) {
				beside = append(beside, word)
			}
		}

		isNear := false
		for _, received := range unmatched[:min(len(unmatched), maxUnknown)] {
			isNear = w.suggestNear(f, received, beside) || isNear
		}

		if len(unmatched) > 0 && !isNear {
			w.listValues(f, beside)
		}
	case catalog.ClassNumber:
		if f.Parameter == w.parameterOf(f.Field) && w.index().Filter(w.index().All(), f).Count() == 0 {
			w.listValues(f, nil)
		}
	}
}

// suggestNear suggests values similar to received, and other fields that have it. It reports whether the filter's own
// field has one that finds something together with the other values.
func (w *relaxations) suggestNear(f *query.Filter, received string, beside []string) (isNear bool) {
	var all []Suggestion
	for _, meant := range w.nearestValues(f.Field, received) {
		request := w.requestWithout(f.Parameter)
		request[f.Parameter] = append(slices.Clone(meant), beside...)
		isNear = w.addSuggestion(&all, f.Parameter, received, f.Parameter, meant, request) || isNear
	}

	for _, field := range w.suggestedFields(func(other *catalog.Field) bool { return other != f.Field }) {
		if meant := w.generation.interpreter.Meaning(w.index(), field, received); len(meant) > 0 {
			request := w.requestWithout(f.Parameter)
			request[w.parameterOf(field)] = meant
			w.addSuggestion(&all, f.Parameter, received, w.parameterOf(field), meant, request)
		}
	}

	w.keepBest(all)
	return isNear
}

// listValues lists the values that a filter could ask for under the other filters: all if they are few, otherwise the
// most frequent. Numbers are only listed if they are few.
func (w *relaxations) listValues(f *query.Filter, beside []string) {
	cells, complete := w.frequentValues(f)
	if f.Field.Class() == catalog.ClassNumber && !complete {
		return
	}

	found := FieldValues{Parameter: f.Parameter, Complete: complete}
	for _, cell := range cells {
		request := w.requestWithout(f.Parameter)
		request[f.Parameter] = append([]string{string(cell.Form)}, beside...)
		if c, count := w.tryRequest(request); count > 0 && !slices.Contains(beside, string(cell.Form)) {
			found.Values = append(found.Values, ValueCount{Value: appendShown(nil, f.Field, cell), Count: count, RequestLink: c})
		}
	}

	if len(found.Values) > 0 {
		slices.SortStableFunc(found.Values, func(a, b ValueCount) int { return cmp.Compare(b.Count, a.Count) })
		w.result.InStock = append(w.result.InStock, found)
	}
}

// frequentValues returns the values of a filter's field under the other filters, or of the whole stock for a list, the
// most frequent first. complete reports whether these are all values.
func (w *relaxations) frequentValues(f *query.Filter) (cells []value.Cell, complete bool) {
	field, other := f.Field, 0
	switch {
	case field.Class() == catalog.ClassList:
		texts := w.index().Texts(field)
		if texts == nil {
			return nil, false
		}

		for _, v := range w.index().ValuesOf(field, texts.Values) {
			cells = append(cells, value.Cell{Type: value.Text, Form: []byte(v.Text)})
		}
	case field.IsFacetable() && !slices.Contains(measuredFields, field.Name) && (field.Class() == catalog.ClassText ||
		!field.Flag):
		var counts []index.Count
		const blank = 2 // NULL and a blank text may be among them
		counts, other = w.index().Facet(w.matchingWithout(f.Parameter), query.Group{Field: field}, fewInStock+blank)
		for _, c := range counts {
			if len(bytes.TrimSpace(c.From.Form)) > 0 {
				cells = append(cells, c.From)
			}
		}
	}

	all := len(cells)
	cells = slices.DeleteFunc(cells, func(c value.Cell) bool { return utf8.RuneCount(c.Form) > maxListed })
	if other > 0 || all > fewInStock {
		return cells[:min(len(cells), someInStock)], false
	}

	return cells, len(cells) == all
}

// nearestNumbers offers the range that a single number probably meant, and the next values above and below the
// requested ones.
func (w *relaxations) nearestNumbers(name string) {
	f := w.generation.catalog.NumberField(name)
	if f == nil {
		return
	}

	parameters, ranges, low, high := w.requestedRanges(f)
	upper, lower := name+"_max", name+"_min"
	if low != "" && high != "" { // a bound would match everything on that side
		upper, lower = name, name
	}

	// A single number may mean a bound: a year "from" it on, anything else "up to" it.
	if ranges == 1 && low == high {
		if name == "year" {
			w.offerNumber(f, parameters, name+"_min", low, name+" from "+low+" on")
		} else {
			w.offerNumber(f, parameters, name+"_max", low, name+" up to "+low)
		}
	}

	// The next numbers that vehicles have. For counts, the number itself is offered instead of a bound.
	if f.Measure().IsCount() {
		upper, lower = name, name
	}

	rest := w.matchingWithout(parameters...)
	if high != "" {
		if next, ok := w.index().NearestNumber(rest, f, high, true); ok {
			w.offerNumber(f, parameters, upper, string(next.Form), "the next "+name+" above: "+string(next.Form))
		}
	}

	if low != "" {
		if next, ok := w.index().NearestNumber(rest, f, low, false); ok {
			w.offerNumber(f, parameters, lower, string(next.Form), "the next "+name+" below: "+string(next.Form))
		}
	}
}

// requestedRanges returns the parameters that ask for numbers of a field, how many ranges they have, and the lowest and
// highest number of the ranges. A number is empty if no range has a bound on its side.
func (w *relaxations) requestedRanges(f *catalog.Field) (parameters []string, ranges int, low, high string) {
	for i := range w.query.Filters {
		filter := &w.query.Filters[i]
		if filter.Field != f || !filter.Use.Includes() {
			continue
		}

		parameters = append(parameters, filter.Parameter)
		ranges += len(filter.Ranges)

		for _, r := range filter.Ranges {
			if r.From != "" && (low == "" || value.CompareDecimals(r.From, low) < 0) {
				low = r.From
			}
			if r.To != "" && (high == "" || value.CompareDecimals(r.To, high) > 0) {
				high = r.To
			}
		}
	}

	return parameters, ranges, low, high
}

// offerNumber offers a number for one parameter of a field, instead of all its parameters.
func (w *relaxations) offerNumber(f *catalog.Field, parameters []string, parameter, number, reason string) {
	if p, ok := w.generation.interpreter.Parameters().Get(parameter); !ok || p.Field != f {
		return // a column has that name
	}
	request := w.requestWithout(parameters...)
	request[parameter] = []string{number}
	w.addAlternative(reason, request)
}

// maxBodies is how many body types of a model are considered.
const maxBodies = 5

// sameBody offers other makes and models with the body type of the requested model.
func (w *relaxations) sameBody() {
	body := w.generation.catalog.TextField("body_type")
	models := query.Query{}

	// Nothing is offered if a body type is requested, or if the make or the model is not in stock.
	asksForModel := false
	for i := range w.query.Filters {
		f := &w.query.Filters[i]
		if !f.Use.Includes() {
			continue
		}

		switch f.Field.Name {
		case "body_type":
			return
		case "make", "model":
			if len(f.InStock) == 0 {
				return
			}
			models.Filters = append(models.Filters, *f)
			asksForModel = asksForModel || f.Field.Name == "model"
		}
	}

	if w.parameterOf(body) == "" || !asksForModel {
		return
	}

	bodies := w.index().DistinctTexts(w.index().Match(&models, nil), body, maxBodies)
	if len(bodies) == 0 {
		return
	}

	request := w.requestWithout("make", "model", "trim")
	request["body_type"] = bodies
	w.addAlternative("others of the same body: "+value.Clean(strings.Join(bodies, ", ")), request)
}
