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

// lateness is how much longer than SYNC_TIMEOUT a pass may take before the process counts as stuck.
const lateness = time.Minute

func (s *Service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.Handle("GET /assets/", assets())
	mux.HandleFunc("GET /runs", s.runs)
	mux.Handle("GET /metrics", httpserver.Metrics(s.metrics.registry))
	mux.Handle("GET /livez", httpserver.Livez(s.stuck))
	mux.Handle("GET /readyz", httpserver.Readyz(s.readiness))
	mux.HandleFunc("POST /sync", s.sync)
	mux.HandleFunc("GET /snapshot", s.fetch)
	return httpserver.Standard(notStored(mux), pagePolicy, s.log)
}

// pagePolicy lets a browser load and run only what the program itself serves.
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
		httpserver.WriteProblem(w, r, httpserver.Problem{Status: http.StatusInternalServerError, Detail: err.Error()})
		return
	}
	v := s.state.view()
	out := map[string]any{
		"runs":                 append([]snapshotfile.Run{}, history.Runs...), // not null
		"running":              v.progress != nil,
		"consecutive_failures": v.failures,
	}
	if !v.next.IsZero() {
		out["next_run"] = v.next.UTC().Truncate(time.Second)
	}
	httpserver.WriteJSON(w, http.StatusOK, out)
}

// history is what the file tells; nothing where there is no file yet.
func (s *Service) history() (snapshotfile.History, error) {
	if _, err := os.Stat(s.config.Sync.Path); os.IsNotExist(err) {
		return snapshotfile.History{}, nil
	}
	return snapshot.ReadHistory(s.config.Sync.Path, runsShown)
}

// stuck returns why the process must be restarted: a run should have been given up long ago. It returns "" if it works.
func (s *Service) stuck() string {
	v := s.state.view()
	if taken := time.Since(v.since); v.progress != nil && taken > s.config.Sync.Timeout+lateness {
		return fmt.Sprintf("a run has been under way for %s", taken.Round(time.Second))
	}
	return ""
}

// readiness returns why the snapshot is not to be relied on, or "", and how old it is.
func (s *Service) readiness() (reason string, members map[string]any) {
	v := s.state.view()
	members = map[string]any{"consecutive_failures": v.failures}
	if !v.good.IsZero() {
		members["snapshot"] = v.good.UTC().Truncate(time.Second)
		members["age_seconds"] = int64(time.Since(v.good).Seconds())
	}
	return s.unready(v, time.Now()), members
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
	httpserver.WriteJSON(w, http.StatusAccepted,
		map[string]any{"status": "asked for", "running": s.state.view().progress != nil})
}

// authorized reports whether a request has the token. Otherwise it answers that the purpose needs it.
func (s *Service) authorized(w http.ResponseWriter, r *http.Request, purpose string) bool {
	token := string(s.config.Sync.HTTPToken)
	if token == "" {
		httpserver.WriteProblem(w, r, httpserver.Problem{Status: http.StatusForbidden,
			Detail: "SYNC_HTTP_TOKEN is not set: nobody can " + purpose})
		return false
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
		w.Header().Set("WWW-Authenticate", `Bearer realm="syncer"`)
		httpserver.WriteProblem(w, r, httpserver.Problem{Status: http.StatusUnauthorized,
			Detail: "the header Authorization: Bearer TOKEN is needed, with the token of SYNC_HTTP_TOKEN"})
		return false
	}
	return true
}
