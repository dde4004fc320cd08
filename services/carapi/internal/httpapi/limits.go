package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// What a request may bring. The server itself cuts off headers, of which the URL is the first line,
// at 64 KiB.
const (
	maxURL        = 16 << 10
	maxParameters = 200
	maxBody       = 64 << 10
	maxEmptyBody  = 1 << 10 // of one that says nothing
)

// limits refuses requests that are larger than any that make sense, before they cost more than their reading, and
// parameters in the body of a GET, which would otherwise be ignored.
func limits(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pairs := strings.Count(r.URL.RawQuery, "&") + 1
		switch {
		case len(r.RequestURI) > maxURL:
			detail := fmt.Sprintf("the URL has %d bytes; at most %d are taken", len(r.RequestURI), maxURL)
			// Neither the answer nor the log is to repeat it all.
			r.URL.Path, r.URL.RawPath = r.URL.Path[:min(len(r.URL.Path), 100)], ""
			writeProblem(w, r, http.StatusRequestURITooLong, detail)
		case pairs > maxParameters:
			detail := fmt.Sprintf("the query string has %d parameters; at most %d are taken", pairs, maxParameters)
			writeProblem(w, r, http.StatusBadRequest, detail)
		case isMCP(r) && r.Method == http.MethodPost: // which has a body, and a limit of its own
			next.ServeHTTP(w, r)
		case r.ContentLength > maxBody:
			refuseBody(w, r, http.StatusRequestEntityTooLarge)
		case r.Method == http.MethodGet && !isMCP(r) && !isEmptyBody(r.Body):
			refuseBody(w, r, http.StatusBadRequest)
		default:
			if r.ContentLength < 0 { // of unknown length
				w.Header().Set("Connection", "close") // or the server would read it on the way to the next request
			}
			next.ServeHTTP(w, r)
		}
	})
}

// refuseBody says where parameters belong. The rest of the body is not read.
func refuseBody(w http.ResponseWriter, r *http.Request, status int) {
	w.Header().Set("Connection", "close") // or the server would read it on the way to the next request
	writeProblem(w, r, status, "the body of a request is not read here: "+
		"write parameters into the query string, as in /cars/?make=Toyota&price_max=30000, and leave the body out")
}

// isEmptyBody reports whether a body is empty, {} or null, which some clients send with every request.
func isEmptyBody(body io.Reader) bool {
	text, err := io.ReadAll(io.LimitReader(body, maxEmptyBody+1))
	if err != nil || len(text) > maxEmptyBody {
		return false
	}
	var parameters map[string]json.RawMessage
	return len(bytes.TrimSpace(text)) == 0 || json.Unmarshal(text, &parameters) == nil && len(parameters) == 0
}
