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
	"time"

	"github.com/cenkalti/backoff/v5"

	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/job"
	"carstock/services/syncer/internal/snapshot"
)

const (
	noticeTimeout = 5 * time.Second // for one attempt
	noticeTries   = 3
	noticesQueued = 16
)

// notices tells others by HTTP of what became of passes. A goroutine of its own sends them, in their
// order: no pass waits for it.
type notices struct {
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
}

// notice is the body of what SYNC_NOTIFY_URL gets. Text is a sentence for a person: chat services
// such as Slack and Mattermost show it.
type notice struct {
	Text     string              `json:"text"`
	Event    string              `json:"event"` // failed, refused or recovered
	Host     string              `json:"host"`
	Source   string              `json:"source"`
	File     string              `json:"file"`
	Started  time.Time           `json:"started"`
	Failures int                 `json:"consecutive_failures"` // before a recovery, those that it ended
	Error    string              `json:"error,omitempty"`
	Tables   []snapshot.TableRun `json:"tables,omitempty"`
}

func newNotices(c config.Config, log *slog.Logger) *notices {
	n := &notices{
		notifyURL: string(c.Sync.NotifyURL), pingURL: string(c.Sync.PingURL), log: log,
		client: http.Client{Timeout: noticeTimeout}, queue: make(chan request, noticesQueued), closing: make(chan struct{}), sent: make(chan struct{}),
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	go n.send()
	return n
}

// tell tells of a pass: SYNC_PING_URL each time, SYNC_NOTIFY_URL when it went otherwise than the
// one before it.
func (n *notices) tell(r job.Report, before, now outcome) {
	if n.pingURL != "" {
		u, _ := url.Parse(n.pingURL) // Validate has parsed it
		if now.failures > 0 {
			u = u.JoinPath("fail")
		}
		n.put(request{setting: "SYNC_PING_URL", url: u.String()})
	}
	if n.notifyURL == "" || now.status == before.status || before.status == "" && now.status == snapshot.OK {
		return
	}
	host, _ := os.Hostname()
	out := notice{Event: now.status, Host: host, Source: r.Source, File: r.File, Started: r.Started, Failures: now.failures, Error: now.error, Tables: r.Tables}
	switch now.status {
	case snapshot.OK:
		out.Event, out.Failures = "recovered", before.failures
		out.Text = fmt.Sprintf("syncer on %s works again: %s is up to date with %s, after %d passes that had failed.", host, r.File, r.Source, before.failures)
	case snapshot.Refused:
		out.Text = fmt.Sprintf("syncer on %s: a guard has refused what %s gave, and %s is as it was. %s", host, r.Source, r.File, now.error)
	default:
		out.Text = fmt.Sprintf("syncer on %s: copying %s has failed, and %s is as it was: %s", host, r.Source, r.File, now.error)
	}
	body, err := json.Marshal(out)
	if err != nil {
		n.log.Error("a notice cannot be encoded", "error", err)
		return
	}
	n.put(request{"SYNC_NOTIFY_URL", n.notifyURL, body})
}

func (n *notices) put(r request) {
	select {
	case n.queue <- r:
	default:
		n.log.Error("a notice is dropped: those before it could not be sent yet", "setting", r.setting)
	}
}

// close waits for what is yet to be sent, for the time of one attempt. What comes later is not sent.
func (n *notices) close() {
	close(n.closing)
	select {
	case <-n.sent:
	case <-time.After(noticeTimeout):
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
		_, err := backoff.Retry(n.ctx, func() (struct{}, error) { return struct{}{}, n.attempt(r) }, backoff.WithMaxTries(noticeTries))
		if err != nil {
			n.log.Error("a notice could not be sent", "setting", r.setting, "error", err)
		}
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
