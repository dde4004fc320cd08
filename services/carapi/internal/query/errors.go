package query

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"carstock/services/carapi/internal/value"
)

// maxDetail is how many bytes of the first mistake Detail repeats.
const maxDetail = 300

// ParameterError says what is wrong with one parameter of a request.
type ParameterError struct {
	Parameter   string   `json:"parameter"`
	Received    string   `json:"received"`
	Expected    string   `json:"expected"` // a sentence: what is wrong, and what to send instead
	Suggestions []string `json:"suggestions,omitempty"`

	fixed       url.Values // parameters that correct the mistake, if certain; one without values is removed
	unknownName bool       // a list of all names would help
}

// WithFix returns the mistake with the parameters that correct it.
func (e ParameterError) WithFix(fixed url.Values) ParameterError {
	e.fixed = fixed
	return e
}

func (e ParameterError) Error() string { return e.Expected }

// ParameterErrors holds the mistakes of a request, in the order of the parameters' names.
type ParameterErrors struct {
	All     []ParameterError // the first 20
	LeftOut int              // how many more there are
	Retry   url.Values       // the corrected request; nil if the correction is not certain
}

func (e ParameterErrors) Error() string { return e.Detail("") }

// Detail describes the first mistake and counts the others. If a name was unknown, it points to names, which lists all
// of them.
func (e ParameterErrors) Detail(names string) string {
	if len(e.All) == 0 {
		return "a parameter is wrong"
	}

	detail := value.Shorten(e.All[0].Expected, maxDetail)
	add := func(sentence string) {
		if !strings.HasSuffix(detail, "?") {
			detail += "."
		}
		detail += " " + sentence
	}

	switch more := len(e.All) - 1 + e.LeftOut; {
	case more == 1:
		add("One more thing is wrong")
	case more > 1:
		add(fmt.Sprintf("%d more things are wrong", more))
	}

	isUnknown := func(e ParameterError) bool { return e.unknownName }
	if names != "" && slices.ContainsFunc(e.All, isUnknown) {
		add(names + " lists all fields and their parameters")
	}

	return detail
}

// joinAlternatives joins alternatives in words: a, b or c.
func joinAlternatives(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// fixedRequest returns the request without its mistakes, or nil if one of them cannot be corrected with certainty.
func fixedRequest(values url.Values, wrong []ParameterError) url.Values {
	right, seen := maps.Clone(values), map[string]bool{}
	for _, w := range wrong {
		if w.fixed == nil || seen[w.Parameter] { // two fixes for one parameter may contradict each other
			return nil
		}

		seen[w.Parameter] = true

		for name, fixed := range w.fixed {
			switch {
			case fixed == nil:
				delete(right, name)
			case name == w.Parameter:
				right[name] = fixed
			default: // another parameter keeps the values that it has
				right[name] = append(slices.Clone(right[name]), fixed...)
			}
		}
	}

	return right
}
