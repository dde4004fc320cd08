package run

import (
	"fmt"

	"github.com/dustin/go-humanize"

	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
)

// checkGuards returns the reasons not to publish a table.
func checkGuards(s config.SyncConfig, table string, c snapshot.Changes) []string {
	// A view may stay empty, if the table was empty before.
	switch {
	case c.Rows == 0 && !s.AllowEmpty && (!c.Existed || c.Before > 0):
		return []string{fmt.Sprintf("%s: the view is empty, and the table has %s rows (SYNC_ALLOW_EMPTY=true allows that)",
			table, humanize.Comma(c.Before))}
	case c.Rows > 0 && float64(c.Before-c.Rows) > float64(c.Before)*float64(s.MaxShrink)/100:
		return []string{fmt.Sprintf("%s: the view has %s rows, and the table %s: more than %d %% are gone (SYNC_MAX_SHRINK)",
			table, humanize.Comma(c.Rows), humanize.Comma(c.Before), s.MaxShrink)}
	}
	return nil
}

// driftRefused is the error for changed columns when SYNC_DRIFT is fail.
func driftRefused(table, drift string) error {
	return &RefusedError{[]string{fmt.Sprintf("%s: its columns have changed: %s (SYNC_DRIFT=fail)", table, drift)}}
}
