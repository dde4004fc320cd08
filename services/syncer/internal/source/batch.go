package source

import (
	"context"
	"database/sql/driver"
	"runtime/debug"
)

// Size of a batch. Each costs a hand-over from one goroutine to another and a call into C, which the
// runtime takes for a blocking one. Long values end a batch sooner, so that the memory in use is
// bounded whatever the rows hold.
const (
	batchRows  = 128
	batchBytes = 256 << 10

	// largeBytes make a batch large: it is on its way alone, and what it holds is given back after it.
	largeBytes = 2 << 20

	// ownBytes is from where on a value does not share its space with others.
	separateBytes = 64 << 10
)

// batches are those that are not on their way to their receiver.
type batchPool struct {
	empty <-chan *Batch // to which their receiver gives them back; it has room for all of them
	free  []*Batch      // that have been taken from there
}

func (p *batchPool) take(ctx context.Context) (b *Batch, err error) {
	if len(p.free) == 0 {
		if err := p.receive(ctx); err != nil {
			return nil, err
		}
	}
	b, p.free = p.free[len(p.free)-1], p.free[:len(p.free)-1]
	return b, nil
}

func (p *batchPool) receive(ctx context.Context) error {
	select {
	case b := <-p.empty:
		p.free = append(p.free, b)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// drain waits until all batches are back, and gives back their memory to the system: of a row of many
// megabytes there are several copies on its way, and of the next one as many again.
func (p *batchPool) drain(ctx context.Context) error {
	for len(p.free) < cap(p.empty) {
		if err := p.receive(ctx); err != nil {
			return err
		}
	}
	for _, b := range p.free {
		b.release()
	}
	debug.FreeOSMemory()
	return nil
}

// maxArgs is how many parameters SQLite takes in a statement, as the driver compiles it.
const maxArgs = 32766

// Batch is some rows, one after the other, in the form in which they are bound to an INSERT. It is
// valid until it is given back to the channel of empty batches.
type Batch struct {
	Args  []driver.NamedValue
	Rows  int
	Bytes int64 // of the texts and blobs, in memory; the network may carry them compressed

	limit int
	text  []byte // what the strings and blobs among Args point into
}

// BatchRows is how many rows of so many columns a batch holds at the most.
func maxBatchRows(columns int) int {
	return max(1, min(batchRows, (maxArgs-1)/columns)) // one parameter is left for their place
}

func (b *Batch) reset(columns int) {
	b.limit = maxBatchRows(columns)
	if n := b.limit * columns; cap(b.Args) < n {
		b.Args = make([]driver.NamedValue, 0, n)
	}
	b.Args, b.Rows, b.Bytes, b.text = b.Args[:0], 0, 0, b.text[:0]
}

// Large reports whether the batch is so large that memory for it is not kept.
func (b *Batch) Large() bool { return b.Bytes >= largeBytes }

// release gives back the space that the batch holds.
func (b *Batch) release() { b.Args, b.text = nil, nil }

func (b *Batch) full() bool { return b.Rows == b.limit || b.Bytes >= batchBytes }

func (b *Batch) appendValue(v driver.Value, blob bool) {
	if raw, ok := v.([]byte); ok {
		// The driver reuses its buffer for the next row.
		raw = b.copyBytes(raw)
		if blob {
			v = raw
		} else {
			v = stringView(raw)
		}
	}
	b.Args = append(b.Args, driver.NamedValue{Ordinal: len(b.Args) + 1, Value: v})
}

// keep copies p into the batch. When the space runs out it takes a larger one; what has been kept
// stays where it is, and goes when the batch's values go.
func (b *Batch) copyBytes(p []byte) []byte {
	b.Bytes += int64(len(p))
	if len(p) >= separateBytes {
		own := make([]byte, len(p))
		copy(own, p)
		return own
	}
	if b.text == nil || len(b.text)+len(p) > cap(b.text) { // a nil slice would be stored as NULL
		b.text = make([]byte, 0, max(2*cap(b.text), len(p), 16<<10))
	}
	start := len(b.text)
	b.text = append(b.text, p...)
	return b.text[start:len(b.text):len(b.text)]
}
