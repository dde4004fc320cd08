package source

import (
	"context"
	"database/sql/driver"
	"runtime/debug"
)

// Size of a batch. Each batch costs a handover from one goroutine to another and a call into C, which the runtime
// treats as blocking. Long values end a batch early, so the memory in use is bounded whatever the rows hold.
const (
	batchRows  = 128
	batchBytes = 256 << 10

	// largeBytes make a batch large: it is sent alone, and its memory is freed after it.
	largeBytes = 2 << 20

	// separateBytes is the length from which a value gets memory of its own.
	separateBytes = 64 << 10
)

// batchPool holds the batches that are not on their way to the receiver.
type batchPool struct {
	empty <-chan *Batch // the receiver gives batches back here; the channel has room for all of them
	free  []*Batch      // batches taken from that channel
}

// take returns an empty batch. It waits for one if all are on their way.
func (p *batchPool) take(ctx context.Context) (b *Batch, err error) {
	if len(p.free) == 0 {
		if err := p.receive(ctx); err != nil {
			return nil, err
		}
	}
	b, p.free = p.free[len(p.free)-1], p.free[:len(p.free)-1]
	return b, nil
}

// receive waits until the receiver gives a batch back.
func (p *batchPool) receive(ctx context.Context) error {
	select {
	case b := <-p.empty:
		p.free = append(p.free, b)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// drain waits until all batches are back, and returns their memory to the system. There are several copies of a row of
// many megabytes while it is on its way, and as many of the next one.
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

// Batch is some rows, one after the other, as they are bound to an INSERT. It is valid until the receiver gives it back
// to the channel of empty batches.
type Batch struct {
	Args  []driver.NamedValue
	Rows  int
	Bytes int64 // of texts and BLOBs, in memory; the network may carry them compressed

	limit int
	text  []byte // memory that the texts and BLOBs in Args share
}

// maxBatchRows returns how many rows of so many columns a batch holds at most. One parameter is left for the position
// of the rows.
func maxBatchRows(columns int) int {
	return max(1, min(batchRows, (maxArgs-1)/columns))
}

// reset empties the batch, for rows of so many columns. It keeps the memory.
func (b *Batch) reset(columns int) {
	b.limit = maxBatchRows(columns)
	if n := b.limit * columns; cap(b.Args) < n {
		b.Args = make([]driver.NamedValue, 0, n)
	}
	b.Args, b.Rows, b.Bytes, b.text = b.Args[:0], 0, 0, b.text[:0]
}

// Large reports whether the batch is so large that its memory is not kept.
func (b *Batch) Large() bool { return b.Bytes >= largeBytes }

// release frees the memory of the batch.
func (b *Batch) release() { b.Args, b.text = nil, nil }

// full reports whether the batch takes no further row.
func (b *Batch) full() bool { return b.Rows == b.limit || b.Bytes >= batchBytes }

// appendValue appends a value. Bytes are stored as a BLOB or as a text.
func (b *Batch) appendValue(v driver.Value, blob bool) {
	if raw, ok := v.([]byte); ok {
		raw = b.copyBytes(raw) // the driver reuses its buffer for the next row
		if blob {
			v = raw
		} else {
			v = stringView(raw)
		}
	}

	b.Args = append(b.Args, driver.NamedValue{Ordinal: len(b.Args) + 1, Value: v})
}

// copyBytes copies p into the batch. When the shared memory is used up it allocates more; earlier values stay where
// they are.
func (b *Batch) copyBytes(p []byte) []byte {
	b.Bytes += int64(len(p))
	if len(p) >= separateBytes {
		separate := make([]byte, len(p))
		copy(separate, p)
		return separate
	}

	if b.text == nil || len(b.text)+len(p) > cap(b.text) { // a nil slice would be stored as NULL
		b.text = make([]byte, 0, max(2*cap(b.text), len(p), 16<<10))
	}

	start := len(b.text)
	b.text = append(b.text, p...)
	return b.text[start:len(b.text):len(b.text)]
}
