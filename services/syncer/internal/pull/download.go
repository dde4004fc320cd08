package pull

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"carstock/pkg/settings"
)

// How long the server may be silent: before it answers, as it may have to make a copy, and within an answer.
const (
	answerTimeout = 5 * time.Minute
	stallTimeout  = time.Minute
)

// temporaryError is an error that may not come again.
type temporaryError struct {
	error
	retryAfter time.Duration // how long the server asks to wait; 0 if it does not say
}

func (t *temporaryError) Unwrap() error { return t.error }

// snapshotDownload fetches one snapshot, in as many requests as that takes.
type snapshotDownload struct {
	client      *http.Client
	url         *url.URL
	token       settings.Secret
	currentETag string // of the snapshot in the file; "" for none
	part        *partialSnapshot
	received    int64
}

// newDownload returns a download from u. It continues the part that an earlier pull has left at the path partial. have
// is the ETag of the snapshot in the file.
func newDownload(u *url.URL, token settings.Secret, have, partial string) *snapshotDownload {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = answerTimeout
	transport.DisableKeepAlives = true // a pull is one request, and after a cut a new connection is better
	return &snapshotDownload{
		// The token is for this URL alone.
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		url: u, token: token, currentETag: have, part: openPart(partial),
	}
}

// fetch makes one request: for the missing rest of the part if the server still has that snapshot, otherwise for the
// whole. It returns false if the server has nothing newer than the file.
func (d *snapshotDownload) fetch(ctx context.Context) (newer bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	r, err := d.newRequest(ctx)
	if err != nil {
		return false, err
	}

	response, err := d.client.Do(r)
	if err != nil {
		return false, classifyConnectError(err)
	}
	defer func() { _ = response.Body.Close() }()

	switch response.StatusCode {
	case http.StatusNotModified:
		// The whole part, left by a pull that was killed, is what the server has: install it.
		got := response.Header.Get("ETag")
		if d.part.complete() && got == d.part.ETag && got != d.currentETag {
			break
		}

		if d.currentETag == "" {
			return false, errors.Join(
				errors.New("the server answers 304 Not Modified, but nothing was pulled yet: check the proxies in between"),
				d.part.discard(),
			)
		}
		return false, d.part.discard()

	case http.StatusPartialContent:
		// The answer must continue the part exactly where it ends.
		want := fmt.Sprintf("bytes %d-%d/%d", d.part.size, d.part.Total-1, d.part.Total)
		if got := response.Header.Get("Content-Range"); got != want || response.Header.Get("ETag") != d.part.ETag {
			return false, errors.Join(
				&temporaryError{error: fmt.Errorf("the server sent the part %q instead of %q", got, want)},
				d.part.discard(),
			)
		}

	case http.StatusOK:
		// The server sends the whole snapshot: start the part again.
		encoding := response.Header.Get("Content-Encoding")
		if encoding != "" && encoding != "zstd" {
			return false, fmt.Errorf(
				"the answer is compressed by %s, which was not requested: check the proxies in between",
				encoding,
			)
		}

		h := response.Header
		err := d.part.begin(h.Get("ETag"), encoding, h.Get("Repr-Digest"), response.ContentLength)
		if err != nil {
			return false, err
		}

	default:
		return false, d.responseError(response)
	}

	if !d.part.complete() {
		err = d.receive(response.Body, cancel)
	}
	return err == nil, err
}

// newRequest returns a request for the missing rest of the part or, if it is empty or whole, for a snapshot that is
// newer than the part and the file.
func (d *snapshotDownload) newRequest(ctx context.Context) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url.String(), nil)
	if err != nil {
		return nil, err
	}

	r.Header.Set("Accept-Encoding", "zstd")
	if d.token != "" {
		r.Header.Set("Authorization", "Bearer "+string(d.token))
	}

	// Name a whole part as known, so that it is used if the server has nothing newer. Ask only for the rest of another.
	known := d.currentETag
	if p := d.part; p.complete() {
		known = strings.TrimPrefix(known+", "+p.ETag, ", ")
	} else if p.size > 0 && p.Total > 0 {
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", p.size))
		r.Header.Set("If-Range", p.ETag)
	}

	if known != "" {
		r.Header.Set("If-None-Match", known)
	}
	return r, nil
}

// errStalled is the error of a download from a server that sends nothing for too long.
var errStalled = fmt.Errorf("nothing arrived for %s", stallTimeout)

// receive stores what the server sends until all of it has arrived. It removes a part that cannot be completed later.
func (d *snapshotDownload) receive(body io.Reader, cancel context.CancelCauseFunc) error {
	// Give up if nothing arrives for stallTimeout: each read begins that time again.
	stalled := time.AfterFunc(stallTimeout, func() { cancel(errStalled) })
	defer stalled.Stop()

	p := d.part
	err := p.receive(readerFunc(func(b []byte) (int, error) {
		stalled.Reset(stallTimeout)
		return body.Read(b)
	}), &d.received)

	if err == nil && p.Total < 0 { // the server did not say before
		p.Total = p.size
	}
	if err == nil && !p.complete() {
		err = &temporaryError{error: fmt.Errorf("%d bytes arrived instead of %d", p.size, p.Total)}
	}
	if err == nil {
		if err = p.verify(); errors.Is(err, errDamaged) {
			return errors.Join(&temporaryError{error: err}, p.discard())
		}
	}

	// Keep the part only if a later request can complete it: otherwise it would fill the disk.
	var later *temporaryError
	if err != nil && (!errors.As(err, &later) || !isStrongETag(p.ETag) || p.Total < 0) {
		err = errors.Join(err, p.discard())
	}
	return err
}

// readerFunc is a function that is an io.Reader.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// responseError returns the error of an answer without a snapshot.
func (d *snapshotDownload) responseError(response *http.Response) error {
	// The body may be a proxy's. Otherwise it is a problem of RFC 9457.
	var problem struct{ Detail string }
	body, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	_ = json.Unmarshal(body, &problem)
	status := fmt.Errorf("the server answers %s", response.Status)
	err := status
	if problem.Detail != "" {
		err = fmt.Errorf("%w: %.500s", status, problem.Detail)
	}

	switch code := response.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return fmt.Errorf("SYNC_HTTP_TOKEN: %w", err)
	case code == http.StatusNotFound, code == http.StatusMethodNotAllowed:
		return fmt.Errorf("%w: there is no syncer at this URL, or one that has no snapshots for others yet", status)
	case code >= 300 && code < 400:
		if to, e := response.Location(); e == nil {
			err = fmt.Errorf("%w: it leads to %s: use that URL if you trust it with the token", err, to.Redacted())
		}
		return err
	case code == http.StatusRequestedRangeNotSatisfiable:
		return errors.Join(&temporaryError{error: err}, d.part.discard())
	case code == http.StatusTooManyRequests,
		code >= 500 && code != http.StatusInsufficientStorage && code != http.StatusNotImplemented:
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")) // a date counts as no wait
		return &temporaryError{err, time.Duration(max(0, seconds)) * time.Second}
	}

	return err
}

// classifyConnectError returns the error of a request without an answer. Waiting helps, except with a certificate.
func classifyConnectError(err error) error {
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return fmt.Errorf("%w; to trust a private authority, set SSL_CERT_FILE to its certificate", err)
	}
	return &temporaryError{error: err}
}
