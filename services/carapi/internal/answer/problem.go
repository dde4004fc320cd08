package answer

import (
	"errors"
	"net/http"

	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/search"
	"carstock/services/carapi/internal/store"
)

// Problem is an error in the form of RFC 9457. Its detail is for the caller to act on, and never holds SQL, the name of a
// host or a stack.
type Problem struct {
	Type      string                 `json:"type"`
	Title     string                 `json:"title"`
	Status    int                    `json:"status"`
	Detail    string                 `json:"detail"`
	Instance  string                 `json:"instance"`
	RequestID string                 `json:"request_id"`
	Errors    []query.ParameterError `json:"errors,omitempty"`
	RetryURL  string                 `json:"retry_url,omitempty"` // the request as it would be right, where that is certain
	Sources   []search.Status        `json:"sources,omitempty"`   // which databases answer, where that is the question
}

// JSON writes the problem of a request.
func (p Problem) JSON(instance, requestID string) []byte {
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	p.Instance, p.RequestID = instance, requestID
	return encode(p)
}

// ProblemOf says in as few words as are safe what is wrong. Path is where the request was sent. The caller logs the error
// if it is not the request's.
func ProblemOf(err error, path string) (p Problem, isRequests bool) {
	var wrong query.ParameterErrors
	switch {
	case errors.As(err, &wrong):
		p = Problem{Status: http.StatusBadRequest, Detail: wrong.Error(), Errors: wrong.All}
		if wrong.Retry != nil {
			p.RetryURL = path + "?" + wrong.Retry.Encode()
		}
		return p, true
	case errors.Is(err, search.ErrNoIDs):
		return Problem{Status: http.StatusNotFound, Detail: "the vehicles of this table have no id: " +
			"its table has no key, and no column for a stock number or a VIN; search by other fields"}, true
	case errors.Is(err, search.ErrNotFound):
		return Problem{Status: http.StatusNotFound, Detail: "no such vehicle"}, true
	case errors.Is(err, search.ErrStale):
		return Problem{Status: http.StatusServiceUnavailable,
			Detail: "the database does not answer, and the snapshot beside it is too old to be shown; try again later"}, false
	case search.IsUnavailable(err):
		return Problem{Status: http.StatusServiceUnavailable,
			Detail: "the database does not answer, or not as it should; try again in a few seconds"}, false
	case errors.Is(err, store.ErrTooSlow):
		return Problem{Status: http.StatusGatewayTimeout,
			Detail: "the database took too long, and the query has been stopped; ask for less, or try again"}, false
	}
	return Problem{Status: http.StatusInternalServerError, Detail: "internal error; the log has it under this request_id"}, false
}
