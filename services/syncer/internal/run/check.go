package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"carstock/pkg/dbconn"
	"carstock/pkg/schema"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
	"carstock/services/syncer/internal/source"
)

// Findings is what Check has found out.
type Findings struct {
	Source   string            `json:"source"`
	Server   source.ServerInfo `json:"server"`
	Views    []ViewFinding     `json:"views"`
	File     string            `json:"file"`
	FileSize int64             `json:"file_bytes"`
	DiskFree uint64            `json:"disk_free_bytes"`
	Zones    source.Zones      `json:"time_zones"`
	Link     LinkSpeed         `json:"link"`
	Warnings []string          `json:"warnings,omitempty"` // about the connection, the file and patterns

	Selection *Selection `json:"selection,omitempty"` // what the patterns of SYNC_VIEWS match
}

// ViewFinding is what Check has found out about one entry of SYNC_VIEWS.
type ViewFinding struct {
	View      string          `json:"view"`
	Table     string          `json:"table"`
	Key       []string        `json:"key"`
	Columns   []ColumnFinding `json:"columns"`
	Estimate  int64           `json:"estimated_rows"`      // 0 if the server has no estimate
	Suggested string          `json:"suggested,omitempty"` // an entry with a key, if this one has none
	Warnings  []string        `json:"warnings,omitempty"`
	Problem   string          `json:"problem,omitempty"`

	described schema.Table
}

// ColumnFinding is a column and how it will be stored.
type ColumnFinding struct {
	Name   string `json:"name"`
	Source string `json:"source_type"`
	SQLite string `json:"sqlite_type"`
}

// Check inspects everything that a run needs, and copies nothing. Problems of single views are in the findings; the
// error is one that stops all views.
func Check(ctx context.Context, c config.Config) (f Findings, err error) {
	f.Source, f.File = c.DB.Address(), c.Sync.Path
	if err := f.checkTarget(); err != nil {
		return f, err
	}

	preview, err := snapshot.OpenPreview(c.Sync.Path)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, preview.Close()) }()

	if f.Warnings, err = preview.FileWarnings(); err != nil {
		return f, err
	}
	if err := f.checkSource(ctx, c, preview); err != nil {
		return f, err
	}

	f.Link = measureLink(ctx, c.DB, f.largestFirst(c.Sync.Path))
	return f, ctx.Err()
}

// checkSource inspects the server and each view.
func (f *Findings) checkSource(ctx context.Context, c config.Config, preview *snapshot.Preview) (err error) {
	c.DB.Warn = func(text string) { f.Warnings = append(f.Warnings, text) }
	db, err := dbconn.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()

	reader, err := source.Begin(ctx, db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()

	if f.Server, err = reader.Inspect(ctx); err != nil {
		return err
	}
	if f.Zones, err = reader.Zones(ctx); err != nil {
		return err
	}

	// Select the views as a run does, and take over what it would report.
	var selected Report
	views, err := selectViews(ctx, reader, c.Sync, Options{}, &selected)
	if err != nil {
		return err
	}

	f.Selection = selected.Selection
	f.Warnings = append(f.Warnings, selected.Warnings...)
	for _, v := range views {
		finding, err := checkView(ctx, reader, preview, c.Sync, v, f.Zones)
		if err != nil {
			finding.Problem = err.Error()
		}
		f.Views = append(f.Views, finding)
	}

	return nil
}

// largestFirst returns the views that can be read, the largest first, by the number of rows that the server or the file
// has for them.
func (f *Findings) largestFirst(path string) (tables []schema.Table) {
	rows := map[string]int64{}
	if _, err := os.Stat(path); err == nil {
		contents, _ := snapshot.Contents(path) // Check has returned an error already if the file cannot be read
		for _, t := range contents {
			rows[t.View] = t.Rows
		}
	}

	views := slices.DeleteFunc(slices.Clone(f.Views), func(v ViewFinding) bool { return v.Problem != "" })
	slices.SortStableFunc(views, func(a, b ViewFinding) int {
		return cmp.Compare(max(b.Estimate, rows[b.View]), max(a.Estimate, rows[a.View]))
	})

	for _, v := range views {
		tables = append(tables, v.described)
	}

	return tables
}

// checkView inspects one view. The finding holds what it has found out before an error.
func checkView(
	ctx context.Context, reader *source.Reader, preview *snapshot.Preview, s config.SyncConfig, v config.ViewEntry,
	zones source.Zones,
) (ViewFinding, error) {
	f := ViewFinding{View: v.Name, Table: v.Table}
	t, err := readTable(ctx, reader, v)
	if err != nil {
		return f, err
	}

	// resolveView would refuse an upsert without a key, before suggestEntry has looked for one.
	strategy := s.Strategy
	if len(v.Key)+len(t.Key) == 0 {
		s.Strategy = config.StrategySnapshot
	}
	if err := resolveView(&t, &v, s); err != nil {
		return f, err
	}

	f.Key, f.described = t.Key, t
	for _, c := range t.Columns {
		f.Columns = append(f.Columns, ColumnFinding{c.Name, c.Type, c.SQLiteType()})
	}

	dependencies, err := reader.Dependencies(ctx, v.Name)
	if err != nil {
		return f, err
	}

	f.Warnings = append(sourceWarnings(t, v, dependencies), viewWarnings(dependencies, zones)...)

	// A view whose columns can be listed may still fail when it is read.
	if err := reader.Probe(ctx, t); err != nil {
		return f, err
	}
	if f.Estimate, err = reader.Estimate(ctx, v.Name); err != nil {
		return f, err
	}

	// See what the run would find in the file.
	drift, warnings, err := preview.Table(t, v.Table, indexesOfTable(s, v.Table), strategy == config.StrategyUpsert)
	f.Warnings = append(f.Warnings, warnings...)
	switch {
	case err != nil:
		return f, err
	case drift != "" && s.Drift == config.DriftFail:
		return f, fmt.Errorf("its columns have changed: %s (SYNC_DRIFT=fail)", drift)
	case drift != "":
		f.Warnings = append(f.Warnings, "its columns have changed, and the next run changes those of the table: "+drift)
	}

	// Without a key, look for one to suggest. An upsert still cannot be made.
	if len(t.Key) > 0 {
		return f, nil
	}
	if f.Suggested, err = suggestEntry(ctx, reader, t, v); err != nil {
		return f, err
	}

	s.Strategy = strategy
	return f, resolveView(&t, &v, s)
}

// suggestEntry returns an entry of SYNC_VIEWS with a key for a view without one; "" if no columns are unique.
func suggestEntry(ctx context.Context, reader *source.Reader, t schema.Table, v config.ViewEntry) (string, error) {
	unique, err := reader.UniqueColumns(ctx, t)
	if err != nil || unique == nil {
		return "", err
	}

	entry := config.QuoteName(v.Name)
	if v.Table != v.Name {
		entry += "=" + config.QuoteName(v.Table)
	}

	for i := range unique {
		unique[i] = config.QuoteName(unique[i])
	}

	return entry + "(" + strings.Join(unique, ", ") + ")", nil
}

// viewWarnings warns of properties of a view that a run cannot notice.
func viewWarnings(dependencies source.Dependencies, zones source.Zones) (warnings []string) {
	if zones.Differ() && dependencies.UsesZone {
		warnings = append(warnings, fmt.Sprintf("the view may depend on the time zone, which is %s here and %s for others "+
			"on this server: DB_TIMEZONE=server evaluates it as they do", zones.Session, zones.Server))
	}
	if len(dependencies.Hidden) > 0 {
		warnings = append(warnings, fmt.Sprintf("this user may not see the definition of %s, so it is not known whether "+
			"the view reads tables without transactions (MyISAM): GRANT SHOW VIEW on views and SELECT on tables shows it",
			strings.Join(dependencies.Hidden, ", ")))
	}
	return warnings
}

// checkTarget inspects the file and its folder. If the folder does not exist, it inspects the nearest one above, in
// which a run would create it.
func (f *Findings) checkTarget() error {
	f.FileSize, _ = snapshot.FileSize(f.File)
	path, err := snapshot.Resolve(f.File)
	if err != nil {
		return err
	}

	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("SYNC_PATH: %w", err)
	}

	// Find the nearest folder that exists.
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}

	if err := snapshot.CheckWritable(path); err != nil {
		return err
	}
	if err := unix.Access(dir, unix.W_OK); err != nil {
		return fmt.Errorf("SYNC_PATH: this user may not write in %s: %w", dir, err)
	}

	free, err := snapshot.FreeSpace(dir)
	if err != nil {
		return fmt.Errorf("SYNC_PATH: %w", err)
	}

	f.DiskFree = uint64(free)
	return nil
}
