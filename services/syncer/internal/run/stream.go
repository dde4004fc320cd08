package run

import (
	"context"

	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
	"carstock/services/syncer/internal/source"
)

// batchesInFlight is how many batches are on their way between reading and writing.
const batchesInFlight = 4

// streamRows reads rows in one goroutine and writes them in another. It also returns how many bytes came from the
// network.
func (a *runAttempt) streamRows(
	ctx context.Context, q source.RowQuery, table *snapshot.Table,
) (source.ReadResult, int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	// Batches go round: the reader fills empty ones, and the writer gives them back. This bounds the memory.
	empty, full := make(chan *source.Batch, batchesInFlight), make(chan *source.Batch, batchesInFlight)
	for range batchesInFlight {
		empty <- new(source.Batch)
	}

	zeroDates := a.config.Sync.ZeroDates
	how := source.ValueOptions{
		NullZeroDates: zeroDates == config.ZeroDatesNull,
		FailZeroDates: zeroDates == config.ZeroDatesFail,
	}
	var found source.ReadResult
	var readErr, writeErr error
	receivedBefore := a.reader.Received()
	go func() {
		found, readErr = a.reader.Rows(ctx, q, how, empty, full)
		close(full)
	}()

	// After an error of writing, the loop goes on until the reader has ended and closed full.
	for b := range full {
		if writeErr == nil {
			writeErr = table.Write(b.Args)
		}
		if b.Large() && writeErr == nil {
			writeErr = table.Release()
		}
		if writeErr != nil {
			cancel()
		}
		if progress := a.options.Progress; progress != nil {
			progress.Rows.Add(int64(b.Rows))
			progress.Bytes.Store(a.reader.Received() - receivedBefore)
		}
		empty <- b
	}

	bytes := a.reader.Received() - receivedBefore
	if writeErr != nil {
		return found, bytes, writeErr
	}
	return found, bytes, readErr
}
