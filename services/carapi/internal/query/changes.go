package query

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"carstock/services/carapi/internal/history"
	"carstock/services/carapi/internal/value"
)

// defaultSince is the default age of the oldest changes in an answer.
const defaultSince = "7d"

// Changes is a request for changes.
type Changes struct {
	Since  time.Time
	Kinds  []history.Kind
	Limit  int
	Before *ChangesCursor // where the page begins; nil for the first

	values url.Values
}

// ChangesCursor is the last event of a page: the events before it come next.
type ChangesCursor struct {
	Change int64
	Kind   history.Kind
}

// changesExpected describes the values of the parameters for changes.
var changesExpected = map[string]string{
	"since":  SinceExpected,
	"kind":   strings.Join(history.KindNames(), ", ") + ", or several of them with commas",
	"limit":  controlValues["limit"],
	"cursor": "next_cursor of an answer to this same request",
	"fields": controlValues["fields"],
}

// ChangeKinds returns the names of the kinds of changes.
func ChangeKinds() []string { return history.KindNames() }

// ChangesParameters returns the names of the parameters of a request for changes.
func ChangesParameters() []string { return slices.Sorted(maps.Keys(changesExpected)) }

// ParseChanges reads a request for changes, except its fields. An error is a ParameterErrors.
func (p *Parameters) ParseChanges(values url.Values, now time.Time, allowed ...string) (*Changes, error) {
	r := &parser{Parameters: p}
	c := &Changes{Limit: DefaultLimit, values: values}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if name == "fields" && slices.Contains(allowed, name) {
			continue
		}

		given := strings.TrimSpace(strings.Join(values[name], ","))
		if !slices.Contains(allowed, name) {
			near := value.Nearest(name, allowed)
			r.fail(name, given, near, "there is no parameter %q here; send none but %s", value.Excerpt(name),
				joinAlternatives(allowed))
			continue
		}

		if given != "" && !c.setParameter(name, given, now) {
			r.fail(name, given, nil, "%s must be %s", name, changesExpected[name])
		}
	}

	if r.errs != nil {
		return nil, ParameterErrors{All: r.errs, LeftOut: r.leftOut}
	}

	// What is not given has a default.
	if strings.TrimSpace(values.Get("since")) == "" {
		c.Since, _ = parseSince(defaultSince, now)
	}

	if c.Kinds == nil {
		c.Kinds = history.AllKinds
	}

	return c, nil
}

// setParameter sets a parameter, and reports whether its value is valid.
func (c *Changes) setParameter(name, given string, now time.Time) (ok bool) {
	switch name {
	case "since":
		c.Since, ok = parseSince(given, now)
	case "limit":
		c.Limit, _ = strconv.Atoi(given)
		ok = c.Limit >= 1 && c.Limit <= MaxLimit
	case "kind":
		for part := range strings.SplitSeq(given, ",") {
			kind, known := history.ParseKind(strings.TrimSpace(part))
			if !known {
				return false
			}

			if !slices.Contains(c.Kinds, kind) {
				c.Kinds = append(c.Kinds, kind)
			}
		}

		ok = true
	case "cursor":
		change, kindName, _ := strings.Cut(given, ".")
		id, err := strconv.ParseInt(change, 10, 64)
		kind, known := history.ParseKind(kindName)
		c.Before = &ChangesCursor{id, kind}
		ok = err == nil && id > 0 && known
	}

	return ok
}

// Applied returns the request as understood, as JSON.
func (c *Changes) Applied() []byte {
	kinds := make([]string, len(c.Kinds))
	for i, kind := range c.Kinds {
		kinds[i] = kind.String()
	}

	b := fmt.Appendf(nil, `{"since":"%s","kind":`, c.Since.Format(time.RFC3339Nano))
	b = value.AppendStrings(b, kinds)
	if fields := strings.Join(c.values["fields"], ","); fields != "" {
		b = value.AppendStrings(append(b, `,"fields":`...), strings.Split(fields, ","))
	}

	return fmt.Appendf(b, `,"limit":%d}`, c.Limit)
}

// NextPage returns the request for the events before the last one of a page.
func (c *Changes) NextPage(last ChangesCursor) url.Values {
	next := maps.Clone(c.values)
	if next == nil {
		next = url.Values{}
	}

	// A relative time, such as 7d, would move until the next page is read.
	next.Set("since", c.Since.Format(time.RFC3339Nano))
	next.Set("cursor", strconv.FormatInt(last.Change, 10)+"."+last.Kind.String())
	return next
}
