package cli_test

import (
	"strconv"
	"strings"
	"testing"
)

// Each key may ask so often, and each client so often without one; who has a valid key is not refused for
// what others do from the same address.
func TestRateLimit(t *testing.T) {
	setupFile(t)
	const other = "another-key-for-the-tests"
	t.Setenv("API_KEY", "")
	t.Setenv("API_KEYS", "one="+key+",two="+other)
	t.Setenv("RATE_LIMIT", "5/24h")
	t.Setenv("TRUSTED_PROXIES", "127.0.0.1")
	p := start(t)
	ask := func(want int, header ...string) {
		t.Helper()
		res, body := p.do(t, "GET", "/cars/?limit=1", header...)
		if res.StatusCode != want {
			t.Errorf("%v: %d %s", header, res.StatusCode, body)
		}
		if want == 429 {
			wait, err := strconv.Atoi(res.Header.Get("Retry-After"))
			if err != nil || wait < 1 || res.Header.Get("Content-Type") != "application/problem+json" ||
				!strings.Contains(body, "at most 5 requests in 24h0m0s") {
				t.Errorf("%v: %v %s", header, res.Header, body)
			}
		}
	}
	for left := 4; left >= 0; left-- {
		res, _ := p.do(t, "GET", "/cars/?limit=1")
		got, want := res.Header.Get("RateLimit"), `"key";r=`+strconv.Itoa(left)+";t="
		if res.StatusCode != 200 || !strings.HasPrefix(got, want) ||
			res.Header.Get("RateLimit-Policy") != `"key";q=5;w=86400` {
			t.Errorf("%d: %v", res.StatusCode, res.Header)
		}
	}
	ask(429)
	ask(200, "X-API-Key", other)
	for range 5 {
		ask(401, "X-API-Key", "wrong", "X-Forwarded-For", "203.0.113.9, 198.51.100.7")
	}
	// The first address is only what the client says.
	ask(429, "X-API-Key", "wrong", "X-Forwarded-For", "203.0.113.10, 198.51.100.7")
	ask(401, "X-API-Key", "wrong", "X-Forwarded-For", "198.51.100.8")
	for i := range 5 { // each of its connections has a port of its own
		ask(401, "X-API-Key", "wrong", "X-Forwarded-For", "198.51.100.9:5000"+strconv.Itoa(i))
	}
	ask(429, "X-API-Key", "wrong", "X-Forwarded-For", "198.51.100.9:60000")
	ask(401, "X-API-Key", "wrong", "X-Forwarded-For", "[2001:db8::1]:60000")
	ask(200, "X-API-Key", other, "X-Forwarded-For", "198.51.100.7")
	for range 3 {
		if res, body := p.do(t, "GET", "/livez"); res.StatusCode != 200 {
			t.Errorf("%d %s", res.StatusCode, body)
		}
	}

	t.Setenv("TRUSTED_PROXIES", "")
	p = start(t)
	for i := range 5 {
		ask(401, "X-API-Key", "wrong", "X-Forwarded-For", "198.51.100."+strconv.Itoa(i))
	}
	ask(429, "X-API-Key", "wrong", "X-Forwarded-For", "198.51.100.9")
}
