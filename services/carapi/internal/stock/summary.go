package stock

import (
	"context"
	"database/sql"
	"math/big"
	"strconv"
	"strings"
)

// summary tells in a sentence what has been found: "7 Toyota Camry, 2019-2023, $21,900-$31,500, lowest
// mileage 12,400 mi".
func (v view) summary(ctx context.Context, conditions []clause, a *Answer) (string, error) {
	switch {
	case a.Total == 0:
		return "no vehicle matches", nil
	case !a.Exact:
		return "more than " + grouped(strconv.Itoa(maxTotal)) + " vehicles", nil
	}
	// A price of nothing is none.
	measures := []string{"1", "1"}
	add := func(name string, class class, least, greatest string) {
		f := v.byName[name]
		switch {
		case f == nil || f.class() != class:
			measures = append(measures, "NULL", "NULL")
		default:
			measures = append(measures, strings.ReplaceAll(least, "?", f.value()), strings.ReplaceAll(greatest, "?", f.value()))
		}
	}
	add("make", text, "MIN(?)", "MAX(?)")
	add("model", text, "MIN(?)", "MAX(?)")
	add("year", number, "MIN(?)", "MAX(?)")
	add("price", number, "MIN(NULLIF(?, 0))", "MAX(NULLIF(?, 0))")
	add("mileage", number, "MIN(?)", "NULL")
	values, dest := make([]any, len(measures)), make([]any, len(measures))
	for i := range values {
		dest[i] = &values[i]
	}
	where, args := joined(conditions)
	statement := "SELECT " + strings.Join(measures, ", ") + " FROM " + v.from + where + asStored
	if err := v.store.query(ctx, "summary", statement, append(args, 1), func(rows *sql.Rows) error { return rows.Scan(dest...) }); err != nil {
		return "", err
	}
	return v.sentence(a.Total, values[2:]), nil
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
