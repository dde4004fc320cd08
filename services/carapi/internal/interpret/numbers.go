package interpret

import (
	"net/url"
	"strings"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// readNumbers reads the values of a field of numbers.
func (r *reading) readNumbers(name string, p query.Parameter, given []string) {
	var all []string
	for _, g := range given {
		if items, ok := parseList(g); ok {
			all = append(all, items...)
		} else {
			all = append(all, g)
		}
	}

	var read []string
	out, why := url.Values{}, ""
	for _, g := range all {
		if isPlain(p.Field, g) {
			read = append(read, g)
			continue
		}
		a, ok := p.Field.Measure().Parse(g)
		if !ok || !fits(p.Use, a) {
			read = append(read, r.readNumberList(p, g, &why)...)
			continue
		}
		switch {
		case p.Use == query.AtLeast, a.From == a.To:
			read = append(read, a.From)
		case p.Use == query.AtMost:
			read = append(read, a.To)
		case a.To == "":
			out.Add(name+"_min", a.From)
		case a.From == "":
			out.Add(name+"_max", a.To)
		default:
			read = append(read, a.From+"-"+a.To)
		}
		why = a.Why
	}

	if len(read) > 0 {
		out[name] = read
	}
	if why != "" {
		r.note(name, why, out)
	}
	for n, values := range out {
		r.exact[n] = append(r.exact[n], values...)
	}
}

// fits reports whether an amount can be a bound: price_min takes "20k" and "over 20k", but not "under 20k".
func fits(use query.Use, a value.Amount) bool {
	single := a.From == a.To
	switch use {
	case query.AtLeast:
		return a.From != "" && (a.To == "" || single)
	case query.AtMost:
		return a.To != "" && (a.From == "" || single)
	}
	return true
}

// readNumberList reads the parts of a list that as a whole is not an amount.
func (r *reading) readNumberList(p query.Parameter, given string, why *string) []string {
	parts := strings.Split(given, ",")
	if p.Use != query.Equals || len(parts) < 2 || value.IsGrouped(given) {
		if p.Use == query.Equals && value.IsGrouped(given) { // Parse would take it for several values
			r.fail(p.Field.Name, given, query.Expects(p.Field)+"; write 20000 for 20,000")
			return nil
		}
		return []string{given}
	}
	for i, part := range parts {
		if isPlain(p.Field, part) {
			continue
		}
		a, ok := p.Field.Measure().Parse(part)
		switch {
		case !ok || a.From == "" || a.To == "":
			return []string{given}
		case a.From == a.To:
			parts[i] = a.From
		default:
			parts[i] = a.From + "-" + a.To
		}
		*why = a.Why
	}
	return parts
}

// isPlain reports whether Parse reads a text as people mean it. It would read 20,000 as 20 and 0, and 30.000 as 30.
func isPlain(f *catalog.Field, given string) bool {
	m := f.Measure()
	if value.IsGrouped(given) && (strings.Contains(given, ",") || m.IsMoney() || m.IsDistance()) {
		return false
	}
	for part := range strings.SplitSeq(given, ",") {
		if _, ok := query.ParseRange(f, strings.TrimSpace(part)); !ok {
			return false
		}
	}
	return true
}
