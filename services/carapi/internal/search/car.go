package search

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"unicode/utf8"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/store"
	"carstock/services/carapi/internal/value"
)

// ErrNotFound says that no vehicle has the id or VIN that was asked for.
var ErrNotFound = errors.New("no such vehicle")

// ErrNoIDs says that the table has nothing that tells vehicles apart.
var ErrNoIDs = fmt.Errorf("%w: the vehicles of this table have no id", ErrNotFound)

// Car is one vehicle.
type Car struct {
	Body   []byte // a JSON object
	Origin Origin
}

// Car gives the vehicle of an id, or ErrNotFound.
func (s *Service) Car(ctx context.Context, id string, values url.Values) (*Car, error) {
	return withFallback(ctx, s, func(ctx context.Context, src *source, g *generation) (*Car, error) {
		r, err := newCarRequest(ctx, src, g, values)
		if err != nil {
			return nil, err
		}
		field := g.catalog.ID()
		if field == nil {
			return nil, ErrNoIDs
		}
		isID := func(v *vehicle) bool {
			cell, whole := v.Cell(field)
			return whole && shownAs(field, cell) == id
		}
		if g.kept == nil && g.catalog.IDIsKey() { // whether or not the index knows it yet
			key, ok := store.KeyOf(g.catalog, id)
			if !ok {
				return nil, ErrNotFound
			}
			return r.readCar([][]value.Cell{key}, field, isID)
		}
		wanted, ok := idCell(field, id)
		if !ok {
			return nil, ErrNotFound
		}
		return r.findCar(g.index.WithCell(field, wanted), field, isID)
	})
}

// CarByVIN gives the vehicle of a VIN, in any spelling, or ErrNotFound.
func (s *Service) CarByVIN(ctx context.Context, vin string, values url.Values) (*Car, error) {
	return withFallback(ctx, s, func(ctx context.Context, src *source, g *generation) (*Car, error) {
		r, err := newCarRequest(ctx, src, g, values)
		if err != nil {
			return nil, err
		}
		field := g.catalog.TextField("vin")
		if field == nil || !utf8.ValidString(vin) {
			return nil, ErrNotFound
		}
		filter := query.Filter{Field: field, Words: []string{vin}}
		if len(g.index.Lookup(field, vin)) == 0 {
			filter.Words = g.index.LookupFolded(field, vin) // with other signs
		}
		set := g.index.Filter(g.index.All(), &filter)
		return r.findCar(set, field, func(v *vehicle) bool {
			cell, whole := v.Cell(field)
			return whole && filter.Matches(cell)
		})
	})
}

func newCarRequest(ctx context.Context, src *source, g *generation, values url.Values) (*request, error) {
	q, _, err := g.interpreter.Interpret(g.index, values, "fields")
	if err != nil {
		return nil, err
	}
	return &request{ctx: ctx, source: src, generation: g, query: q}, nil
}

// findCar reads the first vehicle of a set that still is the one asked for.
func (r *request) findCar(set index.Set, field *catalog.Field, is func(*vehicle) bool) (*Car, error) {
	g := r.generation
	rows, _ := g.index.Page(set, r.query.Sort, nil, 1)
	if len(rows) == 0 {
		return nil, ErrNotFound
	}
	if g.kept != nil {
		return r.encodeCar(&vehicle{g.kept.row(g.index.ReadAs(rows[0]))}, is)
	}
	return r.readCar([][]value.Cell{g.keyOf(rows[0])}, field, is)
}

// readCar reads one vehicle by its key.
func (r *request) readCar(keys [][]value.Cell, field *catalog.Field, is func(*vehicle) bool) (*Car, error) {
	g := r.generation
	fields := append(field.Sources(), neededFields(g.catalog, r.query)...)
	rows, err := r.source.store.Rows(r.ctx, g.catalog, g.version, keys, fields, query.MaxChars)
	if err != nil {
		return nil, err
	}
	if rows[0] == nil {
		return nil, ErrNotFound
	}
	return r.encodeCar(&vehicle{rows[0]}, is)
}

// encodeCar writes a vehicle, within the length that any answer has.
func (r *request) encodeCar(v *vehicle, is func(*vehicle) bool) (*Car, error) {
	if !is(v) {
		return nil, ErrNotFound
	}
	e, _ := encodeVehicle(nil, r.query.Shown, labels(r.query.Shown), v)
	room := query.MaxChars - envelopeSize
	one := []*encoded{e}
	cut := 0
	for _, length := range textLengths {
		if fit(one, cut, room) {
			break
		}
		cut = length
	}
	for !fit(one, cut, room) && one[0].omitLargest() {
	}

	body, texts := one[0].cut(cut)
	truncation := Truncation{Texts: texts, Values: one[0].omitted}
	if texts > 0 {
		truncation.Length = cut
	}
	if (texts > 0 || truncation.Values != nil) && r.generation.catalog.Field("cut") == nil {
		body = append(append(body[:len(body)-1:len(body)-1], `,"cut":`...), encodeJSON(truncation)...)
		body = append(body, '}')
	}
	return &Car{Body: body, Origin: r.generation.origin()}, nil
}

// shownAs is an id as answers show it.
func shownAs(f *catalog.Field, c value.Cell) string {
	if f.Class() == catalog.Opaque {
		return base64.StdEncoding.EncodeToString(c.Form)
	}
	return string(c.Form)
}

// wholeNumber is a number as answers show one; +1 and 01 are not ids.
var wholeNumber = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,64})$`)

// idCell is the stored value of an id as answers show it.
func idCell(f *catalog.Field, id string) (value.Cell, bool) {
	switch f.Class() {
	case catalog.Number:
		return value.Cell{Type: value.Number, Form: []byte(id)}, wholeNumber.MatchString(id)
	case catalog.Opaque:
		form, err := base64.StdEncoding.DecodeString(id)
		return value.Cell{Type: value.Blob, Form: form}, err == nil
	}
	return value.Cell{Type: value.Text, Form: []byte(id)}, true
}
