// Package search answers requests from the index of a table and the present rows of its database. It keeps the indexes
// fresh, and answers from syncer's snapshot while the live database is away. It knows no SQL and no HTTP.
package search

import (
	"context"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/interpret"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/store"
	"carstock/services/carapi/internal/value"
)

// Sources of answers.
const (
	FromLive     = "live"
	FromSnapshot = "snapshot" // a file that syncer keeps
)

// Options say how to search the sources.
type Options struct {
	Vocabulary *value.Vocabulary
	Timeout    time.Duration // the longest that a request may take: QUERY_TIMEOUT
	MaxAge     time.Duration // the largest age of a snapshot that answers: STALE_MAX_AGE; 0 for any
	Events     Events
}

// Events are callbacks for metrics. Each may be nil.
type Events struct {
	Refreshed func(source, outcome string, took time.Duration) // outcome: read, unchanged or failed
	Dropped   func(rows int)                                   // rows that no longer matched when they were read
}

// Service searches the live database and, while that is away, the file that syncer keeps. One of them may be missing.
type Service struct {
	Options
	live, snapshot *source
	log            *slog.Logger
	running        sync.WaitGroup // probes and refreshers, until the context of Open ends
}

// New joins two stores, one of which may be nil. It reads nothing before Open.
func New(live, snapshot *store.Store, o Options, log *slog.Logger) *Service {
	s, requests := &Service{Options: o, log: log}, &requestCounter{}
	if live != nil {
		s.live = newSource(FromLive, live, o, log, requests)
	}

	if snapshot != nil {
		s.snapshot = newSource(FromSnapshot, snapshot, o, log, requests)
	}

	// A vehicle has the same id and the same values in both sources.
	if live != nil && snapshot != nil {
		s.live.onBound = snapshot.FollowBinding
		live.SetHistory(snapshot)
	}

	return s
}

// Answer is the result of a search.
type Answer struct {
	Cars        []byte // a JSON array of objects; nil if the request only asks for the count
	Count       int
	Total       int          // -1 if not requested
	Summary     string       // in a sentence; empty if the total was not requested
	Next        url.Values   // the request for the next page; nil on the last
	ZeroResults *ZeroResults // why nothing matches, if nothing does
	Truncation  *Truncation  // what was left out; nil for nothing
	Facets      []byte       // a JSON object; nil if not requested
	Groups      []byte       // a JSON array of the aggregates of groups; nil if not requested
	Other       int          // vehicles in other groups
	Applied     []byte       // a JSON object: the request as understood
	Notes       interpret.Notes
	Origin      Origin

	Currencies map[string][]string // of fields that are not measured because they have several

	// counts values in the whole stock that are not understood as numbers, by field that the request compares
	NotNumbers map[string]int
}

// Origin says where an answer comes from.
type Origin struct {
	Source string    // FromLive or FromSnapshot
	AsOf   time.Time // no part of the answer is older
}

// searchControls are the parameters of a search that are not filters.
var searchControls = []string{
	"q", "sort", "limit", "cursor", "fields", "facets", "include_total", "count_only", "view",
	"max_chars", "page", "offset", "has", "missing",
}

// Search finds vehicles.
func (s *Service) Search(ctx context.Context, values url.Values) (*Answer, error) {
	return withFallback(ctx, s, func(ctx context.Context, src *source, g *generation) (*Answer, error) {
		q, notes, err := g.interpreter.Interpret(g.index, values, searchControls...)
		if err != nil {
			return nil, err
		}
		r := searchRequest{ctx: ctx, source: src, generation: g, query: q, dropped: s.Events.Dropped}
		return r.search(notes)
	})
}

// searchRequest is an interpreted search on its way to an answer.
type searchRequest struct {
	ctx        context.Context
	source     *source
	generation *generation
	query      *query.Query
	dropped    func(rows int)
}

func (r *searchRequest) index() *index.Index { return r.generation.index }

// search answers a search: it reads the vehicles of its page, and counts and summarizes all that match.
func (r *searchRequest) search(notes interpret.Notes) (*Answer, error) {
	q := r.query
	a := &Answer{
		Total: -1, Applied: q.Applied(!q.CountOnly), Notes: notes, Origin: r.generation.originOf(q),
		NotNumbers: r.generation.notNumbers(comparedFields(q)...),
	}

	set := r.index().Match(q, nil)
	if q.CountOnly {
		r.count(set, a)
		return a, nil
	}

	p, err := r.readPage(set)
	if err != nil {
		return nil, err
	}

	// If the first page shows all vehicles, its rows are newer than the index: count and summarize them.
	isWhole := q.After == nil && q.Offset == 0 && !p.hasMore()
	switch {
	case !q.Total:
	case isWhole:
		a.Total = len(p.shown)
		a.Summary = r.summaryOfRows(p.shown)
		r.checkPrices(a)
	default:
		r.addTotal(set, a)
	}

	if len(q.Facets) > 0 {
		a.Facets = r.facets(set, r.remainingRoom(a)/2) // the other half is for vehicles
	}

	// If nothing matches, say why.
	if isWhole && len(p.shown) == 0 || set.Count() == 0 {
		a.ZeroResults = r.zeroResults(notes.Unmatched, r.remainingRoom(a))
	}

	if err := r.writeVehicles(p, a); err != nil {
		return nil, err
	}

	return a, nil
}

// count answers a search that only asks for the total. It reads no row.
func (r *searchRequest) count(set index.Set, a *Answer) {
	r.addTotal(set, a)
	if len(r.query.Facets) > 0 {
		a.Facets = r.facets(set, r.remainingRoom(a))
	}

	if a.Total == 0 {
		a.ZeroResults = r.zeroResults(a.Notes.Unmatched, r.remainingRoom(a))
	}
}

// addTotal counts a set and summarizes it.
func (r *searchRequest) addTotal(set index.Set, a *Answer) {
	a.Total = set.Count()
	a.Summary = r.summaryOfSet(set)
	r.checkPrices(a)
}

// checkPrices records the currencies of prices that the summary leaves out.
func (r *searchRequest) checkPrices(a *Answer) {
	f := r.generation.catalog.Field("price")
	if f == nil {
		return
	}

	if _, isSingle := r.query.Currency(f); !isSingle {
		a.leaveOutCurrencies(r.index(), f)
	}
}
