package search

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"unicode/utf8"

	"carstock/services/carapi/internal/query"
)

// envelopeSize is the size of an answer apart from the parts that are counted individually: names, numbers and
// punctuation.
const envelopeSize = 700

// Truncation says what an answer leaves out to keep its length.
type Truncation struct {
	Texts  int       `json:"texts" jsonschema:"Texts whose end is cut off"`
	Length int       `json:"text_to" jsonschema:"Characters to which they are cut; 0 if none are"`
	Cars   int       `json:"cars" jsonschema:"Vehicles that are left for the next page"`
	Values []Omitted `json:"values,omitempty" jsonschema:"Values that do not fit, null in the answer, with their length"`
}

// writeVehicles writes the vehicles into the answer within its length. First it cuts long texts, then it leaves
// vehicles to the next page, and last it omits values of a single vehicle. The explanation of an empty answer stays
// whole.
func (r *searchRequest) writeVehicles(p *page, a *Answer) error {
	all, whole := r.encode(p.shown)
	if p.hasMore() {
		a.Next = r.query.NextPage(p.cursorAfter())
	}

	// Cut texts, then leave vehicles to the next page, then omit values of the last vehicle.
	cut, fits := cutToFit(all, r.remainingRoom(a))
	left := 0
	if !fits {
		all, left, fits = r.leaveVehicles(p, all, cut, a)
	}

	for room := r.remainingRoom(a); !fits && len(all) == 1 && all[0].omitLargest(); {
		fits = fitsRoom(all, cut, room)
	}

	if err := r.checkCursor(a.Next, fits); err != nil {
		return err
	}

	a.Count = len(all)
	truncation := Truncation{Cars: left, Values: omittedValues(all)}
	if cut == 0 {
		a.Cars = whole
	} else {
		a.Cars, truncation.Texts = joinTruncated(all, cut)
	}

	if truncation.Texts > 0 {
		truncation.Length = cut
	}
	if truncation.Texts > 0 || left > 0 || truncation.Values != nil {
		a.Truncation = &truncation
	}

	return nil
}

// cutToFit returns the longest of textLengths with which the vehicles take at most room characters, or 0 if they need
// not be cut. If none is short enough, it returns the shortest and false.
func cutToFit(all []*encodedVehicle, room int) (cut int, fits bool) {
	for _, length := range textLengths {
		if fitsRoom(all, cut, room) {
			return cut, true
		}
		cut = length
	}
	return cut, fitsRoom(all, cut, room)
}

// leaveVehicles leaves as many of the page's last vehicles to the next page as necessary, and returns the others and
// how many it left.
func (r *searchRequest) leaveVehicles(p *page, all []*encodedVehicle, cut int, a *Answer) (
	kept []*encodedVehicle, left int, fits bool,
) {
	encodings := map[*vehicle]*encodedVehicle{}
	for i, row := range p.shown {
		encodings[row.vehicle] = all[i]
	}

	for !fits && p.taken > 1 && len(all) > 1 {
		before := len(p.shown)
		p = p.shorten(p.taken - 1)
		left += before - len(p.shown)

		all = all[:0]
		for _, row := range p.shown {
			all = append(all, encodings[row.vehicle])
		}

		a.Next = r.query.NextPage(p.cursorAfter())
		fits = fitsRoom(all, cut, r.remainingRoom(a)) // the cursor has another length
	}

	return all, left, fits
}

// joinTruncated returns the vehicles with their texts cut as a JSON array, and the number of cut texts.
func joinTruncated(all []*encodedVehicle, cut int) (array []byte, texts int) {
	array = []byte{'['}
	for i, e := range all {
		if i > 0 {
			array = append(array, ',')
		}
		vehicle, count := e.truncated(cut)
		array = append(array, vehicle...)
		texts += count
	}
	return append(array, ']'), texts
}

// omittedValues returns the values that the vehicles leave out, each with the id of its vehicle.
func omittedValues(all []*encodedVehicle) []Omitted {
	var omitted []Omitted
	for _, e := range all {
		for _, o := range e.omitted {
			o.ID = e.id
			omitted = append(omitted, o)
		}
	}
	return omitted
}

// cursorShare is the fraction of an answer that its cursor may take if the vehicles do not fit.
const cursorShare = 8

// checkCursor refuses an order by values that are too long for a cursor. An answer holds its cursor twice.
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

// encode encodes the vehicles of a page, one by one and as a JSON array.
func (r *searchRequest) encode(shown []liveRow) (all []*encodedVehicle, whole []byte) {
	names := fieldLabels(r.query.Shown)
	all = make([]*encodedVehicle, len(shown))

	whole = append(make([]byte, 0, 1<<10), '[')
	for i, row := range shown {
		if i == 1 {
			whole = slices.Grow(whole, len(whole)*len(shown)) // most vehicles are about as long as the first
		}
		if i > 0 {
			whole = append(whole, ',')
		}

		all[i], whole = encodeVehicle(whole, r.query.Shown, names, row.vehicle)
	}

	return all, append(whole, ']')
}

// remainingRoom returns how many characters the vehicles may take.
func (r *searchRequest) remainingRoom(a *Answer) int {
	notes, _ := json.Marshal(a.Notes) // texts always encode
	room := r.query.MaxChars - envelopeSize - len(a.Facets) - len(a.Applied) - len(a.Summary) - len(notes) -
		len(encodeJSON(a.NotNumbers))
	if a.Next != nil {
		room -= 2 * len(a.Next.Encode()) // the next request, and its cursor alone
	}

	return room
}

// fitsRoom reports whether the vehicles, with their texts cut, take at most room characters.
func fitsRoom(all []*encodedVehicle, cut, room int) bool {
	// Bytes are faster to count, and characters are never more.
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
