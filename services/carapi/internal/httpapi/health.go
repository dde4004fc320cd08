package httpapi

import (
	"slices"

	"carstock/services/carapi/internal/search"
)

// readiness returns the check of /readyz. It fails while no source can answer, and reports what the last probes found:
// it costs no database anything.
func readiness(s *search.Service) func() (reason string, members map[string]any) {
	return func() (reason string, members map[string]any) {
		all := s.Status()
		if !slices.ContainsFunc(all, func(s search.Status) bool { return s.Up }) {
			reason = "no database answers that has what every search needs, or is fresh enough; the log says why"
		}
		return reason, map[string]any{"sources": all}
	}
}
