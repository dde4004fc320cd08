package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"carstock/services/carapi/internal/answer"
)

// retryAfter is what a 503 asks callers to wait, in seconds: the databases are probed every second.
const retryAfter = "5"

func writeProblem(w http.ResponseWriter, r *http.Request, p answer.Problem) {
	if p.Status == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", retryAfter)
	}
	w.Header().Set("Cache-Control", "no-store")
	write(w, p.Status, "application/problem+json", p.JSON(r.URL.EscapedPath(), requestIDOf(r.Context())))
}

// writeError tells the caller of an error in as few words as are safe, and the log the rest.
func writeError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return // the caller has gone
	}
	p, isRequests := answer.ProblemOf(err, r.URL.EscapedPath())
	if !isRequests {
		log.ErrorContext(r.Context(), "request failed", "error", err, "request_id", requestIDOf(r.Context()))
	}
	writeProblem(w, r, p)
}

func notFound(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, r, answer.Problem{Status: http.StatusNotFound, Detail: "no such resource; searches go to /cars/"})
}

// methodNotAllowed may say so of every route, since all of them are read alone.
func methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", "GET, HEAD")
	writeProblem(w, r, answer.Problem{Status: http.StatusMethodNotAllowed, Detail: r.Method + " is not possible here; use GET"})
}
