package httpapi

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
	"github.com/rs/cors"

	"carstock/services/carapi/internal/answer"
)

// minCompressed is the size from which an answer is compressed: a smaller one is a single packet
// either way.
const minCompressed = 1 << 10

// compress sends answers as gzip to those who take it. An ETag stays as it is, and so must be weak:
// it stands for the same vehicles in either form.
func compress() func(http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(minCompressed), gzhttp.EnableZstd(false))
	if err != nil { // which only options can be the cause of
		panic(err)
	}
	return func(next http.Handler) http.Handler { return wrap(next) }
}

// headAsGet has a HEAD answered as the GET, so that it gets the same headers: the server leaves the
// body out. The router alone could do so too, but gzhttp does not compress what answers a HEAD.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			r = r.WithContext(r.Context()) // a copy
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}

// securityHeaders keeps browsers from making more of an answer than the data that it is. A handler
// may set others, as one that answers with a page must. Strict-Transport-Security is left to the
// proxy that speaks TLS: over plain HTTP browsers ignore it, and it binds the whole host, of which
// this program knows nothing.
func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin") // CORS goes its own way
		next.ServeHTTP(w, r)
	})
}

// ownOrigin refuses what a browser posts for a page of another origin than this one and the ones named.
// Callers that are no browsers send no origin.
func ownOrigin(origins []string) func(http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	for _, o := range origins {
		if o == "*" {
			return func(next http.Handler) http.Handler { return next }
		}
		_ = guard.AddTrustedOrigin(o) // the settings have been checked
	}
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, answer.Problem{Status: http.StatusForbidden, Detail: "pages of this origin may not call; CORS_ORIGINS names those that may"})
	}))
	return guard.Handler
}

// maxRequestedHeaders is how many bytes of header names a preflight may ask for, which its answer repeats.
const maxRequestedHeaders = 1 << 10

// crossOrigin lets pages of these origins call the API from a browser, and none if there are none. A preflight, with
// which a browser first asks whether it may, is answered here: it carries no key. Any header is allowed: tracing and
// client libraries add their own, and none of them gives a page more than any other client has.
func crossOrigin(origins []string) func(http.Handler) http.Handler {
	if len(origins) == 0 { // which the library takes for all
		return func(next http.Handler) http.Handler { return next }
	}
	library := cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost},
		AllowedHeaders: []string{"*"},
		ExposedHeaders: []string{"ETag", "Link", "X-Request-ID", "Retry-After", "Age", "RateLimit", "RateLimit-Policy"},
		MaxAge:         3600, // seconds; without it a browser asks every 5
	})
	return func(next http.Handler) http.Handler {
		answer := library.Handler(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n := len(strings.Join(r.Header.Values("Access-Control-Request-Headers"), ",")); n > maxRequestedHeaders {
				writeTooManyHeaders(w, r, n)
				return
			}
			answer.ServeHTTP(w, r)
		})
	}
}

func writeTooManyHeaders(w http.ResponseWriter, r *http.Request, n int) {
	detail := fmt.Sprintf("Access-Control-Request-Headers has %d bytes; at most %d are taken: send fewer headers",
		n, maxRequestedHeaders)
	writeProblem(w, r, answer.Problem{Status: http.StatusRequestHeaderFieldsTooLarge, Detail: detail})
}
