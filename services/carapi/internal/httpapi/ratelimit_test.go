package httpapi

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5/middleware"
)

// The client's address is the last one that is not of a trusted proxy, in whatever form the proxies write it. What the
// client itself has put in front does not count.
func TestClientAddress(t *testing.T) {
	const proxy, stranger = "10.0.0.1:4711", "203.0.113.9:4711"
	for _, test := range []struct {
		peer string
		xff  []string
		want string
	}{
		{proxy, []string{"192.0.2.7"}, "192.0.2.7"},
		{proxy, []string{"192.0.2.7:50123"}, "192.0.2.7"},
		{proxy, []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		{proxy, []string{"[2001:db8::1]"}, "2001:db8::1"},
		{proxy, []string{"2001:db8::1"}, "2001:db8::1"},
		{proxy, []string{"2001:db8::1:443"}, "2001:db8::1:443"}, // without brackets this is an address
		{proxy, []string{`"192.0.2.7:50123"`}, "192.0.2.7"},
		{proxy, []string{` "[2001:db8::1]:443" `}, "2001:db8::1"},
		{proxy, []string{"[fe80::1%eth0]:443"}, "fe80::1"},
		{proxy, []string{"[::ffff:192.0.2.7]:50123"}, "192.0.2.7"},
		{proxy, []string{"192.0.2.7:50123, 10.0.0.2:80,\t[::ffff:10.0.0.3]:80"}, "192.0.2.7"},
		{proxy, []string{"198.51.100.1", "192.0.2.7:50123", "10.0.0.2"}, "192.0.2.7"},
		{proxy, []string{"10.0.0.2:80"}, "10.0.0.1"},

		// Only what trusted proxies have added counts.
		{proxy, []string{"198.51.100.1:1, 192.0.2.7:50123"}, "192.0.2.7"},
		{proxy, []string{`", 192.0.2.7:50123`}, "192.0.2.7"},
		{proxy, []string{`"198.51.100.1`, `192.0.2.7:50123`}, "192.0.2.7"},
		{proxy, []string{"[, 192.0.2.7:50123"}, "192.0.2.7"},
		{proxy, []string{"garbage, 192.0.2.7:50123, 10.0.0.2"}, "192.0.2.7"},
		{proxy, []string{"198.51.100.1, unknown"}, "10.0.0.1"},
		{proxy, []string{"198.51.100.1, 192.0.2.7:99999"}, "10.0.0.1"},
		{proxy, []string{"198.51.100.1, 192.0.2.7:"}, "10.0.0.1"},
		{proxy, []string{"198.51.100.1, 192.0.2.7 10.0.0.2"}, "10.0.0.1"},
		{stranger, []string{"192.0.2.7:50123"}, "203.0.113.9"},
		{proxy, nil, "10.0.0.1"},
		{stranger, nil, "203.0.113.9"},
	} {
		var got string
		h := clientAddress([]string{"10.0.0.0/8"})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = middleware.GetClientIP(r.Context())
		}))
		r := httptest.NewRequest(http.MethodGet, "/cars/", nil)
		r.RemoteAddr = test.peer
		r.Header["X-Forwarded-For"] = test.xff
		if h.ServeHTTP(httptest.NewRecorder(), r); got != test.want {
			t.Errorf("%q from %s: %q, want %q", test.xff, test.peer, got, test.want)
		}
	}
}
