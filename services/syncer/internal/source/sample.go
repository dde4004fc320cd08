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

// Sample reads the rows of a view, keeps none of them, and returns how many there were. It calls begin before the
// server gets the query, and enough after each row. It stops early after limit rows (0 for no limit), when enough
// returns true, or when ctx ends. None of these is an error, but they close the reader's connection.
func (r *Reader) Sample(
	ctx context.Context, t schema.Table, limit int64, begin func(), enough func() bool,
) (rows int64, err error) {
	rawErr := r.conn.Raw(func(driverConn any) error { // must not see a broken connection, as in readRows
		rows, err = r.sampleRaw(ctx, driverConn, t, limit, begin, enough)
		return nil
	})

	if ctx.Err() != nil {
		return rows, nil
	}
	return rows, errors.Join(err, rawErr)
}

// sampleRaw is Sample on the driver's connection.
func (r *Reader) sampleRaw(
	ctx context.Context, driverConn any, t schema.Table, limit int64, begin func(), enough func() bool,
) (n int64, err error) {
	// Closing the rows reads all that are left, unless the context has ended, and the connection with it.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	order, err := r.columnOrder(ctx, driverConn.(driver.QueryerContext), t)
	if err != nil {
		return 0, err
	}

	query, _, _ := r.selectRows(RowQuery{Table: t}, order, false)
	stmt, err := driverConn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return 0, err
	}
	defer func() { _ = stmt.Close() }()

	begin()
	rows, err := stmt.(driver.StmtQueryContext).QueryContext(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()

	row := make([]driver.Value, len(rows.Columns()))
	for {
		if err := rows.Next(row); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			cancel()
			return n, err
		}

		n++
		if isEnough := enough(); n == limit || isEnough {
			cancel()
			return n, nil
		}
	}
}
