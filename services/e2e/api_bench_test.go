package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/subtle"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

// asked is what the benchmark asks for: of carapi, and of the database without it.
type asked struct {
	name  string
	path  func(i int) string
	query string // of MySQL and of SQLite
	args  func(i int) []any
}

// measured is how one of those that were asked did.
type measured struct {
	rate, refused float64 // requests in a second, the refused ones not among them
	p50, p99      time.Duration
}

// errRefused says that carapi has answered 503.
var errRefused = errors.New("refused")

// BenchmarkAPI asks carapi over HTTP, on MySQL and on SQLite, and beside it the same databases with the bare
// query, and a FastAPI program on MySQL if BENCH_FASTAPI says how to start one on port $PORT. All have the
// same machine; the ratios are what is to be read. BENCH_ROWS is the size of the table, 1,000,000 rows of 25
// columns if it is not set, BENCH_SECONDS the length of each measurement, 3, in three turns, and BENCH_REQUESTS, 1,000,000,
// are asked for before the last word on carapi's memory.
func BenchmarkAPI(b *testing.B) {
	rows, seconds, requests := 1_000_000, 3, 1_000_000
	for name, n := range map[string]*int{"BENCH_ROWS": &rows, "BENCH_SECONDS": &seconds, "BENCH_REQUESTS": &requests} {
		if v, err := strconv.Atoi(os.Getenv(name)); err == nil {
			*n = v
		}
	}
	dir := b.TempDir()
	if out, err := exec.Command("go", "build", "-o", dir, "carstock/services/carapi", "carstock/services/syncer").CombinedOutput(); err != nil {
		b.Fatalf("build: %v: %s", err, out)
	}
	b.Chdir(dir) // where no .env is
	mysql := dbtest.Database(b)
	mysql.MaxOpenConns = 32
	fill(b, mysql, rows)
	db := dbtest.Open(b, mysql)
	for _, q := range []string{"SET GLOBAL innodb_buffer_pool_size = 2147483648", "CREATE INDEX by_model ON bench (make, model, year)", "CREATE INDEX by_measures ON bench (make, model, year, price, mileage)", "CREATE INDEX by_price ON bench (price)", "ANALYZE TABLE bench"} {
		if _, err := db.Exec(q); err != nil {
			b.Fatal(err)
		}
	}
	sqlite := dbconn.Config{Driver: dbconn.SQLite, Path: filepath.Join(dir, "carstock.db"), MaxOpenConns: 32}
	run := func(c dbconn.Config, program string, settings ...string) *exec.Cmd {
		cmd := exec.Command(program)
		cmd.Env = os.Environ()
		for name, value := range dbtest.Environ(c) {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		cmd.Env = append(cmd.Env, settings...)
		return cmd
	}
	copying := run(mysql, "./syncer", "SYNC_VIEWS=bench(id)", "SYNC_PATH="+sqlite.Path, "SYNC_INDEXES=bench(make,model,year,id); bench(make,model,year,price,mileage); bench(price)")
	copying.Args = append(copying.Args, "sync", "--quiet")
	if err := copying.Run(); err != nil {
		b.Fatal(err)
	}
	file := dbtest.Open(b, sqlite)

	start := func(c dbconn.Config, settings ...string) (base, metrics string) {
		address, metrics := dbtest.FreeAddress(b), dbtest.FreeAddress(b)
		cmd := run(c, "./carapi", append([]string{"CARS_TABLE=bench", "API_KEY=" + key, "HTTP_ADDR=" + address, "METRICS_ADDR=" + metrics, "RATE_LIMIT=off", "QUERY_TIMEOUT=1m", "DB_MAX_OPEN_CONNS=32"}, settings...)...)
		begin(b, cmd, "http://"+address+"/readyz")
		return "http://" + address, "http://" + metrics + "/metrics"
	}
	live, liveMetrics := start(mysql, "MAX_IN_FLIGHT=64")
	copied, copiedMetrics := start(sqlite, "MAX_IN_FLIGHT=64")
	python := ""
	if app := os.Getenv("BENCH_FASTAPI"); app != "" {
		address := dbtest.FreeAddress(b)
		cmd := run(mysql, "sh", "API_KEY="+key, "PORT="+address[strings.LastIndexByte(address, ':')+1:])
		cmd.Args = []string{"sh", "-c", "exec " + app}
		python = "http://" + address
		begin(b, cmd, python+"/openapi.json")
	}

	var names []string
	for _, c := range columns(false) {
		name, _, _ := strings.Cut(c, " ")
		names = append(names, name)
	}
	selected := "SELECT " + strings.Join(names, ", ") + " FROM bench "
	id := func(i int) int { return 1 + i*7919%rows }
	model := func(i int) []any { // of a vehicle that is there
		n := id(i)
		return []any{[]string{"Toyota", "Ford", "Citroën", "Kia", "Volkswagen", "Škoda", "BMW", "Mercedes-Benz"}[n%8],
			fmt.Sprintf("%s %d", []string{"Camry", "F-150", "C3", "3 Series", "Octavia"}[n%5], n%31), 2000 + n%26}
	}
	ofModel := func(more string) func(i int) string {
		return func(i int) string {
			a := model(i)
			return fmt.Sprintf("/cars/?make=%s&model=%s&year=%d%s", url.QueryEscape(a[0].(string)), url.QueryEscape(a[1].(string)), a[2], more)
		}
	}
	byModel := selected + "WHERE make = ? AND model = ? AND year = ? ORDER BY id LIMIT 20"
	deep := min(10_000, rows/40)
	cursor := cursorAt(b, live, deep)
	fixed := func(path string) func(int) string { return func(int) string { return path } }
	first, deepPage := fixed("/cars/?include_total=false"), fmt.Sprintf("page %d by cursor", deep)
	onModel := map[string]bool{"make+model+year": true, "the same with total": true}
	cases := []asked{
		{"by id", func(i int) string { return fmt.Sprintf("/cars/%d", id(i)) }, selected + "WHERE id = ?", func(i int) []any { return []any{id(i)} }},
		{"make+model+year", ofModel("&include_total=false"), byModel, model},
		{"the same with total", ofModel(""), byModel, model},
		{"price range, sorted", func(i int) string {
			return fmt.Sprintf("/cars/?price_min=%d&price_max=%d&sort=price&include_total=false", 10000+i%5000, 20000+i%5000)
		}, selected + "WHERE price BETWEEN ? AND ? ORDER BY price, id LIMIT 20", func(i int) []any { return []any{10000 + i%5000, 20000 + i%5000} }},
		{"page 1", first, selected + "ORDER BY id LIMIT 20", func(int) []any { return nil }},
		{deepPage, fixed("/cars/?include_total=false&cursor=" + cursor), selected + fmt.Sprintf("WHERE id > %d ORDER BY id LIMIT 20", (deep-1)*20), func(int) []any { return nil }},
		{"facets on make", fixed("/cars/facets?facets=make"), "SELECT make, COUNT(*) FROM bench GROUP BY make", func(int) []any { return nil }},
	}
	bareServer := httptest.NewServer(bareHandler(b, db.DB, byModel))
	defer bareServer.Close()
	span := time.Duration(seconds) * time.Second
	var report strings.Builder
	fmt.Fprintf(&report, "\n%d rows, each measured for %s\n%-22s %-8s %7s | %9s %9s %9s %8s %7s | %9s | %6s %6s %6s %6s\n", rows, span,
		"case", "database", "clients", "carapi/s", "p50", "p99", "p99/p50", "allocs", "query/s", "/query", "/py", "/bare", "/MySQL")
	for _, c := range cases {
		for _, clients := range []int{1, 8, 32} {
			over := func(base string, path func(int) string) contestant {
				return func() (func(int) error, func()) { return asking(b, base, path, clients) }
			}
			query := func(db *sql.DB) contestant { return func() (func(int) error, func()) { return inSQL(b, db, c) } }
			all := map[string]contestant{"MySQL": over(live, c.path), "SQLite": over(copied, c.path), "MySQL's query": query(db.DB), "SQLite's query": query(file.DB)}
			if c.name == deepPage {
				all["page 1"] = over(live, first)
			}
			if onModel[c.name] {
				all["bare"] = over(bareServer.URL, ofModel(""))
				if python != "" {
					all["python"] = over(python, ofModel(""))
				}
			}
			allocated, answered := map[string]float64{}, map[string]float64{}
			metrics := map[string]string{"MySQL": liveMetrics, "SQLite": copiedMetrics}
			for name, url := range metrics {
				allocated[name], answered[name] = metric(b, url, "go_memstats_mallocs_total"), answers(b, url)
			}
			found := inTurn(b, clients, span, all)
			for _, name := range []string{"MySQL", "SQLite"} {
				api, bare := found[name], found[name+"'s query"]
				ratios := []string{fmt.Sprintf("%.2f", api.rate/bare.rate)}
				for _, other := range []string{"python", "bare", "MySQL"} {
					ratio := ""
					if m, ok := found[other]; ok && (name == "MySQL") != (other == "MySQL") {
						ratio = fmt.Sprintf("%.2f", api.rate/m.rate)
					}
					ratios = append(ratios, ratio)
				}
				allocs := (metric(b, metrics[name], "go_memstats_mallocs_total") - allocated[name]) / (answers(b, metrics[name]) - answered[name])
				fmt.Fprintf(&report, "%-22s %-8s %7d | %9.0f %9s %9s %8.1f %7.0f | %9.0f | %6s %6s %6s %6s\n", c.name, name, clients, api.rate,
					api.p50.Round(10*time.Microsecond), api.p99.Round(10*time.Microsecond), float64(api.p99)/float64(api.p50), allocs, bare.rate, ratios[0], ratios[1], ratios[2], ratios[3])
			}
			if m, ok := found["page 1"]; ok {
				fmt.Fprintf(&report, "%s takes %.2f of the time of page 1\n", c.name, m.rate/found["MySQL"].rate)
			}
		}
	}
	// As many clients as are answered at a time, as answered and waiting, and ten times these.
	busy, _ := start(mysql)
	for _, clients := range []int{16, 48, 480} {
		ask, done := asking(b, busy, ofModel(""), clients)
		took, over := hammer(b, clients, span, ask)
		done()
		m := summarize(took, over, span)
		fmt.Fprintf(&report, "MAX_IN_FLIGHT=16, %3d clients: %.0f answers/s, p50 %s, p99 %s; %.0f refused/s\n", clients, m.rate, m.p50.Round(10*time.Microsecond), m.p99.Round(10*time.Microsecond), m.refused)
	}
	for range 4 {
		for before := answers(b, liveMetrics); answers(b, liveMetrics) < before+float64(requests/4); {
			ask, done := asking(b, live, ofModel("&include_total=false"), 8)
			hammer(b, 8, span, ask)
			done()
		}
		fmt.Fprintf(&report, "carapi on MySQL holds %.1f MiB after %.0f requests\n", metric(b, liveMetrics, "process_resident_memory_bytes")/(1<<20), answers(b, liveMetrics))
	}
	fmt.Println(report.String()) // of more than ten lines of a log go test shows none
	b.ReportMetric(0, "ns/op")   // this is no loop over b.N
}

// begin starts a program for the length of the benchmark and waits until it answers.
func begin(b *testing.B, cmd *exec.Cmd, url string) {
	b.Helper()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if res, err := http.Get(url); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			b.Fatalf("%s never answers", url)
		}
	}
}

// metric is the sum of the series that a name, or a name and labels, begins.
func metric(b *testing.B, url, name string) (sum float64) {
	b.Helper()
	_, body := status(url)
	for line := range strings.Lines(body) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if series != name && !strings.HasPrefix(series, name+"{") {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += n
	}
	return sum
}

func answers(b *testing.B, url string) float64 {
	b.Helper()
	return metric(b, url, "carapi_answers_total")
}

// cursorAt is the cursor of a page of 20.
func cursorAt(b *testing.B, base string, page int) string {
	b.Helper()
	cursor := ""
	for at := 0; at < (page-1)*20; {
		limit := min(100, (page-1)*20-at)
		code, body := status(fmt.Sprintf("%s/cars/?include_total=false&fields=id&limit=%d&cursor=%s", base, limit, cursor))
		var a struct {
			Next string `json:"next_cursor"`
		}
		if err := json.Unmarshal([]byte(body), &a); err != nil || code != 200 {
			b.Fatalf("%d %s: %v", code, body, err)
		}
		cursor, at = a.Next, at+limit
	}
	return cursor
}

// asking asks over as many connections as there are clients. It does the least that HTTP/1.1 asks of a
// client: what it costs, the server does not get.
func asking(b *testing.B, base string, path func(int) string, clients int) (ask func(i int) error, done func()) {
	b.Helper()
	address := strings.TrimPrefix(base, "http://")
	type connection struct {
		net.Conn
		*bufio.Reader
	}
	free := make(chan connection, clients)
	for range clients {
		c, err := net.Dial("tcp", address)
		if err != nil {
			b.Fatal(err)
		}
		free <- connection{c, bufio.NewReaderSize(c, 64<<10)}
	}
	done = func() {
		for range clients {
			_ = (<-free).Close()
		}
	}
	return func(i int) error {
		c := <-free
		defer func() { free <- c }()
		if _, err := fmt.Fprintf(c.Conn, "GET %s HTTP/1.1\r\nHost: %s\r\nX-API-Key: %s\r\n\r\n", path(i), address, key); err != nil {
			return err
		}
		status, err := c.ReadString('\n')
		if err != nil {
			return err
		}
		length := -1
		for {
			line, err := c.ReadSlice('\n')
			if err != nil {
				return err
			}
			if len(line) == 2 {
				break
			}
			if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
				if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
					return err
				}
			}
		}
		if length < 0 {
			return fmt.Errorf("%s: %s: no Content-Length", path(i), status)
		}
		_, err = c.Discard(length)
		switch {
		case err != nil:
			return err
		case strings.Contains(status, " 503 "):
			return errRefused
		case !strings.Contains(status, " 200 "):
			return fmt.Errorf("%s: %s", path(i), status)
		}
		return nil
	}, done
}

// inSQL puts the bare query, prepared once, and reads all that it answers.
func inSQL(b *testing.B, db *sql.DB, c asked) (ask func(i int) error, done func()) {
	b.Helper()
	statement, err := db.PrepareContext(context.Background(), c.query)
	if err != nil {
		b.Fatal(err)
	}
	return func(i int) error {
		rows, err := statement.Query(c.args(i)...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		names, err := rows.Columns()
		if err != nil {
			return err
		}
		values := make([]sql.RawBytes, len(names))
		dest := make([]any, len(names))
		for i := range values {
			dest[i] = &values[i]
		}
		n := 0
		for ; rows.Next(); n++ {
			if err := rows.Scan(dest...); err != nil {
				return err
			}
		}
		if n == 0 {
			return fmt.Errorf("%s %v: nothing", c.query, c.args(i))
		}
		return rows.Err()
	}, func() { _ = statement.Close() }
}

// bareHandler is the least program that answers a search by make, model and year: it knows nothing of the
// table, of what people write, of time-outs and of limits. What it reaches is what HTTP and JSON leave.
func bareHandler(b *testing.B, db *sql.DB, query string) http.Handler {
	b.Helper()
	statement, err := db.PrepareContext(context.Background(), query)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = statement.Close() })
	answer := func(w http.ResponseWriter, r *http.Request) error {
		q := r.URL.Query()
		rows, err := statement.QueryContext(r.Context(), q.Get("make"), q.Get("model"), q.Get("year"))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		types, err := rows.ColumnTypes()
		if err != nil {
			return err
		}
		values, dest := make([]sql.RawBytes, len(types)), make([]any, len(types))
		for i := range values {
			dest[i] = &values[i]
		}
		body := append(make([]byte, 0, 16<<10), '[')
		for rows.Next() {
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			for i, t := range types {
				body = append(append(append(body, ",\""...), t.Name()...), "\":"...)
				switch {
				case values[i] == nil:
					body = append(body, "null"...)
				case strings.Contains(t.DatabaseTypeName(), "CHAR") || strings.Contains(t.DatabaseTypeName(), "TEXT") || strings.Contains(t.DatabaseTypeName(), "DATE") || t.DatabaseTypeName() == "TIMESTAMP":
					body = append(append(append(body, '"'), values[i]...), '"')
				default:
					body = append(body, values[i]...)
				}
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, err = w.Write(body)
		return errors.Join(err, rows.Err())
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-API-Key")), []byte(key)) != 1 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if err := answer(w, r); err != nil {
			b.Error(err)
		}
	})
}

// contestant makes what asks, and what ends that, anew for each turn: a server closes connections that are
// not used for a while.
type contestant func() (ask func(i int) error, done func())

// turns are how often each is measured: a machine that is slower for a while is so for all of them.
const turns = 3

// inTurn measures several in turn, each for as long in all.
func inTurn(b *testing.B, clients int, span time.Duration, all map[string]contestant) map[string]measured {
	b.Helper()
	took, refused := map[string][]time.Duration{}, map[string]int64{}
	for range turns {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			ask, done := all[name]()
			t, r := hammer(b, clients, span/turns, ask)
			done()
			took[name], refused[name] = append(took[name], t...), refused[name]+r
		}
	}
	found := map[string]measured{}
	for name := range all {
		found[name] = summarize(took[name], refused[name], span)
	}
	return found
}

func summarize(took []time.Duration, refused int64, span time.Duration) measured {
	slices.Sort(took)
	return measured{float64(len(took)) / span.Seconds(), float64(refused) / span.Seconds(), took[len(took)/2], took[len(took)*99/100]}
}

// hammer asks from so many clients for a while, after a short one that does not count.
func hammer(b *testing.B, clients int, span time.Duration, ask func(i int) error) (took []time.Duration, over int64) {
	b.Helper()
	var next, refused atomic.Int64
	all := make([][]time.Duration, clients)
	for _, warm := range []time.Duration{span / 10, span} {
		var wg sync.WaitGroup
		refused.Store(0)
		end := time.Now().Add(warm)
		for client := range clients {
			all[client] = nil
			wg.Go(func() {
				for begun := time.Now(); begun.Before(end); {
					err := ask(int(next.Add(1)))
					now := time.Now()
					switch {
					case errors.Is(err, errRefused):
						refused.Add(1)
						time.Sleep(50 * time.Millisecond) // far less than Retry-After asks for
						now = time.Now()
					case err != nil:
						b.Error(err)
						return
					default:
						all[client] = append(all[client], now.Sub(begun))
					}
					begun = now
				}
			})
		}
		wg.Wait()
	}
	if took = slices.Concat(all...); len(took) == 0 {
		b.Fatal("nothing was answered")
	}
	return took, refused.Load()
}
