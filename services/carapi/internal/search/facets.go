package search

import (
	"bytes"
	"context"
	"encoding/json"
	"math/big"
	"net/url"
	"slices"
	"strconv"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// maxFacet is how many values of a field are counted one by one; the most frequent.
const maxFacet = 100

// Facets counts the values of fields among the vehicles that match.
func (s *Service) Facets(ctx context.Context, values url.Values) (*Answer, error) {
	return withFallback(ctx, s, func(ctx context.Context, src *source, g *generation) (*Answer, error) {
		q, notes, err := g.interpreter.Interpret(g.index, values, "q", "facets", "has", "missing")
		if err != nil {
			return nil, err
		}
		if len(q.Facets) == 0 {
			q.Facets = g.interpreter.Parameters().UsualFacets()
		}
		r := request{ctx: ctx, source: src, generation: g, query: q}
		a := &Answer{Applied: q.Applied(false), Notes: notes, Origin: g.origin(),
			NotNumbers: g.notNumbers(append(compared(q), q.Facets...)...)}
		a.Facets = r.facets(g.index.Match(q, nil), r.room(a))
		return a, nil
	})
}

// facets counts each field's values under the other fields' filters: how many there would be if another value were
// chosen. The set is what all filters leave. The fields share so many characters; values for which there is no room
// are counted among the others.
func (r *request) facets(set index.Set, room int) []byte {
	b := []byte{'{'}
	for i, f := range r.query.Facets {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(value.AppendString(b, f.Name), `:{"values":[`...)
		counted := set
		if slices.ContainsFunc(r.query.Filters, func(filter query.Filter) bool { return filter.Field == f }) {
			counted = r.index().Match(r.query, f)
		}
		counts, other := r.index().Facet(counted, f, maxFacet)
		end := len(b) + (room-len(b))/(len(r.query.Facets)-i)
		for j, c := range counts {
			before := len(b)
			if j > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"value":`...)
			b = appendShown(b, f, c.Cell)
			b = append(b, `,"count":`...)
			b = append(strconv.AppendInt(b, int64(c.Count), 10), '}')
			if len(b) > end {
				b = b[:before]
				for _, c := range counts[j:] {
					other += c.Count
				}
				break
			}
		}
		b = append(b, `],"other":`...)
		b = append(strconv.AppendInt(b, int64(other), 10), '}')
	}
	return append(b, '}')
}

// appendShown writes a value of the index as answers show it.
func appendShown(b []byte, f *catalog.Field, c value.Cell) []byte {
	if f.Class() == catalog.Text && c.Type == value.Text {
		return value.AppendString(b, value.Clean(string(c.Form)))
	}
	return c.AppendJSON(b, f.Kind)
}

// measuredFields are the fields that Stats measures.
var measuredFields = []string{"price", "mileage", "year"}

// Stats counts the vehicles that match, and measures their price, mileage and year. The Answer's Facets are a JSON
// object of the measures by field.
func (s *Service) Stats(ctx context.Context, values url.Values) (*Answer, error) {
	return withFallback(ctx, s, func(_ context.Context, _ *source, g *generation) (*Answer, error) {
		q, notes, err := g.interpreter.Interpret(g.index, values, "q", "has", "missing")
		if err != nil {
			return nil, err
		}
		set := g.index.Match(q, nil)
		a := &Answer{Total: set.Count(), Applied: q.Applied(false), Notes: notes, Origin: g.origin()}
		fields := compared(q)
		a.Facets = []byte{'{'}
		for _, name := range measuredFields {
			f := g.catalog.NumberField(name)
			if f == nil {
				continue
			}
			if _, one := q.Currency(f); !one {
				a.leaveOutCurrencies(g.index, f)
				continue
			}
			if len(a.Facets) > 1 {
				a.Facets = append(a.Facets, ',')
			}
			a.Facets = append(value.AppendString(a.Facets, name), ':')
			a.Facets = append(a.Facets, encodeJSON(measuresOf(f, g.index.Statistics(set, f)))...)
			fields = append(fields, f)
		}
		a.NotNumbers = g.notNumbers(fields...)
		a.Facets = append(a.Facets, '}')
		return a, nil
	})
}

// leaveOutCurrencies notes the currencies of a field that is not measured, since its amounts cannot be compared.
func (a *Answer) leaveOutCurrencies(x *index.Index, f *catalog.Field) {
	a.Currencies = map[string][]string{}
	if texts := x.Texts(f.CurrencyIn); texts != nil {
		a.Currencies[f.Name] = texts.Values
	}
}

// Measures are how many vehicles have a value, the least, the greatest, the average and the median; null if none has one.
type Measures struct {
	Count   int             `json:"count"`
	Min     json.RawMessage `json:"min"`
	Max     json.RawMessage `json:"max"`
	Average json.RawMessage `json:"average"`
	Median  json.RawMessage `json:"median"`
}

func measuresOf(f *catalog.Field, s index.Statistics) Measures {
	m := Measures{Count: s.Count, Min: s.Min.AppendJSON(nil, f.Kind), Max: s.Max.AppendJSON(nil, f.Kind)}
	if s.Count > 0 {
		m.Average = rounded(new(big.Rat).Quo(s.Sum, new(big.Rat).SetInt64(int64(s.Count))))
		m.Median = rounded(s.Median)
	}
	return m
}

// rounded writes a number to two decimals, without zeros at the end.
func rounded(n *big.Rat) json.RawMessage {
	text, _ := value.NormalDecimal([]byte(n.FloatString(2)))
	return value.AppendExact(nil, schema.Decimal, text)
}

// encodeJSON writes a value as JSON, without regard for HTML: the & of a URL stays.
func encodeJSON(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // what answers are made of always encodes
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
