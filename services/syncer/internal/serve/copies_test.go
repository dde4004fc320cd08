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

// published makes a file in which a run has published something.
func published(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cars [1].db")
	publishAgain(t, path)
	return path
}

func publishAgain(t *testing.T, path string) {
	t.Helper()
	file, err := snapshot.Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	run := &snapshotfile.Run{Started: time.Now(), Status: snapshotfile.OK}
	if err := errors.Join(file.Record(run), file.Unlock()); err != nil {
		t.Fatal(err)
	}
}

// open counts the files without a name that this process has open in the folder of a path.
func open(t *testing.T, path string) (n int) {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("open files are counted in /proc, which only Linux has")
	}
	for _, f := range files {
		to, _ := os.Readlink("/proc/self/fd/" + f.Name())
		if strings.HasPrefix(to, filepath.Dir(path)+"/") && strings.HasSuffix(to, "(deleted)") {
			n++
		}
	}
	return n
}

func TestCopiesEndWithTheirRun(t *testing.T) {
	path := published(t)
	c := newCopies(path, slog.New(slog.DiscardHandler))
	get := func(encoding string) *pullCopy {
		t.Helper()
		got, actual, err := c.get(t.Context(), encoding)
		if err != nil || actual != encoding {
			t.Fatal(actual, err)
		}
		return got
	}

	plain, packed := get(identity), get(encodedZstd)
	if plain == packed || get(identity) != plain || open(t, path) != 2 {
		t.Errorf("%d copies are open", open(t, path))
	}
	plain.release()
	plain.release()
	c.expire() // which changes nothing yet
	if get(identity) != plain {
		t.Error("the copy of the last run was given up")
	}
	plain.release()

	// A run gives up what nobody uses. Who uses one keeps it.
	publishAgain(t, path)
	c.expire()
	if n := open(t, path); n != 1 {
		t.Errorf("%d copies are open", n)
	}
	if n, err := io.Copy(io.Discard, packed.reader(t.Context())); err != nil || n != packed.size {
		t.Errorf("%d of %d bytes, %v", n, packed.size, err)
	}
	packed.release()
	if n := open(t, path); n != 0 {
		t.Errorf("%d copies are open", n)
	}

	// So does a run that lacks room, and one without a copy of the run before.
	get(identity).release()
	c.makeRoom()
	if n := open(t, path); n != 0 {
		t.Errorf("%d copies are open", n)
	}
	now := get(identity)
	if now.etag() == plain.etag() {
		t.Error("another run has the same ETag")
	}
	now.release()

	// What a program that was killed has left is removed, and nothing else.
	for _, name := range []string{".cars [1].db.copy-12", ".cars [1].db.copy-12-wal", ".cars [2].db.copy-3"} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.close(t.Context())
	if n := open(t, path); n != 0 {
		t.Errorf("%d copies are open", n)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*copy*"))
	if err != nil || len(left) != 1 || !strings.HasSuffix(left[0], ".cars [2].db.copy-3") {
		t.Errorf("%v, %v", left, err)
	}
	if _, _, err := c.get(t.Context(), identity); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

func TestCopyOfNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cars.db")
	c := newCopies(path, slog.New(slog.DiscardHandler))
	if _, _, err := c.get(t.Context(), identity); !errors.Is(err, snapshot.ErrNoSnapshot) {
		t.Errorf("no file: %v", err)
	}
	file, err := snapshot.Lock(path)
	if err == nil {
		err = errors.Join(file.Record(&snapshotfile.Run{Started: time.Now(), Status: snapshotfile.Failed}), file.Unlock())
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.get(t.Context(), identity); !errors.Is(err, snapshot.ErrNoSnapshot) {
		t.Errorf("no good run: %v", err)
	}

	// One that waits for others ends with its client.
	c.busy <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.get(ctx, identity); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
