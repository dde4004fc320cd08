package search

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// A field lists all its values if there are at most fewValues, and otherwise the first someValues.
const (
	fewValues  = 50
	someValues = 10
)

// Description describes a field and what requests may ask of it.
type Description struct {
	Name      string   `json:"name"`
	Column    string   `json:"column"` // empty for a computed field
	Type      string   `json:"type"`   // integer, number, text, date, date-time, json or bytes
	Unit      string   `json:"unit,omitempty"`
	About     string   `json:"about,omitempty"`
	Operators []string `json:"operators"` // as catalog.Field.Operators returns them
	Filters   []string `json:"filters"`   // its parameters, the field's own name first
	Sort      bool     `json:"sort"`
	Facet     bool     `json:"facet"`
	Values    []string `json:"values,omitempty"` // in stock
	Complete  *bool    `json:"values_complete,omitempty"`
	// how the column was bound to the field: CARS_FIELDS, name, name and values, values
	Bound string `json:"bound_by,omitempty"`
	// the column that also holds other things, or the fields that it is computed from
	From       string `json:"derived_from,omitempty"`
	NotNumbers int    `json:"not_a_number,omitempty"` // values that are not understood as numbers
	Warning    string `json:"warning,omitempty"`      // the stored values no longer fit the field
	Boolean    bool   `json:"boolean,omitempty"`      // its values are spellings of true and false

	Min json.RawMessage `json:"min,omitempty"` // in stock
	Max json.RawMessage `json:"max,omitempty"`

	MayBeText bool `json:"-"` // answers may show some of its numbers as texts
}

// fromHistory says what the fields of the change history are derived from.
const fromHistory = "the change history"

// HasHistory reports whether these are the fields of a table with a change history.
func HasHistory(fields []Description) bool {
	return slices.ContainsFunc(fields, func(d Description) bool { return d.From == fromHistory })
}

// Fields describes all fields, with some of their values in stock.
func (s *Service) Fields(ctx context.Context) ([]Description, error) {
	return withFallback(ctx, s, func(_ context.Context, _ *source, g *generation) ([]Description, error) {
		return g.descriptions(), nil
	})
}

// KnownFields describes all fields from the present index without a refresh: anyone may ask for them.
func (s *Service) KnownFields(ctx context.Context) ([]Description, error) {
	return withFallback(ctx, s, func(_ context.Context, _ *source, g *generation) ([]Description, error) {
		return g.descriptions(), nil
	}, withoutRefresh)
}

// descriptions returns the descriptions of all fields, computed once per generation.
func (g *generation) descriptions() []Description {
	g.describeOnce.Do(func() {
		g.described = make([]Description, 0, len(g.catalog.Fields))
		for i := range g.catalog.Fields {
			g.described = append(g.described, g.describe(&g.catalog.Fields[i]))
		}
	})
	return g.described
}

// describe describes a field, with its values in stock.
func (g *generation) describe(f *catalog.Field) Description {
	d := Description{
		Name: f.Name, Column: f.Column.Name, Type: f.Type(), Unit: f.Unit, About: f.About,
		Operators: f.Operators(), Filters: []string{}, Sort: f.IsSortable(), Facet: f.IsFacetable(), Bound: f.BoundBy,
		NotNumbers: g.index.CountNotNumbers(f), Boolean: f.Flag, Warning: g.disagreements()[f.Name],
	}
	switch {
	case f.IsDerived():
		d.From = f.Column.Name
	case f.IsHistory():
		d.Column, d.From = "", fromHistory
	case f.IsComputed():
		d.Column, d.From = "", "make, model, year and price of all vehicles"
	}

	// Find its parameters, which have a prefix if their names mean something else.
	for _, name := range []string{f.Name, f.Name + "_min", f.Name + "_max", f.Name + "_all", f.Name + "_not"} {
		for _, name := range []string{name, query.Qualifier + name} {
			if p, ok := g.interpreter.Parameters().Get(name); ok && p.Field == f {
				d.Filters = append(d.Filters, name)
			}
		}
	}

	// Amounts in several currencies have no order, and so no minimum.
	if (f.Class() == catalog.ClassNumber || f.Class() == catalog.ClassInstant) && !f.IsOfCurrencies() {
		low, high := g.index.MinMax(g.index.All(), f, false)
		if low.Type != value.Null {
			d.Min, d.Max = low.AppendJSON(nil, f.Kind), high.AppendJSON(nil, f.Kind)
		}
	}

	// A SQLite column may hold values of other types than its own.
	isText := func(number json.RawMessage) bool { return bytes.HasPrefix(number, []byte{'"'}) }
	d.MayBeText = f.HasLongNumbers() || d.NotNumbers > 0 || isText(d.Min) || isText(d.Max)

	// List the values of fields that name things, all or the first ones.
	if f.Class() == catalog.ClassText && f.IsFacetable() || f.Class() == catalog.ClassList {
		if texts := g.index.Texts(f); texts != nil && !isFreeText(f, texts.Values) {
			values, complete := texts.Values, len(texts.Values) <= fewValues
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

// maxListed is how many characters a value may have to be listed.
const maxListed = 60

// isFreeText reports whether the values of a field are sentences rather than names.
func isFreeText(f *catalog.Field, values []string) bool {
	if f.Class() != catalog.ClassList && strings.HasSuffix(strings.ToLower(f.Column.Type), "text") && f.BoundBy == "" {
		return slices.ContainsFunc(values, func(v string) bool { return strings.Count(v, " ") > 3 || len(v) > maxListed })
	}
	return slices.ContainsFunc(values, func(v string) bool { return utf8.RuneCountInString(v) > maxListed })
}
