package e2e

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

// benchRuns is how often each method is timed, in turn with the others. The median counts.
const benchRuns = 3

// syncMethod is one way to copy the view into a SQLite file.
type syncMethod struct {
	name   string
	env    []string                  // settings of syncer, which runs if do is nil
	change string                    // statement in the source before each run, not timed
	first  bool                      // each run begins without a file
	do     func(target string) error // runs instead of syncer
	lock   bool                      // also measures how long other writers are locked out
}

// BenchmarkSync compares syncer with a hand-written pipeline, and with only reading the rows, on the same server.
// Seconds depend on the machine, so only the ratios count. BENCH_ROWS is the number of rows, 1,000,000 by default, of
// 25 columns.
func BenchmarkSync(b *testing.B) {
	rows := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("BENCH_ROWS")); err == nil {
		rows = n
	}
	syncer := filepath.Join(b.TempDir(), "syncer")
	if out, err := exec.Command("go", "build", "-o", syncer, "carstock/services/syncer").CombinedOutput(); err != nil {
		b.Fatalf("build syncer: %v: %s", err, out)
	}
	b.Chdir(b.TempDir()) // a folder without .env
	c := dbtest.Database(b)
	dbtest.Setenv(b, c)
	fillBenchTable(b, c, rows)
	db := dbtest.Open(b, c)

	for _, n := range []int{rows / 10, rows} {
		view := fmt.Sprintf("bench_%d", n)
		if _, err := db.Exec(fmt.Sprintf("CREATE VIEW %s AS SELECT * FROM bench WHERE id <= %d", view, n)); err != nil {
			b.Fatal(err)
		}
		key, history := "SYNC_VIEWS="+view+"(id)", "SYNC_HISTORY=90d"
		mark := []string{"SYNC_VIEWS=" + view + "(id)@updated_at", "SYNC_STRATEGY=upsert", "SYNC_WATERMARK_OVERLAP=1s"}
		measure(b, db, syncer, view, n, []syncMethod{
			{name: "pipeline", first: true, do: func(target string) error { return importByHand(c, view, target) }},
			{name: "read alone", do: func(string) error { return readRows(c, view) }},
			{name: "first sync", env: []string{key}, first: true},
			{name: "first sync, zlib", env: []string{key, "DB_COMPRESSION=zlib"}, first: true},
			{name: "re-sync, nothing changed", env: []string{key}, lock: true},
			{name: "re-sync, 0.1 % changed", env: []string{key}, change: "UPDATE bench SET mileage = mileage + 1 WHERE id " +
				"% 1000 = 0"},
			{name: "nothing changed, with history", env: []string{key, history}},
			{name: "0.1 % changed, with history", env: []string{key, history}, change: "UPDATE bench SET mileage = mileage + " +
				"1 WHERE id % 1000 = 0"},
			{name: "first sync, no key", env: []string{"SYNC_VIEWS=" + view}, first: true},
			{name: "re-sync, no key", env: []string{"SYNC_VIEWS=" + view}},
			{name: "first upsert", env: mark, first: true},
			{
				name: "upsert, 1,000 rows changed", env: mark,
				change: "UPDATE bench SET mileage = mileage + 1, updated_at = updated_at + INTERVAL 1 YEAR ORDER BY id LIMIT 1000",
			},
		})
	}
	b.ReportMetric(0, "ns/op") // there is no loop over b.N
}

// measure times the methods in turn and prints a table.
func measure(b *testing.B, db *sqlx.DB, syncer, view string, rows int, methods []syncMethod) {
	b.Helper()
	dir := b.TempDir()
	target := filepath.Join(dir, "carstock.db")
	times, memory, locked := map[string][]time.Duration{}, map[string]int64{}, map[string]time.Duration{}
	received := map[string]float64{}
	for range benchRuns {
		for _, w := range methods {
			if w.first {
				emptyDir(b, dir)
			}
			if w.change != "" {
				if _, err := db.Exec(w.change); err != nil {
					b.Fatal(err)
				}
			}
			if w.do != nil {
				times[w.name] = append(times[w.name], timeRun(b, func() error { return w.do(target) }))
				continue
			}
			run := func() error {
				cmd := exec.Command(syncer, "sync", "--quiet")
				cmd.Env = append(append(os.Environ(), "SYNC_PATH="+target), w.env...)
				cmd.Stderr = os.Stderr
				if err := cmd.Start(); err != nil {
					return err
				}
				peak := watchMemory(cmd.Process.Pid)
				err := cmd.Wait()
				memory[w.name] = max(memory[w.name], peak())
				return err
			}
			times[w.name] = append(times[w.name], timeRun(b, run))
			received[w.name] = requireRows(b, target, view, rows)
			if w.lock { // one more run, not timed, because probing the lock slows it down
				stop := watchLock(b, target)
				timeRun(b, run)
				locked[w.name] = max(locked[w.name], stop())
			}
		}
	}
	pipeline, read := median(times["pipeline"]), median(times["read alone"])
	tw := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "\n%d rows\tseconds\t/ pipeline\t/ read alone\tpeak MiB\tlocked ms\treceived MB\t\n", rows)
	for _, w := range methods {
		m := median(times[w.name])
		fmt.Fprintf(tw, "%s\t%.2f\t%.2f\t%.2f\t%d\t%d\t%.2f\t\n", w.name, m.Seconds(), m.Seconds()/pipeline.Seconds(),
			m.Seconds()/read.Seconds(), memory[w.name], locked[w.name].Milliseconds(), received[w.name])
	}
	_ = tw.Flush()
	fmt.Printf("zlib sends %.1f %% of the bytes (target: at most 25)\n",
		100*received["first sync, zlib"]/received["first sync"])
}

// watchLock measures the longest time for which no other program could begin to write.
func watchLock(b *testing.B, target string) (stop func() time.Duration) {
	b.Helper()
	db := dbtest.Open(b, dbconn.Config{Driver: dbconn.SQLite, Path: target, MaxOpenConns: 1})
	_ = db.Close() // the file exists and is complete
	writer, err := sqlx.Open("sqlite3", dbconn.SQLiteDSN(target, "mode=rw&_busy_timeout=0&_txlock=immediate"))
	if err != nil {
		b.Fatal(err)
	}
	end, result := make(chan struct{}), make(chan time.Duration)
	go func() {
		var longest time.Duration
		var since time.Time // start of the current lock; zero while unlocked
		for {
			if tx, err := writer.Begin(); err != nil && since.IsZero() {
				since = time.Now()
			} else if err == nil {
				_ = tx.Rollback()
				if !since.IsZero() {
					longest, since = max(longest, time.Since(since)), time.Time{}
				}
			}
			select {
			case <-end:
				_ = writer.Close()
				result <- longest
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() time.Duration { close(end); return <-result }
}

// watchMemory measures the peak resident memory of a process, in MiB. It polls, because the kernel's final figure
// also counts the memory of this process, from which the other one was forked.
func watchMemory(pid int) (peak func() int64) {
	end, result := make(chan struct{}), make(chan int64)
	go func() {
		var most int64
		for {
			if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
				if _, after, ok := strings.Cut(string(status), "VmHWM:"); ok {
					if n, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64); err == nil {
						most = n >> 10
					}
				}
			}
			select {
			case <-end:
				result <- most
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return func() int64 { close(end); return <-result }
}

// readRows reads the view through the driver's interface and drops the rows.
func readRows(c dbconn.Config, view string) error {
	db, err := dbconn.Open(context.Background(), c)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	conn, err := db.Conn(context.Background())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return conn.Raw(func(dc any) error {
		stmt, err := dc.(driver.ConnPrepareContext).PrepareContext(context.Background(), "SELECT * FROM "+view)
		if err != nil {
			return err
		}
		rows, err := stmt.(driver.StmtQueryContext).QueryContext(context.Background(), nil)
		if err != nil {
			return err
		}
		row := make([]driver.Value, len(rows.Columns()))
		for err == nil {
			err = rows.Next(row)
		}
		if !errors.Is(err, io.EOF) {
			return err
		}
		return errors.Join(rows.Close(), stmt.Close())
	})
}

// importByHand runs `mariadb --quick --batch | sqlite3 .import`, without synchronous writes in SQLite.
func importByHand(c dbconn.Config, view, target string) error {
	client, err := exec.LookPath("mariadb")
	if err != nil {
		client = "mysql"
	}
	read := exec.Command(client, "--no-defaults", "--quick", "--batch", "--skip-column-names",
		"--default-character-set=utf8mb4", "-h", c.Host, "-P", strconv.Itoa(int(c.Port)), "-u", c.User, c.Name, "-e",
		"SELECT * FROM "+view)
	read.Env = append(os.Environ(), "MYSQL_PWD="+string(c.Password))
	write := exec.Command("sqlite3", target)
	read.Stderr, write.Stderr = os.Stderr, os.Stderr
	pipe, err := read.StdoutPipe()
	if err != nil {
		return err
	}
	if err := read.Start(); err != nil {
		return err
	}
	// .import reads from a file, and /dev/fd/3 names the pipe.
	write.ExtraFiles = []*os.File{pipe.(*os.File)}
	write.Stdin = strings.NewReader("PRAGMA journal_mode = OFF;\nPRAGMA synchronous = OFF;\n" +
		"CREATE TABLE bench (" + strings.Join(benchColumns(false), ", ") + ");\n.mode tabs\n.import /dev/fd/3 bench\n")
	if err := write.Run(); err != nil {
		return fmt.Errorf("sqlite3: %w", err)
	}
	return read.Wait()
}

// benchColumns returns the 25 columns of the benchmark's table: for MySQL with the expressions that fill them, or for
// SQLite.
func benchColumns(mysql bool) []string {
	var out []string
	add := func(name, mysqlType, value, sqliteType string) {
		if mysql {
			out = append(out, name+" "+mysqlType+"\x00"+value)
		} else {
			out = append(out, name+" "+sqliteType)
		}
	}
	add("id", "BIGINT NOT NULL PRIMARY KEY", "n", "INTEGER")
	add("vin", "CHAR(17)", "CONCAT('1HGCM82633A', LPAD(n, 6, '0'))", "TEXT")
	add("make", "VARCHAR(40)", "ELT(1 + n % 8, 'Toyota', 'Ford', 'Citroën', 'Kia', 'Volkswagen', 'Škoda', 'BMW', "+
		"'Mercedes-Benz')", "TEXT")
	add("model", "VARCHAR(40)", "CONCAT(ELT(1 + n % 5, 'Camry', 'F-150', 'C3', '3 Series', 'Octavia'), ' ', n % 31)",
		"TEXT")
	add("year", "SMALLINT", "2000 + n % 26", "INTEGER")
	add("price", "DECIMAL(10,2)", "5000 + (n * 7919 % 9000000) / 100", "NUMERIC")
	add("msrp", "DECIMAL(10,2)", "IF(n % 3, 9000 + (n * 104729 % 9000000) / 100, NULL)", "NUMERIC")
	add("mileage", "INT", "n * 31 % 200000", "INTEGER")
	add("rating", "FLOAT", "(n % 50) / 10", "REAL")
	add("score", "DOUBLE", "n / 7", "REAL")
	for i := range 9 {
		add(fmt.Sprintf("text_%d", i), "VARCHAR(60)", fmt.Sprintf("CONCAT('value %d of ', n * %d %% 1000)", i, i+3), "TEXT")
	}
	add("description", "TEXT", "CONCAT('One owner, serviced, number ', n)", "TEXT")
	add("sold", "TINYINT(1)", "n % 2", "INTEGER")
	add("doors", "TINYINT", "2 + n % 4", "INTEGER")
	add("built", "DATE", "DATE_ADD('2000-01-01', INTERVAL n % 9000 DAY)", "TEXT")
	add("created_at", "DATETIME", "DATE_ADD('2020-01-01', INTERVAL n SECOND)", "TEXT")
	add("updated_at", "TIMESTAMP NULL", "DATE_ADD('2021-01-01', INTERVAL n SECOND)", "TEXT")
	return out
}

// fillBenchTable makes the table bench for the syncer's benchmark.
func fillBenchTable(b *testing.B, c dbconn.Config, rows int) {
	b.Helper()
	fillTable(b, c, "bench", benchColumns(true), rows)
	if _, err := dbtest.Open(b, c).Exec("CREATE INDEX by_change ON bench (updated_at)"); err != nil {
		b.Fatal(err)
	}
}

// fillTable makes a table of up to a million rows. Each column consists of its declaration, a NUL, and the expression
// for its value in row n. n begins at 1.
func fillTable(t testing.TB, c dbconn.Config, table string, columns []string, rows int) {
	t.Helper()
	db := dbtest.Open(t, c)
	var declared, values []string
	for _, column := range columns {
		d, v, _ := strings.Cut(column, "\x00")
		declared, values = append(declared, d), append(values, v)
	}
	digits := "(SELECT 0 AS d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 " +
		"UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)"
	number := fmt.Sprintf("SELECT 1 + a.d + 10*b.d + 100*c.d + 1000*e.d + 10000*f.d + 100000*g.d AS n FROM %[1]s a, "+
		"%[1]s b, %[1]s c, %[1]s e, %[1]s f, %[1]s g", digits)
	for _, q := range []string{
		"CREATE TABLE " + table + " (" + strings.Join(declared, ", ") + ")",
		"INSERT INTO " + table + " SELECT " + strings.Join(values, ", ") + " FROM (" + number + ") numbers WHERE n <= " +
			strconv.Itoa(rows) + " ORDER BY n",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
}

func timeRun(b *testing.B, do func() error) time.Duration {
	b.Helper()
	start := time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

func emptyDir(b *testing.B, dir string) {
	b.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range files {
		if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
			b.Fatal(err)
		}
	}
}

// requireRows checks the number of rows of a table, and returns how many megabytes its last run received.
func requireRows(b *testing.B, path, table string, rows int) (received float64) {
	b.Helper()
	db := dbtest.Open(b, dbconn.Config{Driver: dbconn.SQLite, Path: path, MaxOpenConns: 1})
	var n int
	if err := db.Get(&n, "SELECT count(*) FROM "+table); err != nil || n != rows {
		b.Fatalf("%d rows, %v", n, err)
	}
	err := db.Get(&received, "SELECT bytes / 1e6 FROM _sync_tables WHERE table_name = ? ORDER BY run_id DESC LIMIT 1",
		table)
	if err != nil {
		b.Fatal(err)
	}
	return received
}
