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
	identity    = ""
	encodedGzip = "gzip"
	encodedZstd = "zstd"
)

// copies keeps the copies of the snapshot that answer pulls: one per run and encoding, each made when it is first asked
// for. They are beside the file, but have no name there once they are made. So the disk gets their room back when the
// last pull of a copy ends, also if the program is killed.
type copies struct {
	path string
	log  *slog.Logger

	// busy holds a value while somebody uses what follows; a copy may be in the making then.
	busy  chan struct{}
	run   runID
	ready map[string]*pullCopy // by encoding

	stopped context.Context // ends the making of a copy, which goes on when the client that asked for it has gone
	stop    context.CancelFunc
}

// runID tells the runs of a file apart, also after it was made anew and counts from 1 again.
type runID struct{ id, started int64 }

func identify(r *snapshotfile.Run) runID { return runID{r.ID, r.Started.UnixMilli()} }

// pullCopy is one copy in one encoding. It is closed once neither copies nor a pull uses it.
type pullCopy struct {
	file  *os.File
	size  int64
	sum   [sha256.Size]byte
	users atomic.Int32
}

// noRoom is the error of a copy that does not fit on the disk, or under a limit of this process.
type noRoom struct {
	dir   string
	need  int64
	free  int64
	cause error // of a copy that was begun; nil if it was not
}

func (n *noRoom) Error() string {
	text := fmt.Sprintf(
		"there is no room for a copy of the snapshot: it needs %s (%d bytes) in %s, ",
		humanize.Bytes(uint64(n.need)),
		n.need,
		n.dir,
	)
	if n.cause != nil {
		return text + fmt.Sprintf("and the disk, a quota or a limit allows less (%v)", n.cause)
	}
	return text + fmt.Sprintf("where %s are free", humanize.Bytes(uint64(n.free)))
}

func newCopies(path string, log *slog.Logger) *copies {
	c := &copies{path: path, log: log, busy: make(chan struct{}, 1), ready: map[string]*pullCopy{}}
	c.stopped, c.stop = context.WithCancel(context.Background())
	return c
}

// get returns a copy of the last good run and its encoding; the caller releases it. Without room for an encoded copy it
// is the plain one. ctx ends the waiting for other requests, but not the making of a copy: the next request needs it.
func (c *copies) get(ctx context.Context, encoding string) (got *pullCopy, actual string, err error) {
	select {
	case c.busy <- struct{}{}:
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
	defer func() { <-c.busy }()
	if err := c.stopped.Err(); err != nil {
		return nil, "", err
	}

	now, err := lastGood(c.path)
	if err != nil {
		return nil, "", err
	}
	if now != c.run || c.ready[identity] == nil {
		c.drop()
		if err := c.copySnapshot(); err != nil {
			return nil, "", err
		}
	}
	if c.ready[encoding] == nil {
		err := c.encode(encoding)
		var full *noRoom
		if errors.As(err, &full) {
			encoding = identity
		} else if err != nil {
			return nil, "", err
		}
	}
	got = c.ready[encoding]
	got.users.Add(1)
	return got, encoding, nil
}

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
	return identify(history.Good), nil
}

// expire gives up the copies of a run that is not the last one any more.
func (c *copies) expire() {
	c.dropIf(func() bool {
		now, err := lastGood(c.path)
		return err != nil || now != c.run
	})
}

// makeRoom gives up the copies, which may take the room that a run lacks.
func (c *copies) makeRoom() { c.dropIf(func() bool { return true }) }

// dropIf gives up the copies, if there are any, on a condition. It does not wait for one that is being made.
func (c *copies) dropIf(condition func() bool) {
	select {
	case c.busy <- struct{}{}:
	default:
		return
	}
	defer func() { <-c.busy }()
	if len(c.ready) > 0 && condition() {
		c.drop()
	}
}

// close ends the making of copies, and gives up those there are. It waits no longer than until ctx ends.
func (c *copies) close(ctx context.Context) {
	c.stop()
	select {
	case c.busy <- struct{}{}:
		c.drop()
		<-c.busy
	case <-ctx.Done():
	}
	c.removeLeft()
}

// drop gives up the copies. The caller holds busy.
func (c *copies) drop() {
	for encoding, old := range c.ready {
		delete(c.ready, encoding)
		old.release()
	}
}

// copySnapshot makes the plain copy, of which the others are made.
func (c *copies) copySnapshot() error {
	size, _ := snapshot.Size(c.path) // with its log, whose pages are in the file or come into it
	made, err := c.create(size, func(f *os.File) error {
		run, err := snapshot.Copy(c.stopped, c.path, f.Name())
		c.run = identify(&run)
		return err
	})
	if err == nil {
		c.ready[identity] = made
	}
	return err
}

// encode makes a copy in an encoding from the plain one. It asks for as much room as that takes.
func (c *copies) encode(encoding string) error {
	plain := c.ready[identity]
	made, err := c.create(plain.size, func(f *os.File) error {
		var w io.WriteCloser
		var err error
		switch encoding {
		case encodedGzip:
			w = gzip.NewWriter(f)
		case encodedZstd:
			// One thread and a small window: a run may need the machine too.
			w, err = zstd.NewWriter(
				f,
				zstd.WithEncoderConcurrency(1),
				zstd.WithWindowSize(1<<20),
				zstd.WithLowerEncoderMem(true),
			)
		default:
			err = fmt.Errorf("no encoding %s is known", encoding)
		}
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

// create makes a copy of up to size bytes by write, which gets an empty file. Then the file loses its name.
func (c *copies) create(size int64, write func(*os.File) error) (*pullCopy, error) {
	dir, prefix, err := c.place()
	if err != nil {
		return nil, err
	}
	free, err := snapshot.Free(dir)
	if err != nil {
		return nil, err
	}
	if free < size { // better refused than found out by a run, on a full disk
		return nil, &noRoom{dir, size, free, nil}
	}
	f, err := os.CreateTemp(dir, prefix+"*")
	if err != nil {
		return nil, err
	}
	made := &pullCopy{file: f}
	made.users.Store(1)
	start := time.Now()
	err = write(f)
	if err == nil {
		made.size, made.sum, err = measure(c.stopped, f)
	}
	if err == nil && made.size == 0 { // by another syncer that began on this file
		err = errors.New("the copy was removed while it was made")
	}
	if e := removeAll(f.Name(), f.Name()+"-wal", f.Name()+"-journal"); err == nil {
		err = e
	}
	if err != nil {
		made.release()
		if snapshot.IsNoRoom(err) {
			err = &noRoom{dir, size, free, err}
		}
		return nil, err
	}
	c.log.Info("a copy for pulls is made", "run", c.run.id, "bytes", made.size, "seconds", time.Since(start).Seconds())
	return made, nil
}

func measure(ctx context.Context, f *os.File) (size int64, sum [sha256.Size]byte, err error) {
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

// place is the folder of the file, and how the names of copies in the making begin there.
func (c *copies) place() (dir, prefix string, err error) {
	path, err := snapshot.Resolve(c.path)
	if err != nil {
		return "", "", err
	}
	return filepath.Dir(path), "." + filepath.Base(path) + ".copy-", nil
}

// removeLeft removes the copies in the making of a program that was killed.
func (c *copies) removeLeft() {
	dir, prefix, err := c.place()
	if err != nil {
		return
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return // there is nothing yet
	}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), prefix) {
			_ = os.Remove(filepath.Join(dir, f.Name()))
		}
	}
}

func removeAll(paths ...string) error {
	for _, p := range paths {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// reader reads the copy from its beginning, beside others that do, until ctx ends.
func (p *pullCopy) reader(ctx context.Context) io.Reader {
	return &contextReader{ctx, io.NewSectionReader(p.file, 0, p.size)}
}

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

func (p *pullCopy) release() {
	if p.users.Add(-1) == 0 {
		_ = p.file.Close()
	}
}

// etag depends on the bytes alone: a pull that a restart of syncer has cut goes on with the copy that is made then.
func (p *pullCopy) etag() string { return `"` + hex.EncodeToString(p.sum[:16]) + `"` }

// digest is the value of the header Repr-Digest (RFC 9530).
func (p *pullCopy) digest() string {
	return "sha-256=:" + base64.StdEncoding.EncodeToString(p.sum[:]) + ":"
}
