// Package pull keeps a file equal to the snapshot of a syncer on another machine. It fetches the snapshot over HTTP. It
// knows no schedule and prints nothing.
package pull

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/cenkalti/backoff/v5"

	"carstock/pkg/settings"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/snapshot"
)

// maxRetryAfter is how long a server may ask to wait. If it asks for more, the pull ends.
const maxRetryAfter = time.Minute

// FetchOptions say what to fetch, and how long that may take.
type FetchOptions struct {
	URL      *url.URL
	Path     string
	Token    settings.Secret
	Timeout  time.Duration
	Retries  int                                 // in a row, in which nothing arrives
	Retrying func(err error, wait time.Duration) // called before each retry
}

// FetchResult describes what a pull did.
type FetchResult struct {
	Run       snapshotfile.Run    // the last good run in the file
	New       bool                // whether the file was replaced
	Received  int64               // bytes of the snapshot, as compressed
	FileBytes int64               // of the file, its log included
	Warning   string              // about the file; "" for none
	Running   *snapshot.BusyError // the other syncer, if the pull was skipped
}

// ParseURL parses the URL of a snapshot. A URL without a path, or that ends in a slash, is that of a syncer, whose
// snapshot is below it.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("URL: expected one such as https://host.example.com:9090/snapshot")
	case u.User != nil:
		return nil, errors.New(
			"URL: it has a user in it, which others can see in the list of processes: put the token into SYNC_HTTP_TOKEN",
		)
	case u.Path == "" || u.Path[len(u.Path)-1] == '/':
		u = u.JoinPath("snapshot")
	}
	return u, nil
}

// FetchSnapshot makes the file equal to the snapshot of the server, unless it is already. After an error the file is as
// it was. It is not an error if another syncer is working on the file.
func FetchSnapshot(ctx context.Context, o FetchOptions) (FetchResult, error) {
	var result FetchResult
	file, err := snapshot.LockPulled(o.Path)
	if errors.As(err, &result.Running) {
		return result, nil
	}
	if err != nil {
		return result, err
	}
	defer func() { _ = file.Unlock() }()

	etag, run, err := file.Pulled()
	if err != nil {
		return result, err
	}

	result.Run = run
	timeout := fmt.Errorf("SYNC_TIMEOUT: not done within %s; the next pull goes on from here", o.Timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, o.Timeout, timeout)
	defer cancel()

	d := newDownload(o.URL, o.Token, etag, file.Partial())
	newer, err := d.fetchWithRetries(ctx, o)
	result.Received = d.received
	if err == nil && newer {
		result.Run, result.Warning, err = install(ctx, file, d.part)
		result.New = err == nil
	}

	// Say what ended the pull, instead of what followed from that.
	switch {
	case err == nil:
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = context.Cause(ctx)
	case snapshot.IsNoRoom(err):
		err = fmt.Errorf(
			"there is no room: a pull needs room beside the file for the snapshot compressed, unpacked and in the log (%w)",
			err,
		)
	}

	result.FileBytes, _ = snapshot.FileSize(o.Path)
	return result, err
}

// fetchWithRetries fetches until a whole answer has arrived. It reports whether that is a newer snapshot, which is then
// in the part.
func (d *snapshotDownload) fetchWithRetries(ctx context.Context, o FetchOptions) (newer bool, err error) {
	waits := backoff.NewExponentialBackOff()
	for tries := 0; ; {
		before := d.received
		newer, err := d.fetch(ctx)
		var again *temporaryError
		if err == nil || !errors.As(err, &again) || ctx.Err() != nil {
			return newer, err
		}

		// Only tries in a row in which nothing arrives use up the retries.
		if d.received > before {
			tries = 0
			waits.Reset()
		}
		wait := max(waits.NextBackOff(), again.retryAfter)
		if tries++; tries > o.Retries || wait > maxRetryAfter {
			return false, err
		}
		o.Retrying(err, wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// install makes the file equal to what was received, and removes the part. If there is no time or no room left, the
// part stays, so that the next pull need not fetch it again.
func install(
	ctx context.Context, file *snapshot.File, p *partialSnapshot,
) (run snapshotfile.Run, warning string, err error) {
	err = p.unpack(ctx, file.Incoming())
	if err == nil {
		run, warning, err = file.Replace(ctx, p.ETag)
	}
	if err == nil || ctx.Err() == nil && !snapshot.IsNoRoom(err) {
		err = errors.Join(err, p.discard())
	}
	if err != nil {
		_ = os.Remove(file.Incoming())
	}
	return run, warning, err
}
