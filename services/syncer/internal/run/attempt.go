package run

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"

	"carstock/pkg/dbconn"
	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
	"carstock/services/syncer/internal/source"
)

// pass is one attempt to copy the views into the file.
type attempt struct {
	config  config.Config
	options Options
	file    *snapshot.File
	widened widenedColumns
	report  *Report

	keep    bool // rows missing from the source stay
	reader  *source.Reader
	staging *snapshot.Staging
}

// run stages all views, and publishes them unless a guard refuses one.
func (p *attempt) copyViews(ctx context.Context) (err error) {
	var sessionWarnings []string
	p.config.DB.Warn = func(text string) { sessionWarnings = append(sessionWarnings, text) }
	var received atomic.Int64
	p.config.DB.Received = func(n int) { received.Add(int64(n)) }
	db, err := dbconn.Open(ctx, p.config.DB)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if p.staging, err = p.file.Stage(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.staging.Close()) }()
	if p.reader, err = source.Begin(ctx, db); err != nil {
		return err
	}
	p.reader.Received = received.Load
	views, err := selectViews(ctx, p.reader, p.config.Sync, p.options, p.report)
	if err != nil {
		return errors.Join(err, p.reader.Close())
	}

	var reasons []string
	for _, v := range views {
		t, refused, err := p.stageView(ctx, v)
		if err != nil {
			return errors.Join(err, p.reader.Close())
		}
		t.Warnings = append(t.Warnings, sessionWarnings...)
		p.report.Tables = append(p.report.Tables, t)
		reasons = append(reasons, refused...)
	}
	if err := p.reader.Close(); err != nil { // the source has done its part
		return fmt.Errorf("end source transaction: %w", err)
	}
	if len(reasons) > 0 && !p.options.Force {
		return &Refused{reasons}
	}
	if p.options.DryRun {
		return nil
	}

	if err := ctx.Err(); err != nil {
		return err
	}
	warning, err := p.staging.Publish(p.keep, time.Duration(p.config.Sync.History), &p.report.Run)
	if warning != "" {
		p.report.Warnings = append(p.report.Warnings, warning)
	}
	return err
}

// stage copies one view into the staging. It also gives the guards' reasons not to publish the outcome.
func (p *attempt) stageView(ctx context.Context, v config.View) (r snapshotfile.TableRun, refused []string, err error) {
	start := time.Now()
	t, warnings, err := p.describeView(ctx, &v)
	if err != nil {
		return r, nil, err
	}
	table, err := p.staging.Begin(t, v.Table, indexesOfTable(p.config.Sync, v.Table))
	if err != nil {
		return r, nil, err
	}
	if table.Drift != "" && p.config.Sync.Drift == config.Fail && !p.options.Force {
		return r, nil, driftRefused(v.Table, table.Drift)
	}
	final := table.Columns()
	schemaHash := watermarkHash(p.config.DB, v.Name, final, v.Watermark)

	q := source.Query{Table: final, Watermark: v.Watermark}
	before := ""
	if p.keep && v.Watermark != "" {
		if before, err = table.Watermark(schemaHash); err != nil {
			return r, nil, err
		}
		q.Since = startWatermark(before, findColumn(final, v.Watermark).Kind, p.config.Sync.WatermarkOverlap)
	}
	found, bytes, err := p.readView(ctx, v, q, table)
	if err != nil {
		return r, nil, err
	}
	changes, err := table.Finish(p.keep)
	if err != nil {
		return r, nil, err
	}

	r = snapshotfile.TableRun{
		View: v.Name, Table: v.Table, Key: len(final.Key) > 0, Drift: table.Drift,
		Rows: changes.Rows, Total: changes.Rows,
		Inserted: changes.Inserted, Updated: changes.Updated, Deleted: changes.Deleted, Unchanged: changes.Unchanged,
		SchemaHash: schemaHash, Bytes: bytes, Seconds: time.Since(start).Seconds(),
		Warnings: append(warnings, valueWarnings(found)...),
	}
	if p.keep {
		r.Total = changes.Before + changes.Inserted
	}
	mark, ahead := clampWatermark(found.Watermark, findColumn(final, v.Watermark).Kind, p.reader.Began)
	if ahead {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: the greatest watermark, %s, is in the future: it counts as %s",
			v.Watermark, found.Watermark, mark))
	}
	r.Watermark = laterWatermark(before, mark)
	if !p.keep || !changes.Existed { // an upsert may well bring no rows, but not the first
		refused = checkGuards(p.config.Sync, v.Table, changes)
	}
	return r, refused, nil
}

// describe reads the columns of a view, and decides its key, its watermark, and how its columns are stored.
func (p *attempt) describeView(ctx context.Context, v *config.View) (t schema.Table, warnings []string, err error) {
	if t, err = readTable(ctx, p.reader, *v); err != nil {
		return t, nil, err
	}
	if err := resolveView(&t, v, p.config.Sync); err != nil {
		return t, nil, err
	}
	warnings = p.widened.apply(&t)
	below, err := p.reader.Dependencies(ctx, v.Name)
	if err != nil {
		return t, nil, err
	}
	return t, append(warnings, sourceWarnings(t, *v, below)...), nil
}

// read moves the rows of a view into a staged table, and says how many bytes the network has brought for them.
func (p *attempt) readView(ctx context.Context, v config.View, q source.Query, table *snapshot.Table) (
	source.Result, int64, error,
) {
	if err := p.setProgress(ctx, v); err != nil {
		return source.Result{}, 0, err
	}
	found, bytes, err := p.streamRows(ctx, q, table)
	var big *source.IntegerOverflow
	if errors.As(err, &big) {
		p.widened.add(q.Table.Name, big)
	}
	return found, bytes, err
}

// expect begins the progress of a view.
func (p *attempt) setProgress(ctx context.Context, v config.View) error {
	progress := p.options.Progress
	if progress == nil {
		return nil
	}
	n, err := p.staging.LastRows(v.Table)
	if err == nil && n == 0 {
		n, err = p.reader.Estimate(ctx, v.Name)
	}
	progress.Rows.Store(0)
	progress.Bytes.Store(0)
	progress.Expected.Store(n)
	progress.View.Store(&v.Name)
	return err
}

// valueWarnings say what could not be stored as it is, and what the server has warned of.
func valueWarnings(found source.Result) (warnings []string) {
	for _, w := range found.Warnings {
		if w.Count == 0 { // it is about the column as such
			warnings = append(warnings, w.Column+": "+w.Text)
			continue
		}
		warnings = append(warnings, fmt.Sprintf("%s: %s (%s values, first at %s)",
			w.Column, w.Text, humanize.Comma(w.Count), w.First))
	}
	return append(warnings, found.Server...)
}
