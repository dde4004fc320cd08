package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A table without a key is answered from rows in memory, up to a limit. Above the limit carapi does not start, and a
// table that grows above it later keeps its last index.
func TestTablesWithoutAKey(t *testing.T) {
	for database, src := range newTables(t, "CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), model "+
		"VARCHAR(20), photo VARBINARY(20), description TEXT)",
		"CREATE TABLE digits (d INT)", "INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)",
		"INSERT INTO cars SELECT a.d + 10*b.d + 100*c.d + 1000*e.d, CASE a.d WHEN 1 THEN 'VW' ELSE 'Kia' END, 'Rio', NULL, "+
			"'as new' FROM digits a, digits b, digits c, digits e",
		"UPDATE cars SET photo = 'abc' WHERE id = 1",
		"CREATE VIEW keyless AS SELECT make, model, photo, description FROM cars") {
		url, log := serveLogged(t, src.config, "keyless")
		if p := fetch(t, url+"/cars/?make=vw&q=new&facets=make&limit=3"); p.Total != 1000 || p.Returned != 3 || !p.HasMore {
			t.Errorf("%s: %d of %d", database, p.Returned, p.Total)
		}

		if got := getText(t, url+"/cars/?fields=photo,make&make=vw&limit=100&sort=-make"); !strings.Contains(got,
			`{"photo":"YWJj","make":"VW"}`) && !strings.Contains(got, `{"photo":null,"make":"VW"}`) {
			t.Errorf("%s: %.300s", database, got)
		}

		seen := 0
		for next := "/cars/?make=vw&limit=97&fields=make"; next != ""; {
			p := fetch(t, url+next)
			seen += p.Returned
			next = ""
			if p.Next != nil {
				next = *p.Next
			}
		}

		if seen != 1000 {
			t.Errorf("%s: %d vehicles on all pages", database, seen)
		}

		src.exec(t, "INSERT INTO cars SELECT i.d * 10000 + 10000 + c.id, c.make, c.model, NULL, NULL FROM cars c, digits i "+
			"WHERE i.d < 5")
		deadline := time.Now().Add(time.Minute)
		for !strings.Contains(log.String(), "more than the 50,000 rows") {
			if _, body := getStatus(url + "/cars/?limit=1"); !strings.Contains(body, `"total":10000`) {
				t.Fatalf("%s: the last index stops answering: %s", database, body)
			}

			if time.Now().After(deadline) {
				t.Fatalf("%s: a table that has grown too large is not in the log: %s", database, log)
			}

			time.Sleep(20 * time.Millisecond)
		}

		if code, body := getStatus(url + "/readyz"); code != 200 || !strings.Contains(body, "more than the 50,000 rows") ||
			!strings.Contains(body, "primary key") {
			t.Errorf("%s: /readyz: %d %s", database, code, body)
		}

		if code, out := startRefused(t, src.config, "keyless"); code != 1 ||
			!strings.Contains(out, "more than the 50,000 rows") {
			t.Errorf("%s: exit code %d: %s", database, code, out)
		}
	}
}

// A run that changes nothing only moves as_of. A run that changes the table makes carapi read the index again.
func TestIndexOfASnapshot(t *testing.T) {
	src := newTables(t, "CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), model VARCHAR(20))",
		"INSERT INTO cars VALUES (1, 'Kia', 'Rio')")["MySQL"]
	path := filepath.Join(t.TempDir(), "carstock.db")
	syncInto(t, src.config, "cars", path)
	url, log := serveLogged(t, src.config, "cars", "SOURCE=snapshot", "SNAPSHOT_PATH="+path)
	asOf := func(want string) string {
		t.Helper()

		for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			_, body := getStatus(url + "/cars/?make=kia")
			if _, at, ok := strings.Cut(body, `"as_of":`); ok && strings.Contains(body, want) {
				return at
			}

			if time.Now().After(deadline) {
				t.Fatalf("never %s: %s; %s", want, body, log)
			}
		}
	}

	first := asOf(`"total":1`)
	time.Sleep(1100 * time.Millisecond) // as_of has a resolution of one second
	syncInto(t, src.config, "cars", path)

	for deadline := time.Now().Add(time.Minute); asOf(`"total":1`) == first; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("as_of does not move")
		}
	}

	src.exec(t, "INSERT INTO cars VALUES (2, 'Kia', 'Ceed')")
	syncInto(t, src.config, "cars", path)
	asOf(`"total":2`)
}

// If a key has several columns, the snapshot has the same ids as the live table, although the snapshot itself has no
// such key.
func TestIDsOfTheSnapshot(t *testing.T) {
	src := newTables(t, "CREATE TABLE cars (dealer INT NOT NULL, vin VARCHAR(20) NOT NULL, make VARCHAR(20), model "+
		"VARCHAR(20), UNIQUE (dealer, vin))",
		"INSERT INTO cars VALUES (1, 'A', 'Kia', 'Rio'), (2, 'A', 'Kia', 'Rio')")["MySQL"]
	path := filepath.Join(t.TempDir(), "carstock.db")
	syncInto(t, src.config, "cars", path)

	url := serve(t, src.config, "cars", "SNAPSHOT_PATH="+path)
	live := getText(t, url+"/cars/?fields=id")
	if !strings.Contains(live, `[{"id":"1~A"},{"id":"2~A"}]`) {
		t.Error(live)
	}

	src.exec(t, "RENAME TABLE cars TO away")
	t.Cleanup(func() { src.exec(t, "RENAME TABLE away TO cars") })

	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		_, body := getStatus(url + "/cars/?fields=id")
		if strings.Contains(body, `"source":"snapshot"`) {
			if !strings.Contains(body, `[{"id":"1~A"},{"id":"2~A"}]`) {
				t.Error(body)
			}
			break
		}

		if time.Now().After(deadline) {
			t.Fatal(body)
		}
	}

	if got := getText(t, url+"/cars/2~A?fields=id"); got != `200 OK {"id":"2~A"}`+"\n" {
		t.Error(got)
	}
}
