package serve

import (
	"sync"
	"time"

	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/run"
)

// serviceState is what the page, the health checks and the metrics show of the runs.
type serviceState struct {
	started time.Time // when the service started

	mu      sync.Mutex
	current serviceStatus
	lastID  int64 // of the newest run in the file
}

// serviceStatus is a copy of the state at one moment.
type serviceStatus struct {
	progress     *run.Progress // of the run under way; nil between runs
	since        time.Time     // when that run started
	next         time.Time     // when the next run is due
	good         time.Time     // when the last good run started: the snapshot is as old as that
	last         time.Time     // when the newest run in the file started
	failingSince time.Time     // when the first of the failures in a row started; zero without failures
	runOutcome
}

// runOutcome is the result of the last runs. Skipped and stopped runs do not count.
type runOutcome struct {
	status   string // snapshotfile.RunOK, RunFailed or RunRefused; "" before the first run
	failures int    // how many runs in a row failed or were refused
	error    string
}

// after returns the outcome once a run has ended with a status.
func (o runOutcome) after(status, err string) runOutcome {
	switch status {
	case snapshotfile.RunOK:
		return runOutcome{status: status}
	case snapshotfile.RunFailed, snapshotfile.RunRefused:
		return runOutcome{status, o.failures + 1, err}
	}
	return o
}

// isNewest reports whether a run is the newest one that the state knows of.
func (s *serviceState) isNewest(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()

	return id == s.lastID
}

// setHistory takes over the runs of the file, at least one. good is when the oldest of its tables was read.
func (s *serviceState) setHistory(h snapshotfile.History, good time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.lastID, s.current.last = h.Runs[0].ID, h.Runs[0].Started
	s.current.good, s.current.failingSince = good, time.Time{}
	s.current.runOutcome = runOutcome{failures: h.Failures}
	if h.Failures == 0 {
		if h.Good != nil {
			s.current.status = snapshotfile.RunOK
		}
		return
	}

	// Show the error of the newest failure, and the start of the oldest one since the last good run.
	for _, r := range h.Runs {
		if h.Good != nil && r.ID <= h.Good.ID {
			break
		}
		if r.Status != snapshotfile.RunFailed && r.Status != snapshotfile.RunRefused {
			continue
		}
		if s.current.status == "" {
			s.current.status, s.current.error = r.Status, r.Error
		}
		s.current.failingSince = r.Started
	}
}

// begin notes that a run has started.
func (s *serviceState) begin(p *run.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.current.progress, s.current.since = p, time.Now()
}

// end notes that the run under way has ended, and returns the outcome.
func (s *serviceState) end(r run.Report) runOutcome {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.current.progress = nil
	s.current.runOutcome = s.current.after(r.Status, r.Error)

	// The first failure in a row is when they began. A stopped or skipped run changes nothing.
	switch s.current.failures {
	case 0:
		s.current.failingSince = time.Time{}
	case 1:
		if r.Status == snapshotfile.RunFailed || r.Status == snapshotfile.RunRefused {
			s.current.failingSince = r.Started.Round(0)
		}
	}

	if r.ID > 0 { // the run is recorded in the file
		if r.ID <= s.lastID { // the numbers started again: this is another file
			s.current.good = time.Time{}
		}
		s.current.last, s.lastID = r.Started, r.ID
	}
	if r.Status == snapshotfile.RunOK {
		s.current.good = r.Started.Round(0) // without the monotonic clock, which stands still while the machine sleeps
	}

	return s.current.runOutcome
}

// setNext notes when the next run is due.
func (s *serviceState) setNext(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.current.next = t
}

// status returns a copy of the state.
func (s *serviceState) status() serviceStatus {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.current
}
