package store

import (
	"os"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
)

// In a file that syncer does not keep, changes by any program are noticed, and so is another file in its place.
func TestChangedLooseFile(t *testing.T) {
	for _, journal := range []string{"delete", "wal"} {
		t.Run(journal, func(t *testing.T) {
			c, db := dbtest.SQLite(t, "PRAGMA journal_mode = "+journal, "CREATE TABLE cars (make TEXT, model TEXT)",
				"INSERT INTO cars VALUES ('a', 'b')")
			s := openStore(t, c, Settings{})
			if _, changed, err := s.CheckChanged(t.Context(), Version{}); err != nil || !changed {
				t.Errorf("never read: changed: %t, %v", changed, err)
			}

			read := readStock(t, s, nil)
			expect := func(step string, changed bool) {
				t.Helper()
				before := time.Now()
				now, got, err := s.CheckChanged(t.Context(), read.version)
				if err != nil || got != changed || now.Synced || now.AsOf.Before(before) {
					t.Errorf("%s: changed: %t, %+v, %v", step, got, now, err)
				}

				if changed {
					read = readStock(t, s, read.catalog)
				}

				requireSameRows(t, s, read)
			}

			for range 3 {
				expect("nothing", false)
				dbtest.MustExec(t, db, "UPDATE cars SET make = make || 'x'")
				expect("an update", true)
				dbtest.MustExec(t, db, "CREATE TABLE other (a)", "DROP TABLE other")
				expect("another table", true)
			}

			expect("nothing", false)
		})
	}
}

// If another file replaces the file, the new one is read.
func TestReplacedFile(t *testing.T) {
	c, _ := dbtest.SQLite(t, "CREATE TABLE cars (make TEXT, model TEXT)", "INSERT INTO cars VALUES ('a', 'b')")
	other, db := dbtest.SQLite(t, "CREATE TABLE cars (make TEXT, model TEXT)", "INSERT INTO cars VALUES ('c', 'd')")
	_ = db.Close()
	s := openStore(t, c, Settings{})
	read := readStock(t, s, nil)

	if err := os.Rename(other.Path, c.Path); err != nil {
		t.Fatal(err)
	}

	if _, changed, err := s.CheckChanged(t.Context(), read.version); err != nil || !changed {
		t.Errorf("changed: %t, %v", changed, err)
	}

	read = readStock(t, s, read.catalog)
	if got := read.texts("make"); got[0] != "c" {
		t.Errorf("read %q", got)
	}

	if _, changed, err := s.CheckChanged(t.Context(), read.version); err != nil || changed {
		t.Errorf("changed: %t, %v", changed, err)
	}

	if err := os.Remove(c.Path); err != nil {
		t.Fatal(err)
	}

	if _, _, err := s.CheckChanged(t.Context(), read.version); !IsUnavailable(err) || IsPermanent(err) {
		t.Errorf("got %v", err)
	}
}
