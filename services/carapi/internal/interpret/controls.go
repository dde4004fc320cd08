package interpret

import (
	"net/url"
	"slices"
	"strings"
)

// readControl reads a parameter that is not a filter.
func (r *reading) readControl(name string, given []string) {
	read := slices.Clone(given)
	for i, g := range given {
		switch name {
		case "include_total", "count_only":
			read[i] = readBoolean(g)
		case "sort":
			read[i] = r.readOrder(g)
		case "fields", "facets":
			read[i] = r.readFieldNames(g)
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
	trimmed := make([]string, len(given))
	for i, g := range given {
		trimmed[i] = strings.TrimSpace(g)
	}
	if !slices.Equal(read, given) && strings.Join(read, "") != strings.Join(trimmed, "") {
		r.note(name, "other words", url.Values{name: read})
	}
	r.exact[name] = append(r.exact[name], read...)
}

// readFieldNames reads names of fields; those that are not wanted get a minus: -description.
func (r *reading) readFieldNames(given string) string {
	reader := sectionReader{isStored: func(name string) bool { return r.parameters.Catalog.Field(name) != nil }}
	parts := reader.read(unwrap(withoutBrackets(given)))
	isMarked := func(s section) bool { return s.marker != unmarked }
	if !slices.ContainsFunc(parts, isMarked) {
		var names []string
		for part := range strings.SplitSeq(unwrap(withoutBrackets(given)), ",") {
			names = append(names, r.fieldName(strings.TrimSpace(part)))
		}
		return strings.Join(names, ",")
	}

	var names []string
	before := unmarked
	for _, part := range parts {
		means := part.marker
		if means == unmarked && (before == leavesList || before == leavesOut && part.joint != "," && part.joint != "but") {
			means = before
		}
		if before = means; part.sign {
			before = unmarked
		}
		switch name := r.fieldName(part.text); {
		case part.text == "*" || r.parameters.Catalog.Field(name) == nil && means == unmarked && r.isFiller(part.text):
		case means == unmarked || means == wants:
			names = append(names, name)
		default:
			names = append(names, "-"+name)
		}
	}
	return strings.Join(names, ",")
}

// readPresenceNames reads the fields that has or missing names; a negation turns one into the other.
func (r *reading) readPresenceNames(name, given string) {
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

func readBoolean(s string) string {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1", "yes", "on":
		return "true"
	case "false", "0", "no", "off":
		return "false"
	}
	return s
}

// orders are words for an order.
var orders = map[string]string{
	"cheapest": "price", "cheapest first": "price", "lowest price": "price", "price low to high": "price",
	"most expensive": "-price", "highest price": "-price", "price high to low": "-price",
	"most expensive first": "-price", "priciest": "-price", "low to high": "price", "high to low": "-price",
	"lowest mileage": "mileage", "highest mileage": "-mileage", "lowest mileage first": "mileage", "least miles": "mileage",
	"newest year": "-year", "oldest year": "year", "newest": "-year", "newest first": "-year", "latest": "-year",
	"oldest": "year", "oldest first": "year", "most recent": "-year",
}

// readOrder reads what to sort by: price, -price, price:desc, price_desc, "price desc", "cheapest".
func (r *reading) readOrder(given string) string {
	var all []string
	for part := range strings.SplitSeq(withoutBrackets(given), ",") {
		all = append(all, r.readOrderPart(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(part), "+"))))
	}
	return strings.Join(all, ",")
}

func (r *reading) readOrderPart(part string) string {
	isSeparator := func(c rune) bool { return c == ' ' || c == '_' || c == ':' }
	words := strings.Join(strings.FieldsFunc(strings.ToLower(part), isSeparator), " ")
	name, descending := strings.CutPrefix(part, "-")
	fields := r.parameters.Catalog
	switch {
	case fields.Field(name) != nil && r.direction == "desc" && !descending:
		return "-" + part
	case fields.Field(name) != nil && r.direction == "asc":
		return name
	case fields.Field(name) != nil:
		return part
	case orders[words] != "":
		return orders[words]
	}
	descending = descending || r.direction == "desc"

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
