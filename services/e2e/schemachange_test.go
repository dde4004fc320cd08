package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
)

// getStatus sends a request without a *testing.T, for use in goroutines.
func getStatus(url string) (int, string) {
	code, _, body := getAnswer(url)
	return code, body
}

// getAnswer also returns the headers. The code is 0 if the request failed.
func getAnswer(url string) (int, http.Header, string) {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err.Error()
	}

	r.Header.Set("X-API-Key", apiKey)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err.Error()
	}

	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, nil, err.Error()
	}

	return res.StatusCode, res.Header, string(body)
}

func waitForStatus(t *testing.T, url string, want int) string {
	t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		code, body := getStatus(url)
		if code == want {
			return body
		}

		if time.Now().After(deadline) {
			t.Fatalf("%s never answers %d: %d %s", url, want, code, body)
		}

		time.Sleep(50 * time.Millisecond)
	}
}

// Columns are added, dropped and changed while requests run. The requests notice it and do not fail.
func TestColumnsThatChange(t *testing.T) {
	for database, src := range newTables(t, "CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), model "+
		"VARCHAR(20), year INT, color VARCHAR(20), doors INT, bay INT)",
		"INSERT INTO cars VALUES (1, 'Kia', 'Rio', 2020, 'red', 5, 1), (2, 'VW', 'Polo', 2021, 'blue', 3, 2), (3, 'VW', "+
			"'Golf', 2021, NULL, NULL, NULL)") {
		url, log := serveLogged(t, src.config, "cars")
		var stop atomic.Bool
		var wg sync.WaitGroup

		var sent atomic.Int64
		for _, path := range []string{
			"/cars/", "/cars/1", "/cars/?sort=-year&q=vw", "/cars/stats?make=vw", "/cars/facets",
			"/cars/fields", "/cars/?limit=1&facets=make",
		} {
			wg.Go(func() {
				for !stop.Load() {
					if code, body := getStatus(url + path); code != 200 {
						t.Errorf("%s: %s: %d %s", database, path, code, body)
						return
					}
					sent.Add(1)
				}
			})
		}

		wait := func() { // waits until the requests see the change
			for n, deadline := sent.Load(), time.Now().Add(time.Minute); sent.Load() < n+100 && time.Now().Before(deadline); {
				time.Sleep(time.Millisecond)
			}
		}

		wait()
		src.exec(t, "ALTER TABLE cars DROP COLUMN color")
		wait()

		if code, body := getStatus(url + "/cars/?color=red"); code != 400 {
			t.Errorf("%s: a dropped column: %d %s", database, code, body)
		}

		got := getText(t, url+"/cars/1")
		if got != `200 OK {"id":1,"make":"Kia","model":"Rio","year":2020,"doors":5,"bay":1}`+
			"\n" {
			t.Errorf("%s: %s", database, got)
		}

		src.exec(t, "ALTER TABLE cars ADD COLUMN seats INT")
		src.exec(t, "UPDATE cars SET seats = id + 3")

		if body := waitForStatus(t, url+"/cars/?seats=5&fields=id,seats", 200); !strings.Contains(body,
			`[{"id":2,"seats":5}]`) {
			t.Errorf("%s: %s", database, body)
		}

		makeBayText(t, database, src)
		src.exec(t, "UPDATE cars SET bay = 'A1' WHERE id = 3")
		if body := waitForStatus(t, url+"/cars/?bay=a-1&fields=id,bay", 200); !strings.Contains(body,
			`[{"id":3,"bay":"A1"}]`) {
			t.Errorf("%s: %s", database, body)
		}

		wait()
		stop.Store(true)
		wg.Wait()

		requireMissingReported(t, database, src, url, log)
	}
}

// makeBayText changes the type of column bay to text.
func makeBayText(t *testing.T, database string, src *customSchema) {
	t.Helper()
	if database == "MySQL" {
		src.exec(t, "ALTER TABLE cars MODIFY bay VARCHAR(5)")
	} else {
		src.exec(t, "BEGIN; ALTER TABLE cars ADD COLUMN bay2 VARCHAR(5); UPDATE cars SET bay2 = bay; ALTER TABLE cars "+
			"DROP COLUMN bay; ALTER TABLE cars RENAME COLUMN bay2 TO bay; COMMIT")
	}
}

// requireMissingReported drops make and model, and then the table, and restores them.
func requireMissingReported(t *testing.T, database string, src *customSchema, url string, log *dbtest.Log) {
	t.Helper()
	// carapi finds a column of makes by its values, and needs only a make or a model.
	src.exec(t, "ALTER TABLE cars RENAME COLUMN model TO yyy")
	src.exec(t, "UPDATE cars SET make = 'none'")
	src.exec(t, "ALTER TABLE cars RENAME COLUMN make TO zzz")

	code, body := getStatus(url + "/cars/")
	if code != 503 || !strings.Contains(body, `"detail":"`) || strings.Contains(body, "zzz") ||
		strings.Contains(body, "SELECT") {
		t.Errorf("%s: without make: %d %s", database, code, body)
	}

	if !strings.Contains(log.String(), "no column for make") {
		t.Errorf("%s: the log does not report that make is missing: %s", database, log)
	}

	waitForStatus(t, url+"/readyz", 503)
	src.exec(t, "ALTER TABLE cars RENAME COLUMN zzz TO make")
	src.exec(t, "ALTER TABLE cars RENAME COLUMN yyy TO model")
	src.exec(t, "UPDATE cars SET make = 'Kia'")
	waitForStatus(t, url+"/cars/?make=kia", 200)
	src.exec(t, "ALTER TABLE cars RENAME TO cars_old")

	if code, body := getStatus(url + "/cars/"); code != 503 {
		t.Errorf("%s: without a table: %d %s", database, code, body)
	}

	src.exec(t, "ALTER TABLE cars_old RENAME TO cars")
	waitForStatus(t, url+"/cars/?make=kia", 200)
}

// A search that takes too long is stopped in the database, not only in carapi. It does not affect other searches, and
// answers that the index can give do not wait for it.
func TestTooSlow(t *testing.T) {
	numbers := strings.Builder{}
	for i := range 2000 {
		fmt.Fprintf(&numbers, ",(%d)", i)
	}

	for database, src := range newTables(t, "CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), model "+
		"VARCHAR(20))", "INSERT INTO cars VALUES (1, 'Kia', 'Rio')",
		"CREATE TABLE numbers (i INT)", "INSERT INTO numbers VALUES "+numbers.String()[1:], "CREATE TABLE gate (i INT)") {
		createSlowView(t, database, src)

		// With a single connection, a query that keeps running would block all others.
		url, log := serveLogged(t, src.config, "slow_view", "QUERY_TIMEOUT=1s", "DB_MAX_OPEN_CONNS=1")
		for path, want := range map[string]int{
			"/cars/": 504, "/cars/?sort=-year": 504, "/cars/fields": 200,
			"/openapi.json": 200, "/cars/stats": 200, "/cars/facets?facets=make": 200, "/cars/?make=honda": 200,
		} {
			requireStopped(t, database, src, url, path, want)
		}

		if !strings.Contains(log.String(), "took too long") {
			t.Errorf("%s: the log does not report it: %s", database, log)
		}
	}
}

// createSlowView makes a view that runs without end while a row is in the table gate.
func createSlowView(t *testing.T, database string, src *customSchema) {
	t.Helper()
	if database == "MySQL" {
		src.exec(t, "CREATE VIEW slow_view AS SELECT c.id, c.make, c.model, (SELECT COUNT(*) FROM gate STRAIGHT_JOIN "+
			"numbers a STRAIGHT_JOIN numbers b STRAIGHT_JOIN numbers d WHERE a.i + b.i * d.i + c.id > -1) AS year FROM cars c")
	} else {
		src.exec(t, "CREATE VIEW slow_view AS SELECT c.id, c.make, c.model, (WITH RECURSIVE n (i) AS (SELECT 1 FROM gate "+
			"UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n WHERE i + c.id > -1) AS year FROM cars c")
	}
}

// slowStatements returns the ids of the statements that read the slow view.
func slowStatements(t *testing.T, src *customSchema) (ids []int64) {
	t.Helper()
	if err := src.db.Select(&ids, "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE "+
		"'%slow_view%' AND id <> CONNECTION_ID()"); err != nil {
		t.Fatal(err)
	}
	return ids
}

// requireStopped sends a request while a row is in the gate. The answer must be in time, and no statement may keep
// running.
func requireStopped(t *testing.T, database string, src *customSchema, url, path string, want int) {
	t.Helper()
	src.exec(t, "INSERT INTO gate VALUES (1)")
	if code, body := getStatus(url + path); code != want || want == 504 &&
		!strings.Contains(body, `"detail":"the database took too long`) {
		t.Errorf("%s: %s: %d %s", database, path, code, body)
	}

	if code, body := getStatus(url + "/readyz"); code != 200 {
		t.Errorf("%s: %s: a slow query makes carapi unready: %d %s", database, path, code, body)
	}

	if database == "MySQL" { // one more may be the refresh of the index
		for deadline := time.Now().Add(3 * time.Minute); len(slowStatements(t, src)) > 1; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: the server works on %d statements", path, len(slowStatements(t, src)))
			}
		}
	}

	src.exec(t, "DELETE FROM gate")
	if database == "MySQL" {
		for _, id := range slowStatements(t, src) {
			_, _ = src.db.Exec(fmt.Sprintf("KILL QUERY %d", id)) // the statement may have ended
		}
	}

	if body := waitForStatus(t, url+"/cars/?fields=id,make&include_total=false", 200); !strings.Contains(body, "Kia") {
		t.Errorf("%s: after %s: %s", database, path, body)
	}
}
