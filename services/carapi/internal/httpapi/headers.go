package httpapi

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
	"github.com/rs/cors"
)

// minCompressed is the size of the smallest answer that is compressed, in bytes. A smaller one is a single packet
// either way.
const minCompressed = 1 << 10

// compress sends answers as gzip to clients that accept it. The ETag is the same in both forms, so it must be weak.
func compress() func(http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(minCompressed), gzhttp.EnableZstd(false))
	if err != nil {
		panic(err) // cannot happen: the options are constants
	}
	return func(next http.Handler) http.Handler { return wrap(next) }
}

// headAsGet answers a HEAD like a GET, so it gets the same headers; the server leaves the body out. The router could do
// the same, but gzhttp does not compress the answer to a HEAD.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			r = r.WithContext(r.Context()) // a copy
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}

// csrf refuses a POST that a browser sends for a page of another origin, unless origins has that one. Clients that are
// not browsers send no origin, and are let through.
func csrf(origins []string) func(http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	for _, origin := range origins {
		if origin == "*" {
			return func(next http.Handler) http.Handler { return next }
		}
		_ = guard.AddTrustedOrigin(origin) // no error: config has checked the origins
	}

	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, http.StatusForbidden,
			"pages of this origin may not call the API; add the origin to CORS_ORIGINS")
	}))
	return guard.Handler
}

// maxRequestedHeaders is the length of the longest Access-Control-Request-Headers, in bytes. The answer to a preflight
// repeats it.
const maxRequestedHeaders = 1 << 10

// crossOrigin lets pages of the origins call the API from a browser. Without origins no page of another origin may.
//
// A browser first sends a preflight to learn whether it may send the request. It has no key, so it is answered here,
// before the keys are checked. Any header is allowed: tracing and client libraries add their own, and no header gives a
// page more than any other client has.
func crossOrigin(origins []string) func(http.Handler) http.Handler {
	if len(origins) == 0 { // the library would allow all origins
		return func(next http.Handler) http.Handler { return next }
	}

	library := cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost},
		AllowedHeaders: []string{"*"},
		ExposedHeaders: []string{"ETag", "Link", "X-Request-ID", "Retry-After", "Age", "RateLimit", "RateLimit-Policy"},
		MaxAge:         3600, // seconds; by default a browser repeats the preflight after 5
	})

	return func(next http.Handler) http.Handler {
		withHeaders := library.Handler(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := len(strings.Join(r.Header.Values("Access-Control-Request-Headers"), ","))
			if n > maxRequestedHeaders {
				writeProblem(w, r, http.StatusRequestHeaderFieldsTooLarge,
					fmt.Sprintf("Access-Control-Request-Headers has %d bytes; at most %d are allowed: send fewer headers",
						n, maxRequestedHeaders))
				return
			}
			withHeaders.ServeHTTP(w, r)
		})
	}
}
