package stock

import (
	"cmp"
	"context"
	"database/sql"
	"net/url"
	"slices"
	"strings"
	"time"
)

// noMatchShare is the share of a request's time that a search which found nothing has to find out why:
// 150 ms of 5 s.
const noMatchShare = 3.0 / 100

// NoMatch tells why nothing matches, and what nearly does.
type NoMatch struct {
	Filters      []Obstacle  `json:"filters"`
	DidYouMean   []Guess     `json:"did_you_mean,omitempty"`
	Alternatives []NearMatch `json:"alternatives,omitempty"`
	NotComputed  []string    `json:"not_computed,omitempty"` // what there was no time for
}

// Obstacle is one filter, and how many vehicles would match if it were the only one, and were it not there.
type Obstacle struct {
	Parameter string `json:"parameter"`
	Alone     int    `json:"alone"`
	Without   int    `json:"without"`
	Call
}

// Guess is a value in stock that one which is not may stand for.
type Guess struct {
	Parameter string `json:"parameter"`
	Received  string `json:"received"`
	Meant     string `json:"suggestion"`
	In        string `json:"suggested_parameter,omitempty"` // where the value belongs, if it is not in Parameter
	Count     int    `json:"count"`
	Call
}

// NearMatch is a search nearby that finds something.
type NearMatch struct {
	Why   string `json:"why"`
	Count int    `json:"count"`
	Call
}

// Call is the request by which a search can be made. Whoever serves it knows the URL.
type Call struct {
	Request url.Values `json:"-"`
	URL     string     `json:"url,omitempty"`
}

// Calls are all requests that n holds, to be given a URL.
func (n *NoMatch) Calls() []*Call {
	var all []*Call
	for i := range n.Filters {
		all = append(all, &n.Filters[i].Call)
	}
	for i := range n.DidYouMean {
		all = append(all, &n.DidYouMean[i].Call)
	}
	for i := range n.Alternatives {
		all = append(all, &n.Alternatives[i].Call)
	}
	return all
}

// why finds out why a search finds nothing, as far as its time goes.
type why struct {
	view
	q       *Query
	clauses []clause // one for each filter, and then one for each word
	found   *NoMatch
}

func (v view) noMatch(ctx context.Context, q *Query) (*NoMatch, error) {
	conditions, err := v.conditions(ctx, q, nil)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(float64(v.store.Timeout)*noMatchShare))
	defer cancel()
	w := why{v, q, conditions, &NoMatch{Filters: []Obstacle{}}}
	for _, part := range []struct {
		name string
		find func(context.Context) error
	}{{"filters", w.obstacles}, {"did_you_mean", w.guesses}, {"alternatives", w.nearby}} {
		if err := part.find(ctx); err != nil {
			if ctx.Err() == nil {
				return nil, err
			}
			w.found.NotComputed = append(w.found.NotComputed, part.name)
		}
	}
	return w.found, nil
}

// but are the conditions without those of some parameters; q stands for the words.
func (w *why) but(parameters ...string) []clause {
	var all []clause
	for i, c := range w.clauses {
		name := "q"
		if i < len(w.q.Filters) {
			name = w.q.Filters[i].Parameter
		}
		if !slices.Contains(parameters, name) {
			all = append(all, c)
		}
	}
	return all
}

// with is the request without some parameters, and with values of another.
func (w *why) with(without []string, name string, values ...string) Call {
	request := url.Values{}
	for n, v := range w.q.values {
		if !slices.Contains(without, n) && n != "cursor" {
			request[n] = v
		}
	}
	if name != "" {
		request[name] = values
	}
	request.Set("match", "exact") // it has been read
	return Call{Request: request}
}

// obstacles counts for each filter what there is with it alone, and without it.
func (w *why) obstacles(ctx context.Context) error {
	var names []string
	for _, f := range w.q.Filters {
		names = append(names, f.Parameter)
	}
	if len(w.q.Words) > 0 {
		names = append(names, "q")
	}
	for _, name := range names {
		o := Obstacle{Parameter: name}
		others := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
		var err error
		if o.Alone, err = w.count(ctx, w.but(others...)); err != nil {
			return err
		}
		if len(others) > 0 {
			if o.Without, err = w.count(ctx, w.but(name)); err != nil {
				return err
			}
			if o.Without > 0 {
				o.Call = w.with([]string{name}, "")
			}
		}
		w.found.Filters = append(w.found.Filters, o)
	}
	return nil
}

// guesses suggests values in stock for those that are not.
func (w *why) guesses(ctx context.Context) error {
	for _, f := range w.q.Filters {
		if f.Field.class() != text && f.Field.class() != list || len(f.Meant) > 0 {
			continue
		}
		for _, received := range f.Texts {
			guesses, err := w.guess(ctx, f, received)
			if err != nil {
				return err
			}
			w.found.DidYouMean = append(w.found.DidYouMean, guesses...)
		}
	}
	return nil
}

func (w *why) guess(ctx context.Context, f Filter, received string) ([]Guess, error) {
	values, _, err := w.vocabulary.values(ctx, f.Field)
	if err != nil {
		return nil, err
	}
	var guesses []Guess
	add := func(field *Field, meant []string) error {
		filter := Filter{Field: field, Meant: meant}
		n, err := w.count(ctx, append(w.but(f.Parameter, field.Name), filter.clause(w.dialect)))
		g := Guess{Parameter: f.Parameter, Received: shown(received), Meant: plainText(meant[0]), Count: n, Call: w.with([]string{f.Parameter}, field.Name, meant...)}
		if field != f.Field {
			g.In = field.Name
		}
		guesses = append(guesses, g)
		return err
	}
	for _, name := range nearest(received, values) {
		if err := add(f.Field, []string{name}); err != nil {
			return nil, err
		}
	}
	for _, name := range append([]string{"city", "state"}, told...) {
		field := w.byName[name]
		if field == nil || field == f.Field || field.class() != text {
			continue
		}
		meant, _, err := w.meaning(ctx, field, received)
		if err != nil {
			return nil, err
		}
		if len(meant) > 0 {
			if err := add(field, meant); err != nil {
				return nil, err
			}
		}
	}
	slices.SortStableFunc(guesses, func(a, b Guess) int { return cmp.Compare(b.Count, a.Count) })
	return guesses, nil
}

// nearby finds the next price, mileage and year, and others of the same body.
func (w *why) nearby(ctx context.Context) error {
	for _, name := range []string{"price", "mileage", "year"} {
		f := w.byName[name]
		if f == nil || f.class() != number {
			continue
		}
		var names []string
		low, high := "", "" // of all that was asked for
		for _, filter := range w.q.Filters {
			if filter.Field != f {
				continue
			}
			names = append(names, filter.Parameter)
			for _, s := range filter.Spans {
				if s.From != "" && (low == "" || compare(s.From, low) < 0) {
					low = s.From
				}
				if s.To != "" && (high == "" || compare(s.To, high) > 0) {
					high = s.To
				}
			}
		}
		for _, next := range []struct{ end, order, comparison, parameter, why string }{
			{high, "ASC", " > ", name + "_max", "the next " + name + " above"}, {low, "DESC", " < ", name + "_min", "the next " + name + " below"},
		} {
			if next.end == "" {
				continue
			}
			if low != "" && high != "" {
				next.parameter = name // a bound would bring in all on that side
			}
			if err := w.next(ctx, f, names, next.end, next.order, next.comparison, next.parameter, next.why); err != nil {
				return err
			}
		}
	}
	return w.sameBody(ctx)
}

// next looks for the vehicles whose number is nearest to the end of what was asked for.
func (w *why) next(ctx context.Context, f *Field, names []string, end, order, comparison, parameter, reason string) error {
	placeholder, arg := w.dialect.bind(f, end)
	rest := w.but(names...)
	where, args := joined(rest, clause{f.number + comparison + placeholder, []any{arg}})
	var value any
	// Not by MIN or MAX: MariaDB takes those from an index by a bound that it has rounded to the column's scale.
	statement := "SELECT " + f.number + " FROM " + w.from + where + " ORDER BY 1 " + order + " LIMIT ?"
	err := w.store.query(ctx, "nearby", statement, append(args, 1), func(rows *sql.Rows) error { return rows.Scan(&value) })
	if err != nil || value == nil {
		return err
	}
	number := strings.Trim(string(appendValue(nil, f.Kind, value)), `"`)
	if f.counts() {
		parameter = f.Name
	}
	span, ok := f.span(number)
	if !ok || w.parameters[parameter].field != f {
		return nil
	}
	switch w.parameters[parameter].op {
	case from:
		span.To = ""
	case to:
		span.From = ""
	}
	sql, sqlArgs := f.within([]Span{span}, w.dialect)
	n, err := w.count(ctx, append(rest, clause{sql, sqlArgs}))
	if err != nil {
		return err
	}
	w.found.Alternatives = append(w.found.Alternatives, NearMatch{Why: reason + ": " + number, Count: n, Call: w.with(names, parameter, number)})
	return nil
}

// sameBody looks for other makes and models of the body that the model has which was asked for.
func (w *why) sameBody(ctx context.Context) error {
	body := w.byName["body_type"]
	var models []clause
	for _, f := range w.q.Filters {
		if f.Field == body {
			return nil
		}
		if f.Field.Name == "make" || f.Field.Name == "model" {
			if len(f.Meant) == 0 {
				return nil
			}
			models = append(models, f.clause(w.dialect))
		}
	}
	if body == nil || body.class() != text || len(models) == 0 || !w.asks("model") {
		return nil
	}
	where, args := joined(models, clause{sql: body.quoted + " IS NOT NULL"})
	var bodies []string
	err := w.store.query(ctx, "nearby", "SELECT DISTINCT "+body.exact+" FROM "+w.from+where+" ORDER BY 1 LIMIT 5", args, func(rows *sql.Rows) error {
		var s string
		err := rows.Scan(&s)
		bodies = append(bodies, s)
		return err
	})
	if err != nil || len(bodies) == 0 {
		return err
	}
	filter := Filter{Field: body, Meant: bodies}
	n, err := w.count(ctx, append(w.but("make", "model", "trim"), filter.clause(w.dialect)))
	if err == nil && n > 0 {
		w.found.Alternatives = append(w.found.Alternatives, NearMatch{Why: "others of the same body: " + strings.Join(bodies, ", "), Count: n,
			Call: w.with([]string{"make", "model", "trim"}, "body_type", bodies...)})
	}
	return err
}

func (w *why) asks(name string) bool {
	return slices.ContainsFunc(w.q.Filters, func(f Filter) bool { return f.Field.Name == name })
}
