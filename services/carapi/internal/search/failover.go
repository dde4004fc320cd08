package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"carstock/services/carapi/internal/store"
)

// How long to wait for the first index, and to keep the index of an unused snapshot.
const (
	startTimeout = 30 * time.Second // for the first index; /readyz shows when that of a larger table is ready
	keepSnapshot = 10 * time.Minute // after the live source is back
)

func (s *Service) sources() []*source {
	return slices.DeleteFunc([]*source{s.live, s.snapshot}, func(src *source) bool { return src == nil })
}

// Open reads the first index and probes the sources until ctx ends. It returns an error if the settings do not fit the
// table, or if no source answers and waiting will not help.
func (s *Service) Open(ctx context.Context) error {
	// Probe each source in the background, and wait for its first result at most startTimeout.
	all := s.sources()
	found := make(chan error, len(all))
	for _, src := range all {
		s.running.Go(func() { src.runRefreshes(ctx) })
		s.running.Go(func() {
			var err error
			probed := make(chan struct{})
			s.running.Go(func() {
				err = s.probe(ctx, src)
				close(probed)
			})

			select {
			case <-probed:
				found <- err
			case <-time.After(startTimeout):
				found <- nil
				<-probed
			}

			s.probeUntil(ctx, src)
		})
	}

	// Fail only if nothing can answer, now or later.
	var errs []error
	for range all {
		errs = append(errs, <-found)
	}

	if err := s.bindingError(); err != nil {
		return err
	}

	err := errors.Join(errs...)
	var large *tooLargeError
	if errors.As(err, &large) {
		return large
	}
	if slices.Contains(errs, nil) || s.snapshot != nil || !store.IsPermanent(err) {
		return nil
	}

	return err
}

// Wait returns when all probes and refreshes have ended. They end with the context of Open.
func (s *Service) Wait() { s.running.Wait() }

// dropUnused drops the snapshot's index when it is no longer needed.
func (s *Service) dropUnused() {
	if s.live == nil || s.live.unavailableReason() != nil {
		return
	}

	s.snapshot.mu.Lock()
	defer s.snapshot.mu.Unlock()

	if s.snapshot.pending == nil && time.Since(s.snapshot.lastUsed) > keepSnapshot {
		s.snapshot.current.Store(nil)
	}
}

// unavailableReason returns nil if the source answers, and otherwise why it does not.
func (s *source) unavailableReason() error {
	s.mu.Lock()
	defer s.mu.Unlock()

	switch {
	case s.up:
		return nil
	case s.probeErr == nil:
		return errNotConnected
	}

	return s.probeErr
}

// checkSnapshotUsable returns why the snapshot cannot answer, or nil if it can.
func (s *Service) checkSnapshotUsable() error {
	if s.snapshot == nil {
		return errUnavailable
	}
	if err := s.snapshot.unavailableReason(); err != nil {
		return err
	}

	s.snapshot.mu.Lock()
	defer s.snapshot.mu.Unlock()

	if s.MaxAge > 0 && time.Since(s.snapshot.asOf) > s.MaxAge {
		return ErrStale
	}

	return nil
}

// bindingError returns the error of a live table that never had the columns that the settings name. The snapshot need
// not have them all, and might then show what the settings hide.
func (s *Service) bindingError() error {
	if s.live == nil || s.live.current.Load() != nil {
		return nil
	}

	err := s.live.unavailableReason()
	var binding store.BindingError
	if errors.As(err, &binding) {
		return err
	}

	return nil
}

// withFallback answers from the live source, or from the snapshot if the live source cannot answer.
func withFallback[T any](ctx context.Context, s *Service, answer func(context.Context, *source, *generation) (T, error),
	options ...answerOption,
) (T, error) {
	var none T
	err := errUnavailable
	if s.live != nil {
		if err = s.live.unavailableReason(); err == nil {
			a, e := answerFrom(ctx, s.live, answer, options)
			if !IsUnavailable(e) {
				return a, e
			}
			err = e
		}
	}

	// The live source cannot answer. Use the snapshot, unless it is away, too old, or might show what settings hide.
	if s.snapshot == nil {
		return none, fmt.Errorf("%w: %w", errUnavailable, err)
	}
	if e := s.bindingError(); e != nil {
		return none, fmt.Errorf("%w: %w", errUnavailable, e)
	}
	if e := s.checkSnapshotUsable(); e != nil {
		return none, fmt.Errorf("%w: %w; and the snapshot: %w", errUnavailable, err, e)
	}

	a, e := answerFrom(ctx, s.snapshot, answer, options)
	if IsUnavailable(e) {
		return none, fmt.Errorf("%w: %w; and the snapshot: %w", errUnavailable, err, e)
	}

	return a, e
}

// answerOption changes how a request is answered.
type answerOption int

// withoutRefresh answers from the present index, however old, and starts no refresh.
const withoutRefresh answerOption = 1

// IsUnavailable reports whether an error means that the source cannot answer now.
func IsUnavailable(err error) bool {
	var binding store.BindingError
	isKnown := func(known error) bool { return errors.Is(err, known) }
	return slices.ContainsFunc([]error{errUnavailable, errAway, errNotConnected, store.ErrMoved}, isKnown) ||
		errors.As(err, &binding) || store.IsUnavailable(err)
}

// answerFrom answers from one source. It waits for a new index, and for rows, each for at most the source's time-out.
// If the table or the file has changed since the index was read, it tries again with a new index.
func answerFrom[T any](ctx context.Context, src *source, answer func(context.Context, *source, *generation) (T, error),
	options []answerOption,
) (T, error) {
	// End the request when the source goes away.
	var none T
	src.mu.Lock()
	alive := src.alive
	src.lastUsed = time.Now()
	src.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(alive, func() { cancel(errAway) })()

	// Find the index to answer from.
	g := src.current.Load()
	if g == nil || !slices.Contains(options, withoutRefresh) {
		var err error
		waiting, stop := context.WithTimeoutCause(ctx, src.timeout, store.ErrTooSlow)
		g, err = src.freshGeneration(waiting)
		err = causeOf(waiting, err)
		stop()

		if err != nil {
			return none, err
		}
	}

	if ctx.Err() != nil { // the index of a source that is away answers nothing
		return none, context.Cause(ctx)
	}

	// Waiting for an index does not shorten the time for the answer itself.
	ctx, stop := context.WithTimeoutCause(ctx, src.timeout, store.ErrTooSlow)
	defer stop()

	// Only requests that have their index need processors.
	counted := func(g *generation) (T, error) {
		src.answering.Add(1)
		defer src.answering.Add(-1)
		return answer(ctx, src, g)
	}

	// Answer, and start over with a new index if the table has moved since the index was read.
	for range maxMoves {
		begun := time.Now()
		a, err := counted(g)
		if err == nil || !errors.Is(err, store.ErrMoved) && !errors.Is(err, store.ErrNoTable) {
			return a, causeOf(ctx, err)
		}

		now, refreshErr := src.refreshedAfter(ctx, begun)
		switch {
		case errors.Is(refreshErr, store.ErrTooSlow):
			// A large table is still being read. The source cannot answer until then.
			return none, err
		case refreshErr != nil:
			return none, causeOf(ctx, refreshErr)
		}

		g = now
	}

	a, err := counted(g)
	return a, causeOf(ctx, err)
}

// maxMoves is how often an answer starts over because the table was altered or the file published again.
const maxMoves = 3

// causeOf adds to an error why the context of its request ended.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}
