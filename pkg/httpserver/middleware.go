package httpserver

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
)

// DataPolicy is the Content-Security-Policy of answers that are data alone: a browser loads and runs nothing for them.
const DataPolicy = "default-src 'none'; frame-ancestors 'none'"

// maxInstance is how many bytes of a path a problem repeats.
const maxInstance = 200

// StandardMiddleware wraps the handler of a whole server: requests get an id, browsers the policy, all errors are
// problems, and panics are logged.
func StandardMiddleware(next http.Handler, policy string, log *slog.Logger) http.Handler {
	// The id comes first: the log of a panic and each problem have it.
	return IdentifyRequests(nil)(SecurityHeaders(policy)(RecoverPanics(log)(ErrorsAsProblems(next))))
}

// SecurityHeaders keeps browsers from doing more with an answer than its Content-Security-Policy says. A handler may
// set other headers for its own answers. Strict-Transport-Security is left to the proxy that speaks TLS: browsers
// ignore it over plain HTTP, and it binds the whole host, which may serve more than this program.
func SecurityHeaders(policy string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Content-Security-Policy", policy)
			h.Set("Cross-Origin-Resource-Policy", "same-origin") // independent of CORS

			next.ServeHTTP(w, r)
		})
	}
}

// requestIdentity describes a request for its answer.
type requestIdentity struct {
	requestID string
	path      func(*http.Request) string // as the client sent it; nil for the request's own
}

// requestIdentityKey is the key of a requestIdentity in a context.
type requestIdentityKey struct{}

// requestIdentityOf returns what IdentifyRequests knows of a request; a zero value without it.
func requestIdentityOf(ctx context.Context) requestIdentity {
	i, _ := ctx.Value(requestIdentityKey{}).(requestIdentity)
	return i
}

// requestIDPattern is the form in which a caller's request id is accepted: it goes into the log.
var requestIDPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// IdentifyRequests gives each request an id, that of the header X-Request-ID or a new one, which the answer and its
// problem repeat. path returns the path as the client sent it, for the problem; nil stands for that of the request.
func IdentifyRequests(path func(*http.Request) string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := r.Header.Get("X-Request-ID")
			if !requestIDPattern.MatchString(id) {
				id = rand.Text()
			}

			w.Header().Set("X-Request-ID", id)
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIdentityKey{}, requestIdentity{id, path})))
		})
	}
}

// RequestID returns the id that IdentifyRequests gave the request of a context, and "" without one.
func RequestID(ctx context.Context) string { return requestIdentityOf(ctx).requestID }

// problemInstance is the path of a request, as the client sent it.
func problemInstance(r *http.Request) string {
	path := r.URL.EscapedPath()
	if i := requestIdentityOf(r.Context()); i.path != nil {
		path = i.path(r)
	}

	return path[:min(len(path), maxInstance)]
}

// RecoverPanics turns a panic into a 500 and logs it. If the answer has begun, it cuts the connection: the client must
// not take the part that was sent for the whole.
func RecoverPanics(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := &beginningWriter{ResponseWriter: w}
			defer func() {
				switch v := recover(); v {
				case nil:
				case http.ErrAbortHandler:
					panic(v) // net/http's own way to cut a connection
				default:
					log.ErrorContext(r.Context(), "panic",
						"panic", v, "stack", string(debug.Stack()), "request_id", RequestID(r.Context()))
					if answer.hasBegun {
						panic(http.ErrAbortHandler)
					}
					WriteProblem(w, r, http.StatusInternalServerError, "internal error; the log has it under this request_id")
				}
			}()

			next.ServeHTTP(answer, r)
		})
	}
}

// beginningWriter knows whether an answer has begun.
type beginningWriter struct {
	http.ResponseWriter
	hasBegun bool
}

// WriteHeader implements http.ResponseWriter. Informational answers (1xx) come before the answer.
func (w *beginningWriter) WriteHeader(status int) {
	w.hasBegun = w.hasBegun || status >= http.StatusOK
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *beginningWriter) Write(b []byte) (int, error) {
	w.hasBegun = true
	return w.ResponseWriter.Write(b)
}

// Flush implements http.Flusher, which some handlers look for.
func (w *beginningWriter) Flush() {
	w.hasBegun = true
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController find the writer below.
func (w *beginningWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
