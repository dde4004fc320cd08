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

// lateness is how much longer than SYNC_TIMEOUT a pass may take before the process counts as stuck.
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
	mux.HandleFunc("GET /snapshot", s.fetch)
	return secured(mux)
}

// secured lets a browser load and run nothing but what the program itself serves.
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
	v := s.state.view()
	out := map[string]any{"runs": append([]snapshotfile.Run{}, history.Runs...), "running": v.progress != nil, "consecutive_failures": v.failures}
	if !v.next.IsZero() {
		out["next_run"] = v.next.UTC().Truncate(time.Second)
	}
	writeJSON(w, http.StatusOK, out)
}

// history is what the file tells; nothing where there is no file yet.
func (s *Service) history() (snapshotfile.History, error) {
	if _, err := os.Stat(s.config.Sync.Path); os.IsNotExist(err) {
		return snapshotfile.History{}, nil
	}
	return snapshot.ReadHistory(s.config.Sync.Path, runsShown)
}

// livez tells whether the process works: a pass that should long have been given up is a reason to
// start it anew.
func (s *Service) livez(w http.ResponseWriter, _ *http.Request) {
	v := s.state.view()
	if taken := time.Since(v.since); v.progress != nil && taken > s.config.Sync.Timeout+lateness {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"status": "stuck", "reason": fmt.Sprintf("a pass has been under way for %s", taken.Round(time.Second))})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"status": "alive"})
}

// readyz tells whether there is a snapshot and it is fresh.
func (s *Service) readyz(w http.ResponseWriter, _ *http.Request) {
	v := s.state.view()
	out := map[string]any{"status": "ready", "consecutive_failures": v.failures}
	if !v.good.IsZero() {
		out["snapshot"] = v.good.UTC().Truncate(time.Second)
		out["age_seconds"] = int64(time.Since(v.good).Seconds())
	}
	code := http.StatusOK
	if reason := s.unready(v, time.Now()); reason != "" {
		out["status"], out["reason"] = "not ready", reason
		code = http.StatusServiceUnavailable
	}
	writeJSON(w, code, out)
}

// unready says why the snapshot is not to be relied on; "" if it is.
func (s *Service) unready(v view, now time.Time) string {
	if v.good.IsZero() {
		return "there is no snapshot yet of all views"
	}
	if _, err := os.Stat(s.config.Sync.Path); err != nil {
		return "the file is gone"
	}
	if snapshotfile.InFuture(v.good, now) {
		return fmt.Sprintf("the snapshot is dated %s, in the future: the clock is wrong, or was when it was made",
			v.good.UTC().Format(time.RFC3339))
	}
	age := now.Sub(v.good)
	if limit := s.config.Sync.MaxAge; limit > 0 {
		if age > limit {
			return fmt.Sprintf("the snapshot is %s old, more than SYNC_MAX_AGE, %s", words(age), limit)
		}
		return ""
	}
	if v.progress != nil && v.failures == 0 {
		return "" // passes may well take longer than what is between them
	}
	third := v.good
	for range 3 {
		third = s.timetable.Next(third)
	}
	if now.After(third) {
		return fmt.Sprintf("the snapshot is %s old: the last passes have brought no new one", words(age))
	}
	return ""
}

// sync asks for a pass.
func (s *Service) sync(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(w, r, "ask for a pass") {
		return
	}
	s.Wake()
	writeJSON(w, http.StatusAccepted, map[string]any{"status": "asked for", "running": s.state.view().progress != nil})
}

// authorized reports whether a request has the token. If not, it is answered, by what it has asked for.
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
