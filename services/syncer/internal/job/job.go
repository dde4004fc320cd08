// Package job is one pass of syncer: from the views of the source to the published snapshot. It
// knows no schedule and prints nothing; it returns a report.
package job

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/services/syncer/internal/snapshot"
	"carstock/services/syncer/internal/source"
)

// Report says what a pass did.
type Report struct {
	Tables  []TableReport
	Elapsed time.Duration
}

// TableReport says what a pass did to one table.
type TableReport struct {
	View    string
	Table   string
	Rows    int64
	Bytes   int64 // of the texts and blobs read
	Elapsed time.Duration
}

// batches is how many batches are on their way between reading and writing.
const batches = 4

// Run copies the views into the SQLite file at path, which no other Run may be doing. After an error the file is as it was.
func Run(ctx context.Context, db *sqlx.DB, views []string, path string) (report Report, err error) {
	start := time.Now()
	staging, err := snapshot.Stage(path)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, staging.Close()) }()

	if report.Tables, err = stageAll(ctx, db, views, staging); err != nil {
		return Report{}, err
	}
	if err := staging.Publish(); err != nil {
		return Report{}, err
	}
	report.Elapsed = time.Since(start)
	return report, nil
}

// stageAll reads every view from the same instant.
func stageAll(ctx context.Context, db *sqlx.DB, views []string, staging *snapshot.Staging) (reports []TableReport, err error) {
	reader, err := source.Begin(ctx, db)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	for _, view := range views {
		r, err := stage(ctx, reader, view, staging)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// stage reads a view in one goroutine and writes it in another.
func stage(ctx context.Context, reader *source.Reader, view string, staging *snapshot.Staging) (r TableReport, err error) {
	start := time.Now()
	t, err := reader.Table(ctx, view)
	if err != nil {
		return r, err
	}
	w, err := staging.Writer(t)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	empty, full := make(chan *source.Batch, batches), make(chan *source.Batch, batches)
	for range batches {
		empty <- new(source.Batch)
	}
	var readErr error
	go func() {
		readErr = reader.Rows(ctx, t, empty, full)
		close(full)
	}()
	r = TableReport{View: view, Table: t.Name}
	for b := range full {
		if err == nil {
			if err = w.Write(b.Args); err != nil {
				cancel() // the reader ends, and closes full
			}
		}
		r.Rows += int64(b.Rows)
		r.Bytes += b.Bytes
		empty <- b
	}
	if err == nil {
		err = readErr
	}
	r.Elapsed = time.Since(start)
	return r, err
}
