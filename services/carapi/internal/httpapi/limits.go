package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Limits of a request; sizes are in bytes. The server itself limits the headers to 64 KiB, with the URL among them.
const (
	maxURL        = 16 << 10
	maxParameters = 200
	maxBody       = 64 << 10
	maxEmptyBody  = 1 << 10 // of a body without parameters, such as {}
	maxLoggedPath = 100     // of a URL that is too long
)

// limits refuses requests that are larger than any sensible one, before they cost more than reading them. It also
// refuses parameters in the body of a GET, which would otherwise be ignored.
func limits(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parameters := strings.Count(r.URL.RawQuery, "&") + 1
		switch {
		case len(r.RequestURI) > maxURL:
			// Cut the path: neither the answer nor the log should repeat all of it.
			r.URL.Path, r.URL.RawPath = r.URL.Path[:min(len(r.URL.Path), maxLoggedPath)], ""
			writeProblem(w, r, http.StatusRequestURITooLong,
				fmt.Sprintf("the URL has %d bytes; at most %d are allowed", len(r.RequestURI), maxURL))
		case parameters > maxParameters:
			writeProblem(w, r, http.StatusBadRequest,
				fmt.Sprintf("the query string has %d parameters; at most %d are allowed", parameters, maxParameters))
		case isMCP(r) && r.Method == http.MethodPost: // it has a body, and its own limit
			next.ServeHTTP(w, r)
		case r.ContentLength > maxBody:
			refuseBody(w, r, http.StatusRequestEntityTooLarge)
		case r.Method == http.MethodGet && !isMCP(r) && !isEmptyBody(r.Body):
			refuseBody(w, r, http.StatusBadRequest)
		default:
			if r.ContentLength < 0 { // the length is unknown
				closeConnection(w)
			}
			next.ServeHTTP(w, r)
		}
	})
}

// closeConnection ends the connection after the answer. Otherwise the server would read the rest of the body to get to
// the next request.
func closeConnection(w http.ResponseWriter) { w.Header().Set("Connection", "close") }

// refuseBody answers that parameters belong into the query string. It does not read the rest of the body.
func refuseBody(w http.ResponseWriter, r *http.Request, status int) {
	closeConnection(w)
	writeProblem(w, r, status, "a request takes no body here: send the parameters in the query string, as in "+
		"/cars/?make=Toyota&price_max=30000")
}

// isEmptyBody reports whether a body is empty, {} or null. Some clients send one of them with every request.
func isEmptyBody(body io.Reader) bool {
	text, err := io.ReadAll(io.LimitReader(body, maxEmptyBody+1))
	if err != nil || len(text) > maxEmptyBody {
		return false
	}

	var parameters map[string]json.RawMessage
	return len(bytes.TrimSpace(text)) == 0 || json.Unmarshal(text, &parameters) == nil && len(parameters) == 0
}
