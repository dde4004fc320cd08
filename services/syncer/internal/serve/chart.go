package serve

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"carstock/pkg/snapshotfile"
)

// Size of the charts, in the units of their drawing.
const (
	chartWidth  = 800
	chartHeight = 100
	barWidth    = chartWidth / runsShown
)

// chart is drawn from the last runs, the oldest at the left.
type chart struct {
	Bars       []bar  // a run each: how long it took
	Line       string // points of the rows in the tables after each good run
	Dots       []dot
	MostTime   string
	MostRows   string
	Wide, High int
	Summary    string // in words, for those who do not see it
}

// bar is a run; one that published nothing is as high as the chart.
type bar struct {
	X, Y, Width, Height float64
	Class               string
	Title               string
}

type dot struct {
	X, Y  float64
	Title string
}

func newChart(runs []snapshotfile.Run) chart {
	c := chart{Wide: chartWidth, High: chartHeight}
	longest, most, failed := 0.0, int64(1), 0
	for _, r := range runs {
		longest = max(longest, r.Finished.Sub(r.Started).Seconds())
		most = max(most, total(r))
	}
	longest = max(longest, 0.1)
	var points []string
	for i := len(runs) - 1; i >= 0; i-- {
		r := runs[i]
		x := float64((runsShown - 1 - i) * barWidth)
		took := r.Finished.Sub(r.Started).Seconds()
		height := max(1, took/longest*chartHeight)
		b := bar{X: x, Y: chartHeight - height, Width: barWidth - 1, Height: height, Class: r.Status,
			Title: fmt.Sprintf("%s: %s, %.1f s", r.Started.Format("2006-01-02 15:04:05"), r.Status, took)}
		if r.Status != snapshotfile.OK {
			failed++
			b.Y, b.Height = 0, chartHeight
			b.Title += ": " + r.Error
		} else {
			y := chartHeight - float64(total(r))/float64(most)*(chartHeight-4) - 2
			points = append(points, fmt.Sprintf("%.1f,%.1f", x+barWidth/2, y))
			c.Dots = append(c.Dots, dot{x + barWidth/2, y, fmt.Sprintf("%s: %s rows", r.Started.Format("2006-01-02 15:04:05"), humanize.Comma(total(r)))})
		}
		c.Bars = append(c.Bars, b)
	}
	c.Line = strings.Join(points, " ")
	c.MostTime, c.MostRows = fmt.Sprintf("%.1f s", longest), humanize.Comma(most)
	c.Summary = fmt.Sprintf("The last %d runs: %d published nothing; the longest took %s; the tables had up to %s rows.", len(runs), failed, c.MostTime, c.MostRows)
	return c
}

func total(r snapshotfile.Run) (n int64) {
	for _, t := range r.Tables {
		n += t.Total
	}
	return n
}
