package pull

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// maxWindow limits the memory for decompressing a snapshot.
const maxWindow = 8 << 20

// partialSnapshot is a snapshot that has arrived in part or whole. Its file begins with a header line that describes
// it, so that what has arrived is never taken for a part of something else.
type partialSnapshot struct {
	path       string
	headerSize int64 // length of the header line
	size       int64 // of what has arrived, after the header

	ETag     string `json:"etag"`
	Encoding string `json:"encoding"` // of HTTP; "" for none
	Digest   string `json:"digest"`   // of the whole, as in Repr-Digest; "" if unknown
	Total    int64  `json:"total"`    // length of the whole; -1 if unknown
}

// openPart reads what an earlier pull has left at path. The part is empty if that cannot be used.
func openPart(path string) *partialSnapshot {
	empty := &partialSnapshot{path: path, Total: -1}
	f, err := os.Open(path)
	if err != nil {
		return empty
	}
	defer func() { _ = f.Close() }()

	info, err := f.Stat()
	if err != nil {
		return empty
	}

	// A part of unknown length, or whose ETag does not stand for its bytes, cannot be completed.
	line, err := bufio.NewReader(f).ReadBytes('\n')
	p := &partialSnapshot{path: path, headerSize: int64(len(line)), size: info.Size() - int64(len(line))}
	if err != nil || json.Unmarshal(line, p) != nil || !isStrongETag(p.ETag) || p.Total < 0 || p.size > p.Total {
		return empty
	}
	return p
}

// isStrongETag reports whether equal ETags mean equal bytes, so that a part can be completed.
func isStrongETag(etag string) bool { return strings.HasPrefix(etag, `"`) }

// complete reports whether the whole snapshot has arrived.
func (p *partialSnapshot) complete() bool { return p.Total >= 0 && p.size == p.Total }

// begin makes the part an empty part of a snapshot.
func (p *partialSnapshot) begin(etag, encoding, digest string, total int64) error {
	*p = partialSnapshot{path: p.path, ETag: etag, Encoding: encoding, Digest: digest, Total: total}
	line, err := json.Marshal(p)
	if err != nil {
		return err
	}
	p.headerSize = int64(len(line)) + 1
	return os.WriteFile(p.path, append(line, '\n'), 0o600)
}

// receive appends each piece to the part as soon as it arrives, because the program may be killed. An error of reading
// is a *temporaryError, an error of writing is not.
func (p *partialSnapshot) receive(body io.Reader, received *int64) error {
	f, err := os.OpenFile(p.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}

	buffer := make([]byte, 128<<10)
	for {
		// Read may return bytes together with an error: store them first.
		n, readErr := body.Read(buffer)
		if _, err := f.Write(buffer[:n]); err != nil {
			return errors.Join(err, f.Close())
		}
		p.size += int64(n)
		*received += int64(n)
		if readErr != nil {
			err := f.Close()
			if err == nil && !errors.Is(readErr, io.EOF) {
				err = &temporaryError{error: fmt.Errorf("the download was cut: %w", readErr)}
			}
			return err
		}
	}
}

// discard removes the file, and makes the part empty.
func (p *partialSnapshot) discard() error {
	path := p.path
	*p = partialSnapshot{path: path, Total: -1}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// reader returns a reader of what has arrived.
func (p *partialSnapshot) reader() (io.ReadCloser, error) {
	f, err := os.Open(p.path)
	if err == nil {
		_, err = f.Seek(p.headerSize, io.SeekStart)
	}
	return f, err
}

// verify compares the whole with its digest.
func (p *partialSnapshot) verify() error {
	want, ok := strings.CutPrefix(p.Digest, "sha-256=:")
	if !ok {
		return nil // Replace still checks the database
	}

	f, err := p.reader()
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()

	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := base64.StdEncoding.EncodeToString(h.Sum(nil)); got+":" != want {
		return errDamaged
	}
	return nil
}

// errDamaged is the error of a part that does not match its digest.
var errDamaged = errors.New("what was received is not what was sent: its SHA-256 differs")

// unpack writes the snapshot, decompressed, to a path at which no file exists.
func (p *partialSnapshot) unpack(ctx context.Context, path string) (err error) {
	in, err := p.reader()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()

	var plain io.Reader = in
	if p.Encoding != "" {
		decoder, err := zstd.NewReader(
			in,
			zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow),
		)
		if err != nil {
			return err
		}
		defer decoder.Close()
		plain = decoder
	}

	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644) // the mode that SQLite gives a file
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()

	// Copy piece by piece, so that ctx can end it.
	for err == nil {
		if err = ctx.Err(); err == nil {
			_, err = io.CopyN(out, plain, 4<<20)
		}
	}

	if errors.Is(err, io.EOF) {
		return nil
	}
	return fmt.Errorf("unpack the snapshot: %w", err)
}
