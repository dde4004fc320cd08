package run

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"

	"carstock/pkg/dbconn"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
	"carstock/services/syncer/internal/source"
)

// runAttempt is one attempt to copy the views into the file. A run makes several if errors are transient.
type runAttempt struct {
	config  config.Config
	options Options
	file    *snapshot.File
	widened widenedColumns
	report  *Report

	keep    bool // rows missing from the source stay
	reader  *source.Reader
	staging *snapshot.Staging
}

// copyUntilWide copies the views. It begins again for each column that turns out to need TEXT.
func (a *runAttempt) copyUntilWide(ctx context.Context) error {
	for {
		a.report.Tables, a.report.Warnings = nil, nil
		err := a.copyViews(ctx)
		var overflow *source.IntegerOverflow
		if !errors.As(err, &overflow) {
			return err
		}
	}
}

// copyViews stages all views, and publishes them unless a guard refuses one.
func (a *runAttempt) copyViews(ctx context.Context) (err error) {
	// Open the source, with callbacks for its warnings and for the bytes that it sends.
	var sessionWarnings []string
	a.config.DB.Warn = func(text string) { sessionWarnings = append(sessionWarnings, text) }
	var received atomic.Int64
	a.config.DB.Received = func(n int) { received.Add(int64(n)) }

	db, err := dbconn.Open(ctx, a.config.DB)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()

	// Begin the staging before the source transaction, which should be short.
	if a.staging, err = a.file.Stage(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.staging.Close()) }()

	if a.reader, err = source.Begin(ctx, db); err != nil {
		return err
	}

	a.reader.Received = received.Load
	if a.config.DB.Compression == dbconn.CompressionZlib {
		if err := a.reader.Compress(ctx); err != nil {
			return errors.Join(err, a.reader.Close())
		}
	}

	reasons, err := a.stageViews(ctx, &sessionWarnings)
	if err != nil {
		return errors.Join(err, a.reader.Close())
	}

	if err := a.reader.Close(); err != nil { // the source is no longer needed
		return fmt.Errorf("end source transaction: %w", err)
	}

	// Publish, unless a guard, a dry run or a timeout forbids it.
	if len(reasons) > 0 && !a.options.Force {
		return &RefusedError{reasons}
	}
	if a.options.DryRun {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}

	warning, err := a.staging.Publish(a.keep, time.Duration(a.config.Sync.History), &a.report.Run)
	if warning != "" {
		a.report.Warnings = append(a.report.Warnings, warning)
	}
	return err
}

// stageViews stages all views and adds their tables to the report. It returns the guards' reasons not to publish.
func (a *runAttempt) stageViews(ctx context.Context, sessionWarnings *[]string) (reasons []string, err error) {
	views, err := selectViews(ctx, a.reader, a.config.Sync, a.options, a.report)
	if err != nil {
		return nil, err
	}

	for _, v := range views {
		t, refused, err := a.stageView(ctx, v)
		if err != nil {
			return nil, err
		}

		// What the session warns of may concern each view.
		t.Warnings = append(t.Warnings, *sessionWarnings...)
		a.report.Tables = append(a.report.Tables, t)
		reasons = append(reasons, refused...)
	}

	return reasons, nil
}

// stageView copies one view into the staging. It also returns the guards' reasons not to publish the result.
func (a *runAttempt) stageView(
	ctx context.Context, v config.ViewEntry,
) (r snapshotfile.TableRun, reasons []string, err error) {
	start := time.Now()
	q, warnings, err := a.describeView(ctx, &v)
	if err != nil {
		return r, nil, err
	}

	table, err := a.staging.Begin(q.Table, v.Table, indexesOfTable(a.config.Sync, v.Table))
	if err != nil {
		return r, nil, err
	}
	if table.Drift != "" && a.config.Sync.Drift == config.DriftFail && !a.options.Force {
		return r, nil, driftRefused(v.Table, table.Drift)
	}

	// A watermark means something only for the same source, columns and key.
	final := table.Schema()
	hash := watermarkHash(a.config.DB, v.Name, final, v.Watermark)

	q.Table, q.Watermark = final, v.Watermark
	if q.Expected, err = a.staging.LastRows(v.Table); err != nil {
		return r, nil, err
	}

	// An upsert begins at the watermark of the last run, less the overlap.
	previous := ""
	if a.keep && v.Watermark != "" {
		if previous, err = table.Watermark(hash); err != nil {
			return r, nil, err
		}
		q.Since = startWatermark(previous, findColumn(final, v.Watermark).Kind, a.config.Sync.WatermarkOverlap)
	}

	found, bytes, err := a.readView(ctx, v, q, table)
	if err != nil {
		return r, nil, err
	}

	changes, err := table.Finish(a.keep)
	if err != nil {
		return r, nil, err
	}

	r = snapshotfile.TableRun{
		View: v.Name, Table: v.Table, Key: len(final.Key) > 0, Drift: table.Drift,
		Rows: changes.Rows, Total: changes.Rows,
		Inserted: changes.Inserted, Updated: changes.Updated, Deleted: changes.Deleted, Unchanged: changes.Unchanged,
		SchemaHash: hash, Bytes: bytes, Seconds: time.Since(start).Seconds(),
		Warnings: append(warnings, valueWarnings(found)...),
	}

	// An upsert reads only some rows, so count those that were there before too.
	if a.keep {
		r.Total = changes.Before + changes.Inserted
	}

	// The next upsert begins at the watermark of this run, or of an earlier one if this run found none later.
	watermark, isAhead := clampWatermark(found.Watermark, findColumn(final, v.Watermark).Kind, a.reader.Began)
	if isAhead {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: the greatest watermark, %s, is in the future: it counts as %s",
			v.Watermark, found.Watermark, watermark))
	}

	r.Watermark = laterWatermark(previous, watermark)

	// Guard full reads and the first upsert. Later upserts may bring few rows, or none.
	if !a.keep || !changes.Existed {
		reasons = checkGuards(a.config.Sync, v.Table, changes)
	}
	return r, reasons, nil
}

// describeView reads the columns of a view, and decides its key, its watermark and how its columns are stored.
func (a *runAttempt) describeView(
	ctx context.Context, v *config.ViewEntry,
) (q source.RowQuery, warnings []string, err error) {
	t, err := readTable(ctx, a.reader, *v)
	if err != nil {
		return q, nil, err
	}
	if err := resolveView(&t, v, a.config.Sync); err != nil {
		return q, nil, err
	}

	warnings = a.widened.apply(&t)
	dependencies, err := a.reader.Dependencies(ctx, v.Name)
	if err != nil {
		return q, nil, err
	}

	q = source.RowQuery{Table: t, CallsFunctions: dependencies.CallsFunctions}
	return q, append(warnings, sourceWarnings(t, *v, dependencies)...), nil
}

// readView reads the rows of a view into a staged table. It also returns how many bytes came from the network.
func (a *runAttempt) readView(
	ctx context.Context, v config.ViewEntry, q source.RowQuery, table *snapshot.Table,
) (source.ReadResult, int64, error) {
	if err := a.setProgress(ctx, v, q.Expected); err != nil {
		return source.ReadResult{}, 0, err
	}

	found, bytes, err := a.streamRows(ctx, q, table)
	var overflow *source.IntegerOverflow
	if errors.As(err, &overflow) {
		a.widened.add(q.Table.Name, overflow)
	}
	return found, bytes, err
}

// setProgress starts the progress of a view. Expected is how many rows the last run read; 0 if that is unknown.
func (a *runAttempt) setProgress(ctx context.Context, v config.ViewEntry, expected int64) (err error) {
	progress := a.options.Progress
	if progress == nil {
		return nil
	}
	if expected == 0 {
		expected, err = a.reader.Estimate(ctx, v.Name)
	}

	progress.Rows.Store(0)
	progress.Bytes.Store(0)
	progress.Expected.Store(expected)
	progress.View.Store(&v.Name)
	return err
}

// valueWarnings returns warnings about values that could not be stored as they are, and those of the server.
func valueWarnings(found source.ReadResult) (warnings []string) {
	for _, w := range found.Warnings {
		if w.Count == 0 { // about the column itself
			warnings = append(warnings, w.Column+": "+w.Text)
			continue
		}
		warnings = append(warnings, fmt.Sprintf("%s: %s (%s values, first at %s)",
			w.Column, w.Text, humanize.Comma(w.Count), w.First))
	}
	return append(warnings, found.Server...)
}
