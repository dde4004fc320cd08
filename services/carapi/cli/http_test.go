package cli_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
	"carstock/services/carapi/cli"
)

var routes = []string{"/cars/", "/cars", "/cars/1", "/livez", "/readyz"}

// setupFile is setup with a SQLite file of 100 vehicles.
func setupFile(t *testing.T) {
	t.Helper()
	file, _ := dbtest.SQLite(t,
		"CREATE TABLE autos (id INTEGER PRIMARY KEY, make TEXT, model TEXT)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "+
			"INSERT INTO autos SELECT i, 'Kia', 'Rio' FROM n")
	setup(t, file)
	t.Setenv("CARS_TABLE", "autos")
}

func TestCompression(t *testing.T) {
	setupFile(t)
	p := start(t)
	const large = "/cars/?limit=100"
	res, plain := p.do(t, "GET", large, "Accept-Encoding", "identity")
	if res.Header.Get("Content-Encoding") != "" || res.Header.Get("Vary") != "Accept-Encoding" || len(plain) < 1024 {
		t.Errorf("compressed without being requested: %v, %d bytes", res.Header, len(plain))
	}

	wrong := "/cars/?" + strings.Repeat("x", 100) + "=1&" + strings.Repeat("y", 1000) + "=2&" +
		strings.Repeat("z", 100) + "=3&limit=x"
	for _, path := range []string{large, wrong} {
		_, plain := p.do(t, "GET", path, "Accept-Encoding", "identity", "X-Request-ID", "same")
		res, packed := p.do(t, "GET", path, "Accept-Encoding", "br, gzip, zstd", "X-Request-ID", "same")
		if res.Header.Get("Content-Encoding") != "gzip" || res.Header.Get("Vary") != "Accept-Encoding" ||
			len(packed) >= len(plain)/2 {
			t.Errorf("%.20s: %v, %d bytes of %d", path, res.Header, len(packed), len(plain))
			continue
		}
		r, err := gzip.NewReader(strings.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		if unpacked, err := io.ReadAll(r); err != nil || string(unpacked) != plain {
			t.Errorf("%.20s: %v, got\n%s\nwant\n%s", path, err, unpacked, plain)
		}
	}

	for _, path := range []string{"/cars/1", "/livez", "/nowhere"} {
		res, body := p.do(t, "GET", path, "Accept-Encoding", "gzip")
		if res.Header.Get("Content-Encoding") != "" || res.ContentLength != int64(len(body)) || !json.Valid([]byte(body)) {
			t.Errorf("%s: %v %s", path, res.Header, body)
		}
	}

	if res, _ := p.do(t, "GET", large, "Accept-Encoding", "gzip;q=0"); res.Header.Get("Content-Encoding") != "" {
		t.Errorf("compressed for a client that refuses it: %v", res.Header)
	}
}

func TestHeadIsGetWithoutBody(t *testing.T) {
	setupFile(t)
	p := start(t)
	for _, path := range append([]string{"/cars/?limit=100", "/cars/?limit=0", "/cars/1000", "/nowhere"}, routes...) {
		for _, encoding := range []string{"identity", "gzip"} {
			ask := func(method string) (*http.Response, string) {
				res, body := p.do(t, method, path, "Accept-Encoding", encoding, "X-Request-ID", "same")
				res.Header.Del("Date")
				return res, body
			}

			// The body has the time of the index, which changes its length: HEAD stands between two answers that are the same.
			before, _ := ask("GET")
			head, body := ask("HEAD")
			get, _ := ask("GET")
			for try := 0; try < 10 && !maps.EqualFunc(before.Header, get.Header, slices.Equal); try++ {
				before = get
				head, body = ask("HEAD")
				get, _ = ask("GET")
			}

			if head.StatusCode != get.StatusCode || body != "" || !maps.EqualFunc(head.Header, get.Header, slices.Equal) {
				t.Errorf("%s, %s: GET %d %v, HEAD %d %v", path, encoding, get.StatusCode, get.Header, head.StatusCode, head.Header)
			}
		}
	}
}

func TestOtherMethods(t *testing.T) {
	setupFile(t)
	for _, origins := range []string{"", "*"} { // CORS must not answer an OPTIONS that is not a preflight
		t.Setenv("CORS_ORIGINS", origins)
		p := start(t)
		for _, path := range routes {
			for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} {
				res, body := p.do(t, method, path, "X-API-Key", "", "Origin", "https://a.example")
				if res.StatusCode != 405 || res.Header.Get("Allow") != "GET, HEAD" ||
					!strings.Contains(body, method+" is not possible") {
					t.Errorf("%s %s: %d %v %s", method, path, res.StatusCode, res.Header, body)
				}
			}
		}
		p.stop()
	}
}

// preflight sends the request by which a browser learns whether a page of an origin may send a GET with headers.
func (p program) preflight(t *testing.T, origin, headers string) *http.Response {
	t.Helper()
	res, _ := p.do(t, "OPTIONS", "/cars/", "X-API-Key", "", "Origin", origin,
		"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", headers)
	return res
}

// checkNoCORS checks that a response lets no page of another origin read it.
func checkNoCORS(t *testing.T, what string, res *http.Response) {
	t.Helper()
	for name := range res.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("%s: %v", what, res.Header)
		}
	}
}

func TestCORS(t *testing.T) {
	setupFile(t)
	const origin = "https://app.example.com"
	p := start(t)
	res := p.preflight(t, origin, "x-api-key")
	if checkNoCORS(t, "off", res); res.StatusCode != 405 {
		t.Errorf("off: a preflight gets %d", res.StatusCode)
	}

	res, _ = p.do(t, "GET", "/cars/", "Origin", origin)
	checkNoCORS(t, "off", res)
	p.stop()

	t.Setenv("CORS_ORIGINS", "http://localhost:3000, "+origin)
	p = start(t)
	const usual = "authorization,if-none-match,x-api-key,x-request-id"
	res = p.preflight(t, origin, usual)
	if res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Origin") != origin ||
		res.Header.Get("Access-Control-Allow-Methods") != "GET" ||
		res.Header.Get("Access-Control-Allow-Headers") != usual ||
		res.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("preflight: %d %v", res.StatusCode, res.Header)
	}

	for _, headers := range []string{
		"x-api-key,traceparent", "x-api-key, Traceparent, tracestate , baggage",
		"accept,content-type,last-event-id,mcp-session-id",
		"authorization,mcp-param-make,mcp-protocol-version,sentry-trace,x-datadog-trace-id",
		"b3,newrelic,x-requested-with", "",
	} {
		res := p.preflight(t, origin, headers)
		allowed := strings.ToLower(strings.ReplaceAll(res.Header.Get("Access-Control-Allow-Headers"), " ", ""))
		if res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Origin") != origin ||
			allowed != strings.ToLower(strings.ReplaceAll(headers, " ", "")) {
			t.Errorf("preflight for %q: %d %v", headers, res.StatusCode, res.Header)
		}
	}

	long := p.preflight(t, origin, strings.Repeat("x-long-name,", 90))
	if checkNoCORS(t, "too many headers", long); long.StatusCode != 431 {
		t.Errorf("too many headers: %d %v", long.StatusCode, long.Header)
	}

	for _, other := range []string{"https://app.example.com.evil.example", "http://app.example.com", "null"} {
		checkNoCORS(t, other, p.preflight(t, other, "x-api-key"))
		res, _ := p.do(t, "GET", "/cars/", "Origin", other)
		if checkNoCORS(t, other, res); !slices.Contains(res.Header.Values("Vary"), "Origin") {
			t.Errorf("%s: Vary is %v", other, res.Header.Values("Vary"))
		}
	}

	const exposed = "ETag, Link, X-Request-ID, Retry-After, Age, RateLimit, RateLimit-Policy"
	for path, status := range map[string]int{"/cars/": 200, "/cars/?limit=0": 400, "/nowhere": 404} {
		res, _ := p.do(t, "GET", path, "Origin", origin)
		if res.StatusCode != status || res.Header.Get("Access-Control-Allow-Origin") != origin ||
			!strings.EqualFold(res.Header.Get("Access-Control-Expose-Headers"), exposed) {
			t.Errorf("%s: %d %v", path, res.StatusCode, res.Header)
		}
	}

	// A 401 has the headers too, so that a page can tell a wrong key from a network that fails.
	res, _ = p.do(t, "GET", "/cars/", "Origin", origin, "X-API-Key", "")
	if res.StatusCode != 401 || res.Header.Get("Access-Control-Allow-Origin") != origin {
		t.Errorf("401: %d %v", res.StatusCode, res.Header)
	}

	p.stop()

	t.Setenv("CORS_ORIGINS", "*")
	p = start(t)
	res, _ = p.do(t, "GET", "/cars/", "Origin", "https://any.example")
	if res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("all: %v", res.Header)
	}
}

func TestSecurityHeaders(t *testing.T) {
	setupFile(t)
	t.Setenv("CORS_ORIGINS", "*")
	p := start(t)
	for _, test := range []struct {
		method, path string
		header       []string
		status       int
	}{
		{"GET", "/cars/", nil, 200},
		{"GET", "/livez", nil, 200},
		{"GET", "/cars/?limit=0", nil, 400},
		{"GET", "/cars/", []string{"X-API-Key", "wrong"}, 401},
		{"GET", "/nowhere", nil, 404},
		{"POST", "/cars/", nil, 405},
		{"GET", "/cars/?make=" + strings.Repeat("x", 20000), nil, 414},
		{"OPTIONS", "/cars/", []string{"Origin", "https://a.example", "Access-Control-Request-Method", "GET"}, 204},
	} {
		res, _ := p.do(t, test.method, test.path, test.header...)
		if res.StatusCode != test.status {
			t.Errorf("%s %.20s: %d, want %d", test.method, test.path, res.StatusCode, test.status)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s %.20s: %s is %q, want %q", test.method, test.path, name, got, want)
			}
		}
		if res.Header.Get("X-Request-ID") == "" {
			t.Errorf("%s %.20s: no X-Request-ID", test.method, test.path)
		}
	}
}

func TestLimits(t *testing.T) {
	setupFile(t)
	p := start(t)
	const kib = 1 << 10
	parameters := func(n int) string { return "/cars/?" + strings.Repeat("limit=1&", n-1) + "limit=1" }
	for _, test := range []struct {
		path   string
		status int
		want   string
	}{
		{"/cars/?make=" + strings.Repeat("x", 16*kib-12), 400, "at most 1000 bytes"},
		{"/cars/?make=" + strings.Repeat("x", 16*kib-11), 414, "the URL has 16385 bytes; at most 16384"},
		{"/cars/" + strings.Repeat("%41", 6*kib), 414, `"instance":"/cars/AAAA`},
		{parameters(200), 400, "at most 100 values"},
		{parameters(201), 400, "the query string has 201 parameters; at most 200"},
		{"/cars/?" + strings.Repeat("&", 300), 400, "the query string has 301 parameters"},
		{"/cars/?make=" + strings.Repeat("x", 80*kib), 431, ""}, // refused by Go's server itself
	} {
		res, body := p.do(t, "GET", test.path)
		if res.StatusCode != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%.20s..., %d bytes: %d %.400s, want %d and %s",
				test.path, len(test.path), res.StatusCode, body, test.status, test.want)
		}
		if res.StatusCode == 414 && len(body) > kib {
			t.Errorf("the answer to a long URL has %d bytes", len(body))
		}
	}

	if log := p.log.String(); strings.Contains(log, strings.Repeat("A", 200)) {
		t.Error("the log has a long path untruncated")
	}

	// The answer does not wait for the rest of a body that is too large.
	for body, status := range map[string]int{
		"Content-Length: 65536\r\n\r\n" + strings.Repeat("x", 2*kib):                      400,
		"Content-Length: 65537\r\n\r\n":                                                   413,
		"Content-Length: 9000000000\r\n\r\n":                                              413,
		"Content-Length: 70000\r\nExpect: 100-continue\r\n\r\n":                           413,
		"Transfer-Encoding: chunked\r\n\r\n500\r\n" + strings.Repeat(" ", 0x500) + "\r\n": 400,
	} {
		res, text := p.raw(t, "GET /livez HTTP/1.1\r\nHost: x\r\n"+body)
		if res.StatusCode != status || !res.Close || !strings.Contains(text, "query string") {
			t.Errorf("%.40q: %v, %s", body, res, text)
		}
	}
}

// raw sends the text of a request as it is.
func (p program) raw(t *testing.T, request string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Minute))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}

	r := &http.Request{Method: request[:strings.Index(request, " ")]}
	res, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}

	return res, string(text)
}

// Parameters in the body of a GET are refused rather than ignored. A body without parameters is accepted.
func TestBodies(t *testing.T) {
	setupFile(t)
	p := start(t)
	for body, isEmpty := range map[string]bool{
		"": true, "{}": true, "null": true, " \r\n{ \t}\n": true, "\n null ": true, "  ": true,
		strings.Repeat(" ", 1022) + "{}": true, strings.Repeat(" ", 1023) + "{}": false,
		`{"make":"Kia"}`: false, "make=Kia": false, "[]": false, `""`: false, "{}{}": false, "nul": false,
		"0": false, "{": false,
		"\x1f\x8b": false, strings.Repeat("x", 3000): false,
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "DELETE"} {
			for _, path := range []string{"/cars/?limit=1", "/cars/1", "/livez"} {
				for _, framed := range []string{
					fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body),
					strings.ReplaceAll(fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body),
						"\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n"), // an empty body has only the last chunk
				} {
					want := 200
					switch {
					case method == "POST" || method == "DELETE":
						want = 405
					case !isEmpty:
						want = 400
					}
					res, text := p.raw(t, method+" "+path+" HTTP/1.1\r\nHost: x\r\nX-API-Key: "+key+"\r\n"+framed)
					isExplained := strings.Contains(text, "query string, as in /cars/?make=")
					if res.StatusCode != want || want == 400 && method == "GET" && !isExplained {
						t.Errorf("%s %s with %.30q: %d %s, want %d", method, path, framed, res.StatusCode, text, want)
					}
				}
			}
		}
	}
}

// A slash at the end of a path changes nothing in the answer except the path itself.
func TestSlashAtTheEnd(t *testing.T) {
	file, _ := dbtest.SQLite(t, "CREATE TABLE autos (id TEXT PRIMARY KEY, vin TEXT, make TEXT)",
		"INSERT INTO autos VALUES ('1', 'JM3M5WHLXRW827381', 'Kia'), ('a/', '', 'Fiat'), "+
			"('a/b', '', 'Seat'), ('vin', '', 'Audi')")
	setup(t, file)
	t.Setenv("CARS_TABLE", "autos")
	p := start(t)
	volatile := regexp.MustCompile(`"(instance|request_id|as_of)":"[^"]*"|/cars/\?`)
	for _, path := range []string{
		"/cars", "/cars/1", "/cars/9", "/cars/a%2F", "/cars/a%2Fb", "/cars/vin/JM3M5WHLXRW827381",
		"/cars/facets?facets=make", "/cars/stats", "/cars/fields", "/livez", "/readyz",
		"/openapi.json", "/tools/openai.json", "/nowhere",
	} {
		path, query, _ := strings.Cut(path, "?")
		for _, method := range []string{"GET", "HEAD", "POST"} {
			res, want := p.do(t, method, path+"?"+query)
			slashed, got := p.do(t, method, path+"/?"+query)
			if res.StatusCode != slashed.StatusCode ||
				volatile.ReplaceAllString(got, "") != volatile.ReplaceAllString(want, "") {
				t.Errorf("%s %s: %d %.200s, with a slash %d %.200s", method, path, res.StatusCode, want, slashed.StatusCode, got)
			}
		}
	}

	for path, want := range map[string]string{
		"/cars/a%2F": `"make":"Fiat"`, "/cars/a%2F/": `"make":"Fiat"`, "/cars/a%2Fb/": `"make":"Seat"`,
		"/cars/vin": `"make":"Audi"`, "/cars/vin/": "no such resource",
		"/cars//": "no such resource", "/cars/1//": "no such resource", "//": "no such resource",
		"/cars/1%2F": "no vehicle has the id \\\"1/", "/docs/": "<html", "/docs": "<html",
	} {
		if res, body := p.do(t, "GET", path); !strings.Contains(body, want) {
			t.Errorf("%s: %d %.300s, want %s", path, res.StatusCode, body, want)
		}
	}
}

// Headers stay below 2 kB, since proxies refuse answers whose headers do not fit into their buffers.
func TestHeadersAreShort(t *testing.T) {
	file, db := dbtest.SQLite(t, "CREATE TABLE autos (id TEXT PRIMARY KEY, make TEXT, headline TEXT, remarks TEXT)")
	for i := range 50 {
		long := strings.Repeat(fmt.Sprintf("%c \u20ac ", 'a'+i%20), 6*i)
		if _, err := db.Exec("INSERT INTO autos VALUES (?, 'Kia', ?, ?)", long+fmt.Sprint(i), long, long); err != nil {
			t.Fatal(err)
		}
	}

	setup(t, file)
	t.Setenv("CARS_TABLE", "autos")
	t.Setenv("CORS_ORIGINS", "https://a-page-of-a-dealer.example.com")
	t.Setenv("RATE_LIMIT", "100000/24h")
	p := start(t)
	withLink, without := 0, 0
	for _, path := range []string{
		"/cars/?sort=id", "/cars/?sort=headline,-remarks", "/cars/?sort=-remarks", "/cars/?sort=-make",
	} {
		for n := range 30 {
			next := fmt.Sprintf("%s&limit=%d", path, n+1)
			res, body := p.do(t, "GET", next, "Origin", "https://a-page-of-a-dealer.example.com",
				"X-Request-ID", strings.Repeat("x", 64))
			size := 0
			for name, values := range res.Header {
				for _, v := range values {
					size += len(name + ": " + v + "\r\n")
				}
			}
			var page struct{ Next string }
			err := json.Unmarshal([]byte(body), &page)
			if err != nil || res.StatusCode != 200 || page.Next == "" || size > 2000 {
				t.Fatalf("%s: %v: %d, %d bytes of headers: %.300s", next, err, res.StatusCode, size, body)
			}
			switch link := res.Header.Get("Link"); link {
			case "":
				without++
			case "<" + page.Next + `>; rel="next"`:
				withLink++
			default:
				t.Errorf("%s: Link is %s, next %s", next, link, page.Next)
			}
		}
	}

	if withLink == 0 || without == 0 {
		t.Errorf("%d answers with a Link, and %d without", withLink, without)
	}
}

// metricsURL waits until the metrics are served, and returns the URL of their server.
func (p program) metricsURL(t *testing.T) string {
	t.Helper()
	var m []string
	for deadline := time.Now().Add(5 * time.Minute); m == nil; time.Sleep(5 * time.Millisecond) {
		m = regexp.MustCompile(`"listening","serves":"metrics","address":"([^"]+)"`).FindStringSubmatch(p.log.String())
		if time.Now().After(deadline) {
			t.Fatalf("no metrics: %s", p.log)
		}
	}

	return "http://" + m[1]
}

func TestMetrics(t *testing.T) {
	setupFile(t)
	t.Setenv("METRICS_ADDR", "127.0.0.1:0")
	p := start(t)
	url := p.metricsURL(t)
	p.do(t, "GET", "/cars/?make=kia&limit=1")
	p.do(t, "GET", "/cars")
	p.do(t, "HEAD", "/cars/4711")
	p.do(t, "GET", "/cars/7")
	p.do(t, "GET", "/cars/8", "X-API-Key", "wrong")
	p.do(t, "GET", "/secret-path")
	p.do(t, "POST", "/cars/9")
	p.do(t, "BREW", "/cars/")
	p.do(t, "GET", "/livez")
	page := func() string {
		metrics := program{url: url}
		res, body := metrics.do(t, "GET", "/metrics", "X-API-Key", "")
		if res.StatusCode != 200 {
			t.Fatalf("/metrics: %d %s", res.StatusCode, body)
		}
		return body
	}

	// A request is counted after its answer has been sent, so the last one may still be missing.
	body := page()
	deadline := time.Now().Add(5 * time.Minute)
	for !strings.Contains(body, `route="/livez"`) && time.Now().Before(deadline) {
		body = page()
	}

	for _, want := range []string{
		`carapi_http_requests_total{method="GET",route="/cars",status="200"} 2`,
		`carapi_http_requests_total{method="GET",route="/cars/{id}",status="200"} 1`,
		`carapi_http_requests_total{method="HEAD",route="/cars/{id}",status="404"} 1`,
		`carapi_http_requests_total{method="GET",route="/cars/{id}",status="401"} 1`,
		`carapi_http_requests_total{method="GET",route="unmatched",status="404"} 1`,
		`carapi_http_requests_total{method="POST",route="unmatched",status="405"} 1`,
		`carapi_http_requests_total{method="other",route="unmatched",status="405"} 1`,
		`carapi_http_request_duration_seconds_count{route="/cars/{id}"} 3`,
		`carapi_http_requests_in_flight 0`,
		`carapi_query_duration_seconds_count{operation="rows",outcome="ok"} `,
		`carapi_query_duration_seconds_count{operation="index",outcome="ok"} `,
		`carapi_answers_total{source="live"} 3`, `carapi_source_up{source="live"} 1`, `carapi_rows_dropped_total 0`,
		`carapi_index_rows{source="live"} `, `carapi_index_bytes{source="live"} `, `carapi_index_age_seconds{source="live"} `,
		`carapi_index_build_seconds{source="live"} `, `carapi_index_refreshes_total{outcome="read",source="live"} `,
		`go_sql_open_connections{db_name="live"} `, `go_sql_max_open_connections{db_name="live"} `,
		"go_build_info{", "go_goroutines ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}

	for _, bad := range []string{"secret-path", "4711", "BREW", key} {
		if strings.Contains(body, bad) {
			t.Errorf("/metrics has %s", bad)
		}
	}

	if t.Failed() {
		t.Logf("%s", regexp.MustCompile(`(?m)^carapi_.*_(total|count|flight).*$`).FindAllString(body, -1))
	}

	if res, _ := p.do(t, "GET", "/metrics"); res.StatusCode != 404 {
		t.Errorf("/metrics of the API: %d", res.StatusCode)
	}

	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}

	if _, err := http.Get(url + "/metrics"); err == nil {
		t.Error("the metrics are still served after the program has ended")
	}
}

// collector starts an OpenTelemetry collector that accepts JSON. received returns all that it has received.
func collector(t *testing.T) (url string, received func() string) {
	var mu sync.Mutex
	var text bytes.Buffer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			body, _ = gzip.NewReader(r.Body)
		}
		fmt.Fprintf(&text, "%s %s\n", r.Method, r.URL.Path)
		_, _ = io.Copy(&text, body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(server.Close)
	return server.URL, func() string {
		mu.Lock()
		defer mu.Unlock()
		return text.String()
	}
}

func TestTraces(t *testing.T) {
	setupFile(t)
	url, received := collector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
	p := start(t)
	const id, parent = "11112222333344445555666677778888", "1234567890123456"
	p.do(t, "GET", "/cars/7", "traceparent", "00-"+id+"-"+parent+"-01")
	p.do(t, "GET", "/cars/?make=hidden-in-the-query")
	p.do(t, "GET", "/nowhere?make=hidden-in-the-query", "Authorization", "Bearer "+key)
	if code := p.stop(); code != 0 { // stopping sends what is left
		t.Errorf("exit code %d: %s", code, p.log)
	}

	got := received()
	for _, want := range []string{
		"POST /v1/traces", `"name":"GET /cars/{id}"`, `"name":"GET /cars"`, `"name":"GET"`, id, parent,
		`{"key":"http.route","value":{"stringValue":"/cars/{id}"}}`,
		`{"key":"service.name","value":{"stringValue":"carapi"}}`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the traces lack %s", want)
		}
	}

	for _, bad := range []string{"hidden-in-the-query", key} {
		if strings.Contains(got, bad) {
			t.Errorf("the traces have %s", bad)
		}
	}

	if t.Failed() {
		t.Log(got)
	}
}

// No traces are sent unless they are requested, or if the SDK is disabled.
func TestNoTraces(t *testing.T) {
	setupFile(t)
	url, received := collector(t)
	for name, set := range map[string]map[string]string{
		"SDK disabled":  {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_SDK_DISABLED": "true"},
		"no exporter":   {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": url, "OTEL_TRACES_EXPORTER": "none"},
		"not requested": {},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range set {
				t.Setenv(k, v)
			}
			p := start(t)
			p.do(t, "GET", "/cars/7")
			if code := p.stop(); code != 0 || received() != "" {
				t.Errorf("exit code %d, sent: %s", code, received())
			}
		})
	}
}

// Without a collector to send traces to, carapi answers and stops as usual.
func TestCollectorGone(t *testing.T) {
	setupFile(t)
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		t.Setenv("OTEL_TRACES_EXPORTER", "otlp")
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
		t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
		p := start(t)
		if res, body := p.do(t, "GET", "/cars/7"); res.StatusCode != 200 {
			t.Errorf("%s: %d %s", protocol, res.StatusCode, body)
		}
		began := time.Now()
		code := p.stop()
		if took := time.Since(began); code != 0 || took > time.Minute || !strings.Contains(p.log.String(), "traces") {
			t.Errorf("%s: exit code %d after %s: %s", protocol, code, took, p.log)
		}
	}
}

func TestHTTPMistakes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for name, test := range map[string]struct {
		set  environ
		code int
		want []string
	}{
		"metrics port": {environ{"METRICS_ADDR": taken.Addr().String()}, 1, []string{"METRICS_ADDR", "is taken"}},
		"metrics number": {
			environ{"METRICS_ADDR": "127.0.0.1:99999"},
			2,
			[]string{"METRICS_ADDR", "host:port", "65535", "or off"},
		},
		"no such host": {environ{"HTTP_ADDR": "999.1.1.1:8080"}, 2, []string{"HTTP_ADDR", "host:port"}},
		"metrics address": {
			environ{"METRICS_ADDR": "9091"},
			2,
			[]string{`METRICS_ADDR: "9091"`, "host:port", "or off"},
		},
		"origin": {
			environ{"CORS_ORIGINS": "https://a.example/x"},
			2,
			[]string{`CORS_ORIGINS: "https://a.example/x"`, "without a path"},
		},
		"traces": {
			environ{
				"OTEL_TRACES_EXPORTER":        "zipkin",
				"OTEL_EXPORTER_OTLP_PROTOCOL": "udp",
				"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318",
			},
			2,
			[]string{
				`OTEL_TRACES_EXPORTER: "zipkin"`, `OTEL_EXPORTER_OTLP_PROTOCOL: "udp"`,
				"OTEL_EXPORTER_OTLP_ENDPOINT: expected a URL",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			setupFile(t)
			for k, v := range test.set {
				t.Setenv(k, v)
			}
			var out bytes.Buffer
			if code := cli.Run(t.Context(), nil, &out, &out); code != test.code {
				t.Errorf("exit code %d, want %d: %s", code, test.code, &out)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is not in: %s", want, &out)
				}
			}
		})
	}
}
