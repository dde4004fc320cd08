// Package serve makes passes on a schedule for as long as the program runs, and tells of them: by a
// status page, health checks, metrics and notices. What a pass does it leaves to package job.
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

// stopTimeout is how long all that is under way is given when the program is to stop, within the 10 s
// that container engines give. What is left of a pass that takes longer is removed by the next one.
const stopTimeout = 8 * time.Second

// Service is syncer as a service.
type Service struct {
	config    config.Config
	timetable config.Schedule
	log       *slog.Logger
	state     *state
	metrics   *metrics
	notices   *notices
	changes   changesSize
	copies    *copies
	pulls     pulls
	wake      chan struct{}
}

// New makes a service, which does nothing before Run.
func New(c config.Config, log *slog.Logger) (*Service, error) {
	timetable, err := c.Sync.ParseSchedule()
	if err != nil {
		return nil, err
	}
	s := &Service{config: c, timetable: timetable, log: log, state: &state{started: time.Now()}, wake: make(chan struct{}, 1)}
	s.copies = newCopies(c.Sync.Path, log)
	s.metrics = newMetrics(s.state, c.Sync.Path, &s.pulls)
	s.notices = newNotices(c, log)
	return s, nil
}

// Wake asks for a pass now. While one is under way it asks for another after it.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default: // it has been asked for
	}
}

// Run makes passes until ctx ends. The error is of a service that could not begin.
func (s *Service) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	context.AfterFunc(ctx, s.copies.stop) // at once, as the server waits for the requests in flight
	s.copies.removeLeft()
	s.remember() // before it answers: else it would say that there is no snapshot
	var served chan error
	if s.config.Sync.HTTPAddr != config.Off { // before a pass: whose port is taken is not to disturb the source
		l, err := httpserver.Listen("SYNC_HTTP_ADDR", s.config.Sync.HTTPAddr)
		if err != nil {
			return err
		}
		served = make(chan error, 1)
		go func() { served <- httpserver.Serve(ctx, l, s.handler(), 0, s.log) }()
	}
	s.notices.start(s.state.view().outcome)
	s.announce(time.Now())
	passed := make(chan struct{})
	go func() {
		defer close(passed)
		s.passes(ctx)
	}()

	var err error
	select {
	case <-ctx.Done():
	case err = <-served: // it serves no more
		served = nil
		cancel()
	}
	late, cancelLate := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancelLate()
	select {
	case <-passed:
	case <-late.Done():
		s.log.Warn("the pass does not end in time and is left alone")
	}
	if served != nil {
		err = <-served
	}
	s.copies.close(late)
	s.notices.close(late)
	return err
}

// remember takes over from the file what became of the passes that this service has not made: those
// before it began, and those of another syncer beside it. There is nothing to tell if there is no file.
func (s *Service) remember() {
	if _, err := os.Stat(s.config.Sync.Path); err != nil {
		return // opening it would only say so at more length
	}
	newest, err := snapshot.ReadHistory(s.config.Sync.Path, 1)
	if err != nil || len(newest.Runs) == 0 || s.state.knows(newest.Runs[0].ID) {
		return
	}
	history, err := snapshot.ReadHistory(s.config.Sync.Path, runsShown)
	if err != nil || len(history.Runs) == 0 {
		return
	}
	tables, err := snapshot.Contents(s.config.Sync.Path)
	if err != nil {
		return
	}
	s.state.remember(history, run.AsOf(s.config.Sync.Views, tables))
	for _, t := range tables {
		s.metrics.rows.WithLabelValues(t.Table).Set(float64(t.Rows))
	}
}

// pass makes one pass and tells of it. It reports whether it went well.
func (s *Service) pass(ctx context.Context) bool {
	progress := &run.Progress{}
	s.state.begin(progress)
	report, err := run.Once(ctx, s.config, run.Options{Progress: progress, Retrying: func(err error, wait time.Duration) {
		s.log.Warn("the pass begins again", "in", wait.Round(100*time.Millisecond), "error", err)
	}})
	now := s.state.end(report)
	s.metrics.observe(report, err)
	if err != nil && run.Kind(err) == "file" {
		s.copies.makeRoom()
	}
	switch report.Status {
	case snapshotfile.OK:
		for _, t := range report.Tables {
			s.log.Info("published", "table", t.Table, "rows", t.Rows, "inserted", t.Inserted, "updated", t.Updated, "deleted", t.Deleted,
				"unchanged", t.Unchanged, "bytes", t.Bytes, "seconds", t.Seconds)
			if t.Drift != "" {
				s.log.Warn("columns changed", "table", t.Table, "drift", t.Drift)
			}
			for _, w := range append(t.Warnings, t.Lost...) {
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
	case run.Skipped:
		s.log.Warn("skipped", "reason", report.Running)
		return true // that other syncer's pass is as good
	case snapshotfile.Stopped:
		s.log.Info("the pass was stopped; the snapshot is as it was")
		return true
	default:
		s.log.Error("the pass has failed; the snapshot is as it was", "status", report.Status, "error", err, "consecutive_failures", now.failures)
	}
	s.notices.tell(report, now)
	return report.Status == snapshotfile.OK
}
