package query

import (
	"fmt"
	"maps"
	"net/url"
	"strings"
)

// ParameterError says what is wrong with one parameter of a request.
type ParameterError struct {
	Parameter   string   `json:"parameter"`
	Received    string   `json:"received"`
	Expected    string   `json:"expected"`
	Suggestions []string `json:"suggestions,omitempty"`

	fixed url.Values // the parameters with which it is right, where that is certain; one without values is left out
}

// WithFix gives the mistake with the parameters by which the request is right.
func (e ParameterError) WithFix(fixed url.Values) ParameterError {
	e.fixed = fixed
	return e
}

func (e ParameterError) Error() string {
	s := fmt.Sprintf("%s=%s: expected %s", e.Parameter, e.Received, e.Expected)
	if len(e.Suggestions) > 0 {
		s += "; did you mean " + strings.Join(e.Suggestions, ", ") + "?"
	}
	return s
}

// ParameterErrors is every mistake of a request, in the order of the parameters' names; the first 20.
type ParameterErrors struct {
	All   []ParameterError
	Retry url.Values // the request as it would be right; nil if that is not certain
}

func (e ParameterErrors) Error() string {
	texts := make([]string, len(e.All))
	for i := range e.All {
		texts[i] = e.All[i].Error()
	}
	return strings.Join(texts, "; ")
}

// NewErrors gives the mistakes of a request with these parameters, and the request as it would be right.
func NewErrors(values url.Values, wrong []ParameterError) ParameterErrors {
	return ParameterErrors{wrong, retry(values, wrong)}
}

// retry is the request without its mistakes, if it is certain what was meant by each of them.
func retry(values url.Values, wrong []ParameterError) url.Values {
	right, seen := maps.Clone(values), map[string]bool{}
	for _, w := range wrong {
		if w.fixed == nil || seen[w.Parameter] { // fixes for two mistakes in one parameter may contradict
			return nil
		}
		seen[w.Parameter] = true
		for name, values := range w.fixed {
			if values == nil {
				delete(right, name)
			} else {
				right[name] = values
			}
		}
	}
	return right
}
