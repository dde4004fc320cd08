package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

var _ query.Vehicle = (*Row)(nil)

// openStore opens a store of a table in the database of c. The caller only sets the settings that matter to the test.
func openStore(t testing.TB, c dbconn.Config, s Settings) *Store {
	t.Helper()
	s.Table, s.Setting, s.Timeout = cmp.Or(s.Table, "cars"), "CARS_TABLE", cmp.Or(s.Timeout, time.Minute)
	c.MaxOpenConns = cmp.Or(c.MaxOpenConns, 4)
	rows := dbtest.Open(t, c)
	c.MaxOpenConns = 1
	reads := dbtest.Open(t, c)
	s.Ping = func(ctx context.Context) error { return dbconn.Ping(ctx, c, rows) }
	store := New(rows, reads, c.Driver, s, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})

	return store
}

// stock is the result of one Read.
type stock struct {
	catalog *catalog.Catalog
	version Version
	about   int
	fields  []*catalog.Field
	rows    [][]value.Cell
}

// readStock reads a whole table: all fields, and those of the key.
func readStock(t testing.TB, s *Store, last *catalog.Catalog) stock {
	t.Helper()
	read, err := tryRead(t.Context(), s, last)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func tryRead(ctx context.Context, s *Store, last *catalog.Catalog) (read stock, err error) {
	read.catalog, read.version, err = s.Read(ctx, last, func(c *catalog.Catalog, about int) ([]*catalog.Field,
		AddRow, error,
	) {
		read.about, read.rows = about, nil
		read.fields = everyField(c)
		for _, f := range c.KeyFields {
			if f.Position() < 0 {
				read.fields = append(read.fields, f)
			}
		}

		return read.fields, func(cells []value.Cell) error {
			row := make([]value.Cell, len(cells))
			for i, c := range cells {
				row[i] = c.Clone()
			}
			read.rows = append(read.rows, row)
			return nil
		}, nil
	})
	return read, err
}

// keys returns the keys of the rows in the order in which they were read.
func (s stock) keys() [][]value.Cell {
	all := make([][]value.Cell, len(s.rows))
	for i, row := range s.rows {
		for _, f := range s.catalog.KeyFields {
			all[i] = append(all[i], row[slices.Index(s.fields, f)])
		}
	}
	return all
}

// texts returns the forms of a field's cells.
func (s stock) texts(name string) []string {
	place := slices.Index(s.fields, s.catalog.Field(name))
	all := make([]string, len(s.rows))
	for i, row := range s.rows {
		all[i] = string(row[place].Form)
	}
	return all
}

func sameCell(a, b value.Cell) bool { return a.Type == b.Type && bytes.Equal(a.Form, b.Form) }

// requireSameRows reads all rows of the stock by their keys at once, and compares them.
func requireSameRows(t testing.TB, s *Store, read stock) {
	t.Helper()
	got, err := s.Rows(t.Context(), read.catalog, read.version, read.keys(), everyField(read.catalog), 1<<20)
	if err != nil {
		t.Fatal(err)
	}

	if len(got) != len(read.rows) || len(got) == 0 {
		t.Fatalf("%d rows, want %d", len(got), len(read.rows))
	}

	for i, row := range got {
		if row == nil {
			t.Errorf("key %s: no row", describeCells(read.keys()[i]))
			continue
		}

		for j, f := range read.fields {
			want := read.rows[i][j]
			if cell, whole := row.Cell(f); !whole || !sameCell(cell, want) || row.Length(f) != 0 {
				t.Errorf("row %d, %s: %d %q (complete: %t) by key, %d %q in the whole table",
					i, f.Name, cell.Type, cell.Form, whole, want.Type, want.Form)
			}
		}
	}
}

func describeCells(cells []value.Cell) string {
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = fmt.Sprintf("%d %q", c.Type, c.Form)
	}
	return fmt.Sprint(texts)
}

// textKey makes a key of texts.
func textKey(values ...string) []value.Cell {
	var key []value.Cell
	for _, v := range values {
		key = append(key, value.Cell{Type: value.Text, Form: []byte(v)})
	}
	return key
}

// numberKey makes a key of one number.
func numberKey(form string) []value.Cell {
	return []value.Cell{{Type: value.Number, Form: []byte(form)}}
}

// catalogOf returns the catalog of a table without reading its rows.
func catalogOf(t testing.TB, s *Store) (c *catalog.Catalog) {
	t.Helper()
	enough := errors.New("enough")
	_, _, err := s.Read(t.Context(), nil, func(found *catalog.Catalog, _ int) ([]*catalog.Field, AddRow, error) {
		c = found
		return nil, nil, enough
	})
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}

	return c
}
