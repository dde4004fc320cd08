package stock

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"carstock/pkg/schema"
)

// A request is written by people and by language models, who say "Chevy", "$20k" and max_price. It is
// read into one that is exact, in values that are in stock, before anything else looks at it. What is
// not certain stays as it is written: a suggestion is better than a wrong guess.

// Notes tell what has been read otherwise than it is written.
type Notes struct {
	Interpreted map[string]Interpretation `json:"interpreted,omitempty"` // by the parameter as written
	Ignored     map[string]string         `json:"ignored,omitempty"`     // parameters that say that nothing is asked for, as written
	Unmatched   map[string][]string       `json:"unmatched,omitempty"`   // values that nothing in stock has, by parameter
}

func (n *Notes) unmatched(parameter, value string) {
	if n.Unmatched == nil {
		n.Unmatched = map[string][]string{}
	}
	n.Unmatched[parameter] = append(n.Unmatched[parameter], value)
}

// Interpretation is how a parameter has been read.
type Interpretation struct {
	From string `json:"from"`
	To   any    `json:"to"` // the parameter's values; or values by the parameters that they are of
	Why  string `json:"why"`
}

// reader reads a request.
type reader struct {
	view
	allowed []string          // controls, as Parse has them
	given   url.Values        // as written, under the names of parameters
	exact   url.Values        // as read
	as      map[string]string // names as written, where they are others
	wrong   []ParameterError
	Notes
}

// absent are the values by which callers say that they ask for nothing.
var absent = []string{"", "null", "none", "any", "all", "omit", "undefined", "n/a", "no preference"}

// matches are what match may say; the first is the default.
var matches = []string{"smart", "exact"}

// request understands the parameters of a request.
func (v view) request(ctx context.Context, values url.Values, allowed ...string) (*Query, error) {
	allowed = append(allowed, "match")
	if values.Get("match") == "exact" {
		return v.Parse(values, allowed...)
	}
	r := reader{view: v, allowed: allowed, given: url.Values{}, exact: url.Values{}, as: map[string]string{},
		Notes: Notes{Interpreted: map[string]Interpretation{}, Ignored: map[string]string{}}}
	if err := r.read(ctx, values); err != nil {
		return nil, err
	}
	q, err := v.Parse(r.exact, allowed...)
	var wrong ParameterErrors
	switch {
	case r.wrong != nil:
		_ = errors.As(err, &wrong)
		return nil, ParameterErrors{All: append(r.wrong, wrong.All...)}
	case err != nil:
		return nil, err
	}
	q.notes = r.Notes
	return q, nil
}

func (r *reader) read(ctx context.Context, values url.Values) error {
	for _, written := range slices.Sorted(maps.Keys(values)) {
		name := r.name(written)
		if _, known := r.parameters[name]; !known {
			r.given[name] = values[written] // Parse says what is wrong
			continue
		}
		var all, nothing []string
		for _, value := range values[written] {
			if r.absent(ctx, name, value) {
				nothing = append(nothing, value)
			} else {
				all = append(all, value)
			}
		}
		if nothing != nil {
			r.Ignored[written] = strings.Join(nothing, ", ")
		}
		if all == nil {
			continue
		}
		if name != written {
			r.as[name] = written
		}
		r.given[name] = append(r.given[name], all...)
	}
	for _, name := range slices.Sorted(maps.Keys(r.given)) {
		given := r.given[name]
		p, known := r.parameters[name]
		var err error
		switch {
		case !known || slices.ContainsFunc(given, func(g string) bool { return len(g) > MaxLength }):
			r.exact[name] = append(r.exact[name], given...) // Parse says what is wrong
		case p.op == control:
			r.control(name, given)
		case p.field.class() == number:
			r.numbers(name, p, given)
		case p.field.class() == text || p.field.class() == list:
			err = r.words(ctx, name, p.field, given)
		default:
			r.exact[name] = append(r.exact[name], given...)
		}
		if err != nil {
			return err
		}
	}
	if words := r.exact["q"]; len(words) == 1 { // last, since it gives way to what is said elsewhere
		if err := r.query(ctx, words[0]); err != nil {
			return err
		}
	}
	for name, written := range r.as {
		if _, told := r.Interpreted[written]; !told {
			r.Interpreted[written] = Interpretation{From: strings.Join(r.given[name], ", "), To: map[string][]string{name: r.given[name]}, Why: "another name for " + name}
		}
	}
	return nil
}

// tell notes that a parameter has been read as values of one or of several.
func (r *reader) tell(name, why string, to url.Values) {
	written := name
	if as, ok := r.as[name]; ok {
		written, why = as, "another name for "+name+", and "+why
	}
	i := Interpretation{From: strings.Join(r.given[name], ", "), To: to, Why: why}
	if values, same := to[written]; same && len(to) == 1 {
		i.To = values
	}
	r.Interpreted[written] = i
}

// name is the parameter that a name stands for; itself, if it is none that is known.
func (r *reader) name(written string) string {
	if _, ok := r.parameters[written]; ok {
		return written
	}
	if p, ok := r.synonyms[foldParameter(written)]; ok && permitted(p, r.parameters[p], r.allowed) {
		return p
	}
	return written
}

// absent reports whether a value says that nothing is asked for. One that is in stock never does.
func (r *reader) absent(ctx context.Context, name, given string) bool {
	word := strings.TrimSpace(strings.Trim(strings.TrimSpace(given), `[]"`))
	if !slices.Contains(absent, strings.ToLower(word)) {
		return false
	}
	if f := r.parameters[name].field; f != nil && f.class() == text && word != "" {
		meant, known, err := r.vocabulary.resolve(ctx, f, word)
		return err != nil || !known || len(meant) == 0
	}
	return true
}

// foldParameter reduces a name to what it says: maxPrice, max_price and max-price are one.
func foldParameter(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("_- []", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// otherControls are other names of the controls.
var otherControls = map[string][]string{
	"limit":         {"rows", "perpage", "pagesize", "maxresults", "numresults", "resultsperpage", "top"},
	"q":             {"query", "search", "keyword", "keywords", "searchterm", "searchquery", "freetext"},
	"sort":          {"sortby", "orderby", "order", "sorting"},
	"fields":        {"select", "columns"},
	"cursor":        {"nextcursor", "pagetoken", "nextpagetoken"},
	"include_total": {"withtotal", "counttotal"},
	"max_chars":     {"maxcharacters"},
}

// newSynonyms are the other names of the parameters, folded. One that could be two is none.
func (r *Registry) newSynonyms() map[string]string {
	all, twice := map[string]string{}, map[string]bool{}
	add := func(word, name string) {
		if _, ok := r.parameters[name]; !ok {
			return
		}
		if other, taken := all[word]; taken && other != name {
			twice[word] = true
		}
		all[word] = name
	}
	canonical := map[string][]string{}
	for _, v := range schema.VehicleFields {
		canonical[v.Name] = v.Synonyms
	}
	for i := range r.Fields {
		f := &r.Fields[i]
		words := append([]string{foldParameter(f.Name), foldParameter(f.Column.Name)}, canonical[f.Name]...)
		for _, word := range slices.Compact(words) {
			if f.Name != "id" || word == "id" {
				add(word, f.Name)
			}
			for _, prefix := range []string{"min", "minimum", "atleast", "from", "over", "above"} {
				add(prefix+word, f.Name+"_min")
			}
			for _, prefix := range []string{"max", "maximum", "atmost", "upto", "under", "below"} {
				add(prefix+word, f.Name+"_max")
			}
			for _, suffix := range []string{"min", "minimum", "atleast", "gte", "ge", "from", "over", "above"} {
				add(word+suffix, f.Name+"_min")
			}
			for _, suffix := range []string{"max", "maximum", "atmost", "lte", "le", "to", "upto", "under", "below"} {
				add(word+suffix, f.Name+"_max")
			}
		}
	}
	add("budget", "price_max")
	add("maxbudget", "price_max")
	for word := range twice {
		delete(all, word)
	}
	names := map[string][]string{} // what is written in another case, or with other signs, wins
	for name := range r.parameters {
		names[foldParameter(name)] = append(names[foldParameter(name)], name)
	}
	for word, same := range names {
		if delete(all, word); len(same) == 1 {
			all[word] = same[0]
		}
	}
	for name, words := range otherControls {
		for _, word := range words {
			if _, taken := all[word]; !taken {
				all[word] = name
			}
		}
	}
	return all
}

// control reads a parameter that is no filter.
func (r *reader) control(name string, given []string) {
	read := slices.Clone(given)
	switch name {
	case "include_total":
		for i, g := range read {
			switch strings.ToLower(strings.TrimSpace(g)) {
			case "true", "1", "yes", "on":
				read[i] = "true"
			case "false", "0", "no", "off":
				read[i] = "false"
			}
		}
	case "sort":
		for i, g := range read {
			read[i] = r.order(g)
		}
	case "fields", "facets":
		for i, g := range read {
			var names []string
			for part := range strings.SplitSeq(unbracketed(g), ",") {
				names = append(names, r.fieldName(strings.TrimSpace(part)))
			}
			read[i] = strings.Join(names, ",")
		}
	default:
		for i, g := range read {
			if read[i] = strings.TrimSpace(g); name == "limit" || name == "max_chars" {
				read[i] = strings.TrimSuffix(read[i], ".0")
			}
		}
	}
	if !slices.Equal(read, given) && strings.Join(read, "") != strings.Join(trimmed(given), "") {
		r.tell(name, "other words", url.Values{name: read})
	}
	r.exact[name] = append(r.exact[name], read...)
}

func trimmed(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = strings.TrimSpace(s)
	}
	return out
}

// fieldName is the field that a name stands for; itself, if it is none that is known.
func (r *reader) fieldName(written string) string {
	if r.byName[written] == nil {
		if p, ok := r.synonyms[foldParameter(written)]; ok && r.byName[p] != nil {
			return p
		}
	}
	return written
}

// orders are words for an order.
var orders = map[string]string{
	"cheapest": "price", "cheapest first": "price", "lowest price": "price", "price low to high": "price", "most expensive": "-price", "highest price": "-price", "price high to low": "-price",
	"lowest mileage": "mileage", "highest mileage": "-mileage", "newest year": "-year", "oldest year": "year",
}

// order reads what to sort by: price, -price, price:desc, price_desc, "price desc", "cheapest".
func (r *reader) order(given string) string {
	var all []string
	for part := range strings.SplitSeq(unbracketed(given), ",") {
		part = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(part), "+"))
		words := strings.Join(strings.FieldsFunc(strings.ToLower(part), func(c rune) bool { return c == ' ' || c == '_' || c == ':' }), " ")
		minus, name := strings.HasPrefix(part, "-"), strings.TrimPrefix(part, "-")
		switch {
		case r.byName[name] != nil:
		case orders[words] != "":
			part = orders[words]
		default:
			words = strings.NewReplacer("-", " ", ".", " ", "|", " ").Replace(strings.TrimPrefix(words, "-"))
			field, down := words, minus
			for _, direction := range []string{" descending", " desc", " ascending", " asc"} {
				if before, ok := strings.CutSuffix(words, direction); ok {
					field, down = before, strings.HasPrefix(direction, " desc")
					break
				}
			}
			if f := r.fieldName(strings.ReplaceAll(strings.TrimPrefix(field, "-"), " ", "_")); r.byName[f] != nil {
				part = f
				if down {
					part = "-" + f
				}
			}
		}
		all = append(all, part)
	}
	return strings.Join(all, ",")
}

// unbracketed takes the signs of a JSON array off a list: ["a","b"] is a,b.
func unbracketed(s string) string {
	if items, ok := jsonList(s); ok {
		return strings.Join(items, ",")
	}
	return s
}

// jsonList reads an array of texts or numbers.
func jsonList(s string) ([]string, bool) {
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

// numbers reads what is asked of a field of numbers.
func (r *reader) numbers(name string, p parameter, given []string) {
	var all []string
	for _, g := range given {
		if items, ok := jsonList(g); ok {
			all = append(all, items...)
		} else {
			all = append(all, g)
		}
	}
	read, out, why := []string{}, url.Values{}, ""
	for _, g := range all {
		if p.field.plain(g) {
			read = append(read, g)
			continue
		}
		a, ok := p.field.amount(g)
		switch single := a.from == a.to; {
		case !ok, p.op == from && a.from == "", p.op == from && a.to != "" && !single, p.op == to && a.to == "", p.op == to && a.from != "" && !single:
			read = append(read, r.each(p, g, &why)...)
			continue
		case p.op == from, single:
			read = append(read, a.from)
		case p.op == to:
			read = append(read, a.to)
		case a.to == "":
			out.Add(name+"_min", a.from)
		case a.from == "":
			out.Add(name+"_max", a.to)
		default:
			read = append(read, a.from+"-"+a.to)
		}
		why = a.why
	}
	if len(read) > 0 {
		out[name] = read
	}
	if why != "" {
		r.tell(name, why, out)
	}
	for n, values := range out {
		r.exact[n] = append(r.exact[n], values...)
	}
}

// each reads the parts of a list that as a whole is no amount.
func (r *reader) each(p parameter, given string, why *string) []string {
	parts := strings.Split(given, ",")
	if p.op != in || len(parts) < 2 || inGroups.MatchString(given) {
		if p.op == in && inGroups.MatchString(given) { // which Parse would take for several values
			r.fail(p.field.Name, given, p.field.expects()+"; write 20000 for 20,000")
			return nil
		}
		return []string{given}
	}
	for i, part := range parts {
		if p.field.plain(part) {
			continue
		}
		a, ok := p.field.amount(part)
		switch {
		case !ok || a.from == "" || a.to == "":
			return []string{given}
		case a.from == a.to:
			parts[i] = a.from
		default:
			parts[i] = a.from + "-" + a.to
		}
		*why = a.why
	}
	return parts
}

// fail notes what is wrong with a parameter.
func (r *reader) fail(name, given, expected string) {
	if len(r.wrong) < maxWrong {
		r.wrong = append(r.wrong, ParameterError{Parameter: shown(name), Received: shown(given), Expected: expected})
	}
}

// plain reports whether Parse reads a text as people mean it. 20,000 is no 20 and 0, and 30.000 no 30.
func (f *Field) plain(given string) bool {
	if inGroups.MatchString(given) && (strings.Contains(given, ",") || slices.Contains(money, f.Name) || f.Name == "mileage") {
		return false
	}
	for part := range strings.SplitSeq(given, ",") {
		if _, ok := f.span(strings.TrimSpace(part)); !ok {
			return false
		}
	}
	return true
}
