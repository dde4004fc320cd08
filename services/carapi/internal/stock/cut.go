package stock

import (
	"encoding/json"
	"unicode/utf8"
)

// Characters that an answer may have at most; tools for language models cut off more than 100,000.
const (
	MaxChars = 90_000 // and where a request says nothing
	MinChars = 2_000
)

// surround is what an answer has beside what is counted one by one: names, numbers and signs.
const surround = 700

// textLengths are the characters to which texts are cut, in turn, until an answer is short enough.
var textLengths = []int{0, 1000, 300, 100}

// Cut is what an answer leaves out because it would be too long.
type Cut struct {
	Texts  int `json:"texts"`   // values that are shown by their beginning
	Length int `json:"text_to"` // in characters; 0 if none are cut
	Cars   int `json:"cars"`    // vehicles that this page could have had beside those that it has
}

// write puts the vehicles into the answer, so that it is not too long. Facets, which were asked for, and
// what tells why nothing matches are left whole.
// Long texts are cut first, and then vehicles are left for the next page.
func (q *Query) write(rows []row, a *Answer) {
	shown := min(len(rows), q.Limit)
	notes, _ := json.Marshal(a.Notes) // texts always encode
	room := q.MaxChars - surround - len(a.Facets) - len(a.Applied) - len(a.Summary) - len(notes)
	if len(rows) > 1 {
		longest := 0
		for _, r := range rows {
			longest = max(longest, len(r.place))
		}
		room -= 3*longest + len(q.values.Encode()) // the cursor, twice, in base64
	}
	var cars []byte
	var ends, cuts []int // of each vehicle; texts cut up to it
	enc := newEncoder(q.Shown)
	for _, enc.longest = range textLengths {
		enc.cut, cars, ends, cuts = 0, []byte{'['}, nil, nil
		for i := range shown {
			if i > 0 {
				cars = append(cars, ',')
			}
			cars = enc.append(cars, rows[i].values)
			ends, cuts = append(ends, len(cars)), append(cuts, enc.cut)
		}
		if utf8.RuneCount(cars) <= room {
			break
		}
	}
	n := shown
	for n > 1 && utf8.RuneCount(cars[:ends[n-1]]) > room {
		n--
	}
	if n > 0 {
		cars, enc.cut = cars[:ends[n-1]], cuts[n-1]
	}
	a.Cars, a.Count = append(cars, ']'), n
	if n < shown || enc.cut > 0 {
		a.Cut = &Cut{Texts: enc.cut, Length: enc.longest, Cars: shown - n}
	}
	if n < len(rows) {
		a.Next = q.nextPage(rows, n)
	}
}
