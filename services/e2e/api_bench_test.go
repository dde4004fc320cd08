package e2e

import (
	"cmp"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

// apiBench is the benchmark of carapi: its table, its programs, and its measurements.
type apiBench struct {
	*testing.B
	benchReport
	rows   int
	span   time.Duration
	mysql  dbconn.Config
	sqlite dbconn.Config

	live     *benchProgram
	accented *benchProgram
	python   string // base URL of the FastAPI program; "" if it is not measured
	bare     string
}

// benchProgram is a running carapi.
type benchProgram struct {
	cmd           *exec.Cmd
	base, metrics string
}

// BenchmarkAPI measures carapi over HTTP, compares the results with the targets, and prints one table. All programs
// share one machine, so only the ratios count. BENCH_ROWS is the number of rows (1,000,000 by default, with 25
// columns), and BENCH_SECONDS is the length of each measurement (3 by default). BENCH_FASTAPI is the command that
// starts the FastAPI program on port $PORT.
func BenchmarkAPI(b *testing.B) {
	a := &apiBench{B: b, rows: benchNumber("BENCH_ROWS", 1_000_000)}
	a.span = time.Duration(benchNumber("BENCH_SECONDS", 3)) * time.Second
	a.setUp()
	defer a.print(fmt.Sprintf("%d vehicles, 25 columns, %s each", a.rows, a.span)) // also if a measurement fails

	a.defaultSearch()
	a.besideOneVehicle()
	a.duringRefreshes()
	a.building()
	a.memoryBesideSnapshot()
	a.history()
	for _, rows := range []int{600, 100_000} {
		a.freshness(rows)
	}
	b.ReportMetric(0, "ns/op") // there is no loop over b.N
}

// setUp builds the programs, fills the tables, copies one of them into a file, and starts the servers.
func (a *apiBench) setUp() {
	dir := a.TempDir()
	out, err := exec.Command("go", "build", "-o", dir, "carstock/services/carapi",
		"carstock/services/syncer").CombinedOutput()
	if err != nil {
		a.Fatalf("build: %v: %s", err, out)
	}
	a.Chdir(dir) // a folder without .env
	a.mysql = dbtest.Database(a)
	a.mysql.MaxOpenConns = 32
	a.sqlite = dbconn.Config{Driver: dbconn.SQLite, Path: filepath.Join(dir, "carstock.db"), MaxOpenConns: 32}
	fillTable(a.B, a.mysql, "bench", vehicleColumns(), a.rows)
	fillTable(a.B, a.mysql, "accented", accentedColumns(), min(a.rows, accentedRows))
	a.exec("SET GLOBAL innodb_buffer_pool_size = 2147483648", "CREATE INDEX by_model ON bench (make, model, year)",
		"ANALYZE TABLE bench")

	a.live = a.start("CARS_TABLE=bench")
	a.accented = a.start("CARS_TABLE=accented")
	if app := os.Getenv("BENCH_FASTAPI"); app != "" {
		address := dbtest.FreeAddress(a)
		cmd := a.command(a.mysql, "sh", "API_KEY="+apiKey, "PORT="+address[strings.LastIndexByte(address, ':')+1:])
		cmd.Args = []string{"sh", "-c", "exec " + app}
		a.python = "http://" + address
		startProgram(a.B, cmd, a.python+"/openapi.json")
	}
	server := httptest.NewServer(bareHandler(a.B, dbtest.Open(a, a.mysql).DB, bareSearch()))
	a.Cleanup(server.Close)
	a.bare = server.URL
}

func (a *apiBench) exec(statements ...string) {
	a.Helper()
	db := dbtest.Open(a, a.mysql)
	for _, q := range statements {
		if _, err := db.Exec(q); err != nil {
			a.Fatal(err)
		}
	}
}

// command returns a command that gets the database's settings in its environment.
func (a *apiBench) command(c dbconn.Config, program string, settings ...string) *exec.Cmd {
	cmd := exec.Command(program)
	cmd.Env = os.Environ()
	for name, value := range dbtest.Environ(c) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, settings...)
	return cmd
}

// start starts carapi on MySQL and waits until it is ready.
func (a *apiBench) start(settings ...string) *benchProgram {
	a.Helper()
	address, metrics := dbtest.FreeAddress(a), dbtest.FreeAddress(a)
	cmd := a.command(a.mysql, "./carapi", append([]string{
		"API_KEY=" + apiKey, "HTTP_ADDR=" + address,
		"METRICS_ADDR=" + metrics, "RATE_LIMIT=off", "QUERY_TIMEOUT=1m", "DB_MAX_OPEN_CONNS=32", "MAX_IN_FLIGHT=64",
	},
		settings...)...)
	startProgram(a.B, cmd, "http://"+address+"/readyz")
	return &benchProgram{cmd, "http://" + address, "http://" + metrics + "/metrics"}
}

// defaultSearch compares the default search with programs that count no matches, and with carapi without the total.
func (a *apiBench) defaultSearch() {
	full := defaultSearch(a.rows, "")
	all := map[string]target{
		"full":  {base: a.live.base, path: full},
		"alone": {base: a.live.base, path: defaultSearch(a.rows, "&include_total=false")},
		"bare":  {base: a.bare, path: full},
	}
	if a.python != "" {
		all["python"] = target{base: a.python, path: full}
	}
	allocated, answered := metric(a.B, a.live.metrics, "go_memstats_mallocs_total"),
		metric(a.B, a.live.metrics, "carapi_answers_total")
	found := measureInTurn(a.B, 8, a.span, all)
	allocated = metric(a.B, a.live.metrics, "go_memstats_mallocs_total") - allocated
	answered = metric(a.B, a.live.metrics, "carapi_answers_total") - answered

	rate := found["full"].rate
	a.note("default search", fmt.Sprintf("%.0f/s, p50 %s, %.0f allocations", rate, found["full"].quantile(0.5),
		allocated/answered))
	if python, ok := found["python"]; ok {
		a.atLeast("default search / FastAPI", rate/python.rate, 5.5, fmt.Sprintf("FastAPI %.0f/s", python.rate))
	}
	a.note("default search / the least program", fmt.Sprintf("%.2f (%.0f/s)", rate/found["bare"].rate, found["bare"].rate))
	a.atLeast("with the total / without it", rate/found["alone"].rate, 0.95, "")
}

// besideOneVehicle compares the median times of single requests with reading one vehicle by its id.
func (a *apiBench) besideOneVehicle() {
	page := min(10_000, a.rows/40)
	all := map[string]target{
		"id":   {base: a.live.base, path: func(i int) string { return fmt.Sprintf("/cars/%d", benchID(i, a.rows)) }},
		"page": {base: a.live.base, path: func(int) string { return "/cars/?include_total=false" }},
		"deep": {base: a.live.base, path: func(int) string { return "" }},
	}
	deep := "/cars/?include_total=false&cursor=" + cursorAt(a.B, a.live.base, page)
	all["deep"] = target{base: a.live.base, path: func(int) string { return deep }}
	for _, c := range timedCases(a.rows) {
		base := a.live.base
		if c.accented {
			base = a.accented.base
		}
		all[c.name] = target{base, c.path, c.status}
	}
	found := measureInTurn(a.B, 1, a.span, all)

	one := found["id"].p50()
	a.note("one vehicle by id", found["id"].quantile(0.5).String())
	for _, c := range timedCases(a.rows) {
		a.atMost(c.name+" / one vehicle", found[c.name].p50()/one, cmp.Or(c.most, 10), found[c.name].quantile(0.5).String())
	}
	a.atMost(fmt.Sprintf("page %d by cursor / page 1", page), found["deep"].p50()/found["page"].p50(), 1.2, "")
}
