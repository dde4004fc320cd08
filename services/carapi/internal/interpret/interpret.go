// Package interpret reads what people and language models write, such as "Chevy", "$20k" and max_price, into a query
// that is exact, in values that are in stock. It knows no SQL and no HTTP, and searches nothing: it asks an index which
// values there are. What is not certain stays as it is written: a suggestion is better than a wrong guess.
package interpret

import (
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// Interpreter reads requests about one table. It does not change, and may be used by many requests at once.
type Interpreter struct {
	parameters *query.Parameters
	synonyms   map[string]string // other names of parameters, folded
	vocabulary *value.Vocabulary
}

// New gives the interpreter of a table's requests, with other words for values.
func New(c *catalog.Catalog, vocabulary *value.Vocabulary) *Interpreter {
	p := query.NewParameters(c)
	return &Interpreter{parameters: p, synonyms: newSynonyms(p), vocabulary: vocabulary}
}

// Parameters are the names that requests may use.
func (in *Interpreter) Parameters() *query.Parameters { return in.parameters }

// Notes say where a request was read differently from what was written.
type Notes struct {
	Interpreted map[string]Interpretation `json:"interpreted,omitempty"`  // by the parameter as written
	Ignored     map[string]string         `json:"ignored,omitempty"`      // parameters that ask for nothing, as written
	Unmatched   map[string][]string       `json:"unmatched,omitempty"`    // values that nothing in stock has, by parameter
	NotSearched []string                  `json:"not_searched,omitempty"` // fields whose texts have too many words for q to search
}

func (n *Notes) addUnmatched(parameter, text string) {
	if n.Unmatched == nil {
		n.Unmatched = map[string][]string{}
	}
	n.Unmatched[parameter] = append(n.Unmatched[parameter], text)
}

// Interpretation is how a parameter was read.
type Interpretation struct {
	From string `json:"from"`
	To   any    `json:"to"` // the parameter's values; or values by the parameters that they belong to
	Why  string `json:"why"`

	Values []index.Value `json:"values,omitempty"` // in stock that this stands for
}

// reading is one request while it is read.
type reading struct {
	*Interpreter
	index *index.Index

	allowed []string          // controls, as query.Parse takes them
	given   url.Values        // as written, under the names of parameters
	exact   url.Values        // as read
	as      map[string]string // names as written, where they are other ones
	wrong   []query.ParameterError
	ignored []string // words of q
	notes   Notes
}

// absent are the values by which callers say that they ask for nothing.
var absent = []string{"", "null", "none", "any", "all", "omit", "undefined", "n/a", "no preference"}

// Interpret reads the parameters of a request that may have the allowed controls, and filters if q is among them. An
// error is a query.ParameterErrors.
func (in *Interpreter) Interpret(x *index.Index, values url.Values, allowed ...string) (*query.Query, Notes, error) {
	allowed = append(slices.Clone(allowed), "match")
	r := reading{Interpreter: in, index: x, allowed: allowed, given: url.Values{}, exact: url.Values{}, as: map[string]string{},
		notes: Notes{Interpreted: map[string]Interpretation{}, Ignored: map[string]string{}}}
	if values.Get("match") == query.Exact {
		r.exact = values
	} else {
		r.read(values)
	}

	q, err := in.parameters.Parse(r.exact, allowed...)
	var wrong query.ParameterErrors
	switch {
	case r.wrong != nil:
		_ = errors.As(err, &wrong)
		return nil, Notes{}, query.ParameterErrors{All: append(r.wrong, wrong.All...)}
	case err != nil:
		return nil, Notes{}, err
	}
	r.resolve(q, values.Get("match") != query.Exact)
	r.checkCurrencies(q)
	if r.checkScale(q); r.wrong != nil {
		return nil, Notes{}, query.ParameterErrors{All: r.wrong}
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

// read reads each parameter by its own rules: names first, then values, and free text last, since it gives way to what
// other parameters say.
func (r *reading) read(values url.Values) {
	for _, written := range slices.Sorted(maps.Keys(values)) {
		r.readName(written, values[written])
	}
	for _, name := range slices.Sorted(maps.Keys(r.given)) {
		given := r.given[name]
		p, known := r.parameters.Get(name)
		switch {
		case !known || slices.ContainsFunc(given, func(g string) bool { return len(g) > query.MaxLength }):
			r.exact[name] = append(r.exact[name], given...) // Parse says what is wrong
		case p.Use == query.Control:
			r.readControl(name, given)
		case p.Field.Class() == catalog.Number:
			r.readNumbers(name, p, given)
		case p.Field.Class() == catalog.Text || p.Field.Class() == catalog.List:
			r.readTexts(name, p.Field, given)
		default:
			r.exact[name] = append(r.exact[name], given...)
		}
	}
	if words := r.exact["q"]; len(words) == 1 {
		r.readFreeText(words[0])
	}

	for name, written := range r.as {
		if _, noted := r.notes.Interpreted[written]; !noted {
			r.notes.Interpreted[written] = Interpretation{From: strings.Join(r.given[name], ", "),
				To: map[string][]string{name: r.given[name]}, Why: "another name for " + name}
		}
	}
}

// readName finds the parameter that a name stands for, and leaves out values that ask for nothing.
func (r *reading) readName(written string, values []string) {
	name := r.parameterName(written)
	if _, known := r.parameters.Get(name); !known {
		r.given[name] = values // Parse says what is wrong
		return
	}
	var all, nothing []string
	for _, v := range values {
		if r.isAbsent(name, v) {
			nothing = append(nothing, v)
		} else {
			all = append(all, v)
		}
	}
	if nothing != nil {
		r.notes.Ignored[written] = strings.Join(nothing, ", ")
	}
	if all == nil {
		return
	}
	if name != written {
		r.as[name] = written
	}
	r.given[name] = append(r.given[name], all...)
}

// isAbsent reports whether a value asks for nothing. One that is in stock never does.
func (r *reading) isAbsent(name, given string) bool {
	word := strings.TrimSpace(strings.Trim(strings.TrimSpace(given), `[]"`))
	if !slices.Contains(absent, strings.ToLower(word)) {
		return false
	}
	p, _ := r.parameters.Get(name)
	if p.Field == nil || p.Field.Class() != catalog.Text || word == "" {
		return true
	}
	return r.index.Texts(p.Field) == nil || len(r.index.Lookup(p.Field, word)) == 0
}

// note records that a parameter was read as values of one parameter or of several.
func (r *reading) note(name, why string, to url.Values) {
	written := name
	if as, ok := r.as[name]; ok {
		written, why = as, "another name for "+name+", and "+why
	}
	i := Interpretation{From: strings.Join(r.given[name], ", "), To: to, Why: why}
	if values, same := to[written]; same && len(to) == 1 {
		i.To = values
	}
	r.notes.Interpreted[written] = i
}

// fail records what is wrong with a parameter.
func (r *reading) fail(name, given, expected string) {
	const most = 20
	if len(r.wrong) < most {
		r.wrong = append(r.wrong, query.ParameterError{Parameter: value.Excerpt(name), Received: value.Excerpt(given), Expected: expected})
	}
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

// withoutBrackets turns a JSON array into a list separated by commas: ["a","b"] becomes a,b.
func withoutBrackets(s string) string {
	if items, ok := parseList(s); ok {
		return strings.Join(items, ",")
	}
	return s
}

// unique leaves out what came before.
func unique(all []string) []string {
	var once []string
	for _, s := range all {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	return once
}
