package history

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// Change is a change of one row, as the file has it. Key, Old and New are JSON objects by columns, or empty.
type Change struct {
	ID, Run       int64
	At            time.Time
	Op            Op
	Key, Old, New string
}

// Op is what was done to a row.
type Op uint8

// The ops of a change.
const (
	Insert Op = iota
	Update
	Delete
)

// Reader says what the changes of a table's rows mean for its vehicles.
type Reader struct {
	price, status *catalog.Field // nil if the table has no such field
	currency      string         // the column with the currency of each price; empty if it is always the same
}

// NewReader gives the reader of changes to the rows of a catalog.
func NewReader(c *catalog.Catalog) Reader {
	r := Reader{price: c.NumberField("price"), status: c.TextField("status")}
	if r.price != nil && r.price.CurrencyIn != nil {
		r.currency = r.price.CurrencyIn.Source().Column.Name
	}
	return r
}

// Kinds are the kinds of events that a change is.
func (r *Reader) Kinds(c *Change) []Kind {
	var kinds []Kind
	r.events(c, func(kind Kind, _ []byte) { kinds = append(kinds, kind) })
	return kinds
}

// events calls yield for each event that a change is, with the previous price of a change of the price.
func (r *Reader) events(c *Change, yield func(kind Kind, previous []byte)) {
	switch c.Op {
	case Insert:
		yield(New, nil)
	case Delete:
		if !r.isSold(c.Old) { // otherwise it was so before
			yield(Sold, nil)
		}
	case Update:
		if previous, changed := r.previousPrice(c.Old, c.New); changed {
			yield(Price, previous)
		}
		if r.isSold(c.New) && !r.isSold(c.Old) {
			yield(Sold, nil)
		}
	}
}

// Builder makes a Log of the changes of a table.
type Builder struct {
	Reader
	log   *Log
	cells []value.Cell
	buf   []byte
}

// NewBuilder begins a log for a catalog with a history. It continues last, which may be nil and must fit the catalog.
func NewBuilder(c *catalog.Catalog, last *Log) *Builder {
	b := &Builder{Reader: NewReader(c), log: &Log{catalog: c}, cells: make([]value.Cell, len(c.HistoryKey))}
	if last != nil {
		b.log.Last, b.log.Run = last.Last, last.Run
		b.log.events, b.log.forms = last.events, last.forms // a reader of last sees no more of them
	}
	return b
}

// Add adds a change; they come in the order of their ids.
func (b *Builder) Add(c *Change) error {
	l := b.log
	l.Last, l.Run = c.ID, c.Run
	if len(l.forms)+len(c.Key)+len(c.Old) > maxForms {
		return errTooLarge
	}
	b.events(c, func(kind Kind, previous []byte) {
		key := uint32(len(l.forms))
		l.forms = b.appendKey(l.forms, c.Key)
		l.events = append(l.events, event{change: c.ID, at: c.At.UnixMilli(), key: key, price: uint32(len(l.forms)), kind: kind})
		l.forms = append(l.forms, previous...)
	})
	return nil
}

// appendKey appends the key of a row, which the file has as a JSON object.
func (b *Builder) appendKey(to []byte, object string) []byte {
	clear(b.cells)
	b.buf = b.buf[:0]
	gjson.Parse(object).ForEach(func(name, v gjson.Result) bool {
		for i, f := range b.log.catalog.HistoryKey {
			if strings.EqualFold(f.Column.Name, name.Str) {
				b.cells[i], b.buf = CellOf(f, v, b.buf)
			}
		}
		return true
	})
	return AppendKey(to, b.cells...)
}

// jsonMember gives a member of a JSON object by the column of a field.
func jsonMember(object string, f *catalog.Field) (v gjson.Result, found bool) {
	column := f.Source().Column.Name
	gjson.Parse(object).ForEach(func(name, of gjson.Result) bool {
		found = strings.EqualFold(name.Str, column)
		v = of
		return !found
	})
	return v, found
}

// previousPrice gives the price before an update, and whether the update changed it. Another notation of the same number
// is no change. previous is nil if there was no price, or one in another currency.
func (r *Reader) previousPrice(before, after string) (previous []byte, changed bool) {
	if r.price == nil {
		return nil, false
	}
	old, hadPrice := jsonMember(before, r.price)
	now, hasPrice := jsonMember(after, r.price)
	if !hadPrice || !hasPrice {
		return nil, false
	}
	understand := func(v gjson.Result) value.Cell {
		stored, _ := CellOf(r.price.Source(), v, nil)
		cell, _ := r.price.Understand(stored, value.Cell{}, nil)
		return cell
	}
	from, to := understand(old), understand(now)
	if from.Type == to.Type && bytes.Equal(from.Form, to.Form) {
		return nil, false
	}
	if from.Type != value.Number || r.currency != "" && strings.Contains(after, strconv.Quote(r.currency)) {
		return nil, true
	}
	return from.Form, true
}

// soldWords are what a status begins with once a vehicle is sold, in the languages of the vocabulary.
var soldWords = []string{"sold", "verkauft", "vendu", "vendido", "vendida", "venduto", "venduta", "verkocht", "sprzedany",
	"sprzedane", "satıldı", "продан", "продано", "såld", "solgt", "myyty"}

// isSold reports whether a JSON object has the status of a vehicle that is sold.
func (r *Reader) isSold(object string) bool {
	if r.status == nil || object == "" {
		return false
	}
	v, found := jsonMember(object, r.status)
	return found && v.Type == gjson.String &&
		slices.ContainsFunc(soldWords, func(word string) bool { return value.BeginsWith(v.Str, word) })
}

// SetPresent says which keys the table of the file has, where others may be asked for. The builder sorts the hashes.
func (b *Builder) SetPresent(hashes []uint64) {
	slices.Sort(hashes)
	b.log.present = hashes
}

// KeyHash is the hash of a row's key for SetPresent.
func KeyHash(cells []value.Cell) uint64 {
	var buffer [64]byte
	return hashKey(AppendKey(buffer[:0], cells...))
}

// Build gives the log. Since, Bulk, From and the state are those of the file that was read.
func (b *Builder) Build(since time.Time, bulk bool, from time.Time, state any) *Log {
	l := b.log
	l.Since, l.Bulk, l.From, l.state = since, bulk, from, state
	return l
}

// CellOf gives the cell of a value as a change has it, of the column of a field. Numbers are appended to buf.
func CellOf(f *catalog.Field, v gjson.Result, buf []byte) (value.Cell, []byte) {
	switch v.Type {
	case gjson.Number:
		if n, err := strconv.ParseInt(v.Raw, 10, 64); err == nil {
			return value.FromDriver(f.Stored, n, buf)
		}
		return value.FromDriver(f.Stored, v.Num, buf)
	case gjson.String:
		if f.Stored != schema.Bytes {
			return value.FromDriver(f.Stored, v.Str, buf)
		}
		if b, err := hex.DecodeString(v.Str); err == nil {
			return value.FromDriver(f.Stored, b, buf)
		}
	}
	return value.Cell{}, buf // NULL, or bytes of which the history has only the beginning
}
