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

// maxFacet is how many values of a field are counted individually, the most frequent ones.
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

		fields := comparedFields(q)
		for _, facet := range q.Facets {
			fields = append(fields, facet.Field)
		}

		r := searchRequest{ctx: ctx, source: src, generation: g, query: q}
		a := &Answer{Applied: q.Applied(false), Notes: notes, Origin: g.originOf(q), NotNumbers: g.notNumbers(fields...)}
		a.Facets = r.facets(g.index.Match(q, nil), r.remainingRoom(a))

		return a, nil
	})
}

// facets counts each field's values under the other fields' filters: how many vehicles would match with another value.
// set is what all filters leave. The fields share room characters; values that do not fit are counted as others.
func (r *searchRequest) facets(set index.Set, room int) []byte {
	b := []byte{'{'}
	for i, by := range r.query.Facets {
		f := by.Field
		if i > 0 {
			b = append(b, ',')
		}

		b = append(value.AppendString(b, f.Name), `:{"values":[`...)

		// A field ignores its own filter.
		counted := set
		if slices.ContainsFunc(r.query.Filters, func(filter query.Filter) bool { return filter.Field == f }) {
			counted = r.index().Match(r.query, f)
		}

		// Each field gets an equal share of the room that is left.
		counts, other := r.index().Facet(counted, by, maxFacet)
		end := len(b) + (room-len(b))/(len(r.query.Facets)-i)
		for j, c := range counts {
			before := len(b)
			if j > 0 {
				b = append(b, ',')
			}

			b = append(b, `{"value":`...)
			b = appendShown(b, f, c.From)
			if c.To.Type != value.Null {
				b = append(b, `,"below":`...)
				b = appendShown(b, f, c.To)
			}

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

// appendShown appends a value of the index as answers show it.
func appendShown(b []byte, f *catalog.Field, c value.Cell) []byte {
	if f.Class() == catalog.ClassText && c.Type == value.Text {
		return value.AppendString(b, value.Clean(string(c.Form)))
	}
	return c.AppendJSON(b, f.Kind)
}

// measuredFields are the fields that Stats measures.
var measuredFields = []string{"price", "mileage", "year"}

// Stats counts the vehicles that match and measures their price, mileage and year, of all of them or, with by, of
// groups. The Answer's Facets are a JSON object of the aggregates by field.
func (s *Service) Stats(ctx context.Context, values url.Values) (*Answer, error) {
	return withFallback(ctx, s, func(ctx context.Context, src *source, g *generation) (*Answer, error) {
		q, notes, err := g.interpreter.Interpret(g.index, values, "q", "by", "has", "missing")
		if err != nil {
			return nil, err
		}

		set := g.index.Match(q, nil)
		a := &Answer{Total: set.Count(), Applied: q.Applied(false), Notes: notes, Origin: g.originOf(q)}

		// Amounts in several currencies cannot be measured.
		var measured []*catalog.Field
		for _, name := range measuredFields {
			f := g.catalog.NumberField(name)
			if f == nil {
				continue
			}
			if _, isSingle := q.Currency(f); !isSingle {
				a.leaveOutCurrencies(g.index, f)
				continue
			}

			measured = append(measured, f)
		}

		fields := append(comparedFields(q), measured...)
		for _, by := range q.By {
			fields = append(fields, by.Field)
		}

		a.NotNumbers = g.notNumbers(fields...)
		if len(q.By) > 0 {
			r := searchRequest{ctx: ctx, source: src, generation: g, query: q}
			r.addGroups(set, measured, a)
			return a, nil
		}

		var all []index.Statistics
		for _, f := range measured {
			all = append(all, g.index.Statistics(set, f))
		}

		a.Facets = appendAggregates(nil, measured, all)
		return a, nil
	})
}

// appendAggregates appends the aggregates of fields, by field name.
func appendAggregates(b []byte, fields []*catalog.Field, all []index.Statistics) []byte {
	b = append(b, '{')
	for i, f := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(value.AppendString(b, f.Name), ':')
		b = aggregatesOf(f, all[i]).append(b)
	}
	return append(b, '}')
}

// maxGroups is how many groups are measured, the largest ones.
const maxGroups = 50

// addGroups measures fields of a set in groups. Groups that do not fit are counted as others.
func (r *searchRequest) addGroups(set index.Set, measured []*catalog.Field, a *Answer) {
	groups, other := r.index().Groups(set, r.query.By, measured, maxGroups)
	room := r.remainingRoom(a)

	a.Groups = []byte{'['}
	for i, group := range groups {
		before := len(a.Groups)
		if i > 0 {
			a.Groups = append(a.Groups, ',')
		}

		a.Groups = r.appendGroup(a.Groups, group, measured)
		if len(a.Groups) > room {
			a.Groups = a.Groups[:before]
			for _, group := range groups[i:] {
				other += group.Count
			}
			break
		}
	}

	a.Groups, a.Other = append(a.Groups, ']'), other
}

// appendGroup appends a group: its values, its number of vehicles, and their aggregates.
func (r *searchRequest) appendGroup(b []byte, group index.Group, measured []*catalog.Field) []byte {
	b = append(b, '{')
	for i, by := range r.query.By {
		name := by.Field.Name
		if slices.Contains(groupMembers, name) {
			name = query.Qualifier + name
		}

		b = append(value.AppendString(b, name), ':')
		b = append(appendShown(b, by.Field, group.Spans[i].From), ',')
		if by.Step != "" {
			b = append(value.AppendString(b, name+"_below"), ':')
			b = append(appendShown(b, by.Field, group.Spans[i].To), ',')
		}
	}

	b = append(b, `"count":`...)
	b = append(strconv.AppendInt(b, int64(group.Count), 10), `,"fields":`...)
	return append(appendAggregates(b, measured, group.Measures), '}')
}

// groupMembers are the members of a group in addition to its values.
var groupMembers = []string{"count", "fields"}

// leaveOutCurrencies records the currencies of a field that is not measured because its amounts cannot be compared.
func (a *Answer) leaveOutCurrencies(x *index.Index, f *catalog.Field) {
	a.Currencies = map[string][]string{}
	if texts := x.Texts(f.CurrencyIn); texts != nil {
		a.Currencies[f.Name] = texts.Values
	}
}

// Aggregates are how many vehicles have a value, and its minimum, maximum, average and median; null if none has one.
type Aggregates struct {
	Count   int             `json:"count"`
	Min     json.RawMessage `json:"min"`
	Max     json.RawMessage `json:"max"`
	Average json.RawMessage `json:"average"`
	Median  json.RawMessage `json:"median"`
}

// append appends the aggregates as encoding/json would, but faster: an answer may have hundreds.
func (m Aggregates) append(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"count":`...), int64(m.Count), 10)
	for _, measure := range []struct {
		name string
		json json.RawMessage
	}{{"min", m.Min}, {"max", m.Max}, {"average", m.Average}, {"median", m.Median}} {
		b = append(append(append(b, `,"`...), measure.name...), `":`...)
		if measure.json == nil {
			b = append(b, "null"...)
		}
		b = append(b, measure.json...)
	}

	return append(b, '}')
}

// aggregatesOf writes the statistics of a field as JSON.
func aggregatesOf(f *catalog.Field, s index.Statistics) Aggregates {
	m := Aggregates{Count: s.Count, Min: s.Min.AppendJSON(nil, f.Kind), Max: s.Max.AppendJSON(nil, f.Kind)}
	if s.Count > 0 {
		m.Average = roundedNumber(new(big.Rat).Quo(s.Sum, new(big.Rat).SetInt64(int64(s.Count))))
		m.Median = roundedNumber(s.Median)
	}
	return m
}

// roundedNumber rounds a number to two decimals and drops trailing zeros.
func roundedNumber(n *big.Rat) json.RawMessage {
	text, _ := value.NormalDecimal([]byte(n.FloatString(2)))
	return value.AppendExact(nil, schema.Decimal, text)
}

// encodeJSON encodes a value as JSON without escaping HTML: the & of a URL stays.
func encodeJSON(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the types of answers always encode
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
