package serve

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"

	"carstock/services/syncer/internal/config"
)

const (
	// maxJitter bounds the random delay of a pass, which keeps many syncers with one schedule from
	// asking one server at the same moment.
	maxJitter = 30 * time.Second

	// After failures a pass comes at its time, but not sooner than this, doubled each time.
	firstBackoff, maxBackoff = 10 * time.Second, time.Hour

	// clockInterval is how often the clock is looked at, since a timer stands still while the machine
	// sleeps and does not see that the clock was set; and the file, in which another syncer may have
	// been at work.
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
	p := newPlan(s.timetable, time.Now(), s.state.view().last, s.config.Sync.OnStart)
	for s.wait(ctx, p) {
		start := time.Now()
		s.state.setNext(following(s.timetable, p.due, start))
		select {
		case <-s.wake: // this is the pass that was asked for
		default:
		}
		ok := s.pass(ctx)
		if late := p.ended(start, time.Now(), ok); late {
			s.log.Warn("a pass was due while another was under way: one makes up for it")
		}
	}
}

// plan is when the next pass comes.
type plan struct {
	timetable config.Schedule
	retry     *backoff.ExponentialBackOff
	failing   bool
	due       time.Time // by the timetable
	at        time.Time // when it is to begin: then, or later
}

// newPlan plans the first pass, at once if onStart. Else it is the one that is due after the last run
// that is known, if any: a time that has passed since then was missed.
func newPlan(t config.Schedule, now, last time.Time, onStart bool) *plan {
	p := &plan{timetable: t, retry: backoff.NewExponentialBackOff(), due: now}
	p.retry.InitialInterval, p.retry.MaxInterval, p.retry.Multiplier, p.retry.RandomizationFactor = firstBackoff, maxBackoff, 2, 0.1
	if !onStart {
		if last.IsZero() || last.After(now) {
			last = now
		}
		p.due = t.Next(last)
	}
	p.at = p.due
	return p
}

// ended plans the pass after one that has begun at start. It reports whether that is late: it was due
// meanwhile.
func (p *plan) ended(start, now time.Time, ok bool) (late bool) {
	p.due = following(p.timetable, p.due, start)
	if late = !p.due.After(now); late {
		p.due = now
	}
	p.at = p.due
	if !late {
		p.at = p.due.Add(jitter(p.timetable.Next(p.due).Sub(p.due)))
	}
	if p.failing = !ok; ok {
		p.retry.Reset()
	} else if earliest := now.Add(p.retry.NextBackOff()); p.at.Before(earliest) {
		p.at = earliest
	}
	return late
}

// correct brings forward a pass that is further off than any can be, as after the clock was set back.
func (p *plan) correct(now time.Time) {
	latest := p.timetable.Next(now).Add(maxJitter)
	if most := now.Add(2 * maxBackoff); p.failing && latest.Before(most) {
		latest = most
	}
	if p.at.After(latest) {
		p.due, p.at = latest, latest
	}
}

// following is when a pass is due after one that was due at due and began at start: never before
// start, so that one pass makes up for all that were missed. A pass that was asked for comes
// beside those of the schedule.
func following(t config.Schedule, due, start time.Time) time.Time {
	for !due.After(start) {
		due = t.Next(due)
	}
	return due
}

func jitter(interval time.Duration) time.Duration {
	return rand.N(max(1, min(maxJitter, interval/10)))
}

// wait waits for the time of the pass that is planned, or until one is asked for. It reports false when
// ctx has ended.
func (s *Service) wait(ctx context.Context, p *plan) bool {
	for {
		now := time.Now().Round(0) // by the clock on the wall
		p.correct(now)
		s.state.setNext(p.at)
		s.remember()
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
		case <-s.wake:
			s.log.Info("a pass was asked for")
			return true
		case <-time.After(min(left, clockInterval)):
		}
	}
}
