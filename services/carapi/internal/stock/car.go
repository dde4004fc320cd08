package stock

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// ErrNotFound says that no vehicle has the id that was asked for.
var ErrNotFound = errors.New("no such vehicle")

// Car is one vehicle.
type Car struct {
	Body []byte // a JSON object
	Origin
}

// Car gives the vehicle of an id, or ErrNotFound.
func (s *Store) Car(ctx context.Context, id string, values url.Values) (*Car, error) {
	return with(ctx, s, func(ctx context.Context, v view) (*Car, error) {
		return v.one(ctx, values, v.is(id))
	})
}

// ascii reports whether a column of any character set can be compared with the text. MySQL makes an
// error of it where the column's has no such letter.
func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

var wholeNumber = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,34})$`)

// is the condition that a vehicle has the id, as answers show it.
func (v view) is(id string) clause {
	f, none := v.byName["id"], clause{sql: "1 = 0"}
	switch f.class() {
	case text: // the first condition finds it by the index, the second is sure
		if !utf8.ValidString(id) {
			return none
		}
		if !ascii(id) {
			return clause{f.exact + " = ?", []any{id}}
		}
		return clause{f.indexed + " = ? AND " + f.exact + " = ?", []any{id, id}}
	case number: // MySQL would compare as numbers, and find 12 for "12abc"; +1 and 01 are no ids
		if !wholeNumber.MatchString(id) {
			return none
		}
		placeholder, arg := v.dialect.bind(f, id)
		if _, inexact := arg.(float64); inexact { // SQLite has it as a text
			arg = id
		}
		return clause{f.quoted + " = " + placeholder, []any{arg}}
	case opaque:
		b, err := base64.StdEncoding.DecodeString(id)
		if err != nil {
			return none
		}
		return clause{f.quoted + " = ?", []any{b}}
	case instant: // with any other text MySQL would fail
		if moment(id) {
			return clause{f.quoted + " = ?", []any{id}}
		}
	}
	return none
}

// CarByVIN gives the vehicle of a VIN, in any spelling, or ErrNotFound.
func (s *Store) CarByVIN(ctx context.Context, vin string, values url.Values) (*Car, error) {
	return with(ctx, s, func(ctx context.Context, v view) (*Car, error) {
		f := v.byName["vin"]
		if f == nil || f.class() != text || !utf8.ValidString(vin) {
			return nil, ErrNotFound
		}
		meant, err := v.meanings(ctx, f, []string{vin})
		if err != nil {
			return nil, err
		}
		filter := Filter{Field: f, Meant: meant[vin]}
		return v.one(ctx, values, filter.clause(v.dialect))
	})
}

func (v view) one(ctx context.Context, values url.Values, condition clause) (*Car, error) {
	q, err := v.request(ctx, values, "fields")
	if err != nil {
		return nil, err
	}
	car := &Car{}
	if car.Origin, err = v.origin(ctx); err != nil {
		return nil, err
	}
	enc := newEncoder(q.Shown, 1)
	dest := enc.cells()
	where, args := joined([]clause{condition})
	err = v.store.query(ctx, "car", "SELECT "+q.selected()+" FROM "+v.from+where+" ORDER BY "+q.orderBy(true)+" LIMIT 1", args, func(rows *sql.Rows) error {
		enc.begin()
		err := rows.Scan(dest...)
		enc.end()
		car.Body = enc.json
		return err
	})
	if err == nil && car.Body == nil {
		err = ErrNotFound
	}
	return car, err
}
