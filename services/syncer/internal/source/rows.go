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

	"carstock/pkg/mysqlerr"
	"carstock/pkg/schema"
)

// RowQuery says which rows of a view or table to read.
type RowQuery struct {
	Table     schema.Table
	Watermark string // column whose greatest value to find; "" for none

	// Since is the least watermark of the rows to read, a string or an int64. Rows whose watermark is NULL are read too.
	// Nil reads all rows.
	Since any

	Expected int64 // about how many rows there are; 0 if that is unknown

	// CallsFunctions says that the table is a view with stored functions. They may count their calls, as one that numbers
	// rows does, so no row is read before its turn.
	CallsFunctions bool
}

// ReadResult is what Rows has found out while reading.
type ReadResult struct {
	Warnings  []Warning
	Server    []string // warnings of the server
	Watermark string   // the greatest one; "" if there was none
}

// Rows sends the rows that q selects to the channel full, in batches that it takes from the channel empty. The receiver
// must give each batch back to empty. Rows returns when it has sent the last batch or ctx has ended. It is an error if
// the rows end before the server says so.
//
// Rows uses the driver's own interface and the binary protocol. That avoids the conversions of database/sql, and gives
// every FLOAT in full: the text protocol prints about six digits.
func (r *Reader) Rows(
	ctx context.Context, q RowQuery, how ValueOptions, empty <-chan *Batch, full chan<- *Batch,
) (ReadResult, error) {
	d := newRowDecoder(q, how)
	pool := &batchPool{empty: empty} // for both reads: the second needs the batches that a failed one has taken

	// MySQL may refuse a view because of a zero date in it, before it sends a row.
	server, err := r.readRows(ctx, q, d, pool, full)
	if mysqlerr.Is(err, mysqlerr.WrongValue) && d.rows == 0 {
		server, err = r.readZeroDates(ctx, q, d, pool, full)
	}

	if err != nil {
		if errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, driver.ErrBadConn) {
			err = fmt.Errorf("the connection to the server was lost, or the server was silent for longer "+
				"than DB_READ_TIMEOUT (%w)", err)
		}

		err = explainRead(err)
		if d.rows > 0 {
			return ReadResult{}, fmt.Errorf("read %s: after %d rows: %w", q.Table.Name, d.rows, err)
		}
		return ReadResult{}, fmt.Errorf("read %s: %w", q.Table.Name, err)
	}

	return ReadResult{Warnings: d.warnings, Server: server, Watermark: d.maxWatermark}, nil
}

// readRows executes the query once, and returns the server's warnings about it.
func (r *Reader) readRows(
	ctx context.Context, q RowQuery, d *rowDecoder, pool *batchPool, full chan<- *Batch,
) (warnings []string, err error) {
	var checkHours bool
	if !r.isUTC() {
		if checkHours, err = r.losesHour(ctx, q.Table.Name); err != nil {
			return nil, err
		}
	}

	// Raw must not see a broken connection: it would close it and wait for the transaction, which waits for Raw.
	var readErr error
	err = r.conn.Raw(func(driverConn any) error {
		warnings, readErr = r.readRowsRaw(ctx, driverConn, q, checkHours, d, pool, full)
		return nil
	})

	return warnings, cmp.Or(readErr, err)
}

// readRowsRaw is readRows on the driver's connection.
func (r *Reader) readRowsRaw(
	ctx context.Context, driverConn any, q RowQuery, checkHours bool, d *rowDecoder, pool *batchPool, full chan<- *Batch,
) ([]string, error) {
	// Closing the rows reads all that are left, unless the context has ended, and the connection with it.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	// On a compressed connection, select the columns in the order that compresses best.
	var order []int
	if q.isOrderWorthwhile() {
		var err error
		if order, err = r.columnOrder(ctx, driverConn.(driver.QueryerContext), q.Table); err != nil {
			return nil, err
		}
	}

	query, args, utc := r.selectRows(q, order, checkHours)
	stmt, err := driverConn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = stmt.Close() }()

	rows, err := stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}

	// Undo for the receiver what the statement has changed: the order of columns, and TIMESTAMPs as seconds.
	if order != nil {
		rows = newOrderedRows(rows, order)
	}
	var inUTC *utcRows
	if len(utc.positions) > 0 {
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

	server, err := serverWarnings(ctx, driverConn.(driver.QueryerContext))
	return append(warnings, server...), err
}

// sendRows fills batches with rows and sends them. After an error it returns a batch that it has not sent to the pool.
func sendRows(ctx context.Context, rows driver.Rows, d *rowDecoder, pool *batchPool, full chan<- *Batch) error {
	row := make([]driver.Value, len(d.columns))
	for {
		b, err := pool.take(ctx)
		if err != nil {
			return err
		}

		// Fill the batch.
		b.reset(len(d.columns))
		for err == nil && !b.full() {
			if err = rows.Next(row); err == nil {
				err = d.decodeRow(b, row)
			}
		}

		isEnd := errors.Is(err, io.EOF)
		if err != nil && !isEnd {
			pool.free = append(pool.free, b)
			return err
		}

		if b.Rows > 0 {
			if err := sendBatch(ctx, b, row, pool, full); err != nil {
				return err
			}
		}

		if isEnd {
			return nil
		}
	}
}

// sendBatch sends a batch. After a large one it waits for the receiver, and frees the memory.
func sendBatch(ctx context.Context, b *Batch, row []driver.Value, pool *batchPool, full chan<- *Batch) error {
	isLarge := b.Large() // the receiver may change it after it is sent
	select {
	case full <- b:
	case <-ctx.Done():
		return ctx.Err()
	}

	if isLarge {
		clear(row) // it points into the driver's buffer
		return pool.drain(ctx)
	}
	return nil
}

// selectRows returns the SELECT statement for a query. It names the columns, so that a column added since they were
// read cannot shift the others. They are in this order, or in the table's if it is nil.
func (r *Reader) selectRows(q RowQuery, order []int, checkHours bool) (string, []driver.NamedValue, utcColumns) {
	// A TIMESTAMP of a session that is not in UTC is read in seconds since 1970, for which no hour repeats.
	utc := utcColumns{checkHours: checkHours}
	names := make([]string, len(q.Table.Columns))
	var checks []string
	for i, c := range q.Table.Columns {
		names[i] = schema.QuoteMySQL(c.Name)
		if c.Kind == schema.Timestamp && !r.isUTC() {
			checks = append(checks, inRepeatedHour(names[i]))
			names[i] = "UNIX_TIMESTAMP(" + names[i] + ")"
			utc.positions = append(utc.positions, i)
		}
	}

	// Put the columns into the given order. The checks follow them.
	if order != nil {
		inTable := slices.Clone(names)
		for i, position := range order {
			names[i] = inTable[position]
		}
	}
	if checkHours {
		names = append(names, checks...)
	}

	query := "SELECT " + strings.Join(names, ", ") + " FROM " + schema.QuoteMySQL(q.Table.Name)
	position := slices.IndexFunc(q.Table.Columns, func(c schema.Column) bool { return c.Name == q.Watermark })
	if q.Since == nil || position < 0 {
		return query, nil, utc
	}

	// Read from the watermark on.
	watermark, placeholder, value := schema.QuoteMySQL(q.Watermark), "?", q.Since
	if slices.Contains(utc.positions, position) {
		if value = unixSeconds(q.Since); value == nil {
			return query, nil, utc // not a time: read all rows
		}
		placeholder = "FROM_UNIXTIME(?)"
	}

	query += " WHERE " + watermark + " >= " + placeholder
	if q.Table.Columns[position].Nullable { // rows that have not been changed yet may have NULL
		query += " OR " + watermark + " IS NULL"
	}
	return query, []driver.NamedValue{{Ordinal: 1, Value: value}}, utc
}
