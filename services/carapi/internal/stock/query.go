package stock

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Limits of how many vehicles an answer holds.
const (
	DefaultLimit = 20
	MaxLimit     = 100
)

// Query is a search, as understood.
type Query struct {
	Filters []Filter
	Limit   int
}

// Filter holds the vehicles for which a field compares so to a value. Vehicles without a value in
// the field never match.
type Filter struct {
	Field *Field
	Op    Op
	Text  string // what an Equal on a text field is to be, in any spelling
	Value any    // what the others compare to: an int64, or a float64
}

// Op is how a filter compares.
type Op string

// The comparisons.
const (
	Equal Op = "="
	Min   Op = ">="
	Max   Op = "<="
)

// parameter is what a name in a request stands for.
type parameter struct {
	field string
	op    Op
	text  bool
}

var parameters = map[string]parameter{
	"make":        {"make", Equal, true},
	"model":       {"model", Equal, true},
	"color":       {"color", Equal, true},
	"year":        {"year", Equal, false},
	"year_min":    {"year", Min, false},
	"year_max":    {"year", Max, false},
	"price_min":   {"price", Min, false},
	"price_max":   {"price", Max, false},
	"mileage_max": {"mileage", Max, false},
}

// ParameterError says what is wrong with one parameter of a request.
type ParameterError struct {
	Parameter string `json:"parameter"`
	Received  string `json:"received"`
	Expected  string `json:"expected"`
}

func (e ParameterError) Error() string {
	return fmt.Sprintf("%s=%q: expected %s", e.Parameter, e.Received, e.Expected)
}

// ParameterErrors is every wrong parameter of a request, in the order of their names.
type ParameterErrors []ParameterError

func (e ParameterErrors) Error() string {
	texts := make([]string, len(e))
	for i := range e {
		texts[i] = e[i].Error()
	}
	return strings.Join(texts, "; ")
}

// Parse understands the parameters of a request. The error, if any, is a ParameterErrors: nothing
// is left out or cut down in silence.
func (r *Registry) Parse(values url.Values) (Query, error) {
	q := Query{Limit: DefaultLimit}
	var wrong ParameterErrors
	for _, name := range slices.Sorted(maps.Keys(values)) {
		given := values[name]
		fail := func(format string, args ...any) {
			wrong = append(wrong, ParameterError{name, strings.Join(given, ","), fmt.Sprintf(format, args...)})
		}
		p, known := parameters[name]
		field := r.byName[p.field]
		switch {
		case !known && name != "limit", known && field == nil:
			fail("one of the parameters %s", strings.Join(r.parameterNames(), ", "))
		case len(given) > 1:
			fail("the parameter once")
		case strings.TrimSpace(given[0]) == "":
			fail("a value, or the parameter left out")
		case name == "limit":
			n, err := strconv.Atoi(given[0])
			if err != nil || n < 1 || n > MaxLimit {
				fail("a whole number from 1 to %d", MaxLimit)
			}
			q.Limit = n
		case p.text:
			q.Filters = append(q.Filters, Filter{Field: field, Op: p.op, Text: given[0]})
		default:
			v, err := parseNumber(given[0])
			if err != nil {
				fail("a number such as 2023 or 19999.50")
			}
			q.Filters = append(q.Filters, Filter{Field: field, Op: p.op, Value: v})
		}
	}
	if wrong != nil {
		return Query{}, wrong
	}
	return q, nil
}

var number = regexp.MustCompile(`^-?[0-9]{1,15}(\.[0-9]{1,6})?$`)

// parseNumber takes plain decimals alone: strconv would also take 0x1p-2, 1e9 and Inf.
func parseNumber(s string) (any, error) {
	if !number.MatchString(s) {
		return nil, strconv.ErrSyntax
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i, nil
	}
	return strconv.ParseFloat(s, 64)
}

// operand is v as the column would hold it: 0.1 in single precision is not 0.1 in double.
func (f *Field) operand(v any) any {
	if x, ok := v.(float64); ok && f.single {
		return float64(float32(x))
	}
	return v
}

func (r *Registry) parameterNames() []string {
	names := []string{"limit"}
	for name, p := range parameters {
		if r.byName[p.field] != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// where is the SQL condition of the filters, and its values. The words of a text filter have been
// resolved to the values in stock that they mean.
func where(filters []Filter, resolve func(*Field, string) ([]string, error)) (string, []any, error) {
	if len(filters) == 0 {
		return "", nil, nil
	}
	var conditions []string
	var args []any
	for _, f := range filters {
		if f.Text == "" {
			conditions = append(conditions, f.Field.number+" "+string(f.Op)+" ?")
			args = append(args, f.Field.operand(f.Value))
			continue
		}
		meant, err := resolve(f.Field, f.Text)
		if err != nil {
			return "", nil, err
		}
		if len(meant) == 0 {
			conditions = append(conditions, "1 = 0")
			continue
		}
		conditions = append(conditions, f.Field.quoted+" IN (?"+strings.Repeat(", ?", len(meant)-1)+")")
		for _, v := range meant {
			args = append(args, v)
		}
	}
	return " WHERE " + strings.Join(conditions, " AND "), args, nil
}
