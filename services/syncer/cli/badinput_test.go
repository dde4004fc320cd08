package cli_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/schema"
	"carstock/services/syncer/internal/snapshot"
)

// twoRows is the small table a, which most tests of bad input use.
var twoRows = []string{"CREATE TABLE a (id INT PRIMARY KEY, v INT)", "INSERT INTO a VALUES (1, 10), (2, 20)"}

func TestViewDroppedBetweenRuns(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	s.mustSync(t)
	dbtest.MustExec(t, s.mysql, "CREATE TABLE other (id INT)", "DROP TABLE a")
	s.requireFailure(t, 1, "a: no such table or view", "available: other")
}

// A view may be dropped while another is read, before or after its own columns are read.
func TestViewDroppedMidRun(t *testing.T) {
	t.Parallel()
	for name, moment := range map[string]string{
		"before its columns are read": "FROM `a`",
		"after its columns are read":  "FROM `b`",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSource(t, "a; b", append(twoRows, "CREATE VIEW b AS SELECT id, v FROM a")...)
			s.mustSync(t)
			var dropped sync.Once
			p := tcpProxy{request: func(packet []byte) {
				if bytes.Contains(packet, []byte(moment)) {
					dropped.Do(func() { dbtest.MustExec(t, s.mysql, "DROP VIEW b") })
				}
			}}
			p.start(t, s)
			s.requireFailure(t, 1, "b")
		})
	}
}

func TestNoRight(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ grant, want string }{
		"to anything": {"", "DB_NAME and the user's GRANTs"},
		"to this view": {
			"GRANT SELECT ON %[1]s.other TO %[2]s", "a: no such table or view, or no right to read it; available: other",
		},
		"to select": {"GRANT INSERT ON %[1]s.a TO %[2]s", "SELECT command denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSource(t, "a", append(twoRows, "CREATE TABLE other (id INT)")...)
			s.mustSync(t)
			user := s.newUser(t, "right")
			if test.grant != "" {
				dbtest.MustExec(t, s.mysql, fmt.Sprintf(test.grant, s.env["DB_NAME"], user))
			}

			s.set("DB_PASSWORD", "right")
			s.requireFailure(t, 1, test.want)
		})
	}
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	s.mustSync(t)
	s.newUser(t, "right")
	s.set("DB_PASSWORD", "wrong-hunter2")
	s.requireFailure(t, 1, "access denied", "DB_PASSWORD")
	if _, _, stderr := s.run(t, "sync"); strings.Contains(stderr, "hunter2") {
		t.Errorf("the password shows: %s", stderr)
	}
}

// newUser creates a user without any rights, and makes syncer log in as this user.
func (s *syncer) newUser(t *testing.T, password string) string {
	t.Helper()
	name := "u" + strings.TrimPrefix(s.env["DB_NAME"], "test_")
	user := "'" + name + "'@'%'"
	dbtest.MustExec(t, s.mysql, fmt.Sprintf("CREATE USER %s IDENTIFIED BY '%s'", user, password))
	t.Cleanup(func() { _, _ = s.mysql.Exec("DROP USER " + user) })
	s.set("DB_USER", name)
	return user
}

func TestKeyColumnMissing(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	s.mustSync(t)
	s.set("SYNC_VIEWS", "a(vin)")
	s.requireFailure(t, 1, "SYNC_VIEWS", "there is no column vin for the key", "available: id, v")
}

func TestKeyIsNull(t *testing.T) {
	t.Parallel()
	for _, column := range []string{"INT", "VARCHAR(10)"} {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, first run %t", column, first), func(t *testing.T) {
				t.Parallel()
				s := newSource(t, "a(id)", "CREATE TABLE a (n INT PRIMARY KEY, id "+column+")",
					"INSERT INTO a VALUES (1, 1), (2, 2)")
				if !first {
					s.mustSync(t)
				}

				dbtest.MustExec(t, s.mysql, "INSERT INTO a VALUES (3, NULL)")
				s.requireFailure(t, 1, "the key column id is NULL in row 3")
			})
		}
	}
}

// The rows come in the order of n, in batches of 128; those with the ids 129 and 130 are in the second batch. Whether
// other rows of the batch have changed makes no difference.
func TestKeyIsNotUnique(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ change, value string }{
		"unchanged, in a batch":     {"INSERT INTO src VALUES (1301, 130, 130)", "id=130"},
		"unchanged, in two batches": {"INSERT INTO src VALUES (9999, 130, 130)", "id=130"},
		"changed, in a batch": {
			"UPDATE src SET v = 0 WHERE id = 130; INSERT INTO src VALUES (1301, 130, 0)", "id=130",
		},
		"changed, in two batches": {
			"UPDATE src SET v = 0 WHERE id = 130; INSERT INTO src VALUES (9999, 130, 0)", "id=130",
		},
		"unchanged and changed, in a batch": {"INSERT INTO src VALUES (1301, 130, 0)", "id=130"},
		"unchanged, then changed":           {"INSERT INTO src VALUES (9999, 130, 0)", "id=130"},
		"changed, then unchanged": {
			"UPDATE src SET v = 0 WHERE id = 130; INSERT INTO src VALUES (9999, 130, 130)", "id=130",
		},
		"new, in a batch":     {"INSERT INTO src VALUES (1301, 1000, 1), (1302, 1000, 2)", "id=1000"},
		"new, in two batches": {"INSERT INTO src VALUES (11, 1000, 1), (9999, 1000, 1)", "id=1000"},
	} {
		for _, others := range []string{"first run", "others unchanged", "others changed", "columns changed"} {
			t.Run(name+", "+others, func(t *testing.T) {
				t.Parallel()
				s := newSource(t, "v(id)", "CREATE TABLE src (n INT PRIMARY KEY, id INT, v INT)",
					"CREATE VIEW v AS SELECT id, v FROM src",
					"INSERT INTO src VALUES "+insertValues(1, 300, "(%[1]d * 10, %[1]d, %[1]d)"))
				if others != "first run" {
					s.mustSync(t)
				}

				switch others {
				case "others changed":
					dbtest.MustExec(t, s.mysql, "UPDATE src SET v = -1 WHERE id IN (1, 129, 131, 256, 257, 270)",
						"INSERT INTO src VALUES (1291, 2000, 1), (9998, 2001, 1)")
				case "columns changed":
					dbtest.MustExec(t, s.mysql, "CREATE OR REPLACE VIEW v AS SELECT id, v, 7 AS more FROM src")
				}

				dbtest.MustExec(t, s.mysql, strings.Split(test.change, "; ")...)
				s.requireFailure(t, 1, "the key (id) is not unique: two rows have "+test.value+";")
			})
		}
	}
}

// MySQL allows no two such columns, but other servers with its protocol may.
func TestColumnsEqualButForCase(t *testing.T) {
	t.Parallel()
	file, err := snapshot.LockFile(filepath.Join(t.TempDir(), "carstock.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Unlock() }()
	staging, err := file.Stage()
	if err != nil {
		t.Fatal(err)
	}

	_, err = staging.Begin(schema.Table{Columns: []schema.Column{
		schema.NewColumn("vin", "int"), schema.NewColumn("VIN", "int"),
	}}, "cars", nil)
	if err == nil || !strings.Contains(err.Error(), "the columns vin and VIN differ only in case") {
		t.Error(err)
	}
	if err := staging.Close(); err != nil {
		t.Error(err)
	}
}

func TestTargetFolder(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	deep := filepath.Join(filepath.Dir(s.path), "not", "yet", "there", "carstock.db")
	s.keep(deep)
	s.mustSync(t)
	if len(readContent(t, deep)) == 0 {
		t.Error("the file is empty")
	}

	// The tests may run as root, who may write in a folder of any mode, but not in /proc.
	readOnly := "/proc/carstock.db"
	if os.Geteuid() != 0 {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}

		readOnly = filepath.Join(dir, "carstock.db")
	}

	for _, path := range []string{"/dev/null/carstock.db", readOnly} {
		s.keep(path)
		if code, _, stderr := s.run(t, "sync"); code != 1 || !strings.HasPrefix(stderr, "syncer: SYNC_PATH: ") ||
			strings.Count(stderr, "\n") != 1 {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	}
}

func TestTargetIsNoDatabase(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	if err := os.MkdirAll(filepath.Dir(s.path), 0o755); err != nil {
		t.Fatal(err)
	}

	text := []byte(strings.Repeat("my only copy of a novel ", 400))
	if err := os.WriteFile(s.path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s.requireError(t, 1, "SYNC_PATH", s.path, "it is not a SQLite file: choose another path")
	if now, err := os.ReadFile(s.path); err != nil || !bytes.Equal(now, text) {
		t.Errorf("the file has changed: %v", err)
	}
}

func TestTargetIsDamaged(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", "CREATE TABLE a (id INT PRIMARY KEY, pad VARCHAR(200))",
		"INSERT INTO a VALUES "+insertValues(0, 1000, "(%d, REPEAT('x', 200))"))
	s.mustSync(t)
	damageFile(t, s.path)
	dbtest.MustExec(t, s.mysql, "UPDATE a SET pad = 'y' WHERE id % 100 = 0")
	s.requireError(t, 1, "the file is damaged: move it away, and the next run makes a new one")

	// The advice in the message works.
	if err := os.Rename(s.path, s.path+".damaged"); err != nil {
		t.Fatal(err)
	}

	s.mustSync(t)
	db := openFile(t, s.path)
	requireRows(t, queryRows(t, db, "PRAGMA integrity_check"), []string{`integrity_check="ok"|`})
	requireRows(t, queryRows(t, db, "SELECT count(*) AS n FROM a"), []string{`n="1000"|`})
}

// damageFile overwrites some pages in the middle of the file.
func damageFile(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}

	info, err := f.Stat()
	if err == nil {
		_, err = f.WriteAt(bytes.Repeat([]byte{0xA5}, 5*4096), info.Size()/2/4096*4096)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// This test waits twice for SQLite's busy timeout: for the snapshot and for the history.
func TestTargetIsLocked(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	s.mustSync(t)
	before := readContent(t, s.path)
	other := openFile(t, s.path)
	other.SetMaxOpenConns(1)
	dbtest.MustExec(t, other, "BEGIN IMMEDIATE")
	dbtest.MustExec(t, s.mysql, "INSERT INTO a VALUES (3, 30)")
	s.requireError(t, 1, "publish to "+s.path, "another program holds a lock on it")
	requireRows(t, readContent(t, s.path), before)
	dbtest.MustExec(t, other, "ROLLBACK")
	if out := s.mustSync(t); !strings.Contains(out, "+1 ~0 -0") {
		t.Errorf("printed %s", out)
	}
}

// bigView is a view of 20 MB without stored rows. It does not fit in the buffers between the server and syncer, so
// cutting the connection interrupts the read. smallView has the same columns.
const (
	digits = "(SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL " +
		"SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)"
	smallView = "CREATE VIEW v AS SELECT a.n AS id, REPEAT('s', 2000) AS pad FROM " + digits + " a"
	bigView   = "CREATE OR REPLACE VIEW v AS SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS id, REPEAT('b', 2000) " +
		"AS pad FROM " +
		digits + " a, " + digits + " b, " + digits + " c, " + digits + " d"
	midway = 200_000 // bytes from the server after which the read of bigView is well under way
)

func TestConnectionIsCut(t *testing.T) {
	t.Parallel()
	cut := func(t *testing.T, retries string, answer func(connection, sent int) bool) *syncer {
		t.Parallel()
		s := newSource(t, "v(id)", smallView)
		s.mustSync(t)
		dbtest.MustExec(t, s.mysql, bigView)
		p := tcpProxy{answer: answer}
		p.start(t, s)
		s.set("SYNC_RETRIES", retries)
		return s
	}

	t.Run("always", func(t *testing.T) {
		s := cut(t, "0", func(_, sent int) bool { return sent < midway })
		s.requireFailure(t, 1, "read v: after ", "the connection to the server was lost")
	})
	t.Run("once", func(t *testing.T) {
		s := cut(t, "1", func(connection, sent int) bool { return connection > 1 || sent < midway })
		code, stdout, stderr := s.run(t, "sync")
		if code != 0 || !strings.Contains(stdout, "10,000 rows") || strings.Count(stderr, "retrying the run") != 1 {
			t.Errorf("exit code %d: %s%s", code, stdout, stderr)
		}

		requireRows(t, queryRows(t, openFile(t, s.path),
			"SELECT count(*) AS n, sum(id) AS s, min(pad) = max(pad) AND pad LIKE 'b%' AS same FROM v"),
			[]string{`n="10000"|s="49995000"|same="1"|`})
	})
}

func TestServerDies(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	s := newSourceOn(t, server, "v(id)", smallView)
	s.mustSync(t)
	dbtest.MustExec(t, s.mysql, bigView)
	process := server.Process(t)
	p := tcpProxy{answer: func(_, sent int) bool {
		if sent > midway {
			_ = process.Kill() // fails the second time
		}
		return true
	}}
	p.start(t, s)
	s.set("SYNC_RETRIES", "0")
	s.requireFailure(t, 1, "read v: after ", "the connection to the server was lost")
	s.requireFailure(t, 1, "connect to MySQL")
}

func TestReadStalls(t *testing.T) {
	t.Parallel()
	s := newSource(t, "v(id)", smallView)
	s.mustSync(t)
	dbtest.MustExec(t, s.mysql, bigView)
	p := tcpProxy{answer: func(_, sent int) bool {
		if sent > midway {
			<-t.Context().Done() // silence
		}
		return true
	}}
	p.start(t, s)
	s.set("SYNC_RETRIES", "0")
	s.set("DB_READ_TIMEOUT", "5s")
	s.requireFailure(t, 1, "read v: after ", "the connection to the server was lost", "DB_READ_TIMEOUT")

	// SYNC_TIMEOUT ends a run even if DB_READ_TIMEOUT is longer.
	s.set("DB_READ_TIMEOUT", "10m")
	s.set("SYNC_TIMEOUT", "3s")
	s.set("SYNC_RETRIES", "3")
	s.requireFailure(t, 1, "SYNC_TIMEOUT: not done within 3s")
}

// A server closes the connection if a client stops reading for longer than net_write_timeout, which happens on a slow
// disk. syncer sets a longer timeout.
func TestReaderPauses(t *testing.T) {
	t.Parallel()
	s := newSourceOn(t, dbtest.NewServer(t), "v(id)", "SET GLOBAL net_write_timeout = 1", bigView)
	var once sync.Once
	p := tcpProxy{answer: func(_, sent int) bool {
		if sent > midway {
			once.Do(func() { time.Sleep(3 * time.Second) })
		}
		return true
	}}
	p.start(t, s)
	s.set("SYNC_RETRIES", "0")
	requireText(t, tableCounts(t, s.report(t, 0)), "10000: +10000 ~0 -0 =0")
}

// A full disk. SQLite then rolls back without being asked, unlike when the file is too large. Where no disk can be
// mounted, as in most containers and off Linux, TestNoRoomForTheFile tests the same code.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	// A mount in its own namespace is invisible to other processes, and disappears with the process.
	const asRoot = "unshare --map-root-user --mount sh -c "
	if out, err := osexec.Command("sh", "-c", asRoot+"'mount -t tmpfs none /mnt'").CombinedOutput(); err != nil {
		t.Skipf("no tmpfs can be mounted here: %s", out)
	}

	for name, test := range map[string]struct{ rows, indexes, want string }{
		"for staging":    {bigView, "", "syncer: stage v: "},
		"for publishing": {bigView + " WHERE d.n < 2", "v(pad)", "syncer: publish to "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSource(t, "v(id)", smallView)
			dbtest.MustExec(t, s.mysql, test.rows, "CREATE VIEW few AS SELECT * FROM v WHERE id < 10")
			s.set("SYNC_INDEXES", "")
			disk := filepath.Dir(filepath.Dir(s.path))
			s.keep(filepath.Join(disk, "disk", "carstock.db"))
			if err := os.Mkdir(filepath.Join(disk, "disk"), 0o755); err != nil {
				t.Fatal(err)
			}

			// Copy the remains on the small disk for the test to check.
			script := `cd "$1" && mount -t tmpfs -o size=9m none disk &&
				SYNC_VIEWS='few=v(id)' "$0" sync --quiet && "$0" sync --quiet
				code=$?; cp disk/carstock.db* . && ls -A disk > left; exit $code`
			s.set("SYNC_VIEWS", "v(id)")
			s.set("SYNC_INDEXES", test.indexes)
			c := s.child(t, "unshare", "--map-root-user", "--mount", "sh", "-c", script, self, disk)
			var stderr bytes.Buffer
			c.Stderr = &stderr
			_ = c.Run() // the test checks the exit code
			if c.ProcessState.ExitCode() != 1 || !strings.HasPrefix(stderr.String(), test.want) ||
				strings.Count(stderr.String(), "the disk is full") != 1 || strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("exit code %d: %s", c.ProcessState.ExitCode(), stderr.String())
			}

			file := openFile(t, filepath.Join(disk, "carstock.db"))
			requireRows(t, queryRows(t, file, "SELECT (SELECT count(*) FROM v) AS n, status FROM _sync_runs ORDER BY id"),
				[]string{`n="10"|status="ok"|`, `n="10"|status="failed"|`})
			requireRows(t, queryRows(t, file, "PRAGMA integrity_check"), []string{`integrity_check="ok"|`})
			if left, err := os.ReadFile(filepath.Join(disk, "left")); err != nil || strings.Contains(string(left), "staging") {
				t.Errorf("left on the disk: %s, %v", left, err)
			}
		})
	}
}

// A limit on the file size has the effect of a full disk, and needs no rights. 20 MB do not fit in the staging file. 2
// MB do, and then an index makes the target's log exceed the limit.
func TestNoRoomForTheFile(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	for name, test := range map[string]struct{ rows, blocks, indexes, want string }{
		"for staging":    {bigView, "2000", "", "syncer: stage v: "},
		"for publishing": {bigView + " WHERE d.n = 0", "6000", "v(pad)", "syncer: publish to "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSource(t, "v(id)", smallView)
			s.mustSync(t)
			dbtest.MustExec(t, s.mysql, test.rows)
			s.set("SYNC_INDEXES", test.indexes)
			before := readContent(t, s.path)
			c := s.child(t, "sh", "-c", `ulimit -f `+test.blocks+` && exec "$0" sync --quiet`, self)
			var stderr bytes.Buffer
			c.Stderr = &stderr
			_ = c.Run() // the test checks the exit code
			if c.ProcessState.ExitCode() != 1 || !strings.HasPrefix(stderr.String(), test.want) ||
				!strings.Contains(stderr.String(), "there is no room for it") || strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("exit code %d: %s", c.ProcessState.ExitCode(), stderr.String())
			}

			requireRows(t, readContent(t, s.path), before)
			requireNoLeftovers(t, s.path)
			requireRows(t, queryRows(t, openFile(t, s.path), "SELECT status FROM _sync_runs ORDER BY id"),
				[]string{`status="ok"|`, `status="failed"|`})
			s.mustSync(t)
		})
	}
}

// tcpProxy forwards connections from syncer to the server. It can watch the requests, and cut connections. Connections
// are counted from 1.
type tcpProxy struct {
	request func(packet []byte) // gets each packet from syncer before the server does
	// reports whether to forward more from the server, after so many bytes; otherwise the proxy cuts the connection
	answer func(connection, sent int) bool
}

// start makes syncer connect to the proxy, and the proxy to syncer's server.
func (p *tcpProxy) start(t *testing.T, s *syncer) {
	t.Helper()
	network, server := "tcp", net.JoinHostPort(s.env["DB_HOST"], s.env["DB_PORT"])
	if socket := s.env["DB_SOCKET"]; socket != "" {
		network, server = "unix", socket
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() { _ = l.Close() })
	s.set("DB_SOCKET", "")
	s.set("DB_HOST", "127.0.0.1")
	s.set("DB_PORT", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	go func() {
		for connection := 1; ; connection++ {
			near, err := l.Accept()
			if err != nil {
				return // the test has ended
			}

			far, err := net.Dial(network, server)
			if err != nil {
				_ = near.Close()
				continue
			}
			go p.pass(far, near, func(packet []byte, _ int) bool {
				if p.request != nil {
					p.request(packet)
				}
				return true
			})
			go p.pass(near, far, func(_ []byte, sent int) bool { return p.answer == nil || p.answer(connection, sent) })
		}
	}()
}

// pass forwards data while allowed returns true, and then closes both connections.
func (p *tcpProxy) pass(to, from net.Conn, allowed func(packet []byte, sent int) bool) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 32<<10)
	for sent := 0; ; {
		n, err := from.Read(buffer)
		if n > 0 && !allowed(buffer[:n], sent) {
			return
		}
		if _, e := to.Write(buffer[:n]); err != nil || e != nil {
			return
		}

		sent += n
	}
}
