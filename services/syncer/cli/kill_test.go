package cli_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	osexec "os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/snapshotfile"
)

// carsAndLog are the tables of the kill tests: cars has a key, and log has none.
var carsAndLog = []string{
	"SELECT id, make, price FROM cars ORDER BY id",
	"SELECT at, what FROM log ORDER BY at, what",
}

func readBoth(t *testing.T, db *sqlx.DB) []string {
	t.Helper()
	return slices.Concat(queryRows(t, db, carsAndLog[0]), queryRows(t, db, carsAndLog[1]))
}

// readSnapshot checks the integrity of the file and returns its rows; nil if there is no file.
func readSnapshot(t *testing.T, path string) []string {
	t.Helper()
	if _, err := os.Stat(path); os.IsNotExist(err) {
		return nil
	}
	db := openFile(t, path)
	defer func() { _ = db.Close() }()
	requireRows(t, queryRows(t, db, "PRAGMA integrity_check"), []string{`integrity_check="ok"|`})
	return readBoth(t, db)
}

// readCars returns the rows of cars by id, with the columns that the tests read; none if there is no file.
func readCars(t *testing.T, path string) map[int64]map[string]any {
	t.Helper()
	cars := map[int64]map[string]any{}
	if _, err := os.Stat(path); os.IsNotExist(err) {
		return cars
	}

	db := openFile(t, path)
	defer func() { _ = db.Close() }()
	var found []struct {
		ID    int64
		Make  string
		Price int64
	}
	if err := db.Select(&found, "SELECT id, make, price FROM cars"); err != nil {
		t.Fatal(err)
	}
	for _, c := range found {
		cars[c.ID] = map[string]any{"id": c.ID, "make": c.Make, "price": c.Price}
	}

	return cars
}

// undoChanges reverts changes of cars, the newest first.
func undoChanges(t *testing.T, cars map[int64]map[string]any, changes []snapshotfile.RecordedChange) {
	t.Helper()
	for _, c := range slices.Backward(changes) {
		id := recordedValues(t, c.Key)["id"].(int64)
		row := map[string]any{}
		if c.Old != nil {
			row = recordedValues(t, c.Old)
			maps.DeleteFunc(row, func(name string, _ any) bool {
				return !slices.Contains([]string{"id", "make", "price"}, name)
			})
		}

		switch c.Op {
		case "insert":
			delete(cars, id)
		case "delete":
			cars[id] = row
		case "update":
			maps.Copy(cars[id], row)
		default:
			t.Fatalf("%+v", c)
		}
	}
}

func hasStaging(path string) bool {
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*.staging*"))
	return len(found) > 0
}

// startAndWait starts syncer in a process of its own. It returns as soon as the process begins to stage for its file,
// or has ended.
func (s *syncer) startAndWait(t *testing.T, args ...string) (c *osexec.Cmd, ended <-chan struct{}) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	left := hasStaging(s.path) // left by a killed run; the next run removes it first
	c = s.child(t, append([]string{self}, args...)...)
	c.Stderr = &dbtest.Log{}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}

	done := make(chan struct{})
	go func() {
		_ = c.Wait() // its state has the exit code
		close(done)
	}()
	for {
		now := hasStaging(s.path)
		if now && !left {
			return c, done
		}

		left = left && now
		select {
		case <-done:
			return c, done
		case <-time.After(time.Millisecond):
		}
	}
}

// killAfter starts syncer and kills it some time after it begins to stage, unless it has ended by then.
func (s *syncer) killAfter(t *testing.T, moment time.Duration, args ...string) {
	t.Helper()
	c, ended := s.startAndWait(t, args...)
	select {
	case <-time.After(moment):
	case <-ended:
	}
	_ = c.Process.Kill() // fails if the process has already ended
	<-ended
}

// removeSnapshot removes a file and the files that belong to it.
func removeSnapshot(t *testing.T, path string) {
	t.Helper()
	for _, f := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Remove(f); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

// Whenever syncer is killed, the file has either its old or its new content: both tables, and the change history with
// them.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars(id); log",
		"CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(20), price INT, pad VARCHAR(200))",
		"CREATE TABLE log (at INT, what VARCHAR(20))")
	for i := range 3 {
		dbtest.MustExec(t, s.mysql, fmt.Sprintf("INSERT INTO cars VALUES %s",
			insertValues(i*500, 500, "(%[1]d, 'Kia', %[1]d, REPEAT('x', 200))")))
		dbtest.MustExec(t, s.mysql, fmt.Sprintf("INSERT INTO log VALUES %s", insertValues(i*500, 500, "(%[1]d, 'sold')")))
	}

	s.set("SYNC_HISTORY", "90d")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	// An undisturbed run shows how long the work takes. Before staging nothing can go wrong.
	var length time.Duration
	for range 2 {
		c, ended := s.startAndWait(t, "sync")
		start := time.Now()
		<-ended
		if length = time.Since(start); !c.ProcessState.Success() {
			t.Fatalf("%s: %s", c.ProcessState, c.Stderr)
		}
	}

	kills := envNumber(t, "SOAK_KILLS", 8, 1)
	began, next := 0, 1500
	outcome := killOutcome{source: s.mysql, path: s.path}
	for round := range kills {
		if round%4 == 3 { // the first run, which creates the file
			removeSnapshot(t, s.path)
		}
		dbtest.MustExec(t, s.mysql,
			fmt.Sprintf("UPDATE cars SET price = price + 1 WHERE id %% %d = 0", 1+random.IntN(5)),
			fmt.Sprintf("DELETE FROM cars WHERE id %% 97 = %d", round%97),
			fmt.Sprintf("DELETE FROM log WHERE at %% 89 = %d", round%89),
			fmt.Sprintf("INSERT INTO cars (id, make, price, pad) VALUES %s",
				insertValues(next, 20, "(%[1]d, 'Ford', %[1]d, '')")),
			fmt.Sprintf("INSERT INTO log (at, what) VALUES %s", insertValues(next-100, 20, "(%[1]d, 'bought')")))
		next += 20
		if round%5 == 4 { // recreates the table
			dbtest.MustExec(t, s.mysql, fmt.Sprintf("ALTER TABLE cars ADD extra%d INT", round))
			outcome.drifted = true
		}
		outcome.begin(t)

		moment := time.Duration(random.Int64N(int64(length) * 3 / 2)) // a third of them come after the run has published
		s.killAfter(t, moment, "sync")
		if hasStaging(s.path) {
			began++
		}
		outcome.check(t, fmt.Sprintf("round %d, killed after %s", round, moment))
	}

	published, undone := outcome.published, outcome.undone
	t.Logf("killed while working: %d, after publishing: %d, changes undone: %d", began, published, undone)
	if kills >= 50 && (began == 0 || published == 0 || undone == 0) { // with fewer kills, chance may miss one of the two
		t.Error("no kill hit a working run, or none came after publishing: the test proves nothing")
	}

	// Killed runs leave nothing behind that disturbs the next one.
	s.mustSync(t)
	requireRows(t, readSnapshot(t, s.path), readBoth(t, s.mysql))
	requireNoLeftovers(t, s.path)
}

// killOutcome compares the content of the file before and after each kill.
type killOutcome struct {
	source *sqlx.DB
	path   string

	drifted           bool // the next publish changes the columns, and is not recorded
	published, undone int

	before, after []string // the content before the run, and the content that the run would publish
	cars          map[int64]map[string]any
	history       []snapshotfile.RecordedChange
}

// begin stores the content of the file, and computes what the next run would publish.
func (o *killOutcome) begin(t *testing.T) {
	t.Helper()
	o.before, o.after = readSnapshot(t, o.path), readBoth(t, o.source)
	o.cars = readCars(t, o.path)

	o.history = nil
	if o.before != nil {
		o.history = readRecorded(t, o.path, 0)
	}
}

// check fails the test unless the file has its old or its new content, and the change history agrees.
func (o *killOutcome) check(t *testing.T, round string) {
	t.Helper()
	now := readSnapshot(t, o.path)
	var added []snapshotfile.RecordedChange
	if now != nil {
		history := readRecorded(t, o.path, 0)
		if n := len(o.history); n > 0 && (len(history) < n || !reflect.DeepEqual(history[:n], o.history)) {
			t.Fatalf("%s: changes are missing", round)
		}

		added = history[len(o.history):]
	}

	switch {
	case slices.Equal(now, o.before):
		if len(added) > 0 {
			t.Fatalf("%s: nothing was published, and %d changes are recorded", round, len(added))
		}
	case slices.Equal(now, o.after):
		o.published++
		o.checkRecorded(t, round, added)
		o.drifted = false
	default:
		t.Fatalf("%s: the file has %d rows, neither the %d from before nor the %d from after",
			round, len(now), len(o.before), len(o.after))
	}
}

// checkRecorded checks that undoing the recorded changes restores the old content, and that nothing is recorded for a
// new file or table.
func (o *killOutcome) checkRecorded(t *testing.T, round string, added []snapshotfile.RecordedChange) {
	t.Helper()
	cars := readCars(t, o.path)
	if undoChanges(t, cars, added); len(added) > 0 && !reflect.DeepEqual(cars, o.cars) {
		t.Fatalf("%s: %d undone changes do not restore the old content", round, len(added))
	}

	if recorded := len(added) > 0; recorded == (o.before == nil || o.drifted) {
		t.Fatalf("%s: published with %d changes recorded", round, len(added))
	} else if recorded {
		o.undone++
	}
}

// Readers see a complete snapshot at every moment: all rows of one version.
func TestReadersSeeCompleteSnapshots(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars(id); log", "CREATE TABLE cars (id INT PRIMARY KEY, version INT)",
		"CREATE TABLE log (version INT)")

	change := func(version int) {
		dbtest.MustExec(t, s.mysql, "DELETE FROM cars", "DELETE FROM log",
			fmt.Sprintf("INSERT INTO cars VALUES %s", insertValues(version, 300+version, fmt.Sprintf("(%%d, %d)", version))),
			"INSERT INTO log (version) SELECT version FROM cars")
	}

	change(0)
	s.mustSync(t)

	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup

	var looks [2]int
	readers.Go(func() { // a reader that keeps its connection
		if db := openToRead(t, s.path); db != nil {
			defer func() { _ = db.Close() }()
			for ctx.Err() == nil && checkCompleteRead(t, db) {
				looks[0]++
			}
		}
	})
	readers.Go(func() { // a reader that reconnects each time
		for ctx.Err() == nil {
			db := openToRead(t, s.path)
			if db == nil {
				return
			}

			goOn := checkCompleteRead(t, db)
			_ = db.Close()
			if !goOn {
				return
			}
			looks[1]++
		}
	})
	for version := 1; version <= 8; version++ {
		change(version)
		if version%4 == 0 { // recreates the table
			dbtest.MustExec(t, s.mysql, fmt.Sprintf("ALTER TABLE log ADD extra%d INT", version))
		}
		if code, out := s.output(t, "sync"); code != 0 {
			t.Errorf("exit code %d: %s", code, out)
		}
	}

	stop()
	readers.Wait()
	t.Logf("reads: %v", looks)
	if looks[0] == 0 || looks[1] == 0 {
		t.Errorf("a reader never read: %v", looks)
	}
}

// openToRead opens the file like carapi. If that fails, it fails the test and returns nil.
func openToRead(t *testing.T, path string) *sqlx.DB {
	t.Helper()
	db, err := dbconn.Open(context.Background(), dbconn.Config{
		Driver: dbconn.SQLite, Path: path, MaxOpenConns: 1, ConnMaxLifetime: time.Hour,
	})
	if err != nil {
		t.Errorf("open: %v", err)
		return nil
	}
	return db
}

// checkCompleteRead checks that a read returns one complete snapshot, and reports whether the test can continue.
func checkCompleteRead(t *testing.T, db *sqlx.DB) bool {
	t.Helper()
	const check = `SELECT (SELECT count(*) FROM cars) = 300 + c.version AND c.version = l.version
		AND (SELECT count(*) FROM log) = 300 + c.version
		AND NOT EXISTS (SELECT 1 FROM cars WHERE version <> c.version)
		AND NOT EXISTS (SELECT 1 FROM log WHERE version <> c.version)
		AND (SELECT sum(id) FROM cars) = (300 + c.version) * c.version + (300 + c.version) * (299 + c.version) / 2
		FROM (SELECT max(version) AS version FROM cars) c, (SELECT max(version) AS version FROM log) l`

	var whole bool
	if err := db.Get(&whole, check); err != nil {
		t.Errorf("read: %v", err)
	} else if !whole {
		t.Error("an incomplete snapshot was read")
	}

	return !t.Failed()
}
