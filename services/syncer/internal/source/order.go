package source

import (
	"compress/flate"
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"carstock/pkg/dbconn"
	"carstock/pkg/mysqlerr"
	"carstock/pkg/schema"
)

// serverBuffer is how much a server may compress at once, in bytes. A server begins with net_buffer_length, by default
// 16 kB, and enlarges its buffer to hold the statements that it receives. zlib looks back 32 kB.
const serverBuffer = 256 << 10

// Compress prepares for a server that compresses what it sends, so that zlib makes less of it: the server gets a larger
// buffer, and tables are read in the order of columns that suits zlib. A server that takes no statement as large as the
// buffer keeps the one it has.
func (r *Reader) Compress(ctx context.Context) error {
	var limit int64
	if err := r.tx.GetContext(ctx, &limit, "SELECT @@max_allowed_packet"); err != nil {
		return fmt.Errorf("read max_allowed_packet: %w", err)
	}

	// A statement above the limit would end the connection.
	if limit >= 2*serverBuffer {
		_, err := r.tx.ExecContext(ctx, "DO 0 /*"+strings.Repeat(" ", serverBuffer)+"*/")
		if err != nil && mysqlerr.Number(err) == 0 { // a server or a proxy may refuse it, and goes on
			return fmt.Errorf("enlarge the server's buffer: %w", err)
		}
	}

	r.isCompressed = true
	return nil
}

// Bounds of the search for an order of columns.
const (
	orderRows     = 200  // to read
	orderMinRows  = 2000 // of a table for which that saves more than it costs
	orderSeconds  = 0.5  // that the server may take for them
	orderColumns  = 64
	orderBytes    = 64 << 10
	orderMaxValue = 64       // characters of a long value that count: it makes its own matches
	orderWork     = 12 << 20 // bytes to compress, which takes less than a second of processor time
)

// isOrderWorthwhile reports whether to look for an order of columns. That costs more than it saves in a small table, or
// where only new rows are read.
func (q RowQuery) isOrderWorthwhile() bool {
	isSmall := q.Expected > 0 && q.Expected < orderMinRows
	return q.Since == nil && !q.CallsFunctions && !isSmall
}

// columnOrder returns the order in which to select a table's columns so that the server's zlib makes the least of them:
// positions in the table. It is nil for the table's own order: without compression, when nothing is gained, or when the
// first rows cannot be read, as in a view that groups and takes the server longer than orderSeconds.
func (r *Reader) columnOrder(ctx context.Context, conn driver.QueryerContext, t schema.Table) ([]int, error) {
	if !r.isCompressed || len(t.Columns) > orderColumns {
		return nil, nil
	}

	rows, err := firstRows(ctx, conn, t)
	if dbconn.Transient(err) || ctx.Err() != nil {
		// The server may have ended the transaction, as after a deadlock. What is read next would be of another instant.
		return nil, err
	}

	// Any other error, such as that of the time limit, says nothing about the read that follows.
	return compressibleOrder(new(compressor), rows), nil
}

// firstRows reads the first rows of a table, by columns. With an error it returns those that came before it.
func firstRows(ctx context.Context, conn driver.QueryerContext, t schema.Table) (sample [][][]byte, err error) {
	// The beginnings of long values are enough.
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = schema.QuoteMySQL(c.Name)
		switch c.Kind {
		case schema.Text, schema.JSON, schema.Bytes, schema.Unknown:
			if strings.HasPrefix(strings.ToLower(c.Type), "vector") { // no function shortens it, and little repeats in it
				names[i] = "NULL"
				continue
			}
			names[i] = fmt.Sprintf("LEFT(%s, %d)", names[i], orderMaxValue)
		}
	}

	// Only MariaDB executes what begins with M!, and only MySQL takes the hint.
	rows, err := conn.QueryContext(ctx, fmt.Sprintf("/*M!100101 SET STATEMENT max_statement_time = %g FOR */ "+
		"SELECT /*+ MAX_EXECUTION_TIME(%d) */ %s FROM %s LIMIT %d", orderSeconds, int(orderSeconds*1000),
		strings.Join(names, ", "), schema.QuoteMySQL(t.Name), orderRows), nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()

	row, size := make([]driver.Value, len(t.Columns)), 0
	for {
		if err := rows.Next(row); errors.Is(err, io.EOF) {
			return sample, nil
		} else if err != nil {
			return sample, err
		}
		if size > orderBytes {
			continue // the rest has to be read in any case
		}

		values := make([][]byte, len(row))
		for i, v := range row {
			values[i] = sampledValue(v)
			size += len(values[i])
		}
		sample = append(sample, values)
	}
}

// sampledValue is a value about as the binary protocol sends it.
func sampledValue(v driver.Value) []byte {
	switch v := v.(type) {
	case []byte:
		return append([]byte{byte(len(v))}, v...)
	case int64:
		return binary.LittleEndian.AppendUint64(nil, uint64(v))
	case uint64:
		return binary.LittleEndian.AppendUint64(nil, v)
	case float32:
		return binary.LittleEndian.AppendUint32(nil, math.Float32bits(v))
	case float64:
		return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v))
	default:
		return nil // NULL
	}
}

// compressibleOrder adds one column after the other where the rows become smallest. zlib writes what it has seen before
// as one match, so columns that repeat together should be next to each other, and neither the names nor the types of
// columns show which ones do. After orderWork the other columns stay behind these. It returns nil if that makes the
// rows no smaller than the order that they have.
func compressibleOrder(c *compressor, rows [][][]byte) []int {
	if len(rows) == 0 {
		return nil
	}

	var order, original []int
	least := 0
	for column := range rows[0] {
		original = append(original, column)
		if c.read > orderWork {
			order = append(order, column)
			continue
		}

		// Try the column at each position among those before it.
		best := order
		for position := range len(order) + 1 {
			candidate := slices.Insert(slices.Clone(order), position, column)
			if size := c.size(rows, candidate); position == 0 || size < least {
				best, least = candidate, size
			}
		}
		order = best
	}

	if c.size(rows, order) >= c.size(rows, original) {
		return nil
	}
	return order
}

// compressor measures what zlib makes of rows.
type compressor struct {
	flate   *flate.Writer
	read    int // bytes of all rows that it has compressed
	written int // bytes of the last ones after that
	rows    []byte
}

// Write counts what comes out of the compression.
func (c *compressor) Write(p []byte) (int, error) {
	c.written += len(p)
	return len(p), nil
}

// size returns the bytes of these columns of the rows after compression at the level that servers use, which is zlib's
// default.
func (c *compressor) size(rows [][][]byte, columns []int) int {
	c.rows, c.written = c.rows[:0], 0
	for i, row := range rows {
		c.rows = append(c.rows, 0, 0, byte(i), 0) // each row is a packet with a number
		for _, column := range columns {
			c.rows = append(c.rows, row[column]...)
		}
	}

	c.read += len(c.rows)
	if c.flate == nil {
		c.flate, _ = flate.NewWriter(c, 6) // fails for invalid levels only
	}
	c.flate.Reset(c)
	_, _ = c.flate.Write(c.rows) // c fails no write
	_ = c.flate.Close()
	return c.written
}

// orderedRows are rows that were selected in another order than their receiver has.
type orderedRows struct {
	driver.Rows
	order []int // of the first columns; others come after them as they are
	row   []driver.Value
}

// newOrderedRows returns rows in the receiver's order, given the position of each column that was selected.
func newOrderedRows(rows driver.Rows, order []int) *orderedRows {
	return &orderedRows{rows, order, make([]driver.Value, len(rows.Columns()))}
}

// Next reads a row and puts its columns into the receiver's order.
func (o *orderedRows) Next(row []driver.Value) error {
	if err := o.Rows.Next(o.row); err != nil {
		return err
	}

	copy(row, o.row)
	for i, position := range o.order {
		row[position] = o.row[i]
	}
	clear(o.row) // so that the driver's buffer is freed with the receiver's row
	return nil
}
