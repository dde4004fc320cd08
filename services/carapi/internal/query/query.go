// Package query is a search as data: filters, ranges, order, page and cursor. It reads the exact form of a request,
// writes it back as parameters, and decides whether a vehicle matches. It does not guess, and knows no index, no SQL
// and no HTTP.
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
	MaxWords     = 10     // words of q that are searched for
	MaxReach     = 10_000 // vehicles that page and offset reach; a cursor reaches all
	MaxLength    = 1000   // bytes of one parameter's value; a cursor may be longer
	MaxCursor    = 8 << 10
	maxErrors    = 20   // mistakes that an answer describes; it only counts the others
	maxBy        = 2    // fields of by
	MaxRanges    = 1000 // ranges of one width that hold numbers of a field
	maxNamed     = 3    // of a request with at most this many parameters, an error about an unknown one names all
)

// Characters that an answer may have; tools for language models cut off more than 100,000.
const (
	MaxChars = 90_000 // also the default
	MinChars = 2_000
)

// Ways to read a request, as match names them; the first is the default.
const (
	MatchSmart = "smart" // interpret what people write
	MatchExact = "exact" // take values as they are
)

// SearchedFields are the fields that words of q are searched in.
var SearchedFields = []string{"make", "model", "trim", "engine", "description"}

// Query is a search.
type Query struct {
	Filters   []Filter // in the order of their parameters' names
	Words     []string // a vehicle must have each of them in one of its SearchedFields
	Sort      []Order  // ends with the id, if there is one
	Limit     int
	Total     bool // count all vehicles that match
	CountOnly bool // answer only that count
	Shown     []*catalog.Field
	Facets    []Group
	By        []Group // the groups of statistics
	MaxChars  int     // characters of the answer
	After     *Cursor // where the page begins; nil for the first
	Page      int     // the parameter page; 0 if it is not set
	Offset    int     // vehicles before the page, from page or offset; 0 with a cursor

	hiddenFields []*catalog.Field // excluded by the parameter fields; nil if it names the fields to show
	values       url.Values       // as read
}

// Group is a field whose values are counted. With a step, its numbers are counted in ranges of this width.
type Group struct {
	Field *catalog.Field
	Step  string
}

// String returns the group in the notation of requests.
func (g Group) String() string {
	if g.Step == "" {
		return g.Field.Name
	}
	return g.Field.Name + ":" + g.Step
}

// Filter selects the vehicles with a value that one of its Words or Ranges includes. A vehicle without a value in the
// field never matches, unless Use is UseExcluded or UseMissing.
type Filter struct {
	Parameter string
	Field     *catalog.Field
	Use       Use
	Texts     []string // as given, for a text or a list
	Words     []string // Texts, split at commas unless the whole text is a value in stock
	Meanings  []string // meanings of other texts that match, as catalog.Field.Meanings returns them
	Prefixes  []string // words at the beginning of other texts that match
	InStock   []string // the values in stock that match, for answers
	Ranges    []Range  // for numbers and times
}

// IsWidened reports whether the filter matches more than its words.
func (f *Filter) IsWidened() bool { return len(f.Meanings) > 0 || len(f.Prefixes) > 0 }

// HasWord reports whether a value is one of the filter's words. For a long text, any spelling counts.
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

// match returns how the request was read: MatchSmart or MatchExact.
func (q *Query) match() string {
	if given := q.values.Get("match"); given != "" {
		return given
	}
	return MatchSmart
}

// MatchForNext returns how to read the interpreted request when it is sent again: MatchExact, unless a word stands for
// more than itself.
func (q *Query) MatchForNext() string {
	if slices.ContainsFunc(q.Filters, func(f Filter) bool { return f.IsWidened() }) {
		return MatchSmart
	}
	return MatchExact
}

// Values returns the parameters of the request as they were read.
func (q *Query) Values() url.Values { return q.values }

// SingleValue returns the only value of the field that the filters allow, if there is just one.
func (q *Query) SingleValue(f *catalog.Field) (string, bool) {
	for i := range q.Filters {
		switch filter := &q.Filters[i]; {
		case filter.Field != f || filter.Use == UseExcluded:
		case len(filter.InStock) == 1 && f.Class() == catalog.ClassText:
			return filter.InStock[0], true
		case len(filter.Ranges) == 1 && filter.Ranges[0].From != "" && filter.Ranges[0].From == filter.Ranges[0].To:
			return filter.Ranges[0].From, true
		}
	}

	return "", false
}

// Currency returns the currency of a field's amounts among the vehicles that match; it is empty if unknown. isSingle is
// false if there are several currencies, which cannot be compared.
func (q *Query) Currency(f *catalog.Field) (code string, isSingle bool) {
	if !f.IsOfCurrencies() {
		return f.Unit, true
	}

	// Only a filter on the currency itself leaves one currency.
	for i := range q.Filters {
		if q.Filters[i].Field != f.CurrencyIn || q.Filters[i].Use != UseEquals {
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
	UseEquals   Use = iota
	UseAtLeast      // field_min
	UseAtMost       // field_max
	UseHasAll       // field_all
	UseExcluded     // field_not: excludes vehicles with one of the values, but not those without a value
	UsePresent      // named in has: there is a value
	UseMissing      // named in missing: there is no value
	UseControl      // not about a field
)

// Includes reports whether the parameter asks for vehicles with values of the field, rather than without them.
func (u Use) Includes() bool {
	return u == UseEquals || u == UseHasAll || u == UseAtLeast || u == UseAtMost
}

// Compares reports whether the parameter compares values, rather than their presence.
func (u Use) Compares() bool { return u != UsePresent && u != UseMissing && u != UseControl }

// Parameter is what a name in a request stands for.
type Parameter struct {
	Field *catalog.Field
	Use   Use
}

// controlValues are the parameters that are not filters, with the values that they expect.
var controlValues = map[string]string{
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

// yieldingControls give up their name to a field that has it.
var yieldingControls = []string{"page", "offset", "has", "missing", "by"}

// Controls returns the names of the parameters that are not filters.
func Controls() []string {
	names := make([]string, 0, len(controlValues))
	for name := range controlValues {
		names = append(names, name)
	}
	return names
}

// Qualifier precedes the name of a field that has the name of a control, and a parameter that has the name of a field:
// field.limit=5 filters by a column limit.
const Qualifier = "field."

// IsControl reports whether a name always means a control, even if a field has that name.
func IsControl(name string) bool {
	_, is := controlValues[name]
	return is && !slices.Contains(yieldingControls, name)
}

// Parameters are the names that requests over a table may use.
type Parameters struct {
	Catalog *catalog.Catalog
	byName  map[string]Parameter
}

// NewParameters returns the parameters of a table. A field wins over the bound of another field with the same name, and
// a control wins over both.
func NewParameters(c *catalog.Catalog) *Parameters {
	byName := map[string]Parameter{}
	for name := range controlValues {
		if IsControl(name) {
			byName[name] = Parameter{Use: UseControl}
		}
	}

	// A field's name wins over bounds, and bounds over exclusions.
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
		if f.Class() != catalog.ClassOpaque {
			add(f, f.Name, Parameter{Field: f})
		}
	}

	for i := range c.Fields {
		f := &c.Fields[i]
		switch f.Class() {
		case catalog.ClassNumber, catalog.ClassInstant:
			add(f, f.Name+"_min", Parameter{Field: f, Use: UseAtLeast})
			add(f, f.Name+"_max", Parameter{Field: f, Use: UseAtMost})
		case catalog.ClassList:
			add(f, f.Name+"_all", Parameter{Field: f, Use: UseHasAll})
		}
	}

	for i := range c.Fields {
		if f := &c.Fields[i]; f.Class() != catalog.ClassOpaque {
			add(f, f.Name+"_not", Parameter{Field: f, Use: UseExcluded})
		}
	}

	// These controls keep the names that no field has.
	for _, name := range yieldingControls {
		if _, taken := byName[name]; !taken {
			byName[name] = Parameter{Use: UseControl}
		}
	}

	return &Parameters{Catalog: c, byName: byName}
}

// Get returns the parameter with a name.
func (p *Parameters) Get(name string) (Parameter, bool) {
	found, ok := p.byName[name]
	return found, ok
}

// All returns every parameter by its name. The map must not be changed.
func (p *Parameters) All() map[string]Parameter { return p.byName }
