package stock

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of what one request may ask.
const (
	DefaultLimit = 20
	MaxLimit     = 100  // vehicles in an answer
	MaxValues    = 100  // values of one parameter
	MaxWords     = 10   // words of q
	MaxLength    = 1000 // bytes of one parameter's value; a cursor may be longer
	maxWrong     = 20   // errors in an answer, each of which lists what there is
)

// Query is a search, as understood.
type Query struct {
	Filters []Filter // in the order of their parameters' names
	Words   []string // each of which a vehicle has somewhere in its make, model, trim, engine or description
	Sort    []Order  // the last of which is the id
	Limit   int
	Total   bool     // whether all vehicles that match are counted
	Shown   []*Field // of each vehicle
	Facets  []*Field

	MaxChars int // of the answer

	notes    Notes
	registry *Registry
	values   url.Values // as read
	after    []any      // the last vehicle's values in Sort, behind which the page begins; nil for the first
	place    string     // the same, as the cursor tells them
	skip     int        // vehicles in that place that earlier pages have shown; 0 if there are no others in it
}

// match is how the request has been read.
func (q *Query) match() string {
	if given := q.values.Get("match"); given != "" {
		return given
	}
	return matches[0]
}

// Filter holds the vehicles that have a value which one of its Spans or Texts takes in. Vehicles
// without a value in the field never match.
type Filter struct {
	Parameter string
	Field     *Field
	Texts     []string // as given, for a text or a list
	Meant     []string // the values in stock that they are; filled in by the search
	Spans     []Span   // for numbers and times
}

// Span is a range of numbers, both ends included, or of times, the upper end excluded. An empty end
// is open.
type Span struct {
	From, To string
	Given    string // as JSON tells it
}

// Order is a field to order by.
type Order struct {
	Field *Field
	Down  bool
}

func (o Order) String() string {
	if o.Down {
		return "-" + o.Field.Name
	}
	return o.Field.Name
}

// op is what a parameter does with its field.
type op int

const (
	in op = iota
	from
	to
	control // no field
)

// parameter is what a name in a request stands for.
type parameter struct {
	field *Field
	op    op
}

// controls are the parameters that are no filter, with what they expect.
var controls = map[string]string{
	"q":             "words to look for in make, model, trim, engine and description",
	"sort":          "fields to order by, separated by commas, the larger first after a minus, such as -year,price",
	"limit":         fmt.Sprintf("a whole number from 1 to %d", MaxLimit),
	"cursor":        "the cursor of an answer to this same search",
	"fields":        "fields to show, separated by commas",
	"facets":        "fields whose values are counted, separated by commas",
	"include_total": "true or false",
	"view":          "summary or full",
	"max_chars":     fmt.Sprintf("a whole number from %d to %d", MinChars, MaxChars),
	"match":         "smart, which reads what people write, or exact",
}

// newParameters are the names that a request may use. A field wins over the bound of another whose
// name it has, and a control over both.
func (r *Registry) newParameters() map[string]parameter {
	p := map[string]parameter{}
	for name := range controls {
		p[name] = parameter{op: control}
	}
	for i := range r.Fields {
		f := &r.Fields[i]
		if _, taken := p[f.Name]; !taken && f.class() != opaque {
			p[f.Name] = parameter{field: f}
		}
	}
	for i := range r.Fields {
		f := &r.Fields[i]
		if f.class() != number && f.class() != instant {
			continue
		}
		for suffix, op := range map[string]op{"_min": from, "_max": to} {
			if _, taken := p[f.Name+suffix]; !taken {
				p[f.Name+suffix] = parameter{field: f, op: op}
			}
		}
	}
	return p
}

// parser collects what is wrong with a request, since all of it is told at once.
type parser struct {
	*Registry
	Query
	wrong []ParameterError
}

func (p *parser) fail(parameter, received string, suggestions []string, format string, args ...any) {
	if len(p.wrong) == maxWrong {
		return
	}
	p.wrong = append(p.wrong, ParameterError{Parameter: shown(parameter), Received: shown(received), Expected: fmt.Sprintf(format, args...), Suggestions: suggestions})
}

// mend adds to the last mistake what would be right.
func (p *parser) mend(right url.Values) {
	if len(p.wrong) < maxWrong {
		p.wrong[len(p.wrong)-1].mended = right
	}
}

// Parse understands the parameters of a request that may have the given controls, and filters if q is
// among them. The error, if any, is a ParameterErrors: nothing is left out or cut down in silence.
func (r *Registry) Parse(values url.Values, allowed ...string) (*Query, error) {
	p := parser{Registry: r, Query: Query{Limit: DefaultLimit, MaxChars: MaxChars, Total: true, registry: r, values: values}}
	for i := range r.Fields {
		p.Shown = append(p.Shown, &r.Fields[i])
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if len(p.wrong) == maxWrong {
			break
		}
		known, ok := r.parameters[name]
		if !ok || !permitted(name, known, allowed) {
			names := r.permitted(allowed)
			near := nearest(name, names)
			p.fail(name, strings.Join(values[name], ","), near, "one of the parameters %s", strings.Join(names, ", "))
			if len(near) == 1 && values[near[0]] == nil && slight(name, near[0]) {
				p.mend(url.Values{name: nil, near[0]: values[name]})
			}
			continue
		}
		p.parameter(name, known, values[name])
	}
	p.bounds()
	p.Sort = p.ordered()
	if cursor := values.Get("cursor"); p.wrong == nil && cursor != "" {
		p.cursor(cursor)
	}
	if p.wrong != nil {
		return nil, ParameterErrors{p.wrong, retry(values, p.wrong)}
	}
	return &p.Query, nil
}

func permitted(name string, p parameter, controls []string) bool {
	if p.op != control {
		name = "q"
	}
	return slices.Contains(controls, name)
}

// permitted lists the parameters of a request that may have some of the controls.
func (r *Registry) permitted(controls []string) []string {
	var names []string
	for name, p := range r.parameters {
		if permitted(name, p, controls) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (p *parser) parameter(name string, known parameter, given []string) {
	var parts []string
	for _, g := range given {
		if len(g) > MaxLength && name != "cursor" {
			p.fail(name, g, nil, "at most %d bytes", MaxLength)
			return
		}
		if !utf8.ValidString(g) {
			p.fail(name, g, nil, "text in UTF-8")
			return
		}
		for part := range strings.SplitSeq(g, ",") {
			if strings.TrimSpace(part) == "" {
				p.fail(name, g, nil, "a value, or the parameter left out")
				if len(given) == 1 && len(parts) == 0 && strings.Trim(g, ", ") == "" {
					p.mend(url.Values{name: nil})
				}
				return
			}
			parts = append(parts, strings.TrimSpace(part))
		}
	}
	several := known.op == in || name == "sort" || name == "fields" || name == "facets"
	switch {
	case len(parts) > MaxValues:
		p.fail(name, strings.Join(given, ","), nil, "at most %d values", MaxValues)
	case !several && len(given) > 1:
		p.fail(name, strings.Join(given, ","), nil, "the parameter once")
	case known.op == control:
		p.control(name, given[0], parts)
	case known.field.class() == text || known.field.class() == list:
		// Not in parts: a value in stock may hold a comma.
		p.Filters = append(p.Filters, Filter{Parameter: name, Field: known.field, Texts: given})
	case known.op != in:
		span, ok := known.field.span(given[0])
		if !ok || !span.one(known.field) {
			p.fail(name, given[0], nil, "%s", known.field.expectsOne())
			return
		}
		if known.op == from {
			span.To = ""
		} else {
			span.From = ""
		}
		p.Filters = append(p.Filters, Filter{Parameter: name, Field: known.field, Spans: []Span{span}})
	default:
		f := Filter{Parameter: name, Field: known.field}
		for _, part := range parts {
			span, ok := known.field.span(part)
			if !ok {
				p.fail(name, part, nil, "%s", known.field.expects())
				return
			}
			f.Spans = append(f.Spans, span)
		}
		p.Filters = append(p.Filters, f)
	}
}

func (p *parser) control(name, given string, parts []string) {
	switch name {
	case "limit":
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 || n > MaxLimit {
			p.fail(name, given, nil, "%s", controls[name])
			if n > MaxLimit {
				p.mend(url.Values{name: {strconv.Itoa(MaxLimit)}})
			}
		}
		p.Limit = n
	case "include_total":
		if given != "true" && given != "false" {
			p.fail(name, given, nil, "%s", controls[name])
		}
		p.Total = given == "true"
	case "max_chars":
		n, err := strconv.Atoi(given)
		if err != nil || n < MinChars || n > MaxChars {
			p.fail(name, given, nil, "%s", controls[name])
			if n > MaxChars {
				p.mend(url.Values{name: nil})
			}
		}
		p.MaxChars = n
	case "view":
		switch _, fields := p.values["fields"]; {
		case !slices.Contains(views, given):
			p.fail(name, given, nearest(given, views), "%s", controls[name])
		case fields:
			p.fail(name, given, nil, "view or fields, not both")
		case given == "summary":
			p.Shown = p.inSummary()
		}
	case "match":
		if !slices.Contains(matches, given) {
			p.fail(name, given, nearest(given, matches), "%s", controls[name])
		}
	case "q":
		for _, word := range strings.Fields(given) {
			if Fold(word) != "" { // a dash between two words is none
				p.Words = append(p.Words, word)
			}
		}
		if len(p.Words) == 0 || len(p.Words) > MaxWords {
			p.fail(name, given, nil, "1 to %d words, with letters or digits", MaxWords)
		}
	case "sort":
		for _, part := range parts {
			field, down := strings.CutPrefix(part, "-")
			if f := p.named(name, field, (*Field).Sorts); f != nil {
				if slices.ContainsFunc(p.Sort, func(o Order) bool { return o.Field == f }) {
					p.fail(name, given, nil, "each field once")
					return
				}
				p.Sort = append(p.Sort, Order{f, down})
			}
		}
	case "fields":
		p.Shown = nil
		for _, part := range parts {
			if f := p.named(name, part, func(*Field) bool { return true }); f != nil && !slices.Contains(p.Shown, f) {
				p.Shown = append(p.Shown, f)
			}
		}
	case "facets":
		for _, part := range parts {
			if f := p.named(name, part, (*Field).Facets); f != nil && !slices.Contains(p.Facets, f) {
				p.Facets = append(p.Facets, f)
			}
		}
	}
}

// views are what view may say; the last is the default.
var views = []string{"summary", "full"}

// summarized are the fields of the summary view.
var summarized = []string{"id", "make", "model", "year", "trim", "price", "mileage", "color", "city", "listing_url"}

func (r *Registry) inSummary() []*Field {
	var shown []*Field
	for _, name := range summarized {
		if f := r.byName[name]; f != nil {
			shown = append(shown, f)
		}
	}
	return shown
}

// named is the field of a name, if it can serve; else it fails.
func (p *parser) named(parameter, name string, serves func(*Field) bool) *Field {
	if f := p.byName[name]; f != nil && serves(f) {
		return f
	}
	var names []string
	for i := range p.Fields {
		if serves(&p.Fields[i]) {
			names = append(names, p.Fields[i].Name)
		}
	}
	slices.Sort(names)
	near := nearest(name, names)
	p.fail(parameter, name, near, "one of the fields %s", strings.Join(names, ", "))
	if given := p.values[parameter]; len(near) == 1 && slight(name, near[0]) && len(given) == 1 && strings.Count(given[0], name) == 1 {
		p.mend(url.Values{parameter: {strings.Replace(given[0], name, near[0], 1)}})
	}
	return nil
}

// bounds checks that the lower bound of a field is not above the upper.
func (p *parser) bounds() {
	for _, upper := range p.Filters {
		for _, lower := range p.Filters {
			if upper.Field != lower.Field || p.parameters[upper.Parameter].op != to || p.parameters[lower.Parameter].op != from {
				continue
			}
			if low, high := lower.Spans[0].From, upper.Spans[0].To; upper.Field.before(high, low) {
				p.fail(upper.Parameter, upper.Spans[0].Given, nil, "at least %s, which is %s", lower.Spans[0].Given, lower.Parameter)
			}
		}
	}
}

// ordered is what is asked for, or else the id; and at its end the id, which makes every order a
// complete one. It goes the way of the field before it, as an index does.
func (p *parser) ordered() []Order {
	id := p.byName["id"]
	if i := slices.IndexFunc(p.Sort, func(o Order) bool { return o.Field == id }); i >= 0 {
		return p.Sort[:i+1] // what comes after it decides nothing
	}
	if len(p.Sort) == 0 {
		return []Order{{Field: id}}
	}
	return append(p.Sort, Order{id, p.Sort[len(p.Sort)-1].Down})
}
