package cli_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"
	"text/tabwriter"
	"time"

	"carstock/services/syncer/internal/snapshot"
)

// passes is how many passes TestServiceStaysFlat makes: SOAK_PASSES, or a few.
func passes(t *testing.T) int {
	t.Helper()
	n := 10
	if s := os.Getenv("SOAK_PASSES"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 10 {
			t.Fatalf("SOAK_PASSES: %q: expected 10 or more", s)
		}
	}
	return n
}

// sample is what a process holds after so many passes.
type sample struct {
	pass                                   int
	rss, goroutines, descriptors, fileSize float64
}

// A service that works for months holds no more after many passes over changing data than after few.
func TestServiceStaysFlat(t *testing.T) {
	mysql, path := source(t, "cars(id); log", "CREATE TABLE cars (id INT PRIMARY KEY, price INT, pad VARCHAR(200))", "CREATE TABLE log (at INT)",
		"INSERT INTO cars VALUES "+values(0, 2000, "(%[1]d, %[1]d, REPEAT('x', 200))"), "INSERT INTO log VALUES "+values(0, 500, "(%d)"))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	t.Setenv("SYNC_HTTP_ADDR", addr)
	t.Setenv("SYNC_SCHEDULE", "@every 2s")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := child(t, self, "run")
	var log bytes.Buffer
	c.Stderr = &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		_ = c.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	s := service{url: "http://" + addr}
	done := func() int {
		runs, err := snapshot.Runs(path, 1)
		if err != nil || len(runs) == 0 {
			return 0
		}
		if runs[0].Status != snapshot.OK {
			t.Fatalf("a pass has %s: %s", runs[0].Status, runs[0].Error)
		}
		return int(runs[0].ID)
	}
	number := func(series string) float64 {
		f, err := strconv.ParseFloat(s.metric(t, series), 64)
		if err != nil {
			t.Fatalf("%s: %v", series, err)
		}
		return f
	}
	var samples []sample
	total, every := passes(t), max(1, passes(t)/10)
	for pass, changed := 0, -1; pass < total; time.Sleep(50 * time.Millisecond) {
		if pass = done(); pass == changed {
			continue
		}
		changed = pass
		exec(t, mysql, fmt.Sprintf("UPDATE cars SET price = price + 1 WHERE id %% 10 = %d", pass%10),
			fmt.Sprintf("DELETE FROM cars WHERE id = %d", pass), fmt.Sprintf("INSERT INTO cars VALUES (%d, 1, REPEAT('y', 200))", 10000+pass),
			"UPDATE log SET at = at + 1 WHERE at % 7 = 0")
		if pass > 0 && pass%every == 0 {
			samples = append(samples, sample{pass, number("process_resident_memory_bytes") / (1 << 20), number("go_goroutines"), number("process_open_fds"), number("syncer_file_bytes") / 1024})
		}
	}
	var table bytes.Buffer
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "\npasses\tRSS MiB\tgoroutines\tdescriptors\tfile KiB\t\n")
	for _, x := range samples {
		fmt.Fprintf(tw, "%d\t%.1f\t%.0f\t%.0f\t%.0f\t\n", x.pass, x.rss, x.goroutines, x.descriptors, x.fileSize)
	}
	_ = tw.Flush()
	t.Log(table.String())

	// The first sample is left out: caches fill, and the history of runs begins.
	first, last := samples[1], samples[len(samples)-1]
	if last.rss > first.rss*1.3+5 || last.goroutines > first.goroutines+5 || last.descriptors > first.descriptors+3 {
		t.Errorf("it grows: %+v, and then %+v", first, last)
	}
	// A run remembered takes some 200 bytes for each table.
	if grown, history := last.fileSize-first.fileSize, float64(last.pass-first.pass); grown > 50+history*0.8 {
		t.Errorf("the file has grown by %.0f KiB over %.0f passes", grown, history)
	}
}
