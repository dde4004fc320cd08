package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// stream reads all rows, or at most limit rows unless it is 0. It uses the driver directly, in the binary protocol:
// faster than database/sql, and with full precision of FLOAT, which the text protocol prints with about six digits.
func (s *Store) stream(
	ctx context.Context, conn *sqlx.Conn, c *catalog.Catalog, fields []*catalog.Field, limit int, add AddRow,
) error {
	d := newDecoder(c, fields)
	list := make([]string, len(d.columns))
	for i, column := range d.columns {
		list[i], _ = s.selectExpressions(c.Table, column)
	}

	query := "SELECT " + strings.Join(list, ", ") + s.fromClause(c.Table)
	if limit > 0 {
		query += fmt.Sprintf(" LIMIT %d", limit)
	}

	rows := 0
	err := conn.Raw(func(dc any) (err error) {
		// Closing the rows reads the rest of them, unless the context ends first and closes the connection.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()

		stmt, err := dc.(driver.ConnPrepareContext).PrepareContext(ctx, query)
		if err != nil {
			return s.withNoTable(err)
		}

		defer func() { _ = stmt.Close() }()
		result, err := stmt.(driver.StmtQueryContext).QueryContext(ctx, nil)
		if err != nil {
			return err
		}

		defer func() {
			if err != nil {
				cancel()
			}
			_ = result.Close()
		}()

		raw := make([]driver.Value, len(d.columns))
		for {
			switch err := result.Next(raw); {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return err
			}

			rows++
			if err := add(d.decode(raw)); err != nil {
				return err
			}
		}
	})
	if err != nil && rows > 0 {
		return fmt.Errorf("after %d rows: %w", rows, err)
	}

	return err
}

// decoder turns the driver's values of a row into cells of fields.
type decoder struct {
	columns []column
	places  [][]int      // indexes in columns by field: one, or those of a joined id
	cells   []value.Cell // overwritten by each row, like buffer
	buffer  []byte
}

// newDecoder returns a decoder for these fields. A column that several fields need is read once.
func newDecoder(c *catalog.Catalog, fields []*catalog.Field) *decoder {
	d := &decoder{places: make([][]int, len(fields)), cells: make([]value.Cell, len(fields))}
	for i, f := range fields {
		for _, column := range unboundedColumns(c.Table, f) {
			place := slices.Index(d.columns, column)
			if place < 0 {
				place = len(d.columns)
				d.columns = append(d.columns, column)
			}
			d.places[i] = append(d.places[i], place)
		}
	}

	return d
}

// decode returns the cells of the fields, which are valid until the next row.
func (d *decoder) decode(raw []driver.Value) []value.Cell {
	d.buffer = d.buffer[:0]
	for i, places := range d.places {
		if len(places) == 1 {
			d.cells[i] = d.cell(raw, places[0])
			continue
		}

		parts := make([]value.Cell, len(places))
		for j, place := range places {
			parts[j] = d.cell(raw, place)
		}

		d.cells[i] = value.JoinID(parts)
	}

	return d.cells
}

func (d *decoder) cell(raw []driver.Value, place int) (c value.Cell) {
	c, d.buffer = value.FromDriver(d.columns[place].kind, raw[place], d.buffer)
	return c
}
