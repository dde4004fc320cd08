package cli_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"testing"
	"text/tabwriter"

	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/snapshot"
)

// envNumber reads a number of at least least from an environment variable, or returns standard.
func envNumber(t *testing.T, variable string, standard, least int) int {
	t.Helper()
	s := os.Getenv(variable)
	if s == "" {
		return standard
	}

	n, err := strconv.Atoi(s)
	if err != nil || n < least {
		t.Fatalf("%s: %q: expected a number of %d or more", variable, s, least)
	}
	return n
}

// sample is the resources of a process after a number of runs.
type sample struct {
	run                                    int
	rss, goroutines, descriptors, fileSize float64
}

// A service needs no more resources after many runs over changing data than after a few: alone, and with a change
// history, patterns and a copy on another machine.
func TestServiceStaysFlat(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		views, history string
		pulls          bool
	}{
		"alone":                           {views: "cars(id); log", history: "off"},
		"with history, patterns and pull": {views: "*; -secret_*", history: "90d", pulls: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireFlat(t, test.views, test.history, test.pulls)
		})
	}
}

func requireFlat(t *testing.T, views, history string, pulls bool) {
	t.Helper()
	s := newSource(t, views, "CREATE TABLE cars (id INT PRIMARY KEY, price INT, pad VARCHAR(200))",
		"CREATE TABLE log (at INT)",
		"CREATE TABLE secret_prices (id INT)",
		"INSERT INTO cars VALUES "+insertValues(0, 2000, "(%[1]d, %[1]d, REPEAT('x', 200))"),
		"INSERT INTO log VALUES "+insertValues(0, 500, "(%d)"))
	addr := dbtest.FreeAddress(t)
	s.set("SYNC_HTTP_ADDR", addr)
	s.set("SYNC_SCHEDULE", "0 0 1 1 *") // runs are requested, so that the process rests between two runs
	s.set("SYNC_HTTP_TOKEN", pullToken)
	s.set("SYNC_HISTORY", history)
	total := envNumber(t, "SOAK_RUNS", 10, 10)
	there := newPuller(t)
	up := s.serveProcess(t, addr)

	var samples []sample
	for number := 1; number <= total; number++ {
		if number > 1 {
			waitUntil(t, "a run that begins", func() bool {
				return up.post(t, "Bearer "+pullToken) == http.StatusAccepted
			})
		}
		waitUntil(t, "a run", func() bool { return s.lastGoodRun(t) >= number })

		if number%(total/10) == 0 {
			samples = append(samples, up.sampleAtRest(t, number))
			if pulls {
				there.mustPull(t, up.url)
				requireRows(t, readEverything(t, there.path), readEverything(t, s.path))
			}
		}

		dbtest.MustExec(t, s.mysql, fmt.Sprintf("UPDATE cars SET price = price + 1 WHERE id %% 10 = %d", number%10),
			fmt.Sprintf("DELETE FROM cars WHERE id = %d", number),
			fmt.Sprintf("INSERT INTO cars VALUES (%d, 1, REPEAT('y', 200))", 10000+number),
			"UPDATE log SET at = at + 1 WHERE at % 7 = 0")
	}
	t.Log(sampleTable(samples))

	// The first sample does not count: caches fill, and the history of runs begins.
	first, last := samples[1], samples[len(samples)-1]
	if last.rss > first.rss*1.3+5 || last.goroutines > first.goroutines+5 || last.descriptors > first.descriptors+3 {
		t.Errorf("resources grow: %+v, then %+v", first, last)
	}

	// The record of a run takes some 200 bytes for each table.
	grown, runs, changes := last.fileSize-first.fileSize, float64(last.run-first.run), 0.0
	if history != "off" { // each change takes some 200 bytes, and entries in two indexes
		changes = runs * 202
	}
	if grown > 50+runs*0.8+changes*0.4 {
		t.Errorf("the file has grown by %.0f KiB over %.0f runs and %.0f changes", grown, runs, changes)
	}
}

// serveProcess starts syncer serve in a process of its own, and stops it when the test ends.
func (s *syncer) serveProcess(t *testing.T, addr string) service {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	c := s.child(t, self, "serve")
	var log bytes.Buffer
	c.Stderr = &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := c.Wait(); err != nil {
			t.Errorf("after SIGTERM: %v", err)
		}
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return service{url: "http://" + addr}
}

// lastGoodRun returns the number of the last run, or 0 before the first one. A run that failed fails the test.
func (s *syncer) lastGoodRun(t *testing.T) int {
	t.Helper()
	history, err := snapshot.ReadHistory(s.path, 1)
	if err != nil || len(history.Runs) == 0 {
		return 0
	}

	last := history.Runs[0]
	if last.Status != snapshotfile.RunOK {
		t.Fatalf("a run has %s: %s", last.Status, last.Error)
	}
	return int(last.ID)
}

// sampleAtRest measures the process between two runs, because the resources of a run in progress vary.
func (up service) sampleAtRest(t *testing.T, number int) sample {
	t.Helper()
	var now map[string]string
	waitUntil(t, "a moment between two runs", func() bool {
		now = up.metrics(t)
		return now["syncer_running"] == "0"
	})

	value := func(series string) float64 {
		f, err := strconv.ParseFloat(now[series], 64)
		if err != nil {
			t.Fatalf("%s: %v", series, err)
		}
		return f
	}

	return sample{
		run: number, rss: value("process_resident_memory_bytes") / (1 << 20), goroutines: value("go_goroutines"),
		descriptors: value("process_open_fds"), fileSize: value("syncer_file_bytes") / 1024,
	}
}

func sampleTable(samples []sample) string {
	var table bytes.Buffer
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "\nruns\tRSS MiB\tgoroutines\tdescriptors\tfile KiB\t\n")
	for _, x := range samples {
		fmt.Fprintf(tw, "%d\t%.1f\t%.0f\t%.0f\t%.0f\t\n", x.run, x.rss, x.goroutines, x.descriptors, x.fileSize)
	}
	_ = tw.Flush()
	return table.String()
}
