// Package answer writes what a search found, or what is wrong with it, as JSON. HTTP and MCP send the same answers. It
// searches nothing itself, and knows neither headers nor protocols.
package answer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"carstock/services/carapi/internal/search"
)

// Answer is an answer as it is sent.
type Answer struct {
	Body   []byte
	Tagged []byte // the part of Body that is the same as long as the stock is
	Rows   int    // vehicles in it
	Origin search.Origin
	Next   string // the path and query of the next page; empty on the last
}

// Search finds vehicles. Path is where clients ask for searches.
func Search(ctx context.Context, s *search.Service, path string, values url.Values) (*Answer, error) {
	a, err := s.Search(ctx, values)
	if err != nil {
		return nil, err
	}
	out := &Answer{Rows: a.Count, Origin: a.Origin}
	body := slices.Insert(a.Cars, 0, []byte(`{"cars":[`)...)
	body = append(body, ']')
	body = fmt.Appendf(body, `,"returned":%d`, a.Count)
	if a.Total >= 0 {
		body = fmt.Appendf(body, `,"total":%d`, a.Total)
	}
	body = fmt.Appendf(body, `,"has_more":%t,"next":`, a.Next != nil)
	if a.Next != nil {
		out.Next = path + "?" + a.Next.Encode()
		body = append(append(body, encode(out.Next)...), `,"next_cursor":`...)
		body = append(body, encode(a.Next.Get("cursor"))...)
	} else {
		body = append(body, `null,"next_cursor":null`...)
	}
	if a.Summary != "" {
		body = append(append(body, `,"summary":`...), encode(a.Summary)...)
	}
	if a.Cut != nil {
		body = append(append(body, `,"cut":`...), encode(a.Cut)...)
	}
	if a.NoMatch != nil {
		a.NoMatch.Link(func(request url.Values) string { return path + "?" + request.Encode() })
		body = append(append(body, `,"no_match":`...), encode(a.NoMatch)...)
	}
	if a.Facets != nil {
		body = append(append(body, `,"facets":`...), a.Facets...)
	}
	out.finish(body, a)
	return out, nil
}

// Facets counts the values of fields among the vehicles that match.
func Facets(ctx context.Context, s *search.Service, _ string, values url.Values) (*Answer, error) {
	a, err := s.Facets(ctx, values)
	if err != nil {
		return nil, err
	}
	out := &Answer{Origin: a.Origin}
	out.finish(append([]byte(`{"facets":`), a.Facets...), a)
	return out, nil
}

// Stats measures the vehicles that match.
func Stats(ctx context.Context, s *search.Service, _ string, values url.Values) (*Answer, error) {
	a, err := s.Stats(ctx, values)
	if err != nil {
		return nil, err
	}
	out := &Answer{Origin: a.Origin}
	out.finish(append(fmt.Appendf(nil, `{"count":%d,"fields":`, a.Total), a.Facets...), a)
	return out, nil
}

// Car gives one vehicle by its id.
func Car(ctx context.Context, s *search.Service, id string, values url.Values) (*Answer, error) {
	return car(s.Car(ctx, id, values))
}

// CarByVIN gives one vehicle by its VIN.
func CarByVIN(ctx context.Context, s *search.Service, vin string, values url.Values) (*Answer, error) {
	return car(s.CarByVIN(ctx, vin, values))
}

func car(c *search.Car, err error) (*Answer, error) {
	if err != nil {
		return nil, err
	}
	return &Answer{Body: c.Body, Tagged: c.Body, Rows: 1, Origin: c.Origin}, nil
}

// Fields describes all fields.
func Fields(ctx context.Context, s *search.Service) (*Answer, error) {
	all, err := s.Fields(ctx)
	if err != nil {
		return nil, err
	}
	body := encode(map[string]any{"fields": all})
	return &Answer{Body: body, Tagged: body}, nil
}

// finish adds how the request was understood, and how fresh the answer is. The time of a live answer is not part of what
// is tagged: otherwise no answer would ever equal another one.
func (out *Answer) finish(body []byte, a *search.Answer) {
	body = append(append(body, `,"applied":`...), a.Applied...)
	if len(a.Notes.Interpreted) > 0 {
		body = append(append(body, `,"interpreted":`...), encode(a.Notes.Interpreted)...)
	}
	if len(a.Notes.Ignored) > 0 {
		body = append(append(body, `,"ignored":`...), encode(a.Notes.Ignored)...)
	}
	if len(a.Notes.Unmatched) > 0 {
		body = append(append(body, `,"unmatched":`...), encode(a.Notes.Unmatched)...)
	}
	if len(a.Notes.NotSearched) > 0 {
		body = append(append(body, `,"not_searched":`...), encode(a.Notes.NotSearched)...)
	}
	if len(a.NotNumbers) > 0 {
		body = append(append(body, `,"not_a_number":`...), encode(a.NotNumbers)...)
	}
	if len(a.Currencies) > 0 {
		body = append(append(body, `,"several_currencies":`...), encode(a.Currencies)...)
	}
	body = append(append(body, `,"source":`...), encode(a.Origin.Source)...)
	tagged := len(body)
	body = append(append(body, `,"as_of":`...), encode(a.Origin.AsOf.UTC().Format(time.RFC3339))...)
	out.Body = append(body, '}')
	out.Tagged = out.Body[:tagged]
}

// encode writes a value as JSON, without regard for HTML: the & of a URL stays.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // what answers are made of always encodes
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
