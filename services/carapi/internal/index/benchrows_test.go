package index

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/catalog/catalogtest"
	"carstock/services/carapi/internal/value"
)

// benchRows returns the number of rows of the benchmarks: BENCH_ROWS, or 1,000,000.
func benchRows() int {
	if n, err := strconv.Atoi(os.Getenv("BENCH_ROWS")); err == nil {
		return n
	}
	return 1_000_000
}

var (
	benchMakes  = []string{"Toyota", "Ford", "Citroën", "Kia", "Volkswagen", "Škoda", "BMW", "Mercedes-Benz"}
	benchModels = []string{"Camry", "F-150", "C3", "3 Series", "Octavia"}
)

// benchCatalog has the 25 columns of both services' benchmarks.
func benchCatalog(b *testing.B) *catalog.Catalog {
	b.Helper()
	var columns []schema.Column
	add := func(name, declared string) { columns = append(columns, schema.NewColumn(name, declared)) }
	for _, c := range [][2]string{
		{"id", "bigint"},
		{"vin", "char(17)"},
		{"make", "varchar(40)"},
		{"model", "varchar(40)"},
		{"year", "smallint"},
		{"price", "decimal(10,2)"},
		{"msrp", "decimal(10,2)"},
		{"mileage", "int"},
		{"rating", "float"},
		{"score", "double"},
	} {
		add(c[0], c[1])
	}

	for i := range 9 {
		add(fmt.Sprintf("text_%d", i), "varchar(60)")
	}

	for _, c := range [][2]string{
		{"description", "text"},
		{"sold", "tinyint(1)"},
		{"doors", "tinyint"},
		{"built", "date"},
		{"created_at", "datetime"},
		{"updated_at", "timestamp"},
	} {
		add(c[0], c[1])
	}

	source := catalog.Source{Table: schema.Table{Name: "bench", Columns: columns}, Keys: [][]string{{"id"}}}
	c := catalogtest.BindByNames(b, source, catalog.Binding{})

	return c
}

// benchRow makes the cells of a row, which share one buffer.
type benchRow struct {
	cells []value.Cell
	buf   []byte
}

func (r *benchRow) add(t value.Type, start int) {
	r.cells = append(r.cells, value.Cell{Type: t, Form: r.buf[start:len(r.buf):len(r.buf)]})
}

func (r *benchRow) number(n int) {
	start := len(r.buf)
	r.buf = strconv.AppendInt(r.buf, int64(n), 10)
	r.add(value.Number, start)
}

func (r *benchRow) cents(n int) {
	start := len(r.buf)
	r.buf = appendDecimal(r.buf, int64(n), 2)
	r.add(value.Number, start)
}

func (r *benchRow) float(x float64) {
	start := len(r.buf)
	r.buf = value.AppendFloat(r.buf, x, false)
	r.add(value.Number, start)
}

func (r *benchRow) text(appendTo func(b []byte) []byte) {
	start := len(r.buf)
	r.buf = appendTo(r.buf)
	r.add(value.Text, start)
}

func (r *benchRow) time(t time.Time, layout string) {
	r.text(func(b []byte) []byte { return t.AppendFormat(b, layout) })
}

var (
	benchCreated = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	benchUpdated = time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
	benchBuilt   = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
)

func (r *benchRow) fill(n int) []value.Cell {
	r.cells, r.buf = r.cells[:0], r.buf[:0]
	r.number(n)
	r.text(func(b []byte) []byte { return fmt.Appendf(b, "1HGCM82633A%06d", n) })
	r.text(func(b []byte) []byte { return append(b, benchMakes[n%8]...) })
	r.text(func(b []byte) []byte {
		return strconv.AppendInt(append(append(b, benchModels[n%5]...), ' '), int64(n%31), 10)
	})

	r.number(2000 + n%26)
	r.cents(500000 + n*7919%9000000)

	if n%3 == 0 {
		r.cells = append(r.cells, value.Cell{})
	} else {
		r.cents(900000 + n*104729%9000000)
	}

	r.number(n * 31 % 200000)
	r.float(float64(n%50) / 10)
	r.float(float64(n) / 7)

	for i := range 9 {
		r.text(func(b []byte) []byte {
			b = append(strconv.AppendInt(append(b, "value "...), int64(i), 10), " of "...)
			return strconv.AppendInt(b, int64(n*(i+3)%1000), 10)
		})
	}

	r.text(func(b []byte) []byte {
		return strconv.AppendInt(append(b, "One owner, serviced, number "...), int64(n), 10)
	})

	r.number(n % 2)
	r.number(2 + n%4)
	r.time(benchBuilt.AddDate(0, 0, n%9000), time.DateOnly)
	r.time(benchCreated.Add(time.Duration(n)*time.Second), time.DateTime)
	r.time(benchUpdated.Add(time.Duration(n)*time.Second), time.DateTime)

	return r.cells
}

// benchOrder is the order in which rows arrive: by id, or in another order, as from a view.
func benchOrder(rows int, shuffled bool) []int {
	order := make([]int, rows)
	for i := range order {
		order[i] = i + 1
	}

	if shuffled {
		r := rand.New(rand.NewPCG(1, 2))
		r.Shuffle(rows, func(i, j int) { order[i], order[j] = order[j], order[i] })
	}

	return order
}
