package search

import (
	"context"
	"math/big"
	"net/url"
	"strings"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// Names of members of a vehicle that come from more than its row.
const (
	PriceVsSimilar     = catalog.PriceVsSimilar
	FirstSeenOrEarlier = catalog.FirstSeenOrEarlier
)

// maxSimilar is how many similar vehicles are shown, the cheapest ones.
const maxSimilar = 10

// similarLimits are tried one after another until catalog.FewestSimilar vehicles are found: by how many years older or
// newer, and by what percentage more or less mileage; 0 for any.
var similarLimits = []struct{ years, mileage int64 }{{1, 25}, {1, 50}, {2, 50}, {2, 0}, {3, 0}}

// NotComparedError says that the table lacks fields that are needed to compare prices.
type NotComparedError struct{ Reason string }

func (e NotComparedError) Error() string { return "similar vehicles: " + e.Reason }

// Similar is a vehicle together with the prices of similar ones.
type Similar struct {
	Car        []byte // a JSON object
	Limits     []byte // a JSON object: the parameters of a search for them
	Missing    []string
	Count      int // others within the limits with a price
	Price      Aggregates
	Percentile *int   // the percentage of them that cost less; nil for a vehicle without a price or without others
	Cars       []byte // a JSON array
	Shown      int    // vehicles in Cars
	Origin     Origin
}

// Similar compares the vehicle with an id to others. The error is ErrNotFound or a NotComparedError.
func (s *Service) Similar(ctx context.Context, id string, values url.Values) (*Similar, error) {
	return s.similarTo(ctx, values, findByID(id))
}

// SimilarByVIN compares the vehicle with a VIN to others. The error is ErrNotFound or a NotComparedError.
func (s *Service) SimilarByVIN(ctx context.Context, vin string, values url.Values) (*Similar, error) {
	return s.similarTo(ctx, values, findByVIN(vin))
}

// similarTo compares the vehicle that find returns to others.
func (s *Service) similarTo(ctx context.Context, values url.Values, find vehicleFinder) (*Similar, error) {
	return withFallback(ctx, s, func(ctx context.Context, src *source, g *generation) (*Similar, error) {
		r, err := newCarRequest(ctx, src, g, values)
		if err != nil {
			return nil, err
		}
		if reason := g.catalog.NoMarketReason(); reason != "" {
			return nil, NotComparedError{reason}
		}

		m := newMarket(g.catalog)
		v, err := find(r, append(m.fields(), r.query.Shown...))
		if err != nil {
			return nil, err
		}

		return r.compare(v, m)
	})
}

// market is the fields that prices are compared by. mileage and currency may be nil.
type market struct{ make, model, year, price, mileage, currency *catalog.Field }

// newMarket returns the fields by which prices are compared. The table must have make, model, year and price.
func newMarket(c *catalog.Catalog) market {
	m := market{
		make: c.Field("make"), model: c.Field("model"), year: c.Field("year"), price: c.Field("price"),
		mileage: c.NumberField("mileage"),
	}
	if m.price.IsOfCurrencies() {
		m.currency = m.price.CurrencyIn
	}
	return m
}

// fields returns the fields that are not nil.
func (m *market) fields() []*catalog.Field {
	var all []*catalog.Field
	for _, f := range []*catalog.Field{m.make, m.model, m.year, m.price, m.mileage, m.currency} {
		if f != nil {
			all = append(all, f)
		}
	}
	return all
}

// compare finds vehicles similar to one, and their prices.
func (r *searchRequest) compare(v *vehicle, m market) (*Similar, error) {
	x := r.index()
	result := &Similar{Origin: r.generation.originOf(r.query), Limits: []byte("{}"), Cars: []byte("[]")}
	filters, missing := m.commonFilters(v)
	result.Missing = missing

	// Find the others of the same kind, and then those of about the same year and mileage.
	var set index.Set
	if missing == nil {
		set = x.Match(&query.Query{Filters: filters}, nil)
		if v.index != nil {
			set = set.Without(v.row)
		}

		var limits []query.Filter
		set, limits = r.widen(set, v, m)
		filters = append(filters, limits...)
		result.Limits = appendLimits(nil, filters)
	}

	result.Count, result.Price = set.Count(), aggregatesOf(m.price, x.Statistics(set, m.price))
	cell, _ := v.Cell(m.price)
	if price := catalog.PriceOf(cell); price != nil && result.Count > 0 {
		// Rounded to the nearest whole percent.
		percent := (200*x.CountBelow(set, m.price, string(price)) + result.Count) / (2 * result.Count)
		result.Percentile = &percent
	}

	// Show the cheapest of them.
	cars := &searchRequest{
		ctx: r.ctx, source: r.source, generation: r.generation, query: r.similarQuery(filters, m),
		dropped: r.dropped,
	}
	if err := cars.addSimilar(set, result); err != nil {
		return nil, err
	}

	result.Car = r.encodeCar(v, query.MaxChars-envelopeSize-len(result.Cars))
	return result, nil
}

// commonFilters returns the filters that all similar vehicles pass, and the missing fields that prevent a comparison.
func (m *market) commonFilters(v *vehicle) (filters []query.Filter, missing []string) {
	for _, f := range []*catalog.Field{m.make, m.model, m.currency, m.year} {
		if f == nil {
			continue
		}

		cell, whole := v.Cell(f)
		present := query.Filter{Field: f, Use: query.UsePresent}
		if !whole || !present.Matches(cell) {
			missing = append(missing, f.Name)
			continue
		}

		// The year is compared within limits, which widen adds.
		if f != m.year {
			text := []string{string(cell.Form)}
			filters = append(filters, query.Filter{Parameter: f.Name, Field: f, Texts: text, Words: text, InStock: text})
		}
	}

	priced := query.Range{From: catalog.LeastPrice}
	return append(filters, query.Filter{
		Parameter: m.price.Name, Field: m.price, Use: query.UseAtLeast,
		Ranges: []query.Range{priced},
	}), missing
}

// widen narrows a set to vehicles of about the same year and mileage, and returns the filters for it.
func (r *searchRequest) widen(set index.Set, v *vehicle, m market) (found index.Set, limits []query.Filter) {
	// number returns a number of the vehicle, or nil if it has none.
	number := func(f *catalog.Field) *big.Rat {
		if f == nil {
			return nil
		}

		cell, _ := v.Cell(f)
		n, ok := new(big.Rat).SetString(string(cell.Form))
		if cell.Type != value.Number || !ok {
			return nil
		}

		return n
	}

	// The limits grow until enough vehicles are within them. commonFilters has made sure of a year.
	year, mileage := number(m.year), number(m.mileage)
	for _, w := range similarLimits {
		years := big.NewRat(w.years, 1)
		limits = []query.Filter{rangeFilter(m.year, new(big.Rat).Sub(year, years), new(big.Rat).Add(year, years))}
		if mileage != nil && w.mileage > 0 {
			part := new(big.Rat).Mul(mileage, big.NewRat(w.mileage, 100))
			limits = append(limits, rangeFilter(m.mileage, new(big.Rat).Sub(mileage, part), part.Add(mileage, part)))
		}

		found = set
		for i := range limits {
			found = r.index().Filter(found, &limits[i])
		}

		if found.Count() >= catalog.FewestSimilar {
			break
		}
	}

	return found, limits
}

// rangeFilter returns the filter for numbers from low to high, which are decimal fractions.
func rangeFilter(f *catalog.Field, low, high *big.Rat) query.Filter {
	form := func(n *big.Rat) string {
		digits, _ := n.FloatPrec()
		text, _ := value.NormalDecimal([]byte(n.FloatString(digits)))
		return string(text)
	}
	return query.Filter{Parameter: f.Name, Field: f, Ranges: []query.Range{{From: form(low), To: form(high)}}}
}

// appendLimits appends filters as the parameters of a search.
func appendLimits(b []byte, filters []query.Filter) []byte {
	b = append(b, '{')
	name := func(name string) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(value.AppendString(b, name), ':')
	}

	for i := range filters {
		f := &filters[i]
		if f.Texts != nil {
			name(f.Parameter)
			b = value.AppendString(b, value.Clean(f.Texts[0]))
			continue
		}

		for _, bound := range []struct{ suffix, number string }{{"_min", f.Ranges[0].From}, {"_max", f.Ranges[0].To}} {
			if bound.number != "" {
				name(f.Parameter + bound.suffix)
				b = value.AppendExact(b, schema.Decimal, []byte(bound.number))
			}
		}
	}

	return append(b, '}')
}

// similarQuery returns the search for the similar vehicles to show.
func (r *searchRequest) similarQuery(filters []query.Filter, m market) *query.Query {
	q := &query.Query{
		Filters: filters, Sort: []query.Order{{Field: m.price}}, Limit: maxSimilar,
		MaxChars: query.MaxChars / 2, Shown: query.SummaryFields(r.generation.catalog),
	}
	if id := r.generation.catalog.ID(); id != nil {
		q.Sort = append(q.Sort, query.Order{Field: id})
	}

	if fields := r.query.Values()["fields"]; strings.Join(fields, "") != "" {
		q.Shown = r.query.Shown
	}

	return q
}

// addSimilar reads the vehicles of a set that are shown.
func (r *searchRequest) addSimilar(set index.Set, result *Similar) error {
	p, err := r.readPage(set)
	if err != nil {
		return err
	}

	p.candidates = p.candidates[:p.taken] // there is no next page
	var a Answer
	if err := r.writeVehicles(p, &a); err != nil {
		return err
	}

	result.Cars, result.Shown = a.Cars, a.Count
	return nil
}
