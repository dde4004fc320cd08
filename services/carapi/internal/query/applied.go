package query

import (
	"strconv"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// Applied describes the request as understood, with its defaults, as a JSON object. Sent again as parameters it is the
// same request. With page, it holds what a page of vehicles depends on too.
func (q *Query) Applied(page bool) []byte {
	b := []byte{'{'}
	name := func(name string) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(value.AppendString(b, name), ':')
	}

	for i := range q.Filters {
		if q.Filters[i].Use.Compares() {
			name(q.Filters[i].Parameter)
			b = q.Filters[i].appendApplied(b)
		}
	}

	for _, presence := range []string{"has", "missing"} {
		if fields := q.presence(presence); fields != nil {
			name(presence)
			b = value.AppendStrings(b, fields)
		}
	}

	if len(q.Words) > 0 {
		name("q")
		b = value.AppendStrings(b, q.Words)
	}

	if _, given := q.values["fields"]; given {
		name("fields")
		b = value.AppendStrings(b, q.shownNames())
	}

	if view := q.values.Get("view"); view != "" {
		name("view")
		b = value.AppendString(b, view)
	}

	for _, groups := range []struct {
		name string
		all  []Group
	}{{"facets", q.Facets}, {"by", q.By}} {
		if len(groups.all) > 0 {
			name(groups.name)
			b = value.AppendStrings(b, groupNames(groups.all))
		}
	}

	name("match")
	b = value.AppendString(b, q.Match())
	if q.CountOnly {
		name("count_only")
		b = append(b, "true"...)
	}

	if !page {
		return append(b, '}')
	}

	if len(q.Sort) > 0 {
		name("sort")
		b = value.AppendString(b, q.sortText())
	}

	name("limit")
	b = strconv.AppendInt(b, int64(q.Limit), 10)
	switch {
	case q.Page > 0:
		name("page")
		b = strconv.AppendInt(b, int64(q.Page), 10)
	case q.Offset > 0:
		name("offset")
		b = strconv.AppendInt(b, int64(q.Offset), 10)
	}

	name("max_chars")
	b = strconv.AppendInt(b, int64(q.MaxChars), 10)
	name("include_total")
	b = strconv.AppendBool(b, q.Total)

	return append(b, '}')
}

// sortText is the order without an id that completeOrder has added.
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
	if f.Field.Class() == catalog.Text || f.Field.Class() == catalog.List {
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

	if f.Use == AtLeast || f.Use == AtMost {
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

// presence gives the fields that has or missing names.
func (q *Query) presence(parameter string) []string {
	var fields []string
	for i := range q.Filters {
		if f := &q.Filters[i]; !f.Use.Compares() && f.Parameter == parameter {
			fields = append(fields, f.Field.Name)
		}
	}
	return fields
}

// shownNames are the fields to show, as fields may name them.
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
