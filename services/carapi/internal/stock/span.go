package stock

import (
	"regexp"
	"strings"
	"time"

	"carstock/pkg/schema"
)

// Plain decimals alone: strconv would also take 0x1p-2, 1e9 and Inf.
const plainNumber = `-?[0-9]{1,20}(?:\.[0-9]{1,10})?`

var (
	oneNumber  = regexp.MustCompile(`^` + plainNumber + `$`)
	twoNumbers = regexp.MustCompile(`^(` + plainNumber + `)-(` + plainNumber + `)$`)
	oneInstant = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d)?(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)?)?$`)
)

// span reads a value, or a range of numbers, that a request gives for the field.
func (f *Field) span(s string) (Span, bool) {
	if f.class() == instant {
		return f.instant(s)
	}
	if oneNumber.MatchString(s) {
		return Span{s, s, string(appendText(nil, schema.Decimal, s))}, true
	}
	if m := twoNumbers.FindStringSubmatch(s); m != nil && compare(m[1], m[2]) <= 0 {
		return Span{m[1], m[2], string(appendString(nil, s))}, true
	}
	return Span{}, false
}

// one reports whether the span is a single value.
func (s Span) one(f *Field) bool { return f.class() == instant || s.From == s.To }

// instant reads a time, which stands for as long as it says: a day, a minute, a second or a part of
// one. As SQLite keeps times as texts, both ends are as short as can be: a shorter one sorts before
// all that begin with it.
func (f *Field) instant(s string) (Span, bool) {
	m := oneInstant.FindStringSubmatch(s)
	if m == nil {
		return Span{}, false
	}
	day, minute, second, fraction, zone := m[1], m[2], m[3], m[4], m[5]
	if second == "" && fraction != "" || minute != "" && f.Kind == schema.Date || zone != "" && f.Kind != schema.Timestamp {
		return Span{}, false
	}
	layout, value, step := time.DateOnly, day, 24*time.Hour
	if minute != "" {
		layout, value, step = layout+" 15:04:05", day+" "+minute+second+fraction, time.Second
		if second == "" {
			value, step = value+":00", time.Minute
		}
		for range max(len(fraction)-1, 0) {
			step /= 10
		}
	}
	t, err := time.Parse(layout, value)
	if err != nil {
		return Span{}, false
	}
	if zone != "" && zone != "Z" && zone != "z" {
		offset, err := time.Parse("-07:00", zone)
		if err != nil {
			return Span{}, false
		}
		_, seconds := offset.Zone()
		t = t.Add(-time.Duration(seconds) * time.Second)
	}
	if t.Year() < 1000 || t.Year() > 9999 { // MySQL's range
		return Span{}, false
	}
	span := Span{From: shortest(t, f.Kind), Given: string(appendString(nil, s))}
	if end := t.Add(step); end.Year() <= 9999 { // the last day of all has nothing after it
		span.To = shortest(end, f.Kind)
	}
	return span, true
}

// shortest writes a time without zeros at its end.
func shortest(t time.Time, kind schema.Kind) string {
	if kind == schema.Date {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04:05.999999")
}

// before reports whether the end of a span is before its beginning; an open end never is.
func (f *Field) before(end, beginning string) bool {
	switch {
	case end == "" || beginning == "":
		return false
	case f.class() == instant:
		return end <= beginning
	}
	return compare(end, beginning) < 0
}

// expects says in an error what a request may give for the field.
func (f *Field) expects() string {
	switch f.class() {
	case instant:
		return f.expectsOne()
	case number:
		return "a number such as 2023 or 19999.5, a range such as 20000-30000 with the smaller first, or several separated by commas"
	}
	return "text"
}

func (f *Field) expectsOne() string {
	switch {
	case f.Kind == schema.Date:
		return "a day such as 2026-01-31"
	case f.Kind == schema.Timestamp:
		return "a day such as 2026-01-31 or a time such as 2026-01-31T15:04:05Z; UTC, where it names no other zone"
	case f.class() == instant:
		return "a day such as 2026-01-31 or a time without a zone such as 2026-01-31T15:04:05"
	}
	return "a number such as 2023 or 19999.5"
}

// within is the condition that the field's value is in one of the spans, with its values.
func (f *Field) within(spans []Span, d *dialect) (string, []any) {
	var alternatives, equal []string
	var args, equalArgs []any
	end := func(comparison, value string) string {
		placeholder := "?"
		var arg any = value
		if f.class() == number {
			placeholder, arg = d.bind(f, value)
		}
		args = append(args, arg)
		return f.value() + comparison + placeholder
	}
	for _, s := range spans {
		switch {
		case f.class() == number && s.From == s.To:
			placeholder, arg := d.bind(f, s.From)
			equal, equalArgs = append(equal, placeholder), append(equalArgs, arg)
			continue
		case s.From == "" && s.To == "": // up to the last day of all
			alternatives = append(alternatives, f.value()+" IS NOT NULL")
			continue
		case s.To == "":
			alternatives = append(alternatives, end(" >= ", s.From))
			continue
		}
		condition := ""
		if s.From != "" {
			condition = end(" >= ", s.From) + " AND "
		}
		comparison := " <= "
		if f.class() == instant {
			comparison = " < "
		}
		alternatives = append(alternatives, condition+end(comparison, s.To))
	}
	if len(equal) > 0 {
		alternatives = append(alternatives, f.value()+" IN ("+strings.Join(equal, ", ")+")")
		args = append(args, equalArgs...)
	}
	return "(" + strings.Join(alternatives, " OR ") + ")", args
}

// applied tells the filter as it is understood, as JSON.
func (f *Filter) applied(b []byte) []byte {
	if f.Field.class() == text || f.Field.class() == list {
		values := f.Meant
		if len(values) == 0 {
			values = f.Texts
		}
		return appendStrings(b, values)
	}
	if f.Parameter != f.Field.Name {
		return append(b, f.Spans[0].Given...)
	}
	b = append(b, '[')
	for i, s := range f.Spans {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, s.Given...)
	}
	return append(b, ']')
}
