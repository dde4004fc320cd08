package source

import "database/sql/driver"

// Size of a batch. Each costs a hand-over from one goroutine to another and a call into C, which the
// runtime takes for a blocking one. Long values end a batch sooner, so that the memory in use is
// bounded whatever the rows hold.
const (
	batchRows  = 128
	batchBytes = 256 << 10
)

// maxArgs is how many parameters SQLite takes in a statement, as the driver compiles it.
const maxArgs = 32766

// Batch is some rows, one after the other, in the form in which they are bound to an INSERT. It is
// valid until it is given back to the channel of empty batches.
type Batch struct {
	Args  []driver.NamedValue
	Rows  int
	Bytes int64 // of the texts and blobs

	limit int
	text  []byte // what the strings and blobs among Args point into
}

// BatchRows is how many rows of so many columns a batch holds at the most.
func BatchRows(columns int) int {
	return max(1, min(batchRows, (maxArgs-1)/columns)) // one parameter is left for their place
}

func (b *Batch) reset(columns int) {
	b.limit = BatchRows(columns)
	if n := b.limit * columns; cap(b.Args) < n {
		b.Args = make([]driver.NamedValue, 0, n)
	}
	b.Args, b.Rows, b.Bytes, b.text = b.Args[:0], 0, 0, b.text[:0]
}

func (b *Batch) full() bool { return b.Rows == b.limit || b.Bytes >= batchBytes }

func (b *Batch) append(v driver.Value, blob bool) {
	if raw, ok := v.([]byte); ok {
		// The driver reuses its buffer for the next row.
		raw = b.keep(raw)
		if blob {
			v = raw
		} else {
			v = view(raw)
		}
	}
	b.Args = append(b.Args, driver.NamedValue{Ordinal: len(b.Args) + 1, Value: v})
}

// keep copies p into the batch. When the space runs out it takes a larger one; what has been kept
// stays where it is, and goes when the batch's values go.
func (b *Batch) keep(p []byte) []byte {
	b.Bytes += int64(len(p))
	if b.text == nil || len(b.text)+len(p) > cap(b.text) { // a nil slice would be stored as NULL
		b.text = make([]byte, 0, max(2*cap(b.text), len(p), 16<<10))
	}
	start := len(b.text)
	b.text = append(b.text, p...)
	return b.text[start:len(b.text):len(b.text)]
}
