package httpapi

import (
	"cmp"
	"crypto/rand"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"carstock/services/carapi/internal/answer"
	"carstock/services/carapi/internal/auth"
	"carstock/services/carapi/internal/mcp"
)

// plainID is what a caller's own request id must look like to be taken over: it goes into the log.
var plainID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// identify gives each request an id, which the answer, errors and the log carry, and the base of the URLs in its answer.
func identify(base answer.Base) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := r.Header.Get("X-Request-ID")
			if !plainID.MatchString(id) {
				id = rand.Text()
			}
			w.Header().Set("X-Request-ID", id)
			next.ServeHTTP(w, r.WithContext(withInfo(r.Context(), &info{base: base, requestID: id})))
		})
	}
}

// accessLog writes a line for each request. The query stays out of it: callers sometimes put there
// what does not belong in a log.
func accessLog(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			defer func() {
				i := infoOf(r.Context())
				level := slog.LevelInfo
				if ww.Status() == http.StatusOK && (r.URL.Path == "/livez" || r.URL.Path == "/readyz") { // every few seconds the same
					level = slog.LevelDebug
				}
				log.Log(r.Context(), level, "request", "method", r.Method, "path", r.URL.Path, "status", ww.Status(), "bytes", ww.BytesWritten(),
					"rows", i.rows, "source", i.source, "seconds", time.Since(start).Seconds(), "client", middleware.GetClientIP(r.Context()), "key", i.key, "request_id", i.requestID)
			}()
			next.ServeHTTP(ww, r)
		})
	}
}

// withoutSlash routes a path with a slash at its end as the one without it. A redirect would lose the body and the key.
// An empty id or VIN stays empty, and an escaped slash is part of an id.
func withoutSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := cmp.Or(r.URL.RawPath, r.URL.Path) // which the router goes by
		rest, found := strings.CutSuffix(path, "/")
		if found && rest != "" && rest != "/cars/vin" && !strings.HasSuffix(rest, "/") && !strings.HasPrefix(path, "/docs/") {
			chi.RouteContext(r.Context()).RoutePath = rest
		}
		next.ServeHTTP(w, r)
	})
}

// isMCP reports whether a request is for the Model Context Protocol.
func isMCP(r *http.Request) bool { return strings.TrimSuffix(r.URL.EscapedPath(), "/") == "/mcp" }

// mcpErrors gives the errors of MCP the form of JSON-RPC, wherever they arise.
func mcpErrors(next http.Handler) http.Handler {
	inProtocol := mcp.Errors(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isMCP(r) {
			inProtocol.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
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
					writeProblem(w, r, answer.Problem{Status: http.StatusInternalServerError, Detail: "internal error; the log has it under this request_id"})
				}
			}()
			next.ServeHTTP(w, r)
		})
	}
}

// requireKey lets through requests with a valid key. A missing key, a wrong one and one that has
// expired get the same answer; the log has the name of the last. Each key may ask so often, and each client
// so often in vain. That leaves those with a key alone: behind a proxy that is not known as such, all
// clients have one address, and nobody is to lock out the others. Keys are too long to be guessed.
func requireKey(keys *auth.Keys, perKey, perClient *rate) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			name, ok := keys.Name(presentedKey(r))
			infoOf(r.Context()).key = name
			if !ok {
				if perClient.take(w, r, clientOf(r)) {
					return
				}
				w.Header().Set("WWW-Authenticate", `ApiKey realm="carapi", header="X-API-Key"`)
				w.Header().Add("WWW-Authenticate", `Bearer realm="carapi"`)
				writeProblem(w, r, answer.Problem{Status: http.StatusUnauthorized, Detail: "a valid key is needed in the header X-API-Key, or as Authorization: Bearer KEY"})
				return
			}
			if perKey.take(w, r, name) {
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// presentedKey is the key of X-API-Key or, without that, of Authorization: Bearer. One of the two
// decides: a proxy may have put a token of its own into the other. The query is not looked at, since
// addresses end up in logs and histories.
func presentedKey(r *http.Request) string {
	if key := r.Header.Get("X-API-Key"); key != "" {
		return key
	}
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}
