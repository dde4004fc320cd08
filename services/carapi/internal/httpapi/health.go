package httpapi

import (
	"log/slog"
	"net/http"
)

// livez answers as long as the process can: restarting it would mend nothing that it needs.
func livez(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, []byte(`{"status":"live"}`))
}

// readyz answers 503 while the database does not, so that no traffic is sent here.
func readyz(s Stock, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := s.Ready(r.Context()); err != nil {
			log.WarnContext(r.Context(), "not ready", "error", err, "request_id", requestIDOf(r.Context()))
			writeProblem(w, r, problem{Status: http.StatusServiceUnavailable, Detail: "the database does not answer"})
			return
		}
		writeJSON(w, []byte(`{"status":"ready"}`))
	}
}
