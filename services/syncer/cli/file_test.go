package cli_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
)

// The snapshot file is created where a link points, even if nothing is there yet, and the link stays.
func TestLinkToNothingYet(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]func(dir string) (path string, links [][2]string){
		"absolute": func(d string) (string, [][2]string) {
			return d + "/cars.db", [][2]string{{d + "/real/cars.db", d + "/cars.db"}}
		},
		"relative": func(d string) (string, [][2]string) {
			return d + "/cars.db", [][2]string{{"real/cars.db", d + "/cars.db"}}
		},
		"chain": func(d string) (string, [][2]string) {
			return d + "/cars.db", [][2]string{
				{"second", d + "/cars.db"},
				{d + "/third", d + "/second"},
				{"./real/../real/cars.db", d + "/third"},
			}
		},
		"folder": func(d string) (string, [][2]string) {
			return d + "/current/cars.db", [][2]string{{"real", d + "/current"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path, links := link(dir)
			for _, l := range links {
				if err := os.Symlink(l[0], l[1]); err != nil {
					t.Fatal(err)
				}
			}

			s := newSource(t, "a", twoRows...)
			s.keep(path)
			for range 2 { // the file exists at the second run
				r := s.report(t, 0)
				if r.FileBytes == 0 {
					t.Error("the report has no size")
				}
				requireNoLeftovers(t, filepath.Join(dir, "real", "cars.db"))
			}

			requireRows(t, queryRows(t, openFile(t, filepath.Join(dir, "real", "cars.db")),
				"SELECT count(*) AS n FROM _sync_runs"),
				[]string{`n="2"|`})
			for _, l := range links {
				if to, err := os.Readlink(l[1]); err != nil || to != l[0] {
					t.Errorf("%s leads to %q: %v", l[1], to, err)
				}
			}

			if code, out := s.output(t, "status", "--max-age", "1h"); code != 0 {
				t.Errorf("exit code %d: %s", code, out)
			}
		})
	}
}

func TestCircleOfLinks(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	circle := filepath.Join(t.TempDir(), "cars.db")
	if err := os.Symlink("cars.db", circle); err != nil {
		t.Fatal(err)
	}

	s.keep(circle)
	for _, command := range []string{"sync", "check"} {
		if code, _, stderr := s.run(t, command); code != 1 || !strings.Contains(stderr,
			"SYNC_PATH: "+circle+": too many symbolic links") {
			t.Errorf("%s: exit code %d: %s", command, code, stderr)
		}
	}
}

// A reader that keeps its transaction for many runs lets the log grow. syncer warns about it, and counts the log in the
// file's size.
func TestReaderKeepsItsTransaction(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", "CREATE TABLE a (id INT PRIMARY KEY, pad VARCHAR(200))",
		"INSERT INTO a VALUES "+insertValues(0, 2000,
			"(%d, REPEAT('x', 200))"))
	s.mustSync(t)
	reader := openFile(t, s.path)
	tx, err := reader.Beginx()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	var n int
	if err := tx.Get(&n, "SELECT count(*) FROM a"); err != nil {
		t.Fatal(err)
	}

	var warned int
	var last int64
	for i := range 4 {
		dbtest.MustExec(t, s.mysql, fmt.Sprintf("UPDATE a SET pad = REPEAT('%d', 200)", i))
		r := s.report(t, 0)
		if len(r.Warnings) == 1 && strings.Contains(r.Warnings[0], "-wal, cannot be emptied and has grown to") {
			warned++
		}
		log, err := os.Stat(s.path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		if r.FileBytes <= log.Size() || r.FileBytes <= last {
			t.Errorf("file_bytes is %d, with a log of %d", r.FileBytes, log.Size())
		}
		last = r.FileBytes
	}

	if warned != 3 { // the first run does not warn, because the reader might have been about to end
		t.Errorf("%d warnings", warned)
	}
	if _, stdout, _ := s.run(t, "check"); strings.Count(stdout, "-wal has") != 1 {
		t.Errorf("check does not warn of the log once: %s", stdout)
	}

	s.set("SYNC_ON_START", "false")
	up := s.serve(t)
	log, _ := os.Stat(s.path + "-wal")
	requireText(t, up.metric(t, "syncer_wal_bytes"), fmt.Sprintf("%g", float64(log.Size())))
	requireText(t, up.metric(t, "syncer_file_bytes"), fmt.Sprintf("%g", float64(last)))
	up.stop()

	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}

	s.report(t, 0)
	if log, err := os.Stat(s.path + "-wal"); err != nil || log.Size() != 0 {
		t.Errorf("the log has not been emptied: %v", err)
	}
	requireRows(t, s.report(t, 0).Warnings, nil)
}

// Failed runs are recorded, and leave no log that looks as if another program held it.
func TestFailedRunsLeaveNoLog(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	s.mustSync(t)
	s.set("SYNC_VIEWS", "a; nothing")

	for range 3 {
		if code, _, stderr := s.run(t, "sync"); code != 1 || !strings.Contains(stderr, "nothing: no such table or view") {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	}

	if log, err := os.Stat(s.path + "-wal"); err != nil || log.Size() != 0 {
		t.Errorf("the log is %v: %v", log, err)
	}
	if _, out := s.output(t, "check"); strings.Contains(out, "another program") {
		t.Errorf("check says %s", out)
	}
}

// runAsUser runs syncer in a process of another user.
func (s *syncer) runAsUser(t *testing.T, uid int, command string) (code int, out string) {
	t.Helper()

	// Only root can read the test's binary and folders.
	program := filepath.Join(filepath.Dir(s.path), "syncer")
	if _, err := os.Stat(program); err != nil {
		self, err := os.ReadFile(os.Args[0])
		if err == nil {
			err = os.WriteFile(program, self, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}

	c := s.child(t, program, command)
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	text, err := c.CombinedOutput()
	if c.ProcessState == nil {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(text)
}

// If root makes the first run, the service's user needs only ownership of the file, because the lock takes over the
// file's owner and mode.
func TestLockBelongsToTheFilesOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can be two users")
	}

	const service = 12345
	dir, err := os.MkdirTemp("/tmp", "owner") // t.TempDir is in a folder of root
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}

	s := newSource(t, "a", twoRows...)
	s.keep(filepath.Join(dir, "cars.db"))
	s.mustSync(t)
	lock := filepath.Join(dir, ".cars.db.lock")
	if err := os.Chmod(lock, 0o600); err != nil { // like a lock of earlier versions
		t.Fatal(err)
	}

	for _, want := range []string{
		"permission denied", fmt.Sprintf("this process runs as user %d, and the file belongs to user 0", service), "chown",
	} {
		for _, command := range []string{"sync", "check"} {
			if code, out := s.runAsUser(t, service, command); code != 1 || !strings.Contains(out, want) {
				t.Errorf("%s: exit code %d, want %q: %s", command, code, want, out)
			}
		}
	}

	for _, f := range []string{s.path, s.path + "-wal", s.path + "-shm"} {
		if err := os.Chown(f, service, service); err != nil {
			t.Fatal(err)
		}
	}

	if err := os.Chmod(s.path, 0o640); err != nil {
		t.Fatal(err)
	}
	s.mustSync(t) // another run as root
	info, err := os.Stat(lock)
	if err != nil || info.Mode() != 0o640 || info.Sys().(*syscall.Stat_t).Uid != service ||
		info.Sys().(*syscall.Stat_t).Gid != service {
		t.Errorf("the lock is %v", info)
	}
	if code, out := s.runAsUser(t, service, "sync"); code != 0 {
		t.Errorf("exit code %d: %s", code, out)
	}

	// A lock of root's can be read, which is enough.
	if err := os.Chown(lock, 0, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(lock, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, out := s.runAsUser(t, service, "sync"); code != 0 {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// A snapshot that is dated in the future does not count as fresh, because its age is unknown.
func TestSnapshotOfTheFuture(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	s.mustSync(t)
	dbtest.MustExec(t, openFile(t, s.path),
		"UPDATE _sync_runs SET started = '2130-01-01T00:00:00.000Z', finished = '2130-01-01T00:00:01.000Z'")
	const dated = "dated 2130-01-01T00:00:00Z, in the future: the clock is wrong"
	if code, _, stderr := s.run(t, "status", "--max-age", "1h"); code != 4 || !strings.Contains(stderr, dated) {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if code, stdout, _ := s.run(t, "status"); code != 0 || !strings.Contains(stdout, "warning: the snapshot is "+dated) {
		t.Errorf("exit code %d: %s", code, stdout)
	}
	if _, stdout, _ := s.run(t, "check"); !strings.Contains(stdout, "a is "+dated) {
		t.Errorf("check: %s", stdout)
	}

	s.set("SYNC_ON_START", "false")
	s.set("SYNC_MAX_AGE", "1h")
	up := s.serve(t)
	if status, body := up.get(t, "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, dated) {
		t.Errorf("%d: %s", status, body)
	}

	requireText(t, up.metric(t, "syncer_snapshot_age_seconds"), "+Inf")
	up.stop()
	s.mustSync(t)
	if code, out := s.output(t, "status", "--max-age", "1h"); code != 0 {
		t.Errorf("exit code %d: %s", code, out)
	}

	// Two clocks may differ by a few seconds.
	dbtest.MustExec(t, openFile(t, s.path),
		"UPDATE _sync_runs SET started = '"+time.Now().Add(20*time.Second).UTC().Format("2006-01-02T15:04:05.000Z")+"'")
	if code, out := s.output(t, "status", "--max-age", "1h"); code != 0 {
		t.Errorf("exit code %d: %s", code, out)
	}
}
