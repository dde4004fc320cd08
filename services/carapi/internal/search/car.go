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

// ErrNotFound says that no vehicle has the requested id or VIN.
var ErrNotFound = errors.New("no such vehicle")

// ErrNoIDs says that nothing in the table identifies vehicles.
var ErrNoIDs = fmt.Errorf("%w: the vehicles of this table have no id", ErrNotFound)

// Car is one vehicle.
type Car struct {
	Body   []byte // a JSON object
	Origin Origin
}

// Car returns the vehicle with an id, or ErrNotFound.
func (s *Service) Car(ctx context.Context, id string, values url.Values) (*Car, error) {
	return s.carWith(ctx, values, findByID(id))
}

// CarByVIN returns the vehicle with a VIN in any spelling, or ErrNotFound.
func (s *Service) CarByVIN(ctx context.Context, vin string, values url.Values) (*Car, error) {
	return s.carWith(ctx, values, findByVIN(vin))
}

// carWith returns the vehicle that find returns, as JSON.
func (s *Service) carWith(ctx context.Context, values url.Values, find vehicleFinder) (*Car, error) {
	return withFallback(ctx, s, func(ctx context.Context, src *source, g *generation) (*Car, error) {
		r, err := newCarRequest(ctx, src, g, values)
		if err != nil {
			return nil, err
		}

		v, err := find(r, r.query.Shown)
		if err != nil {
			return nil, err
		}

		return &Car{Body: r.encodeCar(v, query.MaxChars-envelopeSize), Origin: g.originOf(r.query)}, nil
	})
}

// newCarRequest reads the parameters of a request for one vehicle: the fields to show.
func newCarRequest(ctx context.Context, src *source, g *generation, values url.Values) (*searchRequest, error) {
	q, _, err := g.interpreter.Interpret(g.index, values, "fields")
	if err != nil {
		return nil, err
	}
	return &searchRequest{ctx: ctx, source: src, generation: g, query: q}, nil
}

// vehicleFinder reads some fields of one vehicle as it is now. The error is ErrNotFound without it.
type vehicleFinder func(r *searchRequest, fields []*catalog.Field) (*vehicle, error)

// findByID returns the finder of the vehicle with an id.
func findByID(id string) vehicleFinder {
	return func(r *searchRequest, fields []*catalog.Field) (*vehicle, error) {
		g := r.generation
		field := g.catalog.ID()
		if field == nil {
			return nil, ErrNoIDs
		}

		isID := func(v *vehicle) bool {
			cell, whole := v.Cell(field)
			return whole && encodeID(field, cell) == id
		}

		// The index may know the vehicle, with its computed fields.
		wanted, isCell := parseID(field, id)
		var known index.Set
		if isCell {
			known = g.index.RowsWithCell(field, wanted)
		}

		// A vehicle that is newer than the index can only be read by its key.
		if g.keptRows == nil && g.catalog.IDIsKey() {
			key, ok := store.ParseKey(g.catalog, id)
			if !ok {
				return nil, ErrNotFound
			}

			v, err := r.readCar(key, append(field.Sources(), fields...), isID)
			if row, ok := known.First(); ok && err == nil {
				v.index, v.row = g.index, row
			}

			return v, err
		}

		return r.findCar(known, append(field.Sources(), fields...), isID)
	}
}

// findByVIN returns the finder of the vehicle with a VIN.
func findByVIN(vin string) vehicleFinder {
	return func(r *searchRequest, fields []*catalog.Field) (*vehicle, error) {
		g := r.generation
		field := g.catalog.TextField("vin")
		if field == nil || !utf8.ValidString(vin) {
			return nil, ErrNotFound
		}

		filter := query.Filter{Field: field, Words: []string{vin}}
		if len(g.index.Lookup(field, vin)) == 0 {
			filter.Words = g.index.LookupFolded(field, vin) // with other punctuation
		}

		set := g.index.Filter(g.index.All(), &filter)
		return r.findCar(set, append(field.Sources(), fields...), func(v *vehicle) bool {
			cell, whole := v.Cell(field)
			return whole && filter.Matches(cell)
		})
	}
}

// findCar reads the first vehicle of a set, if it still is the requested one.
func (r *searchRequest) findCar(set index.Set, fields []*catalog.Field, is func(*vehicle) bool) (*vehicle, error) {
	g := r.generation
	row, ok := set.First()
	if !ok {
		return nil, ErrNotFound
	}

	if g.keptRows == nil {
		v, err := r.readCar(g.keyOf(row), fields, is)
		if err == nil {
			v.index, v.row = g.index, row
		}
		return v, err
	}

	v := &vehicle{stored: g.keptRows.row(g.index.AddedNumber(row)), index: g.index, row: row}
	if !is(v) {
		return nil, ErrNotFound
	}

	return v, nil
}

// readCar reads one vehicle by its key.
func (r *searchRequest) readCar(key []value.Cell, fields []*catalog.Field, is func(*vehicle) bool) (*vehicle, error) {
	g := r.generation
	rows, err := r.source.store.Rows(r.ctx, g.catalog, g.version, [][]value.Cell{key}, sourcesOf(fields), query.MaxChars)
	if err != nil {
		return nil, err
	}
	if rows[0] == nil {
		return nil, ErrNotFound
	}

	v := &vehicle{stored: rows[0]}
	if !is(v) {
		return nil, ErrNotFound
	}

	return v, nil
}

// encodeCar encodes the fields of a vehicle that the request shows, in at most about room characters.
func (r *searchRequest) encodeCar(v *vehicle, room int) []byte {
	return r.encodeFields(v, r.query.Shown, room)
}

// encodeFields encodes fields of a vehicle in at most about room characters.
func (r *searchRequest) encodeFields(v *vehicle, fields []*catalog.Field, room int) []byte {
	e, _ := encodeVehicle(nil, fields, fieldLabels(fields), v)
	vehicles := []*encodedVehicle{e}

	// Cut texts first, and then leave out the largest values.
	cut, _ := cutToFit(vehicles, room)
	for !fitsRoom(vehicles, cut, room) && vehicles[0].omitLargest() {
	}

	body, texts := vehicles[0].truncated(cut)
	truncation := Truncation{Texts: texts, Values: vehicles[0].omitted}
	if texts > 0 {
		truncation.Length = cut
	}

	// A column named cut keeps its name.
	if (texts > 0 || truncation.Values != nil) && r.generation.catalog.Field("cut") == nil {
		body = append(append(body[:len(body)-1:len(body)-1], `,"cut":`...), encodeJSON(truncation)...)
		body = append(body, '}')
	}

	return body
}

// encodeID returns an id as answers show it.
func encodeID(f *catalog.Field, c value.Cell) string {
	if f.Class() == catalog.ClassOpaque {
		return base64.StdEncoding.EncodeToString(c.Form)
	}
	return string(c.Form)
}

// integerPattern matches a number as answers show it: +1 and 01 are not ids.
var integerPattern = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,64})$`)

// parseID reads an id as answers show it.
func parseID(f *catalog.Field, id string) (value.Cell, bool) {
	switch f.Class() {
	case catalog.ClassNumber:
		return value.Cell{Type: value.Number, Form: []byte(id)}, integerPattern.MatchString(id)
	case catalog.ClassOpaque:
		form, err := base64.StdEncoding.DecodeString(id)
		return value.Cell{Type: value.Blob, Form: form}, err == nil
	}
	return value.Cell{Type: value.Text, Form: []byte(id)}, true
}
