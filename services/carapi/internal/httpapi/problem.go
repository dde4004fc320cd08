package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"carstock/pkg/dbconn"
	"carstock/services/carapi/internal/stock"
)

// problem is an error as RFC 9457 has it told. Its detail is for the caller to act on, and never
// holds SQL, the name of a host or a stack.
type problem struct {
	Type      string                `json:"type"`
	Title     string                `json:"title"`
	Status    int                   `json:"status"`
	Detail    string                `json:"detail"`
	Instance  string                `json:"instance"`
	RequestID string                `json:"request_id"`
	Errors    stock.ParameterErrors `json:"errors,omitempty"`
}

func writeProblem(w http.ResponseWriter, r *http.Request, p problem) {
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	p.Instance, p.RequestID = r.URL.EscapedPath(), requestIDOf(r.Context())
	body, err := json.Marshal(p)
	if err != nil { // strings and numbers always encode
		panic(err)
	}
	write(w, p.Status, "application/problem+json", body)
}

// writeError tells the caller of an error in as few words as are safe, and the log the rest.
func writeError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return // the caller has gone
	}
	log.ErrorContext(r.Context(), "request failed", "error", err, "request_id", requestIDOf(r.Context()))
	if dbconn.Transient(err) {
		w.Header().Set("Retry-After", "5")
		writeProblem(w, r, problem{Status: http.StatusServiceUnavailable, Detail: "the database does not answer; try again in a few seconds"})
		return
	}
	writeProblem(w, r, problem{Status: http.StatusInternalServerError, Detail: "internal error; the log has it under this request_id"})
}

func notFound(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, r, problem{Status: http.StatusNotFound, Detail: "no such resource; searches go to /cars/"})
}

// methodNotAllowed may say so of every route, since all of them are read alone.
func methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", "GET, HEAD")
	writeProblem(w, r, problem{Status: http.StatusMethodNotAllowed, Detail: r.Method + " is not possible here; use GET"})
}
