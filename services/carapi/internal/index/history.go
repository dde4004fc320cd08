package index

import (
	"bytes"
	"strconv"
	"time"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/history"
	"carstock/services/carapi/internal/value"
)

// SetHistory gives the builder the change history of the table, and the time at which the table was so. Without it, the
// fields of the history have no values.
func (b *Builder) SetHistory(log *history.Log, asOf time.Time) { b.history, b.asOf = log, asOf }

// keyRows finds rows by the key of the change history. It is made when it is first asked for.
type keyRows struct {
	rows   []uint32          // for a key of one field: the row of each rank; nil if each row's rank is its own number
	joined map[string]uint32 // for a key of several
}

func (x *Index) newKeyRows() *keyRows {
	fields := x.catalog.HistoryKey
	k := &keyRows{}
	if len(fields) == 1 {
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

// historyKey appends the key by which the change history knows a row.
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

// RowOfKey finds a row by a key as history.AppendKey makes it.
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
	rank, found := c.values.search(key)
	if !found || k.rows == nil {
		return rank, found
	}
	return k.rows[rank], true
}

// MayBeOlder reports whether a vehicle may have been in the table before catalog.FirstSeen.
func (x *Index) MayBeOlder(row uint32) bool {
	return x.mayBeOlder != nil && x.mayBeOlder[row/64]&(1<<(row%64)) != 0
}

// rowHistory is what the change history says of each row.
type rowHistory struct {
	firstSeen []int64 // in Unix seconds; 0 for none
	change    []int32 // one more than the number of the event of the last change of the price; 0 for none
}

// readHistory finds what the change history says of each row.
func (x *Index) readHistory(log *history.Log) rowHistory {
	h := rowHistory{firstSeen: make([]int64, x.rows), change: make([]int32, x.rows)}
	x.mayBeOlder = make([]uint64, (x.rows+63)/64)
	if !log.Bulk { // every vehicle without an event New has been there since
		x.markSeenSinceStart(log, h)
	}

	for i := range log.Len() {
		letOthersRun(i)
		e := log.EventAt(i)
		row, found := x.RowOfKey(e.Key)
		if !found {
			continue
		}
		switch e.Kind {
		case history.New:
			h.firstSeen[row], h.change[row] = e.At.Unix(), 0
			x.mayBeOlder[row/64] &^= 1 << (row % 64)
		case history.Price:
			if !log.IsForgotten(e.At) {
				h.change[row] = int32(i) + 1
			}
		}
	}
	return h
}

// markSeenSinceStart takes all vehicles for such that were there when the history began, but for those that its table lacks.
func (x *Index) markSeenSinceStart(log *history.Log, h rowHistory) {
	var key []byte
	for row := range uint32(x.rows) {
		letOthersRun(row)
		if key = x.historyKey(row, key[:0]); log.HasRow(key) {
			h.firstSeen[row] = log.Since.Unix()
			x.mayBeOlder[row/64] |= 1 << (row % 64)
		}
	}
}

// addHistory makes the columns of the change history.
func (x *Index) addHistory(log *history.Log, asOf time.Time) {
	var h rowHistory
	if log != nil {
		h = x.readHistory(log)
	}
	today, times := asOf.Unix()/secondsPerDay, timeForms{}
	price := x.rankedColumn(x.catalog.Field("price"))
	previous := func(row uint32) []byte {
		if h.change[row] == 0 {
			return nil
		}
		return log.EventAt(int(h.change[row]) - 1).Previous
	}
	for name, form := range map[string]func(row uint32, buf []byte) []byte{
		catalog.FirstSeen: func(row uint32, _ []byte) []byte { return times.form(h.firstSeen[row]) },
		catalog.DaysListed: func(row uint32, buf []byte) []byte {
			if h.firstSeen[row] == 0 {
				return nil
			}
			return strconv.AppendInt(buf, max(today-h.firstSeen[row]/secondsPerDay, 0), 10)
		},
		catalog.PriceChangedAt: func(row uint32, _ []byte) []byte {
			if h.change[row] == 0 {
				return nil
			}
			return times.form(log.EventAt(int(h.change[row]) - 1).At.Unix())
		},
		catalog.PreviousPrice: func(row uint32, _ []byte) []byte { return previous(row) },
		catalog.PriceDrop: func(row uint32, buf []byte) []byte {
			before := previous(row)
			if before == nil || int(price.ranks.at(row)) >= price.values.len() {
				return nil
			}
			return value.AppendDifference(buf, before, bytes.Clone(price.values.form(price.ranks.at(row), nil)))
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

// computeColumn makes the column of a field whose values no row has. The form of a row without a value is nil.
func (x *Index) computeColumn(f *catalog.Field, form func(row uint32, buf []byte) []byte) {
	reader := newValueReader(f, x.rows)
	valueType := value.Text
	if f.Class() == catalog.Number {
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

// timeForms are times as MySQL writes them, by Unix seconds. The times of a history are those of its runs: few.
type timeForms map[int64][]byte

func (t timeForms) form(seconds int64) []byte {
	if seconds == 0 {
		return nil
	}
	form, known := t[seconds]
	if !known {
		form = []byte(time.Unix(seconds, 0).UTC().Format("2006-01-02 15:04:05"))
		t[seconds] = form
	}
	return form
}
