package index_test

import (
	"fmt"
	"testing"
	"time"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/catalog/catalogtest"
	"carstock/services/carapi/internal/history"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/value"
)

// The size of an index includes what finds the rows of a change history, if its key has several columns.
func TestSizeWithHistory(t *testing.T) {
	table := schema.Table{Name: "cars", Columns: []schema.Column{
		schema.NewColumn("make", "varchar(20)"), schema.NewColumn("model", "varchar(20)"),
	}}
	key := []string{"make", "model"}
	c := catalogtest.BindByNames(t, catalog.Source{Table: table, Keys: [][]string{key}, HistoryKey: key},
		catalog.Binding{})

	events := history.NewBuilder(c, nil)
	if err := events.Add(&history.Change{ID: 1, Run: 1, At: time.Now(), Key: `{"make":"Kia","model":"7"}`}); err != nil {
		t.Fatal(err)
	}
	log := events.Build(history.Log{Since: time.Now()}, nil)

	const rows = 1000
	sizeWith := func(log *history.Log) int64 {
		b := index.NewBuilder(c, rows)
		for i := range rows {
			cells := make([]value.Cell, len(c.Read))
			for j, f := range c.Read {
				cells[j] = value.Cell{Type: value.Text, Form: map[string][]byte{
					"make": []byte("Kia"), "model": fmt.Append(nil, i), "id": fmt.Appendf(nil, "Kia~%d", i),
				}[f.Name]}
			}
			if err := b.Add(cells); err != nil {
				t.Fatal(err)
			}
		}

		b.SetHistory(log, time.Now())
		return b.Build().Bytes()
	}

	const leastPerRow = 40 // of a map from keys to rows
	if with, without := sizeWith(log), sizeWith(nil); with-without < leastPerRow*rows {
		t.Errorf("%d bytes with a history, %d without", with, without)
	}
}
