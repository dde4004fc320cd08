package httpapi

import (
	"net/http"
	"slices"

	"carstock/services/carapi/internal/answer"
	"carstock/services/carapi/internal/search"
)

// livez answers as long as the process can: a restart would not bring back what it needs.
func livez(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, []byte(`{"status":"live"}`))
}

// readyz answers 503 while no source can answer, so that no traffic is sent here, and says which ones can. It reports what
// the last probes found: asking often costs no database anything.
func readyz(s *search.Service) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		all := s.Status()
		if !slices.ContainsFunc(all, func(s search.Status) bool { return s.Up }) {
			writeProblem(w, r, answer.Problem{Status: http.StatusServiceUnavailable, Sources: all,
				Detail: "no database answers that has what every search needs, or is fresh enough; the log says why"})
			return
		}
		writeJSON(w, encode(map[string]any{"status": "ready", "sources": all}))
	}
}
