package httpserver

import (
	"maps"
	"net/http"
)

// Livez answers GET /livez: 200 as long as the process works, and 503 once stuck returns why it must be restarted.
// stuck may be nil: then an answer is proof enough.
func Livez(stuck func() (reason string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if stuck != nil {
			if reason := stuck(); reason != "" {
				WriteProblem(w, r, http.StatusServiceUnavailable, reason)
				return
			}
		}

		WriteJSON(w, http.StatusOK, map[string]any{"status": "live"})
	}
}

// Readyz answers GET /readyz: 200 if check returns no reason, and otherwise 503, so that no traffic is sent here. Both
// answers have the members that check returns.
func Readyz(check func() (reason string, members map[string]any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		reason, members := check()
		if reason != "" {
			writeProblemWith(w, r, http.StatusServiceUnavailable, reason, members)
			return
		}

		answer := map[string]any{"status": "ready"}
		maps.Copy(answer, members)
		WriteJSON(w, http.StatusOK, answer)
	}
}
