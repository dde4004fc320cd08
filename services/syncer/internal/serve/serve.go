// Package serve makes passes on a schedule for as long as the program runs, and tells of them: by a
// status page, health checks, metrics and notices. What a pass does it leaves to package job.
package serve

import (
	"context"
	"log/slog"
	"time"

	"carstock/pkg/httpserver"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/job"
	"carstock/services/syncer/internal/snapshot"
)

// stopTimeout is how long a pass is given to end when the program is to stop, within the 10 s that
// container engines give. What is left of a pass that takes longer is removed by the next one.
const stopTimeout = 8 * time.Second

// Service is syncer as a service.
type Service struct {
	config    config.Config
	timetable config.Timetable
	log       *slog.Logger
	state     *state
	metrics   *metrics
	notices   *notices
	wake      chan struct{}
}

// New makes a service, which does nothing before Run.
func New(c config.Config, log *slog.Logger) (*Service, error) {
	timetable, err := c.Sync.Timetable()
	if err != nil {
		return nil, err
	}
	s := &Service{config: c, timetable: timetable, log: log, state: &state{started: time.Now()}, wake: make(chan struct{}, 1)}
	s.metrics = newMetrics(s.state)
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
	s.remember()
	s.announce(time.Now())
	var served chan error
	if s.config.Sync.HTTPAddr != config.Off {
		served = make(chan error, 1)
		go func() {
			served <- httpserver.Serve(ctx, "SYNC_HTTP_ADDR", s.config.Sync.HTTPAddr, s.handler(), 0, s.log)
		}()
	}
	passed := make(chan struct{})
	go func() {
		defer close(passed)
		s.passes(ctx)
	}()

	var err error
	select {
	case <-ctx.Done():
	case err = <-served: // it could not listen
		served = nil
		cancel()
	}
	select {
	case <-passed:
	case <-time.After(stopTimeout):
		s.log.Warn("the pass has not ended in time and is left: the snapshot is as it was")
	}
	if served != nil {
		err = <-served
	}
	s.notices.close()
	return err
}

// remember takes over from the file what became of the passes before; nothing if there is none yet.
func (s *Service) remember() {
	runs, err := snapshot.Runs(s.config.Sync.Path, runsShown)
	if err != nil {
		return
	}
	tables, err := snapshot.Contents(s.config.Sync.Path)
	if err != nil {
		return
	}
	s.state.remember(runs, snapshot.AsOf(tables, s.config.Sync.Views.Tables()))
}

// pass makes one pass and tells of it. It reports whether it went well.
func (s *Service) pass(ctx context.Context) bool {
	progress := &job.Progress{}
	s.state.begin(progress)
	report, err := job.Run(ctx, s.config, job.Options{Progress: progress, Retrying: func(err error, wait time.Duration) {
		s.log.Warn("the pass begins again", "in", wait.Round(100*time.Millisecond), "error", err)
	}})
	before, now := s.state.end(report)
	s.metrics.observe(report, err)
	switch report.Status {
	case snapshot.OK:
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
	case job.Skipped:
		s.log.Warn("skipped", "reason", report.Running)
		s.remember()
		return true // that other syncer's pass is as good
	case snapshot.Stopped:
		s.log.Info("the pass was stopped; the snapshot is as it was")
		return true
	default:
		s.log.Error("the pass has failed; the snapshot is as it was", "status", report.Status, "error", err, "consecutive_failures", now.failures)
	}
	s.notices.tell(report, before, now)
	return report.Status == snapshot.OK
}
