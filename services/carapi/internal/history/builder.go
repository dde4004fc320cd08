package history

import (
	"bytes"
	"cmp"
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

// Op is what happened to a row.
type Op uint8

// The ops of a change.
const (
	OpInsert Op = iota
	OpUpdate
	OpDelete
	OpManyRows // many rows changed, and New only has their numbers
)

// Reader knows what the changes of a table's rows mean for its vehicles.
type Reader struct {
	price, status, currency *catalog.Field // nil if the table has no such field; currency if it is always the same
}

// NewReader returns the reader of changes to the rows of a catalog.
func NewReader(c *catalog.Catalog) Reader {
	r := Reader{price: c.NumberField("price"), status: c.TextField("status")}
	if r.price != nil {
		r.currency = r.price.CurrencyIn
	}
	return r
}

// Kinds returns the kinds of events in a change, except those that requests cannot name.
func (r *Reader) Kinds(c *Change) []Kind {
	var kinds []Kind
	r.events(c, func(kind Kind, _ prices) {
		if kind != kindLeft {
			kinds = append(kinds, kind)
		}
	})

	return kinds
}

// prices are those before and after a change; nil for none.
type prices struct{ before, now []byte }

// events calls yield for each event in a change, with the prices if the price changed.
func (r *Reader) events(c *Change, yield func(kind Kind, p prices)) {
	switch c.Op {
	case OpInsert:
		yield(KindNew, prices{})
	case OpDelete:
		if r.isSold(c.Old) { // the sale was an earlier event
			yield(kindLeft, prices{})
		} else {
			yield(KindSold, prices{})
		}
	case OpUpdate:
		if p, changed := r.priceChange(c.Old, c.New); changed {
			yield(KindPrice, p)
		}
		if r.isSold(c.New) && !r.isSold(c.Old) {
			yield(KindSold, prices{})
		}
	}
}

// Builder builds a Log from the changes of a table.
type Builder struct {
	Reader
	log   *Log
	cells []value.Cell
	buf   []byte

	needsBulkKeys bool      // whether inBulk replaces the keys of the continued log
	inBulk        []bulkKey // as they were added
	needsGoneIDs  bool      // whether gone is collected
	gone          []goneID  // as they were added, without those of the continued log
}

// NewBuilder starts a log for a catalog with a history. It continues last, which may be nil and must be of this
// catalog.
func NewBuilder(c *catalog.Catalog, last *Log) *Builder {
	b := &Builder{
		Reader: NewReader(c), log: &Log{catalog: c}, cells: make([]value.Cell, len(c.HistoryKey)),
		needsBulkKeys: last == nil, needsGoneIDs: needsGoneIDs(c),
	}
	if last != nil {
		b.log.Last, b.log.Run, b.log.lastKey, b.log.Bulks = last.Last, last.Run, last.lastKey, last.Bulks
		b.log.events, b.log.forms = last.events, last.forms // a reader of last sees no more of them
		b.log.inBulk, b.log.gone = last.inBulk, last.gone
	}
	return b
}

// Add adds a change. Changes must come in the order of their ids.
func (b *Builder) Add(c *Change) error {
	l := b.log
	l.Last, l.Run, l.lastKey = c.ID, c.Run, c.Key
	if c.Op == OpManyRows {
		b.needsBulkKeys = true
		numbers := gjson.GetMany(c.New, "inserted", "updated", "deleted")
		l.Bulks = append(l.Bulks, Bulk{
			At: c.At, Inserted: numbers[0].Int(), Updated: numbers[1].Int(), Deleted: numbers[2].Int(),
		})
		return nil
	}

	if len(l.forms)+len(c.Key)+len(c.Old)+len(c.New) > maxForms {
		return errTooLarge
	}

	b.events(c, func(kind Kind, p prices) {
		e := event{change: c.ID, at: c.At.UnixMilli(), kind: kind, leaves: c.Op == OpDelete, key: uint32(len(l.forms))}
		if e.latest = e.at; len(l.events) > 0 {
			e.latest = max(e.at, l.events[len(l.events)-1].latest)
		}

		// Its key and its prices follow each other.
		l.forms = b.appendKey(l.forms, c.Key)
		e.before = uint32(len(l.forms))
		l.forms = append(l.forms, p.before...)
		e.now = uint32(len(l.forms))
		l.forms = append(l.forms, p.now...)
		l.events = append(l.events, e)
	})

	if c.Op == OpDelete && b.needsGoneIDs {
		b.addGoneID(c.Old)
	}

	return nil
}

// appendKey appends the key of a row, from a JSON object.
func (b *Builder) appendKey(to []byte, object string) []byte {
	clear(b.cells)
	b.buf = b.buf[:0]
	gjson.Parse(object).ForEach(func(name, v gjson.Result) bool {
		for i, f := range b.log.catalog.HistoryKey {
			if strings.EqualFold(f.Column.Name, name.Str) {
				b.cells[i], b.buf = CellOf(f.Stored, v, b.buf)
				if f.Class() == catalog.ClassNumber && b.cells[i].Type != value.Number {
					b.cells[i] = value.Cell{} // no row of an index has it
				}
			}
		}
		return true
	})

	return AppendKey(to, b.cells...)
}

// jsonMember returns the member of a JSON object with the name of a field's column, or the zero Result.
func jsonMember(object string, f *catalog.Field) (v gjson.Result, found bool) {
	column := f.Source().Column.Name
	gjson.Parse(object).ForEach(func(name, member gjson.Result) bool {
		if found = strings.EqualFold(name.Str, column); found {
			v = member
		}
		return !found
	})

	return v, found
}

// priceChange returns the prices before and after an update, and whether the update changed the price or its currency.
// Another notation of the same price is not a change. Amounts in two currencies are not compared: then both prices are
// nil.
func (r *Reader) priceChange(before, after string) (p prices, changed bool) {
	if r.price == nil {
		return p, false
	}

	old, hadPrice := jsonMember(before, r.price)
	now, hasPrice := jsonMember(after, r.price)
	isPriced := hadPrice && hasPrice

	if r.currencyChanges(before, after, old, now) {
		return p, true
	}
	if !isPriced {
		return p, false
	}

	p = prices{r.amount(old), r.amount(now)}
	return p, !bytes.Equal(p.before, p.now)
}

// amount returns a price for comparison; nil for none.
func (r *Reader) amount(v gjson.Result) []byte {
	stored, _ := CellOf(r.price.Source().Stored, v, nil)
	cell, _ := r.price.Understand(stored, value.Cell{}, nil)
	return catalog.PriceOf(cell)
}

// currencyChanges reports whether an update changed the currency of the price.
func (r *Reader) currencyChanges(before, after string, old, now gjson.Result) bool {
	if r.currency == nil {
		return false
	}

	// The currency may stand beside the amount in one text. Otherwise it has a column of its own.
	if r.currency.Source() == r.price.Source() {
		code := func(v gjson.Result) string {
			stored, _ := CellOf(r.currency.Source().Stored, v, nil)
			cell, _ := r.currency.Understand(stored, value.Cell{}, nil)
			return string(cell.Form)
		}
		return old.Exists() && now.Exists() && code(old) != code(now)
	}

	from, had := jsonMember(before, r.currency)
	to, has := jsonMember(after, r.currency)
	return had && has && !value.SameText(from.String(), to.String())
}

// soldWords are what a status begins with once a vehicle is sold, in the languages of the vocabulary.
var soldWords = []string{
	"sold", "verkauft", "vendu", "vendue", "vendus", "vendues", "vendido", "vendida", "vendidos", "vendidas",
	"venduto", "venduta", "venduti", "vendute", "verkocht", "sprzedany", "sprzedana", "sprzedane", "satıldı",
	"продан", "продана", "продано", "проданы", "prodáno", "prodaný", "predané", "predaný", "prodano", "eladva",
	"vândut", "såld", "solgt", "myyty", "已售", "售出", "売約済", "판매완료",
}

// isSold reports whether a JSON object has the status of a vehicle that is sold.
func (r *Reader) isSold(object string) bool {
	if r.status == nil || object == "" {
		return false
	}
	v, found := jsonMember(object, r.status)
	return found && v.Type == gjson.String &&
		slices.ContainsFunc(soldWords, func(word string) bool { return value.BeginsWith(v.Str, word) })
}

// NeedsBulkKeys reports whether AddBulkKey must be called for all keys of the file, as the continued log may lack some.
// It is known after the last Add.
func (b *Builder) NeedsBulkKeys() bool { return b.needsBulkKeys }

// AddBulkKey adds the key, a JSON object, of a vehicle that came in a change of many rows, and the id of that change.
func (b *Builder) AddBulkKey(key string, change int64) {
	b.inBulk = append(b.inBulk, bulkKey{hashKey(b.appendKey(nil, key)), change})
}

// SetPresent sets the hashes of the keys that the table of the file has, and sorts them. It is for an index that may
// have other keys.
func (b *Builder) SetPresent(hashes []uint64) {
	slices.Sort(hashes)
	b.log.present = hashes
}

// KeyHash returns the hash of a row's key for SetPresent.
func KeyHash(cells []value.Cell) uint64 {
	var buffer [64]byte
	return hashKey(AppendKey(buffer[:0], cells...))
}

// Build returns the log with the times of a file, and the state of that file.
func (b *Builder) Build(times Log, state any) *Log {
	l := b.log
	if b.needsBulkKeys {
		slices.SortFunc(b.inBulk, func(k, other bulkKey) int { return cmp.Compare(k.hash, other.hash) })
		l.inBulk = b.inBulk
	}
	l.gone = b.sortedGoneIDs()

	l.Since, l.From, l.AsOf, l.state = times.Since, times.From, times.AsOf, state
	return l
}

// CellOf returns a value of a change as a cell of a column of this kind. It appends numbers to buf.
func CellOf(kind schema.Kind, v gjson.Result, buf []byte) (value.Cell, []byte) {
	switch v.Type {
	case gjson.Number:
		if n, err := strconv.ParseInt(v.Raw, 10, 64); err == nil {
			return value.FromDriver(kind, n, buf)
		}
		return value.FromDriver(kind, v.Num, buf)
	case gjson.String:
		if kind != schema.Bytes {
			return value.FromDriver(kind, v.Str, buf)
		}
		if b, err := hex.DecodeString(v.Str); err == nil {
			return value.FromDriver(kind, b, buf)
		}
	}

	return value.Cell{}, buf // NULL, or bytes that the history does not have in full
}
