package index

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/history"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// LimitError says that the rows read so far need more memory than the index may take.
type LimitError struct {
	Table        string
	Rows         int
	Bytes, Limit int64
}

func (e LimitError) Error() string {
	return fmt.Sprintf("index of %s: its first %d rows take %d MiB, and the index may have %d MiB: raise the memory limit",
		e.Table, e.Rows, e.Bytes>>20, e.Limit>>20)
}

// Builder collects the rows of one full read of a table.
type Builder struct {
	catalog *catalog.Catalog
	limit   int64         // 0 for none
	filling *rowBatch     // collects the next rows
	readers []fieldReader // one for each indexed field
	rows    int           // rows that the readers have read

	history *history.Log // nil for none
	asOf    time.Time    // the age of the table

	isBusy    func() bool // reports whether others need the processors; may be nil
	lastPause time.Time   // when the last pause ended

	// The previous batch is read while the next one fills. Wait for flushes before using the readers.
	flushes  sync.WaitGroup
	flushing *rowBatch
}

// fieldReader collects one field. A part is nil if the field does not need it.
type fieldReader struct {
	field  *catalog.Field
	values *valueReader
	list   *tokenReader
	long   *longReader
}

// NewBuilder begins an index of the fields in c.Indexed. expected is the approximate number of rows, or 0 if unknown.
func NewBuilder(c *catalog.Catalog, expected int) *Builder {
	fields := len(c.Indexed)
	b := &Builder{
		catalog: c, readers: make([]fieldReader, fields),
		filling: newRowBatch(fields), flushing: newRowBatch(fields),
	}

	for i, f := range c.Indexed {
		r := &b.readers[i]
		r.field = f

		if f.IsComputed() { // computed after all rows were read
			continue
		}

		switch {
		case f.IsLong():
			r.long = &longReader{words: &tokenReader{}}
		case f.Class() == catalog.ClassList:
			r.list = &tokenReader{}
		}

		if r.long == nil && r.list == nil || f == c.ID() || slices.Contains(c.KeyFields, f) {
			r.values = newValueReader(f, expected)
		}
	}

	return b
}

// SetLimit makes Add fail when the rows take more than this many bytes of memory.
func (b *Builder) SetLimit(bytes int64) { b.limit = bytes }

// SetBusy sets a function that reports whether others need the processors. While they do, Add sleeps about half of the
// time, and Build uses one processor instead of two.
func (b *Builder) SetBusy(isBusy func() bool) { b.isBusy = isBusy }

// Add adds a row: its cells in the order of c.Indexed, possibly without those of computed fields. The cells may be
// overwritten when Add returns. After an error, which is a LimitError if the limit was exceeded, the builder must not
// be used.
func (b *Builder) Add(cells []value.Cell) error {
	if b.filling.add(cells); !b.filling.isFull() {
		return nil
	}

	// The full batch goes to the readers while the next one fills. They must be done with the one before.
	b.flushes.Wait()
	b.pauseIfBusy()

	if err := b.checkLimits(); err != nil {
		return err
	}

	b.filling, b.flushing = b.flushing, b.filling
	b.flushes.Go(b.flush)
	return nil
}

// checkLimits returns an error if the rows read so far exceed a limit.
func (b *Builder) checkLimits() error {
	for i := range b.readers {
		if b.readers[i].largestPart() > maxColumn {
			return fmt.Errorf("index of %s: the values of %s take more than %d GiB: hide the column by CARS_HIDE",
				b.catalog.Table.Name, b.catalog.Indexed[i].Column.Name, maxColumn>>30)
		}
	}

	if size := b.size(); b.limit > 0 && size > b.limit {
		return LimitError{b.catalog.Table.Name, b.rows, size, b.limit}
	}
	if b.rows > math.MaxInt32 {
		return fmt.Errorf("index of %s: more than %d rows", b.catalog.Table.Name, math.MaxInt32)
	}

	return nil
}

// flush passes the batch to the readers of the fields.
func (b *Builder) flush() {
	for i := range b.readers {
		r := &b.readers[i]
		for row := range b.flushing.rows {
			r.add(b.flushing.cell(i, row))
		}
	}

	b.rows += b.flushing.rows
	b.flushing.clear()
}

// maxColumn is how many bytes a column's values may take. The limit is noticed up to two batches late, of at most 1 GiB
// each, which is the longest row that MySQL sends. An arena holds 4 GiB.
const maxColumn = 2 << 30

// add adds the cell of the next row.
func (r *fieldReader) add(c value.Cell) {
	if r.values != nil {
		r.values.add(c)
	}

	if r.long != nil {
		r.long.add(c)
	}

	if r.list != nil {
		if c.Type != value.Null {
			r.field.Elements(c.Form, r.list.add)
		}
		r.list.endRow()
	}
}

// largestPart returns the size of the largest part that is addressed with 32 bits.
func (r *fieldReader) largestPart() int64 {
	size := int64(0)
	if r.values != nil {
		size = r.values.arena.size
	}

	if r.list != nil {
		size = max(size, r.list.arena.size, int64(len(r.list.stream)))
	}

	return size
}

// size returns the memory that the rows take so far.
func (b *Builder) size() int64 {
	b.flushes.Wait()
	size := int64(cap(b.filling.forms) + cap(b.flushing.forms))
	for i := range b.readers {
		r := &b.readers[i]
		if r.values != nil {
			size += r.values.size()
		}

		if r.long != nil {
			size += r.long.size()
		}

		if r.list != nil {
			size += r.list.size()
		}
	}

	return size
}

// Build builds the index. The builder must not be used afterwards.
func (b *Builder) Build() *Index {
	// The last batch need not be full.
	b.flushes.Wait()
	b.flushing = b.filling
	b.flush()
	b.filling, b.flushing = nil, nil
	x := &Index{catalog: b.catalog, rows: b.rows, columns: make([]column, len(b.readers))}

	// Sort the values of each column. Then each row has a rank.
	b.eachColumn(func(i int) {
		c := &x.columns[i]
		c.field, c.rows = b.catalog.Indexed[i], b.rows
		if r := b.readers[i].values; r != nil {
			c.hasRanks = true
			c.texts = r.texts
			c.values, c.ranks = r.finish()
			b.readers[i].values = nil
		}
	})

	// Order the rows by id before the structures that hold row numbers are made.
	newRow := x.renumber()
	b.eachColumn(func(i int) {
		b.finishColumn(&x.columns[i], b.readers[i], newRow)
		b.readers[i] = fieldReader{}
	})

	x.keyRows = sync.OnceValue(x.newKeyRows)
	x.computeFields(b.history, b.asOf)
	x.bytes = x.size()
	if b.history.Len() > 0 { // its events were looked up by their keys
		x.bytes += x.keyRows().size()
	}

	return x
}

// eachColumn calls do for every column, in two goroutines unless others need the processors. The goroutine that
// received the rows is free now.
func (b *Builder) eachColumn(do func(i int)) {
	// Each goroutine takes the next column until there are no more.
	var next atomic.Int64
	work := func() {
		for i := next.Add(1) - 1; i < int64(len(b.readers)); i = next.Add(1) - 1 {
			do(int(i))
		}
	}

	var other sync.WaitGroup
	if b.isBusy == nil || !b.isBusy() {
		other.Go(work)
	}

	work()
	other.Wait()
}

// finishColumn completes a column whose ranks belong to the rows in their final order.
func (b *Builder) finishColumn(c *column, r fieldReader, newRow []uint32) {
	if c.hasRanks {
		c.makeBitmaps(b.rows)
	}

	if c.field.Class() == catalog.ClassText && r.long == nil {
		c.spellings.buildHashes(&c.values)

		// Words of q are looked for in the folded values.
		if slices.Contains(query.SearchedFields, c.field.Name) {
			var form []byte
			c.haystack = newHaystack(c.values.len(), func(to []byte, rank uint32) []byte {
				form = c.values.form(rank, form)
				return value.AppendFold(to, form)
			})
		}
	}

	if r.list != nil {
		c.list = finishList(r.list, b.rows, newRow)
		c.spellings.buildHashes(&c.list.values)
	}

	if r.long != nil {
		c.long = r.long.finish(newRow)
	}
}
