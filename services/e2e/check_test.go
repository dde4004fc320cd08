package e2e

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"carstock/pkg/dbconn"
	carapi "carstock/services/carapi/cli"
)

// runCheck returns the output of carapi check.
func runCheck(t *testing.T, c dbconn.Config, table string, settings ...string) string {
	t.Helper()
	configure(t, c, table, settings...)
	var out bytes.Buffer
	if code := carapi.Run(t.Context(), []string{"check"}, &out, &out); code != 0 {
		t.Fatalf("exit code %d: %s", code, &out)
	}
	return out.String()
}

// carapi check reports the columns that would be searched, the cost of the index, and how the rows of an answer are
// read.
func TestCheck(t *testing.T) {
	both := newTables(t, "CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, vin VARCHAR(17), make VARCHAR(20), model "+
		"TEXT, year INT, price DECIMAL(10,2))",
		"CREATE TABLE digits (d INT)", "INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)",
		"INSERT INTO cars SELECT a.d + 10*b.d + 100*c.d + 1000*e.d, a.d + 10*b.d + 100*c.d + 1000*e.d, 'Kia', 'Rio', 2020, "+
			"100 FROM digits a, digits b, digits c, digits e",
		"CREATE VIEW view_of_cars AS SELECT id, vin, make, model, year, price FROM cars",
		"CREATE VIEW keyless AS SELECT make, model, year FROM cars WHERE id < 100")
	for database, src := range both {
		for table, want := range map[string][]string{
			"cars": {
				"CARS_TABLE  cars\n", "fields   id, vin, make, model, year, price\n", "rows     10,000\n",
				"memory ", " for one index", "refresh ", "fetched  live, by id\n",
			},
			"view_of_cars": {"fetched  live, by id, which identifies every vehicle now\n"},
			"keyless": {"fields   make, model, year\n", "rows     100\n", "fetched  kept in memory, as old as the index: " +
				"the table has no key\n"},
		} {
			out := runCheck(t, src.config, table)
			for _, w := range want {
				if !strings.Contains(out, w) {
					t.Errorf("%s, %s: %q is not in %s", database, table, w, out)
				}
			}
		}
	}

	path := filepath.Join(t.TempDir(), "carstock.db")
	syncInto(t, both["MySQL"].config, "cars", path)
	if out := runCheck(t, both["MySQL"].config, "cars", "SNAPSHOT_PATH="+path); !strings.Contains(out,
		"CARS_TABLE  cars\n") ||
		!strings.Contains(out, "SNAPSHOT_TABLE  cars\n") || !strings.Contains(out, "fetched  live, by SQLite's rowid\n") {
		t.Errorf("syncer's file: %s", out)
	}

	var wrong bytes.Buffer
	configure(t, both["MySQL"].config, "no_such_table")
	if code := carapi.Run(t.Context(), []string{"check"}, &wrong, &wrong); code != 1 ||
		!strings.Contains(wrong.String(), "CARS_TABLE: no_such_table") {
		t.Errorf("no table: exit code %d: %s", code, &wrong)
	}

	wrong.Reset()
	configure(t, both["MySQL"].config, "cars", "SNAPSHOT_PATH="+filepath.Join(t.TempDir(), "missing.db"))
	if code := carapi.Run(t.Context(), []string{"check"}, &wrong, &wrong); code != 1 ||
		!strings.Contains(wrong.String(), "check SNAPSHOT_PATH, and that syncer has run") {
		t.Errorf("no file of syncer yet: exit code %d: %s", code, &wrong)
	}
}
