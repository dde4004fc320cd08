package serve

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/snapshot"
)

// runsShown is how many runs the page and /runs show.
const runsShown = 100

// lateness is how much longer than SYNC_TIMEOUT a run may take before the process counts as stuck.
const lateness = time.Minute

func (s *Service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.Handle("GET /assets/", assets())
	mux.HandleFunc("GET /runs", s.runs)
	mux.Handle("GET /metrics", s.metrics.handler())
	mux.HandleFunc("GET /livez", s.livez)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("POST /sync", s.sync)
	mux.HandleFunc("GET /snapshot", s.sendSnapshot)
	return secured(mux)
}

// secured allows a browser to load and run only what this program serves.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// runs lists the last runs, the newest first.
func (s *Service) runs(w http.ResponseWriter, _ *http.Request) {
	history, err := s.history()
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, map[string]any{"error": err.Error()})
		return
	}

	now := s.state.status()
	out := map[string]any{
		"runs":                 append([]snapshotfile.Run{}, history.Runs...),
		"running":              now.progress != nil,
		"consecutive_failures": now.failures,
	}
	if !now.next.IsZero() {
		out["next_run"] = now.next.UTC().Truncate(time.Second)
	}
	writeJSON(w, http.StatusOK, out)
}

// history reads the last runs from the file. It is empty if there is no file yet.
func (s *Service) history() (snapshotfile.History, error) {
	if _, err := os.Stat(s.config.Sync.Path); os.IsNotExist(err) {
		return snapshotfile.History{}, nil
	}
	return snapshot.ReadHistory(s.config.Sync.Path, runsShown)
}

// livez reports whether the process works. It is stuck if a run has exceeded its timeout by far: a restart helps.
func (s *Service) livez(w http.ResponseWriter, _ *http.Request) {
	now := s.state.status()
	if taken := time.Since(now.since); now.progress != nil && taken > s.config.Sync.Timeout+lateness {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"status": "stuck", "reason": fmt.Sprintf("a run has been under way for %s", taken.Round(time.Second))})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"status": "alive"})
}

// readyz reports whether there is a snapshot, and whether it is fresh.
func (s *Service) readyz(w http.ResponseWriter, _ *http.Request) {
	now := s.state.status()
	out := map[string]any{"status": "ready", "consecutive_failures": now.failures}
	if !now.good.IsZero() {
		out["snapshot"] = now.good.UTC().Truncate(time.Second)
		out["age_seconds"] = int64(time.Since(now.good).Seconds())
	}
	code := http.StatusOK
	if reason := s.unready(now, time.Now()); reason != "" {
		out["status"], out["reason"] = "not ready", reason
		code = http.StatusServiceUnavailable
	}
	writeJSON(w, code, out)
}

// unready returns why the snapshot is missing or too old; "" if it is fresh.
func (s *Service) unready(st status, now time.Time) string {
	if st.good.IsZero() {
		return "there is no snapshot yet of all views"
	}
	if _, err := os.Stat(s.config.Sync.Path); err != nil {
		return "the snapshot file is missing"
	}
	if snapshotfile.InFuture(st.good, now) {
		return fmt.Sprintf("the snapshot is dated %s, in the future: the clock is wrong, or was when it was made",
			st.good.UTC().Format(time.RFC3339))
	}

	age := now.Sub(st.good)
	if limit := s.config.Sync.MaxAge; limit > 0 {
		if age > limit {
			return fmt.Sprintf("the snapshot is %s old, more than SYNC_MAX_AGE, %s", durationText(age), limit)
		}
		return ""
	}

	// Without a limit the snapshot is stale when three runs were due since.
	if st.progress != nil && st.failures == 0 {
		return "" // a run may take longer than the interval between two
	}
	third := st.good
	for range 3 {
		third = s.schedule.Next(third)
	}
	if now.After(third) {
		return fmt.Sprintf("the snapshot is %s old: no run has succeeded since", durationText(age))
	}
	return ""
}

// sync requests a run.
func (s *Service) sync(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(w, r, "request a run") {
		return
	}
	s.Trigger()
	writeJSON(w, http.StatusAccepted, map[string]any{"status": "asked for", "running": s.state.status().progress != nil})
}

// authorized reports whether a request has the token. If not, it answers the request; purpose says what was requested.
func (s *Service) authorized(w http.ResponseWriter, r *http.Request, purpose string) bool {
	token := string(s.config.Sync.HTTPToken)
	if token == "" {
		writeJSON(w, http.StatusForbidden, map[string]any{"error": "SYNC_HTTP_TOKEN is not set: nobody can " + purpose})
		return false
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
		w.Header().Set("WWW-Authenticate", `Bearer realm="syncer"`)
		writeJSON(w, http.StatusUnauthorized, map[string]any{"error": "the header Authorization: Bearer TOKEN is needed, with the token of SYNC_HTTP_TOKEN"})
		return false
	}
	return true
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		code, body = http.StatusInternalServerError, []byte(`{"error": "the answer could not be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n'))
}
