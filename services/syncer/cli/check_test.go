package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/services/syncer/internal/run"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars; keyless=copy",
		"CREATE TABLE cars (id BIGINT UNSIGNED PRIMARY KEY, price DECIMAL(20,2), made DATE)",
		"CREATE VIEW keyless AS SELECT price AS cost, id AS stock, made FROM cars",
		"INSERT INTO cars VALUES (1, 10, '2026-01-01'), (2, 10, '2026-01-01')")
	s.set("DB_SSL_MODE", dbconn.SSLVerifyIdentity)
	s.set("DB_SSL_CA", dbtest.Shared(t).CA)
	dbtest.MustExec(t, s.mysql, "ANALYZE TABLE cars")

	code, stdout, stderr := s.run(t, "check")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}

	for _, want := range []string{
		"TLSv1.", "GRANT ", "free on the disk", "cars -> cars   key (id)", "about 2 rows",
		"id      bigint", "INTEGER", "price   decimal(20,2)", "TEXT", "SYNC_VIEWS='keyless=copy(stock)'",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is missing in\n%s", want, stdout)
		}
	}

	if strings.Contains(stdout, "IDENTIFIED") {
		t.Errorf("the hash of a password: %s", stdout)
	}
	if _, err := os.Stat(filepath.Dir(s.path)); !os.IsNotExist(err) {
		t.Errorf("check created something: %v", err)
	}

	code, stdout, stderr = s.run(t, "check", "--json")
	var f run.Findings
	if err := json.Unmarshal([]byte(stdout), &f); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v: %s%s", code, err, stdout, stderr)
	}
	if len(f.Views) != 2 || !slices.Equal(f.Views[0].Key, []string{"id"}) ||
		f.Views[1].Suggested != "keyless=copy(stock)" || f.DiskFree == 0 || f.Server.TLS == "" {
		t.Errorf("%+v", f)
	}

	// Each view's problem is printed, and the others are still checked.
	s.set("SYNC_VIEWS", "nowhere; cars(vin); keyless")
	s.set("SYNC_STRATEGY", "upsert")
	code, stdout, stderr = s.run(t, "check")
	for _, want := range []string{
		"nowhere: no such table or view", "cars: SYNC_VIEWS: there is no column vin for the key",
		"keyless: SYNC_STRATEGY=upsert needs a key",
	} {
		if code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d, %q is missing in %s", code, want, stderr)
		}
	}
	if !strings.Contains(stdout, "SYNC_VIEWS='keyless(stock)'") {
		t.Errorf("no key is suggested: %s", stdout)
	}
}
