// Package answer writes the result of a search, or the problem with it, as JSON. HTTP and MCP send the same answers. It
// does not search, and knows no headers and no protocols.
package answer

import (
	"context"
	"net/url"
	"time"

	"github.com/segmentio/encoding/json"

	"carstock/services/carapi/internal/search"
)

// Answer is an answer as it is sent.
type Answer struct {
	Body   []byte
	Stable []byte // the part of Body that only changes with the stock
	Rows   int    // vehicles in it
	Origin search.Origin
	Next   string // the path and query of the next page; empty on the last
}

// Search finds vehicles. at is the resource of the request.
func Search(ctx context.Context, s *search.Service, at Resource, values url.Values) (*Answer, error) {
	a, err := s.Search(ctx, values)
	if err != nil {
		return nil, err
	}

	r := SearchResult{
		Cars: a.Cars, Summary: a.Summary, Truncation: a.Truncation, ZeroResults: a.ZeroResults,
		Facets: a.Facets, Context: contextOf(a),
	}
	if a.Total >= 0 {
		r.Total = &a.Total
	}

	// An answer without vehicles has no page.
	next, hasMore := "", a.Next != nil
	if a.Cars != nil {
		r.Returned, r.HasMore = &a.Count, &hasMore
		r.Next, r.NextCursor = json.RawMessage("null"), json.RawMessage("null")
	}

	if hasMore {
		next = at.URL(a.Next)
		r.Next, r.NextCursor = appendJSON(nil, next), appendJSON(nil, a.Next.Get("cursor"))
	}

	if a.ZeroResults != nil {
		a.ZeroResults.Link(at.URL)
	}

	out := newAnswer(a, &r)
	out.Rows, out.Next = a.Count, next
	return out, nil
}

// Facets counts the values of fields among the vehicles that match.
func Facets(ctx context.Context, s *search.Service, _ Resource, values url.Values) (*Answer, error) {
	a, err := s.Facets(ctx, values)
	if err != nil {
		return nil, err
	}
	return newAnswer(a, &FacetsResult{a.Facets, contextOf(a)}), nil
}

// Stats measures the vehicles that match.
func Stats(ctx context.Context, s *search.Service, _ Resource, values url.Values) (*Answer, error) {
	a, err := s.Stats(ctx, values)
	if err != nil {
		return nil, err
	}

	result := StatsResult{Count: a.Total, Fields: a.Facets, Groups: a.Groups, Context: contextOf(a)}
	if a.Groups != nil {
		result.Other = &a.Other
	}

	return newAnswer(a, &result), nil
}

// Car returns one vehicle by its id.
func Car(ctx context.Context, s *search.Service, _ Resource, id string, values url.Values) (*Answer, error) {
	return carAnswer(s.Car(ctx, id, values))
}

// CarByVIN returns one vehicle by its VIN.
func CarByVIN(ctx context.Context, s *search.Service, _ Resource, vin string, values url.Values) (*Answer, error) {
	return carAnswer(s.CarByVIN(ctx, vin, values))
}

// Similar returns one vehicle by its id, with the prices of similar ones.
func Similar(ctx context.Context, s *search.Service, _ Resource, id string, values url.Values) (*Answer, error) {
	found, err := s.Similar(ctx, id, values)
	if err != nil {
		return nil, err
	}

	result := SimilarResult{
		found.Car, comparisonOf(found), found.Origin.Source,
		found.Origin.AsOf.UTC().Truncate(time.Second),
	}
	a := newAnswer(&search.Answer{Cars: found.Cars, Origin: found.Origin}, &result)
	a.Rows = 1 + found.Shown

	return a, nil
}

// WithComparables adds the prices of similar vehicles to a vehicle.
func WithComparables(found *search.Similar, err error) (*Answer, error) {
	if err != nil {
		return nil, err
	}

	comparison := comparisonOf(found)
	body := append(found.Car[:len(found.Car)-1:len(found.Car)-1], `,"comparables":`...)
	body = append(appendJSON(body, &comparison), '}')

	return &Answer{Body: body, Stable: body, Rows: 1 + found.Shown, Origin: found.Origin}, nil
}

// Changes returns what happened to vehicles.
func Changes(ctx context.Context, s *search.Service, at Resource, values url.Values) (*Answer, error) {
	found, err := s.Changes(ctx, values)
	if err != nil {
		return nil, err
	}

	page, next := pageOf(found, at)
	result := ChangesResult{
		Changes: found.Events, Page: page, Total: found.Total, Recorded: found.From.UTC(),
		Applied: found.Applied, Source: found.Origin.Source, AsOf: found.Origin.AsOf.UTC().Truncate(time.Second),
	}
	for _, b := range found.Bulks {
		result.Unlisted = append(result.Unlisted, BulkChange{b.At, b.Inserted, b.Updated, b.Deleted})
	}
	a := newAnswer(&search.Answer{Cars: found.Events, Origin: found.Origin}, &result)
	a.Rows, a.Next = found.Count, next

	return a, nil
}

// History returns what happened to the vehicle with an id.
func History(ctx context.Context, s *search.Service, at Resource, id string, values url.Values) (*Answer, error) {
	found, err := s.History(ctx, id, values, 0)
	if err != nil {
		return nil, err
	}
	return historyAnswer(found, at), nil
}

// HistoryByVIN returns what happened to the vehicle with a VIN.
func HistoryByVIN(ctx context.Context, s *search.Service, at Resource, vin string, values url.Values) (*Answer, error) {
	found, err := s.HistoryByVIN(ctx, vin, values, 0)
	if err != nil {
		return nil, err
	}
	return historyAnswer(found, at), nil
}

// historyAnswer writes what happened to one vehicle.
func historyAnswer(found *search.Changes, at Resource) *Answer {
	rows, next := rowHistory(found, at)
	result := HistoryResult{found.ID, found.Car, rows, found.Origin.Source, found.Origin.AsOf.UTC().Truncate(time.Second)}
	a := newAnswer(&search.Answer{Cars: found.Events, Origin: found.Origin}, &result)
	a.Rows, a.Next = found.Count, next
	return a
}

// rowHistory returns the events of one vehicle, and the path and query of the next page.
func rowHistory(found *search.Changes, at Resource) (rows RowHistory, next string) {
	page, next := pageOf(found, at)
	return RowHistory{found.Events, page, found.From.UTC()}, next
}

// pageOf says which part of the events an answer has, and returns the path and query of the next part.
func pageOf(found *search.Changes, at Resource) (p Page, next string) {
	p = Page{found.Count, found.Next != nil, json.RawMessage("null"), json.RawMessage("null")}
	if p.HasMore {
		next = at.URL(found.Next)
		p.Next, p.NextCursor = appendJSON(nil, next), appendJSON(nil, found.Next.Get("cursor"))
	}
	return p, next
}

// AddHistory adds to the answer of one vehicle what the history says of it, and what has happened to it.
func (a *Answer) AddHistory(found *search.Changes, at Resource) {
	rows, _ := rowHistory(found, at)
	body := append(a.Body[:len(a.Body)-1:len(a.Body)-1], `,"history":`...)

	// The facts and the changes become members of one object.
	if facts := found.Facts; len(facts) > len("{}") {
		body = append(append(body, facts[:len(facts)-1]...), ',')
		body = append(body, appendJSON(nil, &rows)[1:]...)
	} else {
		body = appendJSON(body, &rows)
	}
	a.Body = append(body, '}')
	a.Stable = a.Body
}

func comparisonOf(found *search.Similar) Comparison {
	return Comparison{
		Limits: found.Limits, Missing: found.Missing, Count: found.Count, Price: found.Price,
		Percentile: found.Percentile, Cars: found.Cars,
	}
}

func carAnswer(c *search.Car, err error) (*Answer, error) {
	if err != nil {
		return nil, err
	}
	return &Answer{Body: c.Body, Stable: c.Body, Rows: 1, Origin: c.Origin}, nil
}

// Fields describes all fields.
func Fields(ctx context.Context, s *search.Service) (*Answer, error) {
	all, err := s.Fields(ctx)
	if err != nil {
		return nil, err
	}
	body := appendJSON(nil, &FieldsResult{all})
	return &Answer{Body: body, Stable: body}, nil
}

// contextOf returns how a request was understood, and how fresh its answer is.
func contextOf(a *search.Answer) Context {
	return Context{
		Applied: a.Applied, Notes: a.Notes, NotNumbers: a.NotNumbers, Currencies: a.Currencies,
		Source: a.Origin.Source, AsOf: a.Origin.AsOf.UTC().Truncate(time.Second),
	}
}

// asOfSuffix has the length of the end of an answer. The stable part does not include it, because otherwise no live
// answer would ever equal another.
const asOfSuffix = `,"as_of":"2006-01-02T15:04:05Z"}`

// newAnswer writes a result whose last member is as_of.
func newAnswer(a *search.Answer, result any) *Answer {
	const rest = 3 << 10 // usually enough for the rest of an answer
	body := appendJSON(make([]byte, 0, len(a.Cars)+len(a.Facets)+len(a.Applied)+rest), result)
	return &Answer{Body: body, Stable: body[:len(body)-len(asOfSuffix)], Origin: a.Origin}
}

// appendJSON appends a value as JSON without escaping HTML: the & of a URL stays. It copies what already is JSON,
// because reading it would take longer than everything together.
func appendJSON(b []byte, v any) []byte {
	b, _ = json.Append(b, v, json.SortMapKeys|json.TrustRawMessage) // the types of answers always encode
	return b
}
