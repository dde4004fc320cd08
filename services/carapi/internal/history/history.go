// Package history holds what the change history of a table says of its vehicles: when each one came, when its price
// changed, and when it was sold. It reads no file: it knows neither SQL nor the index, and it sees a change as JSON.
package history

import (
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// Kind is what happened to a vehicle.
type Kind uint8

// The kinds of events.
const (
	New   Kind = iota // it came into the table
	Price             // its price changed
	Sold              // it left the table, or its status became sold
)

// kindNames are the names by which requests and answers know the kinds.
var kindNames = []string{"new", "price", "sold"}

func (k Kind) String() string { return kindNames[k] }

// KindNames are the names of all kinds.
func KindNames() []string { return slices.Clone(kindNames) }

// ParseKind gives the kind of a name.
func ParseKind(name string) (Kind, bool) {
	i := slices.Index(kindNames, strings.ToLower(name))
	return Kind(max(i, 0)), i >= 0
}

// Log is the events of a table's vehicles, the oldest first. It does not change. The next one shares its memory,
// so only the last one may be continued.
type Log struct {
	// Since is when the first run with a history began. A vehicle without an event New was there then, or earlier.
	Since time.Time
	// Bulk reports whether a vehicle without an event New may have come since, with so many others that they are not
	// recorded one by one.
	Bulk bool
	// From is the time before which price changes and sales are forgotten; zero if none are.
	From time.Time
	// Last is the newest change that was read, and Run the run that recorded it; 0 for none.
	Last, Run int64

	catalog *catalog.Catalog
	events  []event
	forms   []byte   // of the events: their keys and previous prices
	present []uint64 // sorted hashes of the keys that the table has; nil if every key that is asked for is there
	state   any      // of the file that was read, as its reader knows it
}

// event is one event. Its forms end where those of the next one begin.
type event struct {
	change int64  // the id of the change that recorded it
	at     int64  // Unix time in milliseconds
	key    uint32 // where its key begins in forms; before it is nothing
	price  uint32 // where its previous price begins; that and the key end where the next event begins
	kind   Kind
}

// Len is how many events there are.
func (l *Log) Len() int {
	if l == nil {
		return 0
	}
	return len(l.events)
}

// Event is an event as the log has it. Its bytes must not be changed.
type Event struct {
	Change   int64 // the id of the change that recorded it
	Kind     Kind
	At       time.Time
	Key      []byte // as AppendKey makes it
	Previous []byte // the price before, of a change of the price; nil if that was no number
}

// EventAt gives an event; the first has the number 0.
func (l *Log) EventAt(i int) Event {
	e, end := l.events[i], len(l.forms)
	if i+1 < len(l.events) {
		end = int(l.events[i+1].key)
	}
	found := Event{Change: e.change, Kind: e.kind, At: time.UnixMilli(e.at).UTC(), Key: l.forms[e.key:e.price:e.price]}
	if int(e.price) < end {
		found.Previous = l.forms[e.price:end:end]
	}
	return found
}

// IsForgotten reports whether a price change or a sale of this time may lack others of its time.
func (l *Log) IsForgotten(at time.Time) bool { return at.Before(l.From) }

// IsFor reports whether the log was read for a catalog, from a file in this state.
func (l *Log) IsFor(c *catalog.Catalog, state any) bool {
	return l != nil && l.catalog == c && l.state == state
}

// Continues reports whether a log for a catalog can be continued from this one.
func (l *Log) Continues(c *catalog.Catalog) bool { return l != nil && l.catalog == c && l.Last > 0 }

// Page gives the numbers of the events of some kinds that are not older than since, the newest first: at most limit of
// those before the event with the number before.
func (l *Log) Page(kinds []Kind, since time.Time, before, limit int) []int {
	if since.Before(l.From) {
		since = l.From
	}
	oldest := sort.Search(len(l.events), func(i int) bool { return l.events[i].at >= since.UnixMilli() })
	var found []int
	for i := min(before, len(l.events)) - 1; i >= oldest && len(found) < limit; i-- {
		if slices.Contains(kinds, l.events[i].kind) {
			found = append(found, i)
		}
	}
	return found
}

// Position is the number of the first event that a change at or after this one recorded, or, with a kind, the first of this
// kind or a later one.
func (l *Log) Position(change int64, kind Kind) int {
	return sort.Search(len(l.events), func(i int) bool {
		e := l.events[i]
		return e.change > change || e.change == change && e.kind >= kind
	})
}

// HasRow reports whether the table that the history is of has a row with this key.
func (l *Log) HasRow(key []byte) bool {
	if l.present == nil {
		return true
	}
	_, found := slices.BinarySearch(l.present, hashKey(key))
	return found
}

var hashSeed = maphash.MakeSeed()

func hashKey(key []byte) uint64 { return maphash.Bytes(hashSeed, key) }

// AppendKey appends one key of the values of its fields.
func AppendKey(b []byte, cells ...value.Cell) []byte {
	if len(cells) == 1 {
		return append(b, cells[0].Form...)
	}
	for _, c := range cells {
		b = fmt.Appendf(b, "%d:", len(c.Form))
		b = append(b, c.Form...)
	}
	return b
}

// maxForms is how many bytes the keys and prices of all events may take.
const maxForms = math.MaxUint32

// errTooLarge is the error of a history with too many events.
var errTooLarge = fmt.Errorf("the change history has more than %d GiB of keys", (maxForms+1)>>30)
