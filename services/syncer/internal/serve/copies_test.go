package serve

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/snapshot"
)

func TestAcceptedEncoding(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"":                                   "",
		"gzip":                               "gzip",
		"zstd":                               "zstd",
		"gzip, deflate, br, zstd":            "zstd",
		"GZIP ; Q=1":                         "gzip",
		"gzip;q=1.0, zstd;q=0.5":             "gzip",
		"gzip;q=0.2, zstd;q=0":               "gzip",
		"gzip;q=0":                           "",
		"zstd;q=nonsense":                    "",
		"br":                                 "",
		"*":                                  "zstd",
		"*;q=0":                              "",
		"zstd;q=0, *":                        "gzip",
		"identity":                           "",
		"identity, gzip;q=0.5":               "",
		"identity;q=0.5, gzip":               "gzip",
		"identity;q=0, gzip;q=0":             "",
		"identity;q=0.5, zstd;q=0.5, gzip;q": "gzip",
	} {
		if got := acceptedEncoding(header); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

// newSnapshotFile returns a file with one good run.
func newSnapshotFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cars [1].db")
	addGoodRun(t, path)
	return path
}

// addGoodRun adds a good run to a file, and makes the file if there is none.
func addGoodRun(t *testing.T, path string) {
	t.Helper()
	file, err := snapshot.LockFile(path)
	if err != nil {
		t.Fatal(err)
	}

	good := &snapshotfile.Run{Started: time.Now(), Status: snapshotfile.RunOK}
	if err := errors.Join(file.Record(good), file.Unlock()); err != nil {
		t.Fatal(err)
	}
}

// countDeletedOpen counts the deleted files in the folder of path that this process still has open.
func countDeletedOpen(t *testing.T, path string) (n int) {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("the test counts open files in /proc, which only Linux has")
	}

	for _, f := range files {
		target, _ := os.Readlink("/proc/self/fd/" + f.Name())
		if strings.HasPrefix(target, filepath.Dir(path)+"/") && strings.HasSuffix(target, "(deleted)") {
			n++
		}
	}
	return n
}

func TestCopiesOfLatestRun(t *testing.T) {
	path := newSnapshotFile(t)
	c := newPullCopies(path, slog.New(slog.DiscardHandler))
	get := func(encoding string) *pullCopy {
		t.Helper()
		got, actual, err := c.get(t.Context(), encoding)
		if err != nil || actual != encoding {
			t.Fatal(actual, err)
		}
		return got
	}

	plain, packed := get(notEncoded), get(encodedZstd)
	if plain == packed || get(notEncoded) != plain || countDeletedOpen(t, path) != 2 {
		t.Errorf("%d copies are open", countDeletedOpen(t, path))
	}
	plain.release()
	plain.release()
	c.expire() // the run is still the latest
	if get(notEncoded) != plain {
		t.Error("the copy of the last run was dropped")
	}
	plain.release()

	// A new run drops all copies except one in use.
	addGoodRun(t, path)
	c.expire()
	if n := countDeletedOpen(t, path); n != 1 {
		t.Errorf("%d copies are open", n)
	}
	if n, err := io.Copy(io.Discard, packed.reader(t.Context())); err != nil || n != packed.size {
		t.Errorf("%d of %d bytes, %v", n, packed.size, err)
	}

	packed.release()
	if n := countDeletedOpen(t, path); n != 0 {
		t.Errorf("%d copies are open", n)
	}

	// A run that lacks disk space drops them too.
	get(notEncoded).release()
	c.makeRoom()
	if n := countDeletedOpen(t, path); n != 0 {
		t.Errorf("%d copies are open", n)
	}
	now := get(notEncoded)
	if now.etag() == plain.etag() {
		t.Error("another run has the same ETag")
	}
	now.release()

	// Leftovers of a killed program are removed, and nothing else.
	for _, name := range []string{".cars [1].db.copy-12", ".cars [1].db.copy-12-wal", ".cars [2].db.copy-3"} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	c.close(t.Context())
	if n := countDeletedOpen(t, path); n != 0 {
		t.Errorf("%d copies are open", n)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*copy*"))
	if err != nil || len(left) != 1 || !strings.HasSuffix(left[0], ".cars [2].db.copy-3") {
		t.Errorf("%v, %v", left, err)
	}

	if _, _, err := c.get(t.Context(), notEncoded); !errors.Is(err, context.Canceled) {
		t.Errorf("after close: %v", err)
	}
}

func TestCopyWithoutSnapshot(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cars.db")
	c := newPullCopies(path, slog.New(slog.DiscardHandler))
	if _, _, err := c.get(t.Context(), notEncoded); !errors.Is(err, snapshot.ErrNoSnapshot) {
		t.Errorf("no file: %v", err)
	}
	file, err := snapshot.LockFile(path)
	if err == nil {
		err = errors.Join(file.Record(&snapshotfile.Run{Started: time.Now(), Status: snapshotfile.RunFailed}), file.Unlock())
	}
	if err != nil {
		t.Fatal(err)
	}

	if _, _, err := c.get(t.Context(), notEncoded); !errors.Is(err, snapshot.ErrNoSnapshot) {
		t.Errorf("no good run: %v", err)
	}

	// A request that waits for others ends when its client disconnects.
	c.busy <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.get(ctx, notEncoded); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
