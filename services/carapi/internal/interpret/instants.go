package interpret

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// zonedTime matches a time with a zone at its end.
var zonedTime = regexp.MustCompile(`^(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)([Zz]|[+-]\d\d:?\d\d)$`)

// utcComment finds UTC in the comment of a column.
var utcComment = regexp.MustCompile(`(?i)\b(?:utc|gmt|zulu)\b`)

// readInstants reads the values of a time field. A DATETIME has no zone. A zone in the request is converted to UTC if
// the column's comment says UTC. Otherwise a Z is dropped and any other zone is refused.
func (r *requestReader) readInstants(name string, f *catalog.Field, given []string) {
	p, _ := r.parameters.Get(name)
	isBound := p.Use == query.UseAtLeast || p.Use == query.UseAtMost
	var read []string

	reason := ""
	for n, g := range given {
		parts := value.SplitTrimmed(g, ",")
		for i, part := range parts {
			if text, ok := relativeInstant(f, part, isBound, time.Now()); ok {
				parts[i], reason = text, "a time before now, in UTC"
				continue
			}

			// A DATETIME has no zone, so a zone can only be converted, dropped or refused.
			match := zonedTime.FindStringSubmatch(part)
			if match == nil || f.Kind != schema.DateTime {
				continue
			}

			isZ := strings.EqualFold(match[2], "z")
			switch {
			case utcComment.MatchString(f.Column.Comment) || utcComment.MatchString(f.About):
				parts[i], reason = toUTC(match[1], match[2]), "a time in UTC, as column "+f.Column.Name+" is"
			case isZ:
				parts[i], reason = match[1], "a time without its zone, since column "+f.Column.Name+" names none"
			default:
				// The correction keeps the other values.
				parts[i] = match[1]
				right := slices.Clone(given)
				right[n] = strings.Join(parts, ",")
				r.failFixed(name, part, "column "+f.Column.Name+" names no time zone, so a time with one cannot be compared; send "+
					match[1], right)
				return
			}
		}

		read = append(read, strings.Join(parts, ","))
	}

	if reason != "" {
		r.note(name, reason, url.Values{name: read})
	}

	r.exact[name] = append(r.exact[name], read...)
}

// relativeInstant converts a time relative to now, such as 7d or yesterday, to the notation of the field's values. Only
// a bound may be less than a whole day.
func relativeInstant(f *catalog.Field, text string, isBound bool, now time.Time) (string, bool) {
	t, isDay, ok := query.ParseRelative(text, now)
	switch {
	case !ok || !isDay && !isBound:
		return "", false
	case isDay || f.Kind == schema.Date:
		return t.Format(time.DateOnly), true
	case f.Kind == schema.Timestamp:
		return t.Format("2006-01-02T15:04:05Z"), true
	}

	return t.Format("2006-01-02T15:04:05"), true
}

// toUTC converts a time with a zone to UTC.
func toUTC(text, zone string) string {
	if strings.EqualFold(zone, "z") {
		return text
	}

	zone = strings.Replace(zone, ":", "", 1)
	for _, layout := range []string{"2006-01-02T15:04:05.999999", "2006-01-02T15:04"} {
		t, err := time.Parse(layout+"-0700", strings.Replace(strings.ToUpper(text), " ", "T", 1)+zone)
		if err == nil {
			return t.UTC().Format("2006-01-02T15:04:05.999999")
		}
	}

	return text + zone // Parse says what is wrong
}

// failFixed records a mistake together with the values that would be right.
func (r *requestReader) failFixed(name, given, expected string, right []string) {
	r.fail(name, given, expected)
	r.errs[len(r.errs)-1] = r.errs[len(r.errs)-1].WithFix(url.Values{name: right})
}
