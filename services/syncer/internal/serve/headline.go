package serve

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"carstock/pkg/snapshotfile"
)

// Levels of a headline.
const (
	levelGood    = "good"    // the snapshot is fresh
	levelWarning = "warning" // runs fail, but the snapshot is still fresh enough; or the first run is not done
	levelBad     = "bad"     // the snapshot is stale, missing or misdated
)

// headline says how the snapshot is, in a few words, and then what is wrong.
type headline struct {
	Level  string
	Text   string
	Detail string
}

// newHeadline returns the headline for a status.
func (s *Service) newHeadline(st serviceStatus, now time.Time) headline {
	// The first case that applies wins: a snapshot that nobody can use comes before runs that fail.
	reason := s.unready(st, now)
	switch {
	case st.good.IsZero() && st.failures > 0:
		return headline{levelBad, "No data: " + s.failingText(st, now), asSentence(reason)}
	case st.good.IsZero():
		return headline{levelWarning, "No data yet", asSentence(reason)}
	case s.fileMissing():
		return headline{levelBad, "The snapshot file is missing", "The next run makes it again."}
	case snapshotfile.InFuture(st.good, now):
		return headline{levelBad, "The clock is wrong", asSentence(reason)}
	case reason != "":
		detail := asSentence(reason)
		if st.failures > 0 {
			detail += " " + asSentence(s.failingText(st, now))
		}
		return headline{levelBad, "Out of date, last updated " + agoText(st.good, now), detail}
	case st.failures > 0:
		text := s.failingText(st, now)
		return headline{
			levelWarning, strings.ToUpper(text[:1]) + text[1:],
			"The tables are unchanged since the last good run, " + agoText(st.good, now) + ".",
		}
	}

	return headline{Level: levelGood, Text: "Up to date, " + agoText(st.good, now)}
}

// failingText says since when runs fail.
func (s *Service) failingText(st serviceStatus, now time.Time) string {
	switch {
	case st.failures > 1:
		return fmt.Sprintf("the last %d runs failed, since %s", st.failures,
			clockText(s.schedule.InZone(st.failingSince), now))
	case st.status == snapshotfile.RunRefused:
		return "a guard refused the last run, " + agoText(st.failingSince, now)
	}

	return "the last run failed, " + agoText(st.failingSince, now)
}

// fileMissing reports whether nothing can be found at SYNC_PATH.
func (s *Service) fileMissing() bool {
	_, err := os.Stat(s.config.Sync.Path)
	return err != nil
}

// asSentence makes a sentence of a reason.
func asSentence(reason string) string {
	if reason == "" {
		return ""
	}
	return strings.ToUpper(reason[:1]) + reason[1:] + "."
}

// runProgress is what the page shows of a run under way.
type runProgress struct {
	Text      string
	Rows, Max int64 // for a progress bar; Max is 0 while the number of rows is unknown
}

// newRunProgress returns the progress of the run under way; nil between runs.
func newRunProgress(st serviceStatus, now time.Time) *runProgress {
	if st.progress == nil {
		return nil
	}

	// The run connects, and then reads one view after the other.
	p := &runProgress{Text: "Run under way for " + wholeText(now.Sub(st.since)) + ": "}
	view := st.progress.View.Load()
	if view == nil {
		p.Text += "connecting to the source."
		return p
	}

	p.Rows = st.progress.Rows.Load()
	rows := countText(p.Rows, "row", "rows")
	if expected := st.progress.Expected.Load(); expected > 0 {
		p.Max = max(expected, p.Rows) // the expected number is an estimate
		rows = humanize.Comma(p.Rows) + " of about " + countText(expected, "row", "rows")
	}
	p.Text += fmt.Sprintf("reading %s, %s, %s received.",
		printableText(*view), rows, bytesText(st.progress.Bytes.Load()))
	return p
}

// nextText says when the next run is due.
func (s *Service) nextText(st serviceStatus, now time.Time) string {
	if !st.next.After(now) {
		return "The next run is about to start."
	}
	next := s.schedule.InZone(st.next)
	return fmt.Sprintf("Next run in %s, at %s.", wholeText(next.Sub(now)), clockText(next, now))
}
