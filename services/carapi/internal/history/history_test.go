package history_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/catalog/catalogtest"
	"carstock/services/carapi/internal/history"
	"carstock/services/carapi/internal/value"
)

// newCatalog binds a table of vehicles whose history identifies them by key.
func newCatalog(t *testing.T, key ...string) *catalog.Catalog {
	t.Helper()
	table := schema.Table{Name: "cars", Columns: []schema.Column{
		schema.NewColumn("id", "int"), schema.NewColumn("code", "varchar(20)"), schema.NewColumn("raw", "varbinary(8)"),
		schema.NewColumn("make", "varchar(20)"), schema.NewColumn("price", "decimal(10,2)"),
		schema.NewColumn("status", "varchar(20)"),
	}}
	c := catalogtest.BindByNames(t, catalog.Source{Table: table, Keys: [][]string{{"id"}}, HistoryKey: key},
		catalog.Binding{})

	if reason := c.NoHistoryReason(); reason != "" {
		t.Fatal(reason)
	}

	return c
}

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestKinds(t *testing.T) {
	reader := history.NewReader(newCatalog(t, "id"))
	for _, c := range []struct {
		op       history.Op
		old, now string
		want     string
	}{
		{history.OpInsert, "", "", "[new]"},
		{history.OpDelete, `{"id":1,"make":"Kia","price":5,"status":"available"}`, "", "[sold]"},
		{history.OpDelete, `{"id":1,"status":null}`, "", "[sold]"},
		{history.OpDelete, `{"id":1,"status":"Sold"}`, "", "[]"},
		{history.OpUpdate, `{"price":21995}`, `{"price":20995}`, "[price]"},
		{history.OpUpdate, `{"price":null}`, `{"price":20995}`, "[price]"},
		{history.OpUpdate, `{"price":null}`, `{"price":0}`, "[]"},
		{history.OpUpdate, `{"price":100}`, `{"price":0.00}`, "[price]"},
		{history.OpUpdate, `{"price":20995}`, `{"price":null}`, "[price]"},
		{history.OpUpdate, `{"price":"20995.00"}`, `{"price":20995}`, "[]"},
		{history.OpUpdate, `{"PRICE":1}`, `{"PRICE":2}`, "[price]"},
		{history.OpUpdate, `{"make":"price"}`, `{"make":"Kia"}`, "[]"},
		{history.OpUpdate, `{"status":"available"}`, `{"status":"SOLD"}`, "[sold]"},
		{history.OpUpdate, `{"status":"available"}`, `{"status":"verkauft"}`, "[sold]"},
		{history.OpUpdate, `{"status":"sold"}`, `{"status":"Sold!"}`, "[]"},
		{history.OpUpdate, `{"status":"sold"}`, `{"status":"available"}`, "[]"},
		{history.OpUpdate, `{"status":"available"}`, `{"status":"unsold"}`, "[]"},
		{history.OpUpdate, `{"price":1,"status":"reserved"}`, `{"price":2,"status":"sold"}`, "[price sold]"},
	} {
		kinds := reader.Kinds(&history.Change{Op: c.op, Old: c.old, New: c.now})
		if got := fmt.Sprintf("%v", kinds); got != c.want {
			t.Errorf("%s -> %s: %v, want %s", c.old, c.now, got, c.want)
		}
	}
}

// Where the price and its currency are in one text, a change of another column says nothing of them.
func TestKindsWithCurrencies(t *testing.T) {
	vocabulary, err := value.ReadVocabulary("")
	if err != nil {
		t.Fatal(err)
	}

	table := schema.Table{Name: "cars", Columns: []schema.Column{
		schema.NewColumn("id", "int"), schema.NewColumn("make", "varchar(20)"), schema.NewColumn("price", "varchar(20)"),
		schema.NewColumn("note", "varchar(20)"),
	}}
	source := catalog.Source{Table: table, Keys: [][]string{{"id"}}, HistoryKey: []string{"id"}}
	binding := catalog.Binding{Vocabulary: vocabulary}

	profiler := catalog.NewProfiler(table)
	for i, price := range []string{"USD 5,000", "EUR 6,000", "USD 7,500", "EUR 8,100"} {
		row := []value.Cell{{Type: value.Number, Form: fmt.Append(nil, i)}}
		for _, text := range []string{"Kia", price, "as new"} {
			row = append(row, value.Cell{Type: value.Text, Form: []byte(text)})
		}
		_ = profiler.Add(row)
	}

	plan, err := catalog.NewPlan(source, binding, profiler.Profile(), true)
	if err != nil {
		t.Fatal(err)
	}

	c, err := catalog.Bind(source, binding, plan)
	if err != nil || !c.Field("price").IsOfCurrencies() || !c.Field("currency").IsDerived() {
		t.Fatalf("%v: %v", err, c.Report())
	}

	reader := history.NewReader(c)
	for change, want := range map[[2]string]string{
		{`{"price":"USD 5,000"}`, `{"price":"USD 4,000"}`}: "[price]",
		{`{"price":"USD 5,000"}`, `{"price":"EUR 5,000"}`}: "[price]",
		{`{"price":"USD 5,000"}`, `{"price":"$5,000"}`}:    "[]",
		{`{"note":"as new"}`, `{"note":"5000"}`}:           "[]",
	} {
		kinds := reader.Kinds(&history.Change{Op: history.OpUpdate, Old: change[0], New: change[1]})
		if got := fmt.Sprintf("%v", kinds); got != want {
			t.Errorf("%s -> %s: %v, want %s", change[0], change[1], got, want)
		}
	}
}

// twoLogs builds a log, and another one that continues it.
func twoLogs(t *testing.T, c *catalog.Catalog) (first, second *history.Log) {
	t.Helper()
	b := history.NewBuilder(c, nil)
	add := func(b *history.Builder, id int64, day int, op history.Op, key, old, now string) {
		t.Helper()
		err := b.Add(&history.Change{
			ID: id, Run: int64(day), At: start.AddDate(0, 0, day), Op: op, Key: key,
			Old: old, New: now,
		})
		if err != nil {
			t.Fatal(err)
		}
	}

	add(b, 1, 1, history.OpInsert, `{"id":7}`, "", "")
	add(b, 2, 1, history.OpUpdate, `{"id":8}`, `{"price":5.50,"status":"x"}`, `{"price":4,"status":"sold"}`)
	add(b, 3, 1, history.OpUpdate, `{"id":8}`, `{"make":"Kia"}`, `{"make":"VW"}`)
	first = b.Build(history.Log{Since: start}, "one")
	b = history.NewBuilder(c, first)
	add(b, 4, 2, history.OpManyRows, "", "", `{"inserted":1,"updated":2,"deleted":3,"columns":{}}`)
	add(b, 5, 2, history.OpDelete, `{"id":9007199254740993}`, `{"make":"VW"}`, "")

	return first, b.Build(history.Log{Since: start, From: start.AddDate(0, 0, 1)}, "two")
}

func TestLog(t *testing.T) {
	c := newCatalog(t, "id")
	first, log := twoLogs(t, c)
	bulks := log.BulksSince(start, 9)
	if len(bulks) != 1 || bulks[0].Deleted != 3 || len(first.BulksSince(start, 9)) != 0 {
		t.Errorf("%+v", bulks)
	}

	three := history.Log{Bulks: []history.Bulk{{At: start}, {At: start, Inserted: 2}, {At: start, Inserted: 3}}}
	if bulks := three.BulksSince(start, 2); len(bulks) != 2 || bulks[0].Inserted != 2 || bulks[1].Inserted != 3 {
		t.Errorf("the last two: %+v", bulks)
	}

	text := func(l *history.Log) (all []string) {
		for i := range l.Len() {
			e := l.EventAt(i)
			all = append(all, fmt.Sprintf("%d %s %s %q %q %q", e.Change, e.Kind, e.At.Format("01-02"), e.Key, e.Previous, e.Now))
		}
		return all
	}

	want := []string{
		`1 new 01-03 "7" "" ""`, `2 price 01-03 "8" "5.5" "4"`, `2 sold 01-03 "8" "" ""`,
		`5 sold 01-04 "9007199254740993" "" ""`,
	}
	if got := text(log); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}

	if got := text(first); !slices.Equal(got, want[:3]) || first.Last != 3 || log.Last != 5 {
		t.Errorf("the first: %q", got)
	}

	isSame := first.IsFor(c, "one") && !first.IsFor(c, "two") && log.Continues(c, start) &&
		log.EndsWith(5, 2, `{"id":9007199254740993}`)
	if !isSame || log.Continues(newCatalog(t, "id"), start) || log.Continues(c, start.Add(1)) ||
		log.EndsWith(5, 2, `{"id":1}`) {
		t.Error("a log is confused with another one")
	}

	all := []history.Kind{history.KindNew, history.KindPrice, history.KindSold}
	for _, p := range []struct {
		kinds         []history.Kind
		since         time.Time
		before, limit int
		want          string
	}{
		{all, time.Time{}, 99, 99, "[3 2 1 0] 4"},
		{all, time.Time{}, 99, 2, "[3 2] 4"},
		{all, time.Time{}, 2, 99, "[1 0] 4"},
		{[]history.Kind{history.KindSold}, time.Time{}, 99, 99, "[3 2] 2"},
		{all, start.AddDate(0, 0, 2), 99, 99, "[3] 1"},
		{all, start.AddDate(0, 0, 3), 99, 99, "[] 0"},
	} {
		page, total := log.Page(p.kinds, p.since, p.before, p.limit)
		if got := fmt.Sprint(page, total); got != p.want {
			t.Errorf("%+v: %s", p, got)
		}
	}

	for place, change := range map[int]struct {
		id   int64
		kind history.Kind
	}{
		0: {1, history.KindNew}, 1: {2, history.KindNew}, 2: {2, history.KindSold}, 3: {4, history.KindPrice},
		4: {6, history.KindNew},
	} {
		if got := log.Position(change.id, change.kind); got != place {
			t.Errorf("the place of %v is %d, want %d", change, got, place)
		}
	}

	var none *history.Log
	if none.Len() != 0 || none.IsFor(c, nil) || none.Continues(c, start) {
		t.Error("no log has events")
	}
}

// The key of a change is the key of its row, whatever the types of its columns.
func TestKeys(t *testing.T) {
	text := func(s string) value.Cell { return value.Cell{Type: value.Text, Form: []byte(s)} }
	number := func(s string) value.Cell { return value.Cell{Type: value.Number, Form: []byte(s)} }
	for _, c := range []struct {
		columns []string
		key     string
		cells   []value.Cell
	}{
		{[]string{"id"}, `{"id":-5}`, []value.Cell{number("-5")}},
		{[]string{"price"}, `{"price":1.5}`, []value.Cell{number("1.5")}},
		{[]string{"price"}, `{"price":"12345678901234567.10"}`, []value.Cell{number("12345678901234567.1")}},
		{[]string{"code"}, `{"code":"a\"\u0000é"}`, []value.Cell{text("a\"\x00é")}},
		{[]string{"id", "code"}, `{"id":1,"code":"12"}`, []value.Cell{number("1"), text("12")}},
		{[]string{"id", "code"}, `{"code":"2","id":11}`, []value.Cell{number("11"), text("2")}},
		{[]string{"CODE"}, `{"code":"x"}`, []value.Cell{text("x")}},
	} {
		b := history.NewBuilder(newCatalog(t, c.columns...), nil)
		if err := b.Add(&history.Change{ID: 1, Op: history.OpInsert, Key: c.key}); err != nil {
			t.Fatal(err)
		}

		b.SetPresent([]uint64{history.KeyHash(c.cells), 7, 3})
		log := b.Build(history.Log{Since: start}, nil)
		if got := log.EventAt(0).Key; string(got) != string(history.AppendKey(nil, c.cells...)) || !log.HasRow(got) ||
			log.HasRow([]byte("?")) {
			t.Errorf("%s is %q", c.key, got)
		}

		if cells := history.SplitKey(log.EventAt(0).Key, newCatalog(t, c.columns...).HistoryKey); !reflect.DeepEqual(cells,
			c.cells) {
			t.Errorf("%s is split into %q, want %q", c.key, cells, c.cells)
		}
	}
}

// A vehicle that is gone is found by its id, where the history knows it by something else.
func TestDepartureOf(t *testing.T) {
	c := newCatalog(t, "code")
	var log *history.Log
	for i, row := range []string{`{"code":"a","ID":1}`, `{"code":"b","id":2}`, `{"code":"c","id":1}`, `{"code":"d"}`} {
		b := history.NewBuilder(c, log)
		err := b.Add(&history.Change{ID: int64(i + 1), Op: history.OpDelete, Key: row, Old: row})
		if err != nil {
			t.Fatal(err)
		}
		log = b.Build(history.Log{Since: start}, nil)
	}

	for id, want := range map[string]string{"1": "c", "2": "b", "3": ""} {
		e, found := log.DepartureOf(value.Cell{Type: value.Number, Form: []byte(id)})
		if string(e.Key) != want || found != (want != "") {
			t.Errorf("id %s left with the code %q", id, e.Key)
		}
	}

	b := history.NewBuilder(newCatalog(t, "id"), nil)
	if err := b.Add(&history.Change{ID: 1, Op: history.OpDelete, Key: `{"id":1}`, Old: `{"id":1}`}); err != nil {
		t.Fatal(err)
	}
	if _, found := b.Build(history.Log{}, nil).DepartureOf(value.Cell{Type: value.Number, Form: []byte("1")}); found {
		t.Error("ids that are keys are remembered twice")
	}
}
