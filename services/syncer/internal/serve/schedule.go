package serve

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"

	"carstock/services/syncer/internal/config"
)

const (
	// maxJitter bounds the random delay of a run, which keeps many syncers with the same schedule from reading from one
	// server at the same moment.
	maxJitter = 30 * time.Second

	// After a failure the next run comes on schedule, but no sooner than after firstBackoff, doubled with each failure.
	firstBackoff, maxBackoff = 10 * time.Second, time.Hour

	// clockInterval is how often waitUntilDue checks the clock and the file. A timer stands still while the machine
	// sleeps and ignores changes of the clock; and another syncer may have added runs to the file.
	clockInterval = 10 * time.Second
)

// logSchedule logs when the next runs are due.
func (s *Service) logSchedule(now time.Time) {
	var next []string
	for t := now; len(next) < 3; {
		t = s.schedule.Next(t)
		next = append(next, t.Format(time.RFC3339))
	}

	s.log.Info("scheduled", "schedule", s.config.Sync.Schedule, "on_start", s.config.Sync.OnStart, "next", next)
}

// runOnSchedule makes one run after the other, each when it is due, until ctx ends.
func (s *Service) runOnSchedule(ctx context.Context) {
	p := newRunPlan(s.schedule, time.Now(), s.state.status().last, s.config.Sync.OnStart)
	for s.waitUntilDue(ctx, p) {
		start := time.Now()
		s.state.setNext(nextDue(s.schedule, p.due, start))

		// This run also serves a request that came before it.
		select {
		case <-s.trigger:
		default:
		}

		ok := s.runOnce(ctx)
		if late := p.finished(start, time.Now(), ok); late {
			s.log.Warn("a run was due while another was under way: one run makes up for it")
		}
	}
}

// runPlan says when the next run starts.
type runPlan struct {
	schedule config.Schedule
	retry    *backoff.ExponentialBackOff
	failing  bool
	due      time.Time // by the schedule
	at       time.Time // when the run starts: when it is due, or later
}

// newRunPlan plans the first run. It is due at once if onStart is set. Otherwise it is the first one that the schedule
// has after the last known run; if that time has passed, the run was missed and starts at once.
func newRunPlan(schedule config.Schedule, now, last time.Time, onStart bool) *runPlan {
	p := &runPlan{schedule: schedule, retry: backoff.NewExponentialBackOff(), due: now}
	p.retry.InitialInterval = firstBackoff
	p.retry.MaxInterval = maxBackoff
	p.retry.Multiplier = 2
	p.retry.RandomizationFactor = 0.1

	// A last run that is after now was made while the clock was ahead.
	if !onStart {
		if last.IsZero() || last.After(now) {
			last = now
		}
		p.due = schedule.Next(last)
	}
	p.at = p.due
	return p
}

// finished plans the run after one that started at start and ended now. It reports whether that run is late, because it
// was due in the meantime.
func (p *runPlan) finished(start, now time.Time, ok bool) (late bool) {
	p.due = nextDue(p.schedule, p.due, start)
	if late = !p.due.After(now); late {
		p.due = now
	}

	// A late run starts at once.
	p.at = p.due
	if !late {
		p.at = p.due.Add(randomDelay(p.schedule.Next(p.due).Sub(p.due)))
	}

	// After a failure, the run comes no sooner than the backoff allows.
	if p.failing = !ok; ok {
		p.retry.Reset()
	} else if earliest := now.Add(p.retry.NextBackOff()); p.at.Before(earliest) {
		p.at = earliest
	}

	return late
}

// clampToClock brings a run forward that is further away than any can be, as after the clock was set back.
func (p *runPlan) clampToClock(now time.Time) {
	latest := p.schedule.Next(now).Add(maxJitter)

	// After failures, a backoff may be longer than the schedule's interval.
	if longest := now.Add(2 * maxBackoff); p.failing && latest.Before(longest) {
		latest = longest
	}
	if p.at.After(latest) {
		p.due, p.at = latest, latest
	}
}

// nextDue returns when the run is due that follows one that was due at due and started at start. It is always after
// start, so that one run makes up for all that were missed. A run on request does not replace one of the schedule.
func nextDue(schedule config.Schedule, due, start time.Time) time.Time {
	for !due.After(start) {
		due = schedule.Next(due)
	}
	return due
}

// randomDelay returns a random delay of up to a tenth of the interval between two runs.
func randomDelay(interval time.Duration) time.Duration {
	return rand.N(max(1, min(maxJitter, interval/10)))
}

// waitUntilDue waits until the planned run is due, or until one is requested. It returns false when ctx has ended.
func (s *Service) waitUntilDue(ctx context.Context, p *runPlan) bool {
	for {
		now := time.Now().Round(0) // the wall clock: the monotonic one stands still while the machine sleeps
		p.clampToClock(now)
		s.state.setNext(p.at)

		// Another syncer may have published meanwhile.
		s.loadHistory()
		s.copies.expire()

		left := p.at.Round(0).Sub(now)
		if ctx.Err() != nil {
			return false
		}
		if left <= 0 {
			return true
		}

		select {
		case <-ctx.Done():
			return false
		case <-s.trigger:
			s.log.Info("run requested")
			return true
		case <-time.After(min(left, clockInterval)):
		}
	}
}
