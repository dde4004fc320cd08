package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

// listedCar is a row of the table whose history the tests compare.
type listedCar struct {
	ID            int
	Make, Model   string
	Price         *int
	Status, Color string
}

// pastEvent is a change of a vehicle, as plain loops over the rows of each run find it.
type pastEvent struct {
	run      int
	kind     string
	id       int
	old, now *int // prices
}

// pastRuns has the rows of a table after each run, the snapshot of these runs, and their start times.
type pastRuns struct {
	mysql    dbconn.Config
	db       *sqlx.DB
	snapshot dbconn.Config
	tables   []map[int]listedCar
	starts   []time.Time
}

const daysApart = 3 // between two runs

// makeHistory edits a table at random between runs of syncer, and then spreads the runs over time.
func makeHistory(t *testing.T, runs int) *pastRuns {
	t.Helper()
	t.Chdir(t.TempDir()) // a folder without .env
	t.Setenv("SYNC_HISTORY", "365d")
	mysql := dbtest.Database(t)
	h := &pastRuns{
		mysql: mysql, db: dbtest.Open(t, mysql),
		snapshot: dbconn.Config{Driver: dbconn.SQLite, Path: filepath.Join(t.TempDir(), "carstock.db")},
	}
	h.db.MustExec(`CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), model VARCHAR(20),
		price DECIMAL(10,2), status VARCHAR(20), color VARCHAR(20))`)
	random := rand.New(rand.NewPCG(1, 2))

	stock := map[int]listedCar{}
	for id := 1; id <= 80; id++ {
		stock[id] = newListed(random, id)
	}

	last := 80
	for run := range runs {
		if run > 0 {
			last = editStock(random, stock, last)
		}
		h.store(stock)
		syncInto(t, mysql, "cars", h.snapshot.Path)
		h.tables = append(h.tables, maps.Clone(stock))
	}

	h.moveRuns(t, runs)
	return h
}

func newListed(random *rand.Rand, id int) listedCar {
	price := 5000 + 100*random.IntN(300)
	c := listedCar{
		ID: id, Make: []string{"Toyota", "Honda", "Ford"}[random.IntN(3)],
		Model: []string{"One", "Two"}[random.IntN(2)],
		Price: &price, Status: "available", Color: "red",
	}
	if random.IntN(20) == 0 {
		c.Price = nil
	}

	return c
}

func editStock(random *rand.Rand, stock map[int]listedCar, last int) int {
	for _, id := range slices.Sorted(maps.Keys(stock)) {
		c := stock[id]
		switch random.IntN(20) {
		case 0, 1, 2:
			price := 5000 + 100*random.IntN(300)
			c.Price = &price
		case 3:
			c.Price = nil
		case 4:
			c.Color = []string{"red", "blue", "green"}[random.IntN(3)]
		case 5:
			c.Status = "sold"
		case 6:
			delete(stock, id)
			continue
		}

		stock[id] = c
	}

	for range random.IntN(6) {
		last++
		stock[last] = newListed(random, last)
	}

	if gone := 1 + random.IntN(last); stock[gone].ID == 0 { // a sold vehicle comes back
		stock[gone] = newListed(random, gone)
	}

	return last
}

// store writes the stock into MySQL.
func (h *pastRuns) store(stock map[int]listedCar) {
	h.db.MustExec("DELETE FROM cars")
	for _, c := range stock {
		h.db.MustExec("INSERT INTO cars VALUES (?, ?, ?, ?, ?, ?)", c.ID, c.Make, c.Model, c.Price, c.Status, c.Color)
	}
}

// moveRuns changes the start times of the runs: the last one began just now, and each one some days before the next.
func (h *pastRuns) moveRuns(t *testing.T, runs int) {
	t.Helper()
	db, err := sqlx.Open("sqlite3", dbconn.SQLiteDSN(h.snapshot.Path, "mode=rw"))
	if err != nil {
		t.Fatal(err)
	}

	defer func() { _ = db.Close() }()
	now := time.Now().UTC().Truncate(time.Millisecond)
	for run := range runs {
		start := now.AddDate(0, 0, -daysApart*(runs-1-run))
		h.starts = append(h.starts, start)
		text := start.Format("2006-01-02T15:04:05.000Z")
		db.MustExec("UPDATE _sync_changes SET at = ? WHERE run = ?", text, run+1)
		db.MustExec("UPDATE _sync_runs SET started = ?, history_from = NULL WHERE id = ?", text, run+1)

		if run == 0 {
			db.MustExec("UPDATE _sync_history SET since = ?", text)
		}
	}
}

func samePrice(a, b *int) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// events returns the changes that plain loops find, the oldest first, and by id within a run.
func (h *pastRuns) events() (all []pastEvent) {
	for run := 1; run < len(h.tables); run++ {
		before, after := h.tables[run-1], h.tables[run]
		for id, c := range after {
			old, was := before[id]
			if !was {
				all = append(all, pastEvent{run: run, kind: "new", id: id})
				continue
			}

			if !samePrice(old.Price, c.Price) {
				all = append(all, pastEvent{run: run, kind: "price", id: id, old: old.Price, now: c.Price})
			}

			if c.Status == "sold" && old.Status != "sold" {
				all = append(all, pastEvent{run: run, kind: "sold", id: id})
			}
		}

		for id, old := range before {
			if _, is := after[id]; !is && old.Status != "sold" {
				all = append(all, pastEvent{run: run, kind: "sold", id: id})
			}
		}
	}

	slices.SortFunc(all, compareHappened)
	return all
}

func compareHappened(a, b pastEvent) int {
	return cmp.Or(cmp.Compare(a.run, b.run), cmp.Compare(a.id, b.id), cmp.Compare(a.kind, b.kind))
}

// seenOf has the history fields of a vehicle.
type seenOf struct {
	FirstSeen      string   `json:"first_seen"`
	OrEarlier      bool     `json:"first_seen_or_earlier"`
	DaysListed     *int     `json:"days_listed"`
	PriceChangedAt *string  `json:"price_changed_at"`
	PreviousPrice  *float64 `json:"previous_price"`
	PriceDrop      *float64 `json:"price_drop"`
}

// want returns the history fields that plain loops find for the vehicles in stock.
func (h *pastRuns) want() map[int]seenOf {
	all := map[int]seenOf{}
	last := len(h.tables) - 1
	for id, c := range h.tables[last] {
		first := last
		for first > 0 && h.tables[first-1][id].ID != 0 {
			first--
		}

		days := daysApart * (last - first)
		seen := seenOf{FirstSeen: h.starts[first].Format("2006-01-02T15:04:05Z"), OrEarlier: first == 0, DaysListed: &days}
		for run := last; run > first; run-- {
			old := h.tables[run-1][id].Price
			if samePrice(old, h.tables[run][id].Price) {
				continue
			}

			at := h.starts[run].Format("2006-01-02T15:04:05Z")
			seen.PriceChangedAt = &at
			if old != nil {
				previous := float64(*old)
				seen.PreviousPrice = &previous
				if c.Price != nil {
					drop := float64(*old - *c.Price)
					seen.PriceDrop = &drop
				}
			}

			break
		}

		all[id] = seen
	}

	return all
}

// bases serves the table from MySQL together with the snapshot, and from the snapshot alone.
func (h *pastRuns) bases(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"MySQL":    serve(t, h.mysql, "cars", "SNAPSHOT_PATH="+h.snapshot.Path),
		"snapshot": serve(t, h.snapshot, "cars"),
	}
}

func decode[T any](t *testing.T, url string) (v T) {
	t.Helper()
	code, body := getStatus(url)
	if err := json.Unmarshal([]byte(body), &v); err != nil || code != 200 {
		t.Fatalf("%s: %d %s %v", url, code, body, err)
	}
	return v
}

func formatValue(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// The history fields equal the results of plain loops over the rows of each run. They can be filtered and sorted.
func TestHistoryFields(t *testing.T) {
	h := makeHistory(t, 10)
	want := h.want()
	for source, base := range h.bases(t) {
		changed := requireHistoryShown(t, source, base, want)
		h.requireHistoryFiltered(t, source, base, want)
		requireSortedByDrop(t, source, base, changed)
	}
}

// requireHistoryShown compares the fields of each vehicle, and returns the number of vehicles with a changed price.
func requireHistoryShown(t *testing.T, source, base string, want map[int]seenOf) int {
	t.Helper()
	found := decode[struct {
		Cars []struct {
			ID int
			seenOf
		}
	}](t, base+"/cars/?limit=100&fields=id,first_seen,days_listed,price_changed_at,previous_price,price_drop")
	if len(found.Cars) != len(want) || len(want) < 30 {
		t.Fatalf("%s: %d vehicles, want %d", source, len(found.Cars), len(want))
	}

	changed := 0
	for _, c := range found.Cars {
		if formatValue(c.seenOf) != formatValue(want[c.ID]) {
			t.Errorf("%s: vehicle %d: %s, want %s", source, c.ID, formatValue(c.seenOf), formatValue(want[c.ID]))
		}
		if c.PriceDrop != nil {
			changed++
		}
	}

	if changed < 10 {
		t.Fatalf("%s: only %d prices have changed", source, changed)
	}

	return changed
}

// requireHistoryFiltered filters by the age of a vehicle, and by a price drop in the last week.
func (h *pastRuns) requireHistoryFiltered(t *testing.T, source, base string, want map[int]seenOf) {
	t.Helper()
	var old, dropped []int
	for id, seen := range want {
		if *seen.DaysListed >= 20 {
			old = append(old, id)
		}

		if seen.PriceDrop != nil && *seen.PriceDrop >= 1 &&
			*seen.PriceChangedAt >= h.starts[len(h.starts)-3].Format("2006-01-02T15:04:05Z") {
			dropped = append(dropped, id)
		}
	}

	slices.Sort(old)
	slices.Sort(dropped)

	if len(old) < 5 || len(dropped) < 2 {
		t.Fatalf("%s: %d are old, and %d have dropped", source, len(old), len(dropped))
	}

	for filter, want := range map[string][]int{
		"days_listed_min=20": old,
		"price_drop_min=1&price_changed_at_min=" + isoDay(h.starts[7]):    dropped,
		"price_drop%3E=1&price_changed_at_min=7d":                         dropped,
		"first_seen_max=" + isoDay(h.starts[len(h.starts)-1-7]):           old,
		"price_drop_min=$1&price_changed_at_min=last%20week&match=smart&": dropped,
	} {
		if got := fetch(t, base+"/cars/?limit=100&"+filter); !slices.Equal(got.ids(), want) || got.Total != len(want) {
			t.Errorf("%s: %s: %v, want %v", source, filter, got.ids(), want)
		}
	}

	shown := fetch(t, base+"/cars/?limit=100&days_listed_min=20")
	if shown.Cars[0]["first_seen"] == nil || shown.Cars[0]["days_listed"] == nil {
		t.Errorf("%s: the filtered field is not shown: %v", source, shown.Cars[0])
	}
}

// requireSortedByDrop sorts the vehicles with a changed price by their price drop.
func requireSortedByDrop(t *testing.T, source, base string, changed int) {
	t.Helper()
	sorted := fetch(t, base+"/cars/?limit=100&has=price_drop&sort=-price_drop")
	last := 1e9
	for _, c := range sorted.Cars {
		drop := c["price_drop"].(float64)
		if drop > last {
			t.Fatalf("%s: in order: %v after %v", source, drop, last)
		}
		last = drop
	}

	if len(sorted.Cars) != changed {
		t.Errorf("%s: %d vehicles have a price_drop, want %d", source, len(sorted.Cars), changed)
	}
}

func isoDay(t time.Time) string { return t.Format(time.DateOnly) }

type eventAnswer struct {
	At       time.Time
	Kind     string
	ID       int
	Old, New map[string]any
	Car      map[string]any
}

type eventsAnswer struct {
	Changes  []eventAnswer
	Returned int
	Total    int
	HasMore  bool `json:"has_more"`
	Next     *string
	Cursor   *string   `json:"next_cursor"`
	Since    time.Time `json:"recorded_since"`
}

func priceIn(values map[string]any) *int {
	if f, ok := values["price"].(float64); ok {
		n := int(f)
		return &n
	}
	return nil
}

// changesOf reads all pages of the list of changes.
func (h *pastRuns) changesOf(t *testing.T, base, path string) (all []pastEvent) {
	t.Helper()
	runOf := map[string]int{}
	for run, start := range h.starts {
		runOf[start.Format(time.RFC3339Nano)] = run
	}

	last := time.Now().Add(time.Hour)
	stock, total := h.tables[len(h.tables)-1], 0
	defer func() {
		if total != len(all) {
			t.Errorf("%s: total %d of %d", path, total, len(all))
		}
	}()

	for path != "" {
		p := decode[eventsAnswer](t, base+path)
		if p.Returned != len(p.Changes) || p.HasMore != (p.Next != nil) {
			t.Fatalf("%s: %s", path, formatValue(p))
		}

		total = max(total, p.Total)

		for _, e := range p.Changes {
			run, known := runOf[e.At.Format(time.RFC3339Nano)]
			if !known || e.At.After(last) {
				t.Fatalf("%s: %s after %s", path, formatValue(e), last)
			}

			last = e.At
			all = append(all, pastEvent{run: run, kind: e.Kind, id: e.ID, old: priceIn(e.Old), now: priceIn(e.New)})

			now, inStock := stock[e.ID]
			if (e.Car != nil) != inStock || inStock && e.Car["make"] != now.Make {
				t.Errorf("%s: %s: the vehicle is %v", path, formatValue(e), now)
			}

			if !inStock && e.Kind == "sold" && e.Old["make"] == nil && run == len(h.starts)-1 {
				t.Errorf("%s: %s lacks the sold vehicle", path, formatValue(e))
			}
		}

		if path = ""; p.Next != nil {
			path = *p.Next
		}
	}

	return all
}

// The list of changes equals the result of plain loops, page by page, by kind, and since a time.
func TestChanges(t *testing.T) {
	h := makeHistory(t, 8)
	for source, base := range h.bases(t) {
		for _, c := range []struct {
			path  string
			since int // run
			kinds string
		}{
			{"/cars/changes?since=365d&limit=7", 1, "new,price,sold"},
			{"/cars/changes?since=365d&limit=100&kind=price", 1, "price"},
			{"/cars/changes?since=1y&limit=3&kind=sold&kind=new", 1, "new,sold"},
			{"/cars/changes?limit=50", len(h.starts) - 3, "new,price,sold"}, // 7d
			{"/cars/changes?limit=5&since=" + isoDay(h.starts[4]), 4, "new,price,sold"},
		} {
			var want []pastEvent
			for _, e := range h.events() {
				if e.run >= c.since && slices.Contains(strings.Split(c.kinds, ","), e.kind) {
					want = append(want, e)
				}
			}

			got := h.changesOf(t, base, c.path)
			for i := range got {
				if got[i].kind == "sold" {
					got[i].old, got[i].now = nil, nil // the price in the complete row
				}
			}

			slices.SortFunc(got, compareHappened)
			if formatValue(texts(got)) != formatValue(texts(want)) || len(want) < 3 {
				t.Errorf("%s: %s:\n got %v\nwant %v", source, c.path, texts(got), texts(want))
			}
		}
	}
}

func texts(events []pastEvent) (all []string) {
	for _, e := range events {
		all = append(all, fmt.Sprintf("%d %s %d %s %s", e.run, e.kind, e.id, formatValue(e.old), formatValue(e.now)))
	}
	return all
}

// The history of each vehicle has all of its changes, even if the vehicle is sold.
func TestHistoryOfOneVehicle(t *testing.T) {
	h := makeHistory(t, 8)
	stock := h.tables[len(h.tables)-1]
	for source, base := range h.bases(t) {
		for id := 1; id <= 100; id++ {
			want, seen := h.kindsOf(id)
			url := fmt.Sprintf("%s/cars/%d/history", base, id)
			if !seen {
				if code, body := getStatus(url); code != 404 {
					t.Errorf("%s: %s: %d %s", source, url, code, body)
				}
				continue
			}

			_, inStock := stock[id]
			requireHistory(t, source, url, id, inStock, want)
		}
	}
}

// kindsOf returns the kinds of a vehicle's changes, the last first, and whether any run has seen the vehicle.
func (h *pastRuns) kindsOf(id int) (kinds []string, seen bool) {
	for run := range h.tables {
		c, is := h.tables[run][id]
		seen = seen || is

		if run == 0 {
			continue
		}

		old, was := h.tables[run-1][id]
		switch {
		case is && !was:
			kinds = append(kinds, "new")
		case was && !is && old.Status == "sold":
			kinds = append(kinds, "changed")
		case was && !is:
			kinds = append(kinds, "sold")
		case was && c.Status != old.Status:
			kinds = append(kinds, "sold")
		case was && !samePrice(c.Price, old.Price):
			kinds = append(kinds, "price")
		case was && c.Color != old.Color:
			kinds = append(kinds, "changed")
		}
	}

	slices.Reverse(kinds)

	return kinds, seen
}

// requireHistory compares the kinds of a vehicle's changes, on one page and on two.
func requireHistory(t *testing.T, source, url string, id int, inStock bool, want []string) {
	t.Helper()
	got := decode[struct {
		ID  int
		Car map[string]any
		eventsAnswer
	}](t, url+"?limit=100")
	var kinds []string
	for _, e := range got.Changes {
		kinds = append(kinds, e.Kind)
	}

	if !slices.Equal(kinds, want) || got.ID != id && len(want) > 0 || (got.Car != nil) != inStock {
		t.Errorf("%s: vehicle %d: %s, want %v", source, id, formatValue(got), want)
	}

	if inStock && got.Car["first_seen"] == nil {
		t.Errorf("%s: vehicle %d: %s", source, id, formatValue(got.Car))
	}

	first := decode[eventsAnswer](t, url+"?limit=1")
	if len(want) > 1 && (first.Cursor == nil || len(decode[eventsAnswer](t, url+"?limit=100&cursor="+
		*first.Cursor).Changes) != len(want)-1) {
		t.Errorf("%s: vehicle %d: the second page: %s", source, id, formatValue(first))
	}
}

// Without a history the fields do not exist, and requests for them say how to get one. A vehicle has no first_seen if
// the snapshot does not have it yet, or if it came in a run with too many changes to record.
func TestHistoryThatIsMissing(t *testing.T) {
	t.Chdir(t.TempDir())
	mysql := dbtest.Database(t)
	db := dbtest.Open(t, mysql)
	db.MustExec("CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), price INT)")
	db.MustExec("INSERT INTO cars VALUES (1, 'Kia', 100), (2, 'Kia', 200)")
	snapshot := dbconn.Config{Driver: dbconn.SQLite, Path: filepath.Join(t.TempDir(), "carstock.db")}
	syncInto(t, mysql, "cars", snapshot.Path)

	for _, base := range []string{
		serve(t, mysql, "cars"), serve(t, snapshot, "cars"),
		serve(t, mysql, "cars", "SNAPSHOT_PATH="+snapshot.Path),
	} {
		for path, want := range map[string]int{
			"/cars/?days_listed_min=3": 400, "/cars/?sort=-price_drop": 400,
			"/cars/changes":   404,
			"/cars/1/history": 404, "/cars/?fields=first_seen": 400,
		} {
			if code, body := getStatus(base + path); code != want || !strings.Contains(body, "SYNC_HISTORY") {
				t.Errorf("%s: %d %s", path, code, body)
			}
		}
	}

	t.Setenv("SYNC_HISTORY", "90d")
	syncInto(t, mysql, "cars", snapshot.Path)
	db.MustExec("INSERT INTO cars VALUES (3, 'Kia', 300)")

	live, copied := serve(t, mysql, "cars", "SNAPSHOT_PATH="+snapshot.Path), serve(t, snapshot, "cars")
	firstSeen := func(base string) map[int]string {
		found := map[int]string{}
		for _, c := range fetch(t, base+"/cars/?limit=100&fields=id,first_seen&sort=id").Cars {
			found[int(c["id"].(float64))] = strings.ReplaceAll(fmt.Sprint(c["first_seen"] != nil, c["first_seen_or_earlier"]),
				" ", ",")
		}
		return found
	}
	if got := formatValue(firstSeen(live)); got != `{"1":"true,true","2":"true,true","3":"false,\u003cnil\u003e"}` {
		t.Errorf("a vehicle that the snapshot does not have yet: %s", got)
	}

	db.MustExec("INSERT INTO cars WITH RECURSIVE n AS (SELECT 10 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 999) " +
		"SELECT a.i * 1000 + b.i, 'VW', 1 FROM n AS a JOIN n AS b ON b.i < 25 WHERE a.i < 900")
	syncInto(t, mysql, "cars", snapshot.Path)

	for name, base := range map[string]string{"live": live, "snapshot": copied} {
		waitForText(t, base+"/cars/?id=3,10010&fields=id", `"returned":2,`) // once the index has it
		inBulk := fetch(t, base+"/cars/?id=3,10010&fields=id,first_seen")
		before := fetch(t, base+"/cars/?has=first_seen&fields=id,first_seen&sort=id")
		if len(inBulk.Cars) != 2 || inBulk.Cars[0]["first_seen"] != nil || inBulk.Cars[1]["first_seen"] != nil {
			t.Errorf("%s: vehicles from a bulk run: %v", name, inBulk.Cars)
		}
		if len(before.Cars) != 2 || before.Cars[0]["first_seen_or_earlier"] != true || before.Cars[1]["id"] != 2.0 {
			t.Errorf("%s: vehicles from before a bulk run: %v", name, before.Cars)
		}
	}
}

// The history works with keys of every kind, and never shows hidden columns.
func TestHistoryByOtherKeys(t *testing.T) {
	for name, c := range map[string]struct {
		columns, key, first, second string // of the table, and the values of two rows
		id                          string // of the first row, as in a path
	}{
		"text": {
			"code VARCHAR(40) NOT NULL PRIMARY KEY", "cars(code)", `'é "x" \\ \n/1'`, "'b'",
			"%C3%A9%20%22x%22%20%5C%20%0A%2F1",
		},
		"decimal as text": {"code DECIMAL(30,10) NOT NULL PRIMARY KEY", "cars", "2.5", "3", "2.5"},
		"two columns": {
			"lot INT NOT NULL, code VARCHAR(40) NOT NULL, PRIMARY KEY (lot, code)", "cars", "7, 'a~b c'",
			"7, 'b'", "7~a%257Eb%2520c",
		},
		"decimal": {"code DECIMAL(12,2) NOT NULL PRIMARY KEY", "cars", "1.50", "2.00", "1.5"},
		"wide integer": {
			"code BIGINT UNSIGNED NOT NULL PRIMARY KEY", "cars", "9007199254740993", "2",
			"9007199254740993",
		},
		"vin beside an id": {
			"id INT NOT NULL UNIQUE, vin CHAR(17) NOT NULL PRIMARY KEY", "cars(vin)",
			"5, '1HGCM82633A004352'", "6, '1HGCM82633A004353'", "5",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			t.Setenv("SYNC_HISTORY", "90d")
			mysql := dbtest.Database(t)
			db := dbtest.Open(t, mysql)
			db.MustExec("CREATE TABLE cars (" + c.columns + ", make VARCHAR(20), price INT, cost INT, note MEDIUMTEXT)")
			db.MustExec("INSERT INTO cars VALUES (" + c.first + ", 'Kia', 100, 777771, 'old'), (" + c.second +
				", 'Kia', 200, 777772, 'old')")
			snapshot := dbconn.Config{Driver: dbconn.SQLite, Path: filepath.Join(t.TempDir(), "carstock.db")}
			syncInto(t, mysql, c.key, snapshot.Path)
			db.MustExec("UPDATE cars SET price = 90, cost = 777773, note = REPEAT('n', 100000) WHERE cost = 777771")
			syncInto(t, mysql, c.key, snapshot.Path)

			for source, base := range map[string]string{
				"MySQL":    serve(t, mysql, "cars", "SNAPSHOT_PATH="+snapshot.Path, "CARS_HIDE=cost"),
				"snapshot": serve(t, snapshot, "cars", "CARS_HIDE=cost"),
			} {
				found := fetch(t, base+"/cars/?price_drop=10&fields=id,previous_price,first_seen")
				if found.Total != 1 || found.Cars[0]["first_seen"] == nil {
					t.Errorf("%s: %v", source, found)
					continue
				}

				code, body := getStatus(base + "/cars/changes?kind=price")
				if code != 200 || !strings.Contains(body, `"old":{"price":100},"new":{"price":90}`) ||
					strings.Contains(body, `77777`) || !strings.Contains(body, `"id":`) {
					t.Errorf("%s: changes: %d %s", source, code, body)
				}

				code, body = getStatus(base + "/cars/" + c.id + "/history")
				if code != 200 || !strings.Contains(body, `"price":100`) || strings.Contains(body, "cost") || len(body) > 9000 {
					t.Errorf("%s: history: %d %.1000s (%d bytes)", source, code, body, len(body))
				}
			}

			db.MustExec("DELETE FROM cars WHERE price = 90")
			syncInto(t, mysql, c.key, snapshot.Path)

			base := serve(t, snapshot, "cars", "CARS_HIDE=cost")
			code, body := getStatus(base + "/cars/changes?kind=sold")
			if code != 200 || !strings.Contains(body, `"price":90`) || strings.Contains(body, "cost") ||
				!strings.Contains(body, `"id":`) {
				t.Errorf("sold: %d %.1000s", code, body)
			}
		})
	}
}

// Each typical question takes one call of a tool.
func TestQuestionsInOneCall(t *testing.T) {
	mysql, snapshot, suvs := stockWithSales(t)
	base := serve(t, mysql, "vehicles_view", "SNAPSHOT_PATH="+snapshot.Path)
	session, err := connect(t, httpTransport(base, keyTransport{"X-API-Key", apiKey}))
	if err != nil {
		t.Fatal(err)
	}

	ask := func(tool string, arguments map[string]any) string {
		t.Helper()
		res, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
		if err != nil || res.IsError {
			t.Fatalf("%s %v: %v %+v", tool, arguments, err, res)
		}
		return res.Content[0].(*mcp.TextContent).Text
	}

	dropped := ask("search_cars", map[string]any{
		"make": "Toyota", "model": "Camry",
		"more": "price_drop_min=1&price_changed_at_min=7d",
	})
	var found struct {
		Total int
		Cars  []struct{ ID int }
	}
	if err := json.Unmarshal([]byte(dropped), &found); err != nil || found.Total != 2 || found.Cars[0].ID != 75 ||
		found.Cars[1].ID != 76 {
		t.Errorf("Camrys whose price dropped this week: %s", dropped)
	}

	listed := ask("market_report", map[string]any{"by": "make", "more": "body_type=SUV&days_listed_min=60"})
	var groups struct {
		Groups []struct {
			Make  string
			Count int
		}
	}
	if err := json.Unmarshal([]byte(listed), &groups); err != nil || len(groups.Groups) < 3 {
		t.Errorf("SUVs listed for more than 60 days, by make: %s", listed)
	}

	for _, g := range groups.Groups {
		if len(suvs) < 20 && suvs[g.Make] > 0 && suvs[g.Make] > g.Count {
			t.Errorf("SUVs of %s: %d, want at least %d", g.Make, g.Count, suvs[g.Make])
		}
	}

	trims := ask("market_report", map[string]any{"make": "Ford", "model": "F-150", "year": "2021", "by": "trim"})
	if !strings.Contains(trims, `"trim":"XLT","count":`) || !strings.Contains(trims, `"median"`) {
		t.Errorf("what do 2021 F-150s cost, by trim: %s", trims)
	}

	good := ask("get_car", map[string]any{"id": "75", "comparables": true, "history": true})
	if !strings.Contains(good, `"percentile":`) || !strings.Contains(good, `"history":{"first_seen":`) ||
		!strings.Contains(good, `"price_drop":1000,"changes":[{"at":`) || !strings.Contains(good, `"kind":"price"`) {
		t.Errorf("is car 75 a good price: %s", good)
	}

	sold := ask("market_report", map[string]any{"since": "yesterday", "kind": []string{"sold"}})
	var changes eventsAnswer
	if err := json.Unmarshal([]byte(sold), &changes); err != nil || len(changes.Changes) != 2 {
		t.Fatalf("what was sold since yesterday: %s", sold)
	}

	ids := []int{changes.Changes[0].ID, changes.Changes[1].ID}
	slices.Sort(ids)

	if !slices.Equal(ids, []int{77, 90}) {
		t.Errorf("what was sold since yesterday: %v", ids)
	}

	gone := ask("get_car", map[string]any{"id": "90", "history": true})
	if !strings.Contains(gone, `"kind":"sold"`) || !strings.Contains(gone, `"id":90`) {
		t.Errorf("what became of car 90: %s", gone)
	}
}

// A vehicle with long texts and its history are together no longer than an answer may be. What is left out is on the
// next page of the history.
func TestLongCarWithHistory(t *testing.T) {
	h := newHistoryOf(t,
		"CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), description LONGTEXT, note TEXT)",
		"INSERT INTO cars VALUES (1, 'Kia', REPEAT('d', 70000), 'new')")
	const edits = 6 // each note is almost as long as an event shows
	for i := range edits {
		h.run(fmt.Sprintf("UPDATE cars SET note = REPEAT('%d', 3800)", i))
	}

	base := serve(t, h.snapshot, "cars")
	session, err := connect(t, httpTransport(base, keyTransport{"X-API-Key", apiKey}))
	if err != nil {
		t.Fatal(err)
	}
	res, err := session.CallTool(t.Context(), &mcp.CallToolParams{
		Name: "get_car", Arguments: map[string]any{"id": "1", "history": true},
	})
	if err != nil || res.IsError {
		t.Fatalf("%v %+v", err, res)
	}

	text := res.Content[0].(*mcp.TextContent).Text
	shown := strings.Count(text, `"kind":"changed"`)
	if len(text) > 90_000 || shown == 0 || shown == edits || !strings.Contains(text, "/cars/1/history?cursor=") {
		t.Errorf("%d bytes, %d of %d changes: %.500s", len(text), shown, edits, text)
	}

	// The history alone has room for all of them.
	if all := decode[eventsAnswer](t, base+"/cars/1/history"); len(all.Changes) != edits {
		t.Errorf("%d changes: %s", len(all.Changes), formatValue(all))
	}
}

// stockWithSales makes the demo's stock, and a snapshot whose first run is 70 days old. Since then two prices have
// dropped and two vehicles were sold. It also returns the number of SUVs of each make.
func stockWithSales(t *testing.T) (mysql, snapshot dbconn.Config, suvs map[string]int) {
	t.Helper()
	mysql = dbtest.Demo(t)
	db := dbtest.Open(t, mysql)
	db.MustExec("UPDATE vehicles_stock SET make = 'Toyota', model = 'Camry', status = 'available' WHERE id IN " +
		"(75, 76, 77)")
	db.MustExec("UPDATE vehicles_stock SET status = 'available' WHERE id = 90")
	db.MustExec("UPDATE vehicles_stock SET make = 'Ford', model = 'F-150', `year` = 2021, `trim` = 'XLT' WHERE id IN " +
		"(80, 81, 82)")
	t.Setenv("SYNC_HISTORY", "365d")
	snapshot = copyViews(t, mysql, "vehicles_view(id)")
	db.MustExec("UPDATE vehicles_stock SET price = price - 1000 WHERE id IN (75, 76)")
	db.MustExec("UPDATE vehicles_stock SET status = 'sold' WHERE id = 77")
	db.MustExec("DELETE FROM vehicles_stock WHERE id = 90")
	syncInto(t, mysql, "vehicles_view(id)", snapshot.Path)

	file, err := sqlx.Open("sqlite3", dbconn.SQLiteDSN(snapshot.Path, "mode=rw"))
	if err != nil {
		t.Fatal(err)
	}

	old := time.Now().UTC().AddDate(0, 0, -70).Format("2006-01-02T15:04:05.000Z")
	file.MustExec("UPDATE _sync_history SET since = ?", old)
	file.MustExec("UPDATE _sync_runs SET started = ? WHERE id = 1", old)

	suvs = map[string]int{}
	for _, c := range decode[struct{ Cars []struct{ Make string } }](t, serve(t, snapshot, "vehicles_view")+
		"/cars/?limit=100&body_type=SUV&fields=id,make").Cars {
		suvs[c.Make]++
	}

	if err := file.Close(); err != nil {
		t.Fatal(err)
	}

	return mysql, snapshot, suvs
}

// With a live database, an answer with history is as old as the snapshot, and other answers are live.
func TestAgeOfTheHistory(t *testing.T) {
	h := makeHistory(t, 3)
	file, err := sqlx.Open("sqlite3", dbconn.SQLiteDSN(h.snapshot.Path, "mode=rw"))
	if err != nil {
		t.Fatal(err)
	}

	old := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	file.MustExec("UPDATE _sync_runs SET started = ? WHERE id = 3", old.Format("2006-01-02T15:04:05.000Z"))

	if err := file.Close(); err != nil {
		t.Fatal(err)
	}

	base := serve(t, h.mysql, "cars", "SNAPSHOT_PATH="+h.snapshot.Path)
	for path, isOld := range map[string]bool{
		"/cars/": false, "/cars/stats": false, "/cars/facets?facets=make": false, "/cars/changes": true,
		"/cars/?fields=id,first_seen": true, "/cars/?days_listed_min=1": true, "/cars/?sort=price_drop": true,
		"/cars/?has=first_seen":         true,
		"/cars/stats?days_listed_min=1": true, "/cars/stats?by=days_listed": true, "/cars/facets?facets=days_listed:10": true,
		"/cars/?count_only=true&price_drop_min=1": true,
	} {
		found := decode[struct {
			Source string
			AsOf   time.Time `json:"as_of"`
		}](t, base+path)
		if found.Source != "live" || found.AsOf.Equal(old) != isOld {
			t.Errorf("%s: %+v, the snapshot is of %s", path, found, old)
		}
	}
}

// historyOf is a table of cars with a history, which a test changes step by step.
type historyOf struct {
	t        *testing.T
	mysql    dbconn.Config
	db       *sqlx.DB
	snapshot dbconn.Config
}

func newHistoryOf(t *testing.T, statements ...string) *historyOf {
	t.Helper()
	t.Chdir(t.TempDir()) // a folder without .env
	t.Setenv("SYNC_HISTORY", "90d")
	h := &historyOf{
		t: t, mysql: dbtest.Database(t),
		snapshot: dbconn.Config{Driver: dbconn.SQLite, Path: filepath.Join(t.TempDir(), "carstock.db")},
	}
	h.db = dbtest.Open(t, h.mysql)
	h.run(statements...)

	return h
}

// run executes statements in MySQL, and then makes a run of syncer.
func (h *historyOf) run(statements ...string) {
	h.t.Helper()
	for _, q := range statements {
		h.db.MustExec(q)
	}
	syncInto(h.t, h.mysql, "cars", h.snapshot.Path)
}

func (h *historyOf) bases() map[string]string {
	h.t.Helper()
	return map[string]string{
		"MySQL":    serve(h.t, h.mysql, "cars", "SNAPSHOT_PATH="+h.snapshot.Path),
		"snapshot": serve(h.t, h.snapshot, "cars"),
	}
}

const (
	createCars = "CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), price INT, status VARCHAR(20))"
	manyCars   = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 150) SELECT 1000 + a.i * " +
		"150 + b.i AS id FROM n AS a JOIN n AS b"
)

// A price that changed without being recorded is not compared, and a vehicle that came in such a run has no first_seen.
func TestUnrecordedHistory(t *testing.T) {
	facts := func(c map[string]any) string {
		return fmt.Sprint(c["first_seen"] != nil, c["price_changed_at"] != nil, c["previous_price"], c["price_drop"])
	}

	const nothing, seen = "false false <nil> <nil>", "true false <nil> <nil>"
	for name, c := range map[string]struct {
		edit func(h *historyOf)
		want map[string]string // by vehicle; the prices of 1 and 2 were recorded to drop from 100 to 90
	}{
		"history off": {func(h *historyOf) {
			h.t.Setenv("SYNC_HISTORY", "off")
			h.run("UPDATE cars SET price = 50 WHERE id = 1")
			h.t.Setenv("SYNC_HISTORY", "90d")
			h.run()
		}, map[string]string{"1": seen, "2": seen}}, // the history starts again
		"bulk": {func(h *historyOf) {
			h.run("UPDATE cars SET price = 50 WHERE id = 1 OR id > 1000", "UPDATE cars SET make = 'VW' WHERE id > 1000")
		}, map[string]string{"1": seen, "2": "true true 100 10"}},
		"other columns": {func(h *historyOf) {
			h.run("UPDATE cars SET price = 50 WHERE id = 1", "ALTER TABLE cars ADD COLUMN doors INT")
		}, map[string]string{"1": seen, "2": "true true 100 10"}},
		"came back in a bulk run": {func(h *historyOf) {
			h.run("DELETE FROM cars WHERE id IN (1, 2)")
			h.run("INSERT INTO cars VALUES (1, 'Kia', 90, 'new')", "INSERT INTO cars SELECT id + 100000, 'VW', 1, '' FROM ("+
				manyCars+") AS m")
		}, map[string]string{"1": nothing, "1500": seen, "101500": nothing}},
		"came again after a bulk run": {func(h *historyOf) {
			h.run("INSERT INTO cars SELECT id + 100000, 'VW', 1, '' FROM (" + manyCars + ") AS m")
			h.run("DELETE FROM cars WHERE id = 101500", "INSERT INTO cars VALUES (3, 'Kia', 90, 'new')")
			h.run("INSERT INTO cars VALUES (101500, 'Kia', 90, 'new')")
		}, map[string]string{"1": "true true 100 10", "3": seen, "1500": seen, "101500": seen, "101501": nothing}},
		"only in MySQL again": {func(h *historyOf) {
			h.run("DELETE FROM cars WHERE id = 1")
			h.db.MustExec("INSERT INTO cars VALUES (1, 'Ford', 500, 'new')")
		}, map[string]string{"1": nothing, "2": "true true 100 10"}},
		"a price of 0": {
			func(h *historyOf) { h.run("UPDATE cars SET price = 0 WHERE id = 1") },
			map[string]string{"1": "true true 90 <nil>", "2": "true true 100 10"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistoryOf(t, createCars, "INSERT INTO cars VALUES (1, 'Kia', 100, ''), (2, 'Kia', 100, '')",
				"INSERT INTO cars SELECT id, 'VW', 1, '' FROM ("+manyCars+") AS m")
			h.run("UPDATE cars SET price = 90 WHERE id < 1000")
			c.edit(h)

			for source, base := range h.bases() {
				if name == "only in MySQL again" && source == "snapshot" {
					continue
				}

				for id, want := range c.want {
					found := fetch(t, base+"/cars/?id="+id+"&fields=id,first_seen,price_changed_at,previous_price,price_drop")
					if len(found.Cars) != 1 || facts(found.Cars[0]) != want {
						t.Errorf("%s: vehicle %s: %v, want %s", source, id, found.Cars, want)
					}
				}

				code, body := getStatus(base + "/cars/changes?since=1y")
				if isBulk := strings.Contains(body, `"not_listed":[{"at":`); code != 200 ||
					isBulk != strings.Contains(name, "bulk") {
					t.Errorf("%s: %d %s", source, code, body)
				}
			}
		})
	}
}

// If another file with as many changes replaces the snapshot, its history replaces the old one.
func TestReplacedHistory(t *testing.T) {
	h := newHistoryOf(t, createCars, "INSERT INTO cars VALUES (1, 'Kia', 100, ''), (2, 'Kia', 100, '')")
	h.run("UPDATE cars SET price = 90 WHERE id = 1")

	bases := h.bases()
	for source, base := range bases {
		if _, body := getStatus(base + "/cars/changes"); !strings.Contains(body,
			`"id":1,"old":{"price":100},"new":{"price":90}`) {
			t.Errorf("%s: %s", source, body)
		}
	}

	served := h.snapshot.Path
	h.snapshot.Path = filepath.Join(t.TempDir(), "other.db")
	h.run()
	h.run("UPDATE cars SET price = 70 WHERE id = 2")

	if err := os.Rename(h.snapshot.Path, served); err != nil {
		t.Fatal(err)
	}

	for source, base := range bases {
		deadline := time.Now().Add(time.Minute)
		want := `"id":2,"old":{"price":100},"new":{"price":70}`
		code, body := getStatus(base + "/cars/changes")
		for !strings.Contains(body, want) && time.Now().Before(deadline) {
			if strings.Contains(body, `"price":70`) && code == 200 {
				t.Fatalf("%s: two histories are mixed: %s", source, body)
			}
			time.Sleep(50 * time.Millisecond)
			code, body = getStatus(base + "/cars/changes")
		}

		if !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", source, code, body)
		}

		if _, body := getStatus(base + "/cars/2/history"); !strings.Contains(body, `"new":{"price":70}`) {
			t.Errorf("%s: %s", source, body)
		}
	}
}

// Prices with currencies in their texts are compared within one currency. Long texts are read only as far as they are
// shown. A column of the table keeps its name.
func TestHistoryOfTexts(t *testing.T) {
	h := newHistoryOf(t, "CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), price VARCHAR(20), note "+
		"LONGTEXT, first_seen DATE)",
		"INSERT INTO cars VALUES (1, 'Kia', '$5,000', '', '2020-01-01'), (2, 'Kia', '€6,000', '', NULL), (3, 'Kia', '$7,"+
			"000', '', NULL), "+
			"(4, 'Kia', '€9,000', '', NULL), (5, 'Kia', '£9,000', REPEAT('n', 3000000), NULL)")
	h.run("UPDATE cars SET price = '$4,500', note = 'currency' WHERE id = 1",
		"UPDATE cars SET price = '$5,500' WHERE id = 2")
	h.run("DELETE FROM cars WHERE id = 5")

	for source, base := range h.bases() {
		found := fetch(t, base+"/cars/?fields=id,previous_price,price_drop,first_seen&sort=id")
		if got := formatValue(found.Cars); got != `[{"first_seen":"2020-01-01","id":1,"previous_price":5000,`+
			`"price_drop":500},`+
			`{"first_seen":null,"id":2,"previous_price":null,"price_drop":null},{"first_seen":null,"id":3,`+
			`"previous_price":null,"price_drop":null},`+
			`{"first_seen":null,"id":4,"previous_price":null,"price_drop":null}]` {
			t.Errorf("%s: %s", source, got)
		}

		code, body := getStatus(base + "/cars/1/history")
		if code != 200 || !strings.Contains(body, `"first_seen":"2020-01-01"`) &&
			strings.Contains(body, `"first_seen":null`) {
			t.Errorf("%s: %d %s", source, code, body)
		}

		code, body = getStatus(base + "/cars/5/history")
		if code != 200 || !strings.Contains(body, `"kind":"sold"`) || len(body) > 5000 {
			t.Errorf("%s: %d %.500s (%d bytes)", source, code, body, len(body))
		}
	}
}

// A vehicle that is gone has its history by its id, although syncer knows rows by something else. The next one with the
// same key is another vehicle.
func TestHistoryOfDepartedByOtherKey(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("SYNC_HISTORY", "90d")
	mysql := dbtest.Database(t)
	db := dbtest.Open(t, mysql)
	snapshot := dbconn.Config{Driver: dbconn.SQLite, Path: filepath.Join(t.TempDir(), "carstock.db")}
	run := func(statements ...string) {
		t.Helper()
		for _, q := range statements {
			db.MustExec(q)
		}
		syncInto(t, mysql, "cars(lot, bay)", snapshot.Path)
	}

	run("CREATE TABLE cars (a DECIMAL(30,2) NOT NULL, b VARBINARY(4) NOT NULL, lot VARCHAR(20) NOT NULL, bay DATE NOT "+
		"NULL, make VARCHAR(20), price INT, number INT, PRIMARY KEY (a, b), UNIQUE (lot, bay))",
		"INSERT INTO cars VALUES (1.5, 'x', 'L', '2026-01-01', 'Kia', 100, 15), (2, 'y', 'L', '2026-01-02', 'VW', 100, 20)")
	run("UPDATE cars SET price = 90 WHERE a = 1.5")
	bases := map[string]string{
		"MySQL":    serve(t, mysql, "cars", "SNAPSHOT_PATH="+snapshot.Path),
		"snapshot": serve(t, snapshot, "cars", "CARS_FIELDS=id=number"),
	}
	ids := map[string]string{"MySQL": "1.5~x", "snapshot": "15"}
	run("DELETE FROM cars WHERE a = 1.5")
	run("INSERT INTO cars VALUES (3, 'z', 'L', '2026-01-01', 'Ford', 500, 30)")

	for source, base := range bases {
		id := ids[source]
		waitForText(t, base+"/cars/changes", `"total":3,`)

		url := base + "/cars/" + id + "/history"
		code, body := getStatus(url)
		want := `"kind":"price","old":{"price":100},"new":{"price":90}}],"returned":2,`
		if code != 200 || !strings.Contains(body, want) || !strings.Contains(body, `"kind":"sold","old":{`) ||
			strings.Contains(body, `"car"`) || strings.Contains(body, `"new":{"make"`) {
			t.Errorf("%s: %s: %d %s", source, url, code, body)
		}

		first := decode[eventsAnswer](t, url+"?limit=1")
		if first.Cursor == nil || decode[eventsAnswer](t, url+"?cursor="+*first.Cursor).Returned != 1 {
			t.Errorf("%s: the second page: %s", source, formatValue(first))
		}

		if code, body = getStatus(base + "/cars/9~z/history"); code != 404 {
			t.Errorf("%s: a vehicle that never was: %d %s", source, code, body)
		}

		changes := decode[struct{ Changes []struct{ ID any } }](t, base+"/cars/changes?kind=sold")
		if len(changes.Changes) != 1 || fmt.Sprint(changes.Changes[0].ID) != id {
			t.Errorf("%s: what was sold: %v", source, changes)
		}
	}
}

// What a run has forgotten is forgotten for carapi too, if the run has changed nothing else.
func TestForgottenHistory(t *testing.T) {
	h := newHistoryOf(t, createCars, "INSERT INTO cars VALUES (1, 'Kia', 100, ''), (2, 'Kia', 100, '')")
	h.run("UPDATE cars SET price = 90")

	file, err := sqlx.Open("sqlite3", dbconn.SQLiteDSN(h.snapshot.Path, "mode=rw"))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		"UPDATE _sync_changes SET at = ?", "UPDATE _sync_runs SET started = ?", "UPDATE _sync_history SET since = ?",
	} {
		file.MustExec(q, time.Now().UTC().AddDate(0, 0, -60).Format("2006-01-02T15:04:05.000Z"))
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}

	bases := h.bases()
	pages := map[string]string{}
	for source, base := range bases {
		first := decode[eventsAnswer](t, base+"/cars/changes?since=1y&limit=1")
		if first.Total != 2 || first.Next == nil {
			t.Fatalf("%s: %s", source, formatValue(first))
		}
		pages[source] = base + *first.Next
	}

	t.Setenv("SYNC_HISTORY", "30d")
	h.run()
	started := time.Now()
	t.Setenv("SYNC_HISTORY", "off")
	h.run()

	for source, base := range bases {
		second := decode[eventsAnswer](t, pages[source])
		if second.Returned != 0 || second.Next != nil || second.Total != 0 {
			t.Errorf("%s: a page of what is forgotten: %s", source, formatValue(second))
		}

		want := `"source":"` + map[string]string{"MySQL": "live", "snapshot": "snapshot"}[source] + `"`
		if body := waitForText(t, base+"/cars/changes?since=1y", want); !strings.Contains(body, `"total":0,`) {
			t.Errorf("%s: %s", source, body)
		}

		found := decode[struct {
			Since time.Time `json:"recorded_since"`
			AsOf  time.Time `json:"as_of"`
		}](t, base+"/cars/changes")
		age := started.Sub(found.Since).Hours()
		if age < 24*30-1 || age > 24*30+1 || found.AsOf.Before(started.Add(-time.Minute)) {
			t.Errorf("%s: recorded since %s, as of %s", source, found.Since, found.AsOf)
		}
	}
}
