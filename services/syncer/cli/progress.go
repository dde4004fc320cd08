package cli

import (
	"io"
	"log/slog"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"

	"carstock/pkg/program"
	"carstock/services/syncer/internal/run"
)

// How often progress is shown: on a terminal, and in a log.
const (
	barInterval = 200 * time.Millisecond
	logInterval = 10 * time.Second
)

// showProgress shows how far a run is until stop is called: by a bar on a terminal, otherwise by a line in the log
// every logInterval.
func showProgress(p *run.Progress, w io.Writer, log *slog.Logger) (stop func()) {
	terminal := program.IsTerminal(w)
	interval := logInterval
	if terminal {
		interval = barInterval
	}

	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(interval)
		defer tick.Stop()
		b := &progressBar{w: w}
		defer b.clear()

		for {
			select {
			case <-stopping:
				return
			case <-tick.C:
			}

			// No view is read yet while the run still connects.
			view := p.View.Load()
			if view == nil {
				continue
			}
			if terminal {
				b.show(*view, p)
			} else {
				log.Info("reading", progressAttributes(*view, p)...)
			}
		}
	}()

	// stop waits until the bar is cleared, so that it does not mix with what the caller prints next.
	return func() {
		close(stopping)
		<-stopped
	}
}

// progressAttributes returns progress for the log. It leaves out the number of expected rows while that is unknown.
func progressAttributes(view string, p *run.Progress) []any {
	attributes := []any{"view", view, "rows", p.Rows.Load()}
	if n := p.Expected.Load(); n > 0 {
		attributes = append(attributes, "expected", n)
	}
	return append(attributes, "received", humanize.Bytes(uint64(p.Bytes.Load())))
}

// progressBar shows one bar per view, one after another.
type progressBar struct {
	w    io.Writer
	view string
	bar  *progressbar.ProgressBar
}

// show draws the progress of a view, in a new bar if it is another view than before.
func (b *progressBar) show(view string, p *run.Progress) {
	if b.bar == nil || view != b.view {
		b.clear()
		total := p.Expected.Load()
		if total == 0 {
			total = -1 // unknown: the library draws a spinner
		}

		b.view = view
		b.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(b.w), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("rows"), progressbar.OptionSetWidth(20), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetPredictTime(true))
	}

	rows := p.Rows.Load()
	if b.bar.GetMax64() > 0 && rows > b.bar.GetMax64() { // the expected number is an estimate
		b.bar.ChangeMax64(rows)
	}

	b.bar.Describe(program.EscapeControls(view) + " " + humanize.Bytes(uint64(p.Bytes.Load())))
	_ = b.bar.Set64(rows)
}

// clear removes the bar from the terminal.
func (b *progressBar) clear() {
	if b.bar != nil {
		_ = b.bar.Clear()
	}
}
