package httpapi

import (
	"net/http"
	"slices"

	"carstock/services/carapi/internal/stock"
)

// livez answers as long as the process can: restarting it would mend nothing that it needs.
func livez(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, []byte(`{"status":"live"}`))
}

// readyz answers 503 while no database can be asked, so that no traffic is sent here, and says which
// can. It tells what has been found already: whoever asks often costs no database anything.
func readyz(s Stock) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		all := s.Status()
		if !slices.ContainsFunc(all, func(s stock.Status) bool { return s.Up }) {
			writeUnavailable(w, r, problem{Detail: "no database answers that has what every search needs, or is fresh enough; the log says why", Sources: all})
			return
		}
		writeJSON(w, encode(map[string]any{"status": "ready", "sources": all}))
	}
}
