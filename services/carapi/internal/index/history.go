package index

import (
	"bytes"
	"strconv"
	"time"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/history"
	"carstock/services/carapi/internal/value"
)

// SetHistory sets the change history of the table, and the time of the table's state. Without it, the fields of the
// history have no values.
func (b *Builder) SetHistory(log *history.Log, asOf time.Time) { b.history, b.asOf = log, asOf }

// keyRows finds rows by the key of the change history. It is built when it is first needed.
type keyRows struct {
	rows   []uint32          // for a key of one field: the row of each rank; nil if each row's rank is its own number
	joined map[string]uint32 // for a key of several
}

// newKeyRows finds the row of each key.
func (x *Index) newKeyRows() *keyRows {
	fields := x.catalog.HistoryKey
	k := &keyRows{}
	if len(fields) == 1 {
		// The values of a single field have ranks, so a list of rows is enough.
		c := x.rankedColumn(fields[0])
		if c.ranks.isIdentity {
			return k
		}

		k.rows = make([]uint32, c.values.len())
		for row := range uint32(x.rows) {
			letOthersRun(row)
			if rank := c.ranks.at(row); int(rank) < len(k.rows) {
				k.rows[rank] = row
			}
		}

		return k
	}

	k.joined = make(map[string]uint32, x.rows)
	for row := range uint32(x.rows) {
		letOthersRun(row)
		k.joined[string(x.historyKey(row, nil))] = row
	}

	return k
}

// size returns about how much memory it takes, in bytes.
func (k *keyRows) size() int64 {
	const entry = 40 // of a map, without the text of its key
	size := 4 * int64(cap(k.rows))
	for key := range k.joined {
		size += entry + int64(len(key))
	}
	return size
}

// historyKey appends the key by which the change history identifies a row.
func (x *Index) historyKey(row uint32, b []byte) []byte {
	fields := x.catalog.HistoryKey
	if len(fields) == 1 {
		c := x.rankedColumn(fields[0])
		if rank := c.ranks.at(row); int(rank) < c.values.len() {
			return append(b, c.values.form(rank, nil)...)
		}
		return b
	}

	cells := make([]value.Cell, len(fields))
	for i, f := range fields {
		cells[i] = x.Cell(f, row).Clone()
	}

	return history.AppendKey(b, cells...)
}

// RowOfKey finds a row by a key from history.AppendKey.
func (x *Index) RowOfKey(key []byte) (row uint32, found bool) {
	k := x.keyRows()
	if k.joined != nil {
		row, found = k.joined[string(key)]
		return row, found
	}

	c := x.rankedColumn(x.catalog.HistoryKey[0])
	if len(key) == 0 && c.values.numbers {
		return 0, false
	}

	rank, found := c.values.find(key)
	if !found || k.rows == nil {
		return rank, found
	}

	return k.rows[rank], true
}

// MayBeOlder reports whether a vehicle may have been in the table before catalog.FirstSeen.
func (x *Index) MayBeOlder(row uint32) bool {
	return x.mayBeOlder != nil && x.mayBeOlder[row/64]&(1<<(row%64)) != 0
}

// rowHistory is what the change history says about each row.
type rowHistory struct {
	firstSeen []int64 // in Unix seconds; unknownSince or, without any event of the row, 0
	change    []int32 // one more than the number of the event of the last change of the price; 0 for none
}

// unknownSince is the firstSeen of a vehicle that came without a KindNew: in a bulk run, or back after it left.
const unknownSince = -1

// readHistory finds what the change history says about each row.
func (x *Index) readHistory(log *history.Log) rowHistory {
	h := rowHistory{firstSeen: make([]int64, x.rows), change: make([]int32, x.rows)}
	x.mayBeOlder = make([]uint64, (x.rows+63)/64)
	bulkChanges := x.bulkChanges(log)
	for row, change := range bulkChanges {
		if change != 0 {
			h.firstSeen[row] = unknownSince
		}
	}

	for i := range log.Len() {
		letOthersRun(i)
		e := log.EventAt(i)
		row, found := x.RowOfKey(e.Key)
		switch {
		case !found:
		case bulkChanges != nil && e.Change < bulkChanges[row]: // the vehicle left after it, and came back in the bulk run
		case e.Kind == history.KindNew:
			h.firstSeen[row], h.change[row] = e.At.Unix(), 0
		case e.Leaves:
			h.firstSeen[row], h.change[row] = unknownSince, 0
		case e.Kind == history.KindPrice && !log.IsForgotten(e.At):
			h.change[row] = int32(i) + 1
		}
	}

	x.markSeenSinceStart(log, h)
	return h
}

// bulkChanges returns for each row the id of the change of many rows in which it came; 0 for none. It is nil if no row
// did.
func (x *Index) bulkChanges(log *history.Log) []int64 {
	if !log.HasBulkKeys() {
		return nil
	}

	changes := make([]int64, x.rows)
	var key []byte
	for row := range uint32(x.rows) {
		letOthersRun(row)
		key = x.historyKey(row, key[:0])
		changes[row] = log.BulkChange(key)
	}

	return changes
}

// markSeenSinceStart marks the other vehicles as present since the history began, unless the table of the history lacks
// them.
func (x *Index) markSeenSinceStart(log *history.Log, h rowHistory) {
	var key []byte
	for row := range uint32(x.rows) {
		letOthersRun(row)
		if h.firstSeen[row] != 0 {
			continue
		}

		if key = x.historyKey(row, key[:0]); log.HasRow(key) {
			h.firstSeen[row] = log.Since.Unix()
			x.mayBeOlder[row/64] |= 1 << (row % 64)
		}
	}
}

// addHistory builds the columns of the change history.
func (x *Index) addHistory(log *history.Log, asOf time.Time) {
	var h rowHistory
	if log != nil {
		h = x.readHistory(log)
	}

	today, times := asOf.Unix()/secondsPerDay, timeForms{}
	price := x.catalog.Field("price")

	// The last change of a price says something of the present one only if that is the price after it: a live vehicle may
	// be newer than the history, and a run may have changed prices without recording each.
	lastChange := func(row uint32) (e history.Event, now []byte, found bool) {
		if h.change[row] == 0 {
			return e, nil, false
		}

		e, now = log.EventAt(int(h.change[row])-1), catalog.PriceOf(x.Cell(price, row))
		if !bytes.Equal(e.Now, now) {
			return history.Event{}, nil, false
		}

		return e, now, true
	}

	for name, form := range map[string]func(row uint32, buf []byte) []byte{
		catalog.FirstSeen: func(row uint32, _ []byte) []byte { return times.form(h.firstSeen[row]) },
		catalog.DaysListed: func(row uint32, buf []byte) []byte {
			if h.firstSeen[row] <= 0 {
				return nil
			}
			return strconv.AppendInt(buf, max(today-h.firstSeen[row]/secondsPerDay, 0), 10)
		},
		catalog.PriceChangedAt: func(row uint32, _ []byte) []byte {
			e, now, found := lastChange(row)
			if !found || e.Previous == nil && now == nil {
				return nil
			}
			return times.form(e.At.Unix())
		},
		catalog.PreviousPrice: func(row uint32, _ []byte) []byte {
			e, _, _ := lastChange(row)
			return e.Previous
		},
		catalog.PriceDrop: func(row uint32, buf []byte) []byte {
			e, now, _ := lastChange(row)
			if e.Previous == nil || now == nil {
				return nil
			}
			return value.AppendDifference(buf, e.Previous, now)
		},
	} {
		f := x.catalog.Field(name)
		if f == nil || !f.IsComputed() {
			continue
		}

		if log == nil {
			form = func(uint32, []byte) []byte { return nil }
		}

		x.computeColumn(f, form)
	}
}

const secondsPerDay = 24 * 60 * 60

// computeColumn builds the column of a field that no row holds. The form of a row without a value is nil.
func (x *Index) computeColumn(f *catalog.Field, form func(row uint32, buf []byte) []byte) {
	reader := newValueReader(f, x.rows)
	valueType := value.Text
	if f.Class() == catalog.ClassNumber {
		valueType = value.Number
	}

	var buf []byte
	for row := range uint32(x.rows) {
		letOthersRun(row)
		found := form(row, buf[:0])
		if found == nil {
			reader.add(value.Cell{})
			continue
		}

		reader.add(value.Cell{Type: valueType, Form: found})
	}

	c := x.column(f)
	c.hasRanks = true
	c.values, c.ranks = reader.finish()
	c.countNulls(x.rows)
	c.makeBitmaps(x.rows)
}

// timeForms maps Unix seconds to times in MySQL's notation. The times of a history are those of its runs, which are
// few.
type timeForms map[int64][]byte

// form returns the notation of a time, or nil for one that is not known.
func (t timeForms) form(seconds int64) []byte {
	if seconds <= 0 {
		return nil
	}

	form, known := t[seconds]
	if !known {
		form = []byte(time.Unix(seconds, 0).UTC().Format("2006-01-02 15:04:05"))
		t[seconds] = form
	}

	return form
}
