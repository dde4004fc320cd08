package interpret

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"carstock/services/carapi/internal/query"
)

// readControl reads a parameter that is not a filter.
func (r *requestReader) readControl(name string, given []string) {
	read := slices.Clone(given)
	for i, g := range given {
		switch name {
		case "include_total", "count_only":
			read[i] = readBoolean(g)
		case "sort":
			read[i] = r.readOrder(g)
		case "fields":
			read[i] = r.readFieldNames(g)
		case "facets", "by":
			read[i] = r.readGroups(g)
		case "has", "missing":
			r.readPresenceNames(name, g)
			continue
		case "limit", "max_chars", "page", "offset":
			read[i] = strings.TrimSuffix(strings.TrimSpace(g), ".0")
		default:
			read[i] = strings.TrimSpace(g)
		}
	}

	if name == "has" || name == "missing" {
		return
	}

	// Removing white space at the ends is not worth a note.
	trimmed := make([]string, len(given))
	for i, g := range given {
		trimmed[i] = strings.TrimSpace(g)
	}

	if !slices.Equal(read, given) && strings.Join(read, "") != strings.Join(trimmed, "") {
		r.note(name, "other words", url.Values{name: read})
	}

	r.exact[name] = append(r.exact[name], read...)
}

// readFieldNames reads names of fields. It puts a minus before a name that is not wanted: -description.
func (r *requestReader) readFieldNames(given string) string {
	reader := sectionReader{isStored: func(name string) bool { return r.parameters.Catalog.Field(name) != nil }}
	parts := reader.readSections(unwrapValue(withoutBrackets(given)))
	isMarked := func(s valueSection) bool { return s.marker != noMarker }

	// Without a negation, the parts between commas are names.
	if !slices.ContainsFunc(parts, isMarked) {
		var names []string
		for part := range strings.SplitSeq(unwrapValue(withoutBrackets(given)), ",") {
			names = append(names, r.fieldName(strings.TrimSpace(part)))
		}
		return strings.Join(names, ",")
	}

	// A list marker holds for the names after it: without photo, vin.
	var names []string
	before := noMarker
	for _, part := range parts {
		means := part.marker
		if means == noMarker && (before == exceptMarker || before == notMarker && part.joint != "," && part.joint != "but") {
			means = before
		}

		if before = means; part.sign {
			before = noMarker
		}

		switch name := r.fieldName(part.text); {
		case part.text == "*" || r.parameters.Catalog.Field(name) == nil && means == noMarker && r.isFiller(part.text):
		case means == noMarker || means == onlyMarker:
			names = append(names, name)
		default:
			names = append(names, "-"+name)
		}
	}

	return strings.Join(names, ",")
}

// stepAfterName finds a step after the name of a field, as in price:5000 and price: $5k.
var stepAfterName = regexp.MustCompile(`^([^:]+):\s*([^:,]*\d[^:,]*)$`)

// readGroups reads names of fields, some with a step.
func (r *requestReader) readGroups(given string) string {
	parts := strings.Split(withoutBrackets(given), ",")
	hasStep := func(part string) bool {
		return r.parameters.Catalog.Field(part) == nil && stepAfterName.MatchString(part)
	}
	if !slices.ContainsFunc(parts, hasStep) {
		return r.readFieldNames(given)
	}

	for i, part := range parts {
		part = strings.TrimSpace(part)
		if !hasStep(part) {
			parts[i] = r.readFieldNames(part)
			continue
		}

		// The step may be written as an amount, such as $5k.
		match := stepAfterName.FindStringSubmatch(part)
		name, step := r.readFieldNames(strings.TrimSpace(match[1])), strings.TrimSpace(match[2])
		if f := r.parameters.Catalog.Field(name); f != nil {
			if a, ok := f.Measure().Parse(step); ok && a.From == a.To {
				step = a.From
			}
		}

		parts[i] = name + ":" + step
	}

	return strings.Join(parts, ",")
}

// checkGroups refuses steps that make too many ranges, and steps over amounts in several currencies.
func (r *requestReader) checkGroups(q *query.Query) {
	check := func(parameter string, groups []query.Group) {
		for _, g := range groups {
			if g.Step == "" {
				continue
			}

			if _, isSingle := q.Currency(g.Field); !isSingle {
				all := r.currencies(g.Field)
				r.fail(parameter, g.String(), fmt.Sprintf("amounts of %s are in %s; add a filter such as %s=%s",
					g.Field.Name, strings.Join(all, ", "), g.Field.CurrencyIn.Name, all[0]))
				continue
			}

			if !r.index.FitsRanges(g.Field, g.Step, query.MaxRanges) {
				r.fail(parameter, g.String(), fmt.Sprintf("a step of %s makes more than %d ranges of %s; send a larger one",
					g.Step, query.MaxRanges, g.Field.Name))
			}
		}
	}

	check("facets", q.Facets)
	check("by", q.By)
}

// readPresenceNames reads the fields of has or missing. A negated name moves to the other one.
func (r *requestReader) readPresenceNames(name, given string) {
	other := map[string]string{"has": "missing", "missing": "has"}[name]
	read := url.Values{}
	for part := range strings.SplitSeq(r.readFieldNames(given), ",") {
		target := name
		field, isNegated := strings.CutPrefix(part, "-")
		if isNegated {
			target = other
		}

		read.Add(target, field)
		r.exact.Add(target, field)
	}

	if len(read[name]) != 1 || read.Get(name) != strings.TrimSpace(given) {
		r.note(name, "other words", read)
	}
}

// readBoolean returns true or false for other words for them, and any other text as it is.
func readBoolean(s string) string {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1", "yes", "on":
		return "true"
	case "false", "0", "no", "off":
		return "false"
	}
	return s
}

// orderWords are phrases that name an order.
var orderWords = map[string]string{
	"cheapest": "price", "cheapest first": "price", "lowest price": "price", "price low to high": "price",
	"most expensive": "-price", "highest price": "-price", "price high to low": "-price",
	"most expensive first": "-price", "priciest": "-price", "low to high": "price", "high to low": "-price",
	"lowest mileage": "mileage", "highest mileage": "-mileage", "lowest mileage first": "mileage",
	"least miles": "mileage",
	"newest year": "-year", "oldest year": "year", "newest": "-year", "newest first": "-year", "latest": "-year",
	"oldest": "year", "oldest first": "year", "most recent": "-year",
}

// readOrder reads the fields to sort by: price, -price, price:desc, price_desc, "price desc", "cheapest".
func (r *requestReader) readOrder(given string) string {
	var all []string
	for part := range strings.SplitSeq(withoutBrackets(given), ",") {
		all = append(all, r.readOrderPart(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(part), "+"))))
	}
	return strings.Join(all, ",")
}

// readOrderPart reads one field of an order, or a phrase that names one.
func (r *requestReader) readOrderPart(part string) string {
	isSeparator := func(c rune) bool { return c == ' ' || c == '_' || c == ':' }
	words := strings.Join(strings.FieldsFunc(strings.ToLower(part), isSeparator), " ")

	// A field under its own name only takes its direction from another parameter.
	name, descending := strings.CutPrefix(part, "-")
	fields := r.parameters.Catalog
	switch {
	case fields.Field(name) != nil && r.direction == "desc" && !descending:
		return "-" + part
	case fields.Field(name) != nil && r.direction == "asc":
		return name
	case fields.Field(name) != nil:
		return part
	case orderWords[words] != "":
		return orderWords[words]
	}

	descending = descending || r.direction == "desc"

	// The direction may follow the field's name.
	field := strings.NewReplacer("-", " ", ".", " ", "|", " ").Replace(strings.TrimPrefix(words, "-"))
	for _, direction := range []string{" descending", " desc", " ascending", " asc"} {
		if before, ok := strings.CutSuffix(field, direction); ok {
			field, descending = before, strings.HasPrefix(direction, " desc")
			break
		}
	}

	found := r.fieldName(strings.ReplaceAll(strings.TrimPrefix(field, "-"), " ", "_"))
	switch {
	case fields.Field(found) == nil:
		return part
	case descending:
		return "-" + found
	}

	return found
}
