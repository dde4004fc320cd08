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
	noticeTimeout = 5 * time.Second // for one attempt
	noticeTries   = 3
	noticesQueued = 16
)

// notices tells others by HTTP of what became of passes. A goroutine of its own sends them, in their
// order: no pass waits for it.
type notices struct {
	mu       sync.Mutex
	told     string // the status that SYNC_NOTIFY_URL has been told of last, or is about to be
	failures int    // in a row, of which a recovery is the end

	notifyURL, pingURL string
	log                *slog.Logger
	client             http.Client
	queue              chan request
	closing, sent      chan struct{}
	ctx                context.Context
	cancel             context.CancelFunc
}

// request is a notice to send; without a body it is a GET.
type request struct {
	setting string // that named the URL, which itself may hold a token and is not logged
	url     string
	body    []byte
	status  string // that it tells of
	before  string // and what was told before it
}

// notice is the body of what SYNC_NOTIFY_URL gets. Text is a sentence for a person: chat services
// such as Slack and Mattermost show it.
type notice struct {
	Text     string                  `json:"text"`
	Event    string                  `json:"event"` // failed, refused or recovered
	Host     string                  `json:"host"`
	Source   string                  `json:"source"`
	File     string                  `json:"file"`
	Started  time.Time               `json:"started"`
	Failures int                     `json:"consecutive_failures"` // before a recovery, those that it ended
	Error    string                  `json:"error,omitempty"`
	Tables   []snapshotfile.TableRun `json:"tables,omitempty"`
}

func newNotices(c config.Config, log *slog.Logger) *notices {
	n := &notices{
		notifyURL: string(c.Sync.NotifyURL), pingURL: string(c.Sync.PingURL), log: log,
		client: http.Client{Timeout: noticeTimeout, CheckRedirect: sameMethod},
		queue:  make(chan request, noticesQueued), closing: make(chan struct{}), sent: make(chan struct{}),
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	return n
}

// sameMethod follows a redirect, but for one that makes of a POST a GET without its body.
func sameMethod(next *http.Request, before []*http.Request) error {
	if next.Method != before[0].Method || len(before) == 10 {
		return http.ErrUseLastResponse
	}
	return nil
}

// start begins to send. What has become of the passes so far is not told again.
func (n *notices) start(so outcome) {
	n.told, n.failures = so.status, so.failures
	go n.send()
}

// tell tells of a pass: SYNC_PING_URL each time, SYNC_NOTIFY_URL when it went otherwise than what that
// was told last.
func (n *notices) tell(r run.Report, now outcome) {
	if n.pingURL != "" {
		u, _ := url.Parse(n.pingURL) // Validate has parsed it
		if now.failures > 0 {
			u = u.JoinPath("fail")
		}
		n.put(request{setting: "SYNC_PING_URL", url: u.String()})
	}
	n.mu.Lock()
	before, failures := n.told, n.failures
	n.told = now.status
	if now.failures > 0 {
		n.failures = now.failures
	}
	n.mu.Unlock()
	if n.notifyURL == "" || now.status == before || before == "" && now.status == snapshotfile.OK {
		return
	}
	host, _ := os.Hostname()
	out := notice{Event: now.status, Host: host, Source: r.Source, File: r.File, Started: r.Started, Failures: now.failures, Error: now.error, Tables: r.Tables}
	switch now.status {
	case snapshotfile.OK:
		out.Event, out.Failures = "recovered", failures
		out.Text = fmt.Sprintf("syncer on %s works again: %s is up to date with %s, after %d passes that had failed.", host, r.File, r.Source, failures)
	case snapshotfile.Refused:
		out.Text = fmt.Sprintf("syncer on %s: a guard has refused what %s gave, and %s is as it was. %s", host, r.Source, r.File, now.error)
	default:
		out.Text = fmt.Sprintf("syncer on %s: copying %s has failed, and %s is as it was: %s", host, r.Source, r.File, now.error)
	}
	body, err := json.Marshal(out)
	if err != nil {
		n.log.Error("a notice cannot be encoded", "error", err)
		return
	}
	n.put(request{"SYNC_NOTIFY_URL", n.notifyURL, body, now.status, before})
}

func (n *notices) put(r request) {
	select {
	case n.queue <- r:
	default:
		n.log.Error("a notice is dropped: those before it could not be sent yet", "setting", r.setting)
		n.untold(r)
	}
}

// untold remembers that a notice has not come to anyone, so that the next pass tells of it again.
func (n *notices) untold(r request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if r.body != nil && n.told == r.status {
		n.told = r.before
	}
}

// close waits for what is yet to be sent, for the time of one attempt, or until ctx ends. What comes
// later is not sent.
func (n *notices) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	close(n.closing)
	select {
	case <-n.sent:
	case <-ctx.Done():
	}
	n.cancel()
}

func (n *notices) send() {
	defer close(n.sent)
	for {
		var r request
		select {
		case r = <-n.queue:
		case <-n.closing:
			select {
			case r = <-n.queue:
			default:
				return
			}
		}
		n.deliver(r)
	}
}

func (n *notices) deliver(r request) {
	_, err := backoff.Retry(n.ctx, func() (struct{}, error) { return struct{}{}, n.attempt(r) }, backoff.WithMaxTries(noticeTries))
	if err != nil {
		n.log.Error("a notice could not be sent", "setting", r.setting, "error", err)
		n.untold(r)
	}
}

func (n *notices) attempt(r request) error {
	method := http.MethodGet
	if r.body != nil {
		method = http.MethodPost
	}
	q, err := http.NewRequestWithContext(n.ctx, method, r.url, bytes.NewReader(r.body))
	if err != nil {
		return backoff.Permanent(errors.New("it is no URL"))
	}
	q.Header.Set("User-Agent", "carstock-syncer")
	if r.body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	answer, err := n.client.Do(q)
	if err != nil {
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err // its text has the URL
		}
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again
	if answer.StatusCode >= 300 {
		err := fmt.Errorf("the answer is %s", answer.Status)
		if answer.StatusCode < 500 && answer.StatusCode != http.StatusTooManyRequests {
			return backoff.Permanent(err)
		}
		return err
	}
	return nil
}
