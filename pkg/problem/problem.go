// Package problem is the form in which both programs report an error to a client: problem details by RFC 9457. It knows
// no server, as problems also go to clients of the Model Context Protocol.
package problem

import "net/http"

// Details has the members that every problem has. A program that has more to say embeds it.
type Details struct {
	Type      string `json:"type"`  // about:blank: the title says it all
	Title     string `json:"title"` // the name of the status
	Status    int    `json:"status"`
	Detail    string `json:"detail"`   // a sentence for the caller to act on, without SQL, host names and stacks
	Instance  string `json:"instance"` // the path of the request, as the client sent it
	RequestID string `json:"request_id"`
}

// New returns the details of an error with a status of HTTP. The caller sets the members of the request: Instance and
// RequestID.
func New(status int, detail string) Details {
	return Details{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}
