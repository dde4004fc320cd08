package cli_test

import (
	"bytes"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
)

// memoryLimit is the memory limit of a run over large rows.
const memoryLimit = 256 << 20

// cgroup makes a group of processes with that memory and no swap, and returns the command line that starts a command in
// it. It returns nil if this user may not make one.
func cgroup(t *testing.T) []string {
	t.Helper()
	dir := filepath.Join("/sys/fs/cgroup", fmt.Sprintf("syncer-test-%d", os.Getpid()))
	limits := map[string]int{"memory.max": memoryLimit, "memory.swap.max": 0}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err != nil { // version 1
		dir = filepath.Join("/sys/fs/cgroup/memory", filepath.Base(dir))
		limits = map[string]int{"memory.limit_in_bytes": memoryLimit}
	}

	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Logf("no cgroup: %v", err)
		return nil
	}
	t.Cleanup(func() { _ = os.Remove(dir) })
	for name, limit := range limits {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strconv.Itoa(limit)), 0o644); err != nil &&
			name != "memory.swap.max" {
			t.Logf("no cgroup: %v", err)
			return nil
		}
	}

	return []string{"sh", "-c", `echo $$ > "$0/cgroup.procs" && exec "$@"`, dir}
}

// Rows of 16 MiB, and changes of them, are copied within 256 MiB: in a container of that size, or measured if none can
// be made.
func TestLargeRowsInLittleMemory(t *testing.T) {
	t.Parallel()

	// The test's own binary may use the race detector, which takes several times the memory.
	program := filepath.Join(t.TempDir(), "syncer")
	if out, err := osexec.Command("go", "build", "-o", program, "carstock/services/syncer").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}

	server := dbtest.NewServer(t)
	admin := dbtest.Open(t, server.Admin)
	dbtest.MustExec(t, admin, "SET GLOBAL max_allowed_packet = 64 << 20")
	s := newSourceOn(t, server, "large(id); parts(id)",
		"CREATE TABLE large (id INT PRIMARY KEY, v LONGBLOB, at TIMESTAMP NOT NULL DEFAULT '2026-01-01 00:00:00')",
		"CREATE TABLE parts (id INT PRIMARY KEY, a MEDIUMTEXT, b MEDIUMTEXT, c MEDIUMTEXT, d MEDIUMTEXT, e MEDIUMTEXT, f "+
			"MEDIUMTEXT, g MEDIUMTEXT, h MEDIUMTEXT)")
	fill := func(table, value string) {
		t.Helper()
		for id := range 24 {
			dbtest.MustExec(t, s.mysql, fmt.Sprintf("REPLACE INTO %s VALUES (%d, %s)", table, id,
				strings.ReplaceAll(value, "ID", strconv.Itoa(id))))
		}
	}

	fill("large", "REPEAT(CHAR(65 + ID), 16 << 20), DEFAULT")
	fill("parts", strings.Repeat(", REPEAT('x', 2 << 20)", 8)[2:])
	s.set("SYNC_HISTORY", "90d")
	group := cgroup(t)
	run := func(what string) {
		t.Helper()
		c := s.child(t, append(group, program, "sync")...)
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}

		peak := watchPeak(c.Process.Pid)
		err := c.Wait()
		used := peak()
		t.Logf("%s: %d MiB at most", what, used>>20)
		if err != nil || used >= memoryLimit {
			t.Fatalf("%s took %d MiB: %v: %s", what, used>>20, err, &out)
		}

		const large = "SELECT count(*) AS n, sum(length(v)) AS bytes FROM large"
		requireRows(t, queryRows(t, openFile(t, s.path), large), queryRows(t, s.mysql, large))
		const parts = "SELECT count(*) AS n, sum(length(a) + length(g)) AS bytes FROM parts"
		requireRows(t, queryRows(t, openFile(t, s.path), parts), queryRows(t, s.mysql, parts))
	}

	run("the first run")
	run("an unchanged run")
	s.set("DB_COMPRESSION", "zlib")
	run("a compressed run")
	s.set("DB_COMPRESSION", "off")
	fill("large", "REPEAT(CHAR(66 + ID), 16 << 20), DEFAULT")
	fill("parts", strings.Repeat(", REPEAT('y', 2 << 20)", 8)[2:])
	run("a run over changed rows")
	s.set("DB_TIMEZONE", "+09:00")
	fill("large", "REPEAT(CHAR(66 + ID), 16 << 20), '2026-01-02 00:00:00'")
	run("a run in another time zone")
	dbtest.MustExec(t, s.mysql, "ALTER TABLE large ADD w INT DEFAULT 5", "ALTER TABLE parts DROP h")
	run("a run over changed columns")
	dbtest.MustExec(t, s.mysql, "ALTER TABLE large MODIFY w VARCHAR(9)")
	group = nil // now without a limit from outside
	run("a run that makes the table again")
	requireRows(t, queryRows(t, openFile(t, s.path),
		"SELECT id, length(v) AS n, hex(substr(v, 1, 2)) AS begins, w FROM large WHERE id IN (0, 23) ORDER BY id"),
		[]string{`id="0"|n="16777216"|begins="4242"|w="5"|`, `id="23"|n="16777216"|begins="5959"|w="5"|`})
}

// watchPeak measures the peak of a process's own memory until the returned function is called after the process has
// ended. The kernel's final figure also counts the memory of the process that started it.
func watchPeak(pid int) (peak func() int64) {
	done, most := make(chan struct{}), make(chan int64)
	go func() {
		var highest int64
		for {
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // missing once the process has ended
			if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok {
				var kib int64
				_, _ = fmt.Sscan(rest, &kib)
				highest = max(highest, kib<<10)
			}

			select {
			case <-done:
				most <- highest
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	return func() int64 {
		close(done)
		return <-most
	}
}
