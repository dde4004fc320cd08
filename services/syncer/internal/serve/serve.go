// Package serve makes runs on a schedule for as long as the program lives, and reports on them: with a status page,
// health checks, metrics and notices. It also sends the snapshot to other machines. It does not know what a run does.
package serve

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"carstock/pkg/httpserver"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/run"
	"carstock/services/syncer/internal/snapshot"
)

// stopTimeout is how long a stop waits for everything under way. It fits into the 10 s that container engines allow.
// The next run removes what a run that takes longer leaves behind.
const stopTimeout = 8 * time.Second

// historyRead is how many runs loadHistory reads while runs fail, to find the first failure. The file keeps no more.
const historyRead = 1000

// Service is syncer as a service.
type Service struct {
	config   config.Config
	schedule config.Schedule
	log      *slog.Logger
	state    *serviceState
	metrics  *serviceMetrics
	notices  *noticeQueue
	details  detailsCache
	copies   *pullCopies
	pulls    pullCounters
	trigger  chan struct{}
}

// New returns a service, which does nothing before Run is called.
func New(c config.Config, log *slog.Logger) (*Service, error) {
	schedule, err := c.Sync.ParseSchedule()
	if err != nil {
		return nil, err
	}

	s := &Service{
		config:   c,
		schedule: schedule,
		log:      log,
		state:    &serviceState{started: time.Now()},
		trigger:  make(chan struct{}, 1),
	}

	s.copies = newPullCopies(c.Sync.Path, log)
	s.metrics = newServiceMetrics(s.state, c.Sync.Path, &s.pulls)
	s.notices = newNoticeQueue(c, log)
	return s, nil
}

// Trigger requests a run now. If one is under way, another follows it.
func (s *Service) Trigger() {
	select {
	case s.trigger <- struct{}{}:
	default: // a run is requested already
	}
}

// Run makes runs until ctx ends. It returns an error if the service cannot start, or can no longer serve HTTP.
func (s *Service) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	// Stop making copies as soon as ctx ends: the server waits for the requests in flight, which wait for copies.
	context.AfterFunc(ctx, s.copies.stop)
	s.copies.removeLeftovers()

	// Load the history before the server answers: otherwise it would say that there is no snapshot.
	s.loadHistory()

	// Listen before the first run: a service whose port is taken must not load the source.
	var served chan error
	if s.config.Sync.HTTPAddr != config.SettingOff {
		l, err := httpserver.Listen("SYNC_HTTP_ADDR", s.config.Sync.HTTPAddr)
		if err != nil {
			return err
		}
		served = make(chan error, 1)
		go func() { served <- httpserver.Serve(ctx, l, s.handler(), 0, s.log) }()
	}

	s.notices.start(s.state.status().runOutcome)
	s.logSchedule(time.Now())
	runsEnded := make(chan struct{})
	go func() {
		defer close(runsEnded)
		s.runOnSchedule(ctx)
	}()

	var err error
	select {
	case <-ctx.Done():
	case err = <-served: // the server failed
		served = nil
		cancel()
	}

	// Everything under way ends within stopTimeout, or is left behind.
	stopping, cancelStopping := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancelStopping()
	select {
	case <-runsEnded:
	case <-stopping.Done():
		s.log.Warn("the run does not end in time; exiting without it")
	}
	if served != nil {
		err = <-served
	}
	s.copies.close(stopping)
	s.notices.close(stopping)
	return err
}

// loadHistory takes over from the file the outcome of runs that this service did not make: those before it started, and
// those of another syncer. It does nothing if there is no file, or no new run in it.
func (s *Service) loadHistory() {
	path := s.config.Sync.Path
	if _, err := os.Stat(path); err != nil {
		return // opening the file would report the same, at more length
	}
	newest, err := snapshot.ReadHistory(path, 1)
	if err != nil || len(newest.Runs) == 0 || s.state.isNewest(newest.Runs[0].ID) {
		return
	}

	// While runs fail, the page shows since when: read back to the first failure.
	history := newest
	if newest.Failures > 0 {
		history, err = snapshot.ReadHistory(path, historyRead)
		if err != nil || len(history.Runs) == 0 {
			return
		}
	}

	tables, err := snapshot.Contents(path)
	if err != nil {
		return
	}

	s.state.setHistory(history, run.AsOf(s.config.Sync.Views, tables))
	for _, t := range tables {
		s.metrics.rows.WithLabelValues(t.Table).Set(float64(t.Rows))
	}
}

// runOnce makes one run and reports on it. It returns whether the next run may come on schedule, without a backoff.
func (s *Service) runOnce(ctx context.Context) bool {
	progress := &run.Progress{}
	s.state.begin(progress)
	retrying := func(err error, wait time.Duration) {
		s.log.Warn("retrying the run", "in", wait.Round(100*time.Millisecond), "error", err)
	}
	report, err := run.MakeRun(ctx, s.config, run.Options{Progress: progress, Retrying: retrying})

	now := s.state.end(report)
	s.metrics.observe(report, err)

	// The disk may be full of copies for pulls.
	if err != nil && run.ErrorKind(err) == "file" {
		s.copies.makeRoom()
	}

	switch report.Status {
	case snapshotfile.RunOK:
		s.logPublished(report)
	case snapshotfile.RunSkipped:
		s.log.Warn("skipped", "reason", report.Running)
		return true // the other syncer's run does the same
	case snapshotfile.RunStopped:
		s.log.Info("run stopped; the snapshot is unchanged")
		return true
	default:
		s.log.Error("run failed; the snapshot is unchanged",
			"status", report.Status, "error", err, "consecutive_failures", now.failures)
	}

	s.notices.notify(report, now)
	return report.Status == snapshotfile.RunOK
}

// logPublished logs what a good run did, a line per table, and its warnings.
func (s *Service) logPublished(report run.Report) {
	for _, t := range report.Tables {
		s.log.Info("published", "table", t.Table, "rows", t.Rows, "inserted", t.Inserted, "updated", t.Updated,
			"deleted", t.Deleted, "unchanged", t.Unchanged, "bytes", t.Bytes, "seconds", t.Seconds)
		if t.Drift != "" {
			s.log.Warn("columns changed", "table", t.Table, "drift", t.Drift)
		}
		for _, w := range slices.Concat(t.Warnings, t.Lost) {
			s.log.Warn(w, "table", t.Table)
		}
	}

	if report.Selection != nil {
		for _, m := range slices.Concat(report.Selection.Matched, report.Selection.LeftOut) {
			s.log.Info("views by pattern", "entry", m.Entry, "views", strings.Join(m.Views, ", "))
		}
	}

	for _, w := range report.Warnings {
		s.log.Warn(w)
	}
}
