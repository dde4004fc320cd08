package serve

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/snapshot"
)

// Content encodings of a copy, as HTTP names them.
const (
	notEncoded  = ""
	encodedGzip = "gzip"
	encodedZstd = "zstd"
)

// pullCopies keeps the copies of the snapshot that pulls download: one per run and encoding, made on the first request.
// They are in the folder of the snapshot file, but lose their name there as soon as they are complete. So the disk
// space is free again when the last download of a copy ends, even if the program is killed.
type pullCopies struct {
	path string
	log  *slog.Logger

	// busy is a lock on the fields below; a context can end the wait for it. It holds a value while someone uses them. A
	// copy may be in progress then.
	busy  chan struct{}
	run   runID
	ready map[string]*pullCopy // by encoding

	// stopped ends the making of a copy, which goes on when the client that requested it has gone.
	stopped context.Context
	stop    context.CancelFunc
}

// runID identifies a run, even if the file is made again and its runs count from 1 again.
type runID struct{ id, started int64 }

func runIDOf(r *snapshotfile.Run) runID { return runID{r.ID, r.Started.UnixMilli()} }

// pullCopy is one copy in one encoding. Its file is closed once neither copies nor a download uses it.
type pullCopy struct {
	file  *os.File
	size  int64
	sum   [sha256.Size]byte
	users atomic.Int32
}

// noRoomError is the error of a copy that does not fit on the disk, or exceeds a limit of this process.
type noRoomError struct {
	dir   string
	need  int64
	free  int64
	cause error // why writing failed; nil if it was not tried
}

func (e *noRoomError) Error() string {
	text := fmt.Sprintf("there is no room for a copy of the snapshot: it needs %s (%d bytes) in %s, ",
		humanize.Bytes(uint64(e.need)), e.need, e.dir)
	if e.cause != nil {
		return text + fmt.Sprintf("and the disk, a quota or a limit allows less (%v)", e.cause)
	}
	return text + fmt.Sprintf("where %s are free", humanize.Bytes(uint64(e.free)))
}

// newPullCopies returns copies of the file at path, and makes none yet. The caller ends them by close.
func newPullCopies(path string, log *slog.Logger) *pullCopies {
	c := &pullCopies{path: path, log: log, busy: make(chan struct{}, 1), ready: map[string]*pullCopy{}}
	c.stopped, c.stop = context.WithCancel(context.Background())
	return c
}

// get returns a copy of the last good run, and its encoding; the caller releases the copy. It is the plain copy if
// there is no room for an encoded one. ctx ends the wait for other requests, but does not stop a copy in progress: the
// next request can use it.
func (c *pullCopies) get(ctx context.Context, encoding string) (got *pullCopy, actual string, err error) {
	select {
	case c.busy <- struct{}{}:
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
	defer func() { <-c.busy }()
	if err := c.stopped.Err(); err != nil {
		return nil, "", err
	}

	// A new run replaces all copies.
	now, err := lastGood(c.path)
	if err != nil {
		return nil, "", err
	}
	if now != c.run || c.ready[notEncoded] == nil {
		c.drop()
		if err := c.copySnapshot(); err != nil {
			return nil, "", err
		}
	}

	// Without room for an encoded copy, the plain one is still of use.
	if c.ready[encoding] == nil {
		err := c.encode(encoding)
		var full *noRoomError
		if errors.As(err, &full) {
			encoding = notEncoded
		} else if err != nil {
			return nil, "", err
		}
	}

	got = c.ready[encoding]
	got.users.Add(1)
	return got, encoding, nil
}

// lastGood returns the ID of the last good run in a file, or snapshot.ErrNoSnapshot.
func lastGood(path string) (runID, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return runID{}, snapshot.ErrNoSnapshot
	}

	history, err := snapshot.ReadHistory(path, 1)
	if err != nil {
		return runID{}, err
	}
	if history.Good == nil {
		return runID{}, snapshot.ErrNoSnapshot
	}

	return runIDOf(history.Good), nil
}

// expire drops the copies if a newer run has been published.
func (c *pullCopies) expire() {
	c.dropIf(func() bool {
		now, err := lastGood(c.path)
		return err != nil || now != c.run
	})
}

// makeRoom drops the copies, which may take the disk space that a run lacks.
func (c *pullCopies) makeRoom() { c.dropIf(func() bool { return true }) }

// dropIf drops the copies, if there are any, on a condition. It does not wait for a copy in progress.
func (c *pullCopies) dropIf(condition func() bool) {
	select {
	case c.busy <- struct{}{}:
	default: // in use: a copy may be in progress
		return
	}
	defer func() { <-c.busy }()

	if len(c.ready) > 0 && condition() {
		c.drop()
	}
}

// close stops the making of copies and drops those that exist. It waits until ctx ends at the latest.
func (c *pullCopies) close(ctx context.Context) {
	c.stop()
	select {
	case c.busy <- struct{}{}:
		c.drop()
		<-c.busy
	case <-ctx.Done():
	}

	// A copy that is still in progress loses its name now, and its disk space when the program ends.
	c.removeLeftovers()
}

// drop drops all copies. The caller holds busy.
func (c *pullCopies) drop() {
	for encoding, old := range c.ready {
		delete(c.ready, encoding)
		old.release()
	}
}

// copySnapshot makes the plain copy, which the encoded ones are made from.
func (c *pullCopies) copySnapshot() error {
	size, _ := snapshot.FileSize(c.path) // includes the WAL, whose pages are in the file or will be
	made, err := c.create(size, func(f *os.File) error {
		// The copy may be of a newer run than the one that get has seen.
		copied, err := snapshot.CopySnapshot(c.stopped, c.path, f.Name())
		c.run = runIDOf(&copied)
		return err
	})
	if err == nil {
		c.ready[notEncoded] = made
	}

	return err
}

// encode makes an encoded copy from the plain one. It requires as much free space as the plain copy takes.
func (c *pullCopies) encode(encoding string) error {
	plain := c.ready[notEncoded]
	made, err := c.create(plain.size, func(f *os.File) error {
		w, err := newEncoder(f, encoding)
		if err != nil {
			return err
		}
		if _, err := io.Copy(w, plain.reader(c.stopped)); err != nil {
			return errors.Join(err, w.Close())
		}

		return w.Close()
	})
	if err == nil {
		c.ready[encoding] = made
	}

	return err
}

// newEncoder returns a writer that encodes what it writes to w.
func newEncoder(w io.Writer, encoding string) (io.WriteCloser, error) {
	switch encoding {
	case encodedGzip:
		return gzip.NewWriter(w), nil
	case encodedZstd:
		// One thread and a small window: a run may need the machine at the same time.
		return zstd.NewWriter(w,
			zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(1<<20),
			zstd.WithLowerEncoderMem(true),
		)
	}

	return nil, fmt.Errorf("unknown encoding %s", encoding)
}

// create makes a copy of up to size bytes: write fills an empty file, which then loses its name.
func (c *pullCopies) create(size int64, write func(*os.File) error) (*pullCopy, error) {
	dir, prefix, err := c.tempName()
	if err != nil {
		return nil, err
	}

	// Refuse what cannot fit: a full disk would also make the next run fail.
	free, err := snapshot.FreeSpace(dir)
	if err != nil {
		return nil, err
	}
	if free < size {
		return nil, &noRoomError{dir, size, free, nil}
	}

	f, err := os.CreateTemp(dir, prefix+"*")
	if err != nil {
		return nil, err
	}

	// Until drop, c itself counts as a user of the copy.
	made := &pullCopy{file: f}
	made.users.Store(1)
	start := time.Now()
	err = write(f)
	if err == nil {
		made.size, made.sum, err = hashFile(c.stopped, f)
	}
	if err == nil && made.size == 0 { // another syncer that started on this file has removed it
		err = errors.New("the copy was removed while it was made")
	}

	// Remove the name, and what SQLite left beside it. The open file stays readable.
	removeErr := snapshot.RemoveFiles(f.Name(), f.Name()+"-wal", f.Name()+"-journal")
	if err == nil {
		err = removeErr
	}
	if err != nil {
		made.release()
		if snapshot.IsNoRoom(err) {
			err = &noRoomError{dir, size, free, err}
		}
		return nil, err
	}

	c.log.Info("a copy for pulls is made", "run", c.run.id, "bytes", made.size, "seconds", time.Since(start).Seconds())
	return made, nil
}

// hashFile returns the size of a file and the SHA-256 of its content.
func hashFile(ctx context.Context, f *os.File) (size int64, sum [sha256.Size]byte, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, sum, err
	}

	h := sha256.New()
	all := &pullCopy{file: f, size: info.Size()}
	if _, err := io.Copy(h, all.reader(ctx)); err != nil {
		return 0, sum, err
	}

	return info.Size(), [sha256.Size]byte(h.Sum(nil)), nil
}

// tempName returns the folder of the snapshot file, and the prefix of the names of copies in progress there.
func (c *pullCopies) tempName() (dir, prefix string, err error) {
	path, err := snapshot.Resolve(c.path)
	if err != nil {
		return "", "", err
	}
	return filepath.Dir(path), "." + filepath.Base(path) + ".copy-", nil
}

// removeLeftovers removes the copies in progress of a program that was killed.
func (c *pullCopies) removeLeftovers() {
	dir, prefix, err := c.tempName()
	if err != nil {
		return
	}

	files, err := os.ReadDir(dir)
	if err != nil {
		return // the folder does not exist yet
	}

	for _, f := range files {
		if strings.HasPrefix(f.Name(), prefix) {
			_ = os.Remove(filepath.Join(dir, f.Name()))
		}
	}
}

// reader reads the copy from its start until ctx ends. Several readers may read at the same time.
func (p *pullCopy) reader(ctx context.Context) io.Reader {
	return &contextReader{ctx, io.NewSectionReader(p.file, 0, p.size)}
}

// contextReader fails once its context has ended.
type contextReader struct {
	ctx    context.Context
	reader io.Reader
}

func (r *contextReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.reader.Read(b)
}

// release gives up the use of a copy. The last one to do so closes its file.
func (p *pullCopy) release() {
	if p.users.Add(-1) == 0 {
		_ = p.file.Close()
	}
}

// etag depends on the bytes alone: a download that a restart of syncer has interrupted can continue with the copy that
// is made after it.
func (p *pullCopy) etag() string { return `"` + hex.EncodeToString(p.sum[:16]) + `"` }

// digest returns the value of the header Repr-Digest (RFC 9530).
func (p *pullCopy) digest() string {
	return "sha-256=:" + base64.StdEncoding.EncodeToString(p.sum[:]) + ":"
}
