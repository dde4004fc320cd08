package source

import (
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/schema"
)

// Columns that repeat together compress well if they are next to each other.
func TestCompressibleOrder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var rows [][][]byte
	for range 200 {
		dealer, noise := random.IntN(9), make([]byte, 12)
		for i := range noise {
			noise[i] = byte(random.IntN(256))
		}
		rows = append(rows, [][]byte{
			fmt.Appendf(nil, "dealer number %d", dealer), noise[:4], fmt.Appendf(nil, "city %d of them", dealer*7), noise[4:8],
			fmt.Appendf(nil, "+49 40 %06d", dealer*7919), noise[8:],
		})
	}

	order := compressibleOrder(new(compressor), rows)
	if sorted := slices.Sorted(slices.Values(order)); !slices.Equal(sorted, []int{0, 1, 2, 3, 4, 5}) {
		t.Fatalf("%v is not a permutation of six columns", order)
	}
	at := []int{slices.Index(order, 0), slices.Index(order, 2), slices.Index(order, 4)}
	if slices.Max(at)-slices.Min(at) != 2 {
		t.Errorf("%v: the dealer's columns are not adjacent", order)
	}

	var c compressor
	before, after := c.size(rows, []int{0, 1, 2, 3, 4, 5}), c.size(rows, order)
	if after*10 > before*9 {
		t.Errorf("%d bytes instead of %d", after, before)
	}
}

// No order is returned for no rows, for one column, and for columns that are already in the best order.
func TestCompressibleOrderIsTheTables(t *testing.T) {
	t.Parallel()
	for name, rows := range map[string][][][]byte{
		"no rows": nil, "no columns": {{}, {}}, "one column": {{[]byte("a")}, {[]byte("b")}},
		"two": {{[]byte("same"), []byte("x")}, {[]byte("same"), []byte("y")}}, "NULLs": {{nil, nil, nil}, {nil, nil, nil}},
	} {
		if order := compressibleOrder(new(compressor), rows); order != nil {
			t.Errorf("%s: %v", name, order)
		}
	}
}

// The search for an order ends, however many columns there are.
func TestCompressibleOrderOfManyColumns(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	var rows [][][]byte
	for range orderBytes / orderColumns / 12 {
		row := make([][]byte, orderColumns)
		for i := range row {
			row[i] = fmt.Appendf(nil, "%d of column %d", random.IntN(1+i*i), orderColumns-i)
		}
		rows = append(rows, row)
	}

	var c compressor
	order := compressibleOrder(&c, rows)
	if sorted := slices.Sorted(slices.Values(order)); len(order) != orderColumns || slices.Compact(sorted)[63] != 63 {
		t.Errorf("%v is no order of %d columns", order, orderColumns)
	}
	if c.read > orderWork+orderColumns*orderBytes {
		t.Errorf("%d bytes were compressed", c.read)
	}
}

func TestOrderedRows(t *testing.T) {
	t.Parallel()
	rows := newOrderedRows(&listedRows{columns: 4, rows: [][]driver.Value{
		{"c", "a", "b", "check"}, {nil, "A", nil, nil},
	}}, []int{2, 0, 1})
	row := make([]driver.Value, 4)
	for _, want := range []string{"[a b c check]", "[A <nil> <nil> <nil>]"} {
		if err := rows.Next(row); err != nil || fmt.Sprint(row) != want {
			t.Errorf("%v, %v, want %s", row, err, want)
		}
	}
}

// The server ends the transaction if a table is in a deadlock. Nothing more may be read then, as it would be of another
// instant.
func TestDeadlockEndsTheRead(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(*Reader, schema.Table) error{
		"first rows": func(r *Reader, table schema.Table) error {
			empty := make(chan *Batch, 1)
			empty <- new(Batch)
			_, err := r.Rows(t.Context(), RowQuery{Table: table}, ValueOptions{}, empty, make(chan *Batch, 1))
			return err
		},
		"rights": func(r *Reader, table schema.Table) error {
			_, err := r.isDenied(t.Context(), table.Name)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			readInDeadlock(t, read)
		})
	}
}

// readInDeadlock reads a table that another session has locked, while that waits for one that was read before.
func readInDeadlock(t *testing.T, read func(*Reader, schema.Table) error) {
	t.Helper()
	ctx, db := t.Context(), dbtest.Open(t, dbtest.Database(t))
	for _, q := range []string{"CREATE TABLE a (id INT PRIMARY KEY)", "CREATE TABLE z (id INT PRIMARY KEY)"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}

	table, err := schema.FromMySQL(ctx, db, "a")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Begin(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if err := r.Compress(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := r.tx.ExecContext(ctx, "SELECT * FROM z"); err != nil {
		t.Fatal(err)
	}

	// It locks the tables in the order of their names.
	renamed := make(chan error, 1)
	go func() {
		_, err := db.ExecContext(ctx, "RENAME TABLE a TO c, z TO y, c TO a")
		renamed <- err
	}()
	for waiting := 0; waiting == 0; {
		err := db.Get(&waiting, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND "+
			"state = 'Waiting for table metadata lock'")
		if err != nil {
			t.Fatal(err)
		}
	}

	if err := read(r, table); !dbconn.Transient(err) {
		t.Errorf("%v, want the deadlock", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := <-renamed; err != nil {
		t.Error(err)
	}
}
