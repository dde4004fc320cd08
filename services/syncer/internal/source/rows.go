package source

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"

	"carstock/pkg/schema"
)

// Query says which rows of a table are read.
type Query struct {
	Table     schema.Table
	Watermark string // column whose greatest value is found out; "" for none
	Since     any    // the least watermark of the rows that are read, a string or an int64, beside NULL; nil reads all rows
}

// Result is what was found out while reading.
type Result struct {
	Warnings  []Warning
	Server    []string // warnings of the server
	Watermark string   // the greatest; "" if there was none
}

// Rows sends the rows that q asks for to the channel that full is, in batches taken from the
// channel empty, which their receiver gives back. It returns when the last batch has been sent or
// ctx has ended. Rows that end before the server says so are an error.
//
// The rows come by the driver's own interface, in the binary protocol: without database/sql's
// conversions, and with every FLOAT in full, of which the text protocol prints about six digits.
func (r *Reader) Rows(ctx context.Context, q Query, how Values, empty <-chan *Batch, full chan<- *Batch) (Result, error) {
	d := newRowDecoder(q, how)
	pool := &batchPool{empty: empty} // for both reads: what a failed one has taken is free for the next
	server, err := r.readRows(ctx, q, d, pool, full)
	if serverNumber(err) == errZeroDate && d.rows == 0 {
		server, err = r.readZeroDates(ctx, q, d, pool, full)
	}
	if err != nil {
		if errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, driver.ErrBadConn) {
			err = fmt.Errorf("the connection to the server was lost, or the server silent for longer than DB_READ_TIMEOUT (%w)", err)
		}
		err = explainRead(err)
		if d.rows > 0 {
			return Result{}, fmt.Errorf("read %s: after %d rows: %w", q.Table.Name, d.rows, err)
		}
		return Result{}, fmt.Errorf("read %s: %w", q.Table.Name, err)
	}
	return Result{Warnings: d.warnings, Server: server, Watermark: d.maxWatermark}, nil
}

// read executes the query once, and gives the server's warnings of it.
func (r *Reader) readRows(
	ctx context.Context, q Query, d *rowDecoder, pool *batchPool, full chan<- *Batch,
) (warnings []string, err error) {
	var checked bool
	if !r.isUTC() {
		if checked, err = r.losesHour(ctx, q.Table.Name); err != nil {
			return nil, err
		}
	}
	// Raw must not see a broken connection: it would close it, and wait for the transaction, which waits for us.
	var readErr error
	err = r.conn.Raw(func(dc any) error {
		warnings, readErr = r.readRowsRaw(ctx, dc, q, checked, d, pool, full)
		return nil
	})
	return warnings, cmp.Or(readErr, err)
}

// readRaw does so on the driver's connection.
func (r *Reader) readRowsRaw(
	ctx context.Context, dc any, q Query, checked bool, d *rowDecoder, pool *batchPool, full chan<- *Batch,
) ([]string, error) {
	// Closing the rows reads what is left of them, unless the context has ended and the connection with it.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	query, args, utc := r.selectRows(q, checked)
	stmt, err := dc.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = stmt.Close() }()
	rows, err := stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}

	var inUTC *utcRows
	if len(utc.places) > 0 {
		inUTC = newUTCRows(rows, utc)
		rows = inUTC
	}
	if err := sendRows(ctx, rows, d, pool, full); err != nil {
		cancel()
		_ = rows.Close()
		return nil, err
	}
	if err := rows.Close(); err != nil {
		return nil, err
	}

	var warnings []string
	if inUTC != nil {
		warnings = inUTC.warnings(q.Table)
	}
	server, err := serverWarnings(ctx, dc.(driver.QueryerContext))
	return append(warnings, server...), err
}

func sendRows(ctx context.Context, rows driver.Rows, d *rowDecoder, pool *batchPool, full chan<- *Batch) error {
	row := make([]driver.Value, len(d.columns))
	for {
		b, err := pool.take(ctx)
		if err != nil {
			return err
		}
		b.reset(len(d.columns))
		for err == nil && !b.full() {
			if err = rows.Next(row); err == nil {
				err = d.decodeRow(b, row)
			}
		}
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			pool.free = append(pool.free, b)
			return err
		}
		if b.Rows > 0 {
			large := b.Large()
			select {
			case full <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
			if large {
				clear(row) // it points to the driver's buffer
				if err := pool.drain(ctx); err != nil {
					return err
				}
			}
		}
		if end {
			return nil
		}
	}
}

// selectRows names the columns, so that one added since they were read cannot shift the others.
func (r *Reader) selectRows(q Query, checked bool) (string, []driver.NamedValue, utcColumns) {
	utc := utcColumns{checked: checked}
	names := make([]string, len(q.Table.Columns))
	var checks []string
	for i, c := range q.Table.Columns {
		names[i] = schema.QuoteMySQL(c.Name)
		if c.Kind == schema.Timestamp && !r.isUTC() {
			checks = append(checks, inRepeatedHour(names[i]))
			names[i] = "UNIX_TIMESTAMP(" + names[i] + ")"
			utc.places = append(utc.places, i)
		}
	}
	if checked {
		names = append(names, checks...)
	}
	query := "SELECT " + strings.Join(names, ", ") + " FROM " + schema.QuoteMySQL(q.Table.Name)
	i := slices.IndexFunc(q.Table.Columns, func(c schema.Column) bool { return c.Name == q.Watermark })
	if q.Since == nil || i < 0 {
		return query, nil, utc
	}

	mark, since, value := schema.QuoteMySQL(q.Watermark), "?", q.Since
	if slices.Contains(utc.places, i) {
		if value = unixSeconds(q.Since); value == nil {
			return query, nil, utc
		}
		since = "FROM_UNIXTIME(?)"
	}
	query += " WHERE " + mark + " >= " + since
	if q.Table.Columns[i].Nullable { // as in rows that have not been changed yet
		query += " OR " + mark + " IS NULL"
	}
	return query, []driver.NamedValue{{Ordinal: 1, Value: value}}, utc
}
