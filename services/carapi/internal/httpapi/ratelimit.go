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

// rate is how often one may ask.
type rate struct {
	policy   string // its name in the answers
	requests int
	per      time.Duration
	limiter  *httprate.RateLimiter
}

// newRate allows so many requests per time, by each of those told apart; any number if there are 0.
func newRate(policy string, requests int, per time.Duration) *rate {
	// Where the library puts what it says, before take puts it as the standard has it.
	headers := httprate.WithResponseHeaders(httprate.ResponseHeaders{Remaining: "RateLimit", Reset: "RateLimit-Policy"})
	return &rate{policy, requests, per, httprate.NewRateLimiter(max(requests, 1), max(per, time.Second), headers)}
}

// take counts a request for key. Over the limit it writes the 429 and returns true. The headers
// are those of draft-ietf-httpapi-ratelimit-headers: what is left (r) until the window ends (t seconds).
func (l *rate) take(w http.ResponseWriter, r *http.Request, key string) (over bool) {
	if l.requests == 0 {
		return false
	}
	over = l.limiter.OnLimit(w, r, key)
	h := w.Header()
	left := h.Get("RateLimit")
	end, _ := strconv.ParseInt(h.Get("RateLimit-Policy"), 10, 64) // a Unix time, which the library has written
	wait := max(time.Until(time.Unix(end, 0)).Truncate(time.Second)+time.Second, time.Second)
	h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", l.policy, l.requests, int(l.per.Seconds())))
	h.Set("RateLimit", fmt.Sprintf("%q;r=%s;t=%d", l.policy, left, int(wait.Seconds())))
	if over {
		// The window slides: at its end the requests of the last begin to fall out, one by one.
		wait += l.per / time.Duration(l.requests)
		h.Set("Retry-After", strconv.Itoa(int(wait.Seconds())))

		detail := fmt.Sprintf("at most %d requests in %s are answered here; "+
			"the header Retry-After says in how many seconds to try again", l.requests, l.per)
		writeProblem(w, r, http.StatusTooManyRequests, detail)
	}
	return over
}

// perClient counts requests by where they come from.
func perClient(l *rate) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !l.take(w, r, clientOf(r)) {
				next.ServeHTTP(w, r)
			}
		})
	}
}

// clientAddress finds out where requests come from: from the other end of the connection or, if that is one of these
// proxies, from what they say of it. If they say nothing that can be read, it is the proxy's address.
func clientAddress(proxies []string) func(http.Handler) http.Handler {
	if len(proxies) == 0 {
		return middleware.ClientIPFromRemoteAddr
	}
	fromProxies := middleware.ClientIPFromXFF(proxies...)
	return func(next http.Handler) http.Handler {
		return middleware.ClientIPFromRemoteAddr(plainForwardedFor(fromProxies(next)))
	}
}

// plainForwardedFor reduces X-Forwarded-For to addresses: some proxies write ports, brackets and quotes around them.
func plainForwardedFor(next http.Handler) http.Handler {
	const name = "X-Forwarded-For"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if lines := r.Header[name]; len(lines) > 0 {
			r = r.WithContext(r.Context()) // a copy
			r.Header = r.Header.Clone()
			for i, line := range lines {
				// A quote that a client opens must not swallow what a proxy has added after it: commas come first.
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

// clientOf is the address that a request comes from, or its network where a client has one of its own.
func clientOf(r *http.Request) string {
	return httprate.CanonicalizeIP(middleware.GetClientIP(r.Context()))
}
