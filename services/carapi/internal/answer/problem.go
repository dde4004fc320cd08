package answer

import (
	"errors"
	"net/http"

	"carstock/pkg/problem"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/search"
	"carstock/services/carapi/internal/store"
	"carstock/services/carapi/internal/value"
)

// Limits of a problem in bytes. As JSON, detail and the texts of an error take up to twice as many, so a problem with
// one error always fits.
const (
	maxProblem  = 3900 // as JSON
	maxDetail   = 600
	maxExpected = 500 // of one error
)

// NewProblem returns a problem with an HTTP status and a detail, which says what the caller can do.
func NewProblem(status int, detail string) Problem {
	return Problem{Details: problem.New(status, detail)}
}

// JSON writes the problem of a request to a resource. It includes as many errors as fit, and counts the others.
func (p Problem) JSON(at Resource, requestID string) []byte {
	p.Detail = value.Shorten(p.Detail, maxDetail)
	p.Instance, p.RequestID = value.Excerpt(string(at)), requestID
	wrong, retryURL := p.Errors, p.RetryURL
	p.Errors, p.RetryURL = nil, ""
	p.ErrorsLeftOut += len(wrong)

	// Begin without the errors, and add what fits.
	body := appendJSON(nil, &p)
	add := func(change func(*Problem)) (fits bool) {
		changed := p
		change(&changed)

		longer := appendJSON(nil, &changed)
		if fits = len(longer) <= maxProblem; fits {
			p, body = changed, longer
		}

		return fits
	}

	for i, e := range wrong {
		// An error that does not fit loses its suggestions. If it still does not fit, it is only counted.
		e.Parameter, e.Received = value.Excerpt(e.Parameter), value.Excerpt(e.Received)
		e.Expected = value.Shorten(e.Expected, maxExpected)
		addError := func(p *Problem) {
			p.Errors = append(p.Errors, e)
			p.ErrorsLeftOut--
		}
		if !add(addError) {
			if e.Suggestions = nil; !add(addError) {
				break
			}
		}

		if i == 0 && retryURL != "" { // more helpful than further errors
			add(func(p *Problem) { p.RetryURL = retryURL })
		}
	}

	return body
}

// ProblemOf describes an error to the caller, without internal details. at is the resource of the request, and names
// points to the list of names that requests may use. isCallerMistake reports that the request is wrong. Any other error
// must be logged.
func ProblemOf(err error, at Resource, names string) (p Problem, isCallerMistake bool) {
	var wrong query.ParameterErrors
	var lacks search.NotComparedError
	var unrecorded search.NoHistoryError
	switch {
	case errors.As(err, &wrong):
		p = NewProblem(http.StatusBadRequest, wrong.Detail(names))
		p.Errors, p.ErrorsLeftOut = wrong.All, wrong.LeftOut
		if wrong.Retry != nil {
			p.RetryURL = at.URL(wrong.Retry)
		}
		return p, true

	// What was asked for does not exist.
	case errors.Is(err, search.ErrNoIDs):
		return NewProblem(http.StatusNotFound, "the vehicles of this table have no id: "+
			"its table has no key, and no column for a stock number or a VIN; search by other fields"), true
	case errors.As(err, &lacks):
		return NewProblem(http.StatusNotFound, lacks.Reason), true
	case errors.As(err, &unrecorded):
		return NewProblem(http.StatusNotFound, "no change history: "+unrecorded.Reason), true
	case errors.Is(err, search.ErrNotFound):
		return NewProblem(http.StatusNotFound, "no such vehicle"), true
	case errors.Is(err, search.ErrStale):
		return NewProblem(http.StatusServiceUnavailable,
			"the database does not answer, and the snapshot beside it is too old to be shown; try again later"), false
	case search.IsUnavailable(err):
		return NewProblem(http.StatusServiceUnavailable,
			"the database does not answer, or not as it should; try again in a few seconds"), false
	case errors.Is(err, store.ErrTooSlow):
		return NewProblem(http.StatusGatewayTimeout,
			"the database took too long, and the query has been stopped; ask for less, or try again"), false
	}

	return NewProblem(http.StatusInternalServerError, "internal error; the log has it under this request_id"), false
}
