package index

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync"
	"testing"
	"time"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
)

// liveHeap is the memory of all objects that survived the last collection.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// heap returns the memory that objects take, including dead ones that are not yet collected.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func collectedHeap() uint64 {
	runtime.GC()
	runtime.GC()
	return heap()
}

// watchHeap finds the most memory in use, and the most that was alive, until the function that it returns is called.
func watchHeap() (peak func() (used, alive uint64)) {
	end, result := make(chan struct{}), make(chan [2]uint64)
	go func() {
		var most [2]uint64
		for {
			most = [2]uint64{max(most[0], heap()), max(most[1], liveHeap())}
			select {
			case <-end:
				result <- most
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()

	return func() (used, alive uint64) {
		close(end)
		most := <-result
		return most[0], most[1]
	}
}

// benchBuild reads the rows and builds the index.
func benchBuild(b *testing.B, c *catalog.Catalog, order []int) (x *Index, adding, building time.Duration) {
	b.Helper()
	builder, row := NewBuilder(c, len(order)), benchRow{}
	start := time.Now()

	for _, n := range order {
		if err := builder.Add(row.fill(n)); err != nil {
			b.Fatal(err)
		}
	}

	added := time.Now()
	x = builder.Build()
	return x, added.Sub(start), time.Since(added)
}

// BenchmarkBuild reports the time of adding all rows and of building, and the memory of a generation. It also reports
// the most memory while the next generation is built, which includes the first one and dead objects that are not yet
// collected.
func BenchmarkBuild(b *testing.B) {
	for _, shuffled := range []bool{false, true} {
		b.Run(fmt.Sprintf("shuffled=%v", shuffled), func(b *testing.B) {
			c, order, row := benchCatalog(b), benchOrder(benchRows(), shuffled), benchRow{}
			for b.Loop() {
				start := time.Now()
				for _, n := range order {
					row.fill(n)
				}

				making := time.Since(start)

				before := collectedHeap()
				x, adding, building := benchBuild(b, c, order)
				alone := collectedHeap()
				peak := watchHeap()
				defer debug.SetGCPercent(debug.SetGCPercent(20))
				next, _, _ := benchBuild(b, c, order)
				used, alive := peak()
				runtime.KeepAlive(next)
				b.ReportMetric((adding - making).Seconds(), "s-add")
				b.ReportMetric(building.Seconds(), "s-build")
				b.ReportMetric(float64(alone-before)/(1<<20), "MiB-heap")
				b.ReportMetric(float64(x.Bytes())/(1<<20), "MiB-reported")
				b.ReportMetric(float64(used-before)/(1<<20), "MiB-peak")
				b.ReportMetric(float64(alive-before)/(1<<20), "MiB-alive")
			}
		})
	}
}

// benchIndex is built once for all benchmarks of searches.
var benchIndex = sync.OnceValue(func() *Index {
	b := &testing.B{}
	x, _, _ := benchBuild(b, benchCatalog(b), benchOrder(benchRows(), false))
	return x
})

// BenchmarkSearch measures what requests need of an index.
func BenchmarkSearch(b *testing.B) {
	x := benchIndex()
	c := x.catalog
	texts := func(field string, words ...string) query.Filter {
		return query.Filter{Parameter: field, Field: c.Field(field), Words: words}
	}

	numbers := func(field, from, to string) query.Filter {
		return query.Filter{Parameter: field, Field: c.Field(field), Ranges: []query.Range{{From: from, To: to}}}
	}

	by := func(names ...string) []query.Order { return orderBy(x, names...) }
	match := func(filters ...query.Filter) Set { return x.Match(&query.Query{Filters: filters}, nil) }

	kia, camry := texts("make", "kia"), texts("model", "Camry 3")
	quarter := x.Filter(match(texts("make", "toyota", "kia")), ptr(numbers("id", "", strconv.Itoa(x.Rows()))))
	eighth := match(kia)

	some := match(texts("make", "bmw"), numbers("year", "2010", "2012"))
	all := x.All()
	for _, bench := range []struct {
		name string
		do   func()
	}{
		{"make+model+year", func() { match(kia, camry, numbers("year", "2013", "2013")) }},
		{"make+model+year+price range", func() {
			match(kia, camry, numbers("year", "2013", "2013"), numbers("price", "20000", "30000"))
		}},
		{"price range of all", func() { match(numbers("price", "20000", "30000")) }},
		{"a vin", func() { match(texts("vin", "1hgcm82633a004352")) }},
		{"an unknown vin", func() { x.Lookup(c.Field("vin"), "JM3M5WHLXRW827381") }},
		{"an id", func() { match(numbers("id", "4352", "4352")) }},
		{"three facets of a quarter", func() {
			for _, name := range []string{"model", "year", "text_3"} {
				x.Facet(quarter, query.Group{Field: c.Field(name)}, 100)
			}
		}},
		{"two facets of ranges of a quarter", func() {
			x.Facet(quarter, query.Group{Field: c.Field("price"), Step: "10000"}, 100)
			x.Facet(quarter, query.Group{Field: c.Field("mileage"), Step: "25000"}, 100)
		}},
		{"model and year of 125,000", func() {
			x.Groups(eighth, []query.Group{{Field: c.Field("model")}, {Field: c.Field("year")}},
				[]*catalog.Field{c.Field("price"), c.Field("mileage"), c.Field("year")}, 50)
		}},
		{"20 cheapest of 14,000", func() { x.Page(some, by("price", "id"), nil, 20) }},
		{"20 first of all by mileage", func() { x.Page(all, by("mileage", "id"), nil, 20) }},
		{"20 last of all by mileage", func() { x.Page(all, by("-mileage", "-id"), nil, 20) }},
		{"20 newest of all", func() { x.Page(all, by("-created_at", "-id"), nil, 20) }},
		{"20 last of all by year", func() { x.Page(all, by("-year", "-id"), nil, 20) }},
		{"page 5,000 of all by price", func() {
			x.Page(all, by("price", "id"), &query.Cursor{SortKey: x.SortKey(by("price", "id"), 100_000%uint32(x.Rows()))}, 20)
		}},
		{"page 5,000 of all", func() {
			x.Page(all, by("id"), &query.Cursor{SortKey: x.SortKey(by("id"), 100_000%uint32(x.Rows()))}, 20)
		}},
		{"statistics of 125,000", func() {
			for _, name := range []string{"price", "mileage", "year"} {
				x.Statistics(eighth, c.Field(name))
			}
		}},
		{"summary of 125,000", func() {
			for _, name := range []string{"make", "model", "year", "price", "mileage"} {
				x.MinMax(eighth, c.Field(name), true)
			}
		}},
		{"next price", func() { x.NearestNumber(eighth, c.Field("price"), "20000", true) }},
		{"a word of description", func() { x.Match(&query.Query{Words: []string{"4352"}}, nil) }},
		{"ten words", func() {
			x.Match(&query.Query{Words: []string{"one", "own", "camry", "ser", "number", "e", "t", "owner", "kia", "1"}}, nil)
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				bench.do()
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }
