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
	write(w, p.Status, "application/problem+json", p.JSON(resourceOf(r), requestIDOf(r.Context())))
}

// writeError tells the caller of an error in as few words as are safe, and the log the rest.
func writeError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return // the caller has gone
	}
	fields := infoOf(r.Context()).base.Resource("/cars/fields")
	p, isRequests := answer.ProblemOf(err, resourceOf(r), string(fields))
	if !isRequests {
		log.ErrorContext(r.Context(), "request failed", "error", err, "request_id", requestIDOf(r.Context()))
	}
	writeProblem(w, r, p)
}

func notFound(w http.ResponseWriter, r *http.Request) {
	searches := infoOf(r.Context()).base.Resource("/cars/")
	writeProblem(w, r, answer.Problem{Status: http.StatusNotFound,
		Detail: "no such resource; searches go to " + string(searches)})
}

// methodNotAllowed answers a method that a route does not have: all are read by GET, but for the one of MCP.
func methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	allowed, use := "GET, HEAD", "GET"
	if isMCP(r) {
		allowed, use = "POST", "POST"
	}
	w.Header().Set("Allow", allowed)
	detail := r.Method + " is not possible here; use " + use
	writeProblem(w, r, answer.Problem{Status: http.StatusMethodNotAllowed, Detail: detail})
}
