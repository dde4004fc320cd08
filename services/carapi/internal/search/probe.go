package search

import (
	"context"
	"errors"
	"time"

	"carstock/services/carapi/internal/store"
)

// probeUntil probes a source at intervals until ctx ends.
func (s *Service) probeUntil(ctx context.Context, src *source) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(probeInterval):
			_ = s.probe(ctx, src) // noteProbe logs it
		}
	}
}

// probe finds out whether a source answers, and reads the first index of a live source.
func (s *Service) probe(ctx context.Context, src *source) error {
	begun := time.Now()
	err := s.pingSource(ctx, src)
	if errors.Is(err, store.ErrNoTable) { // the table or a column was dropped; a refresh may find the new columns
		waiting, stop := context.WithTimeoutCause(ctx, src.timeout, err)
		_, err = src.refreshedAfter(waiting, begun)
		stop()
		if err == nil {
			err = s.pingSource(ctx, src)
		}
	}

	if ctx.Err() != nil {
		return ctx.Err()
	}

	src.noteProbe(err)
	if src == s.snapshot {
		s.dropUnused()
	}

	return err
}

// pingSource sends the smallest statement that shows whether the source can answer.
func (s *Service) pingSource(ctx context.Context, src *source) error {
	g := src.current.Load()
	if g == nil {
		if err := src.store.Ping(ctx); err != nil { // its errors name the setting to check
			return err
		}
	}

	// The live source must have an index before it answers.
	if g == nil && src == s.live {
		return src.waitForFirst(ctx)
	}

	// While the snapshot can answer, do not wait long for the live source.
	timeout := src.timeout
	if src == s.live && s.checkSnapshotUsable() == nil {
		timeout = min(timeout, probeTimeout)
	}

	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	// The age of the snapshot decides whether it may answer.
	if src == s.snapshot {
		version, _, err := src.store.CheckChanged(limited, store.Version{})
		if err != nil {
			return err
		}

		src.mu.Lock()
		src.asOf = version.AsOf
		src.mu.Unlock()
	}

	if g == nil { // a snapshot that was not needed yet
		return nil
	}

	return src.store.Probe(limited, g.catalog)
}

// noteProbe keeps the result of a probe and logs changes.
func (s *source) noteProbe(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.probeErr = err
	if err == nil {
		if !s.up {
			s.log.Info("database answers", "source", s.name)
			s.lastLogged, s.restUntil = time.Time{}, time.Time{}
			if s.alive.Err() != nil {
				s.alive, s.endAlive = context.WithCancelCause(context.Background())
			}
		}

		s.up, s.failures = true, 0
		return
	}

	s.failures++
	if s.failures >= maxFailures && s.up {
		s.up = false
		s.endAlive(errAway) // cancels the statements that wait for it
	}

	if time.Since(s.lastLogged) > logInterval {
		s.log.Warn("database does not answer", "source", s.name, "error", err)
		s.lastLogged = time.Now()
	}
}
