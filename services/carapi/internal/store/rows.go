package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"unicode/utf8"

	"carstock/pkg/mysqlerr"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// Row is a vehicle as it was read.
type Row struct {
	selection *selection
	cells     *rowCells
	first     int   // index of its first cell
	lengths   []int // of cells that were not read whole, 0 for the others; nil if all were read whole
}

// Cell returns the cell of a field, and whether it was read whole. A text that is too long is cut. Any other value that
// is too long, and a field that was not requested, is NULL.
func (r *Row) Cell(f *catalog.Field) (c value.Cell, whole bool) {
	place := r.cellIndex(f)
	if place < 0 {
		return value.Cell{}, false
	}
	return r.cells.cell(r.first + place), r.lengths == nil || r.lengths[place] == 0
}

// Length returns the stored length of a field that was not read whole, in characters or, of binary columns, in bytes;
// otherwise 0.
func (r *Row) Length(f *catalog.Field) int {
	if place := r.cellIndex(f); place >= 0 && r.lengths != nil {
		return r.lengths[place]
	}
	return 0
}

// cellIndex returns the index of a field's cell in the row, or -1 for a field that was not requested.
func (r *Row) cellIndex(f *catalog.Field) int {
	if f.Position() >= 0 {
		return r.selection.places[f.Position()]
	}
	if i := slices.Index(r.selection.catalog.KeyFields, f); i >= 0 {
		return r.selection.key[i]
	}
	return -1
}

// maxBound keeps a bound in bytes within the limits of the databases.
const maxBound = 1 << 28

// Rows reads rows by key. result[i] is the row whose key has the same bytes as keys[i], or nil. It reads at most
// maxText characters of each text, and no other value that is longer than maxText characters or bytes. For a version of
// a file that syncer keeps, it returns ErrMoved if the file has changed.
func (s *Store) Rows(
	ctx context.Context, c *catalog.Catalog, v Version, keys [][]value.Cell, fields []*catalog.Field, maxText int,
) ([]*Row, error) {
	most := min(max(maxText, 0), maxBound)
	if !c.Key.Exists() {
		return nil, errNoKey
	}

	q := s.selection(c, fields, v.Synced)
	result := make([]*Row, 0, len(keys))
	for chunk := range slices.Chunk(keys, keyCounts[len(keyCounts)-1]) {
		rows, err := s.rowsIfComparable(ctx, q, v, chunk, most)
		if err != nil {
			return nil, err
		}
		result = append(result, rows...)
	}

	return result, nil
}

var errNoKey = errors.New("the table has no key by which rows are found")

// rowsIfComparable reads rows. If the server cannot compare a key with its column because the column's character set
// lacks its letters, there is no such row.
func (s *Store) rowsIfComparable(
	ctx context.Context, q *selection, v Version, keys [][]value.Cell, most int,
) ([]*Row, error) {
	rows, err := s.rowsOf(ctx, q, v, keys, most)
	isMix := mysqlerr.Is(err, collationErrors...)
	switch {
	case !isMix || !slices.ContainsFunc(keys, hasForeignLetters):
		return rows, err
	case len(keys) == 1:
		return []*Row{nil}, nil
	}

	// Read the keys one by one, to find out which can be compared.
	rows = nil
	for i := range keys {
		row, err := s.rowsIfComparable(ctx, q, v, keys[i:i+1], most)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row...)
	}

	return rows, nil
}

// hasForeignLetters reports whether a key has letters that some character sets lack.
func hasForeignLetters(key []value.Cell) bool {
	return slices.ContainsFunc(key, func(c value.Cell) bool {
		return c.Type == value.Text && slices.ContainsFunc(c.Form, func(b byte) bool { return b >= utf8.RuneSelf })
	})
}

// rowsOf reads rows in one statement.
func (s *Store) rowsOf(ctx context.Context, q *selection, v Version, keys [][]value.Cell, most int) ([]*Row, error) {
	count := paddedCount(len(keys))
	args := make([]any, 0, len(q.columns)+count*len(q.key))
	for _, c := range q.columns {
		args = s.boundArgs(args, c, most)
	}

	args = s.keyArgs(args, q.keyParts, keys, count)

	r := newRowReader(q, keys, most, s.isSQLite)
	err := s.query(ctx, "rows", q.statement(count), args, r.reset, func(rows *sql.Rows) error {
		if err := rows.Scan(r.destinations...); err != nil {
			return err
		}
		r.keepRow()
		return nil
	})
	if err == nil && v.Synced {
		err = s.checkVersion(ctx, v, r)
	}

	return r.rowsByKey(), err
}

// checkVersion returns ErrMoved if the rows were read from another state of the file than v. States never come back: if
// the state is still v's after the rows were read, it was so before.
func (s *Store) checkVersion(ctx context.Context, v Version, r *rowReader) error {
	now, ok := s.runs.known(string(r.lastRun))

	// Without a row, or with a run that is not known yet, ask the file.
	if !ok || !r.found {
		ctx, cancel := context.WithTimeout(ctx, s.Timeout)
		defer cancel()

		err := s.observe(ctx, "version", func(ctx context.Context) (err error) {
			now, err = s.runs.current(ctx, s.rows, s.Table)
			return err
		})
		if err != nil {
			return err
		}
	}

	if !now.sameState(v) {
		return ErrMoved
	}

	return nil
}
