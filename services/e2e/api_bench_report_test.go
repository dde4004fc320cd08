package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// benchReport collects the measurements.
type benchReport struct{ lines []reportLine }

type reportLine struct{ name, measured, target, met string }

// atLeast adds a ratio and the target that it should reach.
func (r *benchReport) atLeast(name string, measured, target float64, more string) {
	r.add(name, measured, fmt.Sprintf(">= %.2f", target), measured >= target, more)
}

// atMost adds a ratio and the target that it should not exceed.
func (r *benchReport) atMost(name string, measured, target float64, more string) {
	r.add(name, measured, fmt.Sprintf("<= %g", target), measured <= target, more)
}

func (r *benchReport) add(name string, measured float64, target string, met bool, more string) {
	text := map[bool]string{true: "met", false: "NOT MET"}[met]
	if more != "" {
		more = " (" + more + ")"
	}
	r.lines = append(r.lines, reportLine{name, fmt.Sprintf("%.2f%s", measured, more), target, text})
}

// note adds a measurement without a target.
func (r *benchReport) note(name, measured string) {
	r.lines = append(r.lines, reportLine{name: name, measured: measured})
}

// print writes the table to standard output, because go test truncates long logs.
func (r *benchReport) print(title string) {
	tw := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "\n%s\ncase\tmeasured\ttarget\t\n", title)
	for _, l := range r.lines {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", l.name, l.measured, l.target, l.met)
	}
	_ = tw.Flush()
}

// benchNumber reads a number from the environment, or returns otherwise.
func benchNumber(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// startProgram starts a program that ends with the benchmark, and waits until it answers.
func startProgram(b *testing.B, cmd *exec.Cmd, url string) {
	b.Helper()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if res, err := http.Get(url); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			b.Fatalf("%s never answers", url)
		}
	}
}

// metric returns the sum of all series of a name, or of a name with labels.
func metric(b *testing.B, url, name string) (sum float64) {
	b.Helper()
	_, body := getStatus(url)
	for line := range strings.Lines(body) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if series != name && !strings.HasPrefix(series, name+"{") {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += n
	}
	return sum
}

// processMemory returns a memory entry of a process, such as VmHWM, in MiB.
func processMemory(b *testing.B, pid int, entry string) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), entry+":")
	kib, err := strconv.ParseFloat(strings.Fields(after)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kib / (1 << 10)
}

// cursorAt returns the cursor of a page of 20 vehicles.
func cursorAt(b *testing.B, base string, page int) string {
	b.Helper()
	c := dialConnection(b, base)
	defer func() { _ = c.Close() }()
	cursor := ""
	for at := 0; at < (page-1)*20; {
		limit := min(100, (page-1)*20-at)
		path := fmt.Sprintf("/cars/?include_total=false&fields=id&limit=%d&cursor=%s", limit, cursor)
		if err := c.get(path, 0); err != nil {
			b.Fatal(err)
		}
		var a struct {
			Next string `json:"next_cursor"`
		}
		if err := json.Unmarshal(c.body, &a); err != nil {
			b.Fatal(err)
		}
		cursor, at = a.Next, at+limit
	}
	return cursor
}
