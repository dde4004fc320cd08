package run

import (
	"strings"
	"testing"

	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
)

func TestGuards(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rows, before int64
		isNew        bool
		allowEmpty   bool
		maxShrink    int
		want         string
	}{
		{rows: 10, before: 10, maxShrink: 50},
		{rows: 0, before: 10, maxShrink: 50, want: "cars: the view is empty, and the table has 10 rows"},
		{rows: 0, before: 10, maxShrink: 50, allowEmpty: true},
		{rows: 0, before: 10, maxShrink: 0, allowEmpty: true},
		{rows: 0, before: 0, maxShrink: 50},
		{rows: 0, isNew: true, maxShrink: 50, want: "cars: the view is empty, and the table has 0 rows"},
		{rows: 0, isNew: true, maxShrink: 50, allowEmpty: true},
		{rows: 1, isNew: true, maxShrink: 0},
		{rows: 5, before: 10, maxShrink: 50},
		{rows: 4, before: 10, maxShrink: 50, want: "more than 50 % are gone"},
		{rows: 4, before: 10, maxShrink: 100},
		{rows: 9, before: 10, maxShrink: 0, want: "the view has 9 rows, and the table 10: more than 0 % are gone"},
		{rows: 20, before: 10, maxShrink: 0},
		{rows: 1_000, before: 1_000_000, maxShrink: 99, want: "the view has 1,000 rows, and the table 1,000,000"},
	} {
		s := config.SyncConfig{AllowEmpty: test.allowEmpty, MaxShrink: test.maxShrink}
		c := snapshot.Changes{Rows: test.rows, Before: test.before, Existed: !test.isNew}
		got := strings.Join(checkGuards(s, "cars", c), "; ")
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%+v: %q", test, got)
		}
	}
}
