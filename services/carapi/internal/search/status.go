package search

import (
	"errors"
	"time"
)

// Status describes the state of a source.
type Status struct {
	Name    string     `json:"name"` // FromLive or FromSnapshot
	Up      bool       `json:"up"`
	AsOf    *time.Time `json:"as_of,omitempty"`   // of a snapshot
	Problem string     `json:"problem,omitempty"` // why its index cannot be refreshed

	Index *IndexStatus `json:"-"` // nil without an index
}

// IndexStatus describes an index.
type IndexStatus struct {
	AsOf    time.Time
	Rows    int
	Bytes   int64
	Seconds float64 // to read the table and build the index
	Kept    bool    // whether it includes the rows
	Fields  []string
}

// Status returns the state of each source.
func (s *Service) Status() []Status {
	var all []Status
	for _, src := range s.sources() {
		st := Status{Name: src.name, Up: src.unavailableReason() == nil}

		// A snapshot may be read when it is needed, but a live source needs an index to answer.
		g := src.current.Load()
		if src == s.snapshot {
			st.Up = s.checkSnapshotUsable() == nil
			src.mu.Lock()
			if at := src.asOf.UTC().Truncate(time.Second); !at.IsZero() {
				st.AsOf = &at
			}
			src.mu.Unlock()
		} else {
			st.Up = st.Up && g != nil
		}

		src.mu.Lock()
		var large *tooLargeError
		if errors.As(src.refreshErr, &large) {
			st.Problem = large.Error()
		}

		src.mu.Unlock()
		if g != nil {
			st.Index = &IndexStatus{
				AsOf: g.version.AsOf, Rows: g.index.Rows(), Bytes: g.index.Bytes() + g.keptRows.bytes(),
				Seconds: g.readTime.Seconds(), Kept: g.keptRows != nil, Fields: g.catalog.Describe(),
			}
		}

		all = append(all, st)
	}

	return all
}
