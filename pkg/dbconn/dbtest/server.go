// Package dbtest gives each test its own database on a real MySQL or MariaDB server. It knows nothing about the tables
// of the tests.
//
// The server is the one that TEST_MYSQL_DSN names. Otherwise it is a private one, started from a mariadbd or mysqld on
// this machine at the first call in a test binary. Without a server the test fails.
package dbtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
	"carstock/pkg/settings"
)

// startTimeout is how long a server may take to start.
const startTimeout = 5 * time.Minute

// Server is a running server.
type Server struct {
	Admin dbconn.Config // opens the database mysql as its administrator, without TLS
	CA    string        // PEM file of the authority that signed the server's certificate; "" if unknown
	pid   int           // of the private server; 0 for one that TEST_MYSQL_DSN names
	start func() error  // starts the private server and waits until it is ready
}

// sharedServer finds or starts the server at the first call.
var sharedServer = sync.OnceValues(func() (*Server, error) {
	if dsn := os.Getenv("TEST_MYSQL_DSN"); dsn != "" {
		return serverFromDSN(dsn)
	}
	return startPrivate()
})

// Shared returns the server that all tests of a binary share.
func Shared(t testing.TB) *Server {
	t.Helper()
	s, err := sharedServer()
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	return s
}

// NewServer starts a private server for this test alone, which may stop, stall or break it. Options are for mysqld, and
// come after those that all servers get.
func NewServer(t testing.TB, options ...string) *Server {
	t.Helper()
	s, err := startPrivate(options...)
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	return s
}

// Process returns the process of a private server, for tests that send signals to it.
func (s *Server) Process(t testing.TB) *os.Process {
	t.Helper()
	if s.pid == 0 {
		t.Fatal("dbtest: no test may signal the server of TEST_MYSQL_DSN; use NewServer")
	}

	p, err := os.FindProcess(s.pid)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Restart starts a private server again, on the same port and with the same data. The server must have ended.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

// serverFromDSN reads user, password and address from a DSN of go-sql-driver. The tests of TLS also need the authority
// of the server's certificate, in the file that TEST_MYSQL_CA names.
func serverFromDSN(dsn string) (*Server, error) {
	m, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("TEST_MYSQL_DSN: %w", err)
	}

	admin := adminConfig()
	admin.User, admin.Password = m.User, settings.Secret(m.Passwd)
	if m.Net == "unix" {
		admin.Socket = m.Addr
		return &Server{Admin: admin}, nil
	}

	host, port, err := net.SplitHostPort(m.Addr)
	if err != nil {
		return nil, fmt.Errorf("TEST_MYSQL_DSN: %w", err)
	}

	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("TEST_MYSQL_DSN: %w", err)
	}

	admin.Host, admin.Port = host, uint16(n)
	return &Server{Admin: admin, CA: os.Getenv("TEST_MYSQL_CA")}, nil
}

// adminConfig returns how the administrator opens a server, without its address.
func adminConfig() dbconn.Config {
	return dbconn.Config{
		Driver: dbconn.MySQL, User: "root", Name: "mysql",
		SSL:            dbconn.SSLConfig{Mode: dbconn.SSLDisabled},
		ConnectTimeout: time.Minute, ReadTimeout: 5 * time.Minute, WriteTimeout: time.Minute,
		MaxOpenConns: 4, ConnMaxLifetime: time.Minute,
	}
}

// startPrivate starts a server in a temporary folder, on a free port of the loopback interface. It runs the program
// that TEST_MYSQLD names, or otherwise one that is installed on this machine.
func startPrivate(options ...string) (*Server, error) {
	daemon := os.Getenv("TEST_MYSQLD")
	var err error
	if daemon == "" {
		daemon, err = findProgram("mariadbd", "mysqld")
	}
	if err != nil {
		return nil, fmt.Errorf("no MySQL server for the tests: %w: install mariadb-server or mysql-server, "+
			"or set TEST_MYSQL_DSN=user:password@tcp(host:port)/ to one that tests may write to "+
			"(`make test` does one of these)", err)
	}

	// The folder's path must be short: the path of a unix socket has room for 107 bytes.
	dir, err := os.MkdirTemp("", "dbtest")
	if err != nil {
		return nil, err
	}

	cert, err := makeCertificates(dir)
	if err != nil {
		return nil, fmt.Errorf("make certificates: %w", err)
	}

	asUser, err := rootOption(dir)
	if err != nil {
		return nil, err
	}

	empty, err := cachedDataFolder(daemon, asUser)
	if err != nil {
		return nil, err
	}

	// The server gets a copy of the empty data folder, and a folder for temporary files.
	data, tmp := filepath.Join(dir, "data"), filepath.Join(dir, "tmp")
	if err := errors.Join(os.CopyFS(data, os.DirFS(empty)), os.Mkdir(tmp, 0o755)); err != nil {
		return nil, err
	}

	port, err := freePort()
	if err != nil {
		return nil, err
	}

	args := append([]string{daemon, "--no-defaults"}, asUser...)
	args = append(args, "--datadir="+data, "--tmpdir="+tmp, "--socket="+filepath.Join(dir, "s"),
		"--pid-file="+filepath.Join(dir, "pid"), "--port="+strconv.Itoa(port), "--bind-address=127.0.0.1",
		"--skip-log-bin", "--ssl-ca="+cert.ca, "--ssl-cert="+cert.cert, "--ssl-key="+cert.key,
		// The data need not survive a crash, so nothing waits for the disk.
		"--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--loose-debug-no-sync",
		"--innodb-buffer-pool-size=256M")
	args = append(args, options...)
	s := &Server{Admin: adminConfig(), CA: cert.ca}
	s.Admin.Host, s.Admin.Port = "127.0.0.1", uint16(port)
	s.start = func() error { return s.startIn(dir, args) }
	return s, s.start()
}

// startIn starts the server in its folder and waits until it is ready.
func (s *Server) startIn(dir string, args []string) error {
	log, pid := filepath.Join(dir, "log"), filepath.Join(dir, "pid")

	// A server that was killed leaves its lock file. MySQL does not start while that process has not been reaped.
	_ = os.Remove(filepath.Join(dir, "s.lock"))
	if err := startGuarded(dir, log, args); err != nil {
		return err
	}
	if err := s.waitUntilReady(pid); err != nil {
		text, _ := os.ReadFile(log)
		return fmt.Errorf("start %s: %w\n%s", args[0], err, text)
	}
	return nil
}

// findProgram searches PATH, and the folders of servers, which are often missing from a user's PATH.
func findProgram(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
		for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/local/mysql/bin"} {
			if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("none of %v is on this machine", names)
}

// rootOption returns the option that lets root run the server, which refuses root without it.
func rootOption(dir string) ([]string, error) {
	me, err := user.Current()
	if err != nil {
		return nil, err
	}
	if me.Uid != "0" {
		return nil, nil
	}
	return []string{"--user=root"}, os.Chmod(dir, 0o755)
}

// cachedDataFolder returns an empty data folder for the daemon, to copy from. Making one takes longer than most tests,
// so it is kept in the user's cache folder.
func cachedDataFolder(daemon string, asUser []string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir() // there is no HOME
	}

	// Another version of the daemon gets another folder.
	info, err := os.Stat(daemon)
	if err != nil {
		return "", err
	}

	name := fmt.Sprintf("%s-%d-%d", filepath.Base(daemon), info.Size(), info.ModTime().Unix())
	data := filepath.Join(cache, "carstock-dbtest", name)
	if _, err := os.Stat(data); err == nil {
		return data, nil
	}

	// Make it under another name and rename it, as other test binaries look for it at the same time.
	if err := os.MkdirAll(filepath.Dir(data), 0o755); err != nil {
		return "", err
	}

	dir, err := os.MkdirTemp(filepath.Dir(data), "making")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()

	fresh := filepath.Join(dir, "data")
	if err := initializeData(daemon, fresh, asUser); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, data); err != nil && !errors.Is(err, fs.ErrExist) { // another test binary was faster
		return "", err
	}
	return data, nil
}

// initializeData makes an empty data folder, with root on 127.0.0.1 without a password.
func initializeData(daemon, data string, asUser []string) error {
	name, args := daemon, []string{"--no-defaults", "--initialize-insecure", "--datadir=" + data}
	if installer, err := findProgram("mariadb-install-db"); err == nil && filepath.Base(daemon) == "mariadbd" {
		name, args = installer, []string{
			"--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db",
			"--datadir=" + data,
		}
	}
	if out, err := exec.Command(name, append(args, asUser...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// startGuarded runs the server under a shell that waits for the end of its standard input. Only this process holds the
// other end of that pipe. However the test binary ends, even by a panic or a kill, the server and its folder go with
// it.
func startGuarded(dir, log string, args []string) error {
	out, err := os.Create(log)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }() // the child has its own

	const script = `dir=$1; shift; "$@" & read -r _; kill -9 $!; wait; rm -rf "$dir"`
	guard := exec.Command("sh", append([]string{"-c", script, "sh", dir}, args...)...)
	guard.Stdout, guard.Stderr = out, out
	guard.SysProcAttr = separateProcessGroup() // Ctrl-C must reach only the tests, which then end the server
	if _, err := guard.StdinPipe(); err != nil {
		return err
	}
	if err := guard.Start(); err != nil {
		return err
	}

	go func() { _ = guard.Wait() }() // holds the pipe for as long as this process runs
	return nil
}

// waitUntilReady waits until the server answers, and reads its process ID.
func (s *Server) waitUntilReady(pidFile string) error {
	deadline := time.Now().Add(startTimeout)
	for {
		db, err := dbconn.Open(context.Background(), s.Admin)
		if err == nil {
			_ = db.Close()
			pid, err := os.ReadFile(pidFile)
			if err != nil {
				return err
			}
			s.pid, err = strconv.Atoi(strings.TrimSpace(string(pid)))
			return err
		}

		if time.Now().After(deadline) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Database creates an empty database for this test on s, and returns how its administrator opens it.
func (s *Server) Database(t testing.TB) dbconn.Config {
	t.Helper()
	admin := Open(t, s.Admin)
	random := make([]byte, 6)
	_, _ = rand.Read(random)
	c := s.Admin
	c.Name = "test_" + hex.EncodeToString(random)
	if _, err := admin.Exec("CREATE DATABASE " + c.Name + " CHARACTER SET utf8mb4"); err != nil {
		t.Fatalf("dbtest: create database: %v", err)
	}

	t.Cleanup(func() {
		// Fails if the test has stopped its server. Then its databases are gone too.
		_, _ = admin.Exec("DROP DATABASE " + c.Name)
	})

	return c
}

// Database creates an empty database for this test on the shared server.
func Database(t testing.TB) dbconn.Config {
	t.Helper()
	return Shared(t).Database(t)
}

// Open opens c until the test ends.
func Open(t testing.TB, c dbconn.Config) *sqlx.DB {
	t.Helper()
	db, err := dbconn.Open(context.Background(), c)
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// MustExec executes statements one after another.
func MustExec(t testing.TB, db *sqlx.DB, statements ...string) {
	t.Helper()
	for _, q := range statements {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}
