package search

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/interpret"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// ZeroResults says why nothing matches, and what nearly does.
type ZeroResults struct {
	Filters      []FilterCount `json:"filters"`
	DidYouMean   []Suggestion  `json:"did_you_mean,omitempty"`
	Alternatives []Alternative `json:"alternatives,omitempty"`
}

// FilterCount is one filter, and how many vehicles would match if it were the only one, and without it.
type FilterCount struct {
	Parameter string `json:"parameter"`
	Alone     int    `json:"alone"`
	Without   int    `json:"without"`
	Call
}

// Suggestion is a value in stock that was perhaps meant by one that is not.
type Suggestion struct {
	Parameter string `json:"parameter"`
	Received  string `json:"received"`
	Meant     string `json:"suggestion"`
	In        string `json:"suggested_parameter,omitempty"` // where the value belongs, if that is not Parameter
	Count     int    `json:"count"`
	Call
}

// Alternative is a search nearby that finds something.
type Alternative struct {
	Why   string `json:"why"`
	Count int    `json:"count"`
	Call
}

// Call is the request by which a search can be made. The HTTP handler fills in its URL.
type Call struct {
	Request url.Values `json:"-"`
	URL     string     `json:"url,omitempty"`
}

// Calls are all requests that z holds.
func (z *ZeroResults) Calls() []*Call {
	var all []*Call
	for i := range z.Filters {
		all = append(all, &z.Filters[i].Call)
	}
	for i := range z.DidYouMean {
		all = append(all, &z.DidYouMean[i].Call)
	}
	for i := range z.Alternatives {
		all = append(all, &z.Alternatives[i].Call)
	}
	return all
}

// relaxations looks for what the filters of an empty search leave out.
type relaxations struct {
	*request
	found *ZeroResults
}

func (r *request) zeroResults() *ZeroResults {
	w := relaxations{r, &ZeroResults{Filters: []FilterCount{}}}
	w.countFilters()
	w.suggestValues()
	for _, name := range []string{"price", "mileage", "year"} {
		w.nearestNumbers(name)
	}
	w.sameBody()
	return w.found
}

// without gives the vehicles that match when the filters of some parameters are left out; q stands for the words.
func (w *relaxations) without(parameters ...string) index.Set {
	q := *w.query
	q.Filters = nil
	for _, f := range w.query.Filters {
		if !slices.Contains(parameters, f.Parameter) {
			q.Filters = append(q.Filters, f)
		}
	}
	if slices.Contains(parameters, "q") {
		q.Words = nil
	}
	return w.index().Match(&q, nil)
}

// call is the request without some parameters, and with values of another one.
func (w *relaxations) call(without []string, name string, values ...string) Call {
	request := url.Values{}
	for n, v := range w.query.Values() {
		if !slices.Contains(without, n) && n != "cursor" {
			request[n] = v
		}
	}
	if name != "" {
		request[name] = values
	}
	request.Set("match", w.query.MatchAgain()) // it has been interpreted
	return Call{Request: request}
}

// countFilters counts for each filter what there is with it alone, and without it.
func (w *relaxations) countFilters() {
	var names []string
	for _, f := range w.query.Filters {
		names = append(names, f.Parameter)
	}
	if len(w.query.Words) > 0 {
		names = append(names, "q")
	}
	for _, name := range names {
		others := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
		c := FilterCount{Parameter: name, Alone: w.without(others...).Count()}
		if len(others) > 0 {
			if c.Without = w.without(name).Count(); c.Without > 0 {
				c.Call = w.call([]string{name}, "")
			}
		}
		w.found.Filters = append(w.found.Filters, c)
	}
}

// suggestValues suggests values in stock for those that are not.
func (w *relaxations) suggestValues() {
	for _, f := range w.query.Filters {
		if f.Field.Class() != catalog.Text && f.Field.Class() != catalog.List || len(f.Meant) > 0 {
			continue
		}
		for _, received := range f.Texts {
			w.found.DidYouMean = append(w.found.DidYouMean, w.suggest(f, received)...)
		}
	}
}

// suggest looks for values near to the one received, and for fields in which it is a value.
func (w *relaxations) suggest(f query.Filter, received string) []Suggestion {
	var all []Suggestion
	add := func(field *catalog.Field, meant []string) {
		filter := query.Filter{Field: field, Words: meant}
		count := w.index().Filter(w.without(f.Parameter, field.Name), &filter).Count()
		s := Suggestion{Parameter: f.Parameter, Received: value.Excerpt(received), Meant: value.Clean(meant[0]), Count: count,
			Call: w.call([]string{f.Parameter}, field.Name, meant...)}
		if field != f.Field {
			s.In = field.Name
		}
		all = append(all, s)
	}
	if texts := w.index().Texts(f.Field); texts != nil {
		for _, near := range value.Nearest(received, texts.Values) {
			add(f.Field, []string{near})
		}
	}
	for _, name := range append([]string{"city", "state"}, interpret.FreeTextFields...) {
		field := w.generation.catalog.TextField(name)
		if field == nil || field == f.Field {
			continue
		}
		if meant := w.generation.interpreter.Meaning(w.index(), field, received); len(meant) > 0 {
			add(field, meant)
		}
	}
	slices.SortStableFunc(all, func(a, b Suggestion) int { return cmp.Compare(b.Count, a.Count) })
	return all
}

// nearestNumbers finds the next value of a field above and below what was asked for.
func (w *relaxations) nearestNumbers(name string) {
	f := w.generation.catalog.NumberField(name)
	if f == nil {
		return
	}
	var parameters []string
	low, high := "", "" // of all that was asked for
	for _, filter := range w.query.Filters {
		if filter.Field != f {
			continue
		}
		parameters = append(parameters, filter.Parameter)
		for _, r := range filter.Ranges {
			if r.From != "" && (low == "" || value.CompareDecimals(r.From, low) < 0) {
				low = r.From
			}
			if r.To != "" && (high == "" || value.CompareDecimals(r.To, high) > 0) {
				high = r.To
			}
		}
	}
	for _, side := range []struct {
		end            string
		above          bool
		parameter, why string
	}{
		{high, true, name + "_max", "the next " + name + " above"},
		{low, false, name + "_min", "the next " + name + " below"},
	} {
		if side.end == "" {
			continue
		}
		if low != "" && high != "" {
			side.parameter = name // a bound would bring in everything on that side
		}
		w.nextNumber(f, parameters, side.end, side.above, side.parameter, side.why)
	}
}

// nextNumber offers the vehicles whose number is nearest to the end of what was asked for.
func (w *relaxations) nextNumber(f *catalog.Field, parameters []string, end string, above bool, parameter, why string) {
	rest := w.without(parameters...)
	next, ok := w.index().Next(rest, f, end, above)
	if !ok {
		return
	}
	number := string(next.Form)
	if f.Measure().Counts() {
		parameter = f.Name
	}
	r, ok := query.ParseRange(f, number)
	known, isParameter := w.generation.interpreter.Parameters().Get(parameter)
	if !ok || !isParameter || known.Field != f {
		return
	}
	switch known.Use {
	case query.AtLeast:
		r.To = ""
	case query.AtMost:
		r.From = ""
	}
	filter := query.Filter{Field: f, Ranges: []query.Range{r}}
	count := w.index().Filter(rest, &filter).Count()
	w.found.Alternatives = append(w.found.Alternatives, Alternative{Why: why + ": " + number, Count: count,
		Call: w.call(parameters, parameter, number)})
}

// maxBodies is how many bodies of a model are looked at.
const maxBodies = 5

// sameBody offers other makes and models of the body that the requested model has.
func (w *relaxations) sameBody() {
	body := w.generation.catalog.TextField("body_type")
	models := query.Query{}
	asksForModel := false
	for _, f := range w.query.Filters {
		switch f.Field.Name {
		case "body_type":
			return
		case "make", "model":
			if len(f.Meant) == 0 {
				return
			}
			models.Filters = append(models.Filters, f)
			asksForModel = asksForModel || f.Field.Name == "model"
		}
	}
	if body == nil || !asksForModel {
		return
	}
	bodies := w.index().DistinctTexts(w.index().Match(&models, nil), body, maxBodies)
	if len(bodies) == 0 {
		return
	}
	filter := query.Filter{Field: body, Words: bodies}
	count := w.index().Filter(w.without("make", "model", "trim"), &filter).Count()
	if count > 0 {
		w.found.Alternatives = append(w.found.Alternatives, Alternative{
			Why:   "others of the same body: " + strings.Join(bodies, ", "),
			Count: count, Call: w.call([]string{"make", "model", "trim"}, "body_type", bodies...)})
	}
}
