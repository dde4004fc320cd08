// Package history holds what the change history of a table says of its vehicles: when each one came, when its price
// changed, and when it was sold. It reads no file: it knows neither SQL nor the index, and it sees a change as JSON.
package history

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// Kind is what happened to a vehicle.
type Kind uint8

// The kinds of events.
const (
	KindNew   Kind = iota // it came into the table
	KindPrice             // its price changed
	KindSold              // it left the table, or its status became sold
	kindLeft              // it left the table after it was sold; no request names this kind
)

// kindNames are the names by which requests and answers know the kinds.
var kindNames = []string{"new", "price", "sold"}

// AllKinds are the kinds that requests name.
var AllKinds = []Kind{KindNew, KindPrice, KindSold}

func (k Kind) String() string { return kindNames[k] }

// KindNames returns the names by which requests know the kinds.
func KindNames() []string { return slices.Clone(kindNames) }

// ParseKind returns the kind with a name.
func ParseKind(name string) (Kind, bool) {
	i := slices.Index(kindNames, strings.ToLower(name))
	return Kind(max(i, 0)), i >= 0
}

// Log is a list of the events of a table's vehicles, the oldest first. It is immutable. The log that continues it
// shares its memory, so only the last log may be continued.
type Log struct {
	// Since is when the first run with a history began. A vehicle that has no KindNew and came in no bulk run was there
	// then, or earlier. The log has no events of earlier runs.
	Since time.Time
	// From is the time before which price changes and sales are forgotten; zero if none are.
	From time.Time
	// AsOf is the start of the run that last read the table. The history lacks what happened later.
	AsOf time.Time
	// Last is the newest change that was read, and Run the run that recorded it; 0 for none.
	Last, Run int64
	// Bulks are the runs that changed too many rows to record them one by one, the oldest first.
	Bulks []Bulk

	lastKey string // of the change Last, as the file has it

	catalog *catalog.Catalog
	events  []event
	forms   []byte    // of the events: their keys and prices
	inBulk  []bulkKey // sorted by their hashes
	gone    []goneID  // sorted by their hashes; empty if the history knows vehicles by their ids
	present []uint64  // sorted hashes of the keys that the table has; nil if every key that is asked for is there
	state   any       // of the file that was read, as its reader knows it
}

// Bulk is a run that changed too many rows to record them one by one. The history only has their numbers.
type Bulk struct {
	At                         time.Time
	Inserted, Updated, Deleted int64
}

// event is one event. In forms its key, the price before and the price after follow each other, up to the next event.
type event struct {
	change      int64  // the id of the change that recorded it
	at          int64  // Unix time in milliseconds
	latest      int64  // the latest time of this event and of those before it: a clock may have been set back
	key         uint32 // where its key begins in forms
	before, now uint32 // where its prices begin
	kind        Kind
	leaves      bool // the vehicle left the table
}

// Len returns the number of events.
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
	Leaves   bool // the vehicle left the table
	At       time.Time
	Key      []byte // as AppendKey makes it
	Previous []byte // of a change of the price: the price before; nil if there was none
	Now      []byte // and after
}

// EventAt returns an event by its number, from 0.
func (l *Log) EventAt(i int) Event {
	// The forms of an event end where those of the next one begin.
	e, end := l.events[i], uint32(len(l.forms))
	if i+1 < len(l.events) {
		end = l.events[i+1].key
	}

	form := func(from, to uint32) []byte {
		if from == to {
			return nil
		}
		return l.forms[from:to:to]
	}

	return Event{
		Change: e.change, Kind: e.kind, Leaves: e.leaves, At: time.UnixMilli(e.at).UTC(),
		Key: form(e.key, e.before), Previous: form(e.before, e.now), Now: form(e.now, end),
	}
}

// IsForgotten reports whether the log may lack price changes and sales of this time.
func (l *Log) IsForgotten(at time.Time) bool { return at.Before(l.From) }

// IsFor reports whether the log was read for a catalog, from a file in this state.
func (l *Log) IsFor(c *catalog.Catalog, state any) bool {
	return l != nil && l.catalog == c && l.state == state
}

// Unchanged returns the log of a later run that found nothing new, and forgot what happened before from. It returns nil
// for a nil log.
func (l *Log) Unchanged(asOf, from time.Time) *Log {
	if l == nil {
		return nil
	}

	later := *l
	later.AsOf, later.From = asOf, from
	return &later
}

// Continues reports whether a log of this catalog, and of a history that began at since, can continue this one.
func (l *Log) Continues(c *catalog.Catalog, since time.Time) bool {
	return l != nil && l.catalog == c && l.Last > 0 && l.Since.Equal(since)
}

// EndsWith reports whether this change is the last one that was read.
func (l *Log) EndsWith(id, run int64, key string) bool {
	return l.Last == id && l.Run == run && l.lastKey == key
}

// Page returns the numbers of the events of some kinds since a time, the newest first: at most limit of the events
// before the one with the number before. total is the number of events on all pages.
func (l *Log) Page(kinds []Kind, since time.Time, before, limit int) (found []int, total int) {
	if since.Before(l.From) {
		since = l.From
	}

	// Times of events may go back, but latest never does, so a binary search finds the oldest.
	from := since.UnixMilli()
	oldest := sort.Search(len(l.events), func(i int) bool { return l.events[i].latest >= from })
	for i := len(l.events) - 1; i >= oldest; i-- {
		if e := l.events[i]; e.at < from || !slices.Contains(kinds, e.kind) {
			continue
		}

		total++
		if i < before && len(found) < limit {
			found = append(found, i)
		}
	}

	return found, total
}

// BulksSince returns the last bulk runs since a time, at most limit of them, the oldest first. The history has the
// numbers of their changes, not each change.
func (l *Log) BulksSince(since time.Time, limit int) []Bulk {
	isOlder := func(b Bulk) bool { return b.At.Before(since) || b.At.Before(l.From) }
	all := slices.DeleteFunc(slices.Clone(l.Bulks), isOlder)
	return all[max(0, len(all)-limit):]
}

// Position returns the number of the first event of this change or a later one, or, with a kind, the first event of
// this kind or a later one.
func (l *Log) Position(change int64, kind Kind) int {
	return sort.Search(len(l.events), func(i int) bool {
		e := l.events[i]
		return e.change > change || e.change == change && e.kind >= kind
	})
}

// bulkKey is the key of a vehicle that came in a run that changed too many rows to record them one by one.
type bulkKey struct {
	hash   uint64
	change int64 // the id of the last such change
}

// HasBulkKeys reports whether vehicles came in runs that changed too many rows to record them one by one.
func (l *Log) HasBulkKeys() bool { return len(l.inBulk) > 0 }

// BulkChange returns the id of the last change of many rows in which the vehicle with this key came; 0 for none.
func (l *Log) BulkChange(key []byte) int64 {
	byHash := func(k bulkKey, hash uint64) int { return cmp.Compare(k.hash, hash) }
	i, found := slices.BinarySearchFunc(l.inBulk, hashKey(key), byHash)
	if !found {
		return 0
	}
	return l.inBulk[i].change
}

// HasRow reports whether the table of the history has a row with this key.
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

// SplitKey returns the values of fields from a key that AppendKey made.
func SplitKey(key []byte, fields []*catalog.Field) []value.Cell {
	cells := make([]value.Cell, len(fields))
	for i, f := range fields {
		form := key
		if len(fields) > 1 {
			// Each of several values has its length before it.
			length, rest, _ := bytes.Cut(key, []byte(":"))
			n, _ := strconv.Atoi(string(length))
			form, key = rest[:n], rest[n:]
		}

		switch {
		case f.Class() == catalog.ClassOpaque:
			cells[i] = value.Cell{Type: value.Blob, Form: form}
		case f.Class() != catalog.ClassNumber:
			cells[i] = value.Cell{Type: value.Text, Form: form}
		case len(form) > 0:
			cells[i] = value.Cell{Type: value.Number, Form: form}
		}
	}

	return cells
}

// maxForms is how many bytes the keys and prices of all events may take.
const maxForms = math.MaxUint32

// errTooLarge is the error of a history with too many events.
var errTooLarge = fmt.Errorf("the change history has more than %d GiB of keys", (maxForms+1)>>30)
