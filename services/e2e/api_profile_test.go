package e2e

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	carapi "carstock/services/carapi/cli"
)

// BenchmarkRequest times single requests to a carapi in this process, for -cpuprofile and -memprofile. BENCH_ROWS is
// the number of rows, 50,000 by default.
func BenchmarkRequest(b *testing.B) {
	rows := benchNumber("BENCH_ROWS", 50_000)
	b.Chdir(b.TempDir()) // a folder without .env
	c := dbtest.Database(b)
	fillTable(b, c, "bench", vehicleColumns(), rows)
	fillTable(b, c, "accented", accentedColumns(), min(rows, accentedRows))
	url := map[bool]string{false: inProcess(b, c, "bench"), true: inProcess(b, c, "accented")}

	cases := append(timedCases(rows), timedCase{name: "default search", path: defaultSearch(rows, "")},
		timedCase{name: "one vehicle", path: func(i int) string { return "/cars/1" }})
	for _, timed := range cases {
		b.Run(timed.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(4)
			var number atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				c := dialConnection(b, url[timed.accented])
				defer func() { _ = c.Close() }()
				for pb.Next() {
					if err := c.get(timed.path(int(number.Add(1))), timed.status); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// inProcess runs carapi on a table until the benchmark ends, and returns its URL.
func inProcess(b *testing.B, c dbconn.Config, table string) string {
	b.Helper()
	address := dbtest.FreeAddress(b)
	dbtest.Setenv(b, c)
	for name, value := range map[string]string{
		"CARS_TABLE": table, "API_KEY": apiKey, "METRICS_ADDR": "off", "HTTP_ADDR": address, "RATE_LIMIT": "off",
		"QUERY_TIMEOUT":     "1m",
		"DB_MAX_OPEN_CONNS": "32", "MAX_IN_FLIGHT": "64",
	} {
		b.Setenv(name, value)
	}

	ctx, stop := context.WithCancel(context.Background())
	exit := make(chan int, 1)
	go func() { exit <- carapi.Run(ctx, []string{}, io.Discard, io.Discard) }()
	b.Cleanup(func() {
		stop()
		<-exit
	})
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if res, err := http.Get("http://" + address + "/readyz"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return "http://" + address
			}
		}
	}
	b.Fatal("carapi is not ready")
	return ""
}
