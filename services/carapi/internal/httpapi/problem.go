package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"carstock/pkg/httpserver"
	"carstock/services/carapi/internal/answer"
)

// writeProblem answers with a status and with a sentence for the caller to act on.
func writeProblem(w http.ResponseWriter, r *http.Request, status int, detail string) {
	sendProblem(w, r, answer.NewProblem(status, detail))
}

// sendProblem answers with a problem that may have more members.
func sendProblem(w http.ResponseWriter, r *http.Request, p answer.Problem) {
	httpserver.WriteProblemBody(w, p.Status, p.JSON(resourceOf(r), httpserver.RequestID(r.Context())))
}

// writeError answers with what the caller may know of an error. It logs an error that is not the caller's mistake.
func writeError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return // the client has gone
	}

	fields := infoOf(r.Context()).base.Resource("/cars/fields")
	p, isCallerMistake := answer.ProblemOf(err, resourceOf(r), string(fields))
	if !isCallerMistake {
		log.ErrorContext(r.Context(), "request failed", "error", err, "request_id", httpserver.RequestID(r.Context()))
	}

	sendProblem(w, r, p)
}

// notFound answers a path that no route has.
func notFound(w http.ResponseWriter, r *http.Request) {
	searches := infoOf(r.Context()).base.Resource("/cars/")
	writeProblem(w, r, http.StatusNotFound, "no such resource; searches go to "+string(searches))
}

// methodNotAllowed answers a method that the route does not have. All routes take GET, and /mcp takes POST alone.
func methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	allowed, use := "GET, HEAD", "GET"
	if isMCP(r) {
		allowed, use = "POST", "POST"
	}

	w.Header().Set("Allow", allowed)
	writeProblem(w, r, http.StatusMethodNotAllowed, r.Method+" is not possible here; use "+use)
}
