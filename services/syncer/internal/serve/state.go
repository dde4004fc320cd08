package serve

import (
	"sync"
	"time"

	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/run"
)

// state is what page, health checks and metrics show of the passes.
type state struct {
	started time.Time

	mu       sync.Mutex
	progress *run.Progress // of the pass under way; nil for none
	since    time.Time     // when it began
	next     time.Time
	good     time.Time // when the last good pass began: the snapshot is of that time
	last     time.Time // when the last run that the file has began
	lastID   int64
	outcome  outcome
}

// outcome is what has become of the last passes. Those that were skipped or stopped do not count.
type outcome struct {
	status   string // snapshotfile.OK, Failed or Refused; "" before the first pass
	failures int    // how many in a row have failed or were refused
	error    string
}

func (o outcome) after(status, err string) outcome {
	switch status {
	case snapshotfile.OK:
		return outcome{status: status}
	case snapshotfile.Failed, snapshotfile.Refused:
		return outcome{status, o.failures + 1, err}
	}
	return o
}

// knows reports whether the newest run of a file is known.
func (s *state) knows(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return id == s.lastID
}

// remember takes over what the file tells: of its last runs, at least one, and of when its tables are.
func (s *state) remember(h snapshotfile.History, good time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID, s.last = h.Runs[0].ID, h.Runs[0].Started
	s.good, s.outcome = good, outcome{failures: h.Failures}
	if h.Failures == 0 && h.Good != nil {
		s.outcome.status = snapshotfile.OK
	}
	for _, r := range h.Runs {
		if h.Failures > 0 && (r.Status == snapshotfile.Failed || r.Status == snapshotfile.Refused) {
			s.outcome.status, s.outcome.error = r.Status, r.Error
			break
		}
	}
}

func (s *state) begin(p *run.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress, s.since = p, time.Now()
}

func (s *state) end(r run.Report) outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = nil
	s.outcome = s.outcome.after(r.Status, r.Error)
	if r.ID > 0 { // the file has it
		if r.ID <= s.lastID { // and is a new one: somebody has taken the other away
			s.good = time.Time{}
		}
		s.last, s.lastID = r.Started, r.ID
	}
	if r.Status == snapshotfile.OK {
		s.good = r.Started.Round(0) // its age is by the clock on the wall
	}
	return s.outcome
}

func (s *state) setNext(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = t
}

// view is a copy of the state at one moment.
type view struct {
	progress *run.Progress
	since    time.Time
	next     time.Time
	good     time.Time
	last     time.Time
	outcome
}

func (s *state) view() view {
	s.mu.Lock()
	defer s.mu.Unlock()
	return view{s.progress, s.since, s.next, s.good, s.last, s.outcome}
}
