package httpapi

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
	"github.com/rs/cors"
)

// minCompressed is the size from which an answer is compressed: a smaller one is a single packet either way.
const minCompressed = 1 << 10

// compress sends answers as gzip to clients that accept it. An ETag stays the same and so must be weak: it stands for
// the same vehicles in both forms.
func compress() func(http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(minCompressed), gzhttp.EnableZstd(false))
	if err != nil {
		panic(err) // the options are constants
	}
	return func(next http.Handler) http.Handler { return wrap(next) }
}

// headAsGet answers a HEAD like the GET, so that it gets the same headers: the server leaves the body out. The router
// could do so too, but gzhttp does not compress the answer to a HEAD.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			r = r.WithContext(r.Context()) // a copy
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}

// csrf refuses what a browser posts for a page of another origin than this one and the ones named.
// Callers that are no browsers send no origin.
func csrf(origins []string) func(http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	for _, o := range origins {
		if o == "*" {
			return func(next http.Handler) http.Handler { return next }
		}
		_ = guard.AddTrustedOrigin(o) // the settings have been checked
	}
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, http.StatusForbidden, "pages of this origin may not call; CORS_ORIGINS names those that may")
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
	writeProblem(w, r, http.StatusRequestHeaderFieldsTooLarge, detail)
}
