package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/run"
)

const (
	noticeTimeout   = 5 * time.Second // of one attempt
	noticeAttempts  = 3
	noticeQueueSize = 16
)

// noticeQueue reports the outcome of runs to other systems over HTTP. One goroutine sends the notices in order, so that
// no run waits for them.
type noticeQueue struct {
	mu         sync.Mutex
	lastStatus string // the status that SYNC_NOTIFY_URL was last sent, or is about to be
	failures   int    // failures in a row, for the notice of a recovery

	notifyURL, pingURL string
	log                *slog.Logger
	client             http.Client
	queue              chan noticeDelivery
	closing, sent      chan struct{}
	ctx                context.Context
	cancel             context.CancelFunc
}

// noticeDelivery is an HTTP request to send: a POST, or a GET if it has no body.
type noticeDelivery struct {
	setting  string // that the URL comes from. The URL itself is never logged, since it may contain a token
	url      string
	body     []byte
	status   string // that the notice reports
	previous string // the status reported before
}

// notice is the JSON body that SYNC_NOTIFY_URL receives. Text is a sentence for people, which chat services such as
// Slack and Mattermost show.
type notice struct {
	Text     string                  `json:"text"`
	Event    string                  `json:"event"` // failed, refused or recovered
	Host     string                  `json:"host"`
	Source   string                  `json:"source"`
	File     string                  `json:"file"`
	Started  time.Time               `json:"started"`
	Failures int                     `json:"consecutive_failures"` // of a recovery: the failures before it
	Error    string                  `json:"error,omitempty"`
	Tables   []snapshotfile.TableRun `json:"tables,omitempty"`
}

// newNoticeQueue returns a queue that sends nothing before start is called.
func newNoticeQueue(c config.Config, log *slog.Logger) *noticeQueue {
	n := &noticeQueue{
		notifyURL: string(c.Sync.NotifyURL),
		pingURL:   string(c.Sync.PingURL),
		log:       log,
		client:    http.Client{Timeout: noticeTimeout, CheckRedirect: sameMethod},
		queue:     make(chan noticeDelivery, noticeQueueSize),
		closing:   make(chan struct{}),
		sent:      make(chan struct{}),
	}

	n.ctx, n.cancel = context.WithCancel(context.Background())
	return n
}

// sameMethod follows redirects except those that turn a POST into a GET, which would lose the body.
func sameMethod(next *http.Request, before []*http.Request) error {
	if next.Method != before[0].Method || len(before) == 10 {
		return http.ErrUseLastResponse
	}
	return nil
}

// start starts to send notices. The outcome so far was reported before this start, and is not reported again.
func (n *noticeQueue) start(now runOutcome) {
	n.lastStatus, n.failures = now.status, now.failures
	go n.deliverAll()
}

// notify reports a run: to SYNC_PING_URL each run, to SYNC_NOTIFY_URL each change of the outcome.
func (n *noticeQueue) notify(r run.Report, now runOutcome) {
	if n.pingURL != "" {
		u, _ := url.Parse(n.pingURL) // config.Validate has checked it
		if now.failures > 0 {
			u = u.JoinPath("fail")
		}
		n.enqueue(noticeDelivery{setting: "SYNC_PING_URL", url: u.String()})
	}

	// deliverAll changes lastStatus too, when a notice cannot be sent.
	n.mu.Lock()
	previous, failures := n.lastStatus, n.failures
	n.lastStatus = now.status
	if now.failures > 0 { // otherwise the notice of a recovery still needs the number before it
		n.failures = now.failures
	}
	n.mu.Unlock()

	// A first good run is not a recovery.
	if n.notifyURL == "" || now.status == previous || previous == "" && now.status == snapshotfile.RunOK {
		return
	}
	body, err := json.Marshal(newNotice(r, now, failures))
	if err != nil {
		n.log.Error("a notice could not be encoded", "error", err)
		return
	}

	n.enqueue(noticeDelivery{"SYNC_NOTIFY_URL", n.notifyURL, body, now.status, previous})
}

// newNotice returns the notice of a run. failures is how many runs failed before a recovery.
func newNotice(r run.Report, now runOutcome, failures int) notice {
	host, _ := os.Hostname()
	out := notice{
		Event:    now.status,
		Host:     host,
		Source:   r.Source,
		File:     r.File,
		Started:  r.Started,
		Failures: now.failures,
		Error:    now.error,
		Tables:   r.Tables,
	}

	switch now.status {
	case snapshotfile.RunOK:
		out.Event, out.Failures = "recovered", failures
		out.Text = fmt.Sprintf("syncer on %s has recovered: %s is up to date with %s again. Failed runs before: %d.",
			host, r.File, r.Source, failures)
	case snapshotfile.RunRefused:
		out.Text = fmt.Sprintf("syncer on %s: a guard refused the data of %s, and %s is unchanged. %s",
			host, r.Source, r.File, now.error)
	default:
		out.Text = fmt.Sprintf("syncer on %s: copying %s failed, and %s is unchanged: %s",
			host, r.Source, r.File, now.error)
	}

	return out
}

// enqueue puts a delivery into the queue, or drops it if the queue is full.
func (n *noticeQueue) enqueue(d noticeDelivery) {
	select {
	case n.queue <- d:
	default:
		n.log.Error("a notice is dropped: those before it could not be sent yet", "setting", d.setting)
		n.markUndelivered(d)
	}
}

// markUndelivered notes that nobody received a notice, so that the next run reports the same again.
func (n *noticeQueue) markUndelivered(d noticeDelivery) {
	n.mu.Lock()
	defer n.mu.Unlock()

	if d.body != nil && n.lastStatus == d.status {
		n.lastStatus = d.previous
	}
}

// close waits until the queue is sent, but no longer than noticeTimeout, and not after ctx has ended. It drops what is
// left then, and later notices.
func (n *noticeQueue) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()

	close(n.closing)
	select {
	case <-n.sent:
	case <-ctx.Done():
	}
	n.cancel()
}

// deliverAll sends what is in the queue, until close is called and the queue is empty.
func (n *noticeQueue) deliverAll() {
	defer close(n.sent)

	for {
		var d noticeDelivery
		select {
		case d = <-n.queue:
		case <-n.closing:
			// Send what is still in the queue, and then end.
			select {
			case d = <-n.queue:
			default:
				return
			}
		}
		n.deliver(d)
	}
}

// deliver sends one notice, with retries.
func (n *noticeQueue) deliver(d noticeDelivery) {
	attempt := func() (struct{}, error) { return struct{}{}, n.attempt(d) }
	if _, err := backoff.Retry(n.ctx, attempt, backoff.WithMaxTries(noticeAttempts)); err != nil {
		n.log.Error("a notice could not be sent", "setting", d.setting, "error", err)
		n.markUndelivered(d)
	}
}

// attempt sends one notice once. The error is permanent if another attempt would fail the same way.
func (n *noticeQueue) attempt(d noticeDelivery) error {
	method := http.MethodGet
	if d.body != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(n.ctx, method, d.url, bytes.NewReader(d.body))
	if err != nil {
		return backoff.Permanent(errors.New("not a URL"))
	}
	req.Header.Set("User-Agent", "carstock-syncer")
	if d.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}

	res, err := n.client.Do(req)
	if err != nil {
		// The text of a url.Error contains the URL, which is a secret.
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // so that the connection can be used again

	if res.StatusCode < 300 {
		return nil
	}

	// Another attempt helps only if the server fails, or asks for fewer requests.
	err = fmt.Errorf("the server answered %s", res.Status)
	if res.StatusCode < 500 && res.StatusCode != http.StatusTooManyRequests {
		return backoff.Permanent(err)
	}

	return err
}
