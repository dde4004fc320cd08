// Package query is a search as data: filters, ranges, order, page and cursor. It reads the exact form of a request,
// writes it back as parameters, and says whether a vehicle matches. It knows no index, no SQL and no HTTP, and does not
// guess.
package query

import (
	"fmt"
	"net/url"
	"slices"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// Limits of what one request may ask for.
const (
	DefaultLimit = 20
	MaxLimit     = 100    // vehicles in an answer
	MaxValues    = 100    // values of one parameter
	MaxWords     = 10     // words of q that are looked for
	MaxReach     = 10_000 // vehicles that page and offset reach; a cursor reaches all
	MaxLength    = 1000   // bytes of one parameter's value; a cursor may be longer
	MaxCursor    = 8 << 10
	maxErrors    = 20   // mistakes of which an answer says what is wrong; of more it says how many they are
	MaxBy        = 2    // fields of by
	MaxRanges    = 1000 // of one width that have numbers of a field
	maxNamed     = 3    // parameters of a request that are all named where another one is unknown
)

// Characters that an answer may have; tools for language models cut off more than 100,000.
const (
	MaxChars = 90_000 // also where a request does not say
	MinChars = 2_000
)

// Ways to read a request, as match names them; the first is the default.
const (
	Smart = "smart" // reads what people write
	Exact = "exact" // takes values as they are
)

// SearchedFields are the fields in which the words of q are looked for.
var SearchedFields = []string{"make", "model", "trim", "engine", "description"}

// Query is a search.
type Query struct {
	Filters   []Filter // in the order of their parameters' names
	Words     []string // each of which a vehicle has somewhere in its SearchedFields
	Sort      []Order  // the last of which is the id, if there is one
	Limit     int
	Total     bool // whether all vehicles that match are counted
	CountOnly bool // whether that is all that is asked for
	Shown     []*catalog.Field
	Facets    []Group
	By        []Group // how statistics are divided
	MaxChars  int     // of the answer
	After     *Cursor // where the page begins; nil for the first
	Page      int     // as page asks for it; 0 if it does not
	Offset    int     // vehicles before the page, where page or offset asks for them; 0 with a cursor

	hiddenFields []*catalog.Field // that fields leaves out; nil where it names what is shown
	values       url.Values       // as read
}

// Group is a field by whose values vehicles are counted; with a step it is ranges of its numbers that are so wide.
type Group struct {
	Field *catalog.Field
	Step  string
}

// String is the group as requests name it.
func (g Group) String() string {
	if g.Step == "" {
		return g.Field.Name
	}
	return g.Field.Name + ":" + g.Step
}

// Filter holds the vehicles that have a value which one of its Words or Ranges includes. A vehicle without a value in
// the field never matches, unless Use is Excluded or Missing.
type Filter struct {
	Parameter string
	Field     *catalog.Field
	Use       Use
	Texts     []string // as given, for a text or a list
	Words     []string // values: Texts, split at commas where the whole is not a value in stock
	Meanings  []string // of texts that match besides, as catalog.Field.Meanings gives them
	Prefixes  []string // words that texts may begin with too
	InStock   []string // the values in stock that match, for answers
	Ranges    []Range  // for numbers and times
}

// IsWidened reports whether the filter takes in more than its words.
func (f *Filter) IsWidened() bool { return len(f.Meanings) > 0 || len(f.Prefixes) > 0 }

// HasWord reports whether a value is one of the filter's words. A long text is so in any spelling.
func (f *Filter) HasWord(text string) bool {
	if f.Field.IsLong() {
		return slices.ContainsFunc(f.Words, func(word string) bool { return value.SameFolded(text, word) })
	}
	return slices.ContainsFunc(f.Words, func(word string) bool { return value.SameText(text, word) })
}

// Range is a range of numbers, both ends included, or of times, the upper end excluded. An empty end is open.
type Range struct {
	From, To string
	JSON     string // as JSON
}

// Order is a field to order by.
type Order struct {
	Field      *catalog.Field
	Descending bool
}

func (o Order) String() string {
	if o.Descending {
		return "-" + o.Field.Name
	}
	return o.Field.Name
}

// Match is how the request was read: Smart or Exact.
func (q *Query) Match() string {
	if given := q.values.Get("match"); given != "" {
		return given
	}
	return Smart
}

// MatchForNext is how the request as it was read has to be read again: as it is, unless a word stands for more than
// itself.
func (q *Query) MatchForNext() string {
	if slices.ContainsFunc(q.Filters, func(f Filter) bool { return f.IsWidened() }) {
		return Smart
	}
	return Exact
}

// Values is the request as it was read, as parameters.
func (q *Query) Values() url.Values { return q.values }

// SingleValue gives the one value that every match has in the field, if the filters leave only one.
func (q *Query) SingleValue(f *catalog.Field) (string, bool) {
	for i := range q.Filters {
		switch of := &q.Filters[i]; {
		case of.Field != f || of.Use == Excluded:
		case len(of.InStock) == 1 && f.Class() == catalog.Text:
			return of.InStock[0], true
		case len(of.Ranges) == 1 && of.Ranges[0].From != "" && of.Ranges[0].From == of.Ranges[0].To:
			return of.Ranges[0].From, true
		}
	}

	return "", false
}

// Currency gives the currency of a field's amounts among the vehicles that match; it is empty if that is unknown. one
// is false if they are in several, so that they cannot be compared.
func (q *Query) Currency(f *catalog.Field) (code string, one bool) {
	if !f.IsOfCurrencies() {
		return f.Unit, true
	}

	for i := range q.Filters {
		if q.Filters[i].Field != f.CurrencyIn || q.Filters[i].Use != Equals {
			continue
		}

		for _, word := range q.Filters[i].Words {
			next, known := catalog.CurrencyCode(word)
			if !known {
				next = word
			}

			if code != "" && code != next {
				return "", false
			}

			code = next
		}
	}

	return code, code != ""
}

// Use is what a parameter does with its field.
type Use int

// The uses of a parameter.
const (
	Equals   Use = iota
	AtLeast      // field_min
	AtMost       // field_max
	HasAll       // field_all
	Excluded     // field_not: vehicles with one of the values are left out, those without a value are not
	Present      // named in has: there is a value
	Missing      // named in missing: there is no value
	Control      // not about a field
)

// Includes reports whether vehicles with some values of the field are asked for, rather than those without them.
func (u Use) Includes() bool { return u == Equals || u == HasAll || u == AtLeast || u == AtMost }

// Compares reports whether values are compared, and not just asked for.
func (u Use) Compares() bool { return u != Present && u != Missing && u != Control }

// Parameter is what a name in a request stands for.
type Parameter struct {
	Field *catalog.Field
	Use   Use
}

// controls are the parameters that are not filters, with what they expect.
var controls = map[string]string{
	"q":     "words to look for in make, model, trim, engine and description",
	"sort":  "fields to order by, separated by commas, the larger first after a minus, such as -year,price",
	"limit": fmt.Sprintf("a whole number from 1 to %d", MaxLimit),
	"page":  fmt.Sprintf("a whole number from 1 on; page and limit reach the first %d vehicles", MaxReach),
	"offset": fmt.Sprintf("a whole number of vehicles before the page; offset and limit reach the first %d",
		MaxReach),
	"has":           "fields that have a value, separated by commas",
	"missing":       "fields that have no value, separated by commas",
	"cursor":        "the cursor of an answer to this same search",
	"fields":        "fields to show, separated by commas; those after a minus are left out, as in -description",
	"facets":        "fields whose values are counted, or steps of their numbers such as price:10000, separated by commas",
	"by":            "one or two fields, or steps of their numbers such as price:5000, separated by commas",
	"include_total": "true or false",
	"count_only":    "true or false",
	"view":          "summary or full",
	"max_chars":     fmt.Sprintf("a whole number from %d to %d", MinChars, MaxChars),
	"match":         "smart, which reads what people write, or exact",
}

// yieldingControls are the controls that give way to a field of their name.
var yieldingControls = []string{"page", "offset", "has", "missing", "by"}

// Controls are the names of the parameters that are not filters.
func Controls() []string {
	names := make([]string, 0, len(controls))
	for name := range controls {
		names = append(names, name)
	}
	return names
}

// Qualifier stands before the name of a field that is called as a control is, and before a parameter whose name is that
// of a field: field.limit=5 filters by a column limit.
const Qualifier = "field."

// IsControl reports whether a name is that of a parameter that is not a filter, even where a field has that name.
func IsControl(name string) bool {
	_, is := controls[name]
	return is && !slices.Contains(yieldingControls, name)
}

// Parameters are the names that requests over a table may use.
type Parameters struct {
	Catalog *catalog.Catalog
	byName  map[string]Parameter
}

// NewParameters gives the parameters of a table. A field wins over the bound of another field whose name it has, and a
// control over both.
func NewParameters(c *catalog.Catalog) *Parameters {
	byName := map[string]Parameter{}
	for name := range controls {
		if IsControl(name) {
			byName[name] = Parameter{Use: Control}
		}
	}

	add := func(f *catalog.Field, name string, p Parameter) {
		if _, taken := byName[name]; taken || IsControl(f.Name) {
			name = Qualifier + name
		}
		if _, taken := byName[name]; !taken {
			byName[name] = p
		}
	}

	for i := range c.Fields {
		f := &c.Fields[i]
		if f.Class() != catalog.Opaque {
			add(f, f.Name, Parameter{Field: f})
		}
	}

	for i := range c.Fields {
		f := &c.Fields[i]
		switch f.Class() {
		case catalog.Number, catalog.Instant:
			add(f, f.Name+"_min", Parameter{Field: f, Use: AtLeast})
			add(f, f.Name+"_max", Parameter{Field: f, Use: AtMost})
		case catalog.List:
			add(f, f.Name+"_all", Parameter{Field: f, Use: HasAll})
		}
	}

	for i := range c.Fields {
		if f := &c.Fields[i]; f.Class() != catalog.Opaque {
			add(f, f.Name+"_not", Parameter{Field: f, Use: Excluded})
		}
	}

	for _, name := range yieldingControls {
		if _, taken := byName[name]; !taken {
			byName[name] = Parameter{Use: Control}
		}
	}

	return &Parameters{Catalog: c, byName: byName}
}

// Get gives the parameter of a name.
func (p *Parameters) Get(name string) (Parameter, bool) {
	found, ok := p.byName[name]
	return found, ok
}

// All gives every parameter by its name. The map must not be changed.
func (p *Parameters) All() map[string]Parameter { return p.byName }
