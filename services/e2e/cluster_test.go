//go:build cluster

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
)

// TestNodeKilled kills the node of a cluster that answers, while requests run without pause. Only requests that were
// under way may fail. deploy/test-cluster.sh runs the test.
func TestNodeKilled(t *testing.T) {
	c := dbtest.Demo(t)
	node, err := strconv.Atoi(os.Getenv("CLUSTER_PID"))
	if err != nil {
		t.Fatal("CLUSTER_PID: ", err)
	}
	t.Chdir(t.TempDir())
	url := serve(t, c, "vehicles_stock", "QUERY_TIMEOUT=5s")
	const clients = 8
	var mu sync.Mutex
	requests, codes, last, gap := 0, map[int]int{}, time.Now(), time.Duration(0)
	end := time.Now().Add(15 * time.Second)
	var wg sync.WaitGroup
	for n := range clients {
		wg.Go(func() {
			for i := n; time.Now().Before(end); i += clients {
				path := fmt.Sprintf("/cars/?id=%d", 1+i%600)
				if i%2 == 0 {
					path = fmt.Sprintf("/cars/?make=toyota&price_max=%d&sort=-year,price&facets=model", 20_000+i%20_000)
				}
				code, _ := getStatus(url + path)
				mu.Lock()
				requests++
				codes[code]++
				if code == 200 {
					gap, last = max(gap, time.Since(last)), time.Now()
				}
				mu.Unlock()
			}
		})
	}
	time.Sleep(5 * time.Second)
	if err := syscall.Kill(node, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	failed := 0
	for code, n := range codes {
		if code != 200 {
			failed += n
		}
		if code != 200 && code != 503 && code != 504 {
			t.Errorf("%d answers of %d", n, code)
		}
	}
	t.Logf("requests: %d, failed: %d, by status: %v; longest time without a good answer: %s", requests,
		failed, codes, gap.Round(time.Millisecond))
	var size struct{ Name, Value string }
	if err := dbtest.Open(t, c).QueryRow("SHOW STATUS LIKE 'wsrep_cluster_size'").Scan(&size.Name,
		&size.Value); err != nil || size.Value != "2" {
		t.Errorf("%q nodes are left: %v", size.Value, err)
	}
	if failed > clients {
		t.Errorf("%d failed requests, more than were under way", failed)
	}
	syncInto(t, c, "vehicles_view(id)", filepath.Join(t.TempDir(), "carstock.db"))
}
