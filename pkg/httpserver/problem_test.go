package httpserver

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

// get sends a request to a handler and returns the answer.
func get(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestWriteProblem(t *testing.T) {
	t.Parallel()
	const begin, end = `{"type":"about:blank","title":`, `,"request_id":"id-1"`
	long := "/" + strings.Repeat("x", 1000)
	for _, test := range []struct {
		name, path string
		status     int
		detail     string
		members    map[string]any
		want       string
	}{
		{
			"plain", "/runs?x=1",
			404, "no <such> run & no other", nil,
			begin + `"Not Found","status":404,"detail":"no <such> run & no other","instance":"/runs"` + end + `}`,
		},
		{
			"members", "/readyz",
			503, "stale",
			map[string]any{"b": []int{1}, "a": "&"},
			begin + `"Service Unavailable","status":503,"detail":"stale","instance":"/readyz"` + end + `,"a":"&","b":[1]}`,
		},
		{
			"a path with escapes", "/a%2Fb/%C3%A9",
			400, "x", nil,
			begin + `"Bad Request","status":400,"detail":"x","instance":"/a%2Fb/%C3%A9"` + end + `}`,
		},
		{
			"a long path", long,
			414, "x", nil,
			begin + `"Request URI Too Long","status":414,"detail":"x","instance":"` + long[:maxInstance] + `"` + end + `}`,
		},
	} {
		h := IdentifyRequests(nil)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			writeProblemWith(w, r, test.status, test.detail, test.members)
		}))
		w := get(h, "GET", test.path, "X-Request-ID", "id-1")
		if got := w.Body.String(); w.Code != test.status || got != test.want+"\n" {
			t.Errorf("%s: %d\n got %s\nwant %s", test.name, w.Code, got, test.want)
		}

		header := w.Header()
		if header.Get("Content-Type") != "application/problem+json" || header.Get("Cache-Control") != "no-store" ||
			(header.Get("Retry-After") != "") != (w.Code == 503) {
			t.Errorf("%s: %v", test.name, header)
		}
	}
}

// A handler's own Retry-After stays, and instance is the path that the client sent.
func TestWriteProblemOfAHandler(t *testing.T) {
	t.Parallel()
	public := func(r *http.Request) string { return "/api" + r.URL.Path }
	w := get(IdentifyRequests(public)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "60")
		WriteProblem(w, r, 503, "busy")
	})), "GET", "/cars")
	if w.Header().Get("Retry-After") != "60" || !strings.Contains(w.Body.String(), `"instance":"/api/cars"`) {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
}

// Every plain error becomes a problem; all other answers stay as they are.
func TestProblems(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ok", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "fine") })
	mux.HandleFunc("GET /error", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no luck\n", 500) })
	mux.HandleFunc("GET /empty", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) })
	mux.HandleFunc("GET /long", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, strings.Repeat("x", maxPlainError-1)+"é"+strings.Repeat("x", 1000), 500)
	})
	mux.HandleFunc("GET /json", func(w http.ResponseWriter, _ *http.Request) {
		WriteBody(w, 400, "application/json", []byte(`{"jsonrpc":"2.0"}`))
	})
	mux.HandleFunc("GET /unauthorized", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "a key is needed", http.StatusUnauthorized)
	})
	mux.HandleFunc("GET /range", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader("text"))
	})
	mux.HandleFunc("GET /deadline", func(w http.ResponseWriter, _ *http.Request) {
		err := http.NewResponseController(w).SetWriteDeadline(time.Time{})
		if err != nil && !errors.Is(err, http.ErrNotSupported) {
			http.Error(w, err.Error(), 500)
		}
	})
	mux.Handle("GET /files/", http.StripPrefix("/files/", http.FileServer(http.Dir(t.TempDir()))))
	h := ErrorsAsProblems(mux)

	for _, test := range []struct {
		method, path string
		status       int
		detail, body string // one of the two is expected
	}{
		{"GET", "/ok", 200, "", "fine"},
		{"GET", "/deadline", 200, "", ""},
		{"GET", "/json", 400, "", `{"jsonrpc":"2.0"}` + "\n"},
		{"GET", "/error", 500, "no luck", ""},
		{"GET", "/empty", 502, "Bad Gateway", ""},
		{"GET", "/long", 500, strings.Repeat("x", maxPlainError-1), ""},
		{"GET", "/unauthorized", 401, "a key is needed", ""},
		{"GET", "/range", 416, "invalid range: failed to overlap", ""},
		{"GET", "/nowhere", 404, "no such resource", ""},
		{"GET", "/files/nowhere", 404, "no such resource", ""},
		{"POST", "/ok", 405, "POST is not possible here; use GET, HEAD", ""},
	} {
		w := get(h, test.method, test.path, "Range", "bytes=100-")
		var problem struct {
			Title, Detail, Instance string
			Status                  int
		}
		isProblem := w.Header().Get("Content-Type") == "application/problem+json"
		switch {
		case test.detail == "":
			if w.Code != test.status || isProblem || w.Body.String() != test.body {
				t.Errorf("%s: %d %v %s", test.path, w.Code, w.Header(), w.Body)
			}
			continue
		case json.Unmarshal(w.Body.Bytes(), &problem) != nil || !isProblem:
			t.Errorf("%s: no problem: %v %s", test.path, w.Header(), w.Body)
		}

		if w.Code != test.status || problem.Status != test.status ||
			problem.Detail != test.detail || problem.Instance != test.path {
			t.Errorf("%s: %d %s", test.path, w.Code, w.Body)
		}

		if test.status == 401 && w.Header().Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: %v", test.path, w.Header())
		}
	}
}

func TestRecover(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	h := StandardMiddleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/abort" {
			panic(http.ErrAbortHandler)
		}
		panic("boom")
	}), DataPolicy, slog.New(slog.NewJSONHandler(&log, nil)))

	w := get(h, "GET", "/", "X-Request-ID", "id-2")
	const detail = `"detail":"internal error; the log has it under this request_id"`
	if body := w.Body.String(); w.Code != 500 || !strings.Contains(body, detail) || strings.Contains(body, "boom") {
		t.Errorf("%d %s", w.Code, body)
	}
	if !strings.Contains(log.String(), `"panic":"boom"`) || !strings.Contains(log.String(), `"request_id":"id-2"`) {
		t.Errorf("log: %s", &log)
	}

	defer func() {
		if v := recover(); v != http.ErrAbortHandler { //nolint:errorlint // it is not a wrapped error
			t.Errorf("recovered %v", v)
		}
	}()
	get(h, "GET", "/abort")
}

// A handler that panics after the first part of its answer does not leave the client with what looks like a whole one.
func TestRecoverAfterBegin(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	server := httptest.NewServer(StandardMiddleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hints":
			w.WriteHeader(http.StatusEarlyHints)
		case "/flushed":
			_ = http.NewResponseController(w).Flush()
		default:
			_, _ = io.WriteString(w, `{"cars":[`)
		}
		panic("boom")
	}), DataPolicy, slog.New(slog.NewJSONHandler(&log, nil))))
	t.Cleanup(server.Close)

	// On a connection that was used before, the client would send a request that is cut once more.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for path, isCut := range map[string]bool{"/written": true, "/flushed": true, "/hints": false} {
		var body []byte
		r, err := client.Get(server.URL + path)
		if err == nil {
			body, err = io.ReadAll(r.Body)
			_ = r.Body.Close()
		}
		if (err != nil) != isCut || strings.Contains(string(body), "internal error") == isCut {
			t.Errorf("%s: %v: %s", path, err, body)
		}
	}

	server.Close() // the handlers have logged
	if n := strings.Count(log.String(), `"panic":"boom"`); n != 3 {
		t.Errorf("%d panics in the log: %s", n, &log)
	}
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	var seen string
	h := StandardMiddleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = RequestID(r.Context())
	}), "none", nil)
	for sent, kept := range map[string]bool{
		"from-the-caller.1":     true,
		strings.Repeat("x", 64): true,
		strings.Repeat("x", 65): false,
		"":                      false,
		`"},{"x`:                false,
		"a b":                   false,
	} {
		w := get(h, "GET", "/", "X-Request-ID", sent)
		id := w.Header().Get("X-Request-ID")
		if id != seen || len(id) < 16 || (id == sent) != kept {
			t.Errorf("%q: the answer has %q, and the handler saw %q", sent, id, seen)
		}

		want := http.Header{
			"X-Request-Id":                 {id},
			"X-Content-Type-Options":       {"nosniff"},
			"Referrer-Policy":              {"no-referrer"},
			"Content-Security-Policy":      {"none"},
			"Cross-Origin-Resource-Policy": {"same-origin"},
		}
		if !reflect.DeepEqual(w.Header(), want) {
			t.Errorf("%q: %v, want %v", sent, w.Header(), want)
		}
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	const live, ready = `{"status":"live"}`, `{"age_seconds":7,"status":"ready"}`
	stuck := func() string { return "a run takes too long" }

	ready7 := func() (string, map[string]any) { return "", map[string]any{"age_seconds": 7} }
	stale7 := func() (string, map[string]any) { return "too old", map[string]any{"age_seconds": 7} }

	noMembers := func() (string, map[string]any) { return "", nil }

	for _, test := range []struct {
		name    string
		handler http.Handler
		status  int
		want    string // the end of the body
	}{
		{"live", Livez(nil), 200, live},
		{"live, after a check", Livez(func() string { return "" }), 200, live},
		{"stuck", Livez(stuck), 503, `"detail":"a run takes too long","instance":"/","request_id":"id-1"}`},
		{"ready", Readyz(ready7), 200, ready},
		{"ready without members", Readyz(noMembers), 200, `{"status":"ready"}`},
		{"not ready", Readyz(stale7), 503, `"detail":"too old","instance":"/","request_id":"id-1","age_seconds":7}`},
	} {
		w := get(IdentifyRequests(nil)(test.handler), "GET", "/", "X-Request-ID", "id-1")
		if w.Code != test.status || !strings.HasSuffix(w.Body.String(), test.want+"\n") ||
			w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s, want %d and %s", test.name, w.Code, w.Body, test.status, test.want)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	w := get(MetricsHandler(NewRegistry()), "GET", "/metrics")
	for _, series := range []string{"go_goroutines ", "process_start_time_seconds ", "go_build_info{"} {
		if w.Code != 200 || !strings.Contains(w.Body.String(), "\n"+series) {
			t.Errorf("%d: %s is missing", w.Code, series)
		}
	}
}
