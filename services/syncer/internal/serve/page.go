package serve

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"time"

	"github.com/dustin/go-humanize"

	"carstock/pkg/httpserver"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
)

// runsOpen is how many runs the page lists at once. The older ones are folded.
const runsOpen = 10

//go:embed page
var pageFiles embed.FS

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"comma":     humanize.Comma,
	"bytes":     bytesText,
	"count":     countText,
	"printable": printableText,
}).ParseFS(pageFiles, "page/page.html"))

// assetHandler serves the files that the page loads.
func assetHandler() http.Handler {
	inside, err := fs.Sub(pageFiles, "page/assets")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return http.StripPrefix("/assets/", http.FileServerFS(inside))
}

// pageData is what the page shows.
type pageData struct {
	Headline headline
	Next     string
	Progress *runProgress // nil if no run is under way
	Failures int
	Error    string // of the last run, if it failed or was refused
	Problem  string // with reading the file

	Tables    []tableData
	Runs      []runData // the newest first
	OlderRuns []runData
	Charts    pageCharts

	File       string
	FileSize   int64
	HasHistory bool  // whether a change history is kept, or was
	Changes    int64 // in the history
	Bytes      int64 // that they take
	Source     string
	Schedule   string
	Zone       string
	Started    shownTime
	Pulls      int64 // downloads of the snapshot since then
	Pulled     int64 // bytes of them
}

// shownTime is a time as the page shows it.
type shownTime struct {
	Machine string // for the attribute datetime
	Full    string
	Clock   string // the time of day, with the date unless it is today
	Ago     string
}

// tableData is a table of the snapshot.
type tableData struct {
	snapshotfile.TableContent
	Size      int64
	Estimated bool
	Sample    *rowSample // nil if rows are not shown
	Read      shownTime
	Changed   *shownTime // nil if no run that changed the table is on record
}

// runData is a run, and its tables as lines.
type runData struct {
	Status   string
	Error    string
	Started  shownTime
	Duration string
	Lines    []runLine
}

// runLine is what a run did to one table, or to all those that it did not change.
type runLine struct {
	Label                            string
	Rows, Inserted, Updated, Deleted int64
	Bytes                            int64
	NoKey                            bool // the table changed, but changes are not known by row
	Notes                            []string
}

// page answers with the status page.
func (s *Service) page(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, s.pageData(time.Now(), s.showsRows(r.Host))); err != nil {
		s.log.ErrorContext(r.Context(), "the page could not be made", "error", err)
		httpserver.WriteProblem(w, r, http.StatusInternalServerError, "the page could not be made; the log says why")
		return
	}

	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

// pageData collects what the page shows: rows of the tables only with showRows.
func (s *Service) pageData(now time.Time, showRows bool) pageData {
	st, path := s.state.status(), s.config.Sync.Path
	now = s.schedule.InZone(now) // the readers' time zone is that of the schedule rather than UTC
	size, _ := snapshot.FileSize(path)
	d := pageData{
		Headline: s.newHeadline(st, now),
		Next:     s.nextText(st, now),
		Progress: newRunProgress(st, now),
		Failures: st.failures,
		Error:    st.error,
		File:     path,
		FileSize: size,
		Source:   s.config.DB.Address(),
		Schedule: s.config.Sync.Schedule,
		Zone:     s.schedule.ZoneName(),
		Started:  s.newShownTime(s.state.started, now),
		Pulls:    s.pulls.answers.Load(),
		Pulled:   s.pulls.bytes.Load(),
	}

	history, err := s.history()
	if err == nil && len(history.Runs) > 0 {
		err = s.addTables(&d, &history.Runs[0], now, showRows)
	}
	if err != nil {
		d.Problem = err.Error()
	}

	// The page lists the newest runs at once, and draws all of them.
	for i := range history.Runs {
		r := &history.Runs[i]
		r.Started, r.Finished = s.schedule.InZone(r.Started), s.schedule.InZone(r.Finished)
		d.Runs = append(d.Runs, s.newRunData(r, now))
	}

	d.Charts = newPageCharts(history.Runs, now)
	if len(d.Runs) > runsOpen {
		d.Runs, d.OlderRuns = d.Runs[:runsOpen], d.Runs[runsOpen:]
	}

	return d
}

// addTables adds the tables of the file, and the size of the change history.
func (s *Service) addTables(d *pageData, latest *snapshotfile.Run, now time.Time, showRows bool) error {
	tables, err := snapshot.Contents(s.config.Sync.Path)
	if err != nil {
		return err
	}

	// The details are kept for all readers of the page, and some readers may see rows.
	isSampled := s.config.Sync.ShowRows != config.ShowNever
	details, err := s.details.read(s.config.Sync.Path, runIDOf(latest), tables, isSampled)
	if err != nil {
		return err
	}

	d.Changes, d.Bytes = details.changes, details.changeBytes
	d.HasHistory = s.config.Sync.History > 0 || d.Changes > 0
	for _, t := range tables {
		known := details.tables[t.Table]
		data := tableData{
			TableContent: t,
			Size:         known.size,
			Estimated:    known.estimated,
			Read:         s.newShownTime(t.Synced, now),
		}
		if showRows {
			data.Sample = known.sample
		}
		if t.Changed.Run > 0 {
			changed := s.newShownTime(t.Changed.Began, now)
			data.Changed = &changed
		}
		d.Tables = append(d.Tables, data)
	}

	return nil
}

// newShownTime returns a time as the page shows it.
func (s *Service) newShownTime(t, now time.Time) shownTime {
	t = s.schedule.InZone(t)
	return shownTime{
		Machine: t.Format(time.RFC3339),
		Full:    t.Format("2006-01-02 15:04:05 MST"),
		Clock:   clockText(t, now),
		Ago:     agoText(t, now),
	}
}

// newRunData returns a run as the page shows it.
func (s *Service) newRunData(r *snapshotfile.Run, now time.Time) runData {
	return runData{
		Status:   r.Status,
		Error:    r.Error,
		Started:  s.newShownTime(r.Started, now),
		Duration: secondsText(runSeconds(*r)),
		Lines:    runLines(r.Tables),
	}
}

// runLines returns a line for each table that changed or has notes. Two or more other tables share a line.
func runLines(tables []snapshotfile.TableRun) (lines []runLine) {
	var same []runLine
	for _, t := range tables {
		changes := t.Inserted + t.Updated + t.Deleted
		line := runLine{
			Label: t.Table, Rows: t.Rows, Inserted: t.Inserted, Updated: t.Updated, Deleted: t.Deleted,
			Bytes: t.Bytes, NoKey: !t.Key && changes > 0,
		}
		if t.Drift != "" {
			line.Notes = append(line.Notes, t.Table+": columns changed: "+t.Drift)
		}
		for _, warning := range t.Warnings {
			line.Notes = append(line.Notes, t.Table+": "+warning)
		}
		for _, lost := range t.Lost {
			line.Notes = append(line.Notes, t.Table+": lost: "+lost)
		}

		if changes == 0 && len(line.Notes) == 0 {
			same = append(same, line)
		} else {
			lines = append(lines, line)
		}
	}

	// One table is shown as it is. More of them are added up.
	if len(same) < 2 {
		return append(lines, same...)
	}

	all := runLine{Label: countText(int64(len(same)), "table", "tables") + " without changes"}
	for _, line := range same {
		all.Rows += line.Rows
		all.Bytes += line.Bytes
	}

	return append(lines, all)
}
