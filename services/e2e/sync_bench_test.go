package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	syncer "carstock/services/syncer/cli"
)

const (
	benchRows = 1_000_000
	benchRuns = 3 // of each way, taken in turn; the median counts
)

// BenchmarkSync times a first sync of a view of 1,000,000 rows and 25 columns beside the pipeline
// that one would write by hand, on the same server in the same run. Seconds depend on the machine;
// the ratio is what is to be read.
func BenchmarkSync(b *testing.B) {
	b.Chdir(b.TempDir()) // where no .env is
	c := dbtest.Database(b)
	fill(b, c)
	dbtest.Setenv(b, c)
	b.Setenv("SYNC_VIEWS", "bench_view")
	dir := b.TempDir()
	target := filepath.Join(dir, "carstock.db")
	b.Setenv("SYNC_PATH", target)

	var sync, pipeline []time.Duration
	for range benchRuns {
		clear(b, dir)
		sync = append(sync, timed(b, func() error {
			if code := syncer.Run(context.Background(), []string{"sync"}, io.Discard, os.Stderr); code != 0 {
				return fmt.Errorf("exit code %d", code)
			}
			return nil
		}))
		requireRows(b, target)
		clear(b, dir)
		pipeline = append(pipeline, timed(b, func() error { return importByHand(c, target) }))
		requireRows(b, target)
	}
	s, p := median(sync), median(pipeline)
	b.ReportMetric(0, "ns/op") // this is no loop over b.N
	b.ReportMetric(s.Seconds(), "sync-s")
	b.ReportMetric(p.Seconds(), "pipeline-s")
	b.ReportMetric(s.Seconds()/p.Seconds(), "sync/pipeline")
}

// importByHand is `mariadb --quick --batch | sqlite3 .import`, SQLite without sync.
func importByHand(c dbconn.Config, target string) error {
	client, err := exec.LookPath("mariadb")
	if err != nil {
		client = "mysql"
	}
	read := exec.Command(client, "--no-defaults", "--quick", "--batch", "--skip-column-names", "--default-character-set=utf8mb4",
		"-h", c.Host, "-P", strconv.Itoa(int(c.Port)), "-u", c.User, c.Name, "-e", "SELECT * FROM bench_view")
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
	// .import reads from a file; /dev/fd/3 is the pipe as one.
	write.ExtraFiles = []*os.File{pipe.(*os.File)}
	write.Stdin = strings.NewReader("PRAGMA journal_mode = OFF;\nPRAGMA synchronous = OFF;\n" +
		"CREATE TABLE bench_view (" + strings.Join(columns(false), ", ") + ");\n.mode tabs\n.import /dev/fd/3 bench_view\n")
	if err := write.Run(); err != nil {
		return fmt.Errorf("sqlite3: %w", err)
	}
	return read.Wait()
}

// columns are the 25 of the benchmark's table: with how to fill them for MySQL, or as SQLite's.
func columns(mysql bool) []string {
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
	add("make", "VARCHAR(40)", "ELT(1 + n % 8, 'Toyota', 'Ford', 'Citroën', 'Kia', 'Volkswagen', 'Škoda', 'BMW', 'Mercedes-Benz')", "TEXT")
	add("model", "VARCHAR(40)", "ELT(1 + n % 5, 'Camry', 'F-150', 'C3', '3 Series', 'Octavia')", "TEXT")
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

func fill(b *testing.B, c dbconn.Config) {
	b.Helper()
	db := dbtest.Open(b, c)
	var declared, values []string
	for _, column := range columns(true) {
		d, v, _ := strings.Cut(column, "\x00")
		declared, values = append(declared, d), append(values, v)
	}
	digits := "(SELECT 0 AS d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)"
	number := fmt.Sprintf("SELECT 1 + a.d + 10*b.d + 100*c.d + 1000*e.d + 10000*f.d + 100000*g.d AS n FROM %[1]s a, %[1]s b, %[1]s c, %[1]s e, %[1]s f, %[1]s g", digits)
	for _, q := range []string{
		"CREATE TABLE bench (" + strings.Join(declared, ", ") + ")",
		"INSERT INTO bench SELECT " + strings.Join(values, ", ") + " FROM (" + number + ") numbers ORDER BY n",
		"CREATE VIEW bench_view AS SELECT * FROM bench",
	} {
		if _, err := db.Exec(q); err != nil {
			b.Fatal(err)
		}
	}
}

func timed(b *testing.B, do func() error) time.Duration {
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

func clear(b *testing.B, dir string) {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			b.Fatal(err)
		}
	}
}

func requireRows(b *testing.B, path string) {
	b.Helper()
	db := dbtest.Open(b, dbconn.Config{Driver: dbconn.SQLite, Path: path, MaxOpenConns: 1})
	var n int
	if err := db.Get(&n, "SELECT count(*) FROM bench_view"); err != nil || n != benchRows {
		b.Fatalf("%d rows, %v", n, err)
	}
}
