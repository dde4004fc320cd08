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
		case "include_total":
			read[i] = readBoolean(g)
		case "sort":
			read[i] = r.readOrder(g)
		case "fields", "facets":
			var names []string
			for part := range strings.SplitSeq(withoutBrackets(g), ",") {
				names = append(names, r.fieldName(strings.TrimSpace(part)))
			}
			read[i] = strings.Join(names, ",")
		case "limit", "max_chars":
			read[i] = strings.TrimSuffix(strings.TrimSpace(g), ".0")
		default:
			read[i] = strings.TrimSpace(g)
		}
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
	"lowest mileage": "mileage", "highest mileage": "-mileage", "newest year": "-year", "oldest year": "year",
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
	case fields.Field(name) != nil:
		return part
	case orders[words] != "":
		return orders[words]
	}

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
