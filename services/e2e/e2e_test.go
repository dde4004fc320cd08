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
	t.Chdir(t.TempDir()) // where no .env is
	sqlite := dbconn.Config{Driver: dbconn.SQLite, Path: filepath.Join(t.TempDir(), "carstock.db")}

	dbtest.Setenv(t, mysql)
	t.Setenv("SYNC_VIEWS", "vehicles_view\nvehicles_stock")
	t.Setenv("SYNC_PATH", sqlite.Path)
	var out bytes.Buffer
	if code := syncer.Run(t.Context(), []string{"sync"}, &out, &out); code != 0 {
		t.Fatalf("syncer: exit code %d: %s", code, &out)
	}
	for _, table := range []string{"vehicles_view", "vehicles_stock"} {
		live, copied := serve(t, mysql, table), serve(t, sqlite, table)
		for _, path := range paths() {
			want, got := get(t, live+path), get(t, copied+path)
			if got != want {
				t.Errorf("%s %s:\n SQLite %s\n MySQL  %s", table, path, got, want)
			}
		}
		if n := returned(t, get(t, copied+"/cars/?make=Toyota&model=Camry&year=2023")); n == 0 {
			t.Errorf("%s: no Toyota Camry of 2023", table)
		}
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
