package run

import (
	"context"

	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
	"carstock/services/syncer/internal/source"
)

// batches is how many batches are on their way between reading and writing.
const batchesInFlight = 4

// stream reads rows in one goroutine, and writes them in another. It also returns how many bytes the network has brought.
func (p *attempt) streamRows(ctx context.Context, q source.Query, table *snapshot.Table) (source.Result, int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	empty, full := make(chan *source.Batch, batchesInFlight), make(chan *source.Batch, batchesInFlight)
	for range batchesInFlight {
		empty <- new(source.Batch)
	}

	zeroDates := p.config.Sync.ZeroDates
	how := source.Values{NullZeroDates: zeroDates == config.Null, FailZeroDates: zeroDates == config.Fail}
	var found source.Result
	var readErr, writeErr error
	before := p.reader.Received()
	go func() {
		found, readErr = p.reader.Rows(ctx, q, how, empty, full)
		close(full)
	}()

	for b := range full {
		if writeErr == nil {
			if writeErr = table.Write(b.Args); writeErr != nil {
				cancel() // the reader ends, and closes full
			}
		}
		if b.Large() && writeErr == nil {
			if writeErr = table.Release(); writeErr != nil {
				cancel()
			}
		}
		if progress := p.options.Progress; progress != nil {
			progress.Rows.Add(int64(b.Rows))
			progress.Bytes.Store(p.reader.Received() - before)
		}
		empty <- b
	}
	bytes := p.reader.Received() - before
	if writeErr != nil {
		return found, bytes, writeErr
	}
	return found, bytes, readErr
}
