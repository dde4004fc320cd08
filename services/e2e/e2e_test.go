// Package e2e tests and measures syncer and carapi together, each as a whole program. It is a separate module because
// neither service may import the other.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	carapi "carstock/services/carapi/cli"
	syncer "carstock/services/syncer/cli"
)

const apiKey = "a-key-for-the-tests"

// TestSyncThenSearch copies the stock, and then sends the same requests to the copy and to the original. The answers
// must be the same bytes.
func TestSyncThenSearch(t *testing.T) {
	mysql := dbtest.Demo(t)
	sqlite := copyViews(t, mysql, "vehicles_view\nvehicles_stock")
	for _, table := range []string{"vehicles_view", "vehicles_stock"} {
		live, copied := serve(t, mysql, table), serve(t, sqlite, table)
		for _, path := range searchPaths() {
			requireSame(t, live, copied, path)
		}
		if n := returned(t, getText(t, copied+"/cars/?make=Toyota&model=Camry&year=2023")); n == 0 {
			t.Errorf("%s: no Toyota Camry of 2023", table)
		}
	}
}

// TestColumnsThatCompareDifferently searches columns whose values MySQL and SQLite order, round or compare
// differently.
func TestColumnsThatCompareDifferently(t *testing.T) {
	mysql := dbtest.Database(t)
	db := dbtest.Open(t, mysql)
	for _, q := range []string{
		`CREATE TABLE odd (id VARCHAR(9) COLLATE utf8mb4_unicode_ci PRIMARY KEY, make VARCHAR(20) COLLATE utf8mb4_unicode_ci,
			model VARCHAR(20) CHARACTER SET latin1, price DECIMAL(18,2), msrp DECIMAL(10,2) ZEROFILL, mileage FLOAT,
			photo BLOB)`,
		`INSERT INTO odd VALUES ('a1', 'Straße', 'Golf', 9000, 12.5, 0.1, ''),
			('B2', 'Strasse', 'Coupé', 100000, 0, 19999.99, NULL),
			('A10', 'STRASSE', 'coupe', 500.50, NULL, 3, 'x')`,
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	sqlite := copyViews(t, mysql, "odd")
	live, copied := serve(t, mysql, "odd"), serve(t, sqlite, "odd")
	for path, n := range map[string]int{
		"/cars/": 3, "/cars/?limit=1": 1, "/cars/?make=strasse": 3, "/cars/?make=stra%C3%9Fe": 3, "/cars/?model=COUPE": 2,
		"/cars/?price_max=20000": 2, "/cars/?price_min=20000": 1, "/cars/?mileage_max=0.1": 1,
		"/cars/?mileage_max=19999.99": 3,
	} {
		if got := returned(t, getText(t, live+path)); got != n {
			t.Errorf("%s: %d vehicles, want %d", path, got, n)
		}
		requireSame(t, live, copied, path)
	}
	for _, path := range []string{"/cars/a1", "/cars/A1", "/cars/a1%20", "/cars/B2", "/cars/A10?x=1"} {
		requireSame(t, live, copied, path)
	}
	if got := getText(t, live+"/cars/B2"); !strings.Contains(got, `"price":100000,"msrp":0,"mileage":19999.99}`) {
		t.Error(got)
	}
	if got := getText(t, live+"/cars/A1"); !strings.HasPrefix(got, "404") {
		t.Error(got)
	}
}

// copyViews copies the views with syncer, and returns how to open the copy.
func copyViews(t *testing.T, mysql dbconn.Config, views string) dbconn.Config {
	t.Helper()
	t.Chdir(t.TempDir()) // a folder without .env
	sqlite := dbconn.Config{Driver: dbconn.SQLite, Path: filepath.Join(t.TempDir(), "carstock.db")}
	syncInto(t, mysql, views, sqlite.Path)
	return sqlite
}

func syncInto(t *testing.T, mysql dbconn.Config, views, path string) {
	t.Helper()
	dbtest.Setenv(t, mysql)
	t.Setenv("SYNC_VIEWS", views)
	t.Setenv("SYNC_PATH", path)
	var out bytes.Buffer
	if code := syncer.Run(t.Context(), []string{"sync"}, &out, &out); code != 0 {
		t.Fatalf("syncer: exit code %d: %s", code, &out)
	}
}

// startSyncer runs syncer serve with the settings of the environment until the test ends. Its exit code must be 0.
func startSyncer(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	log, ended := &dbtest.Log{}, make(chan int, 1)
	go func() { ended <- syncer.Run(ctx, []string{"serve"}, log, log) }()

	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("syncer: exit code %d: %s", code, log)
		}
	})
}

func requireSame(t *testing.T, live, copied, path string) {
	t.Helper()
	if want, got := getText(t, live+path), getText(t, copied+path); got != want {
		i := 0 // the first byte that differs
		for i < min(len(got), len(want)) && got[i] == want[i] {
			i++
		}
		i = max(i-200, 0)
		t.Errorf("%s:\n SQLite %s\n MySQL  %s", path, got[i:], want[i:])
	}
}

// searchPaths returns searches of every kind, and the path of every fifth vehicle.
func searchPaths() []string {
	all := []string{"/cars/", "/cars", "/cars/?limit=100", "/cars/0", "/cars/x", "/cars/?nonsense=1"}
	for _, q := range []string{
		"make=Toyota&model=Camry&year=2023", "make=tOYOTA", "make=citroen&limit=100", "make=%C5%A0koda", "model=f150",
		"model=3+series", "color=WHITE&limit=100", "price_min=20000&price_max=30000.5", "price_max=0", "year_min=2024",
		"year_max=2015&limit=100", "mileage_max=10", "make=Trabant", "year=2023.5", "make=%F0%9F%9A%97",
	} {
		all = append(all, "/cars/?"+q)
	}
	for id := 1; id <= 600; id += 5 {
		all = append(all, fmt.Sprintf("/cars/%d", id))
	}
	return all
}

// serve runs carapi on the table until the test ends, and returns its URL.
func serve(t *testing.T, c dbconn.Config, table string, settings ...string) string {
	t.Helper()
	url, _ := serveLogged(t, c, table, settings...)
	return url
}

// serveLogged also returns the log. Settings are NAME=value, and override the defaults of all tests.
func serveLogged(t *testing.T, c dbconn.Config, table string, settings ...string) (string, *dbtest.Log) {
	t.Helper()
	configure(t, c, table, settings...)
	ctx, stop := context.WithCancel(context.Background())
	log, exit := &dbtest.Log{}, make(chan int, 1)
	go func() {
		exit <- carapi.Run(ctx, nil, io.Discard, log)
		close(exit)
	}()
	t.Cleanup(func() {
		stop()
		if code := <-exit; code != 0 {
			t.Errorf("carapi: exit code %d: %s", code, log)
		}
		if strings.Contains(log.String(), `"msg":"panic"`) {
			t.Errorf("carapi panicked: %s", log)
		}
	})
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case code := <-exit:
			t.Fatalf("carapi ended: exit code %d: %s", code, log)
		default:
		}
		if m := regexp.MustCompile(`"address":"([^"]+)"`).FindStringSubmatch(log.String()); m != nil {
			return "http://" + m[1], log
		}
	}
	t.Fatalf("carapi does not listen: %s", log)
	return "", nil
}

func configure(t *testing.T, c dbconn.Config, table string, settings ...string) {
	t.Helper()
	dbtest.Setenv(t, c)
	for _, s := range append([]string{
		"CARS_TABLE=" + table, "CARS_FIELDS=", "CARS_HIDE=", "CARS_UNITS=", "API_KEY=" + apiKey, "METRICS_ADDR=off",
		"HTTP_ADDR=127.0.0.1:0", "RATE_LIMIT=off", "SOURCE=", "SNAPSHOT_PATH=", "SNAPSHOT_TABLE=",
		"QUERY_TIMEOUT=10m", // the tests must also pass on a slow machine
	}, settings...) {
		name, value, _ := strings.Cut(s, "=")
		t.Setenv(name, value)
	}
}

// startRefused starts carapi, which must exit without a signal. It returns the exit code and the output.
func startRefused(t *testing.T, c dbconn.Config, table string, settings ...string) (int, string) {
	t.Helper()
	configure(t, c, table, settings...)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	log := &dbtest.Log{}
	go func() { // stops a carapi that starts nevertheless, with exit code 0
		for ctx.Err() == nil && !strings.Contains(log.String(), "listening") {
			time.Sleep(20 * time.Millisecond)
		}
		cancel()
	}()
	code := carapi.Run(ctx, nil, log, log)
	return code, log.String()
}

// newTables makes the same tables in MySQL and in a SQLite file that syncer has not made. SQLite has no COMMENT, so
// it is left out there.
func newTables(t *testing.T, statements ...string) map[string]*customSchema {
	t.Helper()
	t.Chdir(t.TempDir()) // a folder without .env
	both := map[string]*customSchema{}
	mysql := dbtest.Database(t)
	both["MySQL"] = &customSchema{mysql, dbtest.Open(t, mysql)}
	sqlite, file := dbtest.SQLite(t)
	both["SQLite"] = &customSchema{sqlite, file}
	for _, q := range statements {
		both["MySQL"].exec(t, q)
		both["SQLite"].exec(t, commentClause.ReplaceAllString(q, ""))
	}
	return both
}

var commentClause = regexp.MustCompile(` COMMENT '[^']*'`)

type customSchema struct {
	config dbconn.Config
	db     *sqlx.DB
}

func (o *customSchema) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := o.db.Exec(statement, args...); err != nil {
		t.Fatalf("%s: %v", statement[:min(len(statement), 200)], err)
	}
}

// volatileMembers matches the members that differ between answers or databases: the request's id, source and as_of.
var volatileMembers = regexp.MustCompile(`"request_id":"[^"]+"|"source":"(live|snapshot)","as_of":"[^"]+"`)

// getText returns status and body of an answer, without the members that differ between requests.
func getText(t *testing.T, url string) string {
	t.Helper()
	code, body := getStatus(url)
	if code == 0 || !json.Valid([]byte(body)) {
		t.Fatalf("%s: not JSON: %d %s", url, code, body)
	}
	return strconv.Itoa(code) + " " + http.StatusText(code) + " " + volatileMembers.ReplaceAllString(body, `"own":0`)
}

func returned(t *testing.T, answer string) (n int) {
	t.Helper()
	_, body, _ := strings.Cut(answer, "{")
	var a struct{ Returned int }
	if err := json.Unmarshal([]byte("{"+body), &a); err != nil {
		t.Fatal(err)
	}
	return a.Returned
}
