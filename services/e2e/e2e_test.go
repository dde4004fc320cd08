// Package e2e tests and measures syncer and carapi together, each called whole. It is a module of
// its own because neither service may import the other.
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
	"strings"
	"sync"
	"testing"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	carapi "carstock/services/carapi/cli"
	syncer "carstock/services/syncer/cli"
)

const key = "a-key-for-the-tests"

// TestSyncThenSearch copies the stock and then asks both the copy and the original, which must
// give the same bytes.
func TestSyncThenSearch(t *testing.T) {
	mysql := dbtest.Demo(t)
	sqlite := copyOf(t, mysql, "vehicles_view\nvehicles_stock")
	for _, table := range []string{"vehicles_view", "vehicles_stock"} {
		live, copied := serve(t, mysql, table), serve(t, sqlite, table)
		for _, path := range paths() {
			requireSame(t, live, copied, path)
		}
		if n := returned(t, get(t, copied+"/cars/?make=Toyota&model=Camry&year=2023")); n == 0 {
			t.Errorf("%s: no Toyota Camry of 2023", table)
		}
	}
}

// TestColumnsThatCompareDifferently asks both of columns whose values the two databases order,
// round or equate each in its way.
func TestColumnsThatCompareDifferently(t *testing.T) {
	mysql := dbtest.Database(t)
	db := dbtest.Open(t, mysql)
	for _, q := range []string{
		`CREATE TABLE odd (id VARCHAR(9) COLLATE utf8mb4_unicode_ci PRIMARY KEY, make VARCHAR(20) COLLATE utf8mb4_unicode_ci,
			model VARCHAR(20) CHARACTER SET latin1, price DECIMAL(18,2), msrp DECIMAL(10,2) ZEROFILL, mileage FLOAT, photo BLOB)`,
		`INSERT INTO odd VALUES ('a1', 'Straße', 'Golf', 9000, 12.5, 0.1, ''), ('B2', 'Strasse', 'Coupé', 100000, 0, 19999.99, NULL),
			('A10', 'STRASSE', 'coupe', 500.50, NULL, 3, 'x')`,
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	sqlite := copyOf(t, mysql, "odd")
	live, copied := serve(t, mysql, "odd"), serve(t, sqlite, "odd")
	for path, n := range map[string]int{
		"/cars/": 3, "/cars/?limit=1": 1, "/cars/?make=strasse": 3, "/cars/?make=stra%C3%9Fe": 3, "/cars/?model=COUPE": 2,
		"/cars/?price_max=20000": 2, "/cars/?price_min=20000": 1, "/cars/?mileage_max=0.1": 1, "/cars/?mileage_max=19999.99": 3,
	} {
		if got := returned(t, get(t, live+path)); got != n {
			t.Errorf("%s: %d vehicles, want %d", path, got, n)
		}
		requireSame(t, live, copied, path)
	}
	for _, path := range []string{"/cars/a1", "/cars/A1", "/cars/a1%20", "/cars/B2", "/cars/A10?x=1"} {
		requireSame(t, live, copied, path)
	}
	if got := get(t, live+"/cars/B2"); !strings.Contains(got, `"price":100000,"msrp":0,"mileage":19999.99,"photo":null`) {
		t.Error(got)
	}
	if got := get(t, live+"/cars/A1"); !strings.HasPrefix(got, "404") {
		t.Error(got)
	}
}

// copyOf runs syncer over the views and gives how to open the copy.
func copyOf(t *testing.T, mysql dbconn.Config, views string) dbconn.Config {
	t.Helper()
	t.Chdir(t.TempDir()) // where no .env is
	sqlite := dbconn.Config{Driver: dbconn.SQLite, Path: filepath.Join(t.TempDir(), "carstock.db")}
	dbtest.Setenv(t, mysql)
	t.Setenv("SYNC_VIEWS", views)
	t.Setenv("SYNC_PATH", sqlite.Path)
	var out bytes.Buffer
	if code := syncer.Run(t.Context(), []string{"sync"}, &out, &out); code != 0 {
		t.Fatalf("syncer: exit code %d: %s", code, &out)
	}
	return sqlite
}

func requireSame(t *testing.T, live, copied, path string) {
	t.Helper()
	if want, got := get(t, live+path), get(t, copied+path); got != want {
		t.Errorf("%s:\n SQLite %s\n MySQL  %s", path, got, want)
	}
}

// paths are searches of every sort, and every fifth vehicle.
func paths() []string {
	all := []string{"/cars/", "/cars", "/cars/?limit=100", "/cars/0", "/cars/x", "/cars/?nonsense=1"}
	for _, q := range []string{
		"make=Toyota&model=Camry&year=2023", "make=tOYOTA", "make=citroen&limit=100", "make=%C5%A0koda", "model=f150", "model=3+series",
		"color=WHITE&limit=100", "price_min=20000&price_max=30000.5", "price_max=0", "year_min=2024", "year_max=2015&limit=100",
		"mileage_max=10", "make=Trabant", "year=2023.5", "make=%F0%9F%9A%97",
	} {
		all = append(all, "/cars/?"+q)
	}
	for id := 1; id <= 600; id += 5 {
		all = append(all, fmt.Sprintf("/cars/%d", id))
	}
	return all
}

// serve runs carapi over the table, for the length of the test, and returns its URL.
func serve(t *testing.T, c dbconn.Config, table string) string {
	t.Helper()
	dbtest.Setenv(t, c)
	t.Setenv("CARS_TABLE", table)
	t.Setenv("API_KEY", key)
	t.Setenv("HTTP_ADDR", "127.0.0.1:0")
	t.Setenv("QUERY_TIMEOUT", "2m") // what a slow machine does is not tested here
	ctx, stop := context.WithCancel(context.Background())
	log, exit := &log{}, make(chan int, 1)
	go func() { exit <- carapi.Run(ctx, nil, io.Discard, log) }()
	t.Cleanup(func() {
		stop()
		if code := <-exit; code != 0 {
			t.Errorf("carapi: exit code %d: %s", code, log)
		}
	})
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if m := regexp.MustCompile(`"address":"([^"]+)"`).FindStringSubmatch(log.String()); m != nil {
			return "http://" + m[1]
		}
	}
	t.Fatalf("carapi does not listen: %s", log)
	return ""
}

var requestID = regexp.MustCompile(`"request_id":"[^"]+"`)

// get is status and body of an answer, without the request id, which no two answers share.
func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-API-Key", key)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(body) {
		t.Errorf("%s: not JSON: %s", url, body)
	}
	return res.Status + " " + requestID.ReplaceAllString(string(body), "")
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

// log is written by the program while the test reads it.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
