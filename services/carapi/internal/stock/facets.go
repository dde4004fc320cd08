package stock

import (
	"context"
	"database/sql"
	"math/big"
	"net/url"
	"strconv"
	"strings"

	"carstock/pkg/schema"
)

// maxFacet is how many values of a field are counted one by one; the most frequent.
const maxFacet = 100

// usualFacets are counted where a request names none.
var usualFacets = []string{"condition", "make", "year", "body_type", "fuel_type", "transmission", "drivetrain", "color"}

// Facets counts the values of fields among the vehicles that match.
func (s *Store) Facets(ctx context.Context, values url.Values) (*Answer, error) {
	return with(ctx, s, func(ctx context.Context, v view) (*Answer, error) {
		q, err := v.request(ctx, values, "q", "facets")
		if err != nil {
			return nil, err
		}
		if len(q.Facets) == 0 {
			for _, name := range usualFacets {
				if f := v.byName[name]; f != nil && f.Facets() {
					q.Facets = append(q.Facets, f)
				}
			}
		}
		a := &Answer{}
		if a.Origin, err = v.origin(ctx); err != nil {
			return nil, err
		}
		if err := v.resolve(ctx, q); err != nil {
			return nil, err
		}
		a.Applied, a.Notes = q.applied(false), q.notes
		a.Facets, err = v.facets(ctx, q)
		return a, err
	})
}

// facets counts each field's values under the other fields' filters: how many there would be, were
// another value chosen.
func (v view) facets(ctx context.Context, q *Query) ([]byte, error) {
	b := []byte{'{'}
	for i, f := range q.Facets {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, f.Name), `:{"values":[`...)
		conditions, err := v.conditions(ctx, q, f)
		if err != nil {
			return nil, err
		}
		where, args := joined(conditions)
		statement := "SELECT " + f.value() + ", COUNT(*) FROM " + v.from + where + " GROUP BY 1 ORDER BY 2 DESC, 1"
		shown, other := 0, 0
		err = v.store.query(ctx, "facet", statement, args, func(rows *sql.Rows) error {
			var value any
			var count int
			if err := rows.Scan(&value, &count); err != nil {
				return err
			}
			if shown == maxFacet {
				other += count
				return nil
			}
			if shown > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"value":`...)
			if f.class() == text && textOf(value) != "" {
				b = appendString(b, plainText(textOf(value)))
			} else {
				b = appendValue(b, f.Kind, value)
			}
			b = append(b, `,"count":`...)
			b = append(strconv.AppendInt(b, int64(count), 10), '}')
			shown++
			return nil
		})
		if err != nil {
			return nil, err
		}
		b = append(b, `],"other":`...)
		b = append(strconv.AppendInt(b, int64(other), 10), '}')
	}
	return append(b, '}'), nil
}

// measured are the fields that Stats measures.
var measured = []string{"price", "mileage", "year"}

// Stats counts the vehicles that match, and measures their price, mileage and year. The Answer's
// Facets are a JSON object of the fields' measures.
func (s *Store) Stats(ctx context.Context, values url.Values) (*Answer, error) {
	return with(ctx, s, func(ctx context.Context, v view) (*Answer, error) {
		q, err := v.request(ctx, values, "q")
		if err != nil {
			return nil, err
		}
		a := &Answer{Exact: true}
		if a.Origin, err = v.origin(ctx); err != nil {
			return nil, err
		}
		if err := v.resolve(ctx, q); err != nil {
			return nil, err
		}
		conditions, err := v.conditions(ctx, q, nil)
		if err != nil {
			return nil, err
		}
		where, args := joined(conditions)
		err = v.store.query(ctx, "count", "SELECT COUNT(*) FROM "+v.from+where, args, func(rows *sql.Rows) error { return rows.Scan(&a.Total) })
		if err != nil {
			return nil, err
		}
		a.Facets = []byte{'{'}
		for _, name := range measured {
			f := v.byName[name]
			if f == nil || f.class() != number {
				continue
			}
			if len(a.Facets) > 1 {
				a.Facets = append(a.Facets, ',')
			}
			a.Facets = append(appendString(a.Facets, name), ':')
			if a.Facets, err = v.measure(ctx, f, conditions, a.Facets); err != nil {
				return nil, err
			}
		}
		a.Facets = append(a.Facets, '}')
		a.Applied, a.Notes = q.applied(false), q.notes
		return a, nil
	})
}

// measure writes how many vehicles have a value, the least, the greatest, the average and the median.
func (v view) measure(ctx context.Context, f *Field, conditions []clause, b []byte) ([]byte, error) {
	where, args := joined(conditions, clause{sql: f.number + " IS NOT NULL"})
	var count int
	var least, greatest, sum any
	statement := "SELECT COUNT(*), MIN(" + f.number + "), MAX(" + f.number + "), SUM(" + f.number + ") FROM " + v.from + where
	err := v.store.query(ctx, "stats", statement, args, func(rows *sql.Rows) error { return rows.Scan(&count, &least, &greatest, &sum) })
	if err != nil {
		return nil, err
	}
	var middle []*big.Rat // one value, or the two between which it is
	if count > 0 {
		statement := "SELECT " + f.number + " FROM " + v.from + where + " ORDER BY " + f.number + " LIMIT ? OFFSET ?"
		err := v.store.query(ctx, "stats", statement, append(args, 2-count%2, (count-1)/2), func(rows *sql.Rows) error {
			var value any
			err := rows.Scan(&value)
			middle = append(middle, f.rational(value))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	b = append(b, `{"count":`...)
	b = strconv.AppendInt(b, int64(count), 10)
	b = appendValue(append(b, `,"min":`...), f.Kind, least)
	b = appendValue(append(b, `,"max":`...), f.Kind, greatest)
	b = appendMean(append(b, `,"average":`...), f.rational(sum), count)
	total := new(big.Rat)
	for _, m := range middle {
		if m != nil {
			total.Add(total, m)
		}
	}
	b = appendMean(append(b, `,"median":`...), total, len(middle))
	return append(b, '}'), nil
}

// rational is a number as the database gave it; nil if it is none. Beyond six decimals a sum of
// SQLite's is noise.
func (f *Field) rational(value any) *big.Rat {
	text := strings.Trim(string(appendValue(nil, schema.Decimal, value)), `"`)
	if x, ok := value.(float64); ok {
		text = strconv.FormatFloat(x, 'f', 6, 64)
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil
	}
	return r
}

// appendMean writes sum/n to two decimals, without zeros at the end.
func appendMean(b []byte, sum *big.Rat, n int) []byte {
	if sum == nil || n == 0 {
		return append(b, "null"...)
	}
	return append(b, trimZeros(new(big.Rat).Quo(sum, new(big.Rat).SetInt64(int64(n))).FloatString(2))...)
}
