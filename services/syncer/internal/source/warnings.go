package source

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/dustin/go-humanize"
	"github.com/go-sql-driver/mysql"
)

// Error numbers of MySQL and MariaDB.
const (
	errCutByGroupConcat = 1260
	errCutByPacket      = 1301
	errIncomplete       = 1931 // MariaDB
)

// lostData are warnings that say that values or rows are missing: what arrived is not what the view holds.
var truncationAdvice = map[int64]string{
	errCutByGroupConcat: "raise max_allowed_packet on the server",
	errCutByPacket:      "raise max_allowed_packet on the server",
	errIncomplete:       "raise max_recursive_iterations on the server, or take LIMIT ROWS EXAMINED out of the view",
}

// BeingReplaced reports whether an error may be the moment between the dropping of a table that a view names and
// its coming back.
func BeingReplaced(err error) bool { return serverNumber(err) == errViewInvalid }

func serverNumber(err error) uint16 {
	var server *mysql.MySQLError
	if errors.As(err, &server) {
		return server.Number
	}
	return 0
}

// serverWarnings are those of the last statement, a line for each kind. It is an error if they say that
// the result is not whole.
func serverWarnings(ctx context.Context, conn driver.QueryerContext) ([]string, error) {
	type kind struct {
		code, count int64
		first       string
	}
	var total, listed int64
	err := textRows(ctx, conn, "SHOW COUNT(*) WARNINGS", func(row []string) (err error) {
		total, err = strconv.ParseInt(row[0], 10, 64)
		return err
	})
	if err != nil && serverNumber(err) == 0 { // servers that only speak MySQL's protocol may not know it
		return nil, err
	}

	var kinds []*kind
	byCode := map[int64]*kind{}
	err = textRows(ctx, conn, "SHOW WARNINGS", func(row []string) error {
		listed++
		if len(row) < 3 || row[0] == "Note" {
			return nil
		}
		code, err := strconv.ParseInt(row[1], 10, 64)
		if err != nil {
			return fmt.Errorf("SHOW WARNINGS: code %q", row[1])
		}
		if cure := truncationAdvice[code]; cure != "" {
			return fmt.Errorf("the server left something out: %s (%d): %s", row[2], code, cure)
		}
		if byCode[code] == nil {
			byCode[code] = &kind{code: code, first: row[2]}
			kinds = append(kinds, byCode[code])
		}
		byCode[code].count++
		return nil
	})
	if err != nil {
		return nil, err
	}

	var warnings []string
	for _, k := range kinds {
		count := humanize.Comma(k.count)
		warnings = append(warnings, fmt.Sprintf("the server warns: %s (%d, %s times)", k.first, k.code, count))
	}
	if total > listed {
		warnings = append(warnings, fmt.Sprintf("the server counted %s warnings and kept %s of them, "+
			"so one that says that a value was cut may be missing: raise max_error_count on the server",
			humanize.Comma(total), humanize.Comma(listed)))
	}
	return warnings, nil
}

// textRows calls f with the values of each row, as text.
func textRows(ctx context.Context, conn driver.QueryerContext, query string, f func(row []string) error) error {
	rows, err := conn.QueryContext(ctx, query, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	defer func() { _ = rows.Close() }()
	values := make([]driver.Value, len(rows.Columns()))
	for {
		if err := rows.Next(values); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", query, err)
		}
		row := make([]string, len(values))
		for i, v := range values {
			if b, ok := v.([]byte); ok {
				row[i] = string(b)
			} else {
				row[i] = fmt.Sprint(v)
			}
		}
		if err := f(row); err != nil {
			return err
		}
	}
}

// readZeroDates reads a view that compares with a zero date, which MySQL's own sql_mode refuses, without the two
// flags that are about such dates. They are back for the next view.
func (r *Reader) readZeroDates(
	ctx context.Context, q Query, d *rowDecoder, pool *batchPool, full chan<- *Batch,
) ([]string, error) {
	var mode string
	if err := r.tx.GetContext(ctx, &mode, "SELECT @@session.sql_mode"); err != nil {
		return nil, err
	}
	if _, err := r.tx.ExecContext(ctx, "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'"); err != nil {
		return nil, err
	}
	warnings, err := r.readRows(ctx, q, d, pool, full)
	if _, e := r.tx.ExecContext(ctx, "SET SESSION sql_mode = ?", mode); e != nil && err == nil {
		err = e
	}
	return append(warnings, "the view compares with a zero date, and so was read without NO_ZERO_DATE and "+
		"NO_ZERO_IN_DATE in sql_mode"), err
}
