package httpapi

import (
	"slices"

	"carstock/services/carapi/internal/search"
)

// readiness returns the check behind GET /readyz. It fails while no source can answer. It reports what the last probes
// found, so it costs the databases nothing.
func readiness(s *search.Service) func() (reason string, members map[string]any) {
	return func() (reason string, members map[string]any) {
		sources := s.Status()
		if !slices.ContainsFunc(sources, func(s search.Status) bool { return s.Up }) {
			reason = "no database can answer: each is away, too old, or lacks a column that every search needs; " +
				"the log says why"
		}
		return reason, map[string]any{"sources": sources}
	}
}
