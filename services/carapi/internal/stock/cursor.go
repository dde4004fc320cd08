package stock

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"carstock/pkg/schema"
)

// A cursor is where a page ended: the last vehicle's values in what the search is ordered by. With
// them, and not a number of vehicles to leave out, the next page costs what the first does, and
// vehicles that come or go neither repeat nor hide others. It is a JSON array in base64, of which the
// first element ties it to the search. Where the id is not one vehicle's alone, and others have the
// same values, it ends with how many of them have been shown.

// fingerprint is the same for all pages of a search: what it filters and orders by.
func (q *Query) fingerprint() string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, f := range q.Filters {
		_ = enc.Encode([]any{f.Parameter, f.Texts, f.Spans}) // texts always encode
	}
	_ = enc.Encode(q.Words)
	for _, o := range q.Sort {
		_ = enc.Encode(o.String())
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:9])
}

// mark makes the cursor behind a place, in which skip vehicles have been shown and more are to come.
func (q *Query) mark(place string, skip int) string {
	b := appendString([]byte("["), q.fingerprint())
	b = append(b, place...)
	if skip > 0 {
		b = strconv.AppendInt(append(b, ','), int64(skip), 10)
	}
	return base64.RawURLEncoding.EncodeToString(append(b, ']'))
}

// placeOf tells a vehicle's values in Sort, which are as the database gave them: a text that is none
// in UTF-8, and bytes, in base64 and brackets.
func (q *Query) placeOf(values []any) string {
	var b []byte
	for i, o := range q.Sort {
		b = append(b, ',')
		var raw []byte
		switch v := values[i].(type) {
		case []byte:
			raw = v
		case string:
			raw = []byte(v)
		}
		switch {
		case o.Field.class() == number:
			b = appendValue(b, o.Field.Kind, values[i])
		case raw != nil && (o.Field.class() == opaque || !utf8.Valid(raw)):
			b = append(appendString(append(b, '['), base64.StdEncoding.EncodeToString(raw)), ']')
		default:
			b = appendValue(b, schema.Text, values[i])
		}
	}
	return string(b)
}

var (
	longNumber   = regexp.MustCompile(`^-?[0-9]{1,35}(\.[0-9]{1,30})?$`)
	storedMoment = regexp.MustCompile(`^\d{4}-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.\d{1,6})?)?$`)
)

// cursor reads one, which anybody may have made.
func (p *parser) cursor(given string) {
	mismatch := func() {
		p.fail("cursor", given, nil, "%s; begin again without it", controls["cursor"])
		p.mend(url.Values{"cursor": nil})
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(given)
	if err != nil {
		mismatch()
		return
	}

	// Unmarshal checks all of the text, so nothing can follow the array unnoticed.
	var raw []json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil || len(raw) <= len(p.Sort) || len(raw) > len(p.Sort)+2 {
		mismatch()
		return
	}

	values, err := decodeAll(raw)
	if err != nil || values[0] != p.fingerprint() {
		mismatch()
		return
	}

	switch more := values[len(p.Sort)+1:]; len(more) {
	case 0:
	case 1:
		n, _ := more[0].(json.Number)
		skip, err := strconv.ParseInt(string(n), 10, 32)
		if err != nil || skip < 1 {
			mismatch()
			return
		}
		p.skip = int(skip)
	}

	for i, o := range p.Sort {
		v, ok := o.Field.fromCursor(values[i+1], p.dialect)
		if !ok {
			mismatch()
			return
		}
		p.after = append(p.after, v)
	}

	for _, v := range raw[1 : len(p.Sort)+1] {
		p.place += "," + string(v)
	}
}

// decodeAll decodes each element, and keeps numbers as they are written.
func decodeAll(raw []json.RawMessage) ([]any, error) {
	values := make([]any, len(raw))
	for i, element := range raw {
		decoder := json.NewDecoder(bytes.NewReader(element))
		decoder.UseNumber()
		if err := decoder.Decode(&values[i]); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// fromCursor is a value of the field as a statement takes it: nil, a text, bytes, or a number's notation.
func (f *Field) fromCursor(v any, d *dialect) (any, bool) {
	switch v := v.(type) {
	case nil:
		return nil, f.nullable
	case []any: // bytes
		if len(v) != 1 {
			return nil, false
		}
		s, ok := v[0].(string)
		b, err := base64.StdEncoding.Strict().DecodeString(s)
		switch {
		case !ok || err != nil:
			return nil, false
		case f.class() == opaque:
			return b, true
		}
		return string(b), f.class() == text || f.class() == instant && d.loose // a text, though not in UTF-8
	case json.Number:
		if f.class() == instant && d.loose { // such as seconds since 1970
			x, err := v.Float64()
			return x, err == nil && !math.IsInf(x, 0)
		}
		if f.Kind == schema.Float || f.Kind == schema.Double {
			x, err := strconv.ParseFloat(v.String(), 64)
			return v.String(), err == nil && !math.IsInf(x, 0)
		}
		return v.String(), f.class() == number && longNumber.MatchString(v.String())
	case string:
		return v, f.class() == text || f.class() == instant && (d.loose || moment(v))
	}
	return nil, false
}

// moment reports whether a text is a time as MySQL writes one: some of its times have no month, or no
// day, and some months more days than they should.
func moment(s string) bool {
	m := storedMoment.FindStringSubmatch(s)
	if m == nil {
		return false
	}
	for i, most := range []string{"12", "31", "23", "59", "59"} {
		if m[i+1] > most {
			return false
		}
	}
	return true
}

// behind is the condition that a vehicle comes after the cursor. Vehicles without a value come last,
// whichever way the order goes: of the cheapest, one without a price is none. Of those in its very
// place some have been shown, and are left out when the page is read.
func (q *Query) behind() (string, []any) {
	var args []any
	sql := ""
	// From the last field to the first: behind in this one, or equal in it and behind in the rest.
	for i := len(q.Sort) - 1; i >= 0; i-- {
		o, v := q.Sort[i], q.after[i]
		if v == nil {
			if sql != "" {
				sql = " AND " + sql
			}
			sql = "(" + o.Field.value() + " IS NULL" + sql + ")"
			if i == len(q.Sort)-1 && q.skip == 0 {
				sql = "1 = 0"
			}
			continue
		}
		placeholder, arg := q.registry.dialect.operand(o.Field, v)
		comparison := " > "
		if o.Down {
			comparison = " < "
		}
		if i == len(q.Sort)-1 && q.skip > 0 {
			comparison = comparison[:2] + "= "
		}
		beyond := o.Field.value() + comparison + placeholder
		own := []any{arg}
		if o.Field.nullable && i > 0 { // of the first, those without a value are a query of their own
			beyond = "(" + beyond + " OR " + o.Field.value() + " IS NULL)"
		}
		if sql == "" {
			sql = beyond
		} else {
			sql = "(" + beyond + " OR " + o.Field.value() + " = " + placeholder + " AND " + sql + ")"
			own = append(own, arg)
		}
		args = append(own, args...)
	}
	// Said again of the first field alone, an index on it can be used.
	if len(q.Sort) > 1 && q.after[0] != nil {
		placeholder, arg := q.registry.dialect.operand(q.Sort[0].Field, q.after[0])
		comparison := " >= "
		if q.Sort[0].Down {
			comparison = " <= "
		}
		sql = q.Sort[0].Field.value() + comparison + placeholder + " AND " + sql
		args = append([]any{arg}, args...)
	}
	return sql, args
}

// orderBy is the order of the query for vehicles that have a value in its first field. By all fields
// even vehicles that share an id have an order, but no index serves it.
func (q *Query) orderBy(all bool) string {
	var keys []string
	for i, o := range q.Sort {
		direction := ""
		if o.Down {
			direction = " DESC"
		}
		if o.Field.nullable && i > 0 {
			keys = append(keys, o.Field.value()+" IS NULL")
		}
		keys = append(keys, o.Field.value()+direction)
	}
	if all {
		for i := range q.registry.Fields {
			if f := &q.registry.Fields[i]; f.Sorts() {
				keys = append(keys, f.value())
			}
		}
	}
	return strings.Join(keys, ", ")
}
