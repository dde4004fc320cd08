package index

import (
	"math/rand/v2"
	"slices"
	"strings"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// randomFilter returns a filter of the field, on values in the stock and on others.
func (s *stock) randomFilter(r *rand.Rand, f *catalog.Field) query.Filter {
	filter := query.Filter{Parameter: f.Name, Field: f}
	if r.IntN(3) == 0 {
		filter.Use = pick(r, []query.Use{query.UseExcluded, query.UsePresent, query.UseMissing})
	}

	some := func() string {
		if len(s.rows) > 0 && r.IntN(3) > 0 {
			if c := s.rows[r.IntN(len(s.rows))][f.Slot()]; c.Type != value.Null {
				return string(c.Form)
			}
		}
		return string(randomCell(r, f, false).Form)
	}

	for range 1 + r.IntN(3) {
		switch f.Class() {
		case catalog.ClassList:
			word := pick(r, []string{"Sunroof", "sun roof", "ab", "", "-", "Citroën", "x", "none"})
			filter.Words = append(filter.Words, word)
		case catalog.ClassNumber:
			number := func() string {
				if n, ok := value.NormalDecimal([]byte(some())); ok {
					return string(n)
				}
				return randomNumber(r)
			}

			part := query.Range{From: number(), To: number()}
			if r.IntN(2) == 0 {
				part.To = part.From
			}

			filter.Ranges = append(filter.Ranges, openEnd(r, part))
		case catalog.ClassInstant:
			filter.Ranges = append(filter.Ranges, openEnd(r, query.Range{From: some(), To: some()}))
		default:
			word := some()
			if r.IntN(3) == 0 {
				word = strings.ToUpper(word) + pick(r, []string{"", " ", "-"})
			}
			filter.Words = append(filter.Words, word)
		}
	}

	return filter
}

func openEnd(r *rand.Rand, part query.Range) query.Range {
	switch r.IntN(4) {
	case 0:
		part.From = ""
	case 1:
		part.To = ""
	}
	return part
}

// randomWord returns a word to search for in q.
func (s *stock) randomWord(r *rand.Rand) string {
	word := randomText(r)
	if fields := strings.Fields(word); len(fields) > 0 && r.IntN(4) > 0 {
		word = fields[0]
	}

	if runes := []rune(word); len(runes) > 2 && r.IntN(2) == 0 {
		word = string(runes[1:])
	}

	return word
}

// randomOrder returns an order that ends with the id, if the table has one.
func (s *stock) randomOrder(r *rand.Rand) []query.Order {
	var order []query.Order
	id := s.catalog.ID()
	for range r.IntN(4) {
		f := &s.catalog.Fields[r.IntN(len(s.catalog.Fields))]
		if f.IsSortable() && f != id && !slices.ContainsFunc(order, func(o query.Order) bool { return o.Field == f }) {
			order = append(order, query.Order{Field: f, Descending: r.IntN(2) == 0})
		}
	}

	if id != nil {
		order = append(order, query.Order{Field: id, Descending: r.IntN(2) == 0})
	}

	return order
}
