package cli_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"carstock/pkg/dbconn/dbtest"
)

// Clients download the snapshot with HTTP's features: ETags, ranges and compression.
func TestSnapshotOverHTTP(t *testing.T) {
	t.Parallel()
	s := newSource(t, "cars(id)", paddedCars...)
	up := s.serveOnRequest(t)
	up.runOnce(t)
	if r, err := http.Get(up.url + "/snapshot"); err != nil || r.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %v, %v", r, err)
	}

	whole := requireOneCopyForTwenty(t, up)
	if string(whole[:16]) != "SQLite format 3\x00" || whole[18] != 1 || whole[19] != 1 {
		t.Errorf("the copy is in WAL mode: %q", whole[:20])
	}

	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(copied, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	requireRows(t, readEverything(t, copied), readEverything(t, s.path))

	tags := map[string]string{}
	for encoding, unpack := range map[string]func([]byte) io.Reader{
		"identity": func(b []byte) io.Reader { return bytes.NewReader(b) },
		"gzip":     func(b []byte) io.Reader { r, _ := gzip.NewReader(bytes.NewReader(b)); return r },
		"zstd":     func(b []byte) io.Reader { r, _ := zstd.NewReader(bytes.NewReader(b)); return r },
	} {
		body, etag := requireEncoded(t, up, encoding, whole, unpack)
		if other := tags[etag]; other != "" {
			t.Errorf("%s and %s have the same ETag", encoding, other)
		}
		tags[etag] = encoding
		requireConditions(t, up, encoding, body, etag)
		requireRanges(t, up, encoding, body, etag)
	}

	if n := strings.Count(up.log.String(), "a copy for pulls is made"); n != 3 {
		t.Errorf("%d copies were made, want one in each encoding", n)
	}

	// After a restart a new copy is made, with the same content.
	up.stop()
	up = s.serve(t)
	for etag, encoding := range tags {
		if r, _ := up.requestSnapshot(t, "GET", "Accept-Encoding", encoding, "If-None-Match", etag); r.StatusCode != 304 {
			t.Errorf("%s: after a restart: %s", encoding, r.Status)
		}
	}
	if n := strings.Count(up.log.String(), `"run":1,`); n != 3 {
		t.Errorf("%d copies are logged with their run", n)
	}
}

// requireOneCopyForTwenty downloads the snapshot twenty times at once, checks that only one copy was made, and returns
// it.
func requireOneCopyForTwenty(t *testing.T, up service) []byte {
	t.Helper()
	var group sync.WaitGroup
	var bodies [20][]byte
	for i := range bodies {
		group.Go(func() { _, bodies[i] = up.requestSnapshot(t, "GET") })
	}

	group.Wait()
	for _, b := range bodies[1:] {
		if !bytes.Equal(b, bodies[0]) {
			t.Error("two clients got different bytes")
		}
	}

	if n := strings.Count(up.log.String(), "a copy for pulls is made"); n != 1 {
		t.Errorf("%d copies were made", n)
	}
	return bodies[0]
}

// requireEncoded downloads the snapshot in an encoding, checks headers and content, and returns the bytes and the ETag.
func requireEncoded(
	t *testing.T, up service, encoding string, whole []byte, unpack func([]byte) io.Reader,
) (body []byte, etag string) {
	t.Helper()
	r, body := up.requestSnapshot(t, "GET", "Accept-Encoding", encoding)
	etag = r.Header.Get("ETag")
	sum := sha256.Sum256(body)
	if r.StatusCode != 200 || !strings.HasPrefix(etag, `"`) || r.Header.Get("Vary") != "Accept-Encoding" ||
		r.ContentLength != int64(len(body)) ||
		r.Header.Get("Content-Encoding") != strings.TrimPrefix(encoding, "identity") ||
		r.Header.Get("Repr-Digest") != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" {
		t.Errorf("%s: %s %v", encoding, r.Status, r.Header)
	}

	if plain, err := io.ReadAll(unpack(body)); err != nil || !bytes.Equal(plain, whole) ||
		encoding != "identity" && len(body) > len(whole)*2/3 {
		t.Errorf("%s: %d bytes for %d, %v", encoding, len(body), len(plain), err)
	}

	return body, etag
}

// requireConditions checks HEAD and If-None-Match.
func requireConditions(t *testing.T, up service, encoding string, body []byte, etag string) {
	t.Helper()
	head, nothing := up.requestSnapshot(t, "HEAD", "Accept-Encoding", encoding)
	if head.StatusCode != 200 || len(nothing) > 0 || head.ContentLength != int64(len(body)) ||
		head.Header.Get("ETag") != etag {
		t.Errorf("%s: HEAD: %s %v", encoding, head.Status, head.Header)
	}

	r, none := up.requestSnapshot(t, "GET", "Accept-Encoding", encoding, "If-None-Match", `"x", W/`+etag)
	if r.StatusCode != 304 || len(none) > 0 || r.Header.Get("ETag") != etag {
		t.Errorf("%s: If-None-Match: %s %v", encoding, r.Status, r.Header)
	}
}

// requireRanges checks ranges of the snapshot, and invalid ranges.
func requireRanges(t *testing.T, up service, encoding string, body []byte, etag string) {
	t.Helper()
	for requested, want := range map[string][2]int{
		"bytes=100-199": {100, 200}, "bytes=5000-": {5000, len(body)}, "bytes=-7": {len(body) - 7, len(body)},
	} {
		r, part := up.requestSnapshot(t, "GET", "Accept-Encoding", encoding, "Range", requested, "If-Range", etag)
		if r.StatusCode != 206 || !bytes.Equal(part, body[want[0]:want[1]]) || r.ContentLength != int64(len(part)) ||
			r.Header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", want[0], want[1]-1, len(body)) {
			t.Errorf("%s: %s: %s %v", encoding, requested, r.Status, r.Header)
		}
	}

	r, another := up.requestSnapshot(t, "GET", "Accept-Encoding", encoding, "Range", "bytes=5-", "If-Range", `"another"`)
	if r.StatusCode != 200 || !bytes.Equal(another, body) {
		t.Errorf("%s: If-Range: %s", encoding, r.Status)
	}

	beyond := fmt.Sprintf("bytes=%d-", len(body))
	if r, _ := up.requestSnapshot(t, "GET", "Accept-Encoding", encoding, "Range", beyond); r.StatusCode != 416 {
		t.Errorf("%s: beyond the end: %s", encoding, r.Status)
	}
}

// A slow download continues with its copy when the next run publishes.
func TestDownloadOutlivesItsRun(t *testing.T) {
	t.Parallel()
	s := newSource(t, "v", largeRows...)
	up := s.serveOnRequest(t)
	up.runOnce(t)
	want, whole := up.requestSnapshot(t, "GET")

	r, err := http.NewRequest("GET", up.url+"/snapshot", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+pullToken)
	r.Header.Set("Accept-Encoding", "identity")
	slow, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Body.Close() }()
	begin := make([]byte, 1000)
	if _, err := io.ReadFull(slow.Body, begin); err != nil {
		t.Fatal(err)
	}

	dbtest.MustExec(t, s.mysql, "DELETE FROM v WHERE id < 500")
	up.runOnce(t)
	if now, _ := up.requestSnapshot(t, "HEAD"); now.Header.Get("ETag") == want.Header.Get("ETag") {
		t.Error("the next run has the same ETag")
	}

	rest, err := io.ReadAll(slow.Body)
	if err != nil || !bytes.Equal(append(begin, rest...), whole) {
		t.Errorf("%d of %d bytes, %v", len(begin)+len(rest), len(whole), err)
	}
	requireNoLeftovers(t, s.path)
}

// Without space for a copy the answer is a 507 that says how much is needed. The disk and the file stay as they are.
func TestNoRoomForACopy(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	for name, test := range map[string]struct {
		script, skip, want string
	}{
		"a limit": {`ulimit -f 1000; exec "$0" serve`, "", "and the disk, a quota or a limit allows less"},
		"a disk": {
			`cp "$1" "$1.kept" && mount -t tmpfs -o size=10m none "$2" && cp "$1.kept" "$1" && exec "$0" serve`,
			"unshare --map-root-user --mount sh -c 'mount -t tmpfs none /mnt'", "where 3.6 MB are free",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shell := []string{"sh"}
			if test.skip != "" {
				if out, err := osexec.Command("sh", "-c", test.skip).CombinedOutput(); err != nil {
					t.Skipf("no tmpfs can be mounted here: %s", out)
				}
				shell = []string{"unshare", "--map-root-user", "--mount", "sh"}
			}

			s := newSource(t, "v", largeRows...)
			s.mustSync(t)
			disk := filepath.Dir(s.path)
			if test.skip != "" {
				disk = s.moveToSubfolder(t)
			}

			script := strings.ReplaceAll(test.script, `"$1.kept"`, `"$2.kept"`)
			up := s.serveUnder(t, append(shell, "-c", script, self, s.path, disk)...)

			file, err := os.Stat(s.path)
			if err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprintf("there is no room for a copy of the snapshot: it needs 6.9 MB (%d bytes) in %s, %s",
				file.Size(), filepath.Dir(s.path), test.want)
			for range 2 {
				r, body := up.requestSnapshot(t, "GET", "Accept-Encoding", "zstd")
				if r.StatusCode != http.StatusInsufficientStorage || !strings.Contains(string(body), text) {
					t.Errorf("%s: %s\n%s", r.Status, body, up.log)
				}
			}

			if test.skip == "" {
				requireNoLeftovers(t, s.path)
			}

			there := newPuller(t)
			if code, out := there.output(t, "pull", up.url, there.path); code != 1 ||
				!strings.Contains(out, "507 Insufficient Storage: there is no room") {
				t.Errorf("exit code %d: %s", code, out)
			}
		})
	}
}

// moveToSubfolder makes syncer keep a copy of its file in a new folder, which a test can mount a disk over, and returns
// the folder.
func (s *syncer) moveToSubfolder(t *testing.T) (folder string) {
	t.Helper()
	folder = filepath.Join(filepath.Dir(s.path), "disk")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}

	text, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	s.keep(filepath.Join(folder, "cars.db"))
	if err := os.WriteFile(s.path, text, 0o644); err != nil {
		t.Fatal(err)
	}

	return folder
}

// answers reports whether the service answers requests, ready or not.
func (up service) answers() bool {
	r, err := http.Get(up.url + "/readyz")
	if err == nil {
		_ = r.Body.Close()
	}
	return err == nil
}

// serveUnder runs syncer serve through a shell command that sets limits, and waits until it answers.
func (s *syncer) serveUnder(t *testing.T, command ...string) service {
	t.Helper()
	addr := dbtest.FreeAddress(t)
	s.set("SYNC_HTTP_ADDR", addr)
	s.set("SYNC_SCHEDULE", "0 0 1 1 *")
	s.set("SYNC_ON_START", "false")
	s.set("SYNC_HTTP_TOKEN", pullToken)
	c := s.child(t, command...)
	log := &dbtest.Log{}
	c.Stderr = log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	up := service{url: "http://" + addr, log: log}
	waitUntil(t, "it answers", up.answers)
	return up
}
