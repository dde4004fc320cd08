package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
	"carstock/pkg/mysqlerr"
	"carstock/pkg/schema"
)

// ReadableNames lists the views and tables that this user may read, in order. A broken view is listed too: reading it
// says what is wrong with it. Fold reports whether the server ignores case in names.
func (r *Reader) ReadableNames(ctx context.Context) (names []string, fold bool, err error) {
	// The catalog also lists tables that a user may only insert into, views whose definition alone it may see, and
	// sequences, which are another type of table.
	var all []string
	err = sqlx.SelectContext(ctx, r.tx, &all, `SELECT table_name AS name FROM information_schema.tables
		WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED')`)
	if err != nil {
		return nil, false, fmt.Errorf("list tables: %w", err)
	}

	var columns []struct {
		Name       string
		Privileges string
	}

	err = sqlx.SelectContext(ctx, r.tx, &columns, `SELECT DISTINCT table_name AS name,
			COALESCE(LOWER(privileges), '') AS privileges
		FROM information_schema.columns WHERE table_schema = DATABASE()`)
	if err != nil {
		return nil, false, fmt.Errorf("list columns: %w", err)
	}

	var caseSetting int
	if err := r.tx.GetContext(ctx, &caseSetting, "SELECT @@lower_case_table_names"); err != nil {
		return nil, false, fmt.Errorf("read lower_case_table_names: %w", err)
	}

	// The catalog does not list rights from elsewhere, such as those of roles, and has no columns of a broken view. Such
	// names are tried one by one.
	readable := map[string]bool{}
	for _, c := range columns {
		readable[c.Name] = readable[c.Name] || strings.Contains(c.Privileges, "select")
	}

	for _, name := range all {
		if !readable[name] {
			if isDenied, err := r.isDenied(ctx, name); err != nil {
				return nil, false, fmt.Errorf("read %s: %w", name, err)
			} else if isDenied {
				continue
			}
		}
		names = append(names, name)
	}

	slices.Sort(names)
	return names, caseSetting != 0, nil
}

// isDenied reports whether this user may not read a table or view. It returns only errors after which the server may
// have ended the transaction: others come again when the view is read.
func (r *Reader) isDenied(ctx context.Context, name string) (bool, error) {
	rows, err := r.tx.QueryContext(ctx, "SELECT 1 FROM "+schema.QuoteMySQL(name)+" LIMIT 0")
	if err == nil {
		err = errors.Join(rows.Err(), rows.Close())
	}
	if dbconn.Transient(err) {
		return false, err
	}
	return mysqlerr.Is(err, mysqlerr.TableAccessDenied), nil
}

// Probe prepares to read a view as a run does, and reads no row. Its error says what to do.
func (r *Reader) Probe(ctx context.Context, t schema.Table) error {
	query, _, _ := r.selectRows(RowQuery{Table: t}, nil, false)
	stmt, err := r.tx.PreparexContext(ctx, query+" LIMIT 0")
	if err != nil {
		return explainRead(err)
	}
	defer func() { _ = stmt.Close() }()

	rows, err := stmt.QueryContext(ctx)
	if err != nil {
		return explainRead(err)
	}
	return explainRead(errors.Join(rows.Err(), rows.Close()))
}
