package search

import (
	"context"
	"encoding/json"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// Up to fewValues values of a field are listed whole; of more, only the first someValues are.
const (
	fewValues  = 50
	someValues = 10
)

// Description says what a field is and what may be asked of it.
type Description struct {
	Name      string          `json:"name"`
	Column    string          `json:"column"`
	Type      string          `json:"type"` // integer, number, text, date, date-time, json or bytes
	Unit      string          `json:"unit,omitempty"`
	About     string          `json:"about,omitempty"`
	Operators []string        `json:"operators"` // eq, in, range, min, max, has
	Filters   []string        `json:"filters"`   // the parameters that do so, the field's own name first
	Sort      bool            `json:"sort"`
	Facet     bool            `json:"facet"`
	Values    []string        `json:"values,omitempty"` // in stock
	Complete  *bool           `json:"values_complete,omitempty"`
	Min       json.RawMessage `json:"min,omitempty"` // in stock
	Max       json.RawMessage `json:"max,omitempty"`
}

// Fields describes all fields, with some of their values in stock.
func (s *Service) Fields(ctx context.Context) ([]Description, error) {
	return withFallback(ctx, s, func(_ context.Context, _ *source, g *generation) ([]Description, error) {
		return g.descriptions(), nil
	})
}

// KnownFields describes all fields as the index has them, without reading it again: anyone may ask for them.
func (s *Service) KnownFields(ctx context.Context) ([]Description, error) {
	return withFallback(ctx, s, func(_ context.Context, _ *source, g *generation) ([]Description, error) {
		return g.descriptions(), nil
	}, asKnown)
}

// descriptions are made once for each generation.
func (g *generation) descriptions() []Description {
	g.describeOnce.Do(func() {
		g.described = make([]Description, 0, len(g.catalog.Fields))
		for i := range g.catalog.Fields {
			g.described = append(g.described, g.describe(&g.catalog.Fields[i]))
		}
	})
	return g.described
}

func (g *generation) describe(f *catalog.Field) Description {
	d := Description{Name: f.Name, Column: f.Column.Name, Type: f.Type(), Unit: f.Unit, About: f.About,
		Operators: f.Operators(), Filters: []string{}, Sort: f.Sorts(), Facet: f.Facets()}
	for _, name := range []string{f.Name, f.Name + "_min", f.Name + "_max"} {
		if p, ok := g.interpreter.Parameters().Get(name); ok && p.Field == f {
			d.Filters = append(d.Filters, name)
		}
	}
	if f.Class() == catalog.Number || f.Class() == catalog.Instant {
		low, high := g.index.Extremes(g.index.All(), f, false)
		if low.Type != value.Null {
			d.Min, d.Max = low.AppendJSON(nil, f.Kind), high.AppendJSON(nil, f.Kind)
		}
	}
	if f.Class() == catalog.Text && f.Facets() || f.Class() == catalog.List {
		if texts := g.index.Texts(f); texts != nil {
			values, complete := texts.All, len(texts.All) <= fewValues
			if !complete {
				values = values[:someValues]
			}
			for _, v := range values {
				d.Values = append(d.Values, value.Clean(v))
			}
			d.Complete = &complete
		}
	}
	return d
}
