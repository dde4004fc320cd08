package serve

import (
	"sync"
	"time"

	"carstock/services/syncer/internal/job"
	"carstock/services/syncer/internal/snapshot"
)

// state is what page, health checks and metrics show of the passes.
type state struct {
	started time.Time

	mu       sync.Mutex
	progress *job.Progress // of the pass under way; nil for none
	since    time.Time     // when it began
	next     time.Time
	good     time.Time // when the last good pass began: the snapshot is of that time
	bytes    int64     // of the file
	outcome  outcome
}

// outcome is what has become of the last passes. Those that were skipped or stopped do not count.
type outcome struct {
	status   string // snapshot.OK, Failed or Refused; "" before the first pass
	failures int    // how many in a row have failed or were refused
	error    string
}

func (o outcome) after(status, err string) outcome {
	switch status {
	case snapshot.OK:
		return outcome{status: status}
	case snapshot.Failed, snapshot.Refused:
		return outcome{status, o.failures + 1, err}
	}
	return o
}

// remember takes over what the file tells: the last runs, the newest first, and of when its tables are.
func (s *state) remember(runs []snapshot.Run, good time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outcome, s.good = outcome{}, good
	for i := len(runs) - 1; i >= 0; i-- {
		s.outcome = s.outcome.after(runs[i].Status, runs[i].Error)
	}
}

func (s *state) begin(p *job.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress, s.since = p, time.Now()
}

func (s *state) end(r job.Report) (before, now outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = nil
	before = s.outcome
	s.outcome = before.after(r.Status, r.Error)
	if r.Status == snapshot.OK {
		s.good = r.Started
	}
	if r.FileBytes > 0 {
		s.bytes = r.FileBytes
	}
	return before, s.outcome
}

func (s *state) setNext(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = t
}

// view is a copy of the state at one moment.
type view struct {
	progress *job.Progress
	since    time.Time
	next     time.Time
	good     time.Time
	bytes    int64
	outcome
}

func (s *state) view() view {
	s.mu.Lock()
	defer s.mu.Unlock()
	return view{s.progress, s.since, s.next, s.good, s.bytes, s.outcome}
}
