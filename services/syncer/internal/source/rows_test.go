package source

import (
	"context"
	"database/sql/driver"
	"errors"
	"testing"

	"carstock/pkg/schema"
)

// failingRows fail before the first row.
type failingRows struct{ driver.Rows }

var errFailing = errors.New("failing")

func (failingRows) Next([]driver.Value) error { return errFailing }

// A failed read returns its batches. Otherwise the next read would wait for them forever.
func TestFailedReadReturnsItsBatches(t *testing.T) {
	empty := make(chan *Batch, 2)
	for range cap(empty) {
		empty <- new(Batch)
	}

	pool := &batchPool{empty: empty}
	q := RowQuery{Table: schema.Table{Columns: []schema.Column{schema.NewColumn("id", "int")}}}

	for range 2 * cap(empty) {
		err := sendRows(context.Background(), failingRows{}, newRowDecoder(q, ValueOptions{}), pool, nil)
		if !errors.Is(err, errFailing) {
			t.Fatal(err)
		}
	}

	if err := pool.drain(context.Background()); err != nil || len(pool.free) != cap(empty) {
		t.Errorf("%d batches: %v", len(pool.free), err)
	}
}
