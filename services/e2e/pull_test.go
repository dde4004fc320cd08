package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
	syncer "carstock/services/syncer/cli"
)

// TestCarapiFollowsAPulledFile runs carapi on a file that syncer pull updates. carapi sees the rows and the age of
// each pull, and no pull interrupts its answers.
func TestCarapiFollowsAPulledFile(t *testing.T) {
	t.Chdir(t.TempDir()) // a folder without .env
	mysql := dbtest.Database(t)
	db := dbtest.Open(t, mysql)
	exec := func(query string) {
		t.Helper()
		if _, err := db.Exec(query); err != nil {
			t.Fatal(err)
		}
	}
	exec(smallStock)
	exec("INSERT INTO cars VALUES (1, 'Kia', 'Rio', 1), (2, 'Kia', 'Ceed', 2)")

	// On the remote machine: syncer as a service.
	const token = "a-token-of-the-tests"
	addr := dbtest.FreeAddress(t)
	offered, pulled := filepath.Join(t.TempDir(), "offered.db"), filepath.Join(t.TempDir(), "pulled.db")
	syncInto(t, mysql, "cars", offered)
	for name, value := range map[string]string{
		"SYNC_HTTP_ADDR": addr, "SYNC_HTTP_TOKEN": token, "SYNC_SCHEDULE": "0 0 1 1 *", "SYNC_ON_START": "false",
	} {
		t.Setenv(name, value)
	}
	startSyncer(t)
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if r, err := http.Get("http://" + addr + "/readyz"); err == nil {
			_ = r.Body.Close()
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}

	// On this machine: pull, and carapi on its file.
	pull := func() {
		t.Helper()
		var out bytes.Buffer
		if code := syncer.Run(t.Context(), []string{"pull", "http://" + addr, pulled}, &out, &out); code != 0 {
			t.Fatalf("exit code %d: %s", code, &out)
		}
	}
	pull()
	url := serve(t, mysql, "cars", "SOURCE=snapshot", "SNAPSHOT_PATH="+pulled)
	var before string
	for n := 2; n <= 4; n++ {
		var answer struct {
			Total  int
			Source string
			AsOf   string `json:"as_of"`
		}
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			code, body := getStatus(url + "/cars/?make=kia")
			if err := json.Unmarshal([]byte(body), &answer); code != 200 || err != nil {
				t.Fatalf("%d, %v: %s", code, err, body)
			}
			if answer.Total == n && answer.AsOf > before {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d vehicles of %s, want %d of after %s", answer.Total, answer.AsOf, n, before)
			}
		}
		if answer.Source != "snapshot" {
			t.Errorf("the source is %s", answer.Source)
		}
		before = answer.AsOf

		exec("INSERT INTO cars (id, make, model, price) SELECT max(id) + 1, 'Kia', 'Picanto', 3 FROM cars")
		if n == 3 { // with another column
			exec("ALTER TABLE cars ADD color VARCHAR(20) DEFAULT 'red'")
		}
		time.Sleep(time.Second) // as_of has a resolution of one second
		syncInto(t, mysql, "cars", offered)
		pull()
	}
	if code, body := getStatus(url + "/cars/?color=red"); code != 200 {
		t.Errorf("the new column: %d %s", code, body)
	}
}
