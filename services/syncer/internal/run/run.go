// Package run is one run of syncer: from the views of the source to the published snapshot, with
// retries, guards and a report. It knows no schedule and prints nothing.
package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/go-sql-driver/mysql"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/dbconn"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
	"carstock/services/syncer/internal/source"
)

// What a report's status says beside those of snapshotfile.Run.
const (
	Skipped = "skipped" // another syncer is at work
	DryRun  = "dry run"
)

// Options are what one pass is told beside the settings.
type Options struct {
	Views    []string // names of views or tables of SYNC_VIEWS, or patterns of them; none for all
	Full     bool     // read all rows and delete those that are gone, also where the strategy is upsert
	Force    bool     // publish what a guard refuses
	DryRun   bool     // publish and record nothing
	Progress *Progress
	Retrying func(err error, wait time.Duration) // is told of each transient error
}

// Progress can be read while a pass is under way.
type Progress struct {
	View     atomic.Pointer[string]
	Rows     atomic.Int64 // of this view
	Bytes    atomic.Int64 // received from the network for this view
	Expected atomic.Int64 // rows, as far as can be told; 0 if not at all
}

// Report says what a pass did.
type Report struct {
	snapshotfile.Run
	Selection *Selection     `json:"selection,omitempty"` // what the patterns of SYNC_VIEWS match
	File      string         `json:"file"`
	FileBytes int64          `json:"file_bytes"` // its log included
	Warnings  []string       `json:"warnings,omitempty"`
	Seconds   float64        `json:"seconds"`
	Attempts  int            `json:"attempts"`
	Running   *snapshot.Busy `json:"running,omitempty"` // who is at work, where the pass was skipped
}

// Refused is the error of a pass that a guard has stopped, before anything was published.
type Refused struct{ Reasons []string }

func (r *Refused) Error() string {
	return "refused: " + strings.Join(r.Reasons, "; ") + "; --force publishes it all the same"
}

// Run makes one pass. After an error the snapshot is as it was, and the report says so too. That
// another syncer is at work on the file is no error.
func Once(ctx context.Context, c config.Config, o Options) (report Report, err error) {
	start := time.Now()
	defer func() { report.Seconds = time.Since(start).Seconds() }()
	report.File = c.Sync.Path
	report.Started, report.Source, report.Strategy, report.Status = start, c.DB.Address(), strategyOf(c, o), snapshotfile.OK
	if !c.Sync.Views.HavePatterns() { // otherwise only the source knows the views
		if _, err := selectNamed(c.Sync.Views, o.Views); err != nil {
			report.Status, report.Error = snapshotfile.Failed, err.Error()
			return report, err
		}
	}
	file, err := snapshot.Lock(c.Sync.Path)
	var busy *snapshot.Busy
	if errors.As(err, &busy) {
		report.Status, report.Running = Skipped, busy
		return report, nil
	}
	if err != nil {
		report.Status, report.Error = snapshotfile.Failed, err.Error()
		return report, err
	}
	defer func() { _ = file.Unlock() }()

	outgrown := widenedColumns{}
	err = retryRun(ctx, c, o, &report, func(ctx context.Context) error {
		for {
			report.Tables, report.Warnings = nil, nil
			p := attempt{config: c, options: o, file: file, widened: outgrown, report: &report,
				keep: strategyOf(c, o) == config.Upsert}
			err := p.copyViews(ctx)
			var big *source.IntegerOverflow
			if !errors.As(err, &big) { // each begins the pass again once for its column
				return err
			}
		}
	})
	report.FileBytes, _ = snapshot.Size(c.Sync.Path)
	if err == nil {
		if o.DryRun {
			report.Status = DryRun
		}
		return report, nil
	}
	report.Tables = nil
	report.Status, report.Error = snapshotfile.Failed, err.Error()
	var refused *Refused
	switch {
	case errors.As(err, &refused):
		report.Status = snapshotfile.Refused
	case errors.Is(ctx.Err(), context.Canceled):
		report.Status = snapshotfile.Stopped
	}
	var unknown *UnknownView // a mistake of the command line, and no failure of the service
	if !o.DryRun && !errors.As(err, &unknown) {
		if e := file.Record(&report.Run); e != nil && !isSameSQLiteError(err, e) {
			err = fmt.Errorf("%w; and the run could not be recorded: %w", err, e)
		}
	}
	return report, err
}

// sameSQLiteError reports whether two errors are of the same kind to SQLite, so that one of them says all.
func isSameSQLiteError(a, b error) bool {
	var first, second sqlite3.Error
	return errors.As(a, &first) && errors.As(b, &second) && first.Code == second.Code
}

// attempts makes the pass until it succeeds, fails for good, or has been begun too often.
func retryRun(ctx context.Context, c config.Config, o Options, report *Report, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.Sync.Timeout, timeoutError(c.Sync.Timeout))
	defer cancel()
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		report.Attempts++
		err := do(ctx)
		if err != nil && !isTransient(err) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(backoff.NewExponentialBackOff()), backoff.WithMaxTries(uint(c.Sync.Retries)+1),
		backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, wait time.Duration) {
			if o.Retrying != nil {
				o.Retrying(err, wait)
			}
		}))
	if err != nil && ctx.Err() != nil {
		if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
			return cause
		}
		return fmt.Errorf("stopped: %w", ctx.Err())
	}
	return err
}

// timedOut is the error of a pass that has taken longer than this.
type timeoutError time.Duration

func (t timeoutError) Error() string {
	return fmt.Sprintf("SYNC_TIMEOUT: not done within %s", time.Duration(t))
}

// Kind sorts the error of a pass into a few kinds, for counting: refused (by a guard), timeout,
// connection (may not come again), server (it does not let or cannot), file, and other.
func Kind(err error) string {
	var (
		guard  *Refused
		late   timeoutError
		sqlite sqlite3.Error
		file   *snapshot.FileError
		server *mysql.MySQLError
	)
	switch {
	case errors.As(err, &guard):
		return "refused"
	case errors.As(err, &late):
		return "timeout"
	case errors.As(err, &sqlite), errors.As(err, &file):
		return "file"
	case dbconn.Transient(err):
		return "connection"
	case errors.As(err, &server):
		return "server"
	}
	return "other"
}

// transient reports whether an error may not come again. A lock on the file that has outlasted
// SQLite's own waiting is not worth reading the source again.
func isTransient(err error) bool {
	var file sqlite3.Error
	return errors.Is(err, snapshot.ErrChanged) || source.BeingReplaced(err) ||
		!errors.As(err, &file) && dbconn.Transient(err)
}

func strategyOf(c config.Config, o Options) string {
	if o.Full {
		return config.Snapshot
	}
	return c.Sync.Strategy
}

// choose takes the views that were named, by the name or a pattern of view or table.
func selectNamed(views config.Views, named []string) (config.Views, error) {
	if len(named) == 0 {
		return views, nil
	}
	var chosen config.Views
	for _, name := range named {
		isNamed := func(v config.View) bool { return v.Name == name || v.Table == name }
		if !slices.ContainsFunc(views, isNamed) { // a view may have * in its name
			matches := config.PatternMatcher(name)
			isNamed = func(v config.View) bool { return matches(v.Name) || matches(v.Table) }
		}
		found := false
		for _, v := range views {
			if !isNamed(v) {
				continue
			}
			found = true
			if !slices.ContainsFunc(chosen, func(c config.View) bool { return c.Table == v.Table }) { // else it is named twice
				chosen = append(chosen, v)
			}
		}
		if !found {
			return nil, &UnknownView{Name: name, Known: viewNames(views)}
		}
	}
	return chosen, nil
}

func viewNames(views config.Views) (names []string) {
	for _, v := range views {
		names = append(names, v.Name)
	}
	return names
}

// UnknownView is the error of a name that is not among the settings'.
type UnknownView struct {
	Name  string
	Known []string
}

func (u *UnknownView) Error() string {
	return fmt.Sprintf("%s is not in SYNC_VIEWS, which has: %s", u.Name, strings.Join(u.Known, ", "))
}
