package httpapi

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httprate"
)

// rateLimit bounds how many requests each client may send in a window of time that slides.
type rateLimit struct {
	policy   string // name of this limit in the headers of answers
	requests int    // in a window; 0 for any number
	window   time.Duration
	limiter  *httprate.RateLimiter
}

// newRateLimit returns a limit of so many requests in a window, for each client. 0 requests stands for no limit.
func newRateLimit(policy string, requests int, window time.Duration) *rateLimit {
	// The library leaves plain numbers in these two headers. take replaces them by the forms of the draft.
	headers := httprate.WithResponseHeaders(httprate.ResponseHeaders{Remaining: "RateLimit", Reset: "RateLimit-Policy"})
	limiter := httprate.NewRateLimiter(max(requests, 1), max(window, time.Second), headers)
	return &rateLimit{policy, requests, window, limiter}
}

// take counts a request for key. Over the limit it writes the 429 and returns true. The headers follow
// draft-ietf-httpapi-ratelimit-headers: r is the number of requests left, t the seconds until the window ends, q the
// number of requests in a window, and w its seconds.
func (l *rateLimit) take(w http.ResponseWriter, r *http.Request, key string) (over bool) {
	if l.requests == 0 {
		return false
	}

	over = l.limiter.OnLimit(w, r, key)

	// Read what the library has written: the requests left, and the Unix time at which the window ends.
	h := w.Header()
	left := h.Get("RateLimit")
	end, _ := strconv.ParseInt(h.Get("RateLimit-Policy"), 10, 64)
	wait := max(time.Until(time.Unix(end, 0)).Truncate(time.Second)+time.Second, time.Second)

	h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", l.policy, l.requests, int(l.window.Seconds())))
	h.Set("RateLimit", fmt.Sprintf("%q;r=%s;t=%d", l.policy, left, int(wait.Seconds())))
	if !over {
		return false
	}

	// The window slides: after its end, the requests of the last window drop out of it one by one.
	wait += l.window / time.Duration(l.requests)
	h.Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
	writeProblem(w, r, http.StatusTooManyRequests, fmt.Sprintf("at most %d requests in %s are allowed; "+
		"the header Retry-After has the number of seconds to wait", l.requests, l.window))
	return true
}

// perClient limits the requests of each client, by its address.
func perClient(l *rateLimit) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !l.take(w, r, clientNetwork(r)) {
				next.ServeHTTP(w, r)
			}
		})
	}
}

// clientAddress finds the address of the client: that of the connection or, if that is a trusted proxy, the last one in
// X-Forwarded-For that is not. proxies are CIDRs. If the header has no such address, the proxy's address counts.
func clientAddress(proxies []string) func(http.Handler) http.Handler {
	if len(proxies) == 0 {
		return middleware.ClientIPFromRemoteAddr
	}

	fromProxies := middleware.ClientIPFromXFF(proxies...)
	return func(next http.Handler) http.Handler {
		return middleware.ClientIPFromRemoteAddr(plainForwardedFor(fromProxies(next)))
	}
}

// plainForwardedFor reduces X-Forwarded-For to addresses. Some proxies add ports, brackets and quotes to them.
func plainForwardedFor(next http.Handler) http.Handler {
	const name = "X-Forwarded-For"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if lines := r.Header[name]; len(lines) > 0 {
			r = r.WithContext(r.Context()) // a copy
			r.Header = r.Header.Clone()

			// Split at all commas, even within quotes: otherwise a quote that a client opens would swallow the
			// addresses that proxies add after it.
			for i, line := range lines {
				entries := strings.Split(line, ",")
				for j := range entries {
					entries[j] = forwardedAddress(entries[j])
				}
				r.Header[name][i] = strings.Join(entries, ",")
			}
		}

		next.ServeHTTP(w, r)
	})
}

// forwardedAddress returns the address of an entry of X-Forwarded-For. An entry without an address stays as it is.
func forwardedAddress(entry string) string {
	text := strings.Trim(entry, " \t\"")
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().String()
	}

	text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	if address, err := netip.ParseAddr(text); err == nil {
		return address.String()
	}
	return entry
}

// clientNetwork returns the address of the client, as a key to count its requests by. For IPv6 it is the /64 network,
// which one client has to itself.
func clientNetwork(r *http.Request) string {
	return httprate.CanonicalizeIP(middleware.GetClientIP(r.Context()))
}
