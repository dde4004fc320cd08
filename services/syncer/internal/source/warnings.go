package source

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"

	"carstock/pkg/mysqlerr"

	"github.com/dustin/go-humanize"
)

// lostDataAdvice has the warnings that say that values or rows are missing, with what to do about it.
var lostDataAdvice = map[int64]string{
	mysqlerr.CutValueGroupConcat:         "raise max_allowed_packet on the server",
	mysqlerr.WarnAllowedPacketOverflowed: "raise max_allowed_packet on the server",
	mysqlerr.QueryExceededRowsExaminedLimit: "raise max_recursive_iterations on the server, " +
		"or take LIMIT ROWS EXAMINED out of the view",
}

// BeingReplaced reports whether an error may come from the moment in which a table that a view names is dropped and
// created again.
func BeingReplaced(err error) bool { return mysqlerr.Is(err, mysqlerr.ViewInvalid) }

// serverWarnings returns the warnings about the last statement, one line for each kind. It is an error if they say that
// the result is not complete.
func serverWarnings(ctx context.Context, conn driver.QueryerContext) ([]string, error) {
	// The server counts more warnings than it keeps.
	var total, listed int64
	err := forEachTextRow(ctx, conn, "SHOW COUNT(*) WARNINGS", func(row []string) (err error) {
		total, err = strconv.ParseInt(row[0], 10, 64)
		return err
	})
	if err != nil && mysqlerr.Number(err) == 0 { // a server that only speaks MySQL's protocol may refuse it
		return nil, err
	}

	type kind struct {
		code, count int64
		first       string
	}

	// Count the warnings of each kind.
	var kinds []*kind
	byCode := map[int64]*kind{}
	err = forEachTextRow(ctx, conn, "SHOW WARNINGS", func(row []string) error {
		listed++
		if len(row) < 3 || row[0] == "Note" {
			return nil
		}

		code, err := strconv.ParseInt(row[1], 10, 64)
		if err != nil {
			return fmt.Errorf("SHOW WARNINGS: code %q", row[1])
		}
		if advice := lostDataAdvice[code]; advice != "" {
			return fmt.Errorf("the server left something out: %s (%d): %s", row[2], code, advice)
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

// forEachTextRow calls do with the values of each row, as texts.
func forEachTextRow(ctx context.Context, conn driver.QueryerContext, query string, do func(row []string) error) error {
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

		if err := do(row); err != nil {
			return err
		}
	}
}

// readZeroDates reads a view that compares with a zero date, which the sql_mode of MySQL forbids, without the two flags
// about such dates. It sets the flags again for the next view.
func (r *Reader) readZeroDates(
	ctx context.Context, q RowQuery, d *rowDecoder, pool *batchPool, full chan<- *Batch,
) ([]string, error) {
	var mode string
	if err := r.tx.GetContext(ctx, &mode, "SELECT @@session.sql_mode"); err != nil {
		return nil, err
	}

	_, err := r.tx.ExecContext(ctx, "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'")
	if err != nil {
		return nil, err
	}

	// Set the flags again after an error too.
	warnings, err := r.readRows(ctx, q, d, pool, full)
	if _, restoreErr := r.tx.ExecContext(ctx, "SET SESSION sql_mode = ?", mode); restoreErr != nil && err == nil {
		err = restoreErr
	}
	return append(warnings, "the view compares with a zero date, and so was read without NO_ZERO_DATE and "+
		"NO_ZERO_IN_DATE in sql_mode"), err
}
