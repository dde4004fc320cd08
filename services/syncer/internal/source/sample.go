package source

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"time"

	"carstock/pkg/schema"
)

// pingCount is how often RoundTrip measures. The shortest time counts, as the others include waiting.
const pingCount = 5

// RoundTrip measures how long the shortest request to the server and its response take.
func (r *Reader) RoundTrip(ctx context.Context) (shortest time.Duration, err error) {
	for i := range pingCount {
		start := time.Now()
		if err := r.conn.PingContext(ctx); err != nil {
			return 0, err
		}
		if took := time.Since(start); i == 0 || took < shortest {
			shortest = took
		}
	}
	return shortest, nil
}

// SpeedSample is how quickly the first rows of a view arrived. Time and bytes count from the first row on: before it
// the server is at work, and not the network.
type SpeedSample struct {
	Rows  int64
	Bytes int64 // received after the first row
	Took  time.Duration
}

// Sample reads the rows of a view and keeps none of them. It stops early after limit rows (0 for no limit), when enough
// returns true, or when ctx ends. None of these is an error, but they close the reader's connection.
func (r *Reader) Sample(
	ctx context.Context, t schema.Table, limit int64, enough func() bool,
) (s SpeedSample, err error) {
	query, _, _ := r.selectRows(RowQuery{Table: t}, false)
	rawErr := r.conn.Raw(func(driverConn any) error { // must not see a broken connection, as in readRows
		s, err = r.sampleRaw(ctx, driverConn, query, limit, enough)
		return nil
	})

	if ctx.Err() != nil {
		return s, nil
	}
	return s, errors.Join(err, rawErr)
}

func (r *Reader) sampleRaw(
	ctx context.Context, driverConn any, query string, limit int64, enough func() bool,
) (s SpeedSample, err error) {
	// Closing the rows reads all that are left, unless the context has ended, and the connection with it.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	stmt, err := driverConn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return s, err
	}
	defer func() { _ = stmt.Close() }()

	rows, err := stmt.(driver.StmtQueryContext).QueryContext(ctx, nil)
	if err != nil {
		return s, err
	}
	defer func() { _ = rows.Close() }()

	row := make([]driver.Value, len(rows.Columns()))
	var start time.Time
	var receivedBefore int64
	for {
		if err := rows.Next(row); errors.Is(err, io.EOF) {
			return s, nil
		} else if err != nil {
			cancel()
			return s, err
		}

		s.Rows++
		if s.Rows == 1 {
			start, receivedBefore = time.Now(), r.Received()
		}
		s.Took, s.Bytes = time.Since(start), r.Received()-receivedBefore
		if s.Rows == limit || enough() {
			cancel()
			return s, nil
		}
	}
}
