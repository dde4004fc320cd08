package cli

import (
	"fmt"
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
