package cli

import (
	"os"
	"runtime/debug"
	"time"

	"carstock/services/carapi/internal/search"
)

// How much garbage may pile up, beside the indexes and what else is in use, before it is collected.
const (
	unreadBytes     = 64 << 20 // taken for the size of an index that has not been read yet
	otherBytes      = 8 << 20  // in use beside the indexes
	garbageBytes    = 12 << 20 // enough that a busy service does not collect all the time
	minGarbageShare = 10       // percent of what is in use
)

// limitGarbage has the garbage collected before it takes much memory beside the indexes. By default it could take as much as
// they do. Collecting often costs little, as an index has hardly any pointers to follow. A GOGC of the environment wins.
func limitGarbage(indexBytes int64) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(int(minGarbageShare + 100*garbageBytes/(otherBytes+indexBytes)))
	}
}

// withMemory adds to events that the limit follows the size of the indexes.
func (s *searched) withMemory(events search.Events) search.Events {
	refreshed := events.Refreshed
	events.Refreshed = func(source, outcome string, took time.Duration) {
		total := int64(0)
		for _, status := range s.Status() {
			if status.Index != nil {
				total += status.Index.Bytes
			}
		}
		limitGarbage(total)
		if refreshed != nil {
			refreshed(source, outcome, took)
		}
	}
	return events
}
