package query

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// parser collects all mistakes of a request, because an answer lists them together.
type parser struct {
	*Parameters
	query   Query
	errs    []ParameterError
	leftOut int // mistakes after the first maxErrors
}

// fail records a mistake. The format makes a sentence: what is wrong, and what to send instead.
func (p *parser) fail(parameter, received string, suggestions []string, format string, args ...any) {
	if len(p.errs) == maxErrors {
		p.leftOut++
		return
	}

	sentence := fmt.Sprintf(format, args...)
	if len(suggestions) > 0 {
		sentence += "; did you mean " + joinAlternatives(suggestions) + "?"
	}

	p.errs = append(p.errs, ParameterError{
		Parameter: value.Excerpt(parameter), Received: value.Excerpt(received),
		Expected: sentence, Suggestions: suggestions,
	})
}

// suggestFix adds the parameters that correct the last mistake.
func (p *parser) suggestFix(right url.Values) {
	if len(p.errs) < maxErrors {
		p.errs[len(p.errs)-1].fixed = right
	}
}

// Parse reads the parameters of a request. The request may have the allowed controls, and filters if q is among them.
// An error is a ParameterErrors: nothing is ignored or shortened silently.
func (p *Parameters) Parse(values url.Values, allowed ...string) (*Query, error) {
	r := p.parseRequest(values, allowed)
	if r.errs == nil {
		return &r.query, nil
	}

	return nil, p.Errors(values, r.errs, r.leftOut, allowed)
}

// Errors returns the first mistakes of a request together with the corrected request. leftOut is how many mistakes are
// not among the wrong ones.
func (p *Parameters) Errors(values url.Values, wrong []ParameterError, leftOut int, allowed []string) ParameterErrors {
	if more := len(wrong) - maxErrors; more > 0 {
		wrong, leftOut = wrong[:maxErrors], leftOut+more
	}

	errs := ParameterErrors{All: wrong, LeftOut: leftOut}
	if leftOut == 0 {
		errs.Retry = fixedRequest(values, wrong)
	}

	if errs.Retry != nil && p.parseRequest(errs.Retry, allowed).errs != nil { // the fixes do not fit together
		errs.Retry = nil
	}

	return errs
}

// parseRequest reads a request and collects all its mistakes.
func (p *Parameters) parseRequest(values url.Values, allowed []string) *parser {
	r := &parser{Parameters: p, query: Query{Limit: DefaultLimit, MaxChars: MaxChars, Total: true, values: values}}
	r.query.Shown = p.shownByDefault()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		known, ok := p.byName[name]
		if !ok || !IsPermitted(name, known, allowed) {
			r.failUnknown(name, values, allowed)
			continue
		}
		r.parseParameter(name, known, values[name])
	}

	// The rest depends on more than one parameter.
	if !values.Has("fields") {
		r.showComputed()
	}

	r.checkBounds()
	r.checkReach()

	if r.query.CountOnly && !r.query.Total {
		r.fail("count_only", "true", nil, "count_only answers the total alone; leave out include_total=false")
		r.suggestFix(url.Values{"include_total": nil})
	}

	// The cursor comes last, because it belongs to the filters and the order.
	r.query.Sort = r.completeOrder()
	if cursor := values.Get("cursor"); r.errs == nil && cursor != "" {
		r.parseCursor(cursor)
	}

	return r
}

// shownByDefault returns the fields that are shown unless a request names others: all except bytes and computed fields.
// An id is always shown, because callers look vehicles up by it.
func (p *Parameters) shownByDefault() []*catalog.Field {
	var shown []*catalog.Field
	for i := range p.Catalog.Fields {
		if f := &p.Catalog.Fields[i]; f.Class() != catalog.ClassOpaque && !f.IsComputed() || f.Name == "id" {
			shown = append(shown, f)
		}
	}
	return shown
}

// showComputed shows the computed fields that the request filters or sorts by. days_listed is shown with first_seen,
// because that time may be too late.
func (p *parser) showComputed() {
	add := func(f *catalog.Field) {
		for _, shown := range []*catalog.Field{p.firstSeenFor(f), f} {
			if shown != nil && shown.IsComputed() && !slices.Contains(p.query.Shown, shown) {
				p.query.Shown = append(p.query.Shown, shown)
			}
		}
	}

	for i := range p.query.Filters {
		add(p.query.Filters[i].Field)
	}

	for _, o := range p.query.Sort {
		add(o.Field)
	}
}

func (p *parser) firstSeenFor(f *catalog.Field) *catalog.Field {
	if f.Name != catalog.DaysListed {
		return nil
	}
	return p.Catalog.Field(catalog.FirstSeen)
}

// failUnknown records a parameter that the request may not have.
func (p *parser) failUnknown(name string, values url.Values, allowed []string) {
	if len(p.errs) == maxErrors { // saves the search for similar names
		p.leftOut++
		return
	}
	if reason := p.Catalog.MissingReason(name); reason != "" {
		p.fail(name, strings.Join(values[name], ","), nil, "there is no parameter %q: %s", value.Excerpt(name), reason)
		return
	}

	names := p.permittedNames(allowed)
	near := p.nearestNames(name, names)

	sentence := "there is no parameter %q"
	if _, elsewhere := p.byName[name]; elsewhere {
		sentence = "the parameter %q does not belong to this request"
	}

	switch {
	case len(names) <= maxNamed:
		sentence += "; send none but " + joinAlternatives(names)
	case near == nil:
		sentence += "; leave it out"
	}

	p.fail(name, strings.Join(values[name], ","), near, sentence, value.Excerpt(name))
	p.errs[len(p.errs)-1].unknownName = true
	if len(near) == 1 && value.IsOneTypo(name, near[0]) && isWord(name) { // a sign may say what is not wanted
		p.suggestFix(url.Values{name: nil, near[0]: values[name]})
	}
}

// nearestNames returns the names that name was perhaps meant to be. A negated name is near parameters that exclude.
func (p *parser) nearestNames(name string, names []string) []string {
	// A sign, not or isnt in a name may say what is unwanted, as in make!
	bare := strings.TrimFunc(name, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	isNegated := bare != name || strings.Contains(strings.ToLower(name), "not") ||
		strings.HasSuffix(strings.ToLower(name), "isnt")
	near := value.Nearest(bare, names)
	if !isNegated {
		return near
	}

	var excluding []string
	for _, n := range near {
		if _, ok := p.byName[n+"_not"]; ok {
			excluding = append(excluding, n+"_not")
		} else if p.byName[n].Use == UseExcluded {
			excluding = append(excluding, n)
		}
	}

	return excluding
}

// isWord reports whether a name has only letters, digits and underscores.
func isWord(name string) bool {
	return !strings.ContainsFunc(name, func(c rune) bool {
		return c != '_' && !unicode.IsLetter(c) && !unicode.IsDigit(c)
	})
}

// IsPermitted reports whether a request with the given controls may have this parameter.
func IsPermitted(name string, p Parameter, controls []string) bool {
	if p.Use != UseControl {
		name = "q"
	}
	return slices.Contains(controls, name)
}

// permittedNames lists the parameters of a request with the given controls.
func (p *Parameters) permittedNames(controls []string) []string {
	var names []string
	for name, known := range p.byName {
		if IsPermitted(name, known, controls) {
			names = append(names, name)
		}
	}

	slices.Sort(names)
	return names
}

// parseParameter reads one parameter, with all its values.
func (p *parser) parseParameter(name string, known Parameter, given []string) {
	parts, ok := p.splitValues(name, given)
	if !ok {
		return
	}

	// Only these parameters may have more than one value.
	several := known.Use == UseEquals || known.Use == UseHasAll || known.Use == UseExcluded ||
		slices.Contains([]string{"q", "sort", "fields", "facets", "by", "has", "missing"}, name)
	switch {
	case len(parts) > MaxValues:
		p.fail(name, strings.Join(given, ","), nil, "%s has %d values; send at most %d values", name, len(parts), MaxValues)
	case !several && len(given) > 1:
		p.fail(name, strings.Join(given, ","), nil, "%s is given %d times; send it once", name, len(given))
	case known.Use == UseControl:
		if name == "q" {
			given = []string{strings.Join(given, " ")} // as applied has its words
		}
		p.parseControl(name, given[0], parts)
	case known.Field.Class() == catalog.ClassText || known.Field.Class() == catalog.ClassList:
		// Not the parts: a value in stock may hold a comma.
		p.query.Filters = append(p.query.Filters, Filter{Parameter: name, Field: known.Field, Use: known.Use, Texts: given})
	case known.Use == UseAtLeast || known.Use == UseAtMost:
		p.parseBound(name, known, given[0])
	default:
		p.parseRanges(name, known, parts)
	}
}

// splitValues splits the values of a parameter at commas. It records a mistake and returns false if a value is invalid.
func (p *parser) splitValues(name string, given []string) (parts []string, ok bool) {
	for _, g := range given {
		if len(g) > MaxLength && name != "cursor" {
			p.fail(name, g, nil, "a value of %s has %d bytes; send at most %d bytes", name, len(g), MaxLength)
			return nil, false
		}
		if !utf8.ValidString(g) {
			p.fail(name, g, nil, "a value of %s is not valid UTF-8; send text in UTF-8", name)
			return nil, false
		}

		// In q, a comma is punctuation.
		if name == "q" && strings.Trim(g, ", ") != "" {
			parts = append(parts, g)
			continue
		}

		for part := range strings.SplitSeq(g, ",") {
			part = strings.TrimSpace(part)
			if part == "" {
				p.fail(name, g, nil, "%s has an empty value; send a value, or leave it out", name)

				// A parameter that is empty as a whole can be left out.
				if len(given) == 1 && len(parts) == 0 && strings.Trim(g, ", ") == "" {
					p.suggestFix(url.Values{name: nil})
				}
				return nil, false
			}

			parts = append(parts, part)
		}
	}

	return parts, true
}

// parseBound reads field_min or field_max.
func (p *parser) parseBound(name string, known Parameter, given string) {
	r, ok := ParseRange(known.Field, given)
	if !ok || !r.isSingle(known.Field) {
		p.fail(name, given, nil, "%s must be %s", name, describeSingleValue(known.Field))
		return
	}

	if known.Use == UseAtLeast {
		r.To = ""
	} else {
		r.From = ""
	}

	p.query.Filters = append(p.query.Filters, Filter{
		Parameter: name, Field: known.Field, Use: known.Use,
		Ranges: []Range{r},
	})
}

// parseRanges reads the alternatives of a number or time field.
func (p *parser) parseRanges(name string, known Parameter, parts []string) {
	f := Filter{Parameter: name, Field: known.Field, Use: known.Use}
	for _, part := range parts {
		r, ok := ParseRange(known.Field, part)
		if !ok {
			p.fail(name, part, nil, "%s must be %s", name, DescribeValues(known.Field))
			return
		}
		f.Ranges = append(f.Ranges, r)
	}

	p.query.Filters = append(p.query.Filters, f)
}

// parseControl reads a parameter that is not a filter. parts are the values of given, split at commas.
func (p *parser) parseControl(name, given string, parts []string) {
	switch name {
	// What is counted, and how long the answer may be.
	case "limit":
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 || n > MaxLimit {
			p.fail(name, given, nil, "%s must be %s", name, controlValues[name])
			if n > MaxLimit {
				p.suggestFix(url.Values{name: {strconv.Itoa(MaxLimit)}})
			}
		}

		p.query.Limit = n
	case "include_total":
		p.query.Total = p.parseBoolean(name, given)
	case "count_only":
		p.query.CountOnly = p.parseBoolean(name, given)
	case "max_chars":
		n, err := strconv.Atoi(given)
		if err != nil || n < MinChars || n > MaxChars {
			p.fail(name, given, nil, "%s must be %s", name, controlValues[name])
			if n > MaxChars {
				p.suggestFix(url.Values{name: nil})
			}
		}

		p.query.MaxChars = n

	// How the request is read, and what is searched, ordered and shown.
	case "view":
		p.parseView(given)
	case "match":
		if matches := []string{MatchSmart, MatchExact}; !slices.Contains(matches, given) {
			p.fail(name, given, value.Nearest(given, matches), "%s must be %s", name, controlValues[name])
		}
	case "q":
		p.parseWords(given)
	case "sort":
		p.parseSort(given, parts)
	case "fields":
		p.parseShown(parts)

	// What is counted beside the vehicles.
	case "facets":
		p.parseFacets(parts)
	case "by":
		p.query.By = p.parseGroups(name, parts)
		if len(p.query.By) > maxBy {
			p.fail(name, strings.Join(parts, ","), nil, "by names %d fields; name one or two", len(p.query.By))
		}

	// Which vehicles are found, and which of them are on the page.
	case "has":
		p.parsePresence(name, UsePresent, parts)
	case "missing":
		p.parsePresence(name, UseMissing, parts)
	case "page", "offset":
		p.parseReach(name, given)
	}
}

// splitExcluded separates the names after a minus from the others.
func (p *parser) splitExcluded(names []string) (wanted, unwanted []string) {
	for _, name := range names {
		if rest, isExcluded := strings.CutPrefix(name, "-"); isExcluded && p.Catalog.Field(name) == nil {
			unwanted = append(unwanted, rest)
		} else {
			wanted = append(wanted, name)
		}
	}
	return wanted, unwanted
}

// parseFacets reads the fields to count: the named ones, or the usual ones except those after a minus.
func (p *parser) parseFacets(parts []string) {
	wanted, unwanted := p.splitExcluded(parts)
	if wanted == nil {
		p.query.Facets = p.UsualFacets()
	} else {
		p.query.Facets = p.parseGroups("facets", wanted)
	}

	left := p.fieldsNamed("facets", unwanted, (*catalog.Field).IsFacetable)
	p.query.Facets = slices.DeleteFunc(p.query.Facets, func(g Group) bool { return slices.Contains(left, g.Field) })
	if len(p.query.Facets) == 0 && p.errs == nil {
		p.fail("facets", strings.Join(parts, ","), nil, "facets leaves out every field; name at least one to count")
	}
}

// usualFacets are counted if a request names no fields.
var usualFacets = []string{"condition", "make", "year", "body_type", "fuel_type", "transmission", "drivetrain", "color"}

// UsualFacets returns the fields that are counted if a request names none.
func (p *Parameters) UsualFacets() []Group {
	var groups []Group
	for _, name := range usualFacets {
		if f := p.Catalog.Field(name); f != nil && f.IsFacetable() {
			groups = append(groups, Group{Field: f})
		}
	}
	return groups
}

// parseShown reads the fields to show: the named ones, or all except those after a minus.
func (p *parser) parseShown(parts []string) {
	wanted, unwanted := p.splitExcluded(parts)
	anyField := func(*catalog.Field) bool { return true }
	if wanted != nil {
		p.query.Shown = p.fieldsNamed("fields", wanted, anyField)
	}

	hidden := p.fieldsNamed("fields", unwanted, anyField)
	p.query.Shown = slices.DeleteFunc(p.query.Shown, func(f *catalog.Field) bool { return slices.Contains(hidden, f) })
	if len(p.query.Shown) == 0 && p.errs == nil {
		p.fail("fields", strings.Join(parts, ","), nil, "fields leaves out every field; name at least one to show")
	}

	if wanted == nil {
		p.query.hiddenFields = hidden
	}
}

// parsePresence reads the fields of has or missing.
func (p *parser) parsePresence(name string, use Use, parts []string) {
	for _, f := range p.fieldsNamed(name, parts, func(f *catalog.Field) bool { return f.Class() != catalog.ClassOpaque }) {
		p.query.Filters = append(p.query.Filters, Filter{Parameter: name, Field: f, Use: use})
	}
}

// parseReach reads page or offset.
func (p *parser) parseReach(name, given string) {
	n, err := strconv.Atoi(given)
	if err != nil || n < 0 || n == 0 && name == "page" {
		p.fail(name, given, nil, "%s must be %s", name, controlValues[name])
		return
	}

	for _, other := range []string{"cursor", "offset"} {
		if other != name && p.query.values.Has(other) && p.byName[other].Use == UseControl {
			p.fail(name, given, nil, "%s and %s cannot be combined; send one of them", name, other)
			return
		}
	}

	if name == "page" {
		p.query.Page = n
	} else {
		p.query.Offset = n
	}
}

// checkReach checks that page and offset stay within MaxReach.
func (p *parser) checkReach() {
	q, name := &p.query, "offset"
	if q.Page > 0 {
		// A greater page cannot be multiplied without overflow, and is out of reach anyway.
		q.Offset, name = MaxReach, "page"
		if q.Page <= MaxReach {
			q.Offset = (q.Page - 1) * q.Limit
		}
	}

	if q.Offset > MaxReach-q.Limit && q.Offset > 0 {
		p.fail(name, q.values.Get(name), nil, "%s reaches the first %d vehicles; follow next or cursor to those after them",
			name, MaxReach)
	}
}

func (p *parser) parseBoolean(name, given string) bool {
	if given != "true" && given != "false" {
		p.fail(name, given, nil, "%s must be %s", name, controlValues[name])
	}
	return given == "true"
}

// viewNames are the values of view. The last one is the default.
var viewNames = []string{"summary", "full"}

// summaryFields are the fields of the summary view.
var summaryFields = []string{"id", "make", "model", "year", "trim", "price", "mileage", "color", "city", "listing_url"}

func (p *parser) parseView(given string) {
	switch _, fields := p.query.values["fields"]; {
	case !slices.Contains(viewNames, given):
		p.fail("view", given, value.Nearest(given, viewNames), "view must be %s", controlValues["view"])
	case fields:
		p.fail("view", given, nil, "view and fields cannot be combined; send one of them")
	case given == "summary":
		p.query.Shown = SummaryFields(p.Catalog)
	}
}

// SummaryFields returns the fields of the summary view.
func SummaryFields(c *catalog.Catalog) []*catalog.Field {
	var fields []*catalog.Field
	for _, name := range summaryFields {
		if f := c.Field(name); f != nil {
			fields = append(fields, f)
		}
	}
	return fields
}

func (p *parser) parseWords(given string) {
	for word := range strings.FieldsSeq(given) {
		// The commas of a sentence are not part of its words.
		word = strings.Trim(word, ",;")
		if value.Fold(word) != "" { // not a dash between two words
			p.query.Words = append(p.query.Words, word)
		}
	}

	if len(p.query.Words) == 0 || len(p.query.Words) > MaxWords {
		p.fail("q", given, nil, "q has %d words; send 1 to %d words with letters or digits", len(p.query.Words), MaxWords)
	}
}

func (p *parser) parseSort(given string, parts []string) {
	for _, part := range parts {
		name, descending := strings.CutPrefix(part, "-")
		for _, f := range p.fieldsNamed("sort", []string{name}, (*catalog.Field).IsSortable) {
			if slices.ContainsFunc(p.query.Sort, func(o Order) bool { return o.Field == f }) {
				p.fail("sort", given, nil, "sort names %s twice; name each field once", f.Name)
				return
			}
			p.query.Sort = append(p.query.Sort, Order{f, descending})
		}
	}
}

// fieldsNamed returns the fields with these names, without repetitions. It records a mistake for a name without a
// suitable field.
func (p *parser) fieldsNamed(parameter string, names []string, serves func(*catalog.Field) bool) []*catalog.Field {
	var found []*catalog.Field
	for _, name := range names {
		f := p.Catalog.Field(name)
		switch {
		case f == nil || !serves(f):
			p.failField(parameter, name, serves)
		case !slices.Contains(found, f):
			found = append(found, f)
		}
	}

	return found
}

// stepPattern matches the width of a range of numbers.
var stepPattern = regexp.MustCompile(`^[0-9]{1,12}(?:\.[0-9]{1,6})?$`)

// parseGroups reads fields to count, some with a step for ranges: price:5000.
func (p *parser) parseGroups(parameter string, parts []string) []Group {
	var all []Group
	for _, part := range parts {
		name, step, hasStep := strings.Cut(part, ":")
		if p.Catalog.Field(part) != nil { // the name of a column may have a colon
			name, step, hasStep = part, "", false
		}

		switch {
		case !hasStep && p.needsStep(name):
			p.fail(parameter, part, nil, "the values of %q cannot be counted one by one; send a step, such as %s:5000",
				name, name)
			continue
		case hasStep && (!stepPattern.MatchString(step) || strings.Trim(step, "0.") == ""):
			p.fail(parameter, part, nil, "the step of %s must be a number above 0; send %s:5000 for ranges of 5000",
				value.Excerpt(name), value.Excerpt(name))
			continue
		}

		serves := (*catalog.Field).IsFacetable
		if hasStep {
			serves = func(f *catalog.Field) bool { return f.Class() == catalog.ClassNumber && f.Name != "id" }
		}

		for _, f := range p.fieldsNamed(parameter, []string{name}, serves) {
			g := Group{Field: f}
			if hasStep {
				g.Step = normalizeNumber(step)
			}

			// A field that is named again with the same step counts once.
			same := slices.IndexFunc(all, func(other Group) bool { return other.Field == f })
			switch {
			case same < 0:
				all = append(all, g)
			case all[same] != g:
				p.fail(parameter, part, nil, "%s names %s twice; name each field once", parameter, f.Name)
			}
		}
	}

	return all
}

// needsStep reports whether a name is that of a number field that is only counted in ranges.
func (p *parser) needsStep(name string) bool {
	f := p.Catalog.Field(name)
	return f != nil && f.Class() == catalog.ClassNumber && !f.IsFacetable() && f.Name != "id"
}

// unsupportedUse says what a field cannot do, by the parameter that names the field.
var unsupportedUse = map[string]string{
	"sort":    "vehicles cannot be sorted by %q",
	"facets":  "the values of %q cannot be counted",
	"by":      "vehicles cannot be grouped by %q",
	"has":     "%q holds bytes, and has does not support these",
	"missing": "%q holds bytes, and missing does not support these",
}

// failField records a name that is not a field, or a field that the parameter cannot use.
func (p *parser) failField(parameter, name string, serves func(*catalog.Field) bool) {
	if len(p.errs) == maxErrors { // saves the search for similar names
		p.leftOut++
		return
	}
	if reason := p.Catalog.MissingReason(name); reason != "" && p.Catalog.Field(name) == nil {
		p.fail(parameter, name, nil, "there is no field %q: %s", value.Excerpt(name), reason)
		return
	}

	var names []string
	for i := range p.Catalog.Fields {
		if f := &p.Catalog.Fields[i]; serves(f) {
			names = append(names, f.Name)
		}
	}

	near := value.Nearest(name, names)
	sentence := "there is no field %q"
	if p.Catalog.Field(name) != nil {
		sentence = unsupportedUse[parameter]
	}

	if near == nil {
		sentence += "; name another field, or leave it out"
	}

	p.fail(parameter, name, near, sentence, value.Excerpt(name))
	p.errs[len(p.errs)-1].unknownName = true

	// Correct a single typing error, if the name is found once in the list.
	given := p.query.values[parameter]
	if len(near) == 1 && value.IsOneTypo(name, near[0]) && len(given) == 1 && strings.Count(given[0], name) == 1 {
		p.suggestFix(url.Values{parameter: {strings.Replace(given[0], name, near[0], 1)}})
	}
}

// checkBounds checks that the lower bound of a field is not above the upper bound.
func (p *parser) checkBounds() {
	for _, upper := range p.query.Filters {
		for _, lower := range p.query.Filters {
			if upper.Field != lower.Field || p.byName[upper.Parameter].Use != UseAtMost ||
				p.byName[lower.Parameter].Use != UseAtLeast {
				continue
			}

			if endsBefore(upper.Field, upper.Ranges[0].To, lower.Ranges[0].From) {
				p.fail(upper.Parameter, upper.Ranges[0].JSON, nil, "%s is below %s, which is %s; send %s or more",
					upper.Parameter, lower.Parameter, lower.Ranges[0].JSON, lower.Ranges[0].JSON)
			}
		}
	}
}

// completeOrder returns the requested order with the id at its end, or the order of the id. The id decides between
// vehicles with equal sort keys. It takes the direction of the field before it.
func (p *parser) completeOrder() []Order {
	id, sort := p.Catalog.ID(), p.query.Sort
	switch i := slices.IndexFunc(sort, func(o Order) bool { return o.Field == id }); {
	case id == nil:
		return sort
	case i >= 0:
		return sort[:i+1] // fields after the id decide nothing
	case len(sort) == 0:
		return []Order{{Field: id}}
	}

	return append(sort, Order{id, sort[len(sort)-1].Descending})
}
