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

// post sends a body to a path as an MCP client does; a chunked body does not announce its length.
func (p program) post(
	ctx context.Context, path, body string, chunked bool, header ...string,
) (*http.Response, string, error) {
	var reader io.Reader = strings.NewReader(body)
	if chunked {
		reader = struct{ io.Reader }{reader}
	}
	r, err := http.NewRequestWithContext(ctx, "POST", p.url+path, reader)
	if err != nil {
		return nil, "", err
	}
	r.Header.Set("X-API-Key", key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	return res, string(answer), err
}

// A request to /mcp holds one message, and so at most one search. One that holds several is refused before
// a tool runs, however it is written, and counts against the limits like any other request.
func TestBatchesAreRefused(t *testing.T) {
	setupFile(t)
	t.Setenv("RATE_LIMIT", "1000/24h")
	t.Setenv("MAX_IN_FLIGHT", "1")
	p := start(t)

	var searches []string
	for i := range 300 {
		searches = append(searches, strings.Replace(oneSearch, `"id":1`, fmt.Sprintf(`"id":%d`, i+1), 1))
	}
	batch := "[" + strings.Join(searches, ",") + "]"
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte(batch)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	version := func(v string) []string { return []string{"Mcp-Protocol-Version", v} }

	left := 1000
	for _, test := range []struct {
		body   string
		header []string
		status int
		code   int // of the JSON-RPC error; 0 if the search is answered
	}{
		{batch, nil, 400, -32600},
		{batch, version("2025-03-26"), 400, -32600},
		{batch, version("2025-06-18"), 400, -32600},
		{batch, version("2026-07-28"), 400, -32600},
		{batch, []string{"Content-Type", "text/plain"}, 400, -32600},
		{batch, []string{"Accept", "application/json"}, 400, -32600},
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
		{zipped.String(), []string{"Content-Encoding", "gzip"}, 400, -32700},
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

	// No other spelling of the path leads to the tools.
	for _, path := range []string{"//mcp", "/mcp//", "/%6Dcp", "/mcp/.", "/MCP", "/cars/../mcp/", "/mcp;x"} {
		res, body, err := p.post(t.Context(), path, batch, false)
		if err != nil || res.StatusCode < 300 || strings.Contains(body, "jsonrpc") {
			t.Errorf("%s: %v %v %.300s", path, err, res, body)
		}
	}
	if ran, want := strings.Count(p.log.String(), `"rows":100`), 4; ran != want {
		t.Errorf("%d requests have run a search, want %d", ran, want)
	}
}

func expectRefused(t *testing.T, what string, res *http.Response, body string, status, code int) {
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
		answer.Version != "2.0" || string(answer.ID) != "null" || answer.Error.Code != code || answer.Error.Message == "" {
		t.Errorf("%s: %v: %d %s, want %d with the error %d", what, err, res.StatusCode, body, status, code)
	}
	isBatch := strings.HasPrefix(strings.TrimLeft(what, `"`), "[")
	if isBatch && !strings.Contains(answer.Error.Message, "one message per request") {
		t.Errorf("%s: the message is %q", what, answer.Error.Message)
	}
}

// A search keeps its place until it ends, even if its client has gone, and what it notes of the request is
// read only then, which -race checks.
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
