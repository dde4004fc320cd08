package stock

import "strconv"

// applied tells the request as it is understood, its defaults included, as a JSON object. Sent again
// as parameters it is the same request.
func (q *Query) applied(page bool) []byte {
	b := []byte{'{'}
	name := func(name string) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(appendString(b, name), ':')
	}
	for i := range q.Filters {
		name(q.Filters[i].Parameter)
		b = q.Filters[i].applied(b)
	}
	if len(q.Words) > 0 {
		name("q")
		b = appendStrings(b, q.Words)
	}
	if _, given := q.values["fields"]; given {
		name("fields")
		b = appendStrings(b, names(q.Shown))
	}
	if view := q.values.Get("view"); view != "" {
		name("view")
		b = appendString(b, view)
	}
	if len(q.Facets) > 0 {
		name("facets")
		b = appendStrings(b, names(q.Facets))
	}
	name("match")
	b = appendString(b, q.match())
	if !page {
		return append(b, '}')
	}
	sort := ""
	for i, o := range q.Sort {
		if last := i == len(q.Sort)-1; i > 0 && last && o.Down == q.Sort[i-1].Down { // the id, as it is added
			break
		}
		if i > 0 {
			sort += ","
		}
		sort += o.String()
	}
	name("sort")
	b = appendString(b, sort)
	name("limit")
	b = strconv.AppendInt(b, int64(q.Limit), 10)
	name("max_chars")
	b = strconv.AppendInt(b, int64(q.MaxChars), 10)
	name("include_total")
	b = strconv.AppendBool(b, q.Total)
	return append(b, '}')
}

func names(fields []*Field) []string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.Name
	}
	return all
}
