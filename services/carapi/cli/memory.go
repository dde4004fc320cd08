package cli

import (
	"os"
	"runtime/debug"
	"time"

	"carstock/pkg/program"
	"carstock/services/carapi/internal/search"
)

// heapShare is the share of a container's memory for Go's heap. SQLite's memory comes on top.
const heapShare = 0.8

// BoundMemory limits the memory of this process by the limit of its cgroup, if there is one. GOMEMLIMIT in the
// environment wins.
func BoundMemory() { program.LimitHeap(heapShare) }

// How much garbage may collect, on top of the indexes and the other memory in use.
const (
	unreadBytes     = 64 << 20 // assumed size of an index that has not been read yet
	otherBytes      = 8 << 20  // in use beside the indexes
	garbageBytes    = 12 << 20 // enough that a busy service does not collect all the time
	minGarbageShare = 10       // percent of the memory in use
)

// limitGarbage collects garbage before it takes much memory beside the indexes; by default it could take as much as
// they do. Collecting often costs little, as an index has hardly any pointers to follow. GOGC in the environment wins.
func limitGarbage(indexBytes int64) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(int(minGarbageShare + 100*garbageBytes/(otherBytes+indexBytes)))
	}
}

// withMemory returns events that also adapt the limit to the size of the indexes.
func (s *stock) withMemory(events search.Events) search.Events {
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
