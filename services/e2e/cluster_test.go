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

// TestNodeKilled has carapi asked without pause while the node of a cluster that answers is killed. Answers
// may fail that were under way, and no others. deploy/test-cluster.sh runs it.
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
	codes, last, gap := map[int]int{}, time.Now(), time.Duration(0)
	end := time.Now().Add(15 * time.Second)
	var wg sync.WaitGroup
	for n := range clients {
		wg.Go(func() {
			for i := n; time.Now().Before(end); i += clients {
				code, _ := status(fmt.Sprintf("%s/cars/?id=%d", url, 1+i%600))
				mu.Lock()
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
	t.Logf("answers by status %v; the longest time without a good one %s", codes, gap.Round(time.Millisecond))
	if failed > clients {
		t.Errorf("%d requests have failed, more than were under way", failed)
	}
	syncInto(t, c, "vehicles_view(id)", filepath.Join(t.TempDir(), "carstock.db"))
}
