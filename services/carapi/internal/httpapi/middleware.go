package httpapi

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/go-chi/chi/v5/middleware"

	"carstock/services/carapi/internal/auth"
)

type requestIDKey struct{}

// plainID is what a caller's own request id must look like to be taken over: it goes into the log.
var plainID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// requestID gives each request an id, which the answer, errors and the log carry.
func requestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-ID")
		if !plainID.MatchString(id) {
			id = rand.Text()
		}
		w.Header().Set("X-Request-ID", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

func requestIDOf(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// accessLog writes a line for each request. The query stays out of it: callers sometimes put there
// what does not belong in a log.
func accessLog(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			defer func() {
				log.InfoContext(r.Context(), "request", "method", r.Method, "path", r.URL.Path, "status", ww.Status(),
					"bytes", ww.BytesWritten(), "duration", time.Since(start), "client", r.RemoteAddr, "request_id", requestIDOf(r.Context()))
			}()
			next.ServeHTTP(ww, r)
		})
	}
}

// recoverer makes of a panic an answer and a line in the log.
func recoverer(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				switch v := recover(); v {
				case nil:
				case http.ErrAbortHandler:
					panic(v) // net/http's own way to cut a connection
				default:
					log.ErrorContext(r.Context(), "panic", "panic", v, "stack", string(debug.Stack()), "request_id", requestIDOf(r.Context()))
					writeProblem(w, r, problem{Status: http.StatusInternalServerError, Detail: "internal error; the log has it under this request_id"})
				}
			}()
			next.ServeHTTP(w, r)
		})
	}
}

// requireKey lets through requests with the right X-API-Key. A missing key and a wrong one get the
// same answer.
func requireKey(key auth.Key) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !key.Matches(r.Header.Get("X-API-Key")) {
				w.Header().Set("WWW-Authenticate", `ApiKey realm="carapi", header="X-API-Key"`)
				writeProblem(w, r, problem{Status: http.StatusUnauthorized, Detail: "a valid key is needed in the header X-API-Key"})
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
