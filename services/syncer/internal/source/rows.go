package source

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"carstock/pkg/schema"
)

// Rows sends all rows of t to the channel that full is, in batches taken from the channel empty,
// which their receiver gives back. It returns when the last batch has been sent or ctx has ended.
//
// The rows come by the driver's own interface, in the binary protocol: without database/sql's
// conversions, and with every FLOAT in full, of which the text protocol prints about six digits.
func (r *Reader) Rows(ctx context.Context, t schema.Table, empty <-chan *Batch, full chan<- *Batch) error {
	return r.conn.Raw(func(dc any) (err error) {
		// Closing the rows reads what is left of them, unless the context has ended and the
		// connection with it.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stmt, err := dc.(driver.ConnPrepareContext).PrepareContext(ctx, selectAll(t))
		if err != nil {
			return fmt.Errorf("read %s: %w", t.Name, err)
		}
		defer func() { _ = stmt.Close() }()
		rows, err := stmt.(driver.StmtQueryContext).QueryContext(ctx, nil)
		if err != nil {
			return fmt.Errorf("read %s: %w", t.Name, err)
		}
		defer func() {
			if err != nil {
				cancel()
			}
			_ = rows.Close()
		}()
		return send(ctx, rows, t, empty, full)
	})
}

func send(ctx context.Context, rows driver.Rows, t schema.Table, empty <-chan *Batch, full chan<- *Batch) error {
	row := make([]driver.Value, len(t.Columns))
	convert := converters(t.Columns)
	var done int64
	for {
		var b *Batch
		select {
		case b = <-empty:
			b.reset(len(t.Columns))
		case <-ctx.Done():
			return ctx.Err()
		}
		var err error
		for err == nil && !b.full() {
			if err = rows.Next(row); err == nil {
				err = b.add(row, t.Columns, convert)
			}
		}
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return fmt.Errorf("read %s: row %d: %w", t.Name, done+int64(b.Rows)+1, err)
		}
		done += int64(b.Rows)
		if b.Rows > 0 {
			select {
			case full <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if end {
			return nil
		}
	}
}

// selectAll names the columns, so that one added since they were read cannot shift the others.
func selectAll(t schema.Table) string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = schema.QuoteMySQL(c.Name)
	}
	return "SELECT " + strings.Join(names, ", ") + " FROM " + schema.QuoteMySQL(t.Name)
}
