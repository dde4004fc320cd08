// Package run makes one run of syncer: it copies the views of the source, with retries and guards, publishes the
// snapshot, and returns a report. It knows no schedule and prints nothing.
package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/dbconn"
	"carstock/pkg/mysqlerr"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
	"carstock/services/syncer/internal/source"
)

// Options apply to one run, beside the settings.
type Options struct {
	Views    []string // names of views or tables of SYNC_VIEWS, or patterns for them; none for all
	Full     bool     // read all rows and delete those that are gone, even if the strategy is upsert
	Force    bool     // publish what a guard refuses
	DryRun   bool     // publish and record nothing
	Progress *Progress
	Retrying func(err error, wait time.Duration) // called before each retry; may be nil
}

// Progress can be read during a run.
type Progress struct {
	View     atomic.Pointer[string]
	Rows     atomic.Int64 // of this view
	Bytes    atomic.Int64 // received from the network for this view
	Expected atomic.Int64 // rows; 0 if unknown
}

// Report describes what a run did.
type Report struct {
	snapshotfile.Run
	Selection *Selection          `json:"selection,omitempty"` // what the patterns of SYNC_VIEWS match
	File      string              `json:"file"`
	FileBytes int64               `json:"file_bytes"` // its log included
	Warnings  []string            `json:"warnings,omitempty"`
	Seconds   float64             `json:"seconds"`
	Attempts  int                 `json:"attempts"`
	Running   *snapshot.BusyError `json:"running,omitempty"` // the other syncer, if the run was skipped
}

// RefusedError is the error of a run that a guard has stopped before anything was published.
type RefusedError struct{ Reasons []string }

func (r *RefusedError) Error() string {
	return "refused: " + strings.Join(r.Reasons, "; ") + "; syncer sync --force publishes it anyway"
}

// MakeRun makes one run. After an error the snapshot is as it was, and the report has the error too. It is not an error
// if another syncer is working on the file.
func MakeRun(ctx context.Context, c config.Config, o Options) (report Report, err error) {
	start := time.Now()
	defer func() {
		report.Seconds = time.Since(start).Seconds()
		if report.Finished.IsZero() { // the run is not recorded
			report.Finished = time.Now().UTC()
		}
	}()

	report.File = c.Sync.Path
	report.Started, report.Source, report.Strategy = start, c.DB.Address(), strategyOf(c, o)
	report.Status = snapshotfile.RunOK

	// Check the names of the command line before anything is locked. With patterns, only the source knows the views.
	if !c.Sync.Views.HavePatterns() {
		if _, err := selectNamed(c.Sync.Views, o.Views); err != nil {
			report.Status, report.Error = snapshotfile.RunFailed, err.Error()
			return report, err
		}
	}

	file, err := snapshot.LockFile(c.Sync.Path)
	var busy *snapshot.BusyError
	if errors.As(err, &busy) {
		report.Status, report.Running = snapshotfile.RunSkipped, busy
		return report, nil
	}
	if err != nil {
		report.Status, report.Error = snapshotfile.RunFailed, err.Error()
		return report, err
	}
	defer func() { _ = file.Unlock() }()

	// Columns that one attempt has widened stay wide in the next.
	widened := widenedColumns{}
	err = retryRun(ctx, c, o, &report, func(ctx context.Context) error {
		a := runAttempt{
			config: c, options: o, file: file, widened: widened, report: &report,
			keep: strategyOf(c, o) == config.StrategyUpsert,
		}
		return a.copyUntilWide(ctx)
	})

	report.FileBytes, _ = snapshot.FileSize(c.Sync.Path)
	if err == nil {
		if o.DryRun {
			report.Status = snapshotfile.RunDry
		}
		return report, nil
	}

	// Record the failure in the file, unless the run was a dry run or had a mistake in its command line.
	report.Tables = nil
	report.Status, report.Error = failedStatus(ctx, err), err.Error()
	var unknown *UnknownViewError
	if !o.DryRun && !errors.As(err, &unknown) {
		if recordErr := file.Record(&report.Run); recordErr != nil && !isSameSQLiteError(err, recordErr) {
			err = fmt.Errorf("%w; and the run could not be recorded: %w", err, recordErr)
		}
	}

	return report, err
}

// failedStatus returns the status of a run that has ended with an error.
func failedStatus(ctx context.Context, err error) string {
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		return snapshotfile.RunRefused
	case errors.Is(ctx.Err(), context.Canceled):
		return snapshotfile.RunStopped
	}
	return snapshotfile.RunFailed
}

// isSameSQLiteError reports whether two errors have the same code in SQLite, so that one of them is enough to show.
func isSameSQLiteError(a, b error) bool {
	var first, second sqlite3.Error
	return errors.As(a, &first) && errors.As(b, &second) && first.Code == second.Code
}

// retryRun calls do until it succeeds, fails for good, or has used up its retries.
func retryRun(ctx context.Context, c config.Config, o Options, report *Report, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.Sync.Timeout, timeoutError(c.Sync.Timeout))
	defer cancel()

	try := func() (struct{}, error) {
		report.Attempts++
		err := do(ctx)
		if err != nil && !isTransient(err) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}

	notify := func(err error, wait time.Duration) {
		if o.Retrying != nil {
			o.Retrying(err, wait)
		}
	}

	_, err := backoff.Retry(ctx, try,
		backoff.WithBackOff(backoff.NewExponentialBackOff()),
		backoff.WithMaxTries(uint(c.Sync.Retries)+1),
		backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(notify))

	// Once the time is up or the program stops, other errors only follow from that.
	if err != nil && ctx.Err() != nil {
		if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
			return cause
		}
		return fmt.Errorf("stopped: %w", ctx.Err())
	}

	return err
}

// timeoutError is the error of a run that has taken longer than this.
type timeoutError time.Duration

func (t timeoutError) Error() string {
	return fmt.Sprintf("SYNC_TIMEOUT: not done within %s", time.Duration(t))
}

// ErrorKind sorts the error of a run into a few kinds, for counting: refused (by a guard), timeout, connection (may not
// come again), server (it refuses or fails), file, and other.
func ErrorKind(err error) string {
	var (
		refused *RefusedError
		timeout timeoutError
		sqlite  sqlite3.Error
		file    *snapshot.FileError
	)
	switch {
	case errors.As(err, &refused):
		return "refused"
	case errors.As(err, &timeout):
		return "timeout"
	case errors.As(err, &sqlite), errors.As(err, &file):
		return "file"
	case dbconn.Transient(err):
		return "connection"
	case mysqlerr.Number(err) != 0:
		return "server"
	}

	return "other"
}

// isTransient reports whether an error may not come again. If a lock on the file outlasts SQLite's own waiting, reading
// the source again does not help.
func isTransient(err error) bool {
	var sqlite sqlite3.Error
	return errors.Is(err, snapshot.ErrChanged) || source.BeingReplaced(err) ||
		!errors.As(err, &sqlite) && dbconn.Transient(err)
}

// strategyOf returns the strategy of a run: that of the settings, unless the options ask for a full one.
func strategyOf(c config.Config, o Options) string {
	if o.Full {
		return config.StrategySnapshot
	}
	return c.Sync.Strategy
}
