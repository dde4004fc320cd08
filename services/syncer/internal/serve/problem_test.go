package serve

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// Each error is a problem of RFC 9457, including errors of the router and of the page's files.
func TestErrorsAreProblems(t *testing.T) {
	t.Parallel()
	const token = "0123456789abcdef"
	for _, test := range []struct {
		method, path  string
		token         string // from the settings
		authorization string
		status        int
		detail        string
	}{
		{"GET", "/nowhere", "", "", 404, "no such resource"},
		{"GET", "/assets/nowhere.js", "", "", 404, "no such resource"},
		{"GET", "/sync", token, "", 405, "GET is not possible here; use POST"},
		{"POST", "/runs", token, "", 405, "POST is not possible here; use GET, HEAD"},
		{"GET", "/readyz", "", "", 503, "there is no snapshot of all views yet"},
		{"GET", "/runs", "", "", 500, "not a SQLite file"},
		{"POST", "/sync", "", "Bearer " + token, 403, "SYNC_HTTP_TOKEN is not set: nobody can request a run"},
		{"POST", "/sync", token, "Bearer other", 401, "the header Authorization: Bearer TOKEN is needed"},
		{"GET", "/snapshot", token, "", 401, "the header Authorization: Bearer TOKEN is needed"},
		{"GET", "/snapshot", token, "Bearer " + token, 503, "there is no snapshot yet: the first run has"},
	} {
		s := newService(t, "@every 1m")
		s.config.Sync.HTTPToken = ""
		if test.token != "" {
			s.config.Sync.HTTPToken = token
		}

		if test.status == http.StatusInternalServerError {
			noDatabase := []byte(strings.Repeat("x", 8192))
			if err := os.WriteFile(s.config.Sync.Path, noDatabase, 0o600); err != nil {
				t.Fatal(err)
			}
		}

		r := httptest.NewRequest(test.method, test.path, nil)
		r.Header.Set("Authorization", test.authorization)
		w := httptest.NewRecorder()
		s.handler().ServeHTTP(w, r)

		var problem struct {
			Type, Title, Detail, Instance string
			Status                        int
			RequestID                     string `json:"request_id"`
		}
		err := json.Unmarshal(w.Body.Bytes(), &problem)
		if err != nil || w.Header().Get("Content-Type") != "application/problem+json" || w.Code != test.status ||
			problem.Status != w.Code || problem.Title != http.StatusText(w.Code) || problem.Instance != test.path ||
			problem.RequestID == "" || problem.RequestID != w.Header().Get("X-Request-ID") {
			t.Errorf("%s %s: %d %v %s", test.method, test.path, w.Code, w.Header(), w.Body)
		}

		if !strings.Contains(problem.Detail, test.detail) {
			t.Errorf("%s %s: %q, want %q", test.method, test.path, problem.Detail, test.detail)
		}
		if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: %v", test.method, test.path, w.Header())
		}
	}
}
