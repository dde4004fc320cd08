package search

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/store"
	"carstock/services/carapi/internal/value"
)

// How sources are probed. These bound how long it takes to notice that a source went away or came back.
const (
	probeInterval = time.Second
	probeTimeout  = 2 * time.Second
	maxFailures   = 2           // failures in a row after which a source is away
	logInterval   = time.Minute // between two log lines about a source that is away
)

// When an index is refreshed.
const (
	minRefreshAge = 250 * time.Millisecond
	refreshShare  = 10 // refresh an index when it is this many times as old as reading it takes
	waitShare     = 20 // wait for the refresh when it is this many times as old
	quickRefresh  = 25 * time.Millisecond
)

// Errors of sources.
var (
	// errUnavailable says that no source can answer now.
	errUnavailable = errors.New("no database answers")
	// ErrStale says that only the snapshot could answer, and that it is older than STALE_MAX_AGE.
	ErrStale = errors.New("it is older than STALE_MAX_AGE")
	// errNotConnected says that the source has not answered since the start.
	errNotConnected = errors.New("the database has not answered yet")

	errAway = errors.New("the database has stopped answering")
)

// source is a database with its index, and whether it answers.
type source struct {
	name       string
	store      *store.Store
	vocabulary *value.Vocabulary
	timeout    time.Duration
	events     Events
	log        *slog.Logger
	onBound    func(*catalog.Catalog) // is called when the table's columns are bound; may be nil
	answering  *requestCounter

	current atomic.Pointer[generation] // nil before the first read
	wake    chan struct{}

	mu         sync.Mutex // guards what follows
	pending    *refresh   // the requested or running refresh
	up         bool
	failures   int       // probes that failed, in a row
	probeErr   error     // of the last probe
	refreshErr error     // why the index could not be read again; the last one goes on answering
	restUntil  time.Time // until when it is not read again, after a failure
	asOf       time.Time // of a file that syncer keeps, as the last probe saw it
	lastLogged time.Time // when the log last said that it is away
	lastUsed   time.Time // when it last answered
	alive      context.Context
	endAlive   context.CancelCauseFunc // ends alive
}

// requestCounter counts the requests in progress, over all sources.
type requestCounter struct{ atomic.Int64 }

// needProcessors reports whether requests keep more than half of the processors busy. Requests that wait for an index
// do not count.
func (a *requestCounter) needProcessors() bool { return 2*a.Load() > int64(runtime.GOMAXPROCS(0)) }

// refresh is one reading of the index. Requests share it.
type refresh struct {
	begun time.Time // zero before it begins
	done  chan struct{}
	err   error
}

func newSource(name string, st *store.Store, o Options, log *slog.Logger, answering *requestCounter) *source {
	s := &source{
		name: name, store: st, vocabulary: o.Vocabulary, timeout: o.Timeout, events: o.Events, log: log,
		answering: answering, wake: make(chan struct{}, 1), probeErr: errNotConnected,
	}
	s.alive, s.endAlive = context.WithCancelCause(context.Background())
	return s
}

// runRefreshes reads the index whenever a refresh is requested, until ctx ends.
func (s *source) runRefreshes(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		}

		s.mu.Lock()
		r, alive := s.pending, s.alive
		r.begun = time.Now()
		s.mu.Unlock()

		// Stop the refresh if the source goes away, so it does not hold up the next one. If the source is already away,
		// a refresh may bring it back: its table may have other columns now.
		limited, cancel := context.WithCancelCause(ctx)
		stop := func() bool { return true }
		if alive.Err() == nil {
			stop = context.AfterFunc(alive, func() { cancel(context.Cause(alive)) })
		}

		r.err = s.refreshNow(limited)
		stop()
		cancel(nil)

		s.mu.Lock()
		s.pending = nil
		s.mu.Unlock()
		close(r.done)
	}
}

// refreshNow reads the index, unless the file shows that nothing has changed.
func (s *source) refreshNow(ctx context.Context) error {
	begun := time.Now()
	last := s.current.Load()
	if last != nil {
		// The index is still current if the database says so.
		version, changed, err := s.store.CheckChanged(ctx, last.version)
		if err == nil && !changed && !s.store.WillRebind(last.catalog) && last.isOfToday(version) {
			s.current.Store(last.unchanged(version, begun))
			s.reportRefresh("unchanged", begun, nil)
			return nil
		}

		if err != nil {
			s.reportRefresh("failed", begun, err)
			return err
		}
	}

	// The table has changed: read it.
	next, err := readGeneration(ctx, s.store, s.name, s.vocabulary, last, s.answering.needProcessors)
	if err != nil {
		s.reportRefresh("failed", begun, err)
		return err
	}

	s.current.Store(next)
	s.warnDisagreements(last, next)

	if last == nil || last.catalog != next.catalog {
		for _, f := range next.catalog.Fields {
			if query.IsControl(f.Name) {
				s.log.Info("a column is named as a parameter of every search", "column", f.Name, "filter", query.Qualifier+f.Name)
			}
		}
	}

	if s.onBound != nil && (last == nil || last.catalog != next.catalog) {
		s.onBound(next.catalog)
	}

	s.reportRefresh("read", begun, nil)
	return nil
}

// warnDisagreements logs fields whose values no longer fit, each once.
func (s *source) warnDisagreements(last, next *generation) {
	if last == nil {
		return
	}

	before := last.disagreements()
	for name, text := range next.disagreements() {
		if before[name] == "" {
			s.log.Warn("values no longer fit their field", "source", s.name, "problem", text)
		}
	}
}

// reportRefresh counts a refresh. It logs an index that cannot be read while the source answers.
func (s *source) reportRefresh(outcome string, begun time.Time, err error) {
	if s.events.Refreshed != nil {
		s.events.Refreshed(s.name, outcome, time.Since(begun))
	}

	s.mu.Lock()
	defer s.mu.Unlock()

	if err != nil && s.up && s.refreshErr == nil && !errors.Is(err, context.Canceled) {
		s.log.Warn("the index cannot be read again; the last one goes on answering", "source", s.name, "error", err)
	}

	s.refreshErr, s.restUntil = err, time.Time{}
	if err != nil { // failures take no larger share of the time than successful reads
		s.restUntil = time.Now().Add(max(minRefreshAge, refreshShare*time.Since(begun)))
	}
}

// resting reports whether the index must not be read yet because the last attempt failed.
func (s *source) resting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.restUntil)
}

// waitForFirst waits for the first index. A table that does not fit into memory is not read again at once.
func (s *source) waitForFirst(ctx context.Context) error {
	s.mu.Lock()
	err, isResting := s.refreshErr, time.Now().Before(s.restUntil)
	s.mu.Unlock()

	var large *tooLargeError
	if isResting && errors.As(err, &large) {
		return err
	}

	return s.waitFor(ctx, s.requestRefresh())
}

// requestRefresh requests a refresh, or joins the one already requested.
func (s *source) requestRefresh() *refresh {
	s.mu.Lock()
	defer s.mu.Unlock()

	if s.pending == nil {
		s.pending = &refresh{done: make(chan struct{})}
		s.wake <- struct{}{} // never waits: there is one refresh at a time
	}

	return s.pending
}

// freshGeneration returns the index that answers a request. It waits for a refresh if that is quick, or if the index is
// much older than reading takes, as after a quiet night.
func (s *source) freshGeneration(ctx context.Context) (*generation, error) {
	g := s.current.Load()
	if g == nil {
		if err := s.waitForFirst(ctx); err != nil {
			return nil, err
		}
		if g = s.current.Load(); g == nil {
			return nil, errNotConnected
		}
		return g, nil
	}

	age := time.Since(g.checked)
	if age < max(minRefreshAge, refreshShare*g.readTime) || s.resting() {
		return g, nil
	}

	r := s.requestRefresh()
	if g.readTime < quickRefresh || age > waitShare*g.readTime && g.readTime < s.timeout/2 {
		_ = s.waitFor(ctx, r) // if it fails or takes too long, the present index answers
	}

	if now := s.current.Load(); now != nil {
		return now, nil
	}

	return g, nil
}

// refreshedAfter waits for an index whose reading began after a moment.
func (s *source) refreshedAfter(ctx context.Context, after time.Time) (*generation, error) {
	for {
		r := s.requestRefresh()
		err := s.waitFor(ctx, r)

		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case r.begun.Before(after): // it was already under way
		case err != nil:
			return nil, err
		default:
			return s.current.Load(), nil
		}
	}
}

// waitFor waits until a refresh has ended, and returns its error.
func (s *source) waitFor(ctx context.Context, r *refresh) error {
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
