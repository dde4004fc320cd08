package search

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"unicode/utf8"

	"carstock/services/carapi/internal/query"
)

// envelopeSize is what an answer has beside the parts that are counted one by one: names, numbers and punctuation.
const envelopeSize = 700

// Truncation says what an answer leaves out because it would be too long.
type Truncation struct {
	Texts  int       `json:"texts" jsonschema:"Texts shown by their beginning"`
	Length int       `json:"text_to" jsonschema:"Characters to which they are cut; 0 if none are"`
	Cars   int       `json:"cars" jsonschema:"Vehicles that are left for the next page"`
	Values []Omitted `json:"values,omitempty" jsonschema:"Values that do not fit, null in the answer, with their length"`
}

// writeVehicles puts the vehicles into the answer, so that it is not too long: long texts are cut first, then vehicles
// are left for the next page, and last the values of a single vehicle that do not fit are left out. What explains an
// empty answer stays whole.
func (r *searchRequest) writeVehicles(p *page, a *Answer) error {
	q := r.query
	all, whole := r.encode(p.shown)

	if p.hasMore() {
		a.Next = q.NextPage(p.cursorAfter())
	}

	room := r.remainingRoom(a)

	cut := 0
	fits := fitsRoom(all, cut, room)
	if fits {
		a.Cars = whole
	}

	for _, length := range textLengths {
		if fits {
			break
		}
		cut = length
		fits = fitsRoom(all, cut, room)
	}

	left := 0
	encodings := map[*vehicle]*encodedVehicle{}
	if !fits {
		for i, row := range p.shown {
			encodings[row.vehicle] = all[i]
		}
	}

	for !fits && p.taken > 1 && len(all) > 1 {
		before := len(p.shown)
		p = p.shorten(p.taken - 1)
		left += before - len(p.shown)

		all = all[:0]
		for _, row := range p.shown {
			all = append(all, encodings[row.vehicle])
		}

		a.Next = q.NextPage(p.cursorAfter())
		room = r.remainingRoom(a) // the cursor has another length
		fits = fitsRoom(all, cut, room)
	}

	for !fits && len(all) == 1 && all[0].omitLargest() {
		fits = fitsRoom(all, cut, room)
	}

	if err := r.checkCursor(a.Next, fits); err != nil {
		return err
	}

	truncation := Truncation{Cars: left}
	isWhole := a.Cars != nil
	if !isWhole {
		a.Cars = []byte{'['}
	}

	for i := range all {
		if !isWhole {
			vehicle, texts := all[i].truncated(cut)
			if i > 0 {
				a.Cars = append(a.Cars, ',')
			}
			a.Cars = append(a.Cars, vehicle...)
			truncation.Texts += texts
		}

		for _, o := range all[i].omitted {
			o.ID = all[i].id
			truncation.Values = append(truncation.Values, o)
		}
	}

	if !isWhole {
		a.Cars = append(a.Cars, ']')
	}

	a.Count = len(all)
	if truncation.Texts > 0 {
		truncation.Length = cut
	}

	if truncation.Texts > 0 || left > 0 || truncation.Values != nil {
		a.Truncation = &truncation
	}

	return nil
}

// cursorShare is the part of an answer that its cursor may take at most, where the vehicles then do not fit.
const cursorShare = 8

// checkCursor refuses an order by values that are too long for a cursor, which an answer holds twice.
func (r *searchRequest) checkCursor(next url.Values, fits bool) error {
	wrong := query.ParameterError{Parameter: "sort", Received: r.query.Values().Get("sort")}
	switch size := len(next.Get("cursor")); {
	case size > query.MaxCursor:
		wrong.Expected = fmt.Sprintf("the next page would begin after a value of more than %d bytes; "+
			"sort by fields with shorter values", query.MaxCursor)
	case !fits && size > r.query.MaxChars/cursorShare:
		wrong.Expected = fmt.Sprintf("the next page would begin after a value of %d bytes; "+
			"sort by fields with shorter values, or send a max_chars of at least %d", size, cursorShare*size)
	default:
		return nil
	}

	return query.ParameterErrors{All: []query.ParameterError{wrong}}
}

// encode gives the vehicles of a page as JSON, one by one, and all of them as an array.
func (r *searchRequest) encode(shown []liveRow) (all []*encodedVehicle, whole []byte) {
	names := fieldLabels(r.query.Shown)
	all = make([]*encodedVehicle, len(shown))

	whole = append(make([]byte, 0, 1<<10), '[')
	for i, row := range shown {
		switch i {
		case 0:
		case 1:
			whole = slices.Grow(whole, len(whole)*len(shown)) // they are mostly about as long
			fallthrough
		default:
			whole = append(whole, ',')
		}

		all[i], whole = encodeVehicle(whole, r.query.Shown, names, row.vehicle)
	}

	return all, append(whole, ']')
}

// remainingRoom is how many characters the vehicles may take.
func (r *searchRequest) remainingRoom(a *Answer) int {
	notes, _ := json.Marshal(a.Notes) // texts always encode
	room := r.query.MaxChars - envelopeSize - len(a.Facets) - len(a.Applied) - len(a.Summary) - len(notes) - len(
		encodeJSON(a.NotNumbers))
	if a.Next != nil {
		room -= 2 * len(a.Next.Encode()) // the next request, and its cursor alone
	}

	return room
}

// fitsRoom reports whether the vehicles, with their texts cut, take at most so many characters.
func fitsRoom(all []*encodedVehicle, cut, room int) bool {
	// Bytes are counted faster than characters, which are never more.
	bytes := 0
	for _, e := range all {
		bytes += len(e.json) + 1 + e.omittedSize()
	}

	if bytes <= room {
		return true
	}

	characters := 0
	for _, e := range all {
		b, _ := e.truncated(cut)
		characters += utf8.RuneCount(b) + 1 + e.omittedSize()
	}

	return characters <= room
}
