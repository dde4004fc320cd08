package store

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// The demo's table and view can be read completely and by key.
func TestDemo(t *testing.T) {
	c := dbtest.Demo(t)
	for _, table := range []string{"vehicles_stock", "vehicles_view"} {
		t.Run(table, func(t *testing.T) {
			s := openStore(t, c, Settings{Table: table})
			read := readStock(t, s, nil)
			if len(read.rows) < 100 || !read.catalog.Key.Exists() {
				t.Fatalf("%d rows, key %+v", len(read.rows), read.catalog.Key)
			}

			requireSameRows(t, s, read)
			if again := readStock(t, s, read.catalog); again.catalog != read.catalog {
				t.Error("another catalog of the same table")
			}

			if read.version.AsOf.IsZero() || read.version.Synced {
				t.Errorf("version %+v", read.version)
			}
		})
	}
}

// The approximate number of rows is known for tables, so that memory can be reserved.
func TestEstimate(t *testing.T) {
	c := dbtest.Database(t)
	db := dbtest.Open(t, c)
	rows := "INSERT INTO cars (make) VALUES ('a')" + strings.Repeat(", ('a')", 499)
	dbtest.MustExec(t, db, "CREATE TABLE cars (no INT AUTO_INCREMENT PRIMARY KEY, make TEXT, model TEXT)", rows,
		"ANALYZE TABLE cars",
		"CREATE VIEW v AS SELECT * FROM cars")

	if got := readStock(t, openStore(t, c, Settings{}), nil); got.about < 250 || got.about > 1000 || len(got.rows) != 500 {
		t.Errorf("about %d of %d rows", got.about, len(got.rows))
	}

	if got := readStock(t, openStore(t, c, Settings{Table: "v"}), nil); len(got.rows) != 500 {
		t.Errorf("%d rows", len(got.rows))
	}

	file, _ := dbtest.SQLite(t, "CREATE TABLE cars (no INTEGER PRIMARY KEY, make TEXT, model TEXT)", rows,
		"CREATE VIEW v AS SELECT * FROM cars")
	if got := readStock(t, openStore(t, file, Settings{}), nil); got.about != 500 {
		t.Errorf("about %d rows", got.about)
	}

	if got := readStock(t, openStore(t, file, Settings{Table: "v"}), nil); got.about != 0 || len(got.rows) != 500 {
		t.Errorf("about %d rows of a view", got.about)
	}
}

// A table that is altered after its columns were read is read once more, with its new columns. If it is altered again,
// that is an error.
func TestAlteredWhileReading(t *testing.T) {
	c := dbtest.Database(t)
	db := dbtest.Open(t, c)
	dbtest.MustExec(t, db, "CREATE TABLE cars (no INT PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), a INT, b INT)",
		"INSERT INTO cars VALUES (1, 'm', 'n', 2, 3)")
	s := openStore(t, c, Settings{})
	var changes []string
	begun := 0
	read := func() (c *catalog.Catalog, rows int, err error) {
		begun = 0
		c, _, err = s.Read(t.Context(), nil, func(c *catalog.Catalog, _ int) ([]*catalog.Field, AddRow, error) {
			rows = 0
			if begun++; begun <= len(changes) {
				dbtest.MustExec(t, db, changes[begun-1])
			}
			return everyField(c), func([]value.Cell) error { rows++; return nil }, nil
		})

		return c, rows, err
	}

	changes = []string{"ALTER TABLE cars DROP COLUMN a"}
	got, rows, err := read()
	if err != nil || begun != 2 || rows != 1 || got.Field("a") != nil || got.Field("b") == nil {
		t.Errorf("%d rows, begun %d times, %v", rows, begun, err)
	}

	changes = []string{"ALTER TABLE cars DROP COLUMN b", "ALTER TABLE cars RENAME COLUMN make TO brand"}
	if _, _, err := read(); begun != 2 || !errors.Is(err, ErrNoTable) || !IsUnavailable(err) {
		t.Errorf("begun %d times, %v", begun, err)
	}

	changes = []string{"RENAME TABLE cars TO gone"}
	if _, _, err := read(); begun != 1 || !errors.Is(err, ErrNoTable) || !strings.Contains(err.Error(), "CARS_TABLE: ") {
		t.Errorf("begun %d times, %v", begun, err)
	}
}

// An error of the caller ends the read, and the connection can be used again.
func TestReadEnds(t *testing.T) {
	c := dbtest.Demo(t)
	s := openStore(t, c, Settings{Table: "vehicles_stock"})

	enough := errors.New("enough")
	for range 3 {
		_, _, err := s.Read(t.Context(), nil, func(c *catalog.Catalog, _ int) ([]*catalog.Field, AddRow, error) {
			return c.Read, func([]value.Cell) error { return enough }, nil
		})
		if !errors.Is(err, enough) {
			t.Errorf("got %v", err)
		}

		if _, _, err = s.Read(t.Context(), nil, func(*catalog.Catalog, int) ([]*catalog.Field, AddRow, error) {
			return nil, nil, enough
		}); !errors.Is(err, enough) {
			t.Errorf("got %v", err)
		}
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()

	if _, err := tryRead(ended, s, nil); !errors.Is(err, context.Canceled) || IsUnavailable(err) {
		t.Errorf("got %v", err)
	}

	if read := readStock(t, s, nil); len(read.rows) < 100 {
		t.Errorf("%d rows", len(read.rows))
	}
}

// Settings that do not fit the table are an error. A missing column that they name is an error only at startup.
func TestBindingErrors(t *testing.T) {
	c := dbtest.Database(t)
	db := dbtest.Open(t, c)
	dbtest.MustExec(t, db, "CREATE TABLE cars (no INT PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), preis INT)")
	binding := catalog.Binding{Fields: map[string]string{"price": "preis"}, Hide: []string{"no"}}

	s := openStore(t, c, Settings{Binding: binding, Strict: true})
	read := readStock(t, s, nil)
	if read.catalog.Field("price") == nil || read.catalog.Field("no") != nil || len(read.catalog.KeyFields) != 1 {
		t.Errorf("fields %q", read.catalog.Describe())
	}

	dbtest.MustExec(t, db, "ALTER TABLE cars DROP COLUMN preis")
	if later := readStock(t, s, read.catalog); later.catalog == read.catalog || later.catalog.Field("price") != nil {
		t.Errorf("fields %q", later.catalog.Describe())
	}

	var misfit BindingError
	if _, err := tryRead(t.Context(), s, nil); !errors.As(err, &misfit) || !IsPermanent(err) || IsUnavailable(err) {
		t.Errorf("got %v", err)
	}

	if _, err := tryRead(t.Context(), openStore(t, c, Settings{Binding: binding}), nil); err != nil {
		t.Error(err)
	}

	_, err := tryRead(t.Context(), openStore(t, c, Settings{Table: "trucks"}), nil)
	if !errors.Is(err, ErrNoTable) || !IsPermanent(err) || !IsUnavailable(err) ||
		!strings.Contains(err.Error(), "available: cars") {
		t.Errorf("got %v", err)
	}
}

// Many goroutines use one store while its table is read again.
func TestConcurrentUse(t *testing.T) {
	mysql := dbtest.Database(t)
	dbtest.MustExec(t, dbtest.Open(t, mysql), "CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(20), model LONGTEXT)",
		"INSERT INTO cars VALUES (1, 'a', 'b'), (2, 'c', 'd')")
	file := newSyncedFile(t)
	file.add(t, syncedRun{changes: "2, 0, 0"})

	loose, _ := dbtest.SQLite(t, "CREATE TABLE cars (id INTEGER PRIMARY KEY, make TEXT, model TEXT)",
		"INSERT INTO cars VALUES (1, 'a', 'b'), (2, 'c', 'd')")
	for name, c := range map[string]dbconn.Config{"MySQL": mysql, "synced": file.config, "loose": loose} {
		t.Run(name, func(t *testing.T) { useConcurrently(t, c, name == "MySQL") })
	}
}

// useConcurrently reads rows and the whole table at the same time. CheckChanged must return wantChanged.
func useConcurrently(t *testing.T, c dbconn.Config, wantChanged bool) {
	s := openStore(t, c, Settings{})
	read := readStock(t, s, nil)

	readRows := func(first int) {
		for j := range 30 {
			fields := everyField(read.catalog)[:1+(first+j)%3]
			rows, err := s.Rows(t.Context(), read.catalog, read.version, read.keys(), fields, 10)
			if err != nil || rows[0] == nil || rows[1] == nil {
				t.Errorf("%v, %v", rows, err)
				return
			}

			if err := s.Probe(t.Context(), read.catalog); err != nil {
				t.Error(err)
			}
		}
	}

	readAgain := func() {
		for range 10 {
			if again, err := tryRead(t.Context(), s, read.catalog); err != nil || len(again.rows) != 2 {
				t.Errorf("%d rows, %v", len(again.rows), err)
			}
			if _, changed, err := s.CheckChanged(t.Context(), read.version); err != nil || changed != wantChanged {
				t.Errorf("changed: %t, %v", changed, err)
			}
		}
	}

	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() { readRows(i) })
	}
	group.Go(readAgain)
	group.Wait()
}
