package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// start runs the program with the flags on a free port and returns its address.
func start(t testing.TB, args ...string) string {
	t.Helper()
	address, lines, stop := startStoppable(t, args...)
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	t.Cleanup(func() {
		if code := stop(); code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
	})
	return address
}

// startStoppable is start for a test that reads the lines after the first one, which it must do, and stops the program.
func startStoppable(t testing.TB, args ...string) (address string, lines *bufio.Reader, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	stdout, out := io.Pipe()
	var stderr bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"-listen", "127.0.0.1:0"}, args...), out, &stderr)
		_ = out.Close()
	}()
	stop = sync.OnceValue(func() int {
		cancel()
		return <-code
	})

	lines = bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("exit code %d before it was ready: %s", stop(), stderr.String())
	}

	address, ok := strings.CutPrefix(line, "demodb: ready on ")
	address, _, _ = strings.Cut(address, " ")
	if !ok || !strings.HasSuffix(line, " (database vehicles_db)\n") {
		t.Errorf("first line %q", line)
	}
	return address, lines, stop
}

func TestStopsOnSignal(t *testing.T) {
	address, _, stop := startStoppable(t)
	if code := stop(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if conn, err := net.Dial("tcp", address); err == nil {
		_ = conn.Close()
		t.Error("still listens after it stopped")
	}
}

// Each SIGHUP runs the scripts of the later folder.
func TestLater(t *testing.T) {
	first, later := t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(first, "01.sql"), "CREATE TABLE t (a INT); INSERT INTO t VALUES (1); "+
		"CREATE USER 'reader'@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON t TO 'reader'@'%';\n")
	writeFile(t, filepath.Join(later, "01.sql"), "UPDATE t SET a = a + 1;\n")
	address, lines, stop := startStoppable(t, "-sql", first, "-later", later)
	defer stop()
	db := open(t, address, "reader", "secret", "vehicles_db")
	db.SetMaxIdleConns(0) // a connection of this library keeps seeing the rows of its first statement

	// Nobody reads while a script runs: the library may undo what was written during a read.
	for want := 1; want <= 3; want++ {
		if want > 1 {
			if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			if line, err := lines.ReadString('\n'); err != nil || line != "demodb: changed by "+later+"\n" {
				t.Fatalf("%q, %v", line, err)
			}
		}

		got := 0
		if err := db.QueryRow("SELECT a FROM t").Scan(&got); err != nil || got != want {
			t.Fatalf("%d, %v, want %d", got, err, want)
		}
	}

	if code := stop(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

func TestComplaints(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	broken := t.TempDir()
	writeFile(t, filepath.Join(broken, "01-good.sql"), "-- first\nCREATE TABLE t (a INT);\n")
	writeFile(t, filepath.Join(broken, "02-bad.sql"),
		"-- a ; in a comment\nINSERT INTO t VALUES (1);\n\nINSERT INTO nowhere VALUES ('a;b');\n")

	for name, c := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"taken port": {
			[]string{"-listen", taken.Addr().String()}, 1, []string{taken.Addr().String(), "taken", "-listen"},
		},
		"all interfaces":  {[]string{"-listen", ":13306"}, 1, []string{"-listen", "loopback"}},
		"another machine": {[]string{"-listen", "192.0.2.1:13306"}, 1, []string{"-listen", "loopback"}},
		"no port":         {[]string{"-listen", "127.0.0.1"}, 1, []string{"-listen"}},
		"broken script": {
			[]string{"-listen", "127.0.0.1:0", "-sql", broken}, 1, []string{"02-bad.sql", "statement 2", "nowhere"},
		},
		"no scripts":     {[]string{"-listen", "127.0.0.1:0", "-sql", t.TempDir()}, 1, []string{"-sql", "no *.sql files"}},
		"unknown flag":   {[]string{"-port", "1"}, 2, []string{"-port"}},
		"stray argument": {[]string{"start"}, 2, []string{"start"}},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), c.args, &stdout, &stderr); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if stdout.Len() > 0 {
				t.Errorf("stdout %q", stdout.String())
			}

			for _, part := range c.says {
				if !strings.Contains(stderr.String(), part) {
					t.Errorf("stderr %q does not say %q", stderr.String(), part)
				}
			}

			if c.code == 1 && strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("stderr %q is not one line", stderr.String())
			}
		})
	}
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
