// Package interpret turns what people and language models write, such as "Chevy", "$20k" and max_price, into an exact
// query over values in stock. It asks an index which values exist, and keeps what is not certain as written: a
// suggestion is better than a wrong guess. It does not search, and knows no SQL and no HTTP.
package interpret

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// Interpreter reads requests about one table. It is immutable and safe for concurrent use.
type Interpreter struct {
	parameters *query.Parameters
	synonyms   map[string]string // other names of parameters, folded
	vocabulary *value.Vocabulary
}

// New returns the interpreter for a table's requests. The vocabulary has other words for values.
func New(c *catalog.Catalog, vocabulary *value.Vocabulary) *Interpreter {
	p := query.NewParameters(c)
	return &Interpreter{parameters: p, synonyms: newSynonyms(p), vocabulary: vocabulary}
}

// Parameters returns the names that requests may use.
func (in *Interpreter) Parameters() *query.Parameters { return in.parameters }

// Notes says where a request was read differently from how it was written. Package answer has the descriptions of its
// members in the schemas of answers.
type Notes struct {
	Interpreted map[string]Interpretation `json:"interpreted,omitempty"`  // parameters not read as written
	Ignored     map[string]string         `json:"ignored,omitempty"`      // parameters that ask for nothing
	Unmatched   map[string][]string       `json:"unmatched,omitempty"`    // values that nothing in stock has, by parameter
	NotSearched []string                  `json:"not_searched,omitempty"` // fields that have too many words for q

	NotUnderstood []string `json:"not_understood,omitempty"` // words of q that do not filter
}

func (n *Notes) addUnmatched(parameter, text string) {
	if n.Unmatched == nil {
		n.Unmatched = map[string][]string{}
	}
	n.Unmatched[parameter] = append(n.Unmatched[parameter], value.Excerpt(text))
}

// Interpretation says how a parameter was read.
type Interpretation struct {
	From   string `json:"from"`
	To     any    `json:"to"` // the values of this parameter, or values by parameter if there are several
	Reason string `json:"why"`

	Values []index.Value `json:"values,omitempty"` // the values in stock that match
}

// requestReader reads one request.
type requestReader struct {
	*Interpreter
	index *index.Index

	allowed     []string                 // controls, as query.Parse takes them
	written     url.Values               // as written, under the names of parameters
	exact       url.Values               // as read
	origins     map[string][]valueOrigin // of what is given, by parameter
	interpreted map[string]*pendingNote  // by the parameter as written
	direction   string                   // asc or desc, where it stands apart from sort
	errs        []query.ParameterError
	notes       Notes
}

// valueOrigin says where the values of a parameter were written.
type valueOrigin struct {
	written string // the parameter as written
	from    string // its value
	reason  string // why the parameter is another one; empty for its own name
}

// pendingNote collects what becomes an Interpretation.
type pendingNote struct {
	from    string
	to      url.Values
	reasons []string
}

// absentValues are what callers write when they ask for nothing.
var absentValues = []string{
	"", "null", "none", "any", "all", "omit", "undefined", "n/a", "no preference",
	"doesnt matter", "does not matter", "dont care", "do not care", "not important", "not specified", "unspecified",
	"whatever",
}

// Interpret reads the parameters of a request. The request may have the allowed controls, and filters if q is among
// them. An error is a query.ParameterErrors.
func (in *Interpreter) Interpret(x *index.Index, values url.Values, allowed ...string) (*query.Query, Notes, error) {
	allowed = append(slices.Clone(allowed), "match")
	q, notes, err := in.interpretOnce(x, values, allowed)

	// The corrected request is interpreted too when it is sent, so it is offered only if that succeeds.
	var wrong query.ParameterErrors
	if !errors.As(err, &wrong) || wrong.Retry == nil {
		return q, notes, err
	}
	if _, _, err := in.interpretOnce(x, wrong.Retry, allowed); err != nil {
		wrong.Retry = nil
	}

	return nil, Notes{}, wrong
}

// interpretOnce does what Interpret does, without interpreting the corrected request.
func (in *Interpreter) interpretOnce(x *index.Index, values url.Values, allowed []string) (*query.Query, Notes, error) {
	r := requestReader{
		Interpreter: in, index: x, allowed: allowed, written: url.Values{}, exact: url.Values{},
		origins: map[string][]valueOrigin{}, interpreted: map[string]*pendingNote{},
		notes: Notes{Interpreted: map[string]Interpretation{}, Ignored: map[string]string{}},
	}
	if values.Get("match") == query.MatchExact {
		r.exact = values
	} else {
		r.readParameters(values)
	}

	// Report the mistakes of interpreting and of parsing together.
	q, err := in.parameters.Parse(r.exact, allowed...)
	var wrong query.ParameterErrors
	switch {
	case r.errs != nil:
		_ = errors.As(err, &wrong)
		return nil, Notes{}, in.parameters.Errors(r.exact, append(r.errs, wrong.All...), wrong.LeftOut, allowed)
	case err != nil:
		return nil, Notes{}, err
	}

	// Find the values in stock, and check what depends on them.
	r.resolve(q, values.Get("match") != query.MatchExact)
	r.checkCurrencies(q)
	r.checkGroups(q)

	if r.checkScale(q); r.errs != nil {
		return nil, Notes{}, in.parameters.Errors(r.exact, r.errs, 0, allowed)
	}

	if len(q.Words) > 0 {
		for _, name := range query.SearchedFields {
			if f := in.parameters.Catalog.TextField(name); f != nil && f.IsLong() && !x.SearchesWords(f) {
				r.notes.NotSearched = append(r.notes.NotSearched, name)
			}
		}
	}

	return q, r.notes, nil
}

// readParameters reads each parameter by its own rules: names first, then values. Free text comes last because it
// yields to other parameters.
func (r *requestReader) readParameters(values url.Values) {
	for _, written := range slices.Sorted(maps.Keys(values)) {
		r.readParameter(written, values[written])
	}

	for _, name := range slices.Sorted(maps.Keys(r.written)) {
		given := r.written[name]
		p, known := r.parameters.Get(name)
		switch {
		case !known || isTooMuch(given):
			r.exact[name] = append(r.exact[name], given...) // Parse says what is wrong
		case p.Use == query.UseControl:
			r.readControl(name, given)
		case p.Field.Class() == catalog.ClassNumber:
			r.readNumbers(name, p, given)
		case isTextual(p.Field):
			r.readTexts(name, p.Field, given)
		default:
			r.readInstants(name, p.Field, given)
		}
	}

	if r.direction != "" && !r.written.Has("sort") {
		r.fail("order", r.direction, "order is the direction of sort, but there is no sort; send both, as in "+
			"sort=price&order="+r.direction)
	}

	if words := r.exact["q"]; len(words) == 1 && len(words[0]) <= query.MaxLength {
		r.readFreeText(words[0])
	}

	r.finishNotes()
}

// isTooMuch reports whether the values of a parameter exceed the limits of any request.
func isTooMuch(values []string) bool {
	count := 0
	for _, v := range values {
		if len(v) > query.MaxLength {
			return true
		}
		count += strings.Count(v, ",") + 1
	}
	return count > query.MaxValues
}

// addValue adds a value to a parameter. It keeps the origin of a value that is read differently from how it was
// written.
func (r *requestReader) addValue(name, text string, from valueOrigin) {
	r.written[name] = append(r.written[name], text)
	if from.reason != "" && !slices.Contains(r.origins[name], from) {
		r.origins[name] = append(r.origins[name], from)
	}
}

// readParameter finds the parameter that a name stands for, drops values that ask for nothing, and splits the others
// into wanted and unwanted ones.
func (r *requestReader) readParameter(written string, values []string) {
	name := r.parameterName(written)
	if isTooMuch(values) {
		r.written[name] = values // Parse says so
		return
	}
	if r.readSpecialName(written, values) {
		return
	}

	p, known := r.parameters.Get(name)
	if !known {
		r.written[name] = values // Parse says what is wrong
		return
	}

	from := valueOrigin{written: written, from: strings.Join(values, ", ")}
	if name != written {
		from.reason = "another name for " + name
	}

	var nothing []string // values that ask for nothing
	for _, v := range values {
		// make_not=null asks for vehicles with a make, as has=make does.
		if p.Use == query.UseExcluded && strings.EqualFold(strings.TrimSpace(v), "null") {
			r.addConditions(name, query.Parameter{Field: p.Field}, "!null", valueOrigin{written: written, from: v})
			continue
		}

		if r.isAbsent(name, v) {
			nothing = append(nothing, v)
			continue
		}

		if p.Use == query.UseControl {
			r.addValue(name, v, from)
			continue
		}

		r.addConditions(name, p, withNamedUnit(written, p.Field, v), from)
	}

	if nothing != nil {
		r.notes.Ignored[value.Excerpt(written)] = value.Excerpt(strings.Join(nothing, ", "))
	}
}

// kilometersInName finds the unit in a name such as max_km.
var kilometersInName = regexp.MustCompile(`(?i)(?:^|[_\W])k(?:ilo)?m(?:et(?:er|re))?s?(?:$|[_\W])|Km\b`)

// rangeName finds a parameter whose two values are the ends of a range.
var rangeName = regexp.MustCompile(`(?i)(?:range|between)\W*$`)

// withNamedUnit adds to a value what the parameter's name says: the unit in max_km=80000, or that two values are a
// range.
func withNamedUnit(written string, f *catalog.Field, text string) string {
	if parts := strings.Split(text, ","); len(parts) == 2 && rangeName.MatchString(written) &&
		f.Class() == catalog.ClassNumber {
		return parts[0] + "-" + parts[1] // price_range=10000,20000
	}
	if m := f.Measure(); m.IsDistance() && m.Unit == "mi" && kilometersInName.MatchString(written) &&
		value.Digits(text) == text && text != "" {
		return text + " km"
	}
	return text
}

// addConditions splits a filter value into conditions and adds each to the parameter that expresses it.
func (r *requestReader) addConditions(name string, p query.Parameter, text string, from valueOrigin) {
	all, changed, ok := r.splitConditions(name, p, text)
	if !ok {
		return
	}
	if !changed {
		r.addValue(name, text, from)
		return
	}

	for _, c := range all {
		target, ok := r.parameterFor(p.Field, c.use)
		if !ok {
			r.fail(from.written, text, fmt.Sprintf("%s has no order to compare by; send %s=... or %s_not=...", p.Field.Name,
				p.Field.Name, p.Field.Name))
			return
		}

		// The values of has and missing are names of fields.
		v := c.value
		if !c.use.Compares() {
			v = p.Field.Name
		}

		origin := from
		switch {
		case c.use == query.UseExcluded && p.Use != query.UseExcluded:
			origin.reason = "an exclusion"
		case target != name || from.reason == "":
			origin.reason = "an operator"
		}

		r.addValue(target, v, origin)
	}
}

// isAbsent reports whether a value asks for nothing. A value in stock never does.
func (r *requestReader) isAbsent(name, given string) bool {
	word := strings.TrimSpace(strings.Trim(strings.TrimSpace(given), `[]"`))
	if !slices.Contains(absentValues, strings.ToLower(apostropheRemover.Replace(word))) {
		return false
	}

	p, _ := r.parameters.Get(name)
	if p.Field == nil || p.Field.Class() != catalog.ClassText || word == "" {
		return true
	}

	return r.index.Texts(p.Field) == nil || len(r.index.Lookup(p.Field, word)) == 0
}

// note records that a parameter was read as values of one or more parameters.
func (r *requestReader) note(name, reason string, to url.Values) {
	origins := r.origins[name]
	if len(origins) == 0 {
		origins = []valueOrigin{{written: name, from: strings.Join(r.written[name], ", ")}}
	}

	for _, o := range origins {
		r.noteFrom(o, reason, to)
	}
}

// noteFrom records that the text at an origin was read as values of parameters.
func (r *requestReader) noteFrom(o valueOrigin, reason string, to url.Values) {
	n := r.interpreted[o.written]
	if n == nil {
		n = &pendingNote{from: o.from, to: url.Values{}}
		r.interpreted[o.written] = n
	}

	for name, values := range to {
		n.to[name] = values
	}

	for _, added := range []string{o.reason, reason} {
		if added != "" && !slices.Contains(n.reasons, added) {
			n.reasons = append(n.reasons, added)
		}
	}
}

// finishNotes notes parameters that only came under another name, and writes all notes.
func (r *requestReader) finishNotes() {
	for _, name := range slices.Sorted(maps.Keys(r.origins)) {
		for _, o := range r.origins[name] {
			to, n := r.exact[name], r.interpreted[o.written]
			if to == nil && n != nil {
				continue // it became other parameters
			}

			if to == nil {
				to = r.written[name]
			}

			if n == nil || !n.to.Has(name) && o.reason != "" {
				r.noteFrom(o, "", url.Values{name: to})
			}
		}
	}

	// A note about the same parameter alone has its values, without its name.
	for written, n := range r.interpreted {
		i := Interpretation{From: value.Shorten(n.from, query.MaxLength), To: n.to, Reason: strings.Join(n.reasons, ", and ")}
		if values, same := n.to[written]; same && len(n.to) == 1 {
			i.To = values
		}
		r.notes.Interpreted[written] = i
	}
}

// fail records a mistake in a parameter.
func (r *requestReader) fail(name, given, expected string) {
	r.errs = append(r.errs, query.ParameterError{
		Parameter: value.Excerpt(name), Received: value.Excerpt(given),
		Expected: expected,
	})
}

// parseList reads a JSON array of texts or numbers.
func parseList(s string) ([]string, bool) {
	if s = strings.TrimSpace(s); !strings.HasPrefix(s, "[") {
		return nil, false
	}

	decoder := json.NewDecoder(strings.NewReader(s))
	decoder.UseNumber()

	var all []any
	if decoder.Decode(&all) != nil || decoder.More() || len(all) == 0 {
		return nil, false
	}

	texts := make([]string, len(all))
	for i, item := range all {
		switch item := item.(type) {
		case string:
			texts[i] = item
		case json.Number:
			texts[i] = item.String()
		default:
			return nil, false
		}
	}

	return texts, true
}

// withoutBrackets turns a JSON array into a comma-separated list: ["a","b"] becomes a,b.
func withoutBrackets(s string) string {
	if items, ok := parseList(s); ok {
		return strings.Join(items, ",")
	}
	return s
}

// uniqueTexts returns the texts without repetitions, in order.
func uniqueTexts(all []string) []string {
	var once []string
	for _, s := range all {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	return once
}
