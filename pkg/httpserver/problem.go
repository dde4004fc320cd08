package httpserver

import (
	"cmp"
	"net/http"
	"strings"

	"carstock/pkg/problem"
)

const (
	// retryAfter is the default of Retry-After in a 503, in seconds.
	retryAfter = "5"

	// maxPlainError is how many bytes of a plain error become the detail of a problem.
	maxPlainError = 500
)

// WriteProblem answers a request with a problem. The request must have passed IdentifyRequests, which sets its instance
// and its request_id.
func WriteProblem(w http.ResponseWriter, r *http.Request, status int, detail string) {
	writeProblemWith(w, r, status, detail, nil)
}

// writeProblemWith is WriteProblem with further members, which may be nil.
func writeProblemWith(w http.ResponseWriter, r *http.Request, status int, detail string, members map[string]any) {
	p := problem.New(status, detail)
	p.Instance, p.RequestID = problemInstance(r), RequestID(r.Context())
	body := encodeJSON(p)

	// Join the two JSON objects: a comma replaces the brackets between them.
	if len(members) > 0 {
		body = append(append(body[:len(body)-1], ','), encodeJSON(members)[1:]...)
	}

	WriteProblemBody(w, status, body)
}

// WriteProblemBody answers with a problem that is already encoded as JSON.
func WriteProblemBody(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	if status == http.StatusServiceUnavailable && h.Get("Retry-After") == "" {
		h.Set("Retry-After", retryAfter)
	}

	h.Set("Cache-Control", "no-store")
	WriteBody(w, status, "application/problem+json", body)
}

// ErrorsAsProblems turns the errors that next writes as plain text, as the handlers of net/http do, into problems.
func ErrorsAsProblems(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := plainErrorWriter{ResponseWriter: w}
		next.ServeHTTP(&p, r)

		if p.status != 0 {
			WriteProblem(w, r, p.status, p.detail(r))
		}
	})
}

// plainErrorWriter holds back an error that is written as plain text.
type plainErrorWriter struct {
	http.ResponseWriter
	status int // of the error; 0 for none
	text   []byte
}

// WriteHeader implements http.ResponseWriter.
func (p *plainErrorWriter) WriteHeader(status int) {
	// Other errors have a form already, such as JSON-RPC.
	kind, _, _ := strings.Cut(p.Header().Get("Content-Type"), ";")
	if status >= http.StatusBadRequest && (kind == "" || kind == "text/plain") {
		p.status = cmp.Or(p.status, status)
		return
	}

	p.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (p *plainErrorWriter) Write(b []byte) (int, error) {
	if p.status == 0 {
		return p.ResponseWriter.Write(b)
	}
	p.text = append(p.text, b[:min(len(b), maxPlainError-len(p.text))]...)
	return len(b), nil
}

// Unwrap lets http.ResponseController find the writer below.
func (p *plainErrorWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// detail says what is wrong. The texts of net/http for a path or a method without a handler only repeat the status.
func (p *plainErrorWriter) detail(r *http.Request) string {
	switch allowed := p.Header().Get("Allow"); {
	case p.status == http.StatusNotFound:
		return "no such resource"
	case p.status == http.StatusMethodNotAllowed && allowed != "":
		return r.Method + " is not possible here; use " + allowed
	}

	text := strings.ToValidUTF8(strings.TrimSpace(string(p.text)), "")
	return cmp.Or(text, http.StatusText(p.status))
}
