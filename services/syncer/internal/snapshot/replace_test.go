package snapshot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/snapshotfile"
)

// testConn opens a database, and creates it if it does not exist.
func testConn(t *testing.T, path string) *sqlite3.SQLiteConn {
	t.Helper()
	conn, err := openConn(path, "_busy_timeout=100")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func mustExec(t *testing.T, conn *sqlite3.SQLiteConn, queries ...string) {
	t.Helper()
	for _, q := range queries {
		if err := exec(conn, q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

func testLock(t *testing.T, path string) *File {
	t.Helper()
	file, err := LockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Unlock() })
	return file
}

// newServedFile makes a snapshot file like a server's.
func newServedFile(t *testing.T, setUp ...string) *sqlite3.SQLiteConn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "offered.db")
	conn := testConn(t, path)
	mustExec(t, conn, append(
		setUp,
		"PRAGMA journal_mode = WAL",
		"CREATE TABLE t (a)",
		"CREATE TABLE u (b UNIQUE)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "+
			"INSERT INTO t SELECT hex(randomblob(50)) FROM n",
		"INSERT INTO u SELECT a FROM t",
	)...)
	run := &snapshotfile.Run{Started: time.Now().Truncate(time.Millisecond), Status: snapshotfile.RunOK}
	err := snapshotfile.LendConnection(conn, func(db *sqlx.DB) error {
		return errors.Join(snapshotfile.CreateTables(t.Context(), db), snapshotfile.InsertRun(t.Context(), db, run))
	})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// copyToIncoming copies a served file to the path where Replace expects it.
func copyToIncoming(t *testing.T, offered *sqlite3.SQLiteConn, file *File) {
	t.Helper()
	if _, err := CopySnapshot(t.Context(), offered.GetFilename("main"), file.Incoming()); err != nil {
		t.Fatal(err)
	}
}

func contentDigest(t *testing.T, conn *sqlite3.SQLiteConn) string {
	t.Helper()
	rows, err := queryAll(
		conn,
		"SELECT (SELECT group_concat(a) FROM t) || (SELECT group_concat(b) FROM u) || (SELECT max(id) FROM _sync_runs)",
	)
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	return rows[0][0].(string)
}

// A copy is one complete file as of one moment, even if the source is written meanwhile.
func TestCopyWhileOthersWrite(t *testing.T) {
	t.Parallel()
	from := newServedFile(t)
	path := from.GetFilename("main")
	const equal = "SELECT (SELECT max(rowid) FROM t) = (SELECT max(rowid) FROM u) AND " +
		"(SELECT count(*) FROM t) = (SELECT count(*) FROM u)"

	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	writer := testConn(t, path)
	go func() {
		var err error
		for err == nil && ctx.Err() == nil {
			err = inTx(writer, func() error {
				return errors.Join(
					exec(writer, "INSERT INTO t SELECT hex(randomblob(50))"),
					exec(writer, "INSERT INTO u SELECT a FROM t ORDER BY rowid DESC LIMIT 1"),
				)
			})
			time.Sleep(100 * time.Microsecond) // lets other writers in
		}

		ended <- err
	}()

	for range 20 {
		to := filepath.Join(t.TempDir(), "copy.db")
		run, err := CopySnapshot(t.Context(), path, to)
		if err != nil || run.ID != 1 {
			t.Fatal(run, err)
		}
		text, err := os.ReadFile(to)
		if err != nil || text[18] != 1 || text[19] != 1 {
			t.Fatalf("the copy is in WAL mode: %v", err)
		}
		copied := testConn(t, to)
		if n, err := queryInt(copied, equal); err != nil || n != 1 {
			t.Errorf("the two tables differ in time: %v", err)
		}
		if found, err := queryAll(copied, "PRAGMA integrity_check"); err != nil || found[0][0] != "ok" {
			t.Error(found, err)
		}
		if left, err := os.ReadDir(filepath.Dir(to)); err != nil || len(left) != 1 {
			t.Errorf("beside the copy: %v, %v", left, err)
		}
	}

	stop()
	if err := <-ended; err != nil {
		t.Errorf("a writer blocked a copy: %v", err)
	}

	ctx, stop = context.WithCancel(t.Context())
	stop()
	if _, err := CopySnapshot(ctx, path, filepath.Join(t.TempDir(), "copy.db")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	from := newServedFile(t)
	file := testLock(t, filepath.Join(t.TempDir(), "pulled.db"))
	for _, etag := range []string{`"1"`, `W/"2"`} {
		copyToIncoming(t, from, file)
		run, _, err := file.Replace(t.Context(), etag)
		if err != nil || run.ID == 0 {
			t.Fatal(run, err)
		}
		got, now, err := file.Pulled()
		if err != nil || got != etag || now.ID != run.ID || !now.Started.Equal(run.Started) {
			t.Errorf("%s, %v, %v", got, now, err)
		}
		pulled := testConn(t, file.path)
		if contentDigest(t, pulled) != contentDigest(t, from) {
			t.Errorf("%s: the file differs from the download", etag)
		}
		if etag == `"1"` {
			mustExec(t, pulled, "CREATE TABLE notes (text)") // a user's table, which the next pull deletes
		}
		mustExec(t, from, "UPDATE t SET a = 'x' || a")
		_ = pulled.Close()
	}

	pulled := testConn(t, file.path)
	if mode, err := queryAll(pulled, "PRAGMA journal_mode"); err != nil || mode[0][0] != "wal" {
		t.Errorf("the mode of the file is %v, %v", mode, err)
	}

	found, err := queryAll(pulled, "SELECT name FROM sqlite_schema WHERE name = 'notes'")
	if err != nil || len(found) != 0 {
		t.Errorf("the user's table: %v, %v", found, err)
	}

	_ = pulled.Close()

	// The file of a server that was itself pulled is marked as pulled.
	seeded := testLock(t, filepath.Join(t.TempDir(), "pulled.db"))
	conn := testConn(t, file.path)
	copyToIncoming(t, conn, seeded)
	if _, _, err := seeded.Replace(t.Context(), `"3"`); err != nil {
		t.Fatal(err)
	}
	if etag, _, err := seeded.Pulled(); err != nil || etag != `"3"` {
		t.Error(etag, err)
	}
}

// An incomplete snapshot does not replace anything.
func TestReplaceRefuses(t *testing.T) {
	t.Parallel()
	from := newServedFile(t)
	file := testLock(t, filepath.Join(t.TempDir(), "pulled.db"))
	copyToIncoming(t, from, file)
	if _, _, err := file.Replace(t.Context(), `"1"`); err != nil {
		t.Fatal(err)
	}

	want := contentDigest(t, from)

	damage := func() error {
		copyToIncoming(t, from, file)
		text, err := os.ReadFile(file.Incoming())
		if err == nil {
			copy(text[len(text)/2:], strings.Repeat("damaged ", 2000))
			err = os.WriteFile(file.Incoming(), text, 0o600)
		}
		return err
	}

	for name, test := range map[string]struct {
		prepare func() error
		want    string
	}{
		"damaged": {damage, "damaged"},
		"a text": {func() error {
			return os.WriteFile(file.Incoming(), []byte(strings.Repeat("text ", 1000)), 0o600)
		}, "not a database"},
		"empty":   {func() error { return os.WriteFile(file.Incoming(), nil, 0o600) }, "not a snapshot of syncer"},
		"nothing": {func() error { return nil }, "unable to open"},
		"cut":     {func() error { copyToIncoming(t, from, file); return os.Truncate(file.Incoming(), 40960) }, "malformed"},
		"page size": {
			func() error { copyToIncoming(t, newServedFile(t, "PRAGMA page_size = 8192"), file); return nil },
			"its pages have 4096 bytes, and those of the new snapshot 8192",
		},
	} {
		if err := errors.Join(file.removeStaging(), test.prepare()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := file.Replace(t.Context(), `"2"`); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if etag, _, err := file.Pulled(); err != nil || etag != `"1"` || contentDigest(t, testConn(t, file.path)) != want {
			t.Errorf("%s: the file has changed: %s, %v", name, etag, err)
		}
	}

	// Neither does a replacement that is canceled.
	if err := file.removeStaging(); err != nil {
		t.Fatal(err)
	}

	copyToIncoming(t, from, file)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, _, err := file.Replace(ctx, `"2"`); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if etag, _, err := file.Pulled(); err != nil || etag != `"1"` || contentDigest(t, testConn(t, file.path)) != want {
		t.Errorf("the file has changed: %s, %v", etag, err)
	}
}
