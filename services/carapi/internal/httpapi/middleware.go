package httpapi

import (
	"cmp"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"carstock/pkg/httpserver"
	"carstock/services/carapi/internal/answer"
	"carstock/services/carapi/internal/auth"
	"carstock/services/carapi/internal/mcp"
)

// identify gives each request an id, and the base of the URLs in its answer.
func identify(base answer.Base) func(http.Handler) http.Handler {
	withID := httpserver.IdentifyRequests(func(r *http.Request) string { return string(resourceOf(r)) })
	return func(next http.Handler) http.Handler {
		return withID(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(withInfo(r.Context(), &info{base: base})))
		}))
	}
}

// accessLog logs each request, without its query: callers sometimes put secrets there.
func accessLog(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			defer func() {
				i := infoOf(r.Context())
				level := slog.LevelInfo
				// Health checks come every few seconds and are always the same.
				if ww.Status() == http.StatusOK && (r.URL.Path == "/livez" || r.URL.Path == "/readyz") {
					level = slog.LevelDebug
				}
				log.Log(r.Context(), level, "request", "method", r.Method, "path", r.URL.Path,
					"status", ww.Status(), "bytes", ww.BytesWritten(), "rows", i.rows, "source", i.source,
					"seconds", time.Since(start).Seconds(), "client", middleware.GetClientIP(r.Context()), "key", i.key,
					"request_id", httpserver.RequestID(r.Context()))
			}()
			next.ServeHTTP(ww, r)
		})
	}
}

// withoutSlash routes a path that ends in a slash like the path without it. A redirect would lose the body and the key.
// An empty id or VIN stays empty, and an escaped slash is part of an id.
func withoutSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := cmp.Or(r.URL.RawPath, r.URL.Path) // as the router does
		rest, found := strings.CutSuffix(path, "/")
		isEmpty := rest == "" || rest == "/cars/vin" || strings.HasSuffix(rest, "/")
		if found && !isEmpty && !strings.HasPrefix(path, "/docs/") {
			chi.RouteContext(r.Context()).RoutePath = rest
		}
		next.ServeHTTP(w, r)
	})
}

// isMCP reports whether a request is for the Model Context Protocol.
func isMCP(r *http.Request) bool { return strings.TrimSuffix(r.URL.EscapedPath(), "/") == "/mcp" }

// mcpErrors gives the errors of MCP the form of JSON-RPC, wherever they arise.
func mcpErrors(next http.Handler) http.Handler {
	inProtocol := mcp.ErrorsAsRPC(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isMCP(r) {
			inProtocol.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// requireKey lets requests with a valid key through. A missing, a wrong and an expired key get the same answer; the log
// has the name of the expired one. perKey limits the requests of each key, and perClient those of an address without a
// valid key. Behind a proxy that is not known as one all clients share an address, so a client without a key must not
// lock out those with one. Keys are too long to be guessed.
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
				writeProblem(w, r, answer.Problem{
					Status: http.StatusUnauthorized,
					Detail: "a valid key is needed in the header X-API-Key, or as Authorization: Bearer KEY",
				})
				return
			}
			if perKey.take(w, r, name) {
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// presentedKey returns the key of X-API-Key or, without that header, of Authorization: Bearer. Only one of the two
// counts: a proxy may have put its own token into the other. The query does not count: URLs end up in logs and
// histories.
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
