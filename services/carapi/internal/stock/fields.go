package stock

import (
	"context"
	"database/sql"
	"encoding/json"
	"sync"
	"time"
)

// fewValues is how many values of a field are listed whole; of more, the first someValues are.
const (
	fewValues  = 50
	someValues = 10
)

// Description tells a caller what a field is and what may be asked of it.
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

// Operators are the comparisons that requests may use on the field: eq (color=red), in
// (color=red,blue), range (price=20000-30000), min and max (price_min=20000), has (features=Sunroof).
func (f *Field) Operators() []string {
	switch f.class() {
	case text:
		return []string{"eq", "in"}
	case number:
		return []string{"eq", "in", "range", "min", "max"}
	case instant:
		return []string{"eq", "in", "min", "max"}
	case list:
		return []string{"has"}
	}
	return []string{}
}

// Fields describes all fields, with some of their values in stock.
func (s *Store) Fields(ctx context.Context) ([]Description, error) {
	return with(ctx, s, func(ctx context.Context, v view) ([]Description, error) {
		extremes, err := v.extremes.read(ctx, v)
		if err != nil {
			return nil, err
		}
		all := make([]Description, 0, len(v.Fields))
		for i := range v.Fields {
			f := &v.Fields[i]
			d := Description{Name: f.Name, Column: f.Column.Name, Type: f.Type(), Unit: f.Unit, About: f.About, Operators: f.Operators(),
				Filters: []string{}, Sort: f.Sorts(), Facet: f.Facets()}
			for _, name := range []string{f.Name, f.Name + "_min", f.Name + "_max"} {
				if v.parameters[name].field == f {
					d.Filters = append(d.Filters, name)
				}
			}
			if e, ok := extremes[f.Name]; ok {
				d.Min, d.Max = e[0], e[1]
			}
			if f.class() == text && f.Facets() || f.class() == list {
				values, _, err := v.vocabulary.values(ctx, f)
				if err != nil {
					return nil, err
				}
				if values != nil {
					complete := len(values) <= fewValues
					if !complete {
						values = values[:someValues]
					}
					for _, value := range values {
						d.Values = append(d.Values, plainText(value))
					}
					d.Complete = &complete
				}
			}
			all = append(all, d)
		}
		return all, nil
	})
}

// extremes are the least and the greatest values of numbers and times, kept as the vocabulary is.
type extremes struct {
	mu    sync.Mutex
	found map[string][2]json.RawMessage
	at    time.Time
}

func (e *extremes) read(ctx context.Context, v view) (map[string][2]json.RawMessage, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if time.Since(e.at) < vocabularyMaxAge {
		return e.found, nil
	}
	var fields []*Field
	selected := ""
	for i := range v.Fields {
		f := &v.Fields[i]
		if f.class() != number && f.class() != instant || f.wide() {
			continue
		}
		fields = append(fields, f)
		selected += ", MIN(" + f.value() + "), MAX(" + f.value() + ")"
	}
	found := map[string][2]json.RawMessage{}
	values, dest := make([]any, 2*len(fields)), make([]any, 2*len(fields)+1)
	dest[0] = new(int64)
	for i := range values {
		dest[i+1] = &values[i]
	}
	err := v.store.query(ctx, "extremes", "SELECT COUNT(*)"+selected+" FROM "+v.from, nil, func(rows *sql.Rows) error { return rows.Scan(dest...) })
	if err != nil {
		return nil, err
	}
	for i, f := range fields {
		if values[2*i] != nil {
			found[f.Name] = [2]json.RawMessage{appendValue(nil, f.Kind, values[2*i]), appendValue(nil, f.Kind, values[2*i+1])}
		}
	}
	e.found, e.at = found, time.Now()
	return found, nil
}
