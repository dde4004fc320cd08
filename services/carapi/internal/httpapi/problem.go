package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"carstock/services/carapi/internal/stock"
)

// problem is an error as RFC 9457 has it told. Its detail is for the caller to act on, and never
// holds SQL, the name of a host or a stack.
type problem struct {
	Type      string                 `json:"type"`
	Title     string                 `json:"title"`
	Status    int                    `json:"status"`
	Detail    string                 `json:"detail"`
	Instance  string                 `json:"instance"`
	RequestID string                 `json:"request_id"`
	Errors    []stock.ParameterError `json:"errors,omitempty"`
	RetryURL  string                 `json:"retry_url,omitempty"` // the request as it would be right, where that is certain
	Sources   []stock.Status         `json:"sources,omitempty"`   // which databases answer, where that is the question
}

func writeProblem(w http.ResponseWriter, r *http.Request, p problem) {
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	p.Instance, p.RequestID = r.URL.EscapedPath(), requestIDOf(r.Context())
	body := encode(p)
	w.Header().Set("Cache-Control", "no-store")
	write(w, p.Status, "application/problem+json", body)
}

// writeError tells the caller of an error in as few words as are safe, and the log the rest.
func writeError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return // the caller has gone
	}
	var wrong stock.ParameterErrors
	if errors.As(err, &wrong) {
		p := problem{Status: http.StatusBadRequest, Detail: wrong.Error(), Errors: wrong.All}
		if wrong.Retry != nil {
			p.RetryURL = r.URL.EscapedPath() + "?" + wrong.Retry.Encode()
		}
		writeProblem(w, r, p)
		return
	}
	log.ErrorContext(r.Context(), "request failed", "error", err, "request_id", requestIDOf(r.Context()))
	if errors.Is(err, stock.ErrTooSlow) {
		writeProblem(w, r, problem{Status: http.StatusGatewayTimeout, Detail: "the database took too long, and the query has been stopped; ask for less, or try again"})
		return
	}
	switch {
	case errors.Is(err, stock.ErrStale):
		writeUnavailable(w, r, problem{Detail: "the database does not answer, and what there is besides is too old to be shown; try again later"})
	case stock.Unavailable(err):
		writeUnavailable(w, r, problem{Detail: "the database does not answer, or not as it should; try again in a few seconds"})
	default:
		writeProblem(w, r, problem{Status: http.StatusInternalServerError, Detail: "internal error; the log has it under this request_id"})
	}
}

// writeUnavailable answers 503. The databases are looked at every few seconds.
func writeUnavailable(w http.ResponseWriter, r *http.Request, p problem) {
	w.Header().Set("Retry-After", "5")
	p.Status = http.StatusServiceUnavailable
	writeProblem(w, r, p)
}

func notFound(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, r, problem{Status: http.StatusNotFound, Detail: "no such resource; searches go to /cars/"})
}

// methodNotAllowed may say so of every route, since all of them are read alone.
func methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", "GET, HEAD")
	writeProblem(w, r, problem{Status: http.StatusMethodNotAllowed, Detail: r.Method + " is not possible here; use GET"})
}
