package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// benchRows is the number of vehicles in the tables of the benchmarks.
const benchRows = 50_000

// benchColumns are 25 columns, with the SQL expressions for their values in row n.
func benchColumns() (declared, values []string) {
	add := func(column, value string) { declared, values = append(declared, column), append(values, value) }
	add("id INTEGER PRIMARY KEY", "n")
	add("vin CHAR(17)", "10000000000000000 + n")

	for i, name := range []string{
		"make", "model", "trim", "body_type", "fuel_type", "transmission", "color",
		"city", "state",
	} {
		add(name+" VARCHAR(64)", fmt.Sprintf("CONCAT('value ', n %% %d)", 50+i*100))
	}

	for i, name := range []string{"year", "mileage", "doors", "seats", "cylinders"} {
		add(name+" INT", fmt.Sprintf("n * 7919 %% %d", 10*(i+1)*(i+1)*(i+1)*(i+1)))
	}

	add("price DECIMAL(10,2)", "n * 37 % 9000000 / 100")
	add("msrp DECIMAL(12,2)", "n * 41 % 9000000 / 100")
	add("rating FLOAT", "n % 50 / 10")
	add("score DOUBLE", "n / 7")
	add("description TEXT", "CONCAT('One owner, serviced, number ', n)")
	add("image_url VARCHAR(255)", "CONCAT('https://images.example.com/', n, '.jpg')")
	add("sold_on DATE", "'2026-01-02'")
	add("created_at DATETIME", "'2026-01-02 03:04:05'")
	add("updated_at TIMESTAMP NULL", "'2026-01-02 03:04:05'")

	return declared, values
}

func benchMySQL(b *testing.B) dbconn.Config {
	c := dbtest.Database(b)
	declared, values := benchColumns()
	digits := "(SELECT 0 AS d" + strings.Repeat(" UNION ALL SELECT %d", 9) + ")"
	digits = fmt.Sprintf(digits, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	numbers := fmt.Sprintf("SELECT 1 + a.d + 10*b.d + 100*c.d + 1000*e.d + 10000*f.d AS n FROM %[1]s a, %[1]s b, %[1]s "+
		"c, %[1]s e, %[1]s f", digits)
	dbtest.MustExec(b, dbtest.Open(b, c), "CREATE TABLE cars ("+strings.Join(declared, ", ")+")",
		fmt.Sprintf("INSERT INTO cars SELECT %s FROM (%s) AS numbers WHERE n <= %d ORDER BY n", strings.Join(values, ", "),
			numbers, benchRows),
		"ANALYZE TABLE cars")

	return c
}

func benchSQLite(b *testing.B) dbconn.Config {
	declared, values := benchColumns()
	insert := strings.ReplaceAll(strings.Join(values, ", "), "CONCAT(", "concat(")
	c, _ := dbtest.SQLite(b, "PRAGMA journal_mode = WAL", "CREATE TABLE cars ("+strings.Join(declared, ", ")+")",
		fmt.Sprintf("WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %d) INSERT INTO "+
			"cars SELECT %s FROM numbers", benchRows, insert))
	return c
}

// pageKeys are the keys of a page of 20 vehicles, and of the next vehicle, which shows that more follow.
func pageKeys(page int) [][]value.Cell {
	keys := make([][]value.Cell, 21)
	for i := range keys {
		keys[i] = numberKey(fmt.Sprint(1 + (page*7919+i*131)%benchRows))
	}
	return keys
}

// BenchmarkRows reads pages of 25 columns by key, as each search does. It compares this with the driver's own interface
// and a statement kept for each connection.
func BenchmarkRows(b *testing.B) {
	ways := map[string]func(*testing.B) dbconn.Config{"MySQL": benchMySQL, "SQLite": benchSQLite}
	for _, name := range []string{"MySQL", "SQLite"} {
		s := openStore(b, ways[name](b), Settings{})
		c := catalogOf(b, s)
		fields := everyField(c)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()

			for i := 0; b.Loop(); i++ {
				rows, err := s.Rows(b.Context(), c, Version{}, pageKeys(i), fields, 10_000)
				if err != nil || rows[0] == nil || rows[20] == nil {
					b.Fatal(rows, err)
				}
			}
		})

		b.Run(name+"/driver", func(b *testing.B) {
			statements := map[any]driver.Stmt{}
			b.ReportAllocs()

			for i := 0; b.Loop(); i++ {
				rows, err := rowsByDriver(b.Context(), s, statements, c, pageKeys(i), fields, 10_000)
				if err != nil || rows[0] == nil || rows[20] == nil {
					b.Fatal(rows, err)
				}
			}
		})
	}
}

// rowsByDriver is Rows without database/sql.
func rowsByDriver(ctx context.Context, s *Store, statements map[any]driver.Stmt, c *catalog.Catalog,
	keys [][]value.Cell, fields []*catalog.Field, most int,
) ([]*Row, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	q := s.selection(c, fields, false)
	count := paddedCount(len(keys))

	var args []any
	for _, c := range q.columns {
		args = s.boundArgs(args, c, most)
	}

	args = s.keyArgs(args, q.keyParts, keys, count)
	named := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		if n, ok := arg.(int); ok {
			arg = int64(n)
		}
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}

	r := newRowReader(q, keys, most, s.isSQLite)
	conn, err := s.rows.Conn(ctx)
	if err != nil {
		return nil, err
	}

	defer func() { _ = conn.Close() }()
	err = conn.Raw(func(dc any) error {
		statement := statements[dc]
		if statement == nil {
			if statement, err = dc.(driver.ConnPrepareContext).PrepareContext(ctx, q.statement(count)); err != nil {
				return err
			}
			statements[dc] = statement
		}

		rows, err := statement.(driver.StmtQueryContext).QueryContext(ctx, named)
		if err != nil {
			return err
		}

		defer func() { _ = rows.Close() }()
		raw := make([]driver.Value, len(r.destinations))
		for {
			switch err := rows.Next(raw); {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return err
			}

			for i, v := range raw {
				if err := r.destinations[i].(*destination).Scan(v); err != nil {
					return err
				}
			}

			r.keepRow()
		}
	})

	return r.rowsByKey(), err
}

// BenchmarkRead reads the whole table and drops its rows.
func BenchmarkRead(b *testing.B) {
	for _, way := range []struct {
		name string
		open func(*testing.B) dbconn.Config
	}{{"MySQL", benchMySQL}, {"SQLite", benchSQLite}} {
		s := openStore(b, way.open(b), Settings{})
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()

			for b.Loop() {
				rows := 0
				_, _, err := s.Read(b.Context(), nil, func(c *catalog.Catalog, _ int) ([]*catalog.Field, AddRow, error) {
					return c.Read, func([]value.Cell) error { rows++; return nil }, nil
				})
				if err != nil || rows != benchRows {
					b.Fatal(rows, err)
				}
			}

			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
		})
	}
}
