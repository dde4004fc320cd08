package e2e

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

// tcpProxy forwards connections from carapi to the server. A test can make it delay packets, refuse connections or
// cut them.
type tcpProxy struct {
	port  uint16
	delay atomic.Int64 // nanoseconds before each packet from the server
	shut  atomic.Bool  // whether it refuses new connections
	mu    sync.Mutex
	open  map[net.Conn]bool
}

func newTCPProxy(t *testing.T, server dbconn.Config) *tcpProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	proxy := &tcpProxy{port: uint16(l.Addr().(*net.TCPAddr).Port), open: map[net.Conn]bool{}}
	pass := func(to, from net.Conn, delay *atomic.Int64) {
		defer func() { _, _ = to.Close(), from.Close() }()
		buffer := make([]byte, 32<<10)
		for {
			n, err := from.Read(buffer)
			time.Sleep(time.Duration(delay.Load()))
			if _, e := to.Write(buffer[:n]); err != nil || e != nil {
				return
			}
		}
	}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return // the test has ended
			}
			far, err := net.Dial("tcp", net.JoinHostPort(server.Host, strconv.Itoa(int(server.Port))))
			if err == nil && proxy.shut.Load() {
				_ = far.Close() // frees the connection of the server before connect_timeout
			}
			if err != nil || proxy.shut.Load() {
				_ = near.Close()
				continue
			}
			proxy.mu.Lock()
			proxy.open[near] = true
			proxy.mu.Unlock()
			go pass(far, near, &atomic.Int64{})
			go pass(near, far, &proxy.delay)
		}
	}()
	return proxy
}

// cut closes all connections, like a server that hands over to another one.
func (l *tcpProxy) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range maps.Keys(l.open) {
		_ = c.Close()
	}
	clear(l.open)
}

const smallStock = "CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), price INT)"

// fault is one way in which the live database can fail, and how to repair it.
type fault struct {
	name       string
	begin, end func()
}

// TestFaultsOfTheServer breaks and repairs the live database in every way, while requests run all the time. Each
// request must be answered, from the snapshot if necessary.
func TestFaultsOfTheServer(t *testing.T) {
	server := dbtest.NewServer(t)
	admin := server.Database(t)
	db := dbtest.Open(t, admin)
	for _, q := range []string{
		smallStock, "INSERT INTO cars VALUES (1, 'Kia', 'Rio', 1), (2, 'Kia', 'Ceed', 2)",
		"CREATE USER app", "GRANT SELECT ON cars TO app",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	copied := copyViews(t, admin, "cars")
	live, proxy := admin, newTCPProxy(t, admin)
	live.User, live.Port = "app", proxy.port
	// on a slow machine the snapshot is slow too
	url, _ := serveLogged(t, live, "cars", "SNAPSHOT_PATH="+copied.Path, "QUERY_TIMEOUT=20s", "DB_CONNECT_TIMEOUT=3s")
	waitForSource(t, url, "live")

	var stop atomic.Bool
	var answers, others atomic.Int64
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { sendUntil(t, url, &stop, &answers, &others) })
	}

	signal := func(s syscall.Signal) func() {
		return func() {
			if err := server.Process(t).Signal(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	exec := func(statement string) func() { return func() { execUntilDone(t, db, statement) } }

	var taken []*sqlx.DB
	for _, f := range []fault{
		{"hung", signal(syscall.SIGSTOP), signal(syscall.SIGCONT)},
		{"slow", func() { proxy.delay.Store(int64(5 * time.Second)) }, func() { proxy.delay.Store(0) }},
		{"full", func() {
			proxy.shut.Store(true) // until carapi has no connection left to reuse
			proxy.cut()
			waitForNoConnections(t, db)
			taken = takeAllConnections(t, admin)
			proxy.shut.Store(false)
		}, func() {
			if _, err := taken[0].Exec("SET GLOBAL max_connections = 151"); err != nil {
				t.Error(err)
			}
			for _, h := range taken {
				_ = h.Close()
			}
		}},
		{
			"no statement left", exec("SET GLOBAL max_prepared_stmt_count = 0"),
			exec("SET GLOBAL max_prepared_stmt_count = 16382"),
		},
		{"right taken away", exec("REVOKE SELECT ON cars FROM app"), exec("GRANT SELECT ON cars TO app")},
		{"table gone", exec("RENAME TABLE cars TO away"), exec("RENAME TABLE away TO cars")},
		{"stopped", signal(syscall.SIGKILL), func() { server.Restart(t) }},
	} {
		requireFallback(t, url, f)
	}

	for range 20 { // a failover: another server answers next
		proxy.cut()
		time.Sleep(50 * time.Millisecond)
	}
	waitForSource(t, url, "live")
	stop.Store(true)
	wg.Wait()
	t.Logf("%d answers, %d refused", answers.Load(), others.Load())
}

// requireFallback checks that the snapshot answers during a fault, and the live database after it.
func requireFallback(t *testing.T, url string, f fault) {
	t.Helper()
	begun := time.Now()
	f.begin()
	waitForSource(t, url, "snapshot")
	noticed := time.Since(begun)
	requireLiveDown(t, f.name, url)
	_, header, _ := getAnswer(url + "/cars/1")
	if age, err := strconv.Atoi(header.Get("Age")); err != nil || age < 0 {
		t.Errorf("%s: Age %q", f.name, header.Get("Age"))
	}

	f.end()
	begun = time.Now()
	waitForSource(t, url, "live")
	t.Logf("%s: from the snapshot after %s, live again %s after the repair", f.name, noticed.Round(time.Millisecond),
		time.Since(begun).Round(time.Millisecond))
}

// waitForSource waits for an answer from the live database or from the snapshot.
func waitForSource(t *testing.T, url, source string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		code, body := getStatus(url + "/cars/?make=kia")
		switch {
		case code == 200 && strings.Contains(body, `"source":"`+source+`"`):
			return
		case time.Now().After(deadline):
			t.Fatalf("no answer from %s: %d %s", source, code, body)
		}
	}
}

// sendUntil sends requests until stop is set. It counts the answers in answers, and in others the refusals because no
// database was there. Anything else fails the test.
func sendUntil(t *testing.T, url string, stop *atomic.Bool, answers, others *atomic.Int64) {
	for ; !stop.Load(); time.Sleep(20 * time.Millisecond) {
		switch code, body := getStatus(url + "/cars/?make=kia&limit=1"); {
		case code == 200 && strings.Contains(body, `"total":2`):
			answers.Add(1)
		case code == 503 || code == 504:
			others.Add(1)
			fallthrough
		default:
			t.Errorf("%d %s", code, body)
		}
	}
}

// execUntilDone repeats a statement until the server accepts it.
func execUntilDone(t *testing.T, db *sqlx.DB, statement string) {
	t.Helper()
	// all connections of the server may still be taken
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		_, err := db.Exec(statement)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// waitForNoConnections waits until the server has no connection from carapi.
func waitForNoConnections(t *testing.T, db *sqlx.DB) {
	t.Helper()
	for n, deadline := 1, time.Now().Add(time.Minute); n > 0; time.Sleep(50 * time.Millisecond) {
		// A packet that the proxy delays keeps its connection open for a while.
		if err := db.Get(&n, "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app'"); err != nil ||
			time.Now().After(deadline) {
			t.Fatalf("%d connections are left: %v", n, err)
		}
	}
}

// requireLiveDown waits until /readyz reports that the live database is away and that the snapshot is there.
func requireLiveDown(t *testing.T, fault, url string) {
	t.Helper()
	body := ""
	for deadline := time.Now().Add(5 * time.Minute); !strings.Contains(body,
		`{"name":"live","up":false}`); time.Sleep(20 * time.Millisecond) {
		if _, body = getStatus(url + "/readyz"); time.Now().After(deadline) {
			t.Fatalf("%s: /readyz: %s", fault, body)
		}
	}
	if !strings.Contains(body, `"name":"snapshot","up":true,"as_of":"`) {
		t.Errorf("%s: /readyz: %s", fault, body)
	}
}

// takeAllConnections takes all connections of the server.
func takeAllConnections(t *testing.T, admin dbconn.Config) []*sqlx.DB {
	t.Helper()
	admin.MaxOpenConns, admin.ConnMaxLifetime = 1, 0
	taken := []*sqlx.DB{dbtest.Open(t, admin)}
	if _, err := taken[0].Exec("SET GLOBAL max_connections = 10"); err != nil { // the minimum
		t.Fatal(err)
	}
	for refusals := 0; ; {
		db, err := dbconn.Open(t.Context(), admin)
		var full *mysql.MySQLError
		if errors.As(err, &full) && full.Number == 1040 {
			if refusals++; refusals == 10 { // the server may be slow to notice closed connections
				return taken
			}
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, db)
	}
}

// carapi starts without any database. It answers from the snapshot as soon as there is one that it may show.
func TestFaultsOfTheSnapshot(t *testing.T) {
	server := dbtest.Database(t)
	db := dbtest.Open(t, server)
	for _, q := range []string{smallStock, "INSERT INTO cars VALUES (1, 'Kia', 'Rio', 1)"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(copyViews(t, server, "cars").Path)
	if err != nil {
		t.Fatal(err)
	}
	snapshot := filepath.Join(t.TempDir(), "carstock.db")
	if err := os.WriteFile(snapshot, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	// otherwise the snapshot would show hidden columns
	for _, setting := range []string{"CARS_HIDE=pirce", "CARS_FIELDS=price=pirce"} {
		if code, out := startRefused(t, server, "cars", setting, "SNAPSHOT_PATH="+snapshot); code != 1 ||
			!strings.Contains(out, `has no column "pirce"`) {
			t.Errorf("%s: exit code %d: %s", setting, code, out)
		}
	}
	for name, source := range map[string]string{"DNS gone": "auto", "no MySQL": "snapshot"} {
		t.Run(name, func(t *testing.T) {
			_ = os.Remove(snapshot)
			gone := server
			gone.Host = "there-is-no-such-host.invalid"
			url, log := serveLogged(t, gone, "cars", "SNAPSHOT_PATH="+snapshot, "SOURCE="+source, "DB_CONN_MAX_LIFETIME=1s")
			requireUnavailable(t, url, snapshot)
			if !strings.Contains(log.String(), "SNAPSHOT_PATH, and that syncer has run") {
				t.Error(log)
			}
			replaceSnapshot(t, snapshot, whole)
			if body := waitForStatus(t, url+"/cars/", 200); !strings.Contains(body, `"source":"snapshot"`) {
				t.Error(body)
			}
			waitForStatus(t, url+"/readyz", 200)
			replaceSnapshot(t, snapshot, []byte(strings.Repeat("This is no database. ", 1000)))
			requireUnavailable(t, url, snapshot)
			replaceSnapshot(t, snapshot, whole)
			waitForStatus(t, url+"/cars/", 200)
			if err := os.Remove(snapshot); err != nil {
				t.Fatal(err)
			}
			requireUnavailable(t, url, snapshot)
			replaceSnapshot(t, snapshot, whole)

			old, _ := serveLogged(t, gone, "cars", "SNAPSHOT_PATH="+snapshot, "SOURCE="+source, "STALE_MAX_AGE=1ms",
				"DB_CONN_MAX_LIFETIME=1s")
			requireUnavailable(t, old, snapshot)
			if body := waitForStatus(t, old+"/cars/", 503); !strings.Contains(body, "too old") {
				t.Error(body)
			}
		})
	}
}

// replaceSnapshot replaces the snapshot, and removes SQLite's files beside it.
func replaceSnapshot(t *testing.T, snapshot string, content []byte) {
	t.Helper()
	if err := os.WriteFile(snapshot+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, beside := range []string{"-wal", "-shm"} {
		_ = os.Remove(snapshot + beside)
	}
	if err := os.Rename(snapshot+".new", snapshot); err != nil {
		t.Fatal(err)
	}
}

// requireUnavailable checks that all requests get a 503 that names neither the database nor the snapshot.
func requireUnavailable(t *testing.T, url, snapshot string) {
	t.Helper()
	for _, path := range []string{"/cars/", "/cars/1", "/cars/fields", "/openapi.json", "/readyz"} {
		if body := waitForStatus(t, url+path, 503); strings.Contains(body, "invalid") ||
			strings.Contains(body, snapshot) {
			t.Errorf("%s: %s", path, body)
		}
	}
	if _, header, body := getAnswer(url + "/cars/"); header.Get("Retry-After") == "" {
		t.Errorf("%v %s", header, body)
	}
	waitForStatus(t, url+"/livez", 200)
}

// Each read during a publish sees one complete snapshot, even when columns are added and dropped.
func TestReadsWhileSyncing(t *testing.T) {
	server := dbtest.Database(t)
	db := dbtest.Open(t, server)
	exec := func(q string) {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	exec(smallStock)
	exec("INSERT INTO cars WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT i, " +
		"'Kia', 'Rio', 0 FROM n")
	copied := copyViews(t, server, "cars")
	url, _ := serveLogged(t, server, "cars", "SNAPSHOT_PATH="+copied.Path, "SOURCE=snapshot")
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for !stop.Load() {
				code, body := getStatus(url + "/cars/?limit=100&include_total=false")
				_, price, _ := strings.Cut(body, `"price":`)
				price, _, _ = strings.Cut(price, "}")
				price, _, _ = strings.Cut(price, ",")
				if code != 200 || strings.Count(body, `"price":`+price) != 100+strings.Count(body, `"price":`+price+"0") {
					t.Errorf("%d, price %s: %s", code, price, body)
				}
			}
		})
	}
	for i := 1; i <= 5; i++ {
		exec(fmt.Sprintf("UPDATE cars SET price = %d", i))
		if i == 3 {
			exec("ALTER TABLE cars ADD doors INT, DROP model, ADD model VARCHAR(9) DEFAULT 'Rio'")
		}
		syncInto(t, server, "cars", copied.Path)
	}
	stop.Store(true)
	wg.Wait()
	if body := waitForStatus(t, url+"/cars/?doors_min=0", 200); !strings.Contains(body, `"total":0`) {
		t.Error(body)
	}
}

// Clients that never finish their requests do not keep others from an answer.
func TestSlowClients(t *testing.T) {
	sqlite, _ := dbtest.SQLite(t, "CREATE TABLE cars (id INTEGER PRIMARY KEY, make TEXT, model TEXT, description TEXT)",
		"INSERT INTO cars VALUES (1, 'Kia', 'Rio', '"+strings.Repeat("long ", 17_000)+"')")
	t.Chdir(t.TempDir())
	url := serve(t, sqlite, "cars")
	var slow []net.Conn
	for range 1000 {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if _, err := fmt.Fprintf(c, "GET /cars/ HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\nX-Slow: ", apiKey); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, c)
	}
	for range 10 {
		if code, body := getStatus(url + "/cars/"); code != 200 {
			t.Errorf("%d %s", code, body)
		}
	}
	narrow := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 2048) })
	}}
	for range 100 { // these do not read their answers either
		c, err := narrow.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if _, err := io.WriteString(c, strings.Repeat(fmt.Sprintf("GET /cars/?fields=%s HTTP/1.1\r\nHost: a\r\nX-API-Key: "+
			"%s\r\n\r\n", "make,description", apiKey), 30)); err != nil {
			t.Fatal(err)
		}
	}
	// Other clients still get answers while finished answers wait to be read.
	for good, deadline := 0, time.Now().Add(2*time.Minute); good < 20; good++ {
		if code, body := getStatus(url + "/cars/?fields=id"); code != 200 {
			if good = -1; time.Now().After(deadline) {
				t.Fatalf("beside clients that do not read: %d %s", code, body)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	for _, c := range slow { // the server closes them
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Log(err)
		}
	}
}
