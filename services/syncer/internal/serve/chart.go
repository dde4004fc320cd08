package serve

import (
	"fmt"
	"math"
	"time"

	"github.com/dustin/go-humanize"

	"carstock/pkg/snapshotfile"
)

// The charts have room for at least minSlots runs, so that the bar of a single run does not fill them.
const minSlots = 12

// barShare is the part of its slot that a bar takes.
const barShare = 0.8

// pageCharts show the last runs, the oldest at the left: how long each took, and how many rows the tables had after it.
// Positions and lengths are percentages of the width and height of a chart, so that text and dots keep their shape
// however wide the screen is.
type pageCharts struct {
	Durations chartAxis
	Bars      []chartBar

	Rows     chartAxis
	Dots     []chartDot
	Segments []chartSegment // between the dots

	Times []timeLabel

	// Of the last run, and of the last one that published; "" before the first.
	LastDuration, LastRows string

	// What the charts show, for readers who do not see them.
	DurationSummary, RowsSummary string
}

// chartAxis is a vertical axis that begins at 0.
type chartAxis struct {
	max    float64
	Labels []string // from top to bottom, at equal distances
}

// chartBar is a run. If it published nothing, a band of the chart's full height behind the bar shows it even if it was
// short.
type chartBar struct {
	X, Y, Width, Height chartPercent
	HasBand             bool
	Status              string
	Title               string
}

// chartDot is the number of rows after a run.
type chartDot struct {
	X, Y  chartPercent
	Title string
}

// chartSegment is a line between two dots.
type chartSegment struct{ X1, Y1, X2, Y2 chartPercent }

// timeLabel is a label of the horizontal axis.
type timeLabel struct {
	X      chartPercent
	Anchor string // start, middle or end: the part of the text that is at X
	Text   string
}

// chartPercent is a length as an SVG attribute has it, without the sign.
type chartPercent float64

func (p chartPercent) String() string { return fmt.Sprintf("%.2f", float64(p)) }

// newPageCharts returns the charts of runs, which come newest first.
func newPageCharts(runs []snapshotfile.Run, now time.Time) pageCharts {
	// The longest run and the largest number of rows determine the axes.
	longest, mostRows, unpublished := 0.0, int64(0), 0
	for _, r := range runs {
		longest = max(longest, runSeconds(r))
		mostRows = max(mostRows, totalRows(r))
		if r.Status != snapshotfile.RunOK {
			unpublished++
		}
	}

	c := pageCharts{Durations: durationAxis(longest), Rows: rowsAxis(mostRows)}

	// Each run has a slot of the same width.
	slot := 100 / float64(max(minSlots, len(runs)))
	for i := range runs {
		r := runs[len(runs)-1-i]
		c.LastDuration = secondsText(runSeconds(r))
		left := float64(i)*slot + slot*(1-barShare)/2
		c.Bars = append(c.Bars, newChartBar(r, left, slot*barShare, c.Durations.max, now))
		if r.Status != snapshotfile.RunOK {
			continue
		}

		// A run that published has a dot too, and a line from the one before it.
		d := chartDot{
			X:     chartPercent(left + slot*barShare/2),
			Y:     chartPercent(100 - float64(totalRows(r))/c.Rows.max*100),
			Title: clockText(r.Started, now) + ": " + countText(totalRows(r), "row", "rows"),
		}
		c.LastRows = humanize.Comma(totalRows(r))
		if n := len(c.Dots); n > 0 {
			c.Segments = append(c.Segments, chartSegment{c.Dots[n-1].X, c.Dots[n-1].Y, d.X, d.Y})
		}
		c.Dots = append(c.Dots, d)
	}

	c.Times = timeLabels(runs, slot, now)
	c.DurationSummary = fmt.Sprintf("Duration of the last %s: up to %s. %d published nothing.",
		countText(int64(len(runs)), "run", "runs"), secondsText(longest), unpublished)
	c.RowsSummary = fmt.Sprintf("Rows in all tables after each run that published: up to %s.", humanize.Comma(mostRows))
	return c
}

// newChartBar returns the bar of a run.
func newChartBar(r snapshotfile.Run, left, width, scale float64, now time.Time) chartBar {
	height := max(1, runSeconds(r)/scale*100)
	title := fmt.Sprintf("%s: %s, %s", clockText(r.Started, now), r.Status, secondsText(runSeconds(r)))
	hasPublished := r.Status == snapshotfile.RunOK
	if !hasPublished {
		title += ": " + printableText(r.Error)
	}

	return chartBar{
		X: chartPercent(left), Y: chartPercent(100 - height), Width: chartPercent(width), Height: chartPercent(height),
		HasBand: !hasPublished, Status: r.Status, Title: title,
	}
}

// timeLabels returns when the oldest and the newest run started. If the two are too close for two labels, it is the
// newest only.
func timeLabels(runs []snapshotfile.Run, slot float64, now time.Time) (labels []timeLabel) {
	if len(runs) == 0 {
		return nil
	}
	center := func(i int) float64 { return (float64(i) + 0.5) * slot }
	first, last := center(0), center(len(runs)-1)

	if last-first > 40 {
		oldest := runs[len(runs)-1].Started
		labels = append(labels, timeLabel{chartPercent(first - slot*barShare/2), "start", clockText(oldest, now)})
	}

	newest := timeLabel{X: chartPercent(last + slot*barShare/2), Anchor: "end", Text: clockText(runs[0].Started, now)}
	if last < 40 { // there is no room to the left
		newest.X, newest.Anchor = chartPercent(last-slot*barShare/2), "start"
	}

	return append(labels, newest)
}

// durationAxis returns an axis for durations of up to some seconds.
func durationAxis(longest float64) chartAxis {
	unit, symbol := 1.0, "s"
	switch {
	case longest >= 2*3600:
		unit, symbol = 3600, "h"
	case longest >= 120:
		unit, symbol = 60, "min"
	}

	top := roundUp(max(longest, 0.01) / unit)
	label := func(v float64) string { return humanize.Ftoa(v) + " " + symbol }
	return chartAxis{max: top * unit, Labels: []string{label(top), label(top / 2), "0"}}
}

// rowsAxis returns an axis for numbers of up to most rows.
func rowsAxis(most int64) chartAxis {
	top := max(2, roundUp(float64(most)))
	label := func(v float64) string {
		if v < 10_000 {
			return humanize.Comma(int64(v))
		}
		return humanize.SIWithDigits(v, 1, "")
	}

	return chartAxis{max: top, Labels: []string{label(top), label(top / 2), "0"}}
}

// roundUp returns the next number that is round and has a round half: 1, 2, 4, 6, 8 or 10 times a power of ten.
func roundUp(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, digit := range []float64{1, 2, 4, 6, 8} {
		if v <= digit*power*(1+1e-9) {
			return digit * power
		}
	}
	return 10 * power
}

// runSeconds returns how many seconds a run took.
func runSeconds(r snapshotfile.Run) float64 { return max(0, r.Finished.Sub(r.Started).Seconds()) }

// secondsText writes how long a run took: "0.35 s", "42 s", "2 min 30 s", "1 h 5 min".
func secondsText(seconds float64) string {
	whole := int64(seconds)
	switch {
	case seconds < 0.01:
		return "under 0.01 s"
	case seconds < 1:
		return fmt.Sprintf("%.2f s", seconds)
	case seconds < 10:
		return fmt.Sprintf("%.1f s", seconds)
	case whole < 60:
		return fmt.Sprintf("%d s", whole)
	case whole < 3600:
		return fmt.Sprintf("%d min %d s", whole/60, whole%60)
	}
	return fmt.Sprintf("%d h %d min", whole/3600, whole%3600/60)
}

// totalRows returns how many rows the tables of a run had after it.
func totalRows(r snapshotfile.Run) (n int64) {
	for _, t := range r.Tables {
		n += t.Total
	}
	return n
}
