package serve

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// maxJitter bounds the random delay of a pass, which keeps many syncers with one schedule from
	// asking one server at the same moment.
	maxJitter = 30 * time.Second

	// After failures a pass comes at its time, but not sooner than this, doubled each time.
	firstBackoff, maxBackoff = 10 * time.Second, time.Hour

	// clockInterval is how often the clock is looked at: a timer stands still while the machine sleeps,
	// and does not see that the clock was set.
	clockInterval = 10 * time.Second
)

// announce logs when the next passes are due.
func (s *Service) announce(now time.Time) {
	var next []string
	for t := now; len(next) < 3; {
		t = s.timetable.Next(t)
		next = append(next, t.Format(time.RFC3339))
	}
	s.log.Info("scheduled", "schedule", s.config.Sync.Schedule, "on_start", s.config.Sync.OnStart, "next", next)
}

// passes makes pass after pass, each at its time, until ctx ends.
func (s *Service) passes(ctx context.Context) {
	retry := backoff.NewExponentialBackOff()
	retry.InitialInterval, retry.MaxInterval, retry.Multiplier = firstBackoff, maxBackoff, 2
	due := time.Now()
	if !s.config.Sync.OnStart {
		due = s.timetable.Next(due)
	}
	for at := due; s.wait(ctx, at); {
		start := time.Now()
		ok := s.pass(ctx)
		now := time.Now()
		next := following(s.timetable, due, start)
		if !next.After(now) {
			s.log.Warn("a pass was due while another was under way: one makes up for it", "due", next.Format(time.RFC3339))
			next = now
		}
		due, at = next, next
		if due.After(now) {
			at = due.Add(jitter(s.timetable.Next(due).Sub(due)))
		}
		if ok {
			retry.Reset()
		} else if earliest := now.Add(retry.NextBackOff()); at.Before(earliest) {
			at = earliest
		}
	}
}

// following is when a pass is due after one that was due at due and began at start: never before
// start, so that one pass makes up for all that were missed. A pass that was asked for comes
// beside those of the schedule.
func following(t interface{ Next(time.Time) time.Time }, due, start time.Time) time.Time {
	for !due.After(start) {
		due = t.Next(due)
	}
	return due
}

func jitter(interval time.Duration) time.Duration {
	return rand.N(max(1, min(maxJitter, interval/10)))
}

// wait waits for the time at, or until a pass is asked for. It reports false when ctx has ended.
func (s *Service) wait(ctx context.Context, at time.Time) bool {
	at = at.Round(0) // by the clock on the wall
	s.state.setNext(at)
	for {
		left := time.Until(at)
		if ctx.Err() != nil {
			return false
		}
		if left <= 0 {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-s.wake:
			s.log.Info("a pass was asked for")
			return true
		case <-time.After(min(left, clockInterval)):
		}
	}
}
