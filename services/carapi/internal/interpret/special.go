package interpret

import (
	"slices"
	"strings"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// valueNames are parameters that stand for the first of several fields that has the value.
var valueNames = map[string][]string{
	"location": catalog.PlaceFields,
	"place":    catalog.PlaceFields,
	"type":     {"body_type", "condition", "fuel_type", "transmission", "drivetrain"},
	"cartype":  {"body_type", "condition", "fuel_type", "transmission", "drivetrain"},
}

// fallbackFields are used for a value that nothing in stock has.
var fallbackFields = map[string]string{
	"location": "state", "place": "state", "type": "body_type",
	"cartype": "body_type",
}

// booleanFields are fields whose values may be parameter names, as in certified=true.
var booleanFields = []string{"condition", "body_type", "fuel_type", "transmission", "drivetrain", "features"}

// directionNames are parameters for the direction of sort.
var directionNames = strings.Fields("order dir direction sortorder sortdir sortdirection orderdir " +
	"orderdirection sorttype")

// readSpecialName reads a parameter whose meaning depends on its value. It returns false for other parameters.
func (r *requestReader) readSpecialName(written string, values []string) bool {
	if _, known := r.parameters.Get(written); known {
		return false
	}

	folded := foldParameter(withOperator(itemNumber.ReplaceAllString(written, "")))
	if slices.Contains(directionNames, folded) && r.readDirection(values) {
		return true
	}
	if r.readFieldsNot(written, folded, values) {
		return true
	}
	if name, known := r.synonyms[folded]; known {
		p, _ := r.parameters.Get(name)
		return !query.IsPermitted(name, p, r.allowed)
	}

	return r.allowsFilters() &&
		(r.readComparedName(written, values) || r.readValueName(written, folded, values) ||
			r.readPresence(written, folded, values) || r.readBooleanName(written, values))
}

// allowsFilters reports whether the request may have filters.
func (r *requestReader) allowsFilters() bool { return slices.Contains(r.allowed, "q") }

// readFieldsNot reads fields_not=description and exclude_facets=color: names to leave out of fields, facets or by.
func (r *requestReader) readFieldsNot(written, folded string, values []string) bool {
	lists := []string{"fields", "facets", "by"}
	base, isNot := cutNot(folded, func(rest string) bool { return slices.Contains(lists, r.synonyms[rest]) })
	name := r.synonyms[base]
	if !isNot || !slices.Contains(r.allowed, name) {
		return false
	}

	for _, v := range values {
		var names []string
		for _, field := range value.SplitTrimmed(withoutBrackets(v), ",") {
			names = append(names, "-"+field)
		}
		r.addValue(name, strings.Join(names, ","), valueOrigin{written: written, from: v, reason: "names that " + name +
			" leaves out"})
	}

	return true
}

// cutNot removes a negation from before or after a name. What remains must be a name too: "not" has no negation,
// because "t" is not a name, and "notype" negates "type".
func cutNot(folded string, isName func(string) bool) (base string, isNot bool) {
	for _, prefix := range append([]string{"omit", "hide"}, notPrefixes...) {
		if rest, found := strings.CutPrefix(folded, prefix); found && isName(rest) {
			return rest, true
		}
	}

	for _, suffix := range notSuffixes {
		if rest, found := strings.CutSuffix(folded, suffix); found && isName(rest) {
			return rest, true
		}
	}

	return folded, false
}

// readDirection reads asc or desc.
func (r *requestReader) readDirection(values []string) bool {
	if len(values) != 1 || !slices.Contains(r.allowed, "sort") {
		return false
	}

	switch strings.ToLower(strings.TrimSpace(values[0])) {
	case "asc", "ascending", "1":
		return r.setDirection("asc")
	case "desc", "descending", "-1":
		return r.setDirection("desc")
	}

	return false
}

// setDirection sets the direction of sort. Two different directions are a mistake.
func (r *requestReader) setDirection(direction string) bool {
	if r.direction != "" && r.direction != direction {
		r.fail("sort", direction, "sort has two directions, ascending and descending; send one of them")
	}
	r.direction = direction
	return true
}

// readComparedName reads a comparison without an equals sign, which arrives as a name alone: make<>Toyota.
func (r *requestReader) readComparedName(written string, values []string) bool {
	if strings.Join(values, "") != "" {
		return false
	}

	for _, operator := range []string{"<>", "≠", "≤", "≥"} {
		name, operand, found := strings.Cut(written, operator)
		if !found || name == "" || operand == "" {
			continue
		}

		known := r.parameterName(name)
		p, ok := r.parameters.Get(known)
		if !ok || p.Field == nil {
			return false
		}

		text := operator + operand
		r.addConditions(known, p, text, valueOrigin{written: written, from: written, reason: "a comparison"})
		return true
	}

	return false
}

// readValueName reads location=Phoenix or type=SUV as the field that has the value.
func (r *requestReader) readValueName(written, folded string, values []string) bool {
	names, known := valueNames[folded]
	use := query.UseEquals

	// A negation in the name excludes: location_not.
	isValueName := func(rest string) bool { return valueNames[rest] != nil }
	if base, isNot := cutNot(folded, isValueName); !known && isNot {
		folded, use = base, query.UseExcluded
		names, known = valueNames[base], true
	}

	fallback := r.parameters.Catalog.TextField(fallbackFields[folded])
	if !known {
		return false
	}

	var fields []*catalog.Field
	for _, name := range names {
		if f := r.parameters.Catalog.TextField(name); f != nil {
			fields = append(fields, f)
		}
	}

	if len(fields) == 0 {
		return false
	}

	if fallback == nil {
		fallback = fields[0]
	}

	// Give each value to the first field that has it.
	from := valueOrigin{written: written, from: strings.Join(values, ", ")}
	for _, v := range values {
		if slices.Contains(absentValues, strings.ToLower(strings.TrimSpace(v))) {
			r.notes.Ignored[written] = v
			continue
		}

		parts := []string{v}
		if len(fieldsWith(r, fields, v)) == 0 && strings.Contains(v, ",") {
			parts = value.SplitTrimmed(v, ",") // Phoenix, AZ
		}

		for _, part := range parts {
			f := fallback
			if found := fieldsWith(r, fields, part); len(found) > 0 {
				f = found[0]
			}

			if name, ok := r.parameterFor(f, use); ok {
				from.reason = "another name for " + name
				r.addConditions(name, query.Parameter{Field: f, Use: use}, part, from)
			}
		}
	}

	return true
}

// fieldsWith returns the fields that have a text among their values in stock, negated or not.
func fieldsWith(r *requestReader, fields []*catalog.Field, text string) []*catalog.Field {
	var found []*catalog.Field
	for _, f := range fields {
		isUnknown := func(part string) bool {
			values, _ := r.readAlternatives(f, part)
			return values == nil
		}

		areValues := !slices.ContainsFunc(value.SplitTrimmed(text, ","), isUnknown)
		negated, problem := r.readNegation(f, text, noMarker)
		isMissing := func(c valueCondition) bool { return r.valuesOf(f, c.value) == nil }
		areNegated := problem == "" && len(negated) > 0 && !slices.ContainsFunc(negated, isMissing)
		if areValues || areNegated {
			found = append(found, f)
		}
	}

	return found
}

// readPresence reads has_price=true and price_exists=false.
func (r *requestReader) readPresence(written, folded string, values []string) bool {
	if len(values) != 1 {
		return false
	}

	yes, isBoolean := value.ParseBool(values[0])
	if !isBoolean {
		return false
	}

	for _, form := range []struct {
		prefix, suffix string
		has            bool
	}{
		{"has", "", true},
		{"with", "", true},
		{"", "exists", true},
		{"", "isnotnull", true},
		{"", "notnull", true},
		{"", "present", true},
		{"missing", "", false},
		{"", "isnull", false},
		{"", "missing", false},
		{"", "isempty", false},
	} {
		rest, hasPrefix := strings.CutPrefix(folded, form.prefix)
		rest, hasSuffix := strings.CutSuffix(rest, form.suffix)

		name, known := r.synonyms[rest]
		p, _ := r.parameters.Get(name)
		if !hasPrefix || !hasSuffix || !known || p.Field == nil || p.Use != query.UseEquals {
			continue
		}

		// has_price=false asks for the same as missing_price=true.
		control := map[bool]string{true: "has", false: "missing"}[yes == form.has]
		origin := valueOrigin{written: written, from: values[0], reason: "another name for " + control}
		r.addValue(control, p.Field.Name, origin)
		return true
	}

	return false
}

// readBooleanName reads certified=true and sunroof=no, where the name is a value in stock.
func (r *requestReader) readBooleanName(written string, values []string) bool {
	if len(values) != 1 {
		return false
	}

	yes, isBoolean := value.ParseBool(strings.TrimLeft(values[0], "! "))
	isAny := slices.Contains(absentValues, strings.ToLower(strings.TrimSpace(values[0])))
	if !isBoolean && !isAny {
		return false
	}

	// A negation may be in the value and in the name.
	yes = yes != strings.HasPrefix(values[0], "!")
	name, isNegated := cutNameSign(written)
	yes = yes != isNegated

	word := strings.Join(splitName(name), " ")
	for _, prefix := range []string{"", "is ", "has "} {
		rest, found := strings.CutPrefix(word, prefix)
		if !found || rest == "" {
			continue
		}

		for _, name := range booleanFields {
			f := r.parameters.Catalog.Field(name)
			if f == nil || !isTextual(f) || len(r.matchValues(name, rest)) == 0 {
				continue
			}
			if isAny {
				r.notes.Ignored[written] = values[0]
				return true
			}

			use := map[bool]query.Use{true: query.UseEquals, false: query.UseExcluded}[yes]
			target, ok := r.parameterFor(f, use)
			if ok {
				r.addValue(target, rest, valueOrigin{written: written, from: values[0], reason: "the name of a value"})
			}

			return ok
		}
	}

	return false
}

// splitName splits a name at signs and capitals: certifiedPreOwned has three words.
func splitName(name string) []string {
	var b strings.Builder
	runes := []rune(name)
	for i, c := range runes {
		switch {
		case strings.ContainsRune("_-. []", c):
			c = ' '
		case i > 0 && c >= 'A' && c <= 'Z' && runes[i-1] >= 'a' && runes[i-1] <= 'z':
			b.WriteByte(' ')
		}

		b.WriteRune(c)
	}

	return strings.Fields(strings.ToLower(b.String()))
}
