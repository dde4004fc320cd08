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

// textLengths are the characters to which texts are cut, in turn, until an answer is short enough. None
// is cut that has no more than leastLong.
var textLengths = []int{1000, 300, leastLong}

const leastLong = 100

// Cut is what an answer leaves out because it would be too long.
type Cut struct {
	Texts  int `json:"texts"`   // values that are shown by their beginning
	Length int `json:"text_to"` // in characters; 0 if none are cut
	Cars   int `json:"cars"`    // vehicles that this page could have had beside those that it has
}

// write puts the vehicles into the answer, so that it is not too long. Facets, which were asked for, and
// what tells why nothing matches are left whole.
// Long texts are cut first, and then vehicles are left for the next page.
func (q *Query) write(p *page, a *Answer) {
	if len(p.rows) == 0 {
		return
	}
	shown := min(len(p.rows), q.Limit)
	notes, _ := json.Marshal(a.Notes) // texts always encode
	room := q.MaxChars - surround - len(a.Facets) - len(a.Applied) - len(a.Summary) - len(notes)
	if len(p.rows) > 1 {
		longest := 0
		for _, r := range p.rows {
			longest = max(longest, len(r.place))
		}
		room -= 3*longest + len(q.values.Encode()) // the cursor, twice, in base64
	}
	whole := make([]int, shown) // where each vehicle ends
	for i := range whole {
		whole[i] = p.rows[i].end
	}
	cars, ends, cuts, length := p.json, whole, make([]int, shown), 0
	fits := func(n int) bool { return ends[n-1] <= room || utf8.RuneCount(cars[:ends[n-1]]) <= room }
	for _, most := range textLengths {
		if fits(shown) {
			break
		}
		length = most
		cars, ends, cuts = p.shortened(whole, most)
	}
	n := shown
	for n > 1 && !fits(n) {
		n--
	}
	a.Cars, a.Count = cars[:ends[n-1]], n
	if n < shown || cuts[n-1] > 0 {
		a.Cut = &Cut{Texts: cuts[n-1], Length: length, Cars: shown - n}
	}
	if n < len(p.rows) {
		a.Next = q.nextPage(p.rows, n)
	}
}
