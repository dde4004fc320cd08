package stock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/mattn/go-sqlite3"
	"github.com/sony/gobreaker/v2"

	"carstock/pkg/dbconn"
)

// How the databases are looked after. Together these bound how long it takes to notice that the live
// one has gone or come back.
const (
	lookInterval = time.Second
	lookTimeout  = 2 * time.Second // for an answer to the smallest question, where there is a snapshot to ask instead
	restInterval = time.Second     // that a live database is left alone once it has failed
	failures     = 3               // in a row, that make it count as failed
	tellInterval = time.Minute     // between two lines of the log on a database that is away
)

var (
	// ErrUnavailable says that no database can be asked now.
	ErrUnavailable = errors.New("no database answers")
	// ErrStale says that there is only a snapshot, older than may be shown.
	ErrStale = errors.New("no database answers but a snapshot that is older than STALE_MAX_AGE")
)

// Failover answers from the live database and, while that does not answer, from the file that syncer
// keeps. One of them may be missing.
type Failover struct {
	live, snapshot *source
	breaker        *gobreaker.TwoStepCircuitBreaker[any] // of live
	maxAge         time.Duration
	log            *slog.Logger
	lookers        sync.WaitGroup
}

// source is a database, and what the last look at it has found.
type source struct {
	*Store
	name string

	mu   sync.Mutex // guards what follows
	err  error      // why it does not answer
	asOf time.Time  // how fresh a snapshot is
	told time.Time  // when the log was told that it does not answer
}

// Status says whether a source of answers can be asked.
type Status struct {
	Name string    `json:"name"` // FromLive or FromSnapshot
	Up   bool      `json:"up"`
	AsOf time.Time `json:"as_of,omitzero"` // of a snapshot
}

// NewFailover joins two stores, of which one may be nil. A snapshot older than maxAge is not shown; 0
// is for any age. Nothing is asked before Open.
func NewFailover(live, snapshot *Store, maxAge time.Duration, log *slog.Logger) *Failover {
	f := &Failover{maxAge: maxAge, log: log}
	if live != nil {
		f.live = &source{Store: live, name: FromLive, err: ErrNotConnected}
	}
	if snapshot != nil {
		f.snapshot = &source{Store: snapshot, name: FromSnapshot, err: ErrNotConnected}
	}
	f.breaker = gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
		Timeout:      restInterval,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= failures },
		IsSuccessful: func(err error) bool { return err == nil || errors.Is(err, ErrNotFound) },
		// Of the database an error says nothing that it has not made.
		IsExcluded: func(err error) bool { return err != nil && !errors.Is(err, ErrNotFound) && !Unavailable(err) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			if from == gobreaker.StateClosed {
				log.Warn("circuit breaker of the live database has opened")
			}
			if to == gobreaker.StateClosed { // half open it is at each look that fails
				log.Info("circuit breaker of the live database has closed")
			}
		},
	})
	return f
}

func (f *Failover) sources() []*source {
	var all []*source
	for _, s := range []*source{f.live, f.snapshot} {
		if s != nil {
			all = append(all, s)
		}
	}
	return all
}

// Open looks at the databases, and goes on doing so until ctx ends. It returns after the first look at
// each, with an error if the settings do not fit, or if none answers and waiting will not mend that.
func (f *Failover) Open(ctx context.Context) error {
	all := f.sources()
	found := make(chan error, len(all))
	for _, s := range all {
		f.lookers.Go(func() {
			found <- f.look(ctx, s)
			for {
				select {
				case <-ctx.Done():
					return
				case <-time.After(lookInterval):
					_ = f.look(ctx, s) // which tells the log
				}
			}
		})
	}
	var errs []error
	for range all {
		errs = append(errs, <-found)
	}
	if err := f.misfit(); err != nil {
		return err
	}
	err := errors.Join(errs...)
	if slices.Contains(errs, nil) || f.snapshot != nil || !lasting(err) {
		return nil
	}
	return err
}

// lasting reports whether waiting will not mend an error of the start: a server may start later or be
// quicker, and syncer make a file.
func lasting(err error) bool {
	var server *mysql.MySQLError
	if errors.As(err, &server) {
		return refused(server) || ownFault(server)
	}
	return !dbconn.Transient(err) && !errors.Is(err, fs.ErrNotExist)
}

// Wait returns when nothing looks at the databases any more, which ends with the context of Open.
func (f *Failover) Wait() { f.lookers.Wait() }

// look asks a database whether it is there.
func (f *Failover) look(ctx context.Context, s *source) error {
	done := func(error) {}
	if s == f.live {
		var err error
		if done, err = f.breaker.Allow(); err != nil { // left alone for a while
			return err
		}
	}
	limited := ctx
	if v, _ := s.state(); v.Registry != nil { // the first time has time-outs of its own
		timeout := s.Timeout
		if s == f.live && f.hasSnapshot() {
			timeout = min(timeout, lookTimeout)
		}
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	err := s.Connect(limited)
	var asOf time.Time
	if err == nil && s == f.snapshot {
		asOf, err = s.asOfNow(limited)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	done(err)
	s.tell(f.log, asOf, err)
	return err
}

// asOfNow says how fresh the table is.
func (s *Store) asOfNow(ctx context.Context) (time.Time, error) {
	return with(ctx, s, func(ctx context.Context, v view) (time.Time, error) {
		o, err := v.origin(ctx)
		return o.AsOf, err
	})
}

// tell keeps what has been found, and tells the log of news.
func (s *source) tell(log *slog.Logger, asOf time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil && s.err != nil:
		log.Info("database answers", "source", s.name)
		s.told = time.Time{}
	case err != nil && time.Since(s.told) > tellInterval:
		log.Warn("database does not answer", "source", s.name, "error", err)
		s.told = time.Now()
	}
	s.err, s.asOf = err, asOf
}

// found is what the last look has found.
func (s *source) found() (asOf time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asOf, s.err
}

// Status tells of each source whether it can be asked.
func (f *Failover) Status() []Status {
	var all []Status
	for _, s := range f.sources() {
		asOf, err := s.found()
		up := err == nil && (s != f.live || f.Breaker() == gobreaker.StateClosed) && (s != f.snapshot || !f.stale(asOf))
		all = append(all, Status{Name: s.name, Up: up, AsOf: asOf.UTC().Truncate(time.Second)})
	}
	return all
}

// Breaker is the state of the circuit breaker of the live database.
func (f *Failover) Breaker() gobreaker.State { return f.breaker.State() }

func (f *Failover) stale(asOf time.Time) bool { return f.maxAge > 0 && time.Since(asOf) > f.maxAge }

// askLive reports whether a question goes to the live database first: it does unless it has failed, or
// has not answered the last look and there is a snapshot to ask instead.
func (f *Failover) askLive() bool {
	if f.live == nil || f.Breaker() != gobreaker.StateClosed {
		return false
	}
	_, err := f.live.found()
	return err == nil || !f.hasSnapshot()
}

// hasSnapshot reports whether there is a file to ask, as last seen, that is not too old to be shown.
func (f *Failover) hasSnapshot() bool {
	if f.snapshot == nil {
		return false
	}
	asOf, err := f.snapshot.found()
	return err == nil && !f.stale(asOf)
}

// misfit says that the live database has never had the columns that the settings name. What they mean to
// hide might then be shown by the snapshot, which need not have them all.
func (f *Failover) misfit() error {
	if f.live == nil {
		return nil
	}
	_, err := f.live.found()
	v, _ := f.live.state()
	var misfit bindingError
	if v.Registry == nil && errors.As(err, &misfit) {
		return err
	}
	return nil
}

// ask puts a question to one database or, if that cannot answer it, to the other.
func ask[T any](f *Failover, question func(*Store) (T, error)) (T, error) {
	var none T
	err := ErrUnavailable
	if f.askLive() {
		if done, refused := f.breaker.Allow(); refused == nil {
			a, e := question(f.live.Store)
			done(e)
			if !Unavailable(e) {
				return a, e
			}
			err = e
		}
	}
	if f.snapshot == nil {
		return none, err
	}
	if e := f.misfit(); e != nil {
		return none, fmt.Errorf("%w: %w", ErrUnavailable, e)
	}
	if asOf, e := f.snapshot.found(); e == nil && f.stale(asOf) {
		return none, fmt.Errorf("%w: %w", ErrStale, err)
	}
	a, e := question(f.snapshot.Store)
	if Unavailable(e) {
		return none, fmt.Errorf("%w; and of the snapshot: %w", err, e)
	}
	return a, e
}

// Unavailable reports whether an error is the database's not being there, or not as it should, rather
// than an answer, a mistake of the caller's, or one of this program's.
func Unavailable(err error) bool {
	var connecting dbconn.ConnectError
	var server *mysql.MySQLError
	var file sqlite3.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return false
	case dbconn.Transient(err), errors.Is(err, ErrTooSlow), errors.Is(err, ErrNoTable), errors.Is(err, ErrNotConnected), errors.Is(err, ErrUnavailable), errors.Is(err, fs.ErrNotExist),
		errors.As(err, &connecting), errors.Is(err, mysql.ErrMalformPkt), errors.Is(err, mysql.ErrPktSync), errors.Is(err, mysql.ErrPktSyncMul), errors.Is(err, mysql.ErrBusyBuffer):
		return true
	case errors.As(err, &server):
		return !ownFault(server)
	case errors.As(err, &file):
		return file.Code != sqlite3.ErrError
	}
	return false
}

// refused reports whether the server has said that the user may not do this, or that there is no such database.
func refused(err *mysql.MySQLError) bool {
	return slices.Contains([]uint16{1044, 1045, 1049, 1130, 1142, 1143, 1146, 1251, 1698, 3118, 3159, 4151}, err.Number)
}

// ownFault reports whether a statement was wrong, or what it had to compute: SQLSTATE 21, 22 and 23, and
// of the others those numbers that say so. All else that a server can say is its own affair.
func ownFault(err *mysql.MySQLError) bool {
	switch string(err.SQLState[:2]) {
	case "21", "22", "23":
		return true
	}
	switch err.Number {
	case 1052, 1054, 1055, 1056, 1060, 1064, 1066, 1110, 1111, 1140, 1210, 1222, 1235, 1241, 1242, 1247, 1248, 1253, 1267, 1270, 1271, 1300, 1305, 1318,
		1366, 1390, 1411, 1582, 1583, 1690, 3692: // ER_NON_UNIQ_ERROR to a mix of collations, ER_PS_MANY_PARAM and functions that are not there
		return true
	}
	return false
}

// Search finds vehicles.
func (f *Failover) Search(ctx context.Context, values url.Values) (*Answer, error) {
	return ask(f, func(s *Store) (*Answer, error) { return s.Search(ctx, values) })
}

// Facets counts the values of fields among the vehicles that match.
func (f *Failover) Facets(ctx context.Context, values url.Values) (*Answer, error) {
	return ask(f, func(s *Store) (*Answer, error) { return s.Facets(ctx, values) })
}

// Stats counts the vehicles that match, and measures them.
func (f *Failover) Stats(ctx context.Context, values url.Values) (*Answer, error) {
	return ask(f, func(s *Store) (*Answer, error) { return s.Stats(ctx, values) })
}

// Car gives the vehicle of an id, or ErrNotFound.
func (f *Failover) Car(ctx context.Context, id string, values url.Values) (*Car, error) {
	return ask(f, func(s *Store) (*Car, error) { return s.Car(ctx, id, values) })
}

// CarByVIN gives the vehicle of a VIN, in any spelling, or ErrNotFound.
func (f *Failover) CarByVIN(ctx context.Context, vin string, values url.Values) (*Car, error) {
	return ask(f, func(s *Store) (*Car, error) { return s.CarByVIN(ctx, vin, values) })
}

// Fields describes all fields, with some of their values in stock.
func (f *Failover) Fields(ctx context.Context) ([]Description, error) {
	return ask(f, func(s *Store) ([]Description, error) { return s.Fields(ctx) })
}
