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

// identify gives each request an id, and an info with the base of the URLs in its answer.
func identify(base answer.Base) func(http.Handler) http.Handler {
	withID := httpserver.IdentifyRequests(func(r *http.Request) string { return string(resourceOf(r)) })
	return func(next http.Handler) http.Handler {
		return withID(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(withInfo(r.Context(), &requestInfo{base: base})))
		}))
	}
}

// accessLog logs each request. It leaves the query out, where callers sometimes put secrets.
func accessLog(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			written := middleware.NewWrapResponseWriter(w, r.ProtoMajor)

			defer func() {
				// Health checks come every few seconds, and mostly find nothing.
				level := slog.LevelInfo
				isHealthCheck := r.URL.Path == "/livez" || r.URL.Path == "/readyz"
				if isHealthCheck && written.Status() == http.StatusOK {
					level = slog.LevelDebug
				}

				info := infoOf(r.Context())
				log.Log(r.Context(), level, "request", "method", r.Method, "path", r.URL.Path,
					"status", written.Status(), "bytes", written.BytesWritten(), "rows", info.rows, "source", info.source,
					"seconds", time.Since(start).Seconds(), "client", middleware.GetClientIP(r.Context()), "key", info.key,
					"request_id", httpserver.RequestID(r.Context()))
			}()

			next.ServeHTTP(written, r)
		})
	}
}

// withoutSlash routes a path that ends in a slash like the path without it. A redirect would lose the body and the key.
// The slash stays where it ends an empty id or VIN, and where it is escaped, as part of an id.
func withoutSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := cmp.Or(r.URL.RawPath, r.URL.Path) // the router prefers the escaped path too
		rest, hasSlash := strings.CutSuffix(path, "/")
		isEmptyName := rest == "" || rest == "/cars/vin" || strings.HasSuffix(rest, "/")
		if hasSlash && !isEmptyName && !strings.HasPrefix(path, "/docs/") {
			chi.RouteContext(r.Context()).RoutePath = rest
		}

		next.ServeHTTP(w, r)
	})
}

// isMCP reports whether a request is one of the Model Context Protocol.
func isMCP(r *http.Request) bool { return strings.TrimSuffix(r.URL.EscapedPath(), "/") == "/mcp" }

// mcpErrors turns errors of /mcp into errors of JSON-RPC, including those of other middleware.
func mcpErrors(next http.Handler) http.Handler {
	asJSONRPC := mcp.ErrorsAsRPC(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isMCP(r) {
			asJSONRPC.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// requireKey lets requests with a valid key through, and answers all others with a 401. A missing, a wrong and an
// expired key get the same answer; the log has the name of an expired one.
//
// perKey limits the requests of each key, and perClient those of each address without a valid key. They are counted
// apart: behind a proxy that TRUSTED_PROXIES lacks, all clients have one address, and one without a key must not lock
// the others out. Nobody can guess a key within the limit: keys are long.
func requireKey(keys *auth.Keys, perKey, perClient *rateLimit) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			name, ok := keys.Name(presentedKey(r))
			infoOf(r.Context()).key = name
			if !ok {
				if perClient.take(w, r, clientNetwork(r)) {
					return
				}

				w.Header().Set("WWW-Authenticate", `ApiKey realm="carapi", header="X-API-Key"`)
				w.Header().Add("WWW-Authenticate", `Bearer realm="carapi"`)
				writeProblem(w, r, http.StatusUnauthorized,
					"a valid key is needed in the header X-API-Key, or as Authorization: Bearer KEY")
				return
			}

			if perKey.take(w, r, name) {
				return
			}

			next.ServeHTTP(w, r)
		})
	}
}

// presentedKey returns the key in X-API-Key or, without that header, in Authorization: Bearer. With both, X-API-Key
// counts alone: a proxy may have put its own token into the other. Keys in the query do not count, because URLs end up
// in logs and histories.
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
