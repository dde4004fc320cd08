package e2e

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"carstock/pkg/dbconn/dbtest"
)

// duringRefreshes measures searches while the index is refreshed three times.
func (a *apiBench) duringRefreshes() {
	refreshes := func() float64 { return metric(a.B, a.live.metrics, "carapi_index_refreshes_total") }
	var took []time.Duration
	before := refreshes()
	for len(took) == 0 || refreshes() < before+3 {
		took = append(took, measureLatencies(a.B, 8, a.span, target{base: a.live.base, path: defaultSearch(a.rows, "")})...)
	}
	slices.Sort(took)
	l := latencies{took: took}
	a.atMost("p99 / p50 of the default search", float64(l.quantile(0.99))/float64(l.quantile(0.5)), 4,
		fmt.Sprintf("p99 %s, %.0f refreshes", l.quantile(0.99), refreshes()-before))

	most := 600.0
	if a.rows <= 50_000 {
		most = 90
	}
	a.atMost("peak RSS, one source, MiB", processMemory(a.B, a.live.cmd.Process.Pid, "VmHWM"), most,
		fmt.Sprintf("now %.0f", processMemory(a.B, a.live.cmd.Process.Pid, "VmRSS")))
	a.note("heap of one generation, MiB", fmt.Sprintf("%.0f", metric(a.B, a.live.metrics, "carapi_index_bytes")/(1<<20)))
}

var checkedRefresh = regexp.MustCompile(`(?m)^ *refresh +(\S+);`)

// building compares the times that `carapi check` reports, for reading and building the index, with reading the same
// rows alone.
func (a *apiBench) building() {
	var builds, reads []time.Duration
	for range benchRuns {
		cmd := a.command(a.mysql, "./carapi", "CARS_TABLE=bench")
		cmd.Args = append(cmd.Args, "check")
		out, err := cmd.CombinedOutput()
		m := checkedRefresh.FindSubmatch(out)
		if err != nil || m == nil {
			a.Fatalf("check: %v: %s", err, out)
		}
		took, err := time.ParseDuration(string(m[1]))
		if err != nil {
			a.Fatal(err)
		}
		builds = append(builds, took)
		reads = append(reads, timeRun(a.B, func() error { return readRows(a.mysql, "bench") }))
	}
	build, read := median(builds), median(reads)
	a.atMost("reading and building the index / reading alone", build.Seconds()/read.Seconds(), 2, fmt.Sprintf("%s / %s",
		build, read.Round(time.Millisecond)))
}

// memoryBesideSnapshot measures the memory of carapi while it holds two indexes: of MySQL's table and of the
// snapshot.
func (a *apiBench) memoryBesideSnapshot() {
	copying := a.command(a.mysql, "./syncer", "SYNC_VIEWS=bench(id)", "SYNC_PATH="+a.sqlite.Path)
	copying.Args = append(copying.Args, "sync", "--quiet")
	if out, err := copying.CombinedOutput(); err != nil {
		a.Fatalf("sync: %v: %s", err, out)
	}
	p := a.start("CARS_TABLE=bench", "SNAPSHOT_PATH="+a.sqlite.Path)
	a.exec("RENAME TABLE bench TO bench_away")
	for c := dialConnection(a.B, p.base); ; time.Sleep(100 * time.Millisecond) {
		if c.get("/cars/?limit=1", 0) == nil && strings.Contains(string(c.body), `"source":"snapshot"`) {
			break
		}
	}
	a.exec("RENAME TABLE bench_away TO bench")
	for range 3 {
		measureLatencies(a.B, 8, a.span, target{base: p.base, path: defaultSearch(a.rows, "")})
	}
	a.note("RSS with a snapshot's index beside it, MiB",
		fmt.Sprintf("%.0f, peak %.0f", processMemory(a.B, p.cmd.Process.Pid, "VmRSS"),
			processMemory(a.B, p.cmd.Process.Pid, "VmHWM")))
}

// freshnessRuns is the number of changes that freshness measures.
const freshnessRuns = 20

// freshness measures the time from a commit until answers show the change, under constant requests.
func (a *apiBench) freshness(rows int) {
	table := fmt.Sprintf("fresh_%d", rows)
	fillTable(a.B, a.mysql, table, vehicleColumns(), rows)
	db := dbtest.Open(a, a.mysql)
	p := a.start("CARS_TABLE=" + table)
	defer func() { _ = p.cmd.Process.Kill() }()
	c := dialConnection(a.B, p.base)
	total := func(path string) int {
		if err := c.get(path, 0); err != nil {
			a.Fatal(err)
		}
		var found struct{ Total int }
		if err := json.Unmarshal(c.body, &found); err != nil {
			a.Fatal(err)
		}
		return found.Total
	}

	worst := time.Duration(0)
	for run := range freshnessRuns {
		path := fmt.Sprintf("/cars/?mileage=%d&fields=id", 1_000_000+run)
		pause := time.Now().Add(time.Duration(run) * 37 * time.Millisecond)
		for time.Now().Before(pause) {
			total(path)
			time.Sleep(time.Millisecond)
		}
		if _, err := db.Exec("UPDATE "+table+" SET mileage = ? WHERE id = ?", 1_000_000+run, run+1); err != nil {
			a.Fatal(err)
		}
		for committed := time.Now(); ; {
			found := total(path)
			worst = max(worst, time.Since(committed))
			if found == 1 {
				break
			}
		}
	}
	most := 1.0
	if rows > 600 {
		most = 5
	}
	a.atMost(fmt.Sprintf("a change appears, %d vehicles, seconds", rows), worst.Seconds(), most,
		fmt.Sprintf("worst of %d", freshnessRuns))
}
