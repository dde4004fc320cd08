package query

import (
	"strconv"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// Applied returns the request as understood, with its defaults, as a JSON object. Sent again as parameters, it is the
// same request. With page, it includes what a page of vehicles depends on.
func (q *Query) Applied(page bool) []byte {
	b := q.appendSearch([]byte{'{'})
	if page {
		b = q.appendPage(b)
	}
	return append(b, '}')
}

// appendMember appends the name of the next member to a JSON object that is not complete yet.
func appendMember(b []byte, name string) []byte {
	if len(b) > 1 {
		b = append(b, ',')
	}
	return append(value.AppendString(b, name), ':')
}

// appendSearch appends the parameters that do not depend on the page.
func (q *Query) appendSearch(b []byte) []byte {
	for i := range q.Filters {
		if f := &q.Filters[i]; f.Use.Compares() {
			b = f.appendApplied(appendMember(b, f.Parameter))
		}
	}

	for _, presence := range []string{"has", "missing"} {
		if fields := q.presence(presence); fields != nil {
			b = value.AppendStrings(appendMember(b, presence), fields)
		}
	}

	if len(q.Words) > 0 {
		b = value.AppendStrings(appendMember(b, "q"), q.Words)
	}

	// What is shown of each vehicle, and what is counted.
	if q.values.Has("fields") {
		b = value.AppendStrings(appendMember(b, "fields"), q.shownNames())
	}
	if view := q.values.Get("view"); view != "" {
		b = value.AppendString(appendMember(b, "view"), view)
	}
	if len(q.Facets) > 0 {
		b = value.AppendStrings(appendMember(b, "facets"), groupNames(q.Facets))
	}
	if len(q.By) > 0 {
		b = value.AppendStrings(appendMember(b, "by"), groupNames(q.By))
	}

	b = value.AppendString(appendMember(b, "match"), q.match())
	if q.CountOnly {
		b = append(appendMember(b, "count_only"), "true"...)
	}

	return b
}

// appendPage appends the parameters that a page of vehicles depends on.
func (q *Query) appendPage(b []byte) []byte {
	if len(q.Sort) > 0 {
		b = value.AppendString(appendMember(b, "sort"), q.sortText())
	}

	b = strconv.AppendInt(appendMember(b, "limit"), int64(q.Limit), 10)
	switch {
	case q.Page > 0:
		b = strconv.AppendInt(appendMember(b, "page"), int64(q.Page), 10)
	case q.Offset > 0:
		b = strconv.AppendInt(appendMember(b, "offset"), int64(q.Offset), 10)
	}

	b = strconv.AppendInt(appendMember(b, "max_chars"), int64(q.MaxChars), 10)
	return strconv.AppendBool(appendMember(b, "include_total"), q.Total)
}

// sortText returns the order without the id at its end if completeOrder would add it again.
func (q *Query) sortText() string {
	text := ""
	for i, o := range q.Sort {
		last := i == len(q.Sort)-1
		if i > 0 && last && o.Field.Name == "id" && o.Descending == q.Sort[i-1].Descending {
			break
		}

		if i > 0 {
			text += ","
		}

		text += o.String()
	}

	return text
}

// appendApplied appends the filter as understood, as JSON.
func (f *Filter) appendApplied(b []byte) []byte {
	if f.Field.Class() == catalog.ClassText || f.Field.Class() == catalog.ClassList {
		// Show the values in stock that match. If no value matches, or too many do, show what was asked for.
		values := f.InStock
		if len(values) == 0 || len(values) > MaxValues {
			values = f.Texts
		}

		clean := make([]string, len(values))
		for i, v := range values {
			clean[i] = value.Clean(v)
		}

		return value.AppendStrings(b, clean)
	}

	if f.Use == UseAtLeast || f.Use == UseAtMost {
		return append(b, f.Ranges[0].JSON...)
	}

	b = append(b, '[')
	for i, r := range f.Ranges {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, r.JSON...)
	}

	return append(b, ']')
}

// presence returns the fields that has or missing names.
func (q *Query) presence(parameter string) []string {
	var fields []string
	for i := range q.Filters {
		if f := &q.Filters[i]; !f.Use.Compares() && f.Parameter == parameter {
			fields = append(fields, f.Field.Name)
		}
	}
	return fields
}

// shownNames returns the fields to show, in the notation of the parameter fields.
func (q *Query) shownNames() []string {
	if q.hiddenFields == nil {
		return fieldNames(q.Shown)
	}

	names := fieldNames(q.hiddenFields)
	for i := range names {
		names[i] = "-" + names[i]
	}

	return names
}

func groupNames(groups []Group) []string {
	all := make([]string, len(groups))
	for i, g := range groups {
		all[i] = g.String()
	}
	return all
}

func fieldNames(fields []*catalog.Field) []string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.Name
	}
	return all
}
