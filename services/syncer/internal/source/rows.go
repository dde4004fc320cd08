package source

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
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
	Watermark string // the greatest; "" if there was none
}

// Rows sends the rows that q asks for to the channel that full is, in batches taken from the
// channel empty, which their receiver gives back. It returns when the last batch has been sent or
// ctx has ended. Rows that end before the server says so are an error.
//
// The rows come by the driver's own interface, in the binary protocol: without database/sql's
// conversions, and with every FLOAT in full, of which the text protocol prints about six digits.
func (r *Reader) Rows(ctx context.Context, q Query, how Values, empty <-chan *Batch, full chan<- *Batch) (Result, error) {
	d := newDecoder(q, how)
	err := r.conn.Raw(func(dc any) (err error) {
		// Closing the rows reads what is left of them, unless the context has ended and the
		// connection with it.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		query, args := selectRows(q)
		stmt, err := dc.(driver.ConnPrepareContext).PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		defer func() { _ = stmt.Close() }()
		rows, err := stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
		if err != nil {
			return err
		}
		defer func() {
			if err != nil {
				cancel()
			}
			_ = rows.Close()
		}()
		return send(ctx, rows, d, empty, full)
	})
	if err != nil {
		if errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, driver.ErrBadConn) {
			err = fmt.Errorf("the connection to the server was lost, or the server silent for longer than DB_READ_TIMEOUT (%w)", err)
		}
		if d.rows > 0 {
			return Result{}, fmt.Errorf("read %s: after %d rows: %w", q.Table.Name, d.rows, err)
		}
		return Result{}, fmt.Errorf("read %s: %w", q.Table.Name, err)
	}
	return Result{Warnings: d.warnings, Watermark: d.greatest}, nil
}

func send(ctx context.Context, rows driver.Rows, d *decoder, empty <-chan *Batch, full chan<- *Batch) error {
	row := make([]driver.Value, len(d.columns))
	pool := &batches{empty: empty}
	for {
		b, err := pool.take(ctx)
		if err != nil {
			return err
		}
		b.reset(len(d.columns))
		for err == nil && !b.full() {
			if err = rows.Next(row); err == nil {
				err = d.add(b, row)
			}
		}
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
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
func selectRows(q Query) (string, []driver.NamedValue) {
	names := make([]string, len(q.Table.Columns))
	for i, c := range q.Table.Columns {
		names[i] = schema.QuoteMySQL(c.Name)
	}
	query := "SELECT " + strings.Join(names, ", ") + " FROM " + schema.QuoteMySQL(q.Table.Name)
	if q.Since == nil {
		return query, nil
	}
	mark := schema.QuoteMySQL(q.Watermark)
	query += " WHERE " + mark + " >= ?"
	for _, c := range q.Table.Columns {
		if c.Name == q.Watermark && c.Nullable { // as in rows that have not been changed yet
			query += " OR " + mark + " IS NULL"
		}
	}
	return query, []driver.NamedValue{{Ordinal: 1, Value: q.Since}}
}
