package job

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"carstock/pkg/dbconn"
	"carstock/pkg/schema"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
	"carstock/services/syncer/internal/source"
)

// batches is how many batches are on their way between reading and writing.
const batches = 4

// pass copies the views into the file, once.
func pass(ctx context.Context, c config.Config, o Options, views config.Views, file *snapshot.File, outgrown outgrown, report *Report) (err error) {
	var sessionWarnings []string
	c.DB.Warn = func(text string) { sessionWarnings = append(sessionWarnings, text) }
	db, err := dbconn.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	staging, err := file.Stage()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, staging.Close()) }()

	reader, err := source.Begin(ctx, db)
	if err != nil {
		return err
	}
	keep := strategy(c, o) == config.Upsert
	var reasons []string
	for _, v := range views {
		t, refused, err := stage(ctx, c, o, reader, staging, v, keep, outgrown)
		if err != nil {
			return errors.Join(err, reader.Close())
		}
		t.Warnings = append(t.Warnings, sessionWarnings...)
		report.Tables = append(report.Tables, t)
		reasons = append(reasons, refused...)
	}
	if err := reader.Close(); err != nil { // the source has done its part
		return fmt.Errorf("end source transaction: %w", err)
	}
	if len(reasons) > 0 && !o.Force {
		return &Refused{reasons}
	}
	if o.DryRun {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	warning, err := staging.Publish(keep, &report.Run)
	if warning != "" {
		report.Warnings = append(report.Warnings, warning)
	}
	return err
}

// stage reads a view in one goroutine and writes it in another. It also gives the guards' reasons
// not to publish the outcome.
func stage(ctx context.Context, c config.Config, o Options, reader *source.Reader, staging *snapshot.Staging, v config.View, keep bool, outgrown outgrown) (r snapshot.TableRun, refused []string, err error) {
	start := time.Now()
	t, err := readTable(ctx, reader, v)
	if err != nil {
		return r, nil, err
	}
	if err := settle(&t, &v, c.Sync); err != nil {
		return r, nil, err
	}
	r.Warnings = outgrown.apply(&t)
	below, err := reader.Dependencies(ctx, v.Name)
	if err != nil {
		return r, nil, err
	}
	r.Warnings = append(r.Warnings, sourceWarnings(t, v, below)...)
	table, err := staging.Begin(t, v.Table, indexesOf(c.Sync, v.Table))
	if err != nil {
		return r, nil, err
	}
	if table.Drift != "" && c.Sync.Drift == config.Fail && !o.Force {
		return r, nil, &Refused{[]string{fmt.Sprintf("%s: its columns have changed: %s (SYNC_DRIFT=fail)", v.Table, table.Drift)}}
	}
	q := source.Query{Table: table.Columns(), Watermark: v.Watermark}
	if keep && v.Watermark != "" {
		mark, err := table.Watermark(hash(c.DB, v.Name, q.Table, v.Watermark))
		if err != nil {
			return r, nil, err
		}
		q.Since = since(mark, column(q.Table, v.Watermark).Kind, c.Sync.WatermarkOverlap)
		r.Watermark = mark
	}
	if err := expect(ctx, o.Progress, reader, staging, v); err != nil {
		return r, nil, err
	}
	found, bytes, err := stream(ctx, c, reader, q, table, o.Progress)
	var big *source.TooBig
	if errors.As(err, &big) {
		outgrown.add(t.Name, big)
	}
	if err != nil {
		return r, nil, err
	}
	for _, w := range found.Warnings {
		if w.Count == 0 { // it is about the column as such
			r.Warnings = append(r.Warnings, w.Column+": "+w.Text)
			continue
		}
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: %s (%s values, first at %s)", w.Column, w.Text, humanize.Comma(w.Count), w.First))
	}
	r.Warnings = append(r.Warnings, found.Server...)
	changes, err := table.Finish(keep)
	if err != nil {
		return r, nil, err
	}
	final := table.Columns()
	r.View, r.Table, r.Key, r.Drift = v.Name, v.Table, len(final.Key) > 0, table.Drift
	r.Rows, r.Inserted, r.Updated, r.Deleted, r.Unchanged = changes.Rows, changes.Inserted, changes.Updated, changes.Deleted, changes.Unchanged
	r.Total = changes.Rows
	if keep {
		r.Total = changes.Before + changes.Inserted
	}
	r.SchemaHash, r.Bytes, r.Seconds = hash(c.DB, v.Name, final, v.Watermark), bytes, time.Since(start).Seconds()
	mark, ahead := notAfter(found.Watermark, column(final, v.Watermark).Kind, reader.Began)
	if ahead {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: the greatest watermark, %s, is in the future: it counts as %s", v.Watermark, found.Watermark, mark))
	}
	r.Watermark = max(r.Watermark, mark)
	if i, err := strconv.ParseInt(mark, 10, 64); err == nil { // numbers are not in the order of their texts
		if before, err := strconv.ParseInt(r.Watermark, 10, 64); err == nil {
			r.Watermark = strconv.FormatInt(max(i, before), 10)
		}
	}
	if !keep || !changes.Existed { // an upsert may well bring no rows, but not the first
		refused = guard(c.Sync, v.Table, changes)
	}
	return r, refused, nil
}

// stream moves the rows.
func stream(ctx context.Context, c config.Config, reader *source.Reader, q source.Query, table *snapshot.Table, progress *Progress) (source.Result, int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	empty, full := make(chan *source.Batch, batches), make(chan *source.Batch, batches)
	for range batches {
		empty <- new(source.Batch)
	}
	how := source.Values{NullZeroDates: c.Sync.ZeroDates == config.Null, FailZeroDates: c.Sync.ZeroDates == config.Fail}
	var found source.Result
	var readErr, writeErr error
	go func() {
		found, readErr = reader.Rows(ctx, q, how, empty, full)
		close(full)
	}()
	var bytes int64
	for b := range full {
		if writeErr == nil {
			if writeErr = table.Write(b.Args); writeErr != nil {
				cancel() // the reader ends, and closes full
			}
		}
		if b.Large() && writeErr == nil {
			if writeErr = table.Release(); writeErr != nil {
				cancel()
			}
		}
		bytes += b.Bytes
		if progress != nil {
			progress.Rows.Add(int64(b.Rows))
			progress.Bytes.Add(b.Bytes)
		}
		empty <- b
	}
	if writeErr != nil {
		return found, bytes, writeErr
	}
	return found, bytes, readErr
}

// outgrown remembers, by table and column, the integers that were too big for a column of integers.
// It becomes one of texts then, and the pass begins again.
type outgrown map[string]map[string]*source.TooBig

func (o outgrown) add(table string, e *source.TooBig) {
	if o[table] == nil {
		o[table] = map[string]*source.TooBig{}
	}
	o[table][e.Column] = e
}

// apply changes the columns of t, and warns.
func (o outgrown) apply(t *schema.Table) (warnings []string) {
	for i, c := range t.Columns {
		if e := o[t.Name][c.Name]; e != nil {
			t.Columns[i].Stored = "TEXT"
			warnings = append(warnings, fmt.Sprintf("%s: %s, at %s: the column is kept as TEXT from now on", c.Name, e.Error(), e.Row))
		}
	}
	return warnings
}

// settle decides the key, the watermark and how DECIMALs are stored.
func settle(t *schema.Table, v *config.View, s config.Sync) error {
	real := func(name string) string { // MySQL's column names are equal but for case
		for _, c := range t.Columns {
			if strings.EqualFold(c.Name, name) {
				return c.Name
			}
		}
		return name
	}
	if len(v.Key) > 0 {
		t.Key = nil
		for _, k := range v.Key {
			t.Key = append(t.Key, real(k))
		}
	}
	if s.Strategy == config.Upsert && len(t.Key) == 0 && len(t.HiddenKey) > 0 {
		return fmt.Errorf("SYNC_VIEWS: %s: SYNC_STRATEGY=upsert needs a whole key, and this user may not read "+
			"the column %s of its primary key: GRANT SELECT on it, or name other columns that identify a row, as in %[1]s(id)",
			v.Name, strings.Join(t.HiddenKey, ", "))
	}
	if s.Strategy == config.Upsert && len(t.Key) == 0 {
		return fmt.Errorf("SYNC_VIEWS: %s: SYNC_STRATEGY=upsert needs a key: name the columns that identify a row, as in %[1]s(id)", v.Name)
	}
	if v.Watermark != "" {
		v.Watermark = real(v.Watermark)
		switch column(*t, v.Watermark).Kind {
		case schema.Integer:
			if s.Strategy == config.Upsert && s.WatermarkOverlap > 0 {
				return fmt.Errorf("SYNC_VIEWS: %s@%s: no time can be taken from a number, so that rows that are committed after others with greater numbers would be missed: name a column of times, or set SYNC_WATERMARK_OVERLAP=0s if that cannot happen", v.Name, v.Watermark)
			}
		case schema.Date, schema.DateTime, schema.Timestamp:
		default:
			return fmt.Errorf("SYNC_VIEWS: %s@%s: the watermark is to be a column of %[1]s with integers, dates or times", v.Name, v.Watermark)
		}
	}
	for i, c := range t.Columns {
		if c.Kind != schema.Decimal {
			continue
		}
		switch s.Decimal {
		case config.DecimalText:
			t.Columns[i].Stored = "TEXT"
		case config.DecimalReal:
			t.Columns[i].Stored = "NUMERIC"
		}
	}
	return nil
}

// readTable describes the view of an entry. If there is no such view, its name may need backticks.
func readTable(ctx context.Context, reader *source.Reader, v config.View) (schema.Table, error) {
	t, err := reader.Table(ctx, v.Name)
	if !errors.Is(err, schema.ErrNoTable) {
		return t, err
	}
	names, e := reader.Names(ctx)
	if e != nil {
		return t, errors.Join(err, e)
	}
	for _, name := range names {
		if quoted := config.Quote(name); quoted != name && strings.HasPrefix(strings.ToLower(name), strings.ToLower(v.Name)) {
			return t, fmt.Errorf("%w; for that with a character that means something in SYNC_VIEWS write %s", err, quoted)
		}
	}
	return t, err
}

// sourceWarnings say what the source cannot give, whatever its rows hold.
func sourceWarnings(t schema.Table, v config.View, below source.Dependencies) (warnings []string) {
	if len(below.Untransactional) > 0 {
		warnings = append(warnings, fmt.Sprintf("%s: the storage engine has no transactions, so these rows are of the moment "+
			"they were read, not of the instant of the other views: ALTER TABLE ... ENGINE=InnoDB", strings.Join(below.Untransactional, ", ")))
	}
	if len(t.HiddenKey) > 0 && len(v.Key) == 0 {
		warnings = append(warnings, fmt.Sprintf("this user may not read the column %s of the primary key, "+
			"so there is no key: GRANT SELECT on it", strings.Join(t.HiddenKey, ", ")))
	}
	return warnings
}

func column(t schema.Table, name string) schema.Column {
	if i := slices.IndexFunc(t.Columns, func(c schema.Column) bool { return c.Name == name }); i >= 0 {
		return t.Columns[i]
	}
	return schema.Column{}
}

func indexesOf(s config.Sync, table string) (out [][]string) {
	for _, x := range s.Indexes {
		if strings.EqualFold(x.Table, table) {
			out = append(out, x.Columns)
		}
	}
	return out
}

// since is the least watermark to read, when mark is the greatest that was seen.
func since(mark string, kind schema.Kind, overlap time.Duration) any {
	if mark == "" {
		return nil
	}
	if kind == schema.Integer {
		n, err := strconv.ParseInt(mark, 10, 64)
		if err != nil {
			return nil
		}
		return n
	}
	for _, layout := range []string{"2006-01-02 15:04:05.999999", time.DateOnly} {
		if t, err := time.Parse(layout, mark); err == nil {
			return t.Add(-overlap).Format(layout)
		}
	}
	return mark // a zero date: all rows are after it
}

// clockSlop is how far a watermark may be ahead of the server's clock without a word: a DATETIME is
// often in a local time zone.
const clockSlop = 24 * time.Hour

// notAfter holds a watermark of times back to now, both as MySQL writes them: from one that is in the
// future no later one would follow. It reports whether that is worth a warning.
func notAfter(mark string, kind schema.Kind, now string) (text string, warn bool) {
	if kind == schema.Integer || mark <= now {
		return mark, false
	}
	text = now[:min(len(now), len(mark))] // a DATE is the first part
	if t, err := time.Parse(time.DateTime, now); err == nil {
		warn = mark > t.Add(clockSlop).Format(time.DateTime)
	}
	return text, warn
}

// hash changes with all that makes a watermark's meaning: source, columns, key and the column itself.
func hash(db dbconn.Config, view string, t schema.Table, watermark string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q\n", db.Where(), view)
	for _, c := range t.Columns {
		fmt.Fprintf(h, "%q %q %q\n", c.Name, c.Type, c.SQLiteType())
	}
	fmt.Fprintf(h, "%q %q", t.Key, watermark)
	if !strings.EqualFold(db.Timezone, dbconn.ZoneUTC) && db.Timezone != "" {
		fmt.Fprintf(h, " %q", db.Timezone)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// guard gives the reasons not to publish a table.
func guard(s config.Sync, table string, c snapshot.Changes) []string {
	switch {
	case c.Rows == 0 && !s.AllowEmpty && (!c.Existed || c.Before > 0):
		return []string{fmt.Sprintf("%s: the view is empty, and the table has %s rows (SYNC_ALLOW_EMPTY=true lets it be)", table, humanize.Comma(c.Before))}
	case c.Rows > 0 && float64(c.Before-c.Rows) > float64(c.Before)*float64(s.MaxShrink)/100:
		return []string{fmt.Sprintf("%s: the view has %s rows, and the table %s: more than %d %% are gone (SYNC_MAX_SHRINK)", table, humanize.Comma(c.Rows), humanize.Comma(c.Before), s.MaxShrink)}
	}
	return nil
}

func expect(ctx context.Context, p *Progress, reader *source.Reader, staging *snapshot.Staging, v config.View) error {
	if p == nil {
		return nil
	}
	n, err := staging.LastRows(v.Table)
	if err == nil && n == 0 {
		n, err = reader.Estimate(ctx, v.Name)
	}
	p.Rows.Store(0)
	p.Bytes.Store(0)
	p.Expected.Store(n)
	p.View.Store(&v.Name)
	return err
}
