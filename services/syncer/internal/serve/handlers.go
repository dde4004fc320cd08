package serve

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"carstock/pkg/httpserver"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/snapshot"
)

// runsShown is how many runs the page and /runs show.
const runsShown = 100

// stuckMargin is how much longer than SYNC_TIMEOUT a run may take before the process counts as stuck.
const stuckMargin = time.Minute

// handler returns the routes of the service, with the middleware of all answers.
func (s *Service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.Handle("GET /assets/", assetHandler())
	mux.HandleFunc("GET /assets/colors.css", httpserver.ServeColors)
	mux.HandleFunc("GET /runs", s.runs)
	mux.Handle("GET /metrics", httpserver.MetricsHandler(s.metrics.registry))
	mux.Handle("GET /livez", httpserver.Livez(s.stuck))
	mux.Handle("GET /readyz", httpserver.Readyz(s.readiness))
	mux.HandleFunc("POST /sync", s.sync)
	mux.HandleFunc("GET /snapshot", s.sendSnapshot)
	return httpserver.StandardMiddleware(notStored(mux), pagePolicy, s.log)
}

// pagePolicy allows a browser to load and run only what this program serves.
const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// notStored keeps browsers and proxies from storing answers, since they are true only now.
func notStored(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// runs lists the last runs, the newest first.
func (s *Service) runs(w http.ResponseWriter, r *http.Request) {
	history, err := s.history()
	if err != nil {
		httpserver.WriteProblem(w, r, http.StatusInternalServerError, err.Error())
		return
	}

	now := s.state.status()
	out := map[string]any{
		"runs":                 append([]snapshotfile.Run{}, history.Runs...), // not null
		"running":              now.progress != nil,
		"consecutive_failures": now.failures,
	}
	if !now.next.IsZero() {
		out["next_run"] = now.next.UTC().Truncate(time.Second)
	}

	httpserver.WriteJSON(w, http.StatusOK, out)
}

// history reads the last runs from the file. It is empty if there is no file yet.
func (s *Service) history() (snapshotfile.History, error) {
	if _, err := os.Stat(s.config.Sync.Path); os.IsNotExist(err) {
		return snapshotfile.History{}, nil
	}
	return snapshot.ReadHistory(s.config.Sync.Path, runsShown)
}

// stuck returns why the process must be restarted: a run has exceeded its timeout by far. Otherwise it returns "".
func (s *Service) stuck() string {
	now := s.state.status()
	if taken := time.Since(now.since); now.progress != nil && taken > s.config.Sync.Timeout+stuckMargin {
		return fmt.Sprintf("a run has been under way for %s", taken.Round(time.Second))
	}
	return ""
}

// readiness returns why the snapshot is missing or too old, or "", and how old it is.
func (s *Service) readiness() (reason string, members map[string]any) {
	now := s.state.status()
	members = map[string]any{"consecutive_failures": now.failures}
	if !now.good.IsZero() {
		members["snapshot"] = now.good.UTC().Truncate(time.Second)
		members["age_seconds"] = int64(time.Since(now.good).Seconds())
	}
	return s.unready(now, time.Now()), members
}

// unready returns why the snapshot is missing or too old; "" if it is fresh.
func (s *Service) unready(st serviceStatus, now time.Time) string {
	if st.good.IsZero() {
		return "there is no snapshot of all views yet"
	}
	if s.fileMissing() {
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
	httpserver.WriteJSON(w, http.StatusAccepted,
		map[string]any{"status": "requested", "running": s.state.status().progress != nil})
}

// authorized reports whether a request has the token. If not, it answers the request; purpose says what was requested.
func (s *Service) authorized(w http.ResponseWriter, r *http.Request, purpose string) bool {
	token := string(s.config.Sync.HTTPToken)
	if token == "" {
		httpserver.WriteProblem(w, r, http.StatusForbidden, "SYNC_HTTP_TOKEN is not set: nobody can "+purpose)
		return false
	}

	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
		w.Header().Set("WWW-Authenticate", `Bearer realm="syncer"`)
		httpserver.WriteProblem(w, r, http.StatusUnauthorized,
			"the header Authorization: Bearer TOKEN is needed, with the token of SYNC_HTTP_TOKEN")
		return false
	}

	return true
}
