package cli

import (
	"fmt"
	"strings"
	"testing"

	"carstock/services/syncer/internal/run"
)

// An unknown number is not printed as 0.
func TestProgressAttributes(t *testing.T) {
	t.Parallel()
	p := &run.Progress{}
	p.Rows.Store(1200)
	p.Bytes.Store(3_400_000)

	for expected, want := range map[int64]string{
		0:    "[view cars rows 1200 received 3.4 MB]",
		5000: "[view cars rows 1200 expected 5000 received 3.4 MB]",
	} {
		p.Expected.Store(expected)
		if got := fmt.Sprint(progressAttributes("cars", p)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// The name of a view, which comes from the database, cannot act on the terminal that shows the bar.
func TestProgressBarEscapesNames(t *testing.T) {
	t.Parallel()
	p := &run.Progress{}
	p.Expected.Store(10)
	p.Rows.Store(5)

	var out strings.Builder
	b := &progressBar{w: &out}
	b.show("cars\x1b[2J", p)
	if text := out.String(); strings.Contains(text, "\x1b[2J") || !strings.Contains(text, `cars\u001b[2J`) {
		t.Errorf("%q", text)
	}
}
