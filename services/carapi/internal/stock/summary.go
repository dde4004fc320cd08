package stock

import (
	"context"
	"database/sql"
	"math/big"
	"strconv"
	"strings"
)

// maxMeasured is how many vehicles are counted and measured in one query. Where there are more, that is
// given up for one that counts alone, for which an index is enough.
const maxMeasured = 1000

// survey counts the vehicles that match, of which the first page has read so many, and tells in a
// sentence what they are.
func (v view) survey(ctx context.Context, q *Query, conditions []clause, read int, a *Answer) error {
	var ends []any
	var err error
	switch whole := q.after == nil && read <= q.Limit; { // all of them are on the page
	case whole && read == 0:
		a.Total = 0
	case whole:
		_, ends, err = v.measures(ctx, q, conditions, 0)
		a.Total = read // whatever has changed since
	default:
		a.Total, ends, err = v.measures(ctx, q, conditions, maxMeasured+1)
	}
	if err == nil && a.Total > maxMeasured {
		if a.Total, err = v.count(ctx, conditions); err == nil && a.Total <= maxTotal {
			_, ends, err = v.measures(ctx, q, conditions, 0)
		}
	}
	switch a.Exact = a.Total <= maxTotal; {
	case a.Total == 0:
		a.Summary = "no vehicle matches"
	case a.Exact:
		a.Summary = v.sentence(a.Total, ends)
	default:
		a.Total, a.Summary = maxTotal, "more than "+grouped(strconv.Itoa(maxTotal))+" vehicles"
	}
	return err
}

// measures counts the vehicles that match and gives pairs of the least and the greatest make, model,
// year, price and mileage; of so many of them, if limit is not 0.
func (v view) measures(ctx context.Context, q *Query, conditions []clause, limit int) (total int, ends []any, err error) {
	ends = make([]any, 10)
	dest := []any{&total}
	var columns []string
	measures := []string{"COUNT(*)"}
	for i, m := range []struct {
		name            string
		class           class
		least, greatest string
	}{
		{"make", text, "MIN(?)", "MAX(?)"},
		{"model", text, "MIN(?)", "MAX(?)"},
		{"year", number, "MIN(?)", "MAX(?)"},
		{"price", number, "MIN(NULLIF(?, 0))", "MAX(NULLIF(?, 0))"}, // a price of nothing is none
		{"mileage", number, "MIN(?)", ""},
	} {
		f := v.byName[m.name]
		if f == nil || f.class() != m.class {
			continue
		}
		if one, ok := q.only(f); ok { // no need to ask
			ends[2*i], ends[2*i+1] = one, one
			continue
		}
		value := f.value()
		if limit > 0 {
			columns, value = append(columns, value+" AS "+m.name), m.name
		}
		measures = append(measures, strings.ReplaceAll(m.least, "?", value))
		dest = append(dest, &ends[2*i])
		if m.greatest != "" {
			measures, dest = append(measures, strings.ReplaceAll(m.greatest, "?", value)), append(dest, &ends[2*i+1])
		}
	}
	where, args := joined(conditions)
	from := v.from + where
	if limit > 0 {
		if columns == nil {
			columns = []string{"1"}
		}
		from = "(SELECT " + strings.Join(columns, ", ") + " FROM " + from + " LIMIT " + strconv.Itoa(limit) + ") AS measured"
	}
	err = v.store.query(ctx, "summary", "SELECT "+strings.Join(measures, ", ")+" FROM "+from, args, func(rows *sql.Rows) error { return rows.Scan(dest...) })
	return total, ends, err
}

// only gives the one value that all vehicles found have in the field, if the filters leave but one.
func (q *Query) only(f *Field) (string, bool) {
	for i := range q.Filters {
		switch of := &q.Filters[i]; {
		case of.Field != f:
		case len(of.Meant) == 1 && f.class() == text:
			return of.Meant[0], true
		case len(of.Spans) == 1 && of.Spans[0].From != "" && of.Spans[0].From == of.Spans[0].To:
			return of.Spans[0].From, true
		}
	}
	return "", false
}

// sentence writes a summary from pairs of the least and the greatest make, model, year, price and mileage.
func (v view) sentence(total int, ends []any) string {
	what := " vehicles"
	if total == 1 {
		what = " vehicle"
	}
	if same := one(ends[0], ends[1]); same != "" {
		what = " " + same
		if same := one(ends[2], ends[3]); same != "" {
			what += " " + same
		}
	}
	s := grouped(strconv.Itoa(total)) + what
	span := func(name string, from, to any, write func(*Field, *big.Rat) string) {
		f := v.byName[name]
		if f == nil || from == nil {
			return
		}
		low, high := f.rational(from), f.rational(to)
		if low == nil || high == nil {
			return
		}
		s += ", " + write(f, low)
		if low.Cmp(high) != 0 {
			s += "-" + strings.TrimPrefix(write(f, high), "price ")
		}
	}
	span("year", ends[4], ends[5], func(_ *Field, n *big.Rat) string { return n.FloatString(0) })
	span("price", ends[6], ends[7], func(f *Field, n *big.Rat) string { return f.priced(n) })
	span("mileage", ends[8], ends[8], func(f *Field, n *big.Rat) string {
		return strings.TrimSpace("lowest mileage " + decimal(n) + " " + f.Unit)
	})
	return s
}

// one is the text that both are; empty if they are two.
func one(least, greatest any) string {
	a, b := textOf(least), textOf(greatest)
	if a != b {
		return ""
	}
	return plainText(a)
}

func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

// signs are written before an amount; other currencies behind it.
var signs = map[string]string{"USD": "$", "EUR": "€", "GBP": "£"}

func (f *Field) priced(n *big.Rat) string {
	switch sign := signs[f.Unit]; {
	case sign != "":
		return sign + decimal(n)
	case f.Unit != "":
		return decimal(n) + " " + f.Unit
	}
	return "price " + decimal(n)
}

// decimal writes a number with its thousands in groups, and cents if it has any.
func decimal(n *big.Rat) string {
	whole, cents, _ := strings.Cut(n.FloatString(2), ".")
	if cents == "00" {
		return grouped(whole)
	}
	return grouped(whole) + "." + cents
}

func grouped(digits string) string {
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
