package cli

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"carstock/services/syncer/internal/run"
)

// How often progress is shown: on a terminal, and in a log.
const (
	barInterval = 200 * time.Millisecond
	logInterval = 10 * time.Second
)

// show shows how far a pass is until the returned function is called: a bar on a terminal, else a
// line in the log now and then.
func show(p *run.Progress, w io.Writer, log *slog.Logger) (stop func()) {
	f, isFile := w.(*os.File)
	terminal := isFile && isatty.IsTerminal(f.Fd())
	interval := logInterval
	if terminal {
		interval = barInterval
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(interval)
		defer tick.Stop()
		b := &bar{w: w}
		defer b.close()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
			}
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
	return func() { close(end); <-ended }
}

// progressAttributes leave out how many rows are expected where nobody knows.
func progressAttributes(view string, p *run.Progress) []any {
	attributes := []any{"view", view, "rows", p.Rows.Load()}
	if n := p.Expected.Load(); n > 0 {
		attributes = append(attributes, "expected", n)
	}
	return append(attributes, "received", humanize.Bytes(uint64(p.Bytes.Load())))
}

// bar is a progress bar for one view after the other.
type bar struct {
	w    io.Writer
	view string
	bar  *progressbar.ProgressBar
}

func (b *bar) show(view string, p *run.Progress) {
	if b.bar == nil || view != b.view {
		b.close()
		total := p.Expected.Load()
		if total == 0 {
			total = -1
		}
		b.view = view
		b.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(b.w), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("rows"), progressbar.OptionSetWidth(20), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	}
	rows := p.Rows.Load()
	if b.bar.GetMax64() > 0 && rows > b.bar.GetMax64() { // the expectation was an estimate
		b.bar.ChangeMax64(rows)
	}
	b.bar.Describe(view + " " + humanize.Bytes(uint64(p.Bytes.Load())))
	_ = b.bar.Set64(rows)
}

func (b *bar) close() {
	if b.bar != nil {
		_ = b.bar.Clear()
	}
}
