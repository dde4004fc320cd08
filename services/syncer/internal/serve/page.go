package serve

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/jmoiron/sqlx"

	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/snapshot"
)

//go:embed page
var files embed.FS

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"comma": humanize.Comma,
	"bytes": func(n int64) string { return humanize.Bytes(uint64(max(0, n))) },
	"ago":   humanize.Time,
	"clock": func(t time.Time) string { return t.Format("2006-01-02 15:04:05 MST") },
	"took":  func(r snapshotfile.Run) string { return words(r.Finished.Sub(r.Started)) },
}).ParseFS(files, "page/page.html"))

// assets serves what the page loads.
func assets() http.Handler {
	inside, err := fs.Sub(files, "page/assets")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return http.StripPrefix("/assets/", http.FileServerFS(inside))
}

// pageData is what the page shows.
type pageData struct {
	State    string // fresh, stale, failing or empty: the colour of the headline
	Headline string
	Next     string
	Running  string // what the pass under way does; "" for none
	Failures int
	Error    string // of the last pass, if it failed
	Problem  string // with reading the file
	Tables   []snapshotfile.Content
	Runs     []snapshotfile.Run
	Chart    chart
	File     string
	FileSize int64
	History  bool  // whether changes are kept, or have been
	Changes  int64 // in the history
	Bytes    int64 // that they take
	Source   string
	Schedule string
	Zone     string
	Started  time.Time
	Pulls    int64 // downloads of the snapshot since then, and their bytes
	Pulled   int64
}

func (s *Service) page(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, s.pageData(time.Now())); err != nil {
		s.log.ErrorContext(r.Context(), "the page cannot be made", "error", err)
		http.Error(w, "the page cannot be made; the log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

func (s *Service) pageData(now time.Time) pageData {
	v := s.state.view()
	size, _ := snapshot.Size(s.config.Sync.Path)
	d := pageData{
		State: "fresh", Failures: v.failures, Error: v.error, File: s.config.Sync.Path, FileSize: size,
		Source: s.config.DB.Address(), Schedule: s.config.Sync.Schedule, Zone: s.timetable.ZoneName(), Started: s.timetable.InZone(s.state.started),
		Pulls: s.pulls.answers.Load(), Pulled: s.pulls.bytes.Load(),
	}
	history, err := s.history()
	runs := history.Runs
	if err == nil && len(runs) > 0 {
		d.Tables, err = snapshot.Contents(s.config.Sync.Path)
	}
	if err == nil && len(runs) > 0 {
		d.Changes, d.Bytes, err = s.changes.size(s.config.Sync.Path, runs[0].ID)
		d.History = s.config.Sync.History > 0 || d.Changes > 0
	}
	if err != nil {
		d.Problem = err.Error()
	}
	for i := range runs { // in the schedule's time zone, which is the reader's rather than UTC
		runs[i].Started, runs[i].Finished = s.timetable.InZone(runs[i].Started), s.timetable.InZone(runs[i].Finished)
	}
	for i := range d.Tables {
		d.Tables[i].Synced = s.timetable.InZone(d.Tables[i].Synced)
	}
	d.Runs, d.Chart = runs, newChart(runs)
	reason := s.unready(v, now)
	switch {
	case v.good.IsZero():
		d.State = "empty"
	case reason != "":
		d.State = "stale"
	case v.failures > 0:
		d.State = "failing"
	}
	if reason == "" {
		reason = fmt.Sprintf("the snapshot is %s old", words(now.Sub(v.good)))
	}
	d.Headline = strings.ToUpper(reason[:1]) + reason[1:] + "."
	switch p := v.progress; {
	case p != nil:
		d.Running = "A pass has been under way for " + words(now.Sub(v.since))
		if view := p.View.Load(); view != nil {
			d.Running += fmt.Sprintf(": it has read %s rows", humanize.Comma(p.Rows.Load()))
			if n := p.Expected.Load(); n > 0 {
				d.Running += " of about " + humanize.Comma(n)
			}
			d.Running += fmt.Sprintf(" of %s, and received %s", *view, humanize.Bytes(uint64(p.Bytes.Load())))
		}
		d.Running += "."
	case v.next.After(now):
		d.Next = fmt.Sprintf("The next pass comes in %s, at %s.", words(v.next.Sub(now)), s.timetable.InZone(v.next).Format("15:04:05 MST"))
	default:
		d.Next = "The next pass is about to begin."
	}
	return d
}

// changesSize is how large the change history was after a run. Counting reads all of it, so that is done once per run.
type changesSize struct {
	mu          sync.Mutex
	run         int64
	rows, bytes int64
}

func (c *changesSize) size(path string, run int64) (rows, bytes int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if run == c.run {
		return c.rows, c.bytes, nil
	}
	err = snapshot.Read(path, func(db *sqlx.DB) error {
		c.rows, c.bytes, err = snapshotfile.ChangesSize(context.Background(), db)
		return err
	})
	if err == nil {
		c.run = run
	}
	return c.rows, c.bytes, err
}

// words says a duration as a person would, in the one or two units that matter.
func words(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", max(0, d.Seconds()))
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f seconds", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}
