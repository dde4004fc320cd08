package cli_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/services/syncer/internal/run"
)

// manyCars makes rows like those of real tables, where many rows share texts.
const manyCars = `INSERT INTO cars SELECT n, CONCAT('1HGCM82633A', LPAD(n, 6, '0')),
	ELT(1 + n % 4, 'Toyota', 'Citroën', 'Škoda', 'BMW'), CONCAT('One owner, serviced, number ', n),
	5000 + (n * 7919 % 9000000) / 100, n / 7, DATE_ADD('2020-01-01', INTERVAL n SECOND)
	FROM (SELECT 1 + a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS n FROM ` + digits + " a, " + digits + " b, " + digits +
	" c, " + digits + " d) numbers"

// The report and the file count the bytes that crossed the network. zlib reduces them, and the rows stay the same.
func TestReceivedBytes(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars",
		"CREATE TABLE cars (id INT PRIMARY KEY, vin CHAR(17), make VARCHAR(20), note TEXT, price DECIMAL(10,2), score "+
			"DOUBLE, at DATETIME)", manyCars)
	var crossed atomic.Int64
	p := tcpProxy{answer: func(_, sent int) bool {
		crossed.Store(int64(sent)) // without the last packet
		return true
	}}
	p.start(t, s)

	received, rowsOf := map[string]int64{}, map[string][]string{}
	for _, compression := range []string{dbconn.CompressionOff, dbconn.CompressionZlib} {
		s.set("DB_COMPRESSION", compression)
		s.keep(t.TempDir() + "/carstock.db")
		r := s.report(t, 0)
		requireText(t, tableCounts(t, r), "10000: +10000 ~0 -0 =0")
		received[compression], rowsOf[compression] = r.Tables[0].Bytes, readContent(t, s.path)

		// The rest are the bytes of the session and of the table's description.
		if rest := crossed.Load() - r.Tables[0].Bytes; rest < -32<<10 || rest > 64<<10 {
			t.Errorf("%s: %d bytes are reported, and about %d have crossed the network", compression, r.Tables[0].Bytes,
				crossed.Load())
		}

		var stored int64
		if err := openFile(t, s.path).Get(&stored, "SELECT bytes FROM _sync_tables"); err != nil ||
			stored != r.Tables[0].Bytes {
			t.Errorf("%s: the file has %d bytes, %v; the report %d", compression, stored, err, r.Tables[0].Bytes)
		}
	}

	t.Logf("received: %v", received)
	requireRows(t, rowsOf[dbconn.CompressionZlib], rowsOf[dbconn.CompressionOff])
	if received[dbconn.CompressionZlib]*4 > received[dbconn.CompressionOff] {
		t.Errorf("zlib must reduce it to less than a quarter: %v", received)
	}
}

// The first rows of a view that had few rows are not read twice.
func TestFewCompressedRows(t *testing.T) {
	t.Parallel()
	s := newSource(t, "few(id)", "CREATE TABLE few (id INT PRIMARY KEY, text CHAR(64))",
		"INSERT INTO few SELECT 10 * a.n + b.n, SHA2(10 * a.n + b.n, 256) FROM "+digits+" a, "+digits+" b")
	s.set("DB_COMPRESSION", dbconn.CompressionZlib)
	first, second := s.report(t, 0).Tables[0].Bytes, s.report(t, 0).Tables[0].Bytes
	if second*3 > first*2 {
		t.Errorf("%d bytes, then %d", first, second)
	}
}

// With compression, columns cross the network in another order, as far as a view's first rows come quickly. All kinds
// of views arrive as they are without.
func TestCompressedViews(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars(id); by_make(make); slow(id); one; none(id); many; numbered(n); odd",
		"CREATE TABLE cars (id INT PRIMARY KEY, vin CHAR(17), make VARCHAR(20), note TEXT, price DECIMAL(10,2), score "+
			"DOUBLE, at TIMESTAMP NULL)", manyCars,
		"CREATE VIEW by_make AS SELECT make, COUNT(*) AS n, MAX(note) AS note, MIN(at) AS first FROM cars GROUP BY make",
		"CREATE VIEW slow AS SELECT id, note, make, SLEEP(0.1) AS s FROM cars WHERE id < 10",
		"CREATE TABLE odd (`100 %d` INT PRIMARY KEY, `a``b` JSON, `%s` BIT(9), `(c, d)` POINT, b VARBINARY(99), m JSON)",
		`INSERT INTO odd SELECT id, JSON_OBJECT('make', make), id % 3, ST_GeomFromText(CONCAT('POINT(', id % 5, ' 7)')),
			UNHEX(SHA2(id % 7, 256)), JSON_ARRAY(id % 7, make) FROM cars WHERE id < 1000`,
		"CREATE TABLE one (id INT)", "INSERT INTO one VALUES (1)", "CREATE VIEW none AS SELECT * FROM cars WHERE id < 0",
		"CREATE TABLE many (id INT PRIMARY KEY"+manyColumns(90)+")", "INSERT INTO many (id, c0, c89) VALUES (1, 'a', 'b')",
		"CREATE FUNCTION row_no() RETURNS INT NOT DETERMINISTIC NO SQL BEGIN SET @n = COALESCE(@n, 0) + 1; RETURN @n; END",
		"CREATE VIEW numbered AS SELECT row_no() AS n, make, note, vin FROM cars")
	s.set("DB_TIMEZONE", "+02:00")
	s.set("SYNC_ALLOW_EMPTY", "true")
	rowsOf := map[string][]string{}
	for _, compression := range []string{dbconn.CompressionOff, dbconn.CompressionZlib} {
		s.set("DB_COMPRESSION", compression)
		s.keep(t.TempDir() + "/carstock.db")
		s.report(t, 0)
		rowsOf[compression] = readContent(t, s.path)
	}
	requireRows(t, rowsOf[dbconn.CompressionZlib], rowsOf[dbconn.CompressionOff])
}

func manyColumns(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, ", c%d VARCHAR(20)", i)
	}
	return s.String()
}

// A server that accepts only short statements uses its own buffer for compression.
func TestCompressionWithShortStatements(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t, "--max-allowed-packet=65536")
	s := newSourceOn(t, server, "cars", "CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(20))",
		"INSERT INTO cars VALUES (1, 'Toyota'), (2, 'Kia')")
	s.set("DB_COMPRESSION", dbconn.CompressionZlib)
	requireText(t, tableCounts(t, s.report(t, 0)), "2: +2 ~0 -0 =0")
}

// check measures the network with the largest view, and says whether compression pays.
func TestCheckMeasuresTheLink(t *testing.T) {
	t.Parallel()
	s := newSource(t, "few; cars(id)", "CREATE TABLE few (id INT PRIMARY KEY)", "INSERT INTO few VALUES (1), (2)",
		"CREATE TABLE cars (id INT PRIMARY KEY, vin CHAR(17), make VARCHAR(20), note TEXT, price DECIMAL(10,2), score "+
			"DOUBLE, at DATETIME)", manyCars,
		"ANALYZE TABLE few, cars")

	link := func() (l run.LinkSpeed, line string) {
		t.Helper()
		code, stdout, stderr := s.run(t, "check", "--json")
		var f run.Findings
		if err := json.Unmarshal([]byte(stdout), &f); err != nil || code != 0 {
			t.Fatalf("exit code %d, %v: %s%s", code, err, stdout, stderr)
		}

		t.Log(f.Link.Summary)
		return f.Link, f.Link.Summary
	}

	l, line := link()
	if l.WorthIt || !strings.Contains(line, "not worth it here") || l.Views[0] != "cars" || l.RoundTrip <= 0 ||
		l.RoundTrip > 1 {
		t.Errorf("on this machine: %+v", l)
	}

	if _, out := s.output(t, "check"); !strings.Contains(out, "link    ") || !strings.Contains(out, "round trip") {
		t.Errorf("%s", out)
	}

	const perSecond = 600_000
	var mu sync.Mutex
	passed := map[int]int{} // bytes by connection
	p := tcpProxy{answer: func(connection, sent int) bool {
		mu.Lock()
		wait := time.Duration(sent-passed[connection]) * time.Second / perSecond
		passed[connection] = sent
		mu.Unlock()
		time.Sleep(wait)
		return true
	}}
	p.start(t, s)
	for setting, wantPart := range map[string]string{
		"off":  "DB_COMPRESSION=zlib would send",
		"zlib": "DB_COMPRESSION=zlib sends",
	} {
		s.set("DB_COMPRESSION", setting)
		l, line := link()
		if !l.WorthIt || !strings.HasSuffix(line, ": worth it") || !strings.Contains(line, wantPart) ||
			l.PerSecond < perSecond/3 || l.PerSecond > perSecond*1.5 ||
			l.ZlibBytes > 0.35 || l.ZlibBytes < 0.1 {
			t.Errorf("on a slow line, DB_COMPRESSION=%s: %+v", setting, l)
		}
	}

	// The server may compress more at once than a whole view.
	dbtest.MustExec(t, s.mysql, "CREATE VIEW some AS SELECT * FROM cars WHERE id <= 2000")
	s.set("SYNC_VIEWS", "some(id)")
	if l, _ := link(); l.ZlibBytes > 0.3 || l.ZlibBytes < 0.1 {
		t.Errorf("on a slow line, 2,000 rows: %+v", l)
	}

	// A small view, a view that takes the server long, a view with a single large row, and a view that cannot be read.
	dbtest.MustExec(t, s.mysql, "CREATE VIEW slow AS SELECT id, SLEEP(0.2) AS s FROM cars WHERE id < 20",
		"CREATE TABLE wide (id INT PRIMARY KEY, v LONGBLOB)",
		"INSERT INTO wide VALUES (1, REPEAT('x', 10 << 20))")
	for views, wantPart := range map[string]string{
		"few": "not worth it here", "slow(id)": "no two rows of slow came", "wide": "no two rows of wide came",
		"few; slow(id)": "no two rows",
	} {
		s.set("SYNC_VIEWS", views)
		if _, line := link(); !strings.Contains(line, wantPart) {
			t.Errorf("%s: %s", views, line)
		}
	}
}
