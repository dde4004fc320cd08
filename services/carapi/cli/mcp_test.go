package cli_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

const oneSearch = `{"jsonrpc":"2.0","id":1,"method":"tools/call",` +
	`"params":{"name":"search_cars","arguments":{"limit":100}}}`

// post sends a body to a path as an MCP client does. A chunked body does not announce its length.
func (p program) post(
	ctx context.Context, path, body string, chunked bool, header ...string,
) (*http.Response, string, error) {
	return p.send(ctx, "POST", path, body, chunked, header...)
}

// send is post with another method. It omits empty headers.
func (p program) send(
	ctx context.Context, method, path, body string, chunked bool, header ...string,
) (*http.Response, string, error) {
	var reader io.Reader = strings.NewReader(body)
	if chunked {
		reader = struct{ io.Reader }{reader}
	}

	r, err := http.NewRequestWithContext(ctx, method, p.url+path, reader)
	if err != nil {
		return nil, "", err
	}

	r.Header.Set("X-API-Key", key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i+1] == "" {
			r.Header.Del(header[i])
		}
	}

	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	return res, string(answer), err
}

// searchBatch returns a batch of n searches.
func searchBatch(n int) string {
	var searches []string
	for i := range n {
		searches = append(searches, strings.Replace(oneSearch, `"id":1`, fmt.Sprintf(`"id":%d`, i+1), 1))
	}

	return "[" + strings.Join(searches, ",") + "]"
}

// gzipped returns a text compressed by gzip.
func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}

	return b.String()
}

// A request to /mcp holds one message, so it makes at most one search. A request with several messages is refused
// before a tool runs, whatever its notation, and counts against the limits like any other request.
func TestBatchesAreRefused(t *testing.T) {
	setupFile(t)
	t.Setenv("RATE_LIMIT", "1000/24h")
	t.Setenv("MAX_IN_FLIGHT", "1")
	p := start(t)

	batch := searchBatch(300)
	version := func(v string) []string { return []string{"Mcp-Protocol-Version", v} }

	left := 1000
	for _, test := range []struct {
		body   string
		header []string
		status int
		code   int // of the JSON-RPC error; 0 if the search succeeds
	}{
		{batch, nil, 400, -32600},
		{batch, version("2025-03-26"), 400, -32600},
		{batch, version("2025-06-18"), 400, -32600},
		{batch, version("2026-07-28"), 400, -32600},
		{batch, []string{"Content-Type", "text/plain"}, 400, -32600},
		{batch, []string{"Accept", "application/json"}, 400, -32600},
		{strings.Replace(oneSearch, "cars", "c\xe9rs", 1), nil, 400, -32700},
		{" \t\r\n" + batch, nil, 400, -32600},
		{strings.Repeat(" ", 100_000) + batch, nil, 400, -32600},
		{"\ufeff" + batch, nil, 400, -32600},
		{"\n\ufeff\n" + batch, nil, 400, -32600},
		{"[" + oneSearch + "]", nil, 400, -32600},
		{"[" + batch + "]", nil, 400, -32600},
		{"[]", nil, 400, -32600},
		{"[" + oneSearch, nil, 400, -32600},
		{batch + oneSearch, nil, 400, -32600},
		{oneSearch + batch, nil, 400, -32700},
		{oneSearch + "\n" + oneSearch, nil, 400, -32700},
		{"\v" + batch, nil, 400, -32700},
		{"\x00" + batch, nil, 400, -32700},
		{"\u00a0" + batch, nil, 400, -32700},
		{"\ufeff" + oneSearch, nil, 400, -32700},
		{gzipped(t, batch), []string{"Content-Encoding", "gzip"}, 400, -32700},
		{"hello", nil, 400, -32700},
		{"", nil, 400, -32700},
		{"null", nil, 400, -32600},
		{`{"messages":` + batch + `}`, nil, 400, -32600},
		{strings.Repeat(" ", 1<<20) + batch, nil, 413, -32600},
		{strings.Replace(oneSearch, `"id":1`, `"id":1,"method":"tools/list","id":2`, 1), nil, 200, 0},
		{" " + oneSearch + "\n", nil, 200, 0},
	} {
		for _, chunked := range []bool{false, true} {
			left--
			what := fmt.Sprintf("%.60q %v, chunked %t", test.body, test.header, chunked)
			res, body, err := p.post(t.Context(), "/mcp?x=1", test.body, chunked, test.header...)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if rate := res.Header.Get("RateLimit"); !strings.HasPrefix(rate, fmt.Sprintf(`"key";r=%d;`, left)) {
				t.Errorf("%s: RateLimit %s, want %d left", what, rate, left)
			}
			if test.code != 0 {
				expectRefused(t, what, res, body, test.status, test.code)
			} else if res.StatusCode != 200 || strings.Count(body, `"structuredContent"`) != 1 {
				t.Errorf("%s: %d %.300s", what, res.StatusCode, body)
			}
		}
	}

	// No other spelling of the path reaches the tools.
	for _, path := range []string{"//mcp", "/mcp//", "/%6Dcp", "/mcp/.", "/MCP", "/cars/../mcp/", "/mcp;x"} {
		res, body, err := p.post(t.Context(), path, batch, false)
		if err != nil || res.StatusCode < 300 || strings.Contains(body, "jsonrpc") {
			t.Errorf("%s: %v %v %.300s", path, err, res, body)
		}
	}

	if ran, want := strings.Count(p.log.String(), `"rows":100`), 4; ran != want {
		t.Errorf("%d requests ran a search, want %d", ran, want)
	}
}

// expectRefused checks that a message was refused with an error of JSON-RPC. For a batch, the error says why.
func expectRefused(t *testing.T, what string, res *http.Response, body string, status, code int) {
	t.Helper()
	expectRPC(t, what, res, body, status, code, "null")
	isBatch := strings.HasPrefix(strings.TrimLeft(what, `"`), "[")
	if isBatch && !strings.Contains(body, "one message per request") {
		t.Errorf("%s: %s", what, body)
	}
}

// Clients that accept JSON get JSON. Every error of /mcp is one of JSON-RPC, with the same HTTP status as elsewhere.
func TestErrorsOfMCP(t *testing.T) {
	setupFile(t)
	t.Setenv("RATE_LIMIT", "35/24h")
	p := start(t)
	type header []string
	message := func(method, params string) string {
		return `{"jsonrpc":"2.0","id":"a","method":"` + method + `","params":` + params + `}`
	}

	const noID, known = "null", `"a"`
	for _, test := range []struct {
		method, path, body string
		header             header
		status, code       int
		id                 string
	}{
		{"POST", "/mcp", oneSearch, header{"Accept", "application/json"}, 200, 0, "1"},
		{"POST", "/mcp/", oneSearch, header{"Accept", "application/json; charset=utf-8"}, 200, 0, "1"},
		{"POST", "/mcp", oneSearch, header{"Accept", ""}, 200, 0, "1"},
		{"POST", "/mcp", oneSearch, header{"Accept", "*/*"}, 200, 0, "1"},
		{"POST", "/mcp", oneSearch, header{"Accept", "text/html, image/gif, *; q=.2, */*; q=.2"}, 200, 0, "1"},
		{"POST", "/mcp", oneSearch, header{"Accept", "APPLICATION/*;q=0.5"}, 200, 0, "1"},
		{"POST", "/mcp/?x=1", oneSearch, nil, 200, 0, "1"},

		{"POST", "/mcp", oneSearch, header{"Accept", "text/html"}, 406, -32600, noID},
		{"POST", "/mcp", oneSearch, header{"Accept", "text/event-stream"}, 406, -32600, noID},
		{"POST", "/mcp/", oneSearch, header{"Accept", "application/json;q=0, text/*"}, 406, -32600, noID},
		{"POST", "/mcp", oneSearch, header{"Content-Type", "text/plain"}, 415, -32600, "1"},
		{"POST", "/mcp/", oneSearch, header{"Content-Type", ""}, 415, -32600, "1"},
		{"POST", "/mcp", oneSearch, header{"Mcp-Protocol-Version", "1999-01-01"}, 400, -32600, "1"},
		{"POST", "/mcp", oneSearch, header{"Last-Event-ID", "7"}, 400, -32600, "1"},
		{"POST", "/mcp", message("cars/steal", "{}"), nil, 400, -32601, known},
		{"POST", "/mcp", message("tools/call", "null"), nil, 200, -32600, known},
		{"POST", "/mcp", message("tools/call", `{"name":"steal_car"}`), nil, 200, -32602, known},
		{"POST", "/mcp", message("notifications/initialized", "{}"), nil, 400, -32600, known},
		{"POST", "/mcp", message("subscriptions/listen", "{}"), nil, 400, -32601, known},
		{"POST", "/mcp", "hello", nil, 400, -32700, noID},

		{"GET", "/mcp", "", nil, 405, -32600, noID},
		{"GET", "/mcp/", "", header{"Accept", "text/event-stream"}, 405, -32600, noID},
		{"DELETE", "/mcp", "", nil, 405, -32600, noID},
		{"OPTIONS", "/mcp", "", nil, 405, -32600, noID},
		{"BREW", "/mcp", oneSearch, nil, 405, -32600, noID},
		{"POST", "/mcp", oneSearch, header{"X-API-Key", "wrong"}, 401, -32600, noID},
		{"POST", "/mcp", oneSearch, header{"Origin", "https://foe.example.com"}, 403, -32600, noID},
		{"POST", "/mcp?" + strings.Repeat("x", 20_000), oneSearch, nil, 414, -32600, noID},
		{"POST", "/mcp/?" + strings.Repeat("&", 300), oneSearch, nil, 400, -32600, noID},
	} {
		what := fmt.Sprintf("%s %.20s %v %.60s", test.method, test.path, test.header, test.body)
		res, body, err := p.send(t.Context(), test.method, test.path, test.body, false, test.header...)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		expectRPC(t, what, res, body, test.status, test.code, test.id)
		if allow := res.Header.Get("Allow"); test.status == 405 && (allow != "POST" || !strings.Contains(body, "use POST")) {
			t.Errorf("%s: Allow %q, %s", what, allow, body)
		}
	}

	for range 35 { // until the key has no requests left
		if _, _, err := p.post(t.Context(), "/mcp", oneSearch, false); err != nil {
			t.Fatal(err)
		}
	}

	res, body, err := p.post(t.Context(), "/mcp", oneSearch, false)
	if err != nil {
		t.Fatal(err)
	}

	expectRPC(t, "too often", res, body, 429, -32600, noID)
	if res.Header.Get("Retry-After") == "" || !strings.Contains(body, "at most 35 requests") {
		t.Errorf("too often: %v %s", res.Header, body)
	}
}

// expectRPC checks that a response is one of JSON-RPC, with an error that has this code. 0 stands for no error.
func expectRPC(t *testing.T, what string, res *http.Response, body string, status, code int, id string) {
	t.Helper()
	var answer struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   struct {
			Code    int
			Message string
		}
	}

	err := json.Unmarshal([]byte(body), &answer)
	if err != nil || res.StatusCode != status || res.Header.Get("Content-Type") != "application/json" ||
		answer.Version != "2.0" || string(answer.ID) != id || answer.Error.Code != code ||
		(answer.Error.Message == "") != (code == 0) {
		t.Errorf("%s: %v: %d %.500s, want %d with the error %d of %s", what, err, res.StatusCode, body, status, code, id)
	}
}

// A search keeps its place in flight until it ends, even if its client has gone. Only then is its info read for the
// log; -race checks that.
func TestSearchesOfClientsThatLeave(t *testing.T) {
	setupFile(t)
	t.Setenv("MAX_IN_FLIGHT", "1")
	p := start(t)
	for i := range 60 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*100*time.Microsecond)
		_, _, _ = p.post(ctx, "/mcp", oneSearch, false) // some are answered, and some give up at any step
		cancel()
	}

	// The last of those searches may still run.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		res, body, err := p.post(t.Context(), "/mcp", oneSearch, false)
		if err == nil && res.StatusCode == 200 {
			break
		}
		if err != nil || res.StatusCode != 503 || time.Now().After(deadline) {
			t.Fatalf("%v %v %.300s", err, res, body)
		}
	}
}
