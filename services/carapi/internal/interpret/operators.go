package interpret

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// valueCondition is the part of a value that one parameter takes: color=red,-blue has one for color and one for
// color_not.
type valueCondition struct {
	use   query.Use
	value string
}

// operatorNames are what callers of other APIs write for a comparison: make=neq.Toyota, price={"$lte":20000}.
var operatorNames = map[string]string{
	"exclude": "ne", "excluding": "ne", "excl": "ne", "no": "ne", "without": "ne", "except": "ne", "is_not": "ne",
	"isnt": "ne",
	"eq":   "eq", "equals": "eq", "equal": "eq", "is": "eq", "exact": "eq", "iexact": "eq", "like": "eq", "ilike": "eq",
	"contains": "eq", "icontains": "eq", "in": "eq", "any": "eq", "cs": "eq", "=": "eq", "==": "eq",
	"!": "ne", "!=": "ne", "<>": "ne", "≠": "ne", "-": "ne",
	"ne": "ne", "neq": "ne", "not": "ne", "nin": "ne", "notin": "ne", "not in": "ne", "not_in": "ne", "isnot": "ne",
	"noteq": "ne",
	"gte":   "gte", "ge": "gte", "min": "gte", "from": "gte", "start": "gte", ">=": "gte",
	"lte": "lte", "le": "lte", "max": "lte", "to": "lte", "end": "lte", "<=": "lte",
	"gt": "gt", ">": "gt", "lt": "lt", "<": "lt",
	"between": "between", "btw": "between", "range": "between",
	"exists": "exists", "isnull": "isnull",
}

var oppositeOperators = map[string]string{"eq": "ne", "ne": "eq", "gte": "lt", "lt": "gte", "lte": "gt", "gt": "lte"}

// An operator before its value: not.in.(a,b), gte:20000, ne(Toyota), NOT IN ('a', 'b').
var (
	dottedOperator  = regexp.MustCompile(`(?i)^(not[.:])?\$?([a-z_]+)[.:](.+)$`)
	calledOperator  = regexp.MustCompile(`(?i)^(not\s+|not[.:])?([a-z_]+|not\s+in|!=?|<>|≠|-)\s*[(\[](.*)[)\]]$`)
	notNullOperator = regexp.MustCompile(`(?i)^(?:is[\s.]+not[\s.]+|not[\s.](?:is[\s.])?|!=?\s*|<>\s*|≠\s*|` +
		`neq?[.:\s]\s*)(?:null|none|nil|empty)$`)
	nullOperator = regexp.MustCompile(`(?i)^is[\s.](?:null|nil|empty)$`)
)

// maxNestedOperators is how many operators are read inside one another, as in not(in(a,b)). What is deeper stays text.
// Without a limit, the time to read a value would grow with the cube of their number.
const maxNestedOperators = 4

// readOperator reads a value with an operator of another API. is reports whether the value has one, and ok whether it
// could be read.
func readOperator(text string) (all []valueCondition, is, ok bool) {
	return readNestedOperator(text, maxNestedOperators)
}

// readNestedOperator does what readOperator does, for at most depth operators inside one another.
func readNestedOperator(text string, depth int) (all []valueCondition, is, ok bool) {
	if depth == 0 {
		return nil, false, false
	}

	text = strings.TrimSpace(text)
	switch {
	case notNullOperator.MatchString(text):
		return []valueCondition{{query.UsePresent, ""}}, true, true
	case nullOperator.MatchString(text):
		return []valueCondition{{query.UseMissing, ""}}, true, true
	case strings.HasPrefix(text, "{"):
		all, ok = readObject(text)
		return all, true, ok
	}

	if all, ok := readOperatorList(text, depth); ok {
		return all, true, true
	}
	if rest := strings.TrimLeft(text, "="); rest != text {
		return []valueCondition{{query.UseEquals, strings.TrimSpace(rest)}}, true, rest != ""
	}

	// An operator before its values, with dots or parentheses.
	for _, shape := range []*regexp.Regexp{dottedOperator, calledOperator} {
		match := shape.FindStringSubmatch(text)
		if match == nil {
			continue
		}

		operator := operatorNames[strings.Join(strings.Fields(strings.ToLower(match[2])), " ")]
		if operator == "" {
			continue
		}

		if match[1] != "" {
			operator = oppositeOperators[operator]
		}

		// Its values may have an operator themselves, as in not(in(a,b)).
		if inner, isNested, ok := readNestedOperator(match[3], depth-1); isNested && ok {
			all, ok = negateAll(inner, operator)
			return all, true, ok
		}

		all, ok = conditionsOfOperator(operator, splitOperand(match[3]))
		return all, true, ok
	}

	return nil, false, false
}

// negateAll applies an operator to the conditions inside it: not(in(a,b)).
func negateAll(inner []valueCondition, operator string) ([]valueCondition, bool) {
	for i := range inner {
		switch {
		case operator == "eq":
		case operator == "ne" && inner[i].use == query.UseEquals && !strings.HasPrefix(inner[i].value, "<") &&
			!strings.HasPrefix(inner[i].value, ">"):
			inner[i].use = query.UseExcluded
		default:
			return nil, false
		}
	}

	return inner, true
}

// readOperatorList reads several bounds separated by commas: gte:10000,lte:20000.
func readOperatorList(text string, depth int) ([]valueCondition, bool) {
	parts := strings.Split(text, ",")
	if len(parts) < 2 {
		return nil, false
	}

	var all []valueCondition
	for _, part := range parts {
		match := dottedOperator.FindStringSubmatch(strings.TrimSpace(part))
		if match == nil || operatorNames[strings.ToLower(match[2])] == "" {
			return nil, false
		}

		found, _, ok := readNestedOperator(part, depth)
		if !ok {
			return nil, false
		}

		all = append(all, found...)
	}

	return all, true
}

// splitOperand splits the values of an operator: (a,b), 'a', "a", *a*.
func splitOperand(text string) []string {
	text = unwrapList(strings.Trim(text, " {}"))
	if items, ok := parseList(text); ok {
		return items
	}

	parts := strings.Split(text, ",")
	for i, part := range parts {
		parts[i] = strings.Trim(strings.TrimSpace(part), `'"*%`)
	}

	return parts
}

// readObject reads an object of operators in MongoDB's notation: {"$gte": 20000, "$lte": 30000}.
func readObject(text string) ([]valueCondition, bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()

	var object map[string]any
	if decoder.Decode(&object) != nil || decoder.More() || len(object) == 0 {
		return nil, false
	}

	var all []valueCondition
	for name, operand := range object {
		if operand == nil && len(object) > 1 {
			continue // {"min": 10000, "max": null}
		}

		operator := operatorNames[strings.ToLower(strings.TrimLeft(name, "$_"))]
		if inner, ok := operand.(map[string]any); ok && operator == "ne" {
			found, ok := negateObject(inner)
			if !ok {
				return nil, false
			}
			all = append(all, found...)
			continue
		}

		values, ok := scalarTexts(operand)
		found, applied := conditionsOfOperator(operator, values)
		if !ok || !applied {
			return nil, false
		}

		all = append(all, found...)
	}

	// The members of a map come in no order, but the same request must always be read in the same way.
	slices.SortFunc(all, func(a, b valueCondition) int { return strings.Compare(a.value, b.value) })
	return all, true
}

// negateObject reads the object of a $not.
func negateObject(object map[string]any) ([]valueCondition, bool) {
	if len(object) != 1 {
		return nil, false // one parameter cannot express not (a and b)
	}

	for name, operand := range object {
		values, ok := scalarTexts(operand)
		if !ok {
			return nil, false
		}
		return conditionsOfOperator(oppositeOperators[operatorNames[strings.ToLower(strings.TrimLeft(name, "$_"))]], values)
	}

	return nil, false
}

// scalarTexts returns texts, numbers, booleans, null, or a list of them, as texts.
func scalarTexts(operand any) ([]string, bool) {
	items, several := operand.([]any)
	if !several {
		items = []any{operand}
	}

	texts := make([]string, len(items))
	for i, item := range items {
		switch item := item.(type) {
		case string:
			texts[i] = item
		case json.Number:
			texts[i] = item.String()
		case bool:
			texts[i] = map[bool]string{true: "true", false: "false"}[item]
		case nil:
			texts[i] = "null"
		default:
			return nil, false
		}
	}

	return texts, len(texts) > 0
}

// conditionsOfOperator returns the conditions for an operator and its values.
func conditionsOfOperator(operator string, values []string) ([]valueCondition, bool) {
	first := ""
	if len(values) > 0 {
		first = values[0]
	}

	// Operators of presence, ranges and lists.
	isOne := len(values) == 1
	switch {
	case slices.Contains(values, ""):
		return nil, false
	case operator == "ne" && isOne && strings.EqualFold(first, "null"), operator == "exists" && first == "true",
		operator == "isnull" && first == "false":
		return []valueCondition{{query.UsePresent, ""}}, true
	case operator == "exists" && first == "false", operator == "isnull" && first == "true":
		return []valueCondition{{query.UseMissing, ""}}, true
	case operator == "between" && len(values) == 2:
		return []valueCondition{{query.UseAtLeast, first}, {query.UseAtMost, values[1]}}, true
	case operator == "between" && isOne:
		return []valueCondition{{query.UseEquals, first}}, true
	case operator == "eq" || operator == "ne":
		use := map[string]query.Use{"eq": query.UseEquals, "ne": query.UseExcluded}[operator]
		var all []valueCondition
		for _, v := range values {
			all = append(all, valueCondition{use, v})
		}
		return all, len(all) > 0
	case !isOne:
		return nil, false
	}

	// Bounds. Those that exclude their number are left to the words of an amount: >20000.
	switch operator {
	case "gte":
		return []valueCondition{{query.UseAtLeast, first}}, true
	case "lte":
		return []valueCondition{{query.UseAtMost, first}}, true
	case "gt":
		return []valueCondition{{query.UseEquals, ">" + first}}, true
	case "lt":
		return []valueCondition{{query.UseEquals, "<" + first}}, true
	}

	return nil, false
}

// splitConditions splits a filter value into what it wants and what it excludes. changed is false if the value is read
// as written. ok is false for a negation that cannot be read; the mistake is recorded.
func (r *requestReader) splitConditions(name string, p query.Parameter, text string) (all []valueCondition,
	changed, ok bool,
) {
	whole := []valueCondition{{p.Use, text}}
	if r.isStored(p.Field, text) {
		return whole, false, true
	}

	text = unwrapList(strings.Map(withoutInvisible, text))
	all, changed, problem := r.readValue(p.Field, text)

	// The value of make_not may be a list in words, which joints separate.
	if problem == "" && !changed && p.Use == query.UseExcluded && isTextual(p.Field) && !p.Field.HasOwnValues() {
		all, problem = r.readNegation(p.Field, text, exceptMarker)
		if changed = all != nil; changed {
			return all, true, true
		}
	}

	switch {
	case problem != "":
		r.fail(name, text, problem)
		return nil, false, false
	case !changed:
		return whole, false, true
	}

	return r.combineWithUse(name, p, text, all)
}

// withoutInvisible drops invisible characters, such as a zero-width space before a sign.
func withoutInvisible(c rune) rune {
	if unicode.Is(unicode.Cf, c) {
		return -1
	}
	return c
}

// unwrapList unwraps a value unless it is a list or an object in JSON.
func unwrapList(text string) string {
	if _, isList := parseList(text); isList {
		return text
	}
	return unwrapValue(text)
}

// readValue reads operators and negations in a value. changed is false for a value that only names values. problem says
// what is wrong with a value that cannot be read.
func (r *requestReader) readValue(f *catalog.Field, text string) (all []valueCondition, changed bool, problem string) {
	if found, is, ok := readOperator(text); is {
		if !ok {
			return nil, false, fmt.Sprintf("the operator in %q cannot be read; send %s=... or %s_not=... with values",
				value.Excerpt(text), f.Name, f.Name)
		}
		return r.readOperands(f, text, found)
	}

	items, isList := parseList(text)
	if !isList {
		items = splitOperators(text)
	}

	if len(items) == 1 && !isList {
		items = splitNegated(items[0])
	}

	// An operator alone as the first item, as in ne,Toyota, is refused: it could hold for one item or for all.
	if first := strings.ToLower(items[0]); len(items) > 1 && operatorNames[strings.TrimLeft(first, "$")] == "ne" &&
		items[0] == first {
		return nil, false, fmt.Sprintf("the operator in %q cannot be read; send %s=... or %s_not=... with values",
			value.Excerpt(text), f.Name, f.Name)
	}

	for _, item := range items {
		found, itemChanged, problem := r.readItem(f, item, len(items) > 1)
		if problem != "" {
			return nil, false, problem
		}
		all, changed = append(all, found...), changed || itemChanged
	}

	return all, changed, ""
}

// splitNegated splits a list whose first item is an operator alone.
func splitNegated(text string) []string {
	parts := value.SplitTrimmed(text, ",")
	if operatorNames[strings.TrimLeft(parts[0], "$")] == "ne" && len(parts) > 1 {
		return parts
	}
	return []string{text}
}

// readItem reads one value, or several separated by commas, without a common operator. With isListed, it is an item of
// a list, and may have an operator of its own.
func (r *requestReader) readItem(
	f *catalog.Field, item string, isListed bool,
) (all []valueCondition, changed bool, problem string) {
	whole := []valueCondition{{query.UseEquals, item}}
	if r.isStored(f, item) {
		return whole, false, ""
	}

	if isListed {
		if found, is, ok := readOperator(item); is && ok {
			return r.readOperands(f, item, found)
		}
	}

	if negated, problem := r.readNegation(f, item, noMarker); negated != nil || problem != "" {
		return negated, true, problem
	}

	for _, part := range r.sectionsOf(f, item) {
		if !part.isStored && isStray(f, part.text) {
			return nil, false, fmt.Sprintf("the signs in %q cannot be read; send %s=... for what is wanted, or %s_not=... for "+
				"what is not", value.Excerpt(item), f.Name, f.Name)
		}
	}

	return whole, false, ""
}

// readOperands reads the values after an operator, which may be a negation.
func (r *requestReader) readOperands(
	f *catalog.Field, text string, found []valueCondition,
) (all []valueCondition, changed bool, problem string) {
	if !isTextual(f) {
		return found, true, ""
	}

	for _, c := range found {
		if c.use != query.UseEquals && c.use != query.UseExcluded || r.isStored(f, c.value) {
			all = append(all, c)
			continue
		}

		// The words after an operator may be a negation themselves.
		inner, innerChanged, problem := r.readItem(f, unwrapValue(c.value), false)
		switch {
		case problem != "":
			return nil, false, problem
		case innerChanged && c.use == query.UseExcluded:
			return nil, false, fmt.Sprintf("%q is a negation of a negation; send %s=... or %s_not=...", value.Excerpt(text),
				f.Name, f.Name)
		case innerChanged:
			all = append(all, inner...)
		default:
			all = append(all, valueCondition{c.use, unwrapValue(c.value)})
		}
	}

	return all, true, ""
}

// splitOperators splits a list at its commas if an item has an operator: black,ne.white.
func splitOperators(text string) []string {
	parts := value.SplitTrimmed(text, ",")
	hasOperator := func(part string) bool {
		_, is, ok := readOperator(part)
		return is && ok
	}
	if len(parts) > 1 && slices.ContainsFunc(parts, hasOperator) {
		return parts
	}

	return []string{text}
}

// combineWithUse combines the conditions of a value with the use of its parameter. An excluding parameter refuses a
// second negation.
func (r *requestReader) combineWithUse(
	name string, p query.Parameter, text string, all []valueCondition,
) (_ []valueCondition, changed, ok bool) {
	for i, c := range all {
		switch {
		case p.Use == query.UseEquals:
		case c.use == query.UseEquals:
			all[i].use = p.Use
		case p.Use == query.UseHasAll && c.use == query.UseExcluded:
		case c.use != p.Use:
			r.fail(name, text, fmt.Sprintf("%s is a comparison, and its value has another one; send %s=%s", name, p.Field.Name,
				value.Excerpt(text)))
			return nil, false, false
		case p.Use == query.UseExcluded:
			r.fail(name, text, name+" leaves out what it names, and its value is a negation too; send one of them")
			return nil, false, false
		}
	}

	return all, true, true
}

// isStray reports whether a sign at the edge of a text may reverse its meaning. Folding would drop the sign.
func isStray(f *catalog.Field, text string) bool {
	if !isTextual(f) || value.Fold(text) == "" || !utf8.ValidString(text) {
		return false
	}

	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	isMark := unicode.IsPunct(first) || unicode.IsSymbol(first)
	isOdd := isMark && !strings.ContainsRune(`'"’“#.&([+*%@_-`, first)
	isOpen := len(text) > 1 && strings.ContainsRune("([{", first) && strings.ContainsRune("?!^-<>=", rune(text[1]))

	return isOdd || isOpen || unicode.Is(unicode.So, last) || strings.Contains(text, `{"$`) ||
		strings.HasPrefix(text, "[") && strings.Contains(text, `"`)
}

// isStored reports whether a text is a value in stock as written. Such a value is never an operator or a negation.
func (r *requestReader) isStored(f *catalog.Field, text string) bool {
	return isTextual(f) && len(r.index.Lookup(f, text)) > 0
}

// parameterFor returns the parameter that compares a field with this use.
func (r *requestReader) parameterFor(f *catalog.Field, use query.Use) (name string, ok bool) {
	switch use {
	case query.UsePresent, query.UseMissing:
		name := map[query.Use]string{query.UsePresent: "has", query.UseMissing: "missing"}[use]
		p, ok := r.parameters.Get(name)
		return name, ok && p.Use == query.UseControl
	}

	for name, p := range r.parameters.All() {
		if p.Field == f && p.Use == use {
			return name, true
		}
	}

	return "", false
}
