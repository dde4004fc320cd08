package httpapi

import (
	"fmt"
	"net/http"
	"strings"

	"carstock/services/carapi/internal/answer"
)

// What a request may bring. The server itself cuts off headers, of which the URL is the first line,
// at 64 KiB.
const (
	maxURL        = 16 << 10
	maxParameters = 200
	maxBody       = 64 << 10
)

// limits refuses requests that are larger than any that make sense, before they cost more than their
// reading. A small body is left alone: no handler reads it.
func limits(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pairs := strings.Count(r.URL.RawQuery, "&") + 1
		switch {
		case len(r.RequestURI) > maxURL:
			detail := fmt.Sprintf("the URL has %d bytes; at most %d are taken", len(r.RequestURI), maxURL)
			// Neither the answer nor the log is to repeat it all.
			r.URL.Path, r.URL.RawPath = r.URL.Path[:min(len(r.URL.Path), 100)], ""
			writeProblem(w, r, answer.Problem{Status: http.StatusRequestURITooLong, Detail: detail})
		case pairs > maxParameters:
			writeProblem(w, r, answer.Problem{Status: http.StatusBadRequest, Detail: fmt.Sprintf("the query string has %d parameters; at most %d are taken", pairs, maxParameters)})
		case r.URL.Path == "/mcp": // which has a body, and a limit of its own
			next.ServeHTTP(w, r)
		case r.ContentLength > maxBody, r.ContentLength < 0: // of unknown length
			w.Header().Set("Connection", "close") // or the server would read it on the way to the next request
			writeProblem(w, r, answer.Problem{Status: http.StatusRequestEntityTooLarge, Detail: "no request here has a body; leave it out"})
		default:
			next.ServeHTTP(w, r)
		}
	})
}
